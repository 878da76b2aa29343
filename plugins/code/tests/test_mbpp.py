"""MBPP, full and sanitized: the references pass, and one problem's solution is no other's."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidistill.contracts import DataSource
from pidistill.records import Problem
from pidistill_code.domain import CodeDomain
from pidistill_code.verifier import CodeVerifier

FILES = {"mbpp.jsonl": 974, "sanitized-mbpp.json": 427}
STEP = 4
"""Every how many-th problem is judged by default; all of them take about half a minute."""


def read(path: Path) -> list[Problem]:
    return list(CodeDomain().problems(DataSource(path=path)))


@pytest.mark.parametrize(("name", "count"), FILES.items())
def test_every_problem_is_read(shared_data: Path, name: str, count: int) -> None:
    found = read(shared_data / name)
    assert len(found) == count
    assert {p.split for p in found} <= {"train", "test", "validation", "prompt"}
    assert all(p.reference and p.extra["entry_point"] for p in found)


@pytest.mark.parametrize("name", FILES)
def test_references_pass(verifier: CodeVerifier, shared_data: Path, name: str) -> None:
    domain = CodeDomain()
    special = {f"MBPP/{n}" for n in (367, 533, 596, 601, 737, 787, 794, 912, 927)}
    chosen = [p for i, p in enumerate(read(shared_data / name)) if i % STEP == 0 or p.id in special]
    failing = {p.id: v.reason for p in chosen if not (v := verifier.verify(p, str(domain.oracle(p)))).passed}
    assert failing == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_all_references_pass_and_no_next_problem_does(verifier: CodeVerifier, shared_data: Path, name: str) -> None:
    """The next problem's solution is given the right name, so that it is its answers that fail."""
    domain, found = CodeDomain(), read(shared_data / name)
    assert [p.id for p in found if not verifier.verify(p, str(domain.oracle(p))).passed] == []
    passed = []
    for own, other in zip(found, [*found[1:], found[0]], strict=True):
        alias = f"{other.extra['entry_point']} = {own.extra['entry_point']}"
        if verifier.verify(other, f"```python\n{own.reference}\n\n{alias}\n```").passed:
            passed.append((own.id, other.id))
    assert set(passed) <= {("MBPP/728", "MBPP/729")}  # both ask for the sums of two lists' elements
