"""Roles: a hinter writes PI, a solver makes the retries, a teacher is measured; each is stored and paid for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pidistill import loop
from pidistill.cell import Speaker
from pidistill.contracts import Generation, Request
from pidistill.store.ledger import ledger
from pidistill.store.store import Store
from pidistill.suite.trace import trace
from pidistill.verify.pool import VerifierPool
from tests.core.addition import Practice, SkilledEngine, base_model, make_cell


class Hinter(SkilledEngine):
    """Writes a hint, and for some sums gives the answer away."""

    name = "hinter"

    def _answer(self, request: Request, skill: float) -> Generation:
        n = int(request.messages[0].content.split("+")[0])
        text = f"It is {n + n}." if n % 4 == 0 else "Add the number to itself. Then check the last digit. And breathe."
        return Generation(text, (1, 2, 3), (-0.1,) * 3, 9, False)


def test_a_hint_by_a_second_model_reaches_the_retry_is_stored_and_paid_for_and_refused_where_it_tells(
    store: Store, pool: VerifierPool, engine: SkilledEngine, tmp_path: Path
) -> None:
    hinter = Hinter(base_model(tmp_path / "hinter", skill=0.9))
    cell = make_cell(
        store, pool, engine, Practice(), sets=["recipe.rollouts.retry_form=hint"],
        speakers={"hinter": Speaker(hinter, hinter.base)},
    )  # fmt: skip
    outcome = loop.run_cell(cell)
    failed = [a for a in outcome.trained_on if a.failed and a.rollout.attempt == 0]
    retried = [a for a in outcome.trained_on if a.rollout.attempt == 1]
    assert len(hinter.sampled) == len(failed), "each failure is hinted at once"
    told = {a.problem.id for a in failed if int(a.problem.prompt.split("+")[0]) % 4}
    assert {a.problem.id for a in retried} == told, "a hint that holds the answer is no hint"
    for attempt in retried:
        said = attempt.rollout.messages[-1].content
        assert "A hint: Add the number to itself. Then check the last digit." in said and "breathe" not in said
        found = trace(store, attempt.rollout.id)
        (pi,) = found.pi
        assert (pi.form, pi.about, pi.problem_id) == ("hint", attempt.rollout.parent_id, attempt.problem.id)
        written = store.rollouts.get(pi.written_by)
        assert written is not None and written.role == "hinter" and written.model_revision == hinter.base.revision
    rows = {row.arrow: row for row in ledger(store, [cell.id]) if row.kind == "rollout"}
    assert rows["retry 1, hint"].made == len(failed) and rows["retry 1, hint"].completion_tokens_made == 3 * len(failed)
    again = loop.run_cell(cell)
    assert len(hinter.sampled) == len(failed) and again.model == outcome.model


def test_without_a_role_of_its_own_the_student_writes(store: Store, pool: VerifierPool, engine: SkilledEngine) -> None:
    cell = make_cell(store, pool, engine, Practice(), sets=["recipe.rollouts.retry_form=diagnosis"])
    loop.run_cell(cell)
    asked = [r for r in engine.sampled if "This attempt is wrong" in r.messages[-1].content]
    assert asked and all("first error" in request.messages[-1].content for request in asked)
    writers = {entry.record.role for entry in store.rollouts.entries()}
    assert writers == {"student"}


def test_a_solver_makes_the_retries_and_its_tokens_are_not_taken_for_the_student_s(
    store: Store, pool: VerifierPool, engine: SkilledEngine, tmp_path: Path
) -> None:
    solver = SkilledEngine(base_model(tmp_path / "solver", skill=1.0))
    objective = Practice()
    cell = make_cell(
        store, pool, engine, objective, sets=["recipe.rollouts.retry_role=solver"],
        speakers={"solver": Speaker(solver, solver.base)},
    )  # fmt: skip
    outcome = loop.run_cell(cell)
    retried = [a for a in outcome.trained_on if a.rollout.attempt == 1]
    assert retried and all(a.verdict.passed and a.rollout.role == "solver" for a in retried)
    by_rollout = {e.rollout_id: e for e in objective.jobs[0].examples}
    for attempt in outcome.trained_on:
        if attempt.verdict.passed:
            example = by_rollout[attempt.rollout.id]
            assert (example.token_ids == ()) == (attempt.rollout.role == "solver")
            assert example.completion == attempt.rollout.completion


def test_a_teacher_is_sampled_where_a_recipe_asks_and_a_selector_sees_its_pass_rate(
    store: Store, pool: VerifierPool, engine: SkilledEngine
) -> None:
    objective = Practice(on_policy=True)
    sets = [
        "train.objective=mimic", "train.steps=2", "train.batch_size=4", "train.refresh_every=2",
        "recipe.rollouts.samples=2", "recipe.rollouts.teacher_samples=3",
        'recipe.examples.keep="frontier:low=0,high=1,gap=0.3"',
    ]  # fmt: skip
    cell = make_cell(store, pool, engine, objective, "opsd", sets=sets)
    (done,) = loop.run_cell(cell).stages
    arrows = {use.arrow for use in store.uses(cell.id) if use.kind == "rollout"}
    assert "teacher attempts" in arrows
    asked = [r for r in engine.sampled if "correct answer" in r.messages[-1].content]
    assert len(asked) == 3 * done.steps.drawn
    rates = {}
    for attempt in done.attempts:
        rates.setdefault(attempt.problem.id, []).append(attempt.verdict.passed)
    chosen = {e.problem_id for job in objective.jobs for e in job.examples}
    assert chosen and all(sum(rates[name]) / len(rates[name]) <= 0.7 for name in chosen)


def test_two_engines_that_differ_in_what_rollouts_depend_on_share_none(
    store: Store, pool: VerifierPool, tmp_path: Path
) -> None:
    class Served(SkilledEngine):
        def __init__(self, where: str) -> None:
            super().__init__(base_model(tmp_path / "model"))
            self.where = where

        def identity(self):  # type: ignore[no-untyped-def]
            return {"base_url": self.where}

    ids = []
    for where in ("one", "two", "one"):
        engine = Served(where)
        cell = make_cell(store, pool, engine, Practice())
        before = loop.evaluate(cell, cell.base, cell.config.evaluate, loop.Where("", 0, "evaluate before"))
        ids.append({a.rollout.id for a in before})
        assert bool(engine.sampled) == (len(ids) < 3), "the third finds what the first has sampled"
    assert not ids[0] & ids[1] and ids[0] == ids[2]
    assert replace(cell, seed=1).id == cell.id
