"""Labelled submissions that ship with the math domain; `pidistill check` runs them against the verifier.

They are data (`cases.jsonl`): id, reference, completion, the statuses that are right, and why. Honest submissions in
unusual dress are among them, because refusing those is a fault too.
"""

from __future__ import annotations

from collections.abc import Iterator

from pidistill.authoring.cases import read_cases
from pidistill.authoring.data import DataRow
from pidistill.contracts import Case
from pidistill.records import Problem


def cases() -> Iterator[Case]:
    """All labelled cases, in the order of the file."""
    return read_cases("pidistill_math", problem)


def problem(row: DataRow) -> Problem:
    """The problem of a case. It is about its reference; what was asked is left open."""
    return Problem(row.id("id"), "math", "Find the value.", row.text_or_none("reference"))
