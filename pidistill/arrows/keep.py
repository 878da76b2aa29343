"""The problems of a cell, written down: what every later record of it is about."""

from __future__ import annotations

from pidistill.arrows.where import Where
from pidistill.cell import Cell


def keep_problems(cell: Cell) -> None:
    """Put the cell's problems into the store, and note that it uses them."""
    for arrow, problems in (("train", cell.train_problems), ("held out", cell.held_out)):
        keyed = {problem.hash: problem for problem in problems}
        cell.store.problems.put(keyed.items(), cell.id)
        Where("", 0, f"problems, {arrow}").note(cell, "problem", list(keyed))
