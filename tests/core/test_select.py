"""Selectors see whole groups, and what could not be judged has no number anywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.contracts import Group, Selector
from pidistill.discovery import Kind
from pidistill.plugins import get_manager
from pidistill.records import Attempt, Status, Verdict
from pidistill.select.selectors import Advantage, Coin, Frontier, Graded, Shortest
from tests.core.builders import problem, rollout

PROBLEM = problem(1)
SELECTORS = [get_manager().selector(name) for name in get_manager().specs(Kind.SELECTOR)]


def attempt(status: Status, number: int = 0, *, retry: int = 0, score: float | None = None, tokens: int = 3) -> Attempt:
    verdict = Verdict(status, (1.0 if status is Status.PASS else 0.0) if score is None else score)
    return Attempt(PROBLEM, rollout(PROBLEM.id, f"{number}", attempt=retry, tokens=tokens), verdict)


statuses = st.sampled_from(list(Status))
groups = st.lists(st.tuples(statuses, st.integers(0, 2)), max_size=8).map(
    lambda drawn: Group(PROBLEM, [attempt(status, i, retry=retry) for i, (status, retry) in enumerate(drawn)])
)


@pytest.mark.parametrize("selector", SELECTORS, ids=lambda selector: selector.name)
@given(group=groups)
def test_a_selector_chooses_from_the_group_in_order_and_nothing_unjudged_has_a_number(
    selector: Selector, group: Group
) -> None:
    choices = selector.select(group)
    places = [group.attempts.index(choice.attempt) for choice in choices]
    assert places == sorted(set(places))
    for choice in choices:
        assert 0.0 <= choice.weight <= 1.0
        if not choice.attempt.verdict.status.judged:
            assert (choice.weight, choice.reward, choice.advantage) == (0.0, None, None)


@pytest.mark.parametrize("selector", SELECTORS, ids=lambda selector: selector.name)
@given(group=groups, where=st.integers(0, 8))
def test_what_could_not_be_judged_changes_nothing_for_the_others(selector: Selector, group: Group, where: int) -> None:
    for status in (Status.ERROR, Status.ABSTAIN):
        extra = [*group.attempts[:where], attempt(status, 99), *group.attempts[where:]]
        kept = [choice for choice in selector.select(replace(group, attempts=extra)) if choice.weight > 0]
        assert kept == [choice for choice in selector.select(group) if choice.weight > 0]


@pytest.mark.parametrize("selector", SELECTORS, ids=lambda selector: selector.name)
@given(group=groups)
def test_a_selector_that_says_it_keeps_all_keeps_every_judged_first_attempt(selector: Selector, group: Group) -> None:
    if not selector.filters:
        kept = [choice.attempt for choice in selector.select(group) if choice.weight > 0]
        assert kept == group.firsts


def test_pass_fail_error_error_has_baseline_a_half_and_two_rows_of_weight_nothing() -> None:
    group = Group(
        PROBLEM, [attempt(s, i) for i, s in enumerate((Status.PASS, Status.FAIL, Status.ERROR, Status.ERROR))]
    )
    plain = Advantage().select(group)
    assert [choice.advantage for choice in plain] == [0.5, -0.5, None, None]
    assert [choice.weight for choice in plain] == [1.0, 1.0, 0.0, 0.0]
    assert group.pass_rate == 0.5


@given(groups)
def test_a_coin_deals_out_the_same_rewards_the_same_way_each_time(group: Group) -> None:
    plain, tossed, again = Advantage().select(group), Coin().select(group), Coin().select(group)
    assert tossed == again
    assert [c.attempt for c in tossed] == [c.attempt for c in plain]
    assert sorted((c.reward, c.advantage or 0.0) for c in plain if c.reward is not None) == sorted(
        (c.reward, c.advantage or 0.0) for c in tossed if c.reward is not None
    )
    assert all(c.weight == 0 for c in tossed if c.reward is None)


def test_a_coin_does_not_follow_the_verdict() -> None:
    pair = [attempt(Status.PASS, 1), attempt(Status.FAIL, 2)]
    drawn = [[replace(a.rollout, sampling=replace(a.rollout.sampling, seed=n)) for a in pair] for n in range(200)]
    groups = [Group(PROBLEM, [replace(a, rollout=r) for a, r in zip(pair, rs, strict=True)]) for rs in drawn]
    told = [Coin().select(group)[0].reward for group in groups]
    assert 70 < sum(1 for reward in told if reward == 1.0) < 130


@given(groups)
def test_advantages_of_a_group_add_up_to_nothing(group: Group) -> None:
    told = [choice.advantage for choice in Advantage().select(group) if choice.advantage is not None]
    assert sum(told) == pytest.approx(0.0)


def test_the_frontier_is_where_the_student_succeeds_sometimes_and_the_teacher_more_often() -> None:
    passing, failing = attempt(Status.PASS, 1), attempt(Status.FAIL, 2)
    assert Frontier().select(Group(PROBLEM, [passing])) == []
    assert Frontier().select(Group(PROBLEM, [failing])) == []
    mixed = Group(PROBLEM, [passing, failing])
    assert [choice.attempt for choice in Frontier().select(mixed)] == [passing, failing]
    assert [choice.attempt for choice in Frontier(passed=True).select(mixed)] == [passing]
    better = replace(mixed, teacher=[attempt(Status.PASS, 3), attempt(Status.ERROR, 4)])
    assert Frontier(gap=0.5).select(better) and not Frontier(gap=0.6).select(better)
    assert not Frontier(gap=0.1).select(mixed), "a gap to nobody is no gap"


def test_a_retry_does_not_move_the_pass_rate() -> None:
    group = Group(PROBLEM, [attempt(Status.FAIL, 1), attempt(Status.PASS, 2, retry=1)])
    assert group.pass_rate == 0.0


def test_the_shortest_is_the_shortest_that_passes() -> None:
    group = Group(PROBLEM, [attempt(Status.FAIL, 1, tokens=1), *(attempt(Status.PASS, n, tokens=n) for n in (5, 2, 4))])
    (choice,) = Shortest().select(group)
    assert len(choice.attempt.rollout.token_ids) == 2


@given(st.lists(st.floats(0, 0.99), max_size=6), st.floats(0, 1))
def test_graded_keeps_scores_above_its_bound_and_weights_by_them(scores: list[float], above: float) -> None:
    group = Group(PROBLEM, [attempt(Status.FAIL, n, score=score) for n, score in enumerate(scores)])
    kept = Graded(above).select(group)
    assert [choice.weight for choice in kept] == [score for score in scores if score > above]
