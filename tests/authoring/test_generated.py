"""Generated tasks: the same everywhere, never in two splits, all different, levels in turn."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.authoring.generated import Generated, Split
from pidistill.errors import DataError

SPLITS = {"train": Split(40, 75), "test": Split(20, 25)}


def draw(level: int, rng: random.Random) -> int:
    return level * 1000 + rng.randrange(1000)


NUMBERS = Generated("numbers@1", SPLITS, (1, 2, 3), draw, key=str)


@given(st.sampled_from(sorted(SPLITS)), st.integers(0, 2**32), st.integers(0, 20))
def test_tasks_are_different_of_their_split_and_levels_in_turn(split: str, seed: int, limit: int) -> None:
    drawn = list(NUMBERS.drawn(split, seed, limit))
    assert [one.level for one in drawn] == [(1, 2, 3)[n % 3] for n in range(limit)]
    assert len({one.task for one in drawn}) == len({one.name for one in drawn}) == limit
    assert all(NUMBERS.split_of(one.task) == split and one.task // 1000 == one.level for one in drawn)


def test_a_seed_gives_the_same_tasks_however_many_are_asked_for() -> None:
    many = [one.task for one in NUMBERS.drawn("train", 5)]
    assert len(many) == 40
    assert [one.task for one in NUMBERS.drawn("train", 5, 7)] == many[:7]
    assert [one.task for one in NUMBERS.drawn("train", 6, 7)] != many[:7]


def test_tasks_stay_what_they_were() -> None:
    """Problems are part of every key in a store, so how they are drawn may not change."""
    assert [one.task for one in NUMBERS.drawn("test", 0, 4)] == PINNED


def test_the_shares_are_about_what_they_say() -> None:
    found = [NUMBERS.split_of(number) for number in range(4000)]
    assert 0.72 < found.count("train") / len(found) < 0.78


def test_a_misspelt_split_or_too_large_a_limit_says_what_is_right() -> None:
    with pytest.raises(DataError, match=r"numbers@1 has no split 'tset'\. Did you mean 'test'"):
        next(NUMBERS.drawn("tset"))
    with pytest.raises(DataError, match="at most 20 problems a seed, 21"):
        next(NUMBERS.drawn("test", limit=21))


def test_shares_that_do_not_add_up_are_an_error() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Generated("numbers@1", {"train": Split(1, 99)}, (1,), draw, key=str)


PINNED = [1639, 2547, 3517, 1985]
