"""A sentence says the reference only with the question's own words around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_math.question.asking import Question
from pidistill_math.question.phrases import said, value_said
from pidistill_math.reading.syntax import vocabulary

WORDS = st.lists(
    st.sampled_from(sorted(vocabulary("the last bead is red blue not or and Bob won race a very color"))), max_size=8
)


@pytest.mark.parametrize(("question", "reference", "answer"), [
    ("What color is the last bead?", "red", "the last bead is red"),
    ("Who won the race?", "Bob", "Bob won the race"),
    ("Is $f$ even or odd?", "odd", "f is odd"),
    ("Is $f$ even or odd?", "odd", "an odd function"),
    ("Is it possible?", "No", "No, it is not possible"),
    ("Is it possible?", "Yes", "Yes, it is possible"),
    ("Does the series converge?", "converges", "The series converges"),
    ("In which quadrant is it?", "II", "second quadrant"),
    ("How many are there?", "infinitely many", "\\infty"),
    ("Find the limit.", "DNE", "The limit does not exist"),
])  # fmt: skip
def test_sentences_that_say_the_reference(question: str, reference: str, answer: str) -> None:
    assert said(f"\\text{{{reference}}}", f"\\text{{{answer}}}", Question(question))


@pytest.mark.parametrize(("question", "reference", "answer"), [
    ("What color is the last bead?", "red", "the last bead is not red"),
    ("What color is the last bead, red or blue?", "red", "red or blue"),
    ("Is the last bead blue or red?", "red", "blue red"),
    ("Who won the race?", "Bob", "Bob or Carl won the race"),
    ("Who won the race?", "Bob", "Carl beat Bob"),
    ("Is it possible?", "No", "No, it is possible"),
    ("Is it possible?", "Yes", "Yes, but only if n is odd"),
    ("Is it possible?", "No", "No solution"),
    ("Find the value.", "infinitely many", "\\infty"),
    ("Find the value.", "DNE", "\\infty"),
])  # fmt: skip
def test_sentences_that_say_another_thing(question: str, reference: str, answer: str) -> None:
    assert not said(f"\\text{{{reference}}}", f"\\text{{{answer}}}", Question(question))


@given(words=WORDS)
def test_no_sentence_without_the_word_or_with_a_denial_says_it(words: list[str]) -> None:
    found = said("\\text{red}", f"\\text{{{' '.join(words)}}}", Question("What color is the last bead?"))
    if "red" not in words or {"not", "or", "and", "blue"} & set(words):
        assert not found


@given(text=st.text(max_size=80))
def test_any_text_is_the_reference_or_nothing(text: str) -> None:
    assert said("\\text{red}", text, Question("What color is the last bead?")) in ("", "\\text{red}")


def test_a_value_is_said_of_what_is_asked_for_alone() -> None:
    asked = Question("Find the minimum value of $f$.")
    assert value_said("\\text{The minimum value of } f \\text{ is } 5", asked) == "5"
    assert value_said("\\text{The minimum value is } \\frac{1}{2}", asked) == "\\frac{1}{2}"
    for other in ("maximum value of } f", "minimum value of } g", "minimum value of } f \\text{ plus one"):
        assert value_said(f"\\text{{The {other} \\text{{ is }} 5", asked) == ""
