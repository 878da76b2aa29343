"""What a person sees of `pidistill.progress`: bars on a terminal, rate-limited lines with the time anywhere else.

Both go to stderr. A run is thousands of short tasks, so the plain reporter counts time, not tasks: it prints at most
one line in `interval_s`, and the end of a task only where the task was longer than that. Notes are always printed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import rich.progress
from rich.console import Console

from pidistill.cli.output import line, stderr
from pidistill.progress import Progress, Task

INTERVAL_S = 5.0


@contextmanager
def show_progress() -> Iterator[Progress]:
    """The reporter that suits stderr, for the length of a `with`."""
    console = stderr()
    if console.is_terminal and not console.is_dumb_terminal:
        with Bars(console) as bars:
            yield bars
    else:
        yield Lines(lambda text: line(console, text))


class Lines:
    """Plain lines, each with the time of day."""

    def __init__(
        self,
        write: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._write, self._clock, self._interval_s = write, clock, interval_s
        self._last = clock()
        self._lock = threading.Lock()

    @contextmanager
    def task(self, name: str, total: int) -> Iterator[Task]:
        task = _LineTask(self, name, total, self._clock)
        yield task
        if task.elapsed_s >= self._interval_s:
            self._say(f"{task.describe()}, finished")

    def note(self, text: str) -> None:
        self._say(text)

    def tell(self, task: _LineTask) -> None:
        """Print where `task` stands, unless something was printed a moment ago."""
        if self._clock() - self._last >= self._interval_s:
            self._say(task.describe())

    def _say(self, text: str) -> None:
        with self._lock:
            self._last = self._clock()
            self._write(f"{time.strftime('%H:%M:%S')} {text}")


class _LineTask:
    def __init__(self, lines: Lines, name: str, total: int, clock: Callable[[], float]) -> None:
        self._lines, self._name, self._total, self._clock = lines, name, total, clock
        self._start, self._done, self._note, self._tokens = clock(), 0, "", 0

    @property
    def elapsed_s(self) -> float:
        return self._clock() - self._start

    def advance(self, count: int = 1, note: str = "") -> None:
        self._done += count
        self._note = note or self._note
        self._lines.tell(self)

    def within(self, tokens: int) -> None:
        self._tokens += tokens
        self._note = f"{self._tokens:,} tokens"
        self._lines.tell(self)

    def metrics(self, done: int, total: int, values: Mapping[str, float]) -> None:
        self._done, self._total, self._note = done, total, _show(values)
        self._lines.tell(self)

    def describe(self) -> str:
        count = f"{self._done}/{self._total}" if self._total else f"{self._done}"
        return f"{self._name}: {count}{f' ({self._note})' if self._note else ''} in {self.elapsed_s:.0f} s"


class Bars:
    """rich bars, one for each task under way; a finished task leaves nothing behind."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = rich.progress.Progress(
            rich.progress.TextColumn("{task.description}", markup=False),
            rich.progress.BarColumn(bar_width=24),
            rich.progress.MofNCompleteColumn(),
            rich.progress.TimeElapsedColumn(),
            rich.progress.TextColumn("{task.fields[note]}", style="dim", markup=False),
            console=console,
            transient=True,
        )

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    @contextmanager
    def task(self, name: str, total: int) -> Iterator[Task]:
        identity = self._bars.add_task(name, total=total or None, note="")
        try:
            yield _BarTask(self._bars, identity)
        finally:
            self._bars.remove_task(identity)

    def note(self, text: str) -> None:
        line(self._console, text)

    def unfinished(self) -> list[str]:
        """Names of the tasks under way."""
        return [task.description for task in self._bars.tasks]


class _BarTask:
    def __init__(self, bars: rich.progress.Progress, identity: rich.progress.TaskID) -> None:
        self._bars, self._identity, self._tokens = bars, identity, 0

    def advance(self, count: int = 1, note: str = "") -> None:
        self._bars.advance(self._identity, count)
        if note:
            self._bars.update(self._identity, note=note)

    def within(self, tokens: int) -> None:
        self._tokens += tokens
        self._bars.update(self._identity, note=f"{self._tokens:,} tokens")

    def metrics(self, done: int, total: int, values: Mapping[str, float]) -> None:
        self._bars.update(self._identity, completed=done, total=total, note=_show(values))


def _show(values: Mapping[str, float]) -> str:
    """Two or three figures, not a dump: the first ones are the ones that matter."""
    return ", ".join(f"{name} {value:.4g}" for name, value in list(values.items())[:3])
