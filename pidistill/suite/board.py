"""The board of a suite: what became of each of its cells, from files that are quick to read.

The driver appends a line to `board.jsonl` whenever something happens to a cell; each process says in `progress/` how
far its cell is. Reading the board opens no store, no model and no log, so it takes no longer than reading those files
and a look at each cell's folder. What a report is made of is the cells' summaries, never the board.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pidistill.errors import StoreError
from pidistill.store.files import writing
from pidistill.suite.registry import RegisteredCell

JOURNAL = "board.jsonl"
State = Literal["waiting", "running", "finished", "invalid", "failed"]
STATES: tuple[State, ...] = ("waiting", "running", "finished", "invalid", "failed")


@dataclass(frozen=True)
class Square:
    """A cell on the board."""

    cell: RegisteredCell
    state: State
    reason: str = ""
    """Why it failed or is invalid."""
    log: Path | None = None
    started_at: float | None = None
    """Seconds since the epoch; of a running cell."""
    progress: Mapping[str, Any] = field(default_factory=dict)
    """Of a running cell: task, done, total, note."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Of a finished cell: seconds, tokens_made, ..."""


@dataclass(frozen=True)
class Board:
    """All cells of a suite, in the order in which they were registered."""

    squares: Sequence[Square]
    driver: int | None
    """Process that runs the suite now."""
    workers: int = 0
    """Cells at the same time, of the driver that ran it last."""

    def counts(self) -> dict[State, int]:
        """How many cells are in which state."""
        found = Counter(square.state for square in self.squares)
        return {state: found[state] for state in STATES}

    def of(self, *states: State) -> list[Square]:
        """The cells in one of these states."""
        return [square for square in self.squares if square.state in states]


class Journal:
    """The lines that one driver writes. One driver a suite: the second is refused."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def driving(self, workers: int, executor: str) -> Iterator[None]:
        """Hold the suite while it is driven. Raises `StoreError` where another process does. Dies with the process."""
        path = self.folder / "driver"
        with writing(path):
            lock = path.open("a+b", buffering=0)
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                owner = lock.read().decode("ascii", "replace").strip() or "?"
                raise StoreError(
                    f"Suite {self.folder.name} is being run by process {owner}.",
                    "Wait for it or stop it. To see how far it is: pidistill suite status FILE",
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()).encode("ascii"))
            self._end_line()
            self.say("", "driving", workers=workers, executor=executor, pid=os.getpid())
            yield

    def say(self, cell: str, event: str, **told: Any) -> None:
        """Append a line. It outlives this process at once."""
        path = self.folder / JOURNAL
        line = json.dumps({"at": round(time.time(), 3), "cell": cell, "event": event, **told}) + "\n"
        with writing(path), path.open("ab", buffering=0) as file:
            file.write(line.encode("ascii"))

    def _end_line(self) -> None:
        """End a line that a process which was killed has left without an end."""
        path = self.folder / JOURNAL
        with writing(path), path.open("a+b") as file:
            if file.tell() and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
                file.write(b"\n")

    def lines(self) -> list[dict[str, Any]]:
        """All lines that are whole; a process that was killed may have torn one."""
        found = []
        try:
            text = (self.folder / JOURNAL).read_bytes()
        except FileNotFoundError:
            return []
        for line in text.splitlines():
            with suppress(ValueError):
                data = json.loads(line)
                if isinstance(data, dict) and isinstance(data.get("cell"), str) and "event" in data and "at" in data:
                    found.append(data)
        return found

    def driver(self) -> int | None:
        """The process that drives the suite now, where the file system says so; 0 where only its lock is known."""
        try:
            with (self.folder / "driver").open("rb") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    owner = lock.read().decode("ascii", "replace").strip()
                    return int(owner) if owner.isdecimal() else 0
        except OSError:
            return None
        return None


def read_board(
    folder: Path,
    cells: Sequence[RegisteredCell],
    root: Path,
    outside: Callable[[str], str | None] = lambda domain: None,
) -> Board:
    """The board of the suite in `folder`, whose cells lie in the store at `root`.

    `outside(domain)`: hash of what a finished cell's parts are now; another one than it was finished with makes it
    invalid. None: not known, and not compared.
    """
    journal = Journal(folder)
    driver, last, workers = journal.driver(), dict[str, dict[str, Any]](), 0
    facts = dict[str, Mapping[str, Any]]()
    for line in journal.lines():
        if line["event"] == "driving":
            workers = int(line.get("workers", 0))
        elif line["cell"]:
            last[line["cell"]] = line
            if line["event"] == "finished":
                facts[line["cell"]] = line.get("facts", {})
    present = {domain: outside(domain) for domain in dict.fromkeys(cell.domain for cell in cells)}
    squares = [
        _square(cell, last.get(cell.id), facts.get(cell.id, {}), folder, root, driver, present[cell.domain])
        for cell in cells
    ]
    return Board(squares, driver, workers)


def _square(
    cell: RegisteredCell, line: Mapping[str, Any] | None, facts: Mapping[str, Any], folder: Path, root: Path,
    driver: int | None, outside: str | None,
) -> Square:  # fmt: skip
    event = line["event"] if line is not None else ""
    log = folder / "logs" / f"{cell.id}.log"
    if line is not None and event == "started" and driver is not None:
        return Square(cell, "running", "", log, float(line["at"]), _progress(folder / "progress" / f"{cell.id}.json"))
    if (root / "cells" / cell.id / "summary.json").exists() and event != "invalid":
        if facts.get("as_is"):
            return Square(cell, "finished", facts=facts)
        if outside is not None and facts.get("outside", outside) != outside:
            reason = "It was finished with another verifier or other packages than are installed now."
            return Square(
                cell, "invalid", f"{reason} To run it anew: --renew. To take it as it is: --as-is.", facts=facts
            )
        if facts.get("errors"):
            reason = f"{facts['errors']} of its completions could not be judged (ERROR); they are tried again."
            return Square(cell, "invalid", reason, log, facts=facts)
        return Square(cell, "finished", facts=facts)
    if line is not None and event in ("failed", "invalid"):
        return Square(cell, "failed" if event == "failed" else "invalid", str(line.get("reason", "")), log)
    return Square(cell, "waiting")


def _progress(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
