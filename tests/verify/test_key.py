"""The verdict cache's key holds all that a verdict depends on, and a kept verdict is used only where it holds."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.records import Status, Verdict
from pidistill.verify.key import reusable, verdict_key
from verify.helpers import problem

texts = st.text(st.characters(codec=None), max_size=12)


@given(st.tuples(texts, texts), st.tuples(texts, texts))
def test_keys_are_equal_exactly_where_completion_and_identity_are(one: tuple[str, str], two: tuple[str, str]) -> None:
    assert (verdict_key(problem(1), *one) == verdict_key(problem(1), *two)) is (one == two)


def test_a_key_follows_the_problem_s_content_not_its_name() -> None:
    key = verdict_key(problem(1), "text", "v@1")
    assert key == verdict_key(dataclasses.replace(problem(1), id="other", split="train"), "text", "v@1")
    assert key != verdict_key(dataclasses.replace(problem(1), reference="other"), "text", "v@1")
    assert key != verdict_key(problem(1, tests=["a"]), "text", "v@1")


def test_a_key_is_the_same_on_every_machine() -> None:
    assert verdict_key(problem(1), "text \ud800\0", "v@1") == "702f4c9d548ee3c9ae7aefedd85ae4d4"


@pytest.mark.parametrize(
    ("status", "seconds", "budget_s", "holds"),
    [
        (Status.PASS, 1.0, 10.0, True),
        (Status.PASS, 20.0, 10.0, False),
        (Status.FAIL, 1.0, 10.0, True),
        (Status.ABSTAIN, 1.0, 10.0, True),
        (Status.TIMEOUT, 10.1, 10.0, True),
        (Status.TIMEOUT, 10.1, 60.0, False),
        (Status.ERROR, 1.0, 10.0, False),
    ],
)
def test_a_kept_verdict_is_used_where_it_would_come_out_again(
    status: Status, seconds: float, budget_s: float, holds: bool
) -> None:
    assert reusable(Verdict(status, seconds=seconds), budget_s) is holds
