"""Labelled submissions that ship with the code domain; `pidistill check` runs them against the verifier.

They are data (`cases.jsonl`): id, class, problem (a row of any kind that `rows` reads), submission, the statuses that
are right, and why. In this order they are judged in one session: some leave traces for the next one. Most are attempts
to fool a verifier or to harm its host; the honest ones look unusual, because refusing those is a fault too.
"""

from __future__ import annotations

from collections.abc import Iterator

from pidistill.authoring.cases import read_cases
from pidistill.contracts import Case
from pidistill_code.rows import problem_of


def cases() -> Iterator[Case]:
    """All labelled cases, in the order of the file."""
    return read_cases("pidistill_code", problem_of)
