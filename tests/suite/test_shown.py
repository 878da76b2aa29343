"""A suite's report says of every registered cell what became of it, and of every choice that was made after a look."""

from __future__ import annotations

from pathlib import Path

from pidistill.suite.board import Board, Square
from pidistill.suite.registry import RegisteredCell, Registration
from pidistill.suite.shown import deviations

CELLS = tuple(RegisteredCell(f"cell-{n}", "retry", "math", "embedded", n) for n in range(5))


def registered(*finished_before: str) -> Registration:
    return Registration(Path("suites/x"), "x", "0", "2026-11-26", CELLS, (), frozenset(finished_before))


def test_every_cell_that_is_not_as_it_was_registered_stands_in_the_table_with_its_reason() -> None:
    squares = [
        Square(CELLS[0], "finished"),
        Square(CELLS[1], "failed", "ValueError: no"),
        Square(CELLS[2], "invalid", "another verifier"),
        Square(CELLS[3], "waiting"),
        Square(CELLS[4], "finished", facts={"as_is": True}),
    ]
    rows = deviations(registered("cell-0"), Board(squares, None), ["Seeds chosen afterwards: ..."])
    assert rows.rows == (
        ("cell-1", "failed", "ValueError: no"),
        ("cell-2", "invalid", "another verifier"),
        ("cell-3", "waiting", "-"),
        ("cell-4", "taken as it is", "its parts have changed since, or some of it was not judged"),
        ("cell-0", "finished before", "it was there when the suite was registered"),
        ("the store", "chosen afterwards", "Seeds chosen afterwards: ..."),
    )
    assert rows.open


def test_a_suite_that_is_as_it_was_registered_says_so() -> None:
    rows = deviations(registered(), Board([Square(cell, "finished") for cell in CELLS], None), [])
    assert rows.rows == (("-", "none", "every registered cell is finished, and nothing else is shown"),)
