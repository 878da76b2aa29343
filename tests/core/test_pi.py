"""PI forms tell what they declare and no more, and feedback never reaches a student prompt."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.contracts import About, DataSource, Domain, PIForm, Sandbox, Verifier
from pidistill.errors import LeakError
from pidistill.pi import contexts, feedback, forms, leak
from pidistill.pi.render import render as rendered
from pidistill.records import JSON, PI, Attempt, Message, Messages, Problem, Reveals, Status, Verdict
from pidistill.text import holds
from tests.core.builders import problem, rollout

FORMS: list[PIForm] = [
    forms.NoPI(), forms.BareRetry(), forms.Gold(), forms.Gibberish(), forms.Wrong(), forms.FirstStep(),
    forms.PeerSolution(), contexts.AttemptAndVerdict(), contexts.WorldFeedback(), contexts.ShortestSibling(),
    contexts.Solution(), contexts.OtherSolution(), contexts.Hindsight(),
]  # fmt: skip
PROBLEMS = [problem(n) for n in range(1, 30)]
FAIL, PASS = Verdict(Status.FAIL), Verdict(Status.PASS, 1.0)


def render(
    form: PIForm, of: Problem, seed: int = 0, problems: Sequence[Problem] = PROBLEMS, group: Sequence[Attempt] = ()
) -> PI | None:
    attempt = Attempt(of, rollout(of.id, "my try"), FAIL)
    others = group or [Attempt(of, rollout(of.id, "peer \\boxed{1}"), PASS)]
    return rendered(form, About(of, attempt, [attempt, *others], problems, random.Random(seed)))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_form_is_deterministic_given_the_rng(form: PIForm) -> None:
    assert render(form, PROBLEMS[3], seed=5) == render(form, PROBLEMS[3], seed=5)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_answer_is_told_exactly_by_the_forms_that_declare_it(form: PIForm) -> None:
    for about in PROBLEMS:
        pi = render(form, about)
        assert pi is not None and pi.form == form.name and pi.reveals is form.reveals
        if form.reveals in (Reveals.NOTHING, Reveals.FAILURE_BIT, Reveals.STRUCTURE):
            assert not holds(pi.text, str(about.reference))
        if form.reveals is Reveals.ANSWER:
            assert holds(pi.text, str(about.reference))


def test_placebos_name_the_form_they_control_for() -> None:
    known = {form.name for form in FORMS}
    placebos = {form.name: form.placebo_for for form in FORMS if form.placebo_for}
    assert (
        placebos == {"gibberish": "gold", "wrong": "gold", "other-solution": "solution"}
        and set(placebos.values()) <= known
    )


@given(st.lists(st.sampled_from(["1", "2"]), min_size=1, max_size=8), st.integers())
def test_wrong_is_never_right(references: list[str], seed: int) -> None:
    problems = [problem(n, reference=text) for n, text in enumerate(references, 1)]
    pi = render(forms.Wrong(), problems[0], seed, problems)
    assert (pi is None) == (set(references) == {references[0]})
    assert pi is None or not holds(pi.text, references[0])


def test_wrong_is_not_made_where_every_reference_is_the_same() -> None:
    problems = [problem(n, reference="7") for n in range(4)]
    assert render(forms.Wrong(), problems[0], problems=problems) is None


def test_a_peer_solution_is_a_passing_sibling_and_never_itself() -> None:
    of = PROBLEMS[0]
    own, sibling = Attempt(of, rollout(of.id, "mine"), PASS), Attempt(of, rollout(of.id, "sibling"), PASS)
    wrong = Attempt(of, rollout(of.id, "wrong"), FAIL)
    form = forms.PeerSolution()
    assert rendered(form, About(of, own, [own, wrong])) is None
    pi = rendered(form, About(of, own, [own, wrong, sibling]))
    assert pi is not None and pi.source_ids == (sibling.rollout.id,) and "sibling" in pi.text
    assert (pi.about, pi.problem_id) == (own.rollout.id, of.id)


def test_a_first_step_that_holds_the_answer_is_not_told() -> None:
    about = replace(PROBLEMS[0], reference="12", solution="So it is 1 2, or 12.\nDone: \\boxed{12}")
    assert render(forms.FirstStep(), about) is None
    assert render(forms.FirstStep(), replace(about, solution="\\boxed{12}")) is None
    kept = render(forms.FirstStep(), replace(about, solution="Count 112 dozens.\nThat is \\boxed{12}"))
    assert kept is not None and "112" in kept.text


@given(st.text(max_size=30), st.text(min_size=1, max_size=10))
def test_holds_finds_a_spaced_answer_and_never_raises(text: str, answer: str) -> None:
    holds(text, answer)
    if answer.strip() and not any(c.isspace() for c in answer):
        assert holds(f"{text} {' '.join(answer)} ", answer)


def test_a_retry_holds_each_failure_once_and_says_so_once() -> None:
    prompt = (Message("user", "What is 1+1?"),)
    bare = PI("bare-retry", feedback.FAILURE_NOTICE, Reveals.FAILURE_BIT)
    gold = PI("gold", "The correct answer is 2.", Reveals.ANSWER)
    turn = feedback.retry(prompt, [("3", bare), ("4", gold)])
    assert [m.role for m in turn.messages] == ["user", "assistant", "user", "assistant", "user"]
    assert turn.messages[2].content == "That was wrong. Try again."
    assert turn.messages[4].content == "That was wrong. The correct answer is 2. Try again."


def test_no_pi_is_no_feedback() -> None:
    prompt = (Message("user", "What is 1+1?"),)
    nothing = PI("none", "", Reveals.NOTHING)
    assert feedback.retry(prompt, [("3", nothing)]).messages == prompt
    assert feedback.teach(prompt, nothing).messages == prompt


class Leaky(Domain):
    """A domain whose prompt may depend on what the student must not see."""

    name = "leaky"

    def __init__(self, told: str) -> None:
        self.told = told

    def datasets(self) -> Mapping[str, str]:
        return {}

    def problems(self, source: DataSource) -> Iterator[Problem]:
        yield from PROBLEMS

    def prompt(self, problem: Problem) -> Messages:
        return (Message("user", problem.prompt + (str(getattr(problem, self.told)) if self.told else "")),)

    def open_verifier(self, config: Mapping[str, JSON], sandbox: Sandbox | None = None) -> Verifier:
        raise AssertionError("not asked for here")

    def oracle(self, problem: Problem) -> str | None:
        return problem.solution


@pytest.mark.parametrize("told", ["reference", "solution"])
def test_a_prompt_that_depends_on_the_reference_is_a_leak(told: str) -> None:
    domain = Leaky(told)
    with pytest.raises(LeakError, match=PROBLEMS[0].id):
        leak.check_prompt(domain, PROBLEMS[0], domain.prompt(PROBLEMS[0]), "here")


@pytest.mark.parametrize("form", [f for f in FORMS if f.name != "none"], ids=lambda form: form.name)
def test_feedback_in_a_student_prompt_is_a_leak(form: PIForm) -> None:
    domain, about = Leaky(""), PROBLEMS[0]
    plain = domain.prompt(about)
    leak.check_prompt(domain, about, plain, "here")
    pi = render(form, about)
    assert pi is not None
    for told in (feedback.retry(plain, [("x", pi)]), feedback.teach(plain, pi)):
        with pytest.raises(LeakError, match="plain prompt"):
            leak.check_prompt(domain, about, told.messages, "here")
