"""The loop does what a recipe says, pays for nothing twice, and resumes from any moment to the same outcome."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pidistill import loop
from pidistill.contracts import Group
from pidistill.errors import LeakError, OverlapError, VerifierError
from pidistill.plugins import get_manager
from pidistill.records import Status, Verdict
from pidistill.store.ledger import ledger
from pidistill.store.store import Store
from pidistill.verify.opener import Opener
from pidistill.verify.pool import VerifierPool
from tests.core.addition import Addition, Practice, SkilledEngine, base_model, make_cell, opener


def test_retry_trains_on_passes_of_the_plain_prompt(store: Store, pool: VerifierPool, engine: SkilledEngine) -> None:
    objective = Practice()
    cell = make_cell(store, pool, engine, objective)
    outcome = loop.run_cell(cell)
    (job,) = objective.jobs
    firsts = [a for a in outcome.trained_on if a.rollout.attempt == 0]
    again = [a for a in outcome.trained_on if a.rollout.attempt == 1]
    assert len(firsts) == len(cell.train_problems)
    assert {a.rollout.parent_id for a in again} == {a.rollout.id for a in firsts if not a.verdict.passed}
    assert {e.rollout_id for e in job.examples} == {a.rollout.id for a in outcome.trained_on if a.verdict.passed}
    prompts = {p.id: cell.domain.prompt(p) for p in cell.train_problems}
    assert all(e.student_messages == prompts[e.problem_id] for e in job.examples)
    assert any(e.rollout_id in {a.rollout.id for a in again} for e in job.examples)


@pytest.mark.parametrize(
    ("recipe", "told"), [("retry", "That was wrong. Try again."), ("star-gold", "The correct answer is {own}.")]
)
def test_the_retry_prompt_tells_what_the_recipe_says(
    store: Store, pool: VerifierPool, engine: SkilledEngine, recipe: str, told: str
) -> None:
    cell = make_cell(store, pool, engine, Practice(), recipe)
    for attempt in loop.run_cell(cell).trained_on:
        last = attempt.rollout.messages[-1].content
        if attempt.rollout.attempt:
            assert told.format(own=attempt.problem.reference) in last
        else:
            assert attempt.rollout.messages == cell.domain.prompt(attempt.problem)


def test_a_first_attempt_sees_the_pi_that_the_recipe_names_and_training_does_not(
    store: Store, pool: VerifierPool, engine: SkilledEngine
) -> None:
    objective = Practice()
    cell = make_cell(store, pool, engine, objective, sets=["recipe.rollouts.first_form=gold"])
    outcome = loop.run_cell(cell)
    for attempt in outcome.trained_on:
        told = f"The correct answer is {attempt.problem.reference}." in attempt.rollout.messages[-1].content
        assert told == (attempt.rollout.attempt == 0)
    (job,) = objective.jobs
    prompts = {p.id: cell.domain.prompt(p) for p in cell.train_problems}
    assert job.examples and all(e.student_messages == prompts[e.problem_id] for e in job.examples)
    assert all(a.rollout.messages == cell.domain.prompt(a.problem) for a in (*outcome.before, *outcome.after))


def test_k_retries_see_all_earlier_failures(store: Store, pool: VerifierPool, engine: SkilledEngine) -> None:
    cell = make_cell(store, pool, engine, Practice(), sets=["recipe.rollouts.retries=3"])
    attempts = loop.run_cell(cell).trained_on
    by_id = {a.rollout.id: a for a in attempts}
    assert {a.rollout.attempt for a in attempts} == {0, 1, 2, 3}
    for attempt in attempts:
        failures, parent = [], attempt.rollout.parent_id
        while parent:
            failures.append(by_id[parent].rollout.completion)
            assert not by_id[parent].verdict.passed
            parent = by_id[parent].rollout.parent_id
        said = [m.content for m in attempt.rollout.messages if m.role == "assistant"]
        assert said == failures[::-1] and len(failures) == attempt.rollout.attempt


def test_a_round_starts_from_the_last_rounds_weights(store: Store, pool: VerifierPool, engine: SkilledEngine) -> None:
    objective = Practice()
    outcome = loop.run_cell(make_cell(store, pool, engine, objective, sets=["recipe.rollouts.rounds=3"]))
    revisions = [job.model.revision for job in objective.jobs]
    assert len(revisions) == 3 == len(set(revisions))
    assert {a.rollout.model_revision for a in outcome.trained_on} == set(revisions)
    assert {a.rollout.model_revision for a in outcome.after} == {outcome.model.revision}
    assert all(job.resume_from is None for job in objective.jobs)


def test_on_policy_training_samples_from_the_current_student(
    store: Store, pool: VerifierPool, engine: SkilledEngine
) -> None:
    objective = Practice(on_policy=True)
    sets = ["train.steps=7", "train.refresh_every=3", "train.batch_size=4", "train.objective=practice"]
    loop.run_cell(make_cell(store, pool, engine, objective, "opsd", sets=sets))
    assert [len(job.examples) for job in objective.jobs] == [12, 12, 4]
    assert [job.resume_from is None for job in objective.jobs] == [True, False, False]
    for job in objective.jobs:
        assert job.resume_from is None or str(job.resume_from) == job.model.base
        for example in job.examples:
            sampled = store.rollouts.get(example.rollout_id)
            assert sampled is not None and sampled.model_revision == job.model.revision
            assert example.teacher_messages is not None and "The correct answer" in example.teacher_messages[-1].content
            assert "correct answer" not in example.student_messages[-1].content
    seen = [e.problem_id for job in objective.jobs for e in job.examples]
    assert len(seen) == len(set(seen)), "no problem comes twice before all have come once"


def test_a_problem_that_comes_twice_in_a_slice_is_sampled_twice(
    store: Store, pool: VerifierPool, engine: SkilledEngine
) -> None:
    sets = ["train.steps=3", "train.refresh_every=3", "train.batch_size=20", "train.objective=practice"]
    outcome = loop.run_cell(make_cell(store, pool, engine, Practice(on_policy=True), "opsd", sets=sets))
    assert len(outcome.trained_on) == 60 == len({a.rollout.id for a in outcome.trained_on})
    assert len({a.problem.id for a in outcome.trained_on}) == 40


@pytest.mark.parametrize("keep", ["first", "retry", "first+retry", "all", "correct", "incorrect"])
@pytest.mark.parametrize("status", [Status.ERROR, Status.ABSTAIN])
def test_what_was_not_judged_is_never_trained_on_nor_retried(
    keep: str, status: Status, store: Store, pool: VerifierPool, engine: SkilledEngine
) -> None:
    outcome = loop.run_cell(make_cell(store, pool, engine, Practice()))
    unjudged = replace(outcome.before[0], verdict=Verdict(status))
    selector = get_manager().selector(keep)
    assert not [c for c in selector.select(Group(unjudged.problem, [unjudged])) if c.weight > 0]
    assert not unjudged.failed


def ailing(sums: Iterable[int], folder: Path) -> Opener:
    file = folder / "sums"
    file.write_text(" ".join(f"{n}+{n}" for n in sums))
    return Opener("addition", {"sums": str(file)}, verifier="tests.core.addition:Ailing")


def test_errors_in_a_row_stop_a_run_before_it_trains_on_what_is_left(
    store: Store, engine: SkilledEngine, tmp_path: Path
) -> None:
    objective = Practice()
    with VerifierPool(ailing(range(1, 41), tmp_path), workers=1) as broken:
        cell = make_cell(store, broken, engine, objective)
        with pytest.raises(VerifierError, match=r"20 problems in a row are ERROR.*the lights went out"):
            loop.run_cell(cell)
    assert objective.jobs == []
    assert {entry.record.status for entry in store.verdicts.entries()} <= {Status.PASS, Status.FAIL, Status.NO_ANSWER}


def test_some_errors_do_not_stop_a_run_and_are_tried_again_by_the_next(
    store: Store, engine: SkilledEngine, tmp_path: Path
) -> None:
    objective = Practice()
    with VerifierPool(ailing([3, 4, 5], tmp_path), workers=1) as broken:
        cell = make_cell(store, broken, engine, objective)
        attempts = [a for a in loop.run_cell(cell).trained_on if a.verdict.status is Status.ERROR]
        assert {a.problem.prompt for a in attempts} == {"3+3", "4+4", "5+5"}
    with VerifierPool(ailing([], tmp_path), workers=1) as mended:
        again = replace(cell, pool=mended)
        assert all(a.verdict.status.judged for a in loop.run_cell(again).trained_on)


def test_a_graded_recipe_trains_on_scores_above_its_bound_and_weights_by_them(
    store: Store, engine: SkilledEngine
) -> None:
    objective = Practice()
    with VerifierPool(replace(opener(), wrappers=("graded",)), workers=1) as graded:
        cell = make_cell(store, graded, engine, objective, "graded")
        outcome = loop.run_cell(cell)
    (job,) = objective.jobs
    scores = {a.rollout.id: a.verdict.score for a in outcome.trained_on}
    bound = 0.3
    assert {e.rollout_id for e in job.examples} == {name for name, score in scores.items() if score > bound}
    assert all(e.weight == scores[e.rollout_id] for e in job.examples)
    assert {0 < e.weight < 1 for e in job.examples} == {True, False}


def test_arms_that_share_first_attempts_sample_them_once(
    store: Store, pool: VerifierPool, engine: SkilledEngine
) -> None:
    cells = [make_cell(store, pool, engine, Practice(), recipe) for recipe in ("retry", "star-gold", "rejection")]
    for cell in cells:
        loop.run_cell(cell)
    kept = [row for row in ledger(store, [cell.id for cell in cells]) if row.kind == "rollout"]
    rows = {(row.cell, row.arrow): (row.made, row.reused) for row in kept}
    first, held_out = "first attempts", "evaluate before"
    assert [rows[cell.id, first] for cell in cells] == [(40, 0), (0, 40), (0, 40)]
    assert [rows[cell.id, held_out] for cell in cells] == [(30, 0), (0, 30), (0, 30)]
    assert store.rollouts.duplicates == 0


def test_seeds_draw_differently_and_greedy_evaluation_does_not(
    store: Store, pool: VerifierPool, engine: SkilledEngine
) -> None:
    one, two = (loop.run_cell(make_cell(store, pool, engine, Practice(), seed=seed)) for seed in (1, 2))
    assert [a.rollout.id for a in one.before] == [a.rollout.id for a in two.before]
    assert not {a.rollout.id for a in one.trained_on} & {a.rollout.id for a in two.trained_on}


def test_overlap_stops_the_cell_before_anything_is_sampled(
    store: Store, pool: VerifierPool, engine: SkilledEngine
) -> None:
    cell = make_cell(store, pool, engine, Practice())
    shouted = replace(cell.held_out[0], id="again", prompt=f"  {cell.held_out[0].prompt} ")
    with pytest.raises(OverlapError, match="again"):
        loop.run_cell(replace(cell, train_problems=(*cell.train_problems, shouted)))
    assert not engine.sampled


def test_a_leaking_domain_trains_nothing(store: Store, pool: VerifierPool, engine: SkilledEngine) -> None:
    class Leaky(Addition):
        def prompt(self, problem):  # type: ignore[no-untyped-def]
            (message,) = super().prompt(problem)
            return (replace(message, content=f"{message.content} = {problem.reference}"),)

    objective = Practice()
    with pytest.raises(LeakError):
        loop.run_cell(replace(make_cell(store, pool, engine, objective), domain=Leaky()))
    assert not objective.jobs and not engine.sampled


def test_nothing_to_train_on_leaves_the_weights(store: Store, pool: VerifierPool, tmp_path: Path) -> None:
    hopeless = SkilledEngine(base_model(tmp_path / "hopeless", skill=-1.0))
    outcome = loop.run_cell(make_cell(store, pool, hopeless, Practice()))
    assert outcome.stages[0].examples == 0 and outcome.model == hopeless.base


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it, nothing is cleaned up."""


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 12), min_size=1, max_size=6))
def test_a_cell_killed_anywhere_ends_as_if_it_had_not_been(
    pool: VerifierPool, tmp_path_factory: pytest.TempPathFactory, kills: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    sets = ["recipe.rollouts.rounds=2", "recipe.rollouts.retries=2"]

    def run(name: str, kill_after: int | None) -> tuple[object, ...]:
        engine = SkilledEngine(base_model(folder / "model"))
        if kill_after is not None:
            countdown = iter(range(kill_after))

            def before_batch() -> None:
                if next(countdown, None) is None:
                    raise Killed

            engine.before_batch = before_batch
        with Store(folder / name) as store:
            cell = make_cell(store, pool, engine, Practice(), sets=sets)
            outcome = loop.run_cell(cell)
            assert store.rollouts.duplicates == 0
            return (
                [a.rollout for a in outcome.after], [a.verdict.status for a in outcome.after],
                outcome.model.revision, outcome.stages[0].examples, ledger(store, [cell.id]),
            )  # fmt: skip

    undisturbed = run("undisturbed", None)
    for kill_after in kills:
        with pytest.raises(Killed):
            run("killed", kill_after)
            raise Killed  # it had less left to do than that
    assert run("killed", None) == undisturbed
