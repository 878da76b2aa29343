"""Submissions that were damaged at random: each gets a verdict, in time, and none is an error."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill.contracts import Case
from pidistill.records import Status
from pidistill_lean.cases import cases
from pidistill_lean.protocol import Runtime
from pidistill_lean.runtimes.process import WALL_FACTOR
from pidistill_lean.verifier import LeanOptions, LeanVerifier

BUDGET_S = 4.0
CASES = [case for case in cases() if Status.TIMEOUT not in case.expected and Status.ABSTAIN not in case.expected]
WORDS = sorted({word for case in CASES for word in case.completion.split() if len(word) < 30})
PIECES = st.sampled_from(WORDS) | st.sampled_from(list("()[]{}⟨⟩:=|·,;.`'\"\\λ∀¬→\n\t\0\u200b😀")) | st.just("")
DAMAGE = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=4)


def damaged(text: str, damage: list[tuple[float, int, str]]) -> str:
    """With a few characters replaced at some places; a place is given as a part of the whole."""
    for place, size, piece in damage:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + size :]
    return text


@pytest.fixture(scope="module")
def ungraded(lean: Runtime) -> LeanVerifier:
    return LeanVerifier(LeanOptions(budget_s=BUDGET_S, graded=False), lean)


@settings(max_examples=60)
@given(case=st.sampled_from(CASES), damage=DAMAGE)
def test_a_damaged_submission_gets_a_verdict_in_time(
    ungraded: LeanVerifier, case: Case, damage: list[tuple[float, int, str]]
) -> None:
    began = time.monotonic()
    verdict = ungraded.verify(case.problem, damaged(case.completion, damage))
    assert verdict.status is not Status.ERROR
    # of processor time; a process that was ended has to start again
    assert time.monotonic() - began < BUDGET_S * WALL_FACTOR + 60
