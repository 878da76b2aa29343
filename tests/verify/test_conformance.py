"""The conformance kit finds the holes that verifiers are left with, and lets a sound one pass."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest

from pidistill.contracts import About, Case, DataSource, Domain, PIForm, Verifier
from pidistill.records import JSON, PI, Message, Messages, Problem, Reveals, Status, Verdict
from pidistill.verify.conformance import Conformance, Level, check_domain

Judge = Callable[[Problem, str], bool]
PROBLEMS = [Problem(f"p{n}", "sums", f"What is {n}+{n + 7}?", str(2 * n + 7)) for n in range(1, 40)]


def last_word(problem: Problem, text: str) -> bool:
    words = text.split()
    return bool(words) and words[-1] == problem.reference


class Sums(Domain):
    """A sound domain, but for what a test changes."""

    name = "sums"

    def datasets(self) -> Mapping[str, str]:
        return {"sums": "sums"}

    def problems(self, source: DataSource) -> Iterator[Problem]:
        yield from PROBLEMS

    def prompt(self, problem: Problem) -> Messages:
        return (Message("user", problem.prompt),)

    def open_verifier(self, config: Mapping[str, JSON], sandbox: object = None) -> Verifier:
        raise NotImplementedError

    def oracle(self, problem: Problem) -> str | None:
        return f"It is {problem.reference}"

    def cases(self) -> Sequence[Case]:
        return [Case("right", PROBLEMS[0], "It is 9", frozenset({Status.PASS}))]


class Pool:
    """What the kit asks of a pool, in this process."""

    identity = "sums@1"

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def verify(self, items: Sequence[tuple[Problem, str]]) -> Iterator[tuple[int, Verdict]]:
        yield from enumerate(self.verify_all(items))

    def verify_all(self, items: Sequence[tuple[Problem, str]]) -> list[Verdict]:
        return [self._verdict(problem, text) for problem, text in items]

    def _verdict(self, problem: Problem, text: str) -> Verdict:
        try:
            passed = self.judge(problem, text)
        except (ValueError, RecursionError) as error:
            return Verdict(Status.ERROR, reason=str(error))
        return Verdict(Status.PASS if passed else Status.FAIL, float(passed))


@dataclass(frozen=True)
class Blabbing(PIForm):
    """Says that it tells nothing, and tells the answer."""

    name = "blabbing"
    reveals = Reveals.NOTHING

    def render(self, about: About) -> PI | None:
        return self.pi(f"Think of {about.problem.reference}.")


@dataclass(frozen=True)
class Fickle(PIForm):
    """Uses a chance of its own."""

    name = "fickle"
    reveals = Reveals.NOTHING

    def render(self, about: About) -> PI | None:
        return self.pi(str(random.random()))


def check(
    judge: Judge = last_word, domain: Domain | None = None, forms: Mapping[str, PIForm] | None = None,
    load: Callable[[], Sequence[Problem]] = lambda: PROBLEMS,
) -> Conformance:  # fmt: skip
    return check_domain(domain or Sums(), load, forms or {}, Pool(judge))  # type: ignore[arg-type]


def test_a_sound_domain_has_no_hole_and_every_level_was_tried() -> None:
    report = check()
    assert report.ok and not report.holes
    assert all(count for level, count in report.tried.items() if level is not Level.FORMS)


HOLES: dict[str, tuple[Judge, str]] = {
    "the reference anywhere in the text": (lambda p, t: str(p.reference) in t.split(), "in either order"),
    "any of several answers": (lambda p, t: f"is {p.reference}" in t, "other answers around its own"),
    "what it is told": (lambda p, t: last_word(p, t) or "PASS" in t, "claims: 'PASS'"),
    "whatever is empty": (lambda p, t: last_word(p, t) or not t.strip(), "empty text must not pass"),
    "half a question": (lambda p, t: last_word(p, t) or t.startswith("What"), "half of the prompt"),
    "no blank line behind": (lambda p, t: last_word(p, t) and not t.endswith("\n\n"), "blank lines around"),
    "one kind of line end": (lambda p, t: last_word(p, t) and "\r" not in t, "Windows' line ends"),
    "small texts only": (lambda p, t: (int(len(t) < 10_000) and last_word(p, t)) or _too_long(t), "not judged: "),
    "decimal digits only": (lambda p, t: bool(int(t.split()[-1] or 0) and last_word(p, t)), "not judged: "),
}


def _too_long(text: str) -> bool:
    if len(text) >= 10_000:
        raise ValueError("too long for me")
    return False


@pytest.mark.parametrize("name", HOLES)
def test_a_hole_is_found_and_named(name: str) -> None:
    judge, says = HOLES[name]

    def guarded(problem: Problem, text: str) -> bool:
        return bool(judge(problem, text)) if text.split() or name == "whatever is empty" else False

    report = check(guarded)
    assert not report.ok
    assert any(says in found.what for found in report.holes), [found.what for found in report.holes]


def test_a_verifier_that_remembers_is_found() -> None:
    seen = set[str]()

    def judge(problem: Problem, text: str) -> bool:
        first = problem.id not in seen
        seen.add(problem.id)
        return last_word(problem, text) or (not first and text == "N/A")

    assert any(found.level in (Level.AGAIN, Level.PROBES) for found in check(judge).holes)

    calls = 0

    def tiring(problem: Problem, text: str) -> bool:
        nonlocal calls
        calls += 1
        return last_word(problem, text) and calls < 700

    assert any(found.level is Level.AGAIN for found in check(tiring).holes)


def test_a_prompt_that_holds_the_answer_is_found() -> None:
    class Telling(Sums):
        def prompt(self, problem: Problem) -> Messages:
            return (Message("user", f"{problem.prompt} ({problem.reference})"),)

    assert {found.level for found in check(domain=Telling()).holes} >= {Level.CONTRACT}


def test_problems_that_change_or_share_an_id_are_found() -> None:
    orders = iter([PROBLEMS, PROBLEMS[::-1]])
    assert "asked for again" in check(load=lambda: next(orders)).holes[0].what
    twins = [*PROBLEMS, replace(PROBLEMS[0], prompt="What is it?")]
    assert "share an id" in check(load=lambda: twins).holes[0].what


def test_a_case_that_comes_out_otherwise_is_found() -> None:
    class Mistaken(Sums):
        def cases(self) -> Sequence[Case]:
            return [Case("wrong", PROBLEMS[0], "9", frozenset({Status.FAIL}), "nine is not nine")]

    (found,) = check(domain=Mistaken()).holes
    assert found.level is Level.CASES and "case wrong must be FAIL: nine is not nine" in found.what


def test_forms_that_blab_are_noted_and_those_that_change_are_holes() -> None:
    report = check(forms={"blabbing": Blabbing(), "fickle": Fickle()})
    assert any("blabbing may give the answer away" in note.what for note in report.notes)
    assert {found.what for found in report.holes} == {"form fickle says something else when it is asked again"}


def test_answers_that_may_stand_side_by_side_are_not_fired_together() -> None:
    class Programs(Sums):
        answers_exclude_each_other = False

    assert check(lambda p, t: f"is {p.reference}" in t.replace("\n", " \n"), Programs()).ok


def test_nothing_to_try_is_no_success() -> None:
    class Unknown(Sums):
        def oracle(self, problem: Problem) -> str | None:
            return None

    assert not check(domain=Unknown()).ok
