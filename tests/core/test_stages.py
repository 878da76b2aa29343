"""Stages, turns and schedules: data, each stage evaluated, and as many steps as were asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pidistill import loop
from pidistill.errors import StarvedError, UsageError
from pidistill.recipes import run_config
from pidistill.store.ledger import ledger
from pidistill.store.store import Store
from pidistill.verify.pool import VerifierPool
from tests.core.addition import Practice, SkilledEngine, base_model, make_cell

TWO = """
summary = "Train on what passes, then distil."
[rollouts]
retries = 1
[[stages]]
name = "revise"
train = {objective = "practice"}
[[stages]]
name = "distil"
rollouts = {retries = 0}
examples = {keep = "all", teacher_form = "gold"}
train = {objective = "mimic", steps = 5, refresh_every = 2, batch_size = 4}
"""
THREE_ROUNDS = """
summary = "Three rounds."
[rollouts]
retries = 1
rounds = 3
"""


def recipe(tmp_path: Path, text: str = TWO) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


def test_stages_run_in_order_each_from_the_last_one_s_weights_and_each_evaluated(
    store: Store, pool: VerifierPool, engine: SkilledEngine, tmp_path: Path
) -> None:
    first, second = Practice(), Practice(on_policy=True)
    cell = make_cell(store, pool, engine, first, recipe(tmp_path), objectives={"mimic": second})
    outcome = loop.run_cell(cell)
    assert [done.stage.name for done in outcome.stages] == ["revise", "distil"]
    assert [done.steps.taken for done in outcome.stages] == [1, 5]
    assert len(first.jobs) == 1 and [len(job.examples) for job in second.jobs] == [8, 8, 4]
    revised = outcome.stages[0].model.revision
    assert second.jobs[0].model.revision == revised and second.jobs[0].resume_from is None
    assert all(job.resume_from is not None for job in second.jobs[1:])
    assert {a.rollout.model_revision for a in outcome.stages[0].after} == {revised}
    assert {a.rollout.model_revision for a in outcome.after} == {outcome.model.revision} != {revised}
    places = [(use.stage, use.turn, use.arrow) for use in store.uses(cell.id) if use.kind == "rollout"]
    assert places == [
        ("", 0, "evaluate before"), ("revise", 1, "first attempts"), ("revise", 1, "retry 1"),
        ("revise", 0, "evaluate after"), ("distil", 1, "first attempts"), ("distil", 2, "first attempts"),
        ("distil", 3, "first attempts"), ("distil", 0, "evaluate after"),
    ]  # fmt: skip


def test_what_is_set_for_the_run_holds_in_every_stage_and_what_is_set_for_a_stage_in_that_one(tmp_path: Path) -> None:
    path = recipe(tmp_path)
    sets = ["train.batch_size=3", "stages.distil.train.batch_size=2", "recipe.rollouts.samples=2"]
    revise, distil = run_config(path, "sums", sets=sets).stages
    assert (revise.train.batch_size, distil.train.batch_size) == (3, 2)
    assert (revise.rollouts.samples, distil.rollouts.samples) == (2, 2)
    assert (revise.rollouts.retries, distil.rollouts.retries) == (1, 0)
    assert distil.train.steps == 5
    with pytest.raises(UsageError, match="Did you mean 'distil'"):
        run_config(path, "sums", sets=["stages.distill.train.lr=1"])
    with pytest.raises(UsageError, match="one stage"):
        run_config("retry", "sums", sets=["stages.distil.train.lr=1"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('summary=""\n[[stages]]\nname="a"\n[[stages]]\nname="a"\n', "two stages are called 'a'"),
        ('summary=""\n[[stages]]\nname="A b"\n', "name"),
        ('summary=""\n[[stages]]\nname="a"\ntrain={bacth_size=3}\n', "batch_size"),
        ('summary=""\n[[stages]]\nname="a"\nrolouts={retries=3}\n', "rollouts"),
    ],
)
def test_a_slip_in_a_stage_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        run_config(recipe(tmp_path, text), "sums")
    assert said in str(error.value)


class Killed(BaseException):
    """Stands for SIGKILL."""


@pytest.mark.parametrize("text", [TWO, THREE_ROUNDS], ids=["two stages", "three rounds"])
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 20), min_size=1, max_size=10))
def test_a_staged_cell_killed_anywhere_ends_as_if_it_had_not_been(
    pool: VerifierPool, tmp_path_factory: pytest.TempPathFactory, text: str, kills: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    path = recipe(folder, text)

    def run(name: str, kill_after: int | None) -> tuple[object, ...]:
        engine = SkilledEngine(base_model(folder / "model"))
        if kill_after is not None:
            countdown = iter(range(kill_after))

            def before_batch() -> None:
                if next(countdown, None) is None:
                    raise Killed

            engine.before_batch = before_batch
        with Store(folder / name) as store:
            objectives = {"mimic": Practice(on_policy=True)}
            cell = make_cell(store, pool, engine, Practice(), path, objectives=objectives)
            outcome = loop.run_cell(cell)
            assert store.rollouts.duplicates == 0 == store.verdicts.duplicates
            evaluations = [[a.rollout for a in done.after] for done in outcome.stages]
            return evaluations, outcome.model.revision, ledger(store, [cell.id])

    undisturbed = run("undisturbed", None)
    for kill_after in kills:
        with pytest.raises(Killed):
            run("killed", kill_after)
            raise Killed  # it had less left to do than that
    assert run("killed", None) == undisturbed


def opsd(*sets: str) -> list[str]:
    return ["train.objective=mimic", "train.batch_size=4", "train.refresh_every=3", *sets]


@pytest.mark.parametrize("keep", ["correct", "incorrect", "frontier:low=0,high=0.4", "all"])
def test_an_on_policy_recipe_takes_exactly_the_steps_asked_for_whatever_its_selector_leaves_out(
    store: Store, pool: VerifierPool, engine: SkilledEngine, keep: str
) -> None:
    objective = Practice(on_policy=True)
    sets = opsd("train.steps=7", f'recipe.examples.keep="{keep}"')
    outcome = loop.run_cell(make_cell(store, pool, engine, objective, "opsd", sets=sets))
    (done,) = outcome.stages
    assert (done.steps.asked, done.steps.taken) == (7, 7)
    assert [len(job.examples) for job in objective.jobs] == [12, 12, 4]
    passed = {a.rollout.id: a.verdict.passed for a in done.attempts}
    if keep in ("correct", "incorrect"):
        assert {passed[e.rollout_id] for job in objective.jobs for e in job.examples} == {keep == "correct"}
    drawn = [a.rollout.id for a in done.attempts]
    assert len(drawn) == len(set(drawn)) <= done.steps.limit


def test_nothing_left_out_draws_nothing_more(store: Store, pool: VerifierPool, engine: SkilledEngine) -> None:
    sets = opsd("train.steps=6")
    outcome = loop.run_cell(make_cell(store, pool, engine, Practice(on_policy=True), "opsd", sets=sets))
    assert outcome.stages[0].steps.drawn == 24 == len(outcome.trained_on)


def test_steps_that_the_bound_does_not_allow_are_counted_and_said(
    store: Store, pool: VerifierPool, engine: SkilledEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    sets = opsd("train.steps=30", "train.draw_limit=1", "recipe.examples.keep=correct")
    cell = make_cell(store, pool, engine, Practice(on_policy=True), "opsd", sets=sets)
    monkeypatch.setattr(cell.progress, "note", notes.append)
    (done,) = loop.run_cell(cell).stages
    assert 0 < done.steps.taken < 30 and done.steps.drawn == done.steps.limit == 120
    assert any(f"{done.steps.taken} of 30 steps were taken" in note and "draw_limit" in note for note in notes)


def test_problems_that_never_pass_end_with_a_line_and_no_shorter_run(
    store: Store, pool: VerifierPool, tmp_path: Path
) -> None:
    hopeless = SkilledEngine(base_model(tmp_path / "hopeless", skill=-1.0))
    objective = Practice(on_policy=True)
    sets = opsd("train.steps=4", "recipe.examples.keep=correct")
    with pytest.raises(StarvedError, match=r"none of the 4 steps could be taken.*'correct' kept none") as error:
        loop.run_cell(make_cell(store, pool, hopeless, objective, "opsd", sets=sets))
    assert error.value.exit_code not in (0, 1, 2) and "draw_limit" in error.value.hint
    assert not objective.jobs and len(hopeless.sampled) <= 8 * 16 + 30
