"""More inputs for known problems, from a file in the manner of EvalPlus: the reference says what the answers are.

Each row of the JSONL file (also gzipped) has `task_id`, which is the problem's id, and `plus_input`, `base_input` or
`inputs`: lists of argument lists. Problems whose own tests are not about equal answers (HumanEval/32 takes any root
of a polynomial) get none of them: there the reference's answer is one right answer of many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

from pidistill.authoring.data import DataRow, file_rows
from pidistill.records import JSON, canonical_json
from pidistill.sandbox import Plain
from pidistill_code.suites.expressions import CandidateCall
from pidistill_code.suites.suite import AssertTest, DataTest, RoomTest, Suite, data_text

COLUMNS: Final = ("base_input", "plus_input", "inputs")


def read_inputs(path: Path) -> Mapping[str, Sequence[JSON]]:
    """Task id -> argument lists, of the whole file. Raises `DataError` naming file and row."""
    found: dict[str, Sequence[JSON]] = {}
    for row in file_rows(path):
        if not isinstance(row.columns.get("task_id"), str | int):
            raise row.wrong("no column 'task_id'.", row.said)
        inputs = list(inputs_of(row))
        try:
            canonical_json(inputs)
        except ValueError:
            raise row.wrong("an input is infinite or none (Infinity, NaN, 1e999), which JSON has not.") from None
        found[row.id("task_id")] = inputs
    return found


def inputs_of(row: DataRow) -> Iterator[JSON]:
    """The argument lists in a row. Raises `DataError` naming the row."""
    for column in COLUMNS:
        for args in cast("list[JSON]", row.columns.get(column) or []):
            if not isinstance(args, list):
                raise row.wrong(f"column {column!r} holds {type(args).__name__}, not a list of arguments.")
            yield args


def with_inputs(suite: Suite, inputs: Sequence[JSON]) -> Suite:
    """`suite` with a test for each of `inputs`."""
    own = [test for test in suite.tests if isinstance(test, AssertTest | RoomTest)]
    if not inputs or suite.script or not all(test.equality for test in own):
        return suite
    more = [
        DataTest(
            data_text(suite.entry_point, cast("list[JSON]", args)),
            CandidateCall(tuple(cast("list[Plain]", args))),
            by_reference=True,
        )
        for args in inputs
    ]
    return replace(suite, tests=(*suite.tests, *more))
