"""Every recipe of the core runs to its end, and what it trains on is what its definition says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidistill import loop
from pidistill.discovery import Kind
from pidistill.plugins import Manager
from pidistill.recipes import list_recipes, recipe_config
from pidistill.store.store import Store
from pidistill.verify.pool import VerifierPool
from tests.core.addition import Practice, SkilledEngine, base_model, make_cell

CORE = sorted(Manager([]).specs(Kind.RECIPE))
FEW = ["train.steps=2", "train.batch_size=4", "train.refresh_every=1", "train.draw_limit=40"]


def run(recipe: str, store: Store, pool: VerifierPool, tmp_path: Path) -> tuple[loop.Outcome, Practice]:
    distils = Practice(on_policy=True)
    engine = SkilledEngine(base_model(tmp_path / "model"))
    cell = make_cell(store, pool, engine, Practice(), recipe, sets=FEW, objectives={"opsd": distils})
    return loop.run_cell(cell), distils


@pytest.mark.parametrize("recipe", CORE)
def test_a_recipe_runs_to_its_end_and_takes_its_steps(
    recipe: str, store: Store, pool: VerifierPool, tmp_path: Path
) -> None:
    outcome, _ = run(recipe, store, pool, tmp_path)
    for done in outcome.stages:
        assert done.examples > 0 and not done.steps.short
        assert done.steps.asked in (None, done.steps.taken)
    assert outcome.after and store.rollouts.duplicates == 0


def test_every_recipe_says_what_it_is_where_from_and_what_was_published() -> None:
    names = {recipe.name for recipe in list_recipes()}
    for recipe in list_recipes():
        assert recipe.summary and recipe.definition and recipe.source and recipe.published
        assert set(recipe.control_for) | set(recipe.controls) <= names


def test_a_solved_and_an_unsolved_problem_teach_the_shortest_sibling_s_recipe_nothing(
    store: Store, pool: VerifierPool, tmp_path: Path
) -> None:
    outcome, distils = run("ssopd", store, pool, tmp_path)
    attempts = outcome.trained_on
    for example in (example for job in distils.jobs for example in job.examples):
        group = [a for a in attempts if a.problem.id == example.problem_id]
        failing = [a for a in group if a.failed]
        made = next(a for a in group if a.rollout.id == example.rollout_id)
        assert made.failed and len(made.rollout.token_ids) == max(len(a.rollout.token_ids) for a in failing)
        assert "A correct solution" in str(example.teacher_messages)


def test_world_feedback_never_shows_an_attempt_to_its_own_teacher_as_right(
    store: Store, pool: VerifierPool, tmp_path: Path
) -> None:
    outcome, distils = run("sdpo", store, pool, tmp_path)
    passed = {a.rollout.id: a.verdict.passed for a in outcome.trained_on}
    for example in (example for job in distils.jobs for example in job.examples):
        pi = store.pi.get(example.pi_id)
        assert pi is not None and pi.about == example.rollout_id
        if passed[example.rollout_id]:
            assert example.rollout_id not in pi.source_ids


def test_the_frontier_s_problems_are_solved_sometimes(store: Store, pool: VerifierPool, tmp_path: Path) -> None:
    outcome, distils = run("opsd-frontier", store, pool, tmp_path)
    for name in {example.problem_id for job in distils.jobs for example in job.examples}:
        passed = [a.verdict.passed for a in outcome.trained_on if a.problem.id == name]
        assert 0.125 <= sum(passed) / len(passed) <= 0.875


@pytest.mark.parametrize(("arm", "of"), [("opsd-other", "opsd"), ("star-wrong", "star-gold"), ("rejection", "retry")])
def test_a_control_names_what_it_controls(arm: str, of: str) -> None:
    assert of in recipe_config(arm).control_for
