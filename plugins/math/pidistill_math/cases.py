"""Labelled submissions that ship with the math domain; `pidistill check` runs them against the verifier.

They are data (`cases.jsonl`): id, reference, completion, the statuses that are right, and why. Honest submissions in
unusual dress are among them, because refusing those is a fault too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files

from pidistill.contracts import Case
from pidistill.records import Problem, Status


def cases() -> Iterator[Case]:
    """All labelled cases, in the order of the file."""
    for line in files("pidistill_math").joinpath("cases.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        problem = Problem(f"case/{row['id']}", "math", "Find the value.", row["reference"])
        yield Case(row["id"], problem, row["completion"], frozenset(map(Status, row["expected"])), row["why"])
