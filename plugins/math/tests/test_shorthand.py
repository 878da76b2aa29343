"""Shorthand stands for its number where the question leaves it no other meaning, and a part answers for its label."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.records import Problem
from pidistill_math.comparing.shorthand import written_out
from pidistill_math.extraction.box_lists import by_parts
from pidistill_math.extraction.boxes import boxes
from pidistill_math.question.asking import Question
from pidistill_math.question.asking_parts import parts_asked, place_in_count
from pidistill_math.reading.answers import read
from pidistill_math.reading.numbers import spelt_ordinal
from pidistill_math.reading.units import basic, measure, per, power, times
from pidistill_math.verifier import MathVerifier

MONEY = Question("How many dollars does it cost?")


def indian(number: int) -> str:
    """A number of six digits or more with commas as in India."""
    head, last = divmod(number, 1_000)
    pairs = []
    while head:
        head, pair = divmod(head, 100)
        pairs.append(f"{pair:02}" if head else str(pair))
    return ",".join([*reversed(pairs), f"{last:03}"])


@given(number=st.integers(100_000, 10**12))
def test_groups_of_every_style_are_the_number(number: int) -> None:
    plain = read(str(number))
    assert written_out(plain, indian(number), MONEY) == str(number)
    for separator in (",", "'", "\\,"):
        assert read(f"{number:,}".replace(",", separator)).number == number
    if number >= 10**6:
        assert read(f"{number:,}".replace(",", ".")).number == number
        assert read(f"{number:,}".replace(",", "_")).number == number


@given(number=st.integers(1, 999), question=st.sampled_from(["Find the value.", "Find $k$.", "If $k=3$, find $7k$."]))
def test_a_letter_is_no_thousand_where_it_may_be_a_variable(number: int, question: str) -> None:
    assert written_out(read(str(1_000 * number)), f"{number}k", Question(question)) == ""
    assert "thousand" in written_out(read(str(1_000 * number)), f"{number}k", MONEY)


@given(text=st.text(max_size=60))
def test_what_is_no_shorthand_is_left_alone(text: str) -> None:
    for question in (MONEY, Question("Which place is it?"), Question("")):
        written = written_out(read("12"), text, question)
        assert written == "" or any(char.isalnum() for char in text)


@pytest.mark.parametrize(("words", "place"), [
    ("first", 1), ("second", 2), ("third", 3), ("fourth", 4), ("fifth", 5), ("eighth", 8), ("ninth", 9),
    ("twelfth", 12), ("thirteenth", 13), ("twentieth", 20), ("twenty-first", 21), ("ninety-ninth", 99),
    ("half", None), ("three", None), ("north", None), ("", None),
])  # fmt: skip
def test_places_in_words(words: str, place: int | None) -> None:
    assert spelt_ordinal(words) == place


def test_units_are_what_they_are_made_of() -> None:
    kilogram, metre, second = (measure(name) for name in ("kg", "m", "s"))
    assert kilogram and metre and second
    newton = per(times(kilogram, metre), power(second, 2))
    joule = times(newton, metre)
    for made, name in ((newton, "N"), (joule, "J"), (per(joule, second), "W"), (per(newton, power(metre, 2)), "Pa")):
        known = measure(name)
        assert known is not None
        assert (basic(made).dimension, basic(made).scale) == (basic(known).dimension, basic(known).scale)


@pytest.mark.parametrize(("text", "labels"), [
    ("(a) $\\boxed{1}$\n\n(b) So $\\boxed{2}$, wait, $\\boxed{3}$", ("a", "b")),
    ("### Part 1\n$\\boxed{1}$\n### Part 2\n$\\boxed{3}$", ("a", "b")),
    ("Mean: $\\boxed{1}$\n\n**Median:** $\\boxed{3}$", ("mean", "median")),
])  # fmt: skip
def test_the_last_box_of_each_part_is_found(text: str, labels: tuple[str, ...]) -> None:
    assert by_parts(text, boxes(text)[0]) == tuple(zip(labels, ("1", "3"), strict=True))


@pytest.mark.parametrize("text", [
    "(a) $\\boxed{1}$\n\n(b) nothing", "(b) $\\boxed{1}$\n(a) $\\boxed{2}$",
    "Answer: $\\boxed{1}$\nTotal: $\\boxed{2}$",
    "(a) it is not $\\boxed{1}$\n(b) $\\boxed{2}$",
    "Mean: $\\boxed{1}$\nMean: $\\boxed{2}$", "$\\boxed{1}$, $\\boxed{2}$",
])  # fmt: skip
def test_boxes_that_are_not_each_of_a_part_are_no_parts(text: str) -> None:
    assert by_parts(text, boxes(text)[0]) == ()


def test_parts_stand_in_the_order_of_the_question() -> None:
    asked = "What are the mean and the median?"
    assert parts_asked(asked, (("median", "5"), ("mean", "4"))) == "(a) 4, (b) 5"
    assert parts_asked(asked, (("mean", "4"), ("mode", "5"))) == ""
    assert parts_asked("Find the mean.", (("a", "4"), ("b", "5"))) == ""
    assert parts_asked("Find the mean.", ()) == ""


def test_counts_stand_in_the_order_of_the_question() -> None:
    asked = "How many apples and oranges are there?"
    assert 0 < place_in_count(asked, "apples") < place_in_count(asked, "oranges")
    assert place_in_count(asked, "pears") == place_in_count("Find it.", "apples") == -1


def test_a_question_without_parts_keeps_its_last_box() -> None:
    completion = "(1) The first case gives $\\boxed{3}$.\n\n(2) The second case gives $\\boxed{4}$."
    assert MathVerifier().verify(Problem("p", "math", "Find the largest value.", "4"), completion).passed
    assert not MathVerifier().verify(Problem("p", "math", "Find the largest value.", "3, 4"), completion).passed
