"""Labelled submissions that ship with the Lean domain; `pidistill check` runs them against the verifier.

They are data (`cases.jsonl`): id, class, problem (statement, target, header), submission, the statuses that are
right, and why. The honest ones look suspicious, because refusing those is a fault too; the others try to pass without
a proof, to harm the host, to forge a reply, or to outlast their budget.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files

from pidistill.contracts import Case
from pidistill.records import Problem, Status


def cases() -> Iterator[Case]:
    """All labelled cases, in the order of the file."""
    for line in files("pidistill_lean").joinpath("cases.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        expected = frozenset(map(Status, row["expected"]))
        yield Case(row["id"], problem(row["id"], row["problem"]), row["submission"], expected, row["why"])


def problem(name: str, row: dict[str, str]) -> Problem:
    """The problem in a case: a statement as it stands, with `sorry` for its proof, and the target's name."""
    return Problem(
        id=f"case/{name}",
        domain="lean",
        prompt=row["statement"],
        reference=row["statement"],
        split="cases",
        source="cases",
        extra={"target": row["target"], "header": row.get("header", "")},
    )
