"""What an executor is given, and what it gives back. All of it travels between processes and machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from pidistill.records import content_hash
from pidistill.suite.planned import Planned

Status = Literal["finished", "failed", "invalid", "held", "lost"]
"""`invalid`: the cell began with other parts than are here now. `held`: another process runs it. `lost`: its process
was killed, or is gone with its machine."""


@dataclass(frozen=True)
class Job:
    """One cell to be run."""

    planned: Planned
    """With a store of absolute path."""
    cell: str
    group: str
    """Equal for cells that share live parts: a process that has run one runs the others quicker."""
    folder: Path
    """The suite's, in the store: logs and progress go there."""
    after: str = ""
    """The cell that must have ended before this one begins: the one whose budget it is given. Mostly empty."""
    cwd: Path = Path()
    """Of the driver: paths in a configuration are relative to it."""
    renew: bool = False
    as_is: bool = False
    fresh: bool = False
    """Whether to run it in a process that has run no other cell."""

    @property
    def log(self) -> Path:
        """Where its process writes, standard output and error."""
        return self.folder / "logs" / f"{self.cell}.log"

    @property
    def progress(self) -> Path:
        """Where its process says how far it is."""
        return self.folder / "progress" / f"{self.cell}.json"


@dataclass(frozen=True)
class Result:
    """What came of a job."""

    job: Job
    status: Status
    reason: str = ""
    """For a person, on one line; empty where it is finished."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Of a finished cell: what `facts_of` a summary says, and `seconds`."""
    alone: bool = True
    """Whether its process had run no other cell before."""


class Executor(Protocol):
    """Runs jobs, some at a time."""

    @property
    def workers(self) -> int:
        """Cells at the same time, at most."""
        ...

    def start(self, job: Job) -> bool:
        """Start a job; False where there is no room for it now."""
        ...

    def wait(self, timeout_s: float) -> list[Result]:
        """The results that have come in, after at most `timeout_s` seconds."""
        ...

    def close(self) -> None:
        """End whatever runs, at once."""
        ...


def facts_of(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What the board and the estimates need of a cell's summary, a few numbers."""
    ledger = summary["ledger"]
    return {
        "tokens_made": sum(row["completion_tokens_made"] for row in ledger),
        "tokens_used": sum(row["completion_tokens_used"] for row in ledger),
        "tokens_processed": sum(row["tokens_processed"] for row in ledger),
        "errors": summary["errors"],
        "outside": content_hash(summary["outside"]),
    }
