"""Labelled submissions that ship with the code domain; `pidistill check` runs them against the verifier.

They are data (`cases.jsonl`): id, class, problem (a row of any kind that `rows` reads), submission, the statuses that
are right, and why. In this order they are judged in one session: some leave traces for the next one. Most are attempts
to fool a verifier or to harm its host; the honest ones look unusual, because refusing those is a fault too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files

from pidistill.contracts import Case
from pidistill.records import Status
from pidistill_code.rows import problem_of


def cases() -> Iterator[Case]:
    """All labelled cases, in the order of the file."""
    for number, line in enumerate(files("pidistill_code").joinpath("cases.jsonl").read_text("utf-8").splitlines(), 1):
        row = json.loads(line)
        problem = replace(problem_of(row["problem"], "", "cases.jsonl", number), id=f"case/{row['id']}")
        yield Case(row["id"], problem, row["submission"], frozenset(map(Status, row["expected"])), row["why"])
