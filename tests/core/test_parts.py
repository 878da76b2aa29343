"""One grammar for parts with settings: what it reads is what it writes, and what it cannot read it names."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.errors import PluginError, UsageError
from pidistill.parts import all_settings, make, name_of, option, spelled


@dataclass(frozen=True)
class Whisk:
    """A part with a setting of every type."""

    speed: int = option(3, 1, 9)
    wet: bool = False
    share: float = option(0.5, 0, 1)
    bowl: str = "steel"


plain = st.text(st.characters(exclude_characters=",=:", exclude_categories=("C", "Z")), min_size=1, max_size=8)


@given(st.integers(1, 9), st.booleans(), st.floats(0, 1), plain)
def test_a_part_survives_being_spelled_and_read(speed: int, wet: bool, share: float, bowl: str) -> None:
    part = Whisk(speed, wet, share, bowl)
    assert make(Whisk, spelled("whisk", part), "tool") == part
    assert name_of(spelled("whisk", part)) == "whisk"


def test_defaults_are_not_spelled_and_are_among_all_settings() -> None:
    assert spelled("whisk", Whisk()) == "whisk"
    assert spelled("whisk", Whisk(wet=True)) == "whisk:wet=true"
    assert all_settings(Whisk()) == {"speed": 3, "wet": False, "share": 0.5, "bowl": "steel"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("whisk:sped=2", "Did you mean 'speed'"),
        ("whisk:speed=0", r"must lie in \[1, 9\]"),
        ("whisk:speed=10", r"must lie in \[1, 9\]"),
        ("whisk:share=nan", r"must lie in \[0, 1\]"),
        ("whisk:wet=maybe", "must be true or false"),
        ("whisk:speed=2,speed=3", "given twice"),
        ("whisk:", "not of the form"),
        ("whisk:speed", "not of the form"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make(Whisk, text, "tool")


@given(st.text(max_size=30))
def test_any_text_is_a_part_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert isinstance(make(Whisk, f"whisk:{text}", "tool"), Whisk)


def test_a_part_without_fields_has_no_settings() -> None:
    assert make(lambda: 7, "seven", "number") == 7
    with pytest.raises(UsageError, match="unknown setting"):
        make(lambda: 7, "seven:by=1", "number")


def test_a_setting_without_a_plain_default_is_the_part_s_fault() -> None:
    @dataclass(frozen=True)
    class Odd:
        parts: tuple[int, ...] = ()

    with pytest.raises(PluginError, match="parts"):
        make(Odd, "odd", "tool")
