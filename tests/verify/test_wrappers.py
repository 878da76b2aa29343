"""Wrappers do what their docstrings say, at the rates they say, and can be read from text."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.contracts import Verifier
from pidistill.errors import UsageError
from pidistill.records import Problem, Status, Verdict
from pidistill.verify.opener import Opener
from pidistill.verify.wrappers import WRAPPERS, Graded, Lenient, Noisy, Strict, judges_ahead, parse_wrapper
from verify.helpers import PROBLEMS, problem
from verify.nasty import Ahead, Nasty


class Fixed(Verifier):
    """Always the same verdict."""

    name = "fixed"
    version = "2"

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    def verify(self, problem: Problem, completion: str) -> Verdict:
        return self.verdict


def within_binomial(count: int, n: int, rate: float) -> bool:
    """Within 5 standard deviations: missed by chance once in two million."""
    return abs(count - n * rate) <= 5 * math.sqrt(n * rate * (1 - rate))


def test_noise_flips_at_its_rates() -> None:
    noisy = Noisy(false_pass=0.1, false_fail=0.05, seed=3)
    n = 20_000
    passing = noisy.wrap(Fixed(Verdict(Status.PASS, 1.0)))
    failing = noisy.wrap(Fixed(Verdict(Status.FAIL)))
    false_fails = sum(not passing.verify(PROBLEMS[i % 40], str(i)).passed for i in range(n))
    false_passes = sum(failing.verify(PROBLEMS[i % 40], str(i)).passed for i in range(n))
    assert within_binomial(false_fails, n, 0.05)
    assert within_binomial(false_passes, n, 0.1)


def test_noise_is_repeatable_and_depends_on_its_seed_and_the_completion() -> None:
    def fates(seed: int, texts: range) -> list[bool]:
        failing = Noisy(false_pass=0.5, seed=seed).wrap(Fixed(Verdict(Status.FAIL)))
        return [failing.verify(PROBLEMS[0], f"text {text}").passed for text in texts]

    assert fates(1, range(200)) == fates(1, range(200))
    assert fates(1, range(200)) == [*fates(1, range(100)), *fates(1, range(100, 200))]
    assert fates(1, range(200)) != fates(2, range(200))
    assert fates(1, range(200)) != fates(1, range(200, 400))


@pytest.mark.parametrize("status", [Status.ABSTAIN, Status.ERROR, Status.TIMEOUT, Status.REJECTED])
@pytest.mark.parametrize("name", WRAPPERS)
def test_what_is_no_judgement_of_an_answer_passes_through(name: str, status: Status) -> None:
    text = "noisy:false_pass=1,false_fail=1" if name == "noisy" else name
    wrapped = parse_wrapper(text).wrap(Fixed(Verdict(status, reason="as it was")))
    seen = wrapped.verify(PROBLEMS[7], "7")
    assert (seen.status, seen.score, seen.reason) == (status, 0.0, "as it was")


def strict(answer: str | None, reference: str | None = "x = 1") -> Status:
    made = Problem(id="p", domain="d", prompt="?", reference=reference)
    return Strict().wrap(Fixed(Verdict(Status.PASS, 1.0, answer=answer))).verify(made, "...").status


def test_strict_passes_the_reference_s_text_only() -> None:
    assert strict("x = 1") is strict(" x  =\n1 ") is strict(None) is strict("x", None) is Status.PASS
    assert strict("x=1") is strict("1") is strict("") is Status.FAIL


@pytest.mark.parametrize(
    ("completion", "passes"),
    [
        ("so 12 it is", True),
        ("it is 12.", True),
        ("(12)", True),
        ("112", False),
        ("12.5", False),
        ("1.12", False),
        ("-12", False),
        ("x12", False),
        ("", False),
    ],
)
def test_lenient_passes_what_mentions_the_reference(completion: str, passes: bool) -> None:
    seen = Lenient().wrap(Fixed(Verdict(Status.FAIL))).verify(problem(12), completion)
    assert seen.passed is passes
    assert seen.score == float(passes)


def test_lenient_passes_a_partial_score_from_its_threshold() -> None:
    low, high = Fixed(Verdict(Status.FAIL, 0.4)), Fixed(Verdict(Status.FAIL, 0.6))
    assert not Lenient(0.5).wrap(low).verify(PROBLEMS[0], "").passed
    assert Lenient(0.5).wrap(high).verify(PROBLEMS[0], "").passed
    assert not Lenient(0.0).wrap(Fixed(Verdict(Status.FAIL))).verify(PROBLEMS[0], "").passed


def test_graded_gives_more_the_more_alike_and_never_a_whole_point() -> None:
    def grade(answer: str | None, inner: float = 0.0) -> float:
        verdict = Verdict(Status.FAIL, inner, answer=answer)
        seen = Graded().wrap(Fixed(verdict)).verify(problem(123456), "...")
        assert seen.status is Status.FAIL
        return seen.score

    assert 0.0 == grade("abc") == grade(None) < grade("1") < grade("1234") < grade("12345") < grade("123456") <= 0.9
    assert grade("1", inner=0.8) == 0.8
    assert grade("1" * 5000) == 0.0


def test_identity_tells_wrapper_version_and_every_setting() -> None:
    inner = Fixed(Verdict(Status.FAIL))
    texts = ["noisy", "noisy:seed=1", "noisy:false_pass=0.1", "strict", "lenient", "lenient:min_score=1", "graded"]
    identities = {parse_wrapper(text).wrap(inner).identity for text in texts}
    assert len(identities) == len(texts)
    assert all(identity.startswith(f"{inner.identity}|") for identity in identities)
    wrapped = parse_wrapper("noisy").wrap(parse_wrapper("strict").wrap(inner))
    assert wrapped.identity == f"{inner.identity}|strict@1|noisy@1:false_pass=0.0,false_fail=0.0,seed=0"
    assert inner.identity.startswith("fixed@2+")
    assert wrapped.verify(PROBLEMS[0], "").verifier == wrapped.identity


def test_a_batch_is_seen_as_one_by_one() -> None:
    texts = [f"ok {i}" for i in range(20)]
    wrapped = parse_wrapper("noisy:false_pass=0.5,false_fail=0.5").wrap(Nasty())
    assert list(wrapped.verify_many(PROBLEMS[3], texts)) == [wrapped.verify(PROBLEMS[3], text) for text in texts]


def test_judging_ahead_shows_through_a_wrapper() -> None:
    assert not judges_ahead(parse_wrapper("strict").wrap(Nasty()))
    assert judges_ahead(parse_wrapper("strict").wrap(Ahead()))


@given(st.floats(0, 1), st.floats(0, 1), st.integers())
def test_settings_survive_a_round_trip_through_text(false_pass: float, false_fail: float, seed: int) -> None:
    text = f" noisy : seed = {seed}, false_fail={false_fail!r} ,false_pass={false_pass!r}"
    assert parse_wrapper(text) == Noisy(false_pass, false_fail, seed)


@given(st.sampled_from(["", *(f"{name}:" for name in WRAPPERS), "noisy:seed="]), st.text(max_size=20))
def test_any_text_is_a_wrapper_or_a_usage_error(start: str, text: str) -> None:
    with contextlib.suppress(UsageError):
        assert parse_wrapper(start + text).name in WRAPPERS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nosy", "Did you mean 'noisy'"),
        ("", "Unknown verifier wrapper"),
        ("noisy:false_pas=0.1", "Did you mean 'false_pass'"),
        ("noisy:false_pass", "not of the form"),
        ("noisy:", "not of the form"),
        ("noisy:false_pass=2", r"must lie in \[0, 1\]"),
        ("noisy:false_pass=nan", r"must lie in \[0, 1\]"),
        ("noisy:false_pass=much", "must be a number"),
        ("noisy:seed=1.5", "must be a whole number"),
        ("noisy:seed=1,seed=2", "given twice"),
        ("strict:hard=1", "unknown setting 'hard'"),
    ],
)
def test_a_wrapper_that_cannot_be_read_is_refused_at_once(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Opener("math", wrappers=(text,))
