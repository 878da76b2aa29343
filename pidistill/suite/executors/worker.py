"""A process that runs cells, one after another: what the host's handle (`process.py`) starts.

It ends with its host, however that ends. What is wrong with a cell (`PidistillError`) is sent back; what is a bug ends
this process with its traceback in the cell's log, where the host finds it. Cells of one group share live parts.
"""

from __future__ import annotations

import json
import os
import pickle
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from pidistill.errors import HeldError, PidistillError, StaleError
from pidistill.plugins import get_manager
from pidistill.progress import Task
from pidistill.store.store import Store
from pidistill.suite.executors.job import Job, facts_of
from pidistill.suite.planned import finished
from pidistill.suite.running import Runner, resolve_all
from pidistill.verify import guard
from pidistill.verify.frames import encode, read_frame

TELL_EVERY_S = 1.0
"""How often the file that says how far a cell is may be written, in seconds."""


def main(requests_fd: int, results_fd: int, life_fd: int) -> None:
    """Run the jobs that arrive until their stream ends."""
    guard.die_with_host(life_fd)
    guard.die_first()
    with open(requests_fd, "rb") as requests, open(results_fd, "wb", buffering=0) as results, _Cells() as cells:
        while (body := read_frame(requests)) is not None:
            job: Job = pickle.loads(body)
            results.write(encode(cells.run(job)))


class _Cells:
    """The cells of this process, on one store at a time."""

    def __init__(self) -> None:
        self._store: Path | None = None
        self._runner: Runner | None = None
        self._open = ExitStack()
        self._told = FileProgress()

    def __enter__(self) -> _Cells:
        return self

    def __exit__(self, *exc: object) -> None:
        self._close()

    def run(self, job: Job) -> dict[str, Any]:
        """Run one job; what came of it, as plain values."""
        redirect(job.log)
        say(f"--- {time.strftime('%Y-%m-%d %H:%M:%S')} process {os.getpid()} on {socket.gethostname()}")
        start = time.monotonic()
        self._told.begin(job.progress)
        try:
            summary = self._summary(job)
        except HeldError as error:
            return {"status": "held", "reason": one_line(error)}
        except PidistillError as error:
            say(f"{type(error).__name__}: {error}")
            self._close()  # what was left half way is not gone on with
            return {"status": "invalid" if isinstance(error, StaleError) else "failed", "reason": one_line(error)}
        finally:
            self._told.end()
        return {"status": "finished", "facts": {**facts_of(summary), "seconds": time.monotonic() - start}}

    def _summary(self, job: Job) -> Mapping[str, Any]:
        runner, planned, manager = self._runner_of(job.planned.config.store), job.planned, get_manager()
        runner.store.refresh()
        if found := finished([planned], runner.store, manager, renew=job.renew, as_is=job.as_is):
            return found[job.cell]  # another process was quicker
        resolved = resolve_all([planned], manager)[job.cell]
        return runner.run(planned, resolved, renew=job.renew)

    def _runner_of(self, root: Path) -> Runner:
        if self._runner is None or root != self._store:
            self._close()
            store = self._open.enter_context(Store(root))
            self._runner = self._open.enter_context(Runner(store, get_manager(), self._told))
            self._store = root
        return self._runner

    def _close(self) -> None:
        self._runner = None
        self._open.close()


class FileProgress:
    """Progress as a small file, replaced at most once in `TELL_EVERY_S`. Notes go to the log."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._said_at = 0.0

    def begin(self, path: Path) -> None:
        """Tell of another cell from now on. What an earlier process has said of it does not hold any more."""
        self._path, self._said_at = path, time.monotonic()
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)

    def end(self) -> None:
        """There is nothing to tell any more."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
        self._path = None

    @contextmanager
    def task(self, name: str, total: int) -> Iterator[Task]:
        yield _FileTask(self, name, total)

    def note(self, text: str) -> None:
        say(text)

    def tell(self, name: str, done: int, total: int, note: str) -> None:
        """Say where a task stands, unless something was said a moment ago. A full disk costs nothing but that."""
        if self._path is None or time.monotonic() - self._said_at < TELL_EVERY_S:
            return
        self._said_at = time.monotonic()
        partial = self._path.with_name(f".{self._path.name}.partial")
        with suppress(OSError):
            partial.write_text(
                json.dumps({"task": name, "done": done, "total": total, "note": note, "at": time.time()})
            )
            partial.replace(self._path)


class _FileTask:
    def __init__(self, told: FileProgress, name: str, total: int) -> None:
        self._told, self._name, self._total = told, name, total
        self._done, self._tokens = 0, 0

    def advance(self, count: int = 1, note: str = "") -> None:
        self._done += count
        self._told.tell(self._name, self._done, self._total, note)

    def within(self, tokens: int) -> None:
        self._tokens += tokens
        self._told.tell(self._name, self._done, self._total, f"{self._tokens:,} tokens")

    def metrics(self, done: int, total: int, values: Mapping[str, float]) -> None:
        self._done, self._total = done, total
        self._told.tell(self._name, done, total, ", ".join(f"{k} {v:.4g}" for k, v in list(values.items())[:3]))


def redirect(log: Path) -> None:
    """Have all that this process, and what it starts, prints from now on go to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        stream.flush()
        os.dup2(descriptor, number)
    os.close(descriptor)


def say(text: str) -> None:
    """A line in the log."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def one_line(error: Exception) -> str:
    """An error and its hint on one line."""
    return " ".join(str(error).split())
