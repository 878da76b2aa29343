"""Spellings before the grammar: what is respelt, what is left alone, and that no text whatever is an error."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_math.extraction.sentences import the_number
from pidistill_math.reading.answers import read
from pidistill_math.reading.rewriting import letter_digits, respelt
from pidistill_math.reading.syntax import Unreadable

_PIECES = st.sampled_from(
    [
        "(a)",
        "\\text{(b) }",
        "5",
        "x",
        "U",
        "[1,2)",
        "\\approx",
        "(approximately 3)",
        "all real numbers except ",
        "0",
        ",",
    ]
    + [
        "\\\\",
        "x=",
        "where n is an integer",
        "(n\\in\\mathbb{Z})",
        "\\colon",
        "AB_{16}",
        "USD ",
        "(five)",
        "{",
        "}",
        "$",
        " ",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=8).map("".join)))
def test_any_text_is_respelt_or_left_and_is_then_read_or_refused(text: str) -> None:
    begun = text.lstrip().startswith("=")  # an equation whose left side stands before the box
    assert any(char.isalpha() for char in text) or begun or respelt(text) == text  # only words are spelt
    assert set(letter_digits(text)) <= set("0123456789ABCDEFabcdef")
    assert the_number(text) in text
    with suppress(Unreadable):
        read(text)


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_numerals_and_fractions_are_left_as_they_are(top: int, bottom: int) -> None:
    for text in (str(top), f"\\frac{{{top}}}{{{bottom}}}", f"({top}, {bottom})", f"[{top}, {bottom}]"):
        assert respelt(text) == text


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("A: 4, B: 7", "A = 4, B = 7"),
        ("A:B", "A:B"),
        ("\\text{Ann 4, Bob 7}", "\\text{Ann} = 4, \\text{Bob} = 7"),
        ("\\text{May 4, June 7}", "\\text{May 4, June 7}"),
        ("\\text{negative five}", "-5"),
        ("\\text{three quarters}", "\\frac{3}{4}"),
        ("\\text{all real numbers less than } 2", "x < 2"),
        ("\\text{at least } 2", "\\text{at least } 2"),
        ("f: x \\mapsto 2x", "f(x) = 2x"),
        ("\\text{noon}", "12:00\\text{ p.m.}"),
        ("f(a) + g(b)", "f(a) + g(b)"),
        ("\\frac38\\text{ (approximately 0.375)}", "\\frac38 \\approx 0.375"),
        ("5\\text{ (approximately)}", "5\\text{ (approximately)}"),
        ("a=2\\\\b=3", "a=2, b=3"),
        ("(1,2) U (3,4)", "(1,2) \\cup (3,4)"),
        ("U", "U"),
        ("five (5)", "5"),
        ("five (6)", "five (6)"),
        ("all nonzero real numbers", "\\mathbb{R}\\setminus\\{0\\}"),
        ("all real numbers", "all real numbers"),
        ("n\\pi \\text{ where } n \\text{ is any integer}", "n\\pi, n \\in \\mathbb{Z}"),
        ("\\text{The answer is } not 5", " not 5"),
    ],
)
def test_what_is_respelt_keeps_its_values(text: str, spelling: str) -> None:
    assert respelt(text) == spelling


@pytest.mark.parametrize(
    ("text", "digits"), [("2A3_{16}", "2A3"), ("\\text{ff}_{16}", "FF"), ("A_{16}", ""), ("12_{16}", "")]
)
def test_letters_are_digits_of_a_numeral_to_base_sixteen_only(text: str, digits: str) -> None:
    assert letter_digits(text) == digits


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        ("There are 40 eggs left", "40\\text{ eggs}"),
        ("Mira sold 1,200 clips altogether", "1,200\\text{ clips}"),
        ("The number exceeds 40", ""),
        ("There are at least 40 eggs", ""),
        ("There are not 40 eggs", ""),
        ("She has 40 or 50 eggs", ""),
        ("She sold 3/4 of them", ""),
        ("She has 40.5.6 eggs", ""),
        ("see page 40", ""),
    ],
)
def test_a_sentence_states_its_number_only_where_it_says_no_more(sentence: str, number: str) -> None:
    assert the_number(sentence) == number
