"""Labelled submissions that ship with the Lean domain; `pidistill check` runs them against the verifier.

They are data (`cases.jsonl`): id, class, problem (statement, target, header), submission, the statuses that are
right, and why. The honest ones look suspicious, because refusing those is a fault too; the others try to pass without
a proof, to harm the host, to forge a reply, or to outlast their budget.
"""

from __future__ import annotations

from collections.abc import Iterator

from pidistill.authoring.cases import read_cases
from pidistill.authoring.data import DataRow
from pidistill.contracts import Case
from pidistill.records import Problem


def cases() -> Iterator[Case]:
    """All labelled cases, in the order of the file."""
    return read_cases("pidistill_lean", problem)


def problem(row: DataRow) -> Problem:
    """The problem in a case: a statement as it stands, with `sorry` for its proof, and the target's name."""
    statement = row.text("statement")
    return Problem(
        id=row.id("id"),
        domain="lean",
        prompt=statement,
        reference=statement,
        split="cases",
        source="cases",
        extra={"target": row.text("target"), "header": row.text_or_none("header") or ""},
    )
