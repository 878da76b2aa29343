"""The generated theorems: right proofs, hard to close with one tactic, and splits that can never meet."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest

from pidistill.errors import DataError
from pidistill.records import Problem
from pidistill_lean.domain import LeanDomain
from pidistill_lean.judge import errors
from pidistill_lean.pi import BUDGET_S
from pidistill_lean.protocol import Runtime
from pidistill_lean.skeleton import skeletons
from pidistill_lean.theorem_tasks import Task
from pidistill_lean.theorems import LEVELS, SPLITS, draw, problems, split_of, tasks
from pidistill_lean.verifier import LeanOptions, LeanVerifier, theorem_of

PINNED = [
    "theorem t (q s u : Prop) (h : q) : u ∨ s ∨ q",
    "theorem t : ∃ k : Nat, 8 * k + 11 = 67",
    "theorem t (xs : List Nat) (h : xs.length = 2) : ∃ k, ([2, 6] ++ xs ++ xs).length = 2 * k",
    "theorem t (f : Nat → Nat) (h0 : f 0 = 9) (h : ∀ n, f (n + 1) = f n + 4) (n : Nat) : f (n + 3) = 4 * n + 21",
    "theorem t (g : List Nat → Nat) (h0 : g [] = 17) (h : ∀ x xs, g (x :: xs) = g xs + 9) (xs : List Nat) : g xs ≠ 72",
]
"""The statements of the first problems of `test` at seed 0."""


def sample(count: int) -> list[Problem]:
    """Problems of all splits and levels."""
    return [p for split in SPLITS for p in problems(split, seed=17, limit=count // len(SPLITS))]


def following(drawn: list[Problem]) -> list[Problem]:
    """For each problem the next one of its level."""
    return [*drawn[len(LEVELS) :], *drawn[: len(LEVELS)]]


@pytest.fixture(scope="module")
def ungraded(lean: Runtime) -> LeanVerifier:
    """Does not look at the sub-goals of what fails, which takes longer than all else."""
    return LeanVerifier(LeanOptions(budget_s=60.0, graded=False), lean)


def test_every_reference_proof_passes_and_never_proves_the_next_theorem(
    verifier: LeanVerifier, ungraded: LeanVerifier
) -> None:
    domain, drawn = LeanDomain(), sample(80)
    for problem, other in zip(drawn, following(drawn), strict=True):
        assert ungraded.verify(problem, str(domain.oracle(problem))).passed, problem.solution
        verdict = ungraded.verify(problem, str(domain.oracle(other)))
        assert verdict.status.judged and not verdict.passed, (problem.prompt, other.prompt)
        if problem in drawn[:: len(LEVELS) + 1]:  # of every level, in turn
            assert verifier.verify(problem, str(domain.oracle(other))).score < 1.0


def test_every_skeleton_elaborates_with_nothing_worse_than_sorry(lean: Runtime) -> None:
    for problem in sample(80):
        theorem = theorem_of(problem)
        assert theorem is not None and problem.solution is not None
        texts = list(skeletons(problem.solution, lean.outline(problem.solution, BUDGET_S)))
        assert bool(texts) == (problem.level != 1)
        checks = [lean.check(theorem, text, BUDGET_S) for text in texts]
        assert not texts or any(not errors(check.messages) and check.type_matches for check in checks), texts


@pytest.mark.parametrize("tactic", ["grind", "omega", "simp_all"])
def test_no_closing_tactic_proves_more_than_about_a_third_of_a_level(tactic: str, ungraded: LeanVerifier) -> None:
    for level in (2, 3, 4, 5):
        drawn = [p for p in problems("train", seed=23, limit=300) if p.level == level]
        closed, most = 0, int(0.4 * len(drawn))
        for left, problem in zip(reversed(range(1, len(drawn) + 1)), drawn, strict=True):
            if closed + left <= most:
                break  # whatever the rest would say
            closed += ungraded.verify(problem, f"```lean4\n{problem.prompt.replace('sorry', tactic)}\n```").passed
        assert closed <= most


def test_statements_and_proofs_are_short_and_the_prompt_holds_no_proof() -> None:
    for problem in sample(1200):
        statement, solution = str(problem.reference), str(problem.solution)
        assert len(statement) <= 180 and statement.endswith(" := by\n  sorry")
        assert solution.startswith(statement.removesuffix("\n  sorry"))
        assert len(solution.split("\n")) <= 8
        assert ("have" in solution) == (problem.level != 1)
        (message,) = LeanDomain().prompt(problem)
        assert statement in message.content and "have" not in message.content
        assert message.content.count("\n```") == 2


def test_no_two_splits_share_a_statement_whatever_the_seeds_or_the_names() -> None:
    keys = {
        split: {one.task.key for seed in range(3) for one in tasks(split, seed, min(500, part.most))}
        for split, part in SPLITS.items()
    }
    for one, other in itertools.combinations(keys.values(), 2):
        assert not one & other


def test_renaming_variables_changes_no_split() -> None:
    one = Task("", "(p q : Prop) (h1 : p → q) (h2 : p)", "q", ("exact h1 h2",))
    other = Task("", "(r s : Prop) (h1 : s → r) (h2 : s)", "r", ("exact h1 h2",))
    third = Task("", "(p q : Prop) (h1 : p → q) (h2 : q)", "q", ("exact h2",))
    assert one.key == other.key != third.key
    assert split_of(one) == split_of(other)


@pytest.mark.parametrize(("split", "most"), [(name, split.most) for name, split in SPLITS.items()])
def test_all_problems_of_a_split_are_different_and_levels_even(split: str, most: int) -> None:
    drawn = list(problems(split))
    assert len(drawn) == most == len({p.prompt_hash for p in drawn}) == len({p.id for p in drawn})
    assert set(Counter(p.level for p in drawn).values()) == {most // len(LEVELS)}


def test_every_kind_comes_in_every_split_and_none_makes_up_most_of_a_level() -> None:
    kinds = {kind.__name__ for level in LEVELS.values() for kind in level}
    for split in SPLITS:
        drawn = Counter((one.level, one.task.kind) for one in tasks(split, seed=1))
        assert {kind for _, kind in drawn} == kinds
        most = 0.55 * SPLITS[split].most / len(LEVELS)
        for level in LEVELS:
            assert max(count for (at, _), count in drawn.items() if at == level) <= most


def test_there_are_thousands_of_theorems_at_every_level() -> None:
    for level in LEVELS:
        rng = random.Random(level)
        assert len({draw(level, rng).key for _ in range(5000)}) > 2000


def test_a_seed_always_gives_the_same_problems_and_another_seed_others() -> None:
    first = list(problems("train", seed=5, limit=50))
    assert first == list(problems("train", seed=5, limit=50)) == list(problems("train", seed=5, limit=80))[:50]
    assert first != list(problems("train", seed=6, limit=50))


def test_a_problem_stays_what_it_was() -> None:
    """Problems are part of every key in a store: if this fails, raise the revision in `SOURCE`."""
    assert [p.prompt.removesuffix(" := by\n  sorry") for p in problems("test", limit=5)] == PINNED


def test_a_misspelt_split_and_too_large_a_limit_are_errors_that_say_what_is_right() -> None:
    with pytest.raises(DataError, match="Did you mean 'train'"):
        next(problems("trian"))
    with pytest.raises(DataError, match="at most 1000"):
        next(problems("test", limit=1001))


def test_the_embedded_default_names_disjoint_splits_once_its_model_is_there() -> None:
    default = LeanDomain().embedded()
    if default is not None:
        assert default.train.split != default.evaluate.split
        for source in (default.train, default.evaluate):
            assert source.limit is not None and source.limit <= SPLITS[source.split].most
