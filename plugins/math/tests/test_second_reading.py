"""An answer with two readings is read in the way of its reference, and in no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.records import Status
from pidistill_math.comparing.judge import judge


@pytest.mark.parametrize(
    ("reference", "answer", "other"),
    [
        ("2.5", "2{,}5", "2{,}6"),
        ("100, 200, 300", "100,200,300", "100,200,400"),
        ("8\\text{ m/s}", "8\\,m/s", "8\\,s/m"),
        ("5\\text{ m}", "5m", "5s"),
        ("5\\text{ cm}^2", "5cm^2", "5cm^3"),
        ("2\\pi r h", "2\\pi hr", "2\\pi h"),
        ("\\binom{n}{2}", "C(n,2)", "C(n,3)"),
        ("C(n,2)", "\\binom{n}{2}", "\\binom{n}{3}"),
    ],
)
def test_the_reading_of_the_reference_passes_and_another_value_in_it_does_not(
    reference: str, answer: str, other: str
) -> None:
    assert judge(reference, answer).status is Status.PASS
    assert judge(reference, other).status is Status.FAIL


@given(st.integers(0, 999), st.integers(0, 999))
def test_two_numbers_are_never_a_decimal(whole: int, after: int) -> None:
    assert judge(f"{whole}.{after:03d}", f"{whole}, {after:03d}").status is Status.FAIL


@given(st.lists(st.integers(100, 999), min_size=2, max_size=5, unique=True), st.integers(100, 999))
def test_a_list_drawn_close_is_no_other_list(numbers: list[int], other: int) -> None:
    reference = ", ".join(map(str, numbers))
    assert judge(reference, ",".join(map(str, numbers))).status is Status.PASS
    if other not in numbers:
        assert judge(reference, ",".join(map(str, [*numbers[:-1], other]))).status is Status.FAIL
