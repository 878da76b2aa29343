"""Where in a cell something was used: stage, turn and arrow, as a record and as a line for a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pidistill.cell import Cell
from pidistill.store.uses import RecordKind, Use


@dataclass(frozen=True)
class Where:
    """A place in a cell."""

    stage: str
    """Name of the stage; empty before the first."""
    turn: int
    """Of the stage, from 1; 0 outside of any."""
    arrow: str
    """Such as `first attempts`, `retry 1`, `evaluate`, `train`."""
    label: str = ""
    """What a person reads, such as `round 1`."""

    def at(self, arrow: str) -> Where:
        """The same turn, another arrow."""
        return Where(self.stage, self.turn, arrow, self.label)

    def __str__(self) -> str:
        return ": ".join(part for part in (self.label, self.arrow) if part)

    def note(self, cell: Cell, kind: RecordKind, keys: Sequence[str]) -> None:
        """Record that `cell` used `keys` here."""
        cell.store.note_use(cell.id, Use(self.stage, self.turn, self.arrow, kind, tuple(keys)))


def waiting(cell: Cell, where: Where) -> Callable[[int], None]:
    """Says, once, that another process is making what is wanted here, and that it is waited for."""
    said = False

    def tell(count: int) -> None:
        nonlocal said
        if not said:
            cell.progress.note(f"{cell.id}: {where}: waiting for {count} that another process is making")
        said = True

    return tell
