"""The PI forms: what each one tells, that it tells no more, and placebos of the right length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from pidistill.contracts import About, PIForm
from pidistill.pi.render import render
from pidistill.records import PI, Attempt, Problem, Reveals, Rollout, Sampling, Status, Verdict
from pidistill_lean import pi
from pidistill_lean.domain import LeanDomain
from pidistill_lean.protocol import Outline, Runtime, Step
from pidistill_lean.skeleton import first_half, skeletons
from pidistill_lean.theorems import problems


@pytest.fixture
def host_lean(lean: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The session's Lean in the place of the one that the forms would open."""
    monkeypatch.setattr(pi, "lean", lambda: lean)
    yield
    pi._skeleton.cache_clear()


def attempt(problem: Problem, diagnostics: str) -> Attempt:
    rollout = Rollout("r1", problem.id, (), "wrong", (), (), 0, Sampling(), "m", "e")
    return Attempt(problem, rollout, Verdict(Status.FAIL, diagnostics=diagnostics))


def told(form: PIForm, problem: Problem, others: Sequence[Problem] = (), diagnostics: str = "") -> PI | None:
    about = attempt(problem, diagnostics)
    return render(form, About(problem, about, [about], others, random.Random(3)))


def by_level(split: str, limit: int = 25) -> dict[int, list[Problem]]:
    found: dict[int, list[Problem]] = {}
    for problem in problems(split, seed=9, limit=limit):
        found.setdefault(problem.level or 0, []).append(problem)
    return found


# --- With Lean --------------------------------------------------------------------------------------------------------


def test_a_skeleton_has_the_references_steps_and_none_of_their_proofs(host_lean: None) -> None:
    for level, drawn in by_level("train").items():
        for problem in drawn:
            made = told(pi.HaveSkeleton(), problem)
            assert (made is None) == (level == 1)
            if made is None:
                continue
            assert made.reveals is Reveals.STRUCTURE
            assert str(problem.solution) not in made.text
            lines = made.text.split("\n")
            assert [line for line in lines if line.lstrip().startswith("have ")]
            assert all(line.endswith(":= by sorry") for line in lines if line.lstrip().startswith("have "))
            assert not {"exact", "omega", "rfl", "induction", "simp"} & set(made.text.split())


def test_another_skeleton_is_as_long_and_says_nothing_of_this_problem(host_lean: None) -> None:
    drawn = [p for p in problems("train", seed=9, limit=150) if p.level == 4]
    made = 0
    for problem in drawn[:12]:
        own, other = told(pi.HaveSkeleton(), problem), told(pi.OtherSkeleton(), problem, drawn)
        assert own is not None
        if other is None:
            continue
        made += 1
        assert other.source_ids != (problem.id,) and other.reveals is Reveals.NOTHING
        assert abs(len(other.text) - len(own.text)) <= 0.1 * len(own.text)
        own_steps = {line for line in own.text.split("\n") if "have" in line}
        assert not own_steps & set(other.text.split("\n"))
    assert made >= 10


def test_without_other_problems_there_is_no_placebo(host_lean: None) -> None:
    problem = by_level("train")[3][0]
    assert told(pi.OtherSkeleton(), problem) is None
    assert told(pi.OtherSkeleton(), problem, [problem]) is None


def test_half_a_proof_is_a_proper_part_of_it(host_lean: None) -> None:
    for level, drawn in by_level("train").items():
        made = told(pi.ProofHalf(), drawn[0])
        assert (made is None) == (level == 1)
        if made is not None:
            assert made.reveals is Reveals.SOLUTION
            shown = made.text.split("\n")[2:-3]
            solution = str(drawn[0].solution).split("\n")
            assert shown == solution[: len(shown)] and 1 < len(shown) < len(solution)


# --- Pure -------------------------------------------------------------------------------------------------------------

SOURCE = "theorem t : A := by\n  intro x\n  have h : B x := by\n    simp\n    omega\n  have k := h\n  exact k"


def _step(kind: str, text: str, name: str = "", stated: str = "", depth: int = 0) -> Step:
    start = SOURCE.index(text)
    end = start + len(text)
    return Step(kind, start, end, depth, name, start + len(stated) if kind == "have" else None)  # type: ignore[arg-type]


STEPS = (
    _step("other", "intro x"),
    _step("have", "have h : B x := by\n    simp\n    omega", "h", "have h : B x"),
    _step("other", "simp", depth=1),
    _step("other", "omega", depth=1),
    _step("have", "have k := h", "k", "have k"),
    _step("other", "exact k"),
)
OUTLINE = Outline((), SOURCE.index("intro"), STEPS)


def test_the_sparest_skeleton_comes_first_and_steps_that_bind_names_are_kept_in_the_second() -> None:
    assert list(skeletons(SOURCE, OUTLINE)) == [
        "theorem t : A := by\n  have h : B x := by sorry\n  sorry",
        "theorem t : A := by\n  intro x\n  have h : B x := by sorry\n  sorry",
    ]


def test_a_half_ends_between_steps() -> None:
    expected = "theorem t : A := by\n  intro x\n  have h : B x := by\n    simp\n    omega\n  sorry"
    assert first_half(SOURCE, OUTLINE) == expected


def test_a_proof_without_steps_has_neither() -> None:
    assert list(skeletons("theorem t : A := x", Outline((), None, ()))) == []
    assert first_half("theorem t : A := x", Outline((), None, ())) is None


TASK = Problem("a", "lean", "p", "p", "s")
ERRORS = (
    "Error in line 3, column 9: exact a\n  Type mismatch\n    a\n  has type\n    p\n"
    "Error in line 4, column 1: rfl\n  No\n"
)


def test_compiler_errors_are_told_word_for_word() -> None:
    made = told(pi.CompilerErrors(), TASK, diagnostics=ERRORS)
    assert made is not None and made.text == ERRORS and made.reveals is Reveals.DIAGNOSTIC
    assert told(pi.CompilerErrors(), TASK) is None


def test_the_first_error_is_told_in_one_sentence() -> None:
    made = told(pi.FirstError(), TASK, diagnostics=ERRORS)
    assert made is not None and made.text == "The first error is in line 3, column 9, at `exact a`: Type mismatch."
    assert told(pi.FirstError(), TASK, diagnostics="It rests on sorry.\n") is None


def test_every_form_is_registered_under_its_own_name_and_declares_what_it_needs() -> None:
    made = {spec.name: spec.load()() for spec in LeanDomain().pi_forms()}
    for name, form in made.items():
        assert isinstance(form, PIForm) and form.name == name
        assert (
            form.needs.solution == form.needs.reference == (name in ("have-skeleton", "other-skeleton", "proof-half"))
        )
    assert {form.placebo_for for form in made.values() if isinstance(form, PIForm)} == {None, "have-skeleton"}
