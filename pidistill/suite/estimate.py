"""What the cells of a suite will take, from what finished ones took: tokens from their ledgers, time from the boards.

A cell is estimated from finished ones of its arm, else of its domain and model, else not at all: a guess without a
finished cell behind it would be an invention. Time is known of cells that a suite ran.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pidistill.suite.board import Journal
from pidistill.suite.registry import RegisteredCell, read_registration


@dataclass(frozen=True)
class Estimate:
    """What one cell will take."""

    tokens: float | None
    """Completion tokens sampled; None where nothing is known."""
    seconds: float | None
    like: int = 0
    """Finished cells that it is estimated from."""


@dataclass(frozen=True)
class Known:
    """A finished cell, and what it took."""

    cell: RegisteredCell
    facts: Mapping[str, Any]


def known_cells(root: Path) -> Iterator[Known]:
    """What the boards of all suites in the store at `root` tell of finished cells."""
    for folder in sorted((root / "suites").glob("*/")):
        if (registration := read_registration(folder)) is None:
            continue
        cells = {cell.id: cell for cell in registration.cells}
        facts = {line["cell"]: line.get("facts", {}) for line in Journal(folder).lines() if line["event"] == "finished"}
        yield from (Known(cells[name], told) for name, told in facts.items() if name in cells)


def estimate(cells: Sequence[RegisteredCell], known: Sequence[Known]) -> dict[str, Estimate]:
    """Cell -> what it will take."""
    kinds: Sequence[Callable[[RegisteredCell], object]] = (
        lambda cell: (cell.arm, cell.domain, cell.model),
        lambda cell: (cell.domain, cell.model),
    )
    pools: list[dict[object, list[Mapping[str, Any]]]] = []
    for kind in kinds:
        pool: dict[object, list[Mapping[str, Any]]] = {}
        for other in {known_one.cell.id: known_one for known_one in known}.values():
            pool.setdefault(kind(other.cell), []).append(other.facts)
        pools.append(pool)
    found = {}
    for cell in cells:
        like = next((pool[kind(cell)] for kind, pool in zip(kinds, pools, strict=True) if kind(cell) in pool), [])
        found[cell.id] = Estimate(_mean(like, "tokens_used"), _mean(like, "seconds"), len(like))
    return found


def duration(seconds: float) -> str:
    """`3 s`, `4 min`, `2.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def _mean(facts: Sequence[Mapping[str, Any]], name: str) -> float | None:
    values = [float(told[name]) for told in facts if name in told]
    return sum(values) / len(values) if values else None
