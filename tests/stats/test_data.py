"""A cell's scores: built from verdicts without making a score of what is none, and the same after JSON."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.errors import DataError, RecordError
from pidistill.records import JSON, Message, Problem, Rollout, Sampling, Status, Verdict
from pidistill.stats import data as data_module
from pidistill.stats.data import CellScores, ProblemScore, Side, Training, cell_scores

PROBLEMS = [Problem("a", "math", "1 + 1?", "2", level=1), Problem("b", "math", "2 + 2?", "4", level=None)]


def judged(problem_id: str, status: Status, tokens: int = 3, truncated: bool = False) -> tuple[Rollout, Verdict]:
    rollout = Rollout(
        id=f"{problem_id}-{status}-{tokens}",
        problem_id=problem_id,
        messages=(Message("user", "?"),),
        completion="x",
        token_ids=tuple(range(tokens)),
        logprobs=(),
        prompt_tokens=4,
        sampling=Sampling(),
        model_revision="r",
        engine="e",
        truncated=truncated,
    )
    return rollout, Verdict(status, 1.0 if status is Status.PASS else 0.0)


def build(base: list[tuple[Rollout, Verdict]], after: list[tuple[Rollout, Verdict]]) -> CellScores:
    return cell_scores(PROBLEMS, base, after, recipe="retry", domain="math", model="tiny", seed=0)


@st.composite
def sides(draw: st.DrawFn) -> Side:
    counts = draw(st.dictionaries(st.sampled_from([s.value for s in Status]), st.integers(0, 9), min_size=1))
    if not sum(counts.values()):
        counts["FAIL"] = 1
    any_judged = any(n and Status(name).judged for name, n in counts.items())
    score = draw(st.floats(0, 1)) if any_judged else None
    return Side(score, counts, draw(st.floats(0, 1e5)), draw(st.floats(0, 1)))


@given(
    st.lists(st.tuples(st.none() | st.integers(1, 5), sides(), sides()), min_size=1, max_size=6),
    st.text(),
    st.integers(-5, 10**9),
)
def test_a_cell_survives_json(rows: list[tuple[int | None, Side, Side]], name: str, seed: int) -> None:
    problems = tuple(ProblemScore(f"p{i}", *row) for i, row in enumerate(rows))
    cell = CellScores(name, "math", "tiny", seed, problems, Training(1, 2, 1, 4, 5, 6, 7))
    assert CellScores.from_json(json.loads(json.dumps(cell.to_json()))) == cell


@given(sides())
def test_the_bounds_hold_the_score_and_widen_with_what_was_not_judged(side: Side) -> None:
    worst, best = side.bounds
    assert 0.0 <= worst <= best <= 1.0 + 1e-12
    assert best - worst == pytest.approx((side.samples - side.judged) / side.samples)
    if side.score is not None:
        assert worst - 1e-12 <= side.score <= best + 1e-12


def test_an_error_is_no_score() -> None:
    cell = build(
        [judged("a", Status.PASS), judged("a", Status.ERROR), judged("b", Status.ABSTAIN)],
        [judged("a", Status.FAIL, 5, truncated=True), judged("b", Status.NO_ANSWER)],
    )
    a, b = cell.problems
    assert a.base.score == 1.0
    assert a.base.bounds == (0.5, 1.0)
    assert b.base.score is None
    assert b.base.bounds == (0.0, 1.0)
    assert (a.after.score, a.after.tokens, a.after.truncated) == (0.0, 5.0, 1.0)
    assert b.after.statuses == {"NO_ANSWER": 1}


def test_a_graded_score_is_not_accuracy() -> None:
    rollout, failed = judged("a", Status.FAIL)
    half = (rollout, replace(failed, score=0.9))
    other = [judged("b", Status.PASS)]
    cell = build([half, *other], [half, *other])
    assert [problem.base.score for problem in cell.problems] == [0.0, 1.0]


def test_samples_of_a_problem_are_averaged_whatever_their_order() -> None:
    samples = [judged("b", Status.FAIL), judged("a", Status.PASS), judged("a", Status.FAIL), judged("a", Status.PASS)]
    one, other = build(samples, samples), build(samples[::-1], samples[::-1])
    assert one == other
    assert one.problems[0].base.score == pytest.approx(2 / 3)


def test_a_problem_without_a_rollout_stops_the_summary() -> None:
    full = [judged("a", Status.PASS), judged("b", Status.PASS)]
    with pytest.raises(DataError, match=r"after: problem 'b' has no rollout"):
        build(full, full[:1])
    with pytest.raises(DataError, match=r"base: problem 'c' is not an evaluation problem"):
        build([*full, judged("c", Status.PASS)], full)


@pytest.mark.parametrize(
    ("score", "statuses", "message"),
    [
        (None, {"PASS": 1}, "1 samples were judged"),
        (0.0, {"ERROR": 1}, "0 samples were judged"),
        (1.5, {"PASS": 1}, r"\[0, 1\]"),
        (float("nan"), {"PASS": 1}, r"\[0, 1\]"),
        (None, {}, "at least one sample"),
        (1.0, {"PASSED": 1}, "is not a status"),
        (1.0, {"PASS": True}, "expected a count"),
    ],
)
def test_a_side_that_cannot_be_is_refused(score: float | None, statuses: dict[str, int], message: str) -> None:
    with pytest.raises(RecordError, match=message):
        Side(score, statuses, 1.0, 0.0)


def test_a_repeated_problem_is_refused() -> None:
    one = ProblemScore("p", 1, Side(1.0, {"PASS": 1}, 1.0, 0.0), Side(1.0, {"PASS": 1}, 1.0, 0.0))
    with pytest.raises(RecordError, match="'p' occurs more than once"):
        CellScores("retry", "math", "tiny", 0, (one, one))


WRITTEN: dict[str, Any] = {
    "id": "p",
    "level": 2,
    "base": {"score": 0.5, "statuses": {"PASS": 1, "FAIL": 1}, "tokens": 7.5, "truncated": 0.0},
    "after": {"score": 1.0, "statuses": {"PASS": 2}, "tokens": 9, "truncated": 0.0},
}


@given(
    st.sampled_from([(), ("base",), ("after",)]),
    st.sampled_from(["id", "level", "base", "cluster", "score", "statuses", "tokens", "truncated", "more"]),
    st.sampled_from([None, True, False, 1, 1.0, 0, 2.5, -1, "x", [], {}, {"PASS": 1}, {"PASS": True}, {"FAIL": 1.0}]),
)
def test_the_quick_way_to_read_a_score_takes_and_refuses_what_the_slow_one_does(
    path: tuple[str, ...], name: str, value: JSON
) -> None:
    def outcome(read: Callable[[Mapping[str, JSON]], ProblemScore], data: Mapping[str, JSON]) -> object:
        try:
            found = read(data)
        except RecordError:
            return "refused"
        return found, found.to_json(), type(found.after.tokens), type(found.base.score)

    ProblemScore.from_json(WRITTEN)  # what is known by now must not let its like through
    data: dict[str, Any] = copy.deepcopy(WRITTEN)
    inner: dict[str, Any] = data
    for key in path:
        inner = inner[key]
    inner[name] = value
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pidistill.stats.data._key_of_side", lambda data: None)
        slow = outcome(super(ProblemScore, ProblemScore).from_json, data)
    assert outcome(ProblemScore.from_json, data) == slow


def test_equal_sides_are_one_object_and_few_are_kept() -> None:
    one, other = (ProblemScore.from_json(copy.deepcopy(WRITTEN)) for _ in range(2))
    assert one == other and one.base is other.base
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_module, "_MOST_SIDES", 3)
        for tokens in range(60_000, 60_009):
            side: dict[str, Any] = {"score": 0.0, "statuses": {"FAIL": 1}, "tokens": tokens, "truncated": 0.0}
            assert Side.from_json(side).tokens == tokens
        assert len(data_module._SIDES) <= 3
