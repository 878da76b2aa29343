"""Every recipe of the core runs to its end, and what it trains on is what its definition says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from pidistill import loop
from pidistill.checks import check_stage
from pidistill.discovery import Kind
from pidistill.errors import UsageError
from pidistill.groups import by_problem
from pidistill.pi.feedback import FAILURE_NOTICE, REPHRASE_REQUEST, RETRY_REQUEST
from pidistill.plugins import Manager, get_manager
from pidistill.recipes import list_recipes, recipe_config, run_config
from pidistill.select.selectors import All
from pidistill.store.store import Store
from pidistill.verify.pool import VerifierPool
from tests.core.addition import Practice, SkilledEngine, base_model, make_cell

CORE = sorted(Manager([]).specs(Kind.RECIPE))
ON_POLICY = ("opsd", "contrast", "unlikelihood", "grpo", "iprs")
BUDGET = 500
FEW = ["train.steps=2", "train.batch_size=8", "train.refresh_every=1", "train.draw_limit=40"]


def run(recipe: str, store: Store, pool: VerifierPool, tmp_path: Path) -> tuple[loop.Outcome, Practice]:
    distils = Practice(on_policy=True)
    engine = SkilledEngine(base_model(tmp_path / "model"))
    cell = make_cell(store, pool, engine, Practice(), recipe, sets=FEW, objectives=dict.fromkeys(ON_POLICY, distils))
    if cell.config.recipe.rollouts.matches:
        cell = replace(cell, matched="retry")
        store.cell_dir("retry").mkdir(parents=True)
        store.cells.write("retry", "cell.json", {})
        spent = {"generated_tokens": 300, "trained_tokens": BUDGET - 300}
        store.write_summary("retry", {"scores": {"training": spent}})
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
    used = [key for use in store.uses(outcome.cell) if use.kind == "rollout" for key in use.keys]
    attempts = [*outcome.before, *outcome.trained_on, *(a for done in outcome.stages for a in done.after)]
    assert {attempt.rollout.id for attempt in attempts} <= set(used), (
        "each is told by the ledger, whichever draw made it"
    )


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


def test_double_sampling_goes_on_where_nothing_passed_and_says_no_word_of_it(
    store: Store, pool: VerifierPool, tmp_path: Path
) -> None:
    outcome, _ = run("double", store, pool, tmp_path)
    groups = by_problem(outcome.trained_on)
    assert {len(group) for group in groups.values()} == {1, 17}
    for group in groups.values():
        assert len({a.rollout.messages for a in group}) == 1 and {a.rollout.attempt for a in group} == {0}
        assert len({a.rollout.sampling.seed for a in group}) == len(group)
        assert (len(group) == 1) == group[0].verdict.passed


def test_a_matched_arm_spends_the_other_arm_s_tokens_to_within_half_an_attempt(
    store: Store, pool: VerifierPool, tmp_path: Path
) -> None:
    outcome, _ = run("compute-matched", store, pool, tmp_path)
    attempts = outcome.trained_on
    spent = sum(len(a.rollout.token_ids) * (2 if a.verdict.passed else 1) for a in attempts)
    assert abs(spent - BUDGET) <= 2 * max(len(a.rollout.token_ids) for a in attempts)
    assert len({a.rollout.id for a in attempts}) == len(attempts)
    counts = [len(group) for group in by_problem(attempts).values()]
    assert max(counts) - min(counts) <= 1, "every problem gets its turn"


def test_an_arm_without_the_one_that_it_matches_is_an_error_that_says_what_to_run(
    store: Store, pool: VerifierPool, tmp_path: Path
) -> None:
    engine = SkilledEngine(base_model(tmp_path / "model"))
    with pytest.raises(UsageError, match="spends what 'retry' has spent") as error:
        loop.run_cell(make_cell(store, pool, engine, Practice(), "compute-matched"))
    assert "pidistill run retry compute-matched" in (error.value.hint or "") and not engine.sampled


def test_a_grid_of_temperatures_is_gone_through_for_every_problem(
    store: Store, pool: VerifierPool, tmp_path: Path
) -> None:
    outcome, _ = run("temp-uniform", store, pool, tmp_path)
    grid = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    for group in by_problem(outcome.trained_on).values():
        assert [a.rollout.sampling.temperature for a in group] == grid


def test_a_revision_of_what_passed_is_asked_for_once_and_not_called_wrong(
    store: Store, pool: VerifierPool, tmp_path: Path
) -> None:
    outcome, _ = run("sd-zero", store, pool, tmp_path)
    attempts = {a.rollout.id: a for a in outcome.stages[0].attempts}
    revisions = [a for a in attempts.values() if a.rollout.parent_id]
    firsts = [a for a in attempts.values() if not a.rollout.parent_id]
    assert sorted(str(a.rollout.parent_id) for a in revisions) == sorted(a.rollout.id for a in firsts)
    told = {attempts[str(a.rollout.parent_id)].verdict.passed: a.rollout.messages[-1].content for a in revisions}
    assert told == {True: REPHRASE_REQUEST, False: f"{FAILURE_NOTICE} {RETRY_REQUEST}"}


def test_a_contrast_has_two_prompts_that_differ_in_the_answer_alone(
    store: Store, pool: VerifierPool, tmp_path: Path
) -> None:
    _, learns = run("opsd-contrast", store, pool, tmp_path)
    for example in (example for job in learns.jobs for example in job.examples):
        assert example.teacher_messages and example.contrast_messages
        told, against = (m[-1].content.split() for m in (example.teacher_messages, example.contrast_messages))
        assert len(told) == len(against) and sum(a != b for a, b in zip(told, against, strict=True)) == 1


def test_advantages_of_a_problem_add_up_to_nothing_where_all_were_judged(
    store: Store, pool: VerifierPool, tmp_path: Path
) -> None:
    _, learns = run("grpo", store, pool, tmp_path)
    for job in learns.jobs:
        told = [example.advantage for example in job.examples]
        assert all(value is not None for value in told)
        assert sum(value or 0.0 for value in told) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["recipe.examples.contrast_form=none"], None),
        (["train.objective=contrast"], "compares two prompts"),
        (["train.objective=grpo"], "needs advantages"),
    ],
)
def test_an_objective_without_what_it_needs_is_an_error_before_anything_is_sampled(
    settings: list[str], says: str | None
) -> None:
    config = run_config("opsd", "math", sets=settings)
    cell = SimpleNamespace(
        config=config, forms={}, selectors={"all": All()},
        objective=lambda stage: get_manager().objective(stage.train.objective),
    )  # fmt: skip
    if says is None:
        check_stage(cell, config.stages[0])  # type: ignore[arg-type]
        return
    with pytest.raises(UsageError, match=says):
        check_stage(cell, config.stages[0])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arm", "of"),
    [
        ("grpo-coin", "grpo"),
        ("opsd-no-teacher", "opsd"),
        ("opsd-other", "opsd"),
        ("star-wrong", "star-gold"),
        ("rejection", "retry"),
    ],
)
def test_a_control_names_what_it_controls(arm: str, of: str) -> None:
    assert of in recipe_config(arm).control_for
