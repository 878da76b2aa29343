"""A verifier's options are what was asked for, within bounds, or an error that names verifier and option."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.authoring.options import Options, option
from pidistill.errors import UsageError
from pidistill.records import JSON


@dataclass(frozen=True)
class Settings(Options, of="chess verifier"):
    strict: bool = False
    depth: int = option(3, least=1, most=9)
    limit_s: float = option(2.0, least=0.1)
    opening: str = "any"
    weight: float = 1.0


def test_what_is_not_said_has_its_default_and_only_what_differs_is_told() -> None:
    assert Settings.read({}) == Settings()
    assert Settings.read({"depth": 4, "limit_s": 2}).changed() == {"depth": 4}
    assert Settings().changed() == {}


def test_a_whole_number_will_do_for_a_number_and_becomes_one() -> None:
    made = Settings.read({"limit_s": 5})
    assert made.limit_s == 5.0 and isinstance(made.limit_s, float)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"dept": 4}, r"The chess verifier has no option 'dept'\. Did you mean 'depth'"),
        ({"depth": "4"}, "'depth' cannot be '4': it must be a whole number"),
        ({"depth": 4.0}, "a whole number"),
        ({"depth": True}, "a whole number"),
        ({"depth": None}, "a whole number"),
        ({"depth": 0}, "at least 1 and at most 9"),
        ({"depth": 10}, "at least 1 and at most 9"),
        ({"limit_s": 0}, r"at least 0\.1"),
        ({"limit_s": math.nan}, r"at least 0\.1"),
        ({"limit_s": False}, "a number"),
        ({"limit_s": math.inf}, r"at least 0\.1"),
        ({"limit_s": 10**400}, r"at least 0\.1"),
        ({"weight": -math.inf}, "a number, finite"),
        ({"strict": 1}, "true or false"),
        ({"opening": 3}, "text"),
        ({"opening": ["e4"]}, "text"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(config: dict[str, JSON], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Settings.read(config)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


@given(st.dictionaries(st.sampled_from(["strict", "depth", "limit_s", "opening", "other"]), VALUES))
def test_any_table_is_read_within_bounds_or_refused(config: dict[str, JSON]) -> None:
    try:
        made = Settings.read(config)
    except UsageError as refused:
        named = refused.message
    else:
        named = ""
        check(made)
    assert not named or any(repr(name) in named for name in config)


def check(made: Settings) -> None:
    assert 1 <= made.depth <= 9 and made.limit_s >= 0.1
    assert [type(value) for value in (made.strict, made.depth, made.limit_s, made.opening)] == [bool, int, float, str]
    assert Settings.read(made.changed()) == made
