"""Labelled submissions that ship with a domain, from the `cases.jsonl` of its package.

A line has `id`, `completion` (or `submission`), `expected` (the statuses that are right), `why`, and the problem: under
`problem`, or in columns of its own beside these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

from pidistill.authoring.data import DataRow, ProblemOf, file_rows
from pidistill.contracts import Case
from pidistill.records import JSON, Status

FILE = "cases.jsonl"


def read_cases(package: str, problem_of: ProblemOf) -> Iterator[Case]:
    """All cases of `package`, in the order of the file. A problem's id is `case/` and the case's.

    Raises `DataError` naming file and row, also where an id comes twice.
    """
    seen: set[str] = set()
    for row in file_rows(Path(str(resources.files(package) / FILE))):
        name = row.text("id")
        if name in seen:
            raise row.wrong(f"id {name!r} was there before.")
        seen.add(name)
        given = row.columns.get("problem")
        columns: Mapping[str, JSON] = given if isinstance(given, Mapping) else row.columns
        problem = problem_of(DataRow({**columns, "id": f"case/{name}"}, FILE, row.number, "cases", "cases"))
        completion = row.text_or_none("completion", "submission")
        if completion is None:
            raise row.wrong("no column 'completion' or 'submission'.", row.said)
        yield Case(name, problem, completion, _expected(row), row.text_or_none("why") or "")


def _expected(row: DataRow) -> frozenset[Status]:
    expected = row.columns.get("expected")
    known = [status.value for status in Status]
    if not isinstance(expected, list) or not expected or not all(status in known for status in expected):
        raise row.wrong(f"expected is {expected!r}, not a list of statuses.", f"Statuses: {', '.join(known)}")
    return frozenset(Status(str(status)) for status in expected)
