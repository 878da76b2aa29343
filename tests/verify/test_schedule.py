"""The plan hands out every submission, once at a time, whatever comes back."""

from __future__ import annotations

import itertools
import pickle

from hypothesis import given
from hypothesis import strategies as st

from pidistill.records import Status, Verdict
from pidistill.verify.schedule import Plan
from verify.helpers import PROBLEMS

submissions = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=60)


@given(submissions, st.integers(1, 4), st.integers(1, 9), st.lists(st.integers(0, 3)), st.floats(1e-6, 1.0))
def test_every_item_gets_one_verdict(
    asked: list[tuple[int, int]], workers: int, most: int, fates: list[int], seconds: float
) -> None:
    items = [(PROBLEMS[problem], f"text {text}") for problem, text in asked]
    plan = Plan(items, workers)
    fate, handed_out = iter(fates), []
    for turn in itertools.count():
        handed_out += [plan.verdicts.popleft() for _ in range(len(plan.verdicts))]
        if plan.done:
            break
        taken = [index for _, members in plan.take(fresh=turn % 2 == 1, most=most) for index in members]
        assert len(taken) <= most
        assert len(taken) <= 1 or not plan.alone & set(taken)
        for index in taken:
            match next(fate, 0):
                case 0:
                    plan.note_seconds(seconds)
                    plan.finish(index, Verdict(Status.FAIL, answer=items[index][1]))
                case 1:
                    plan.put_back([index])
                case 2:
                    plan.put_back([index], alone=True)
                case 3:
                    plan.put_back([index], alone=True, fresh=True)
    assert sorted(index for index, _ in handed_out) == list(range(len(items)))
    assert all(verdict.answer == items[index][1] for index, verdict in handed_out)


def test_a_problem_travels_once_per_batch() -> None:
    plan = Plan([(PROBLEMS[i % 2], f"text {i}") for i in range(40)], workers=1)
    plan.note_seconds(1e-5)
    groups = plan.take(fresh=True, most=100)
    assert [pickle.loads(pickled) for pickled, _ in groups] == PROBLEMS[: len(groups)]
    assert sum(len(members) for _, members in groups) == 20


def test_slow_verdicts_travel_alone_and_fast_ones_together() -> None:
    items = [(PROBLEMS[0], f"text {i}") for i in range(10_000)]
    slow, fast = Plan(items, 2), Plan(items, 2)
    slow.note_seconds(3.0)
    fast.note_seconds(1e-6)
    assert len(slow.take(True, 1000)[0][1]) == 1
    assert slow.depth == 1
    assert len(fast.take(True, 1000)[0][1]) == 512
    assert fast.depth == 2


def test_a_batch_is_bounded_in_characters() -> None:
    plan = Plan([(PROBLEMS[0], f"{i}" + "x" * (1 << 20)) for i in range(10)], 1)
    plan.note_seconds(1e-6)
    assert len(plan.take(True, 1000)[0][1]) == 1
