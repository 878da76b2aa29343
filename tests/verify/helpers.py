"""Problems, openers and a look at the process table for the tests of verification."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from pidistill.records import JSON, Problem, Verdict
from pidistill.verify.opener import Opener
from pidistill.verify.process import BOOT


def problem(number: int = 0, **extra: JSON) -> Problem:
    return Problem(id=f"p{number}", domain="nasty", prompt=f"prompt {number}", reference=str(number), extra=extra)


PROBLEMS = [problem(number) for number in range(40)]


def opener(kind: str = "Nasty", **options: JSON) -> Opener:
    return Opener("nasty", options, verifier=f"verify.nasty:{kind}")


def ordinary(count: int) -> list[tuple[Problem, str]]:
    """Every third is right, and each is another submission."""
    return [(PROBLEMS[i % 40], f"ok {i % 40}" if i < 40 and i % 3 == 0 else f"wrong {i}") for i in range(count)]


def timeless(verdicts: Iterable[Verdict]) -> list[dict[str, JSON]]:
    """The verdicts without what may differ between runs.

    Seconds, the log of a worker that died, and which of its two budgets a submission used up first.
    """
    rows = [verdict.to_json() for verdict in verdicts]
    for row in rows:
        row["seconds"] = row["diagnostics"] = None
        if row["status"] == "TIMEOUT":
            row["reason"] = None
    return rows


def alive(pid: int) -> bool:
    """Whether a process with this id runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def children_of(pid: int) -> set[int]:
    """Processes whose parent is `pid`."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == pid and alive(int(entry.name)):
                found.add(int(entry.name))
    return found


def eventually(holds: Callable[[], bool], within_s: float = 60.0) -> bool:
    """Whether `holds` becomes true in time."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def workers_here() -> set[int]:
    """The pool's workers of this process. Other tests may have left it other children, such as a warm Lean."""
    return {pid for pid in children_of(os.getpid()) if BOOT.encode() in _command(pid)}


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
