"""Guards: each stops a run that deserves it, says what it saw and what to type, and lets a healthy one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from pidistill import loop
from pidistill.config import GuardConfig
from pidistill.contracts import Generation, Request
from pidistill.contracts.engine import silent
from pidistill.errors import GuardError
from pidistill.guards import Watch, check_base
from pidistill.records import Attempt, ModelRef, Status, Verdict
from pidistill.store.store import Store
from pidistill.verify.pool import VerifierPool
from tests.core.addition import Practice, SkilledEngine, base_model, make_cell
from tests.core.builders import problem, rollout

PROBLEM = problem(1)
MODEL = ModelRef("weights", "r")


def attempt(
    number: int, status: Status = Status.PASS, *, tokens: int = 20, truncated: bool = False, logprob: float = -0.5
) -> Attempt:
    made = replace(
        rollout(PROBLEM.id, str(number), tokens=tokens), truncated=truncated, logprobs=(logprob,) * tokens
    )  # fmt: skip
    return Attempt(PROBLEM, made, Verdict(status, 1.0 if status is Status.PASS else 0.0))


def turn(passed: int = 10, of: int = 20, **settings: object) -> list[Attempt]:
    return [attempt(i, Status.PASS if i < passed else Status.FAIL, **settings) for i in range(of)]  # type: ignore[arg-type]


def watch(divergence: bool = True, **bounds: float) -> Watch:
    cell = SimpleNamespace(
        id="cell", config=SimpleNamespace(guards=GuardConfig(**bounds)),  # type: ignore[arg-type]
        objective=lambda stage: SimpleNamespace(measures_divergence=divergence),
    )  # fmt: skip
    return Watch(cell, SimpleNamespace(name="train"))  # type: ignore[arg-type]


def go_through(one: Watch, turns: Sequence[Sequence[Attempt]]) -> Watch:
    for number, attempts in enumerate(turns, 1):
        one.saw(f"refresh {number}", attempts, MODEL)
    return one


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("truncated", lambda: turn(0, truncated=True)),
        ("unanswered", lambda: [attempt(i, Status.NO_ANSWER) for i in range(20)]),
        ("errors", lambda: [attempt(i, Status.ERROR if i else Status.PASS) for i in range(20)]),
        ("length", lambda: turn(tokens=1)),
        ("entropy", lambda: turn(logprob=-0.001)),
    ],
)
def test_a_turn_that_went_wrong_stops_the_run_and_names_the_bound(name: str, bad: Callable[[], list[Attempt]]) -> None:
    with pytest.raises(GuardError, match=r"stage 'train', refresh 2: stopped.*kept: weights") as error:
        go_through(watch(), [turn(), bad()])
    assert f"guards.{name}=" in (error.value.hint or "")
    off = {"length": 0.0, "entropy": 0.0}.get(name, 1.0)
    go_through(watch(**{name: off}), [turn(), bad()])


def test_a_reward_that_falls_turn_after_turn_stops_the_run() -> None:
    falls = [turn(passed, 40) for passed in (36, 30, 24, 18, 12, 6)]
    with pytest.raises(GuardError, match=r"falling: 0\.9, 0\.75, 0\.6, 0\.45, 0\.3, 0\.15"):
        go_through(watch(), falls)
    go_through(watch(falling=0), falls)


@pytest.mark.parametrize(
    "passed",
    [
        [20, 22, 25, 26, 30, 33],
        [36, 30, 24, 18, 12, 13],  # it recovered
        [20, 19, 18, 17, 16, 15],  # within chance
    ],
)
def test_a_reward_that_does_not_is_let_through(passed: list[int]) -> None:
    one = go_through(watch(), [turn(n, 40) for n in passed])
    assert [reward for reward, _ in one.rewards] == [n / 40 for n in passed], "every turn was looked at"


def test_what_could_not_be_judged_is_no_fall_of_the_reward() -> None:
    turns = [[*turn(20, 40), *(attempt(90 + i, Status.ERROR) for i in range(10 * n))] for n in range(6)]
    assert go_through(watch(), turns).rewards == [(0.5, 40)] * 6


def test_few_attempts_say_nothing() -> None:
    assert len(go_through(watch(), [turn(), turn(0, 7, truncated=True, tokens=1)]).rewards) == 1


def test_teacher_and_student_that_run_apart_stop_the_run_where_the_loss_is_their_distance() -> None:
    with pytest.raises(GuardError, match="30 nats a token apart"):
        watch().trained("refresh 1", {"loss_last": 30.0, "grad_norm_max": 1.0}, MODEL)
    watch().trained("refresh 1", {"loss_last": 3.0, "grad_norm_max": 1.0}, MODEL)
    watch(divergence=False).trained("refresh 1", {"loss_last": 30.0, "grad_norm_max": 1.0}, MODEL)


def test_turns_without_a_gradient_stop_the_run_when_they_are_many_in_a_row() -> None:
    idle, busy = {"grad_norm_max": 0.0}, {"grad_norm_max": 0.1}
    one = watch()
    for metrics in (*[idle] * 4, busy, *[idle] * 4):
        one.trained("refresh", metrics, MODEL)
    with pytest.raises(GuardError, match="no token has had a gradient for 5 turns"):
        one.trained("refresh", idle, MODEL)


@pytest.mark.parametrize("bad", [{"truncated": True}, {"status": Status.NO_ANSWER}, {"status": Status.ERROR}])
def test_a_base_without_answers_is_not_trained(bad: Mapping[str, object]) -> None:
    cell = SimpleNamespace(id="cell", config=SimpleNamespace(guards=GuardConfig()))
    with pytest.raises(GuardError, match="evaluation of the base model: stopped, since 100%"):
        check_base(cell, [attempt(i, **bad) for i in range(10)])  # type: ignore[arg-type]
    check_base(cell, [attempt(i, Status.FAIL) for i in range(10)])  # type: ignore[arg-type]


class CutOff(SkilledEngine):
    """Never ends."""

    def generate(
        self, requests: Sequence[Request], tell: Callable[[int], None] = silent
    ) -> Iterator[Sequence[tuple[int, Generation]]]:
        for batch in super().generate(requests, tell):
            yield [(index, replace(made, truncated=True)) for index, made in batch]


def test_a_run_that_is_stopped_keeps_what_it_made_and_goes_on_with_another_bound(
    store: Store, pool: VerifierPool, tmp_path: Path
) -> None:
    engine, practice = CutOff(base_model(tmp_path / "model")), Practice()
    with pytest.raises(GuardError, match="cut off"):
        loop.run_cell(make_cell(store, pool, engine, practice, "retry"))
    assert not practice.jobs
    paid = len(engine.sampled)
    cell = make_cell(store, pool, engine, practice, "retry", sets=["guards.truncated=1"])
    outcome = loop.run_cell(cell)
    assert practice.jobs and len(outcome.before) == paid
    assert len(engine.sampled) == len(set(store.rollouts.keys())), "what the stopped run paid for was not paid again"
