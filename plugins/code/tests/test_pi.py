"""PI forms tell what they declare and no more, placebos have the length of what they stand for."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from pidistill.contracts import About, PIForm
from pidistill.pi import render as pi_render
from pidistill.records import Attempt, Message, Problem, Reveals, Rollout, Sampling, Status, Verdict
from pidistill_code.domain import CodeDomain
from pidistill_code.functions import TESTS, problems
from pidistill_code.pi import AllTests, ErrorTrace, FailingTests, ShuffledTests, TestRun
from pidistill_code.verifier import CodeVerifier

TASKS = list(problems("train", limit=60))
FORMS = [spec.load() for spec in CodeDomain().pi_forms()]


def attempt(problem: Problem, completion: str) -> Rollout:
    return Rollout(
        "r1", problem.id, (Message("user", "?"),), completion, (1,), (-0.5,), 3, Sampling(), "revision", "engine"
    )


def render(form: PIForm, problem: Problem, verdict: Verdict, seed: int = 0) -> str | None:
    about = Attempt(problem, attempt(problem, "def f(x):\n    return x"), verdict)
    pi = pi_render.render(form, About(problem, about, [about], TASKS, random.Random(seed)))
    if pi is not None:
        assert (pi.form, pi.reveals) == (form.name, form.reveals)
    return None if pi is None else pi.text


@pytest.fixture(scope="module")
def failed(verifier: CodeVerifier) -> Verdict:
    return verifier.verify(TASKS[0], "def f(x):\n    if x % 2:\n        return None + 1\n    return 0\n")


def test_failing_tests_tell_expected_and_got(failed: Verdict) -> None:
    told = render(FailingTests(), TASKS[0], failed)
    assert (
        told is not None
        and f"Failing tests ({TESTS} of {TESTS}):" in told
        and "# got 0" in told
        and "assert f(" in told
    )
    assert "line 3" not in told


def test_the_error_trace_tells_the_error_and_no_test(failed: Verdict) -> None:
    told = render(ErrorTrace(), TASKS[0], failed)
    assert told is not None and "line 3, in f" in told and "TypeError" in told
    assert "assert" not in told


def test_forms_are_silent_where_they_have_nothing_to_tell(failed: Verdict) -> None:
    assert (
        render(ErrorTrace(), TASKS[0], replace(failed, diagnostics="Failing tests (1 of 1):\nassert f(1) == 1")) is None
    )
    assert render(FailingTests(), TASKS[0], replace(failed, diagnostics="Error:\nline 1\nSyntaxError")) is None
    assert render(TestRun(), TASKS[0], Verdict(Status.ERROR)) is None
    without = replace(TASKS[0], extra={"entry_point": "f", "tests": []})
    assert render(AllTests(), without, failed) is None and render(ShuffledTests(), without, failed) is None


def test_a_test_run_tells_of_passes_too(failed: Verdict) -> None:
    passed = render(TestRun(), TASKS[0], Verdict(Status.PASS, 1.0))
    assert passed is not None and "All tests pass." in passed
    told = render(TestRun(), TASKS[0], failed)
    assert told is not None and failed.diagnostics in told


def test_all_tests_are_all_tests(failed: Verdict) -> None:
    for task in TASKS:
        told = render(AllTests(), task, failed)
        assert told is not None and all(str(test) in told for test in task.extra["tests"])  # type: ignore[union-attr]


def test_the_placebo_is_as_long_and_tells_nothing(failed: Verdict) -> None:
    for number, task in enumerate(TASKS):
        real, placebo = render(AllTests(), task, failed), render(ShuffledTests(), task, failed, number)
        assert real is not None and placebo is not None
        assert not any(str(test) in placebo for test in task.extra["tests"])  # type: ignore[union-attr]
        assert 0.75 <= len(placebo) / len(real) <= 1.15
        assert placebo.startswith("The tests:\nassert f(")


def test_a_placebo_is_made_even_from_shorter_tests(failed: Verdict) -> None:
    long = replace(
        TASKS[0], id="long", extra={"entry_point": "g", "tests": [f"assert g({n}) == {n}" for n in range(60)]}
    )
    real, placebo = render(AllTests(), long, failed), render(ShuffledTests(), long, failed)
    assert real is not None and placebo is not None and 0.85 <= len(placebo) / len(real) <= 1.15


def test_every_form_tells_the_same_from_the_same(failed: Verdict) -> None:
    for make in FORMS:
        form = make()
        assert isinstance(form, PIForm)
        assert render(form, TASKS[0], failed, 3) == render(form, TASKS[0], failed, 3)


def test_no_form_tells_the_reference(failed: Verdict) -> None:
    for make in FORMS:
        form = make()
        assert isinstance(form, PIForm)
        assert form.reveals not in (Reveals.SOLUTION, Reveals.ANSWER)
        told = render(form, TASKS[0], failed) or ""
        assert str(TASKS[0].reference).split("return ")[1].strip() not in told


def test_placebos_name_a_form_that_exists() -> None:
    forms = {make().name: make() for make in FORMS}  # type: ignore[attr-defined]
    assert set(forms) == {spec.name for spec in CodeDomain().pi_forms()}
    for form in forms.values():
        assert form.placebo_for is None or form.placebo_for in forms  # type: ignore[attr-defined]
