"""Everything is read or the answer is refused: no digit, letter or word of an answer is ever dropped."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pidistill.records import Status
from pidistill_math.comparing.judge import judge
from pidistill_math.reading import units
from pidistill_math.reading.answers import read
from pidistill_math.reading.lexer import tokens
from pidistill_math.reading.syntax import HEADS, Node, Unreadable, vocabulary

LETTERS = "abcdefghijklmnopqrstuvwxyz"
KNOWN = units.MODIFIERS | units.PREFIXES | {"percent", "pct", "percentage", "st", "nd", "rd", "th", "only"}
ANNOUNCING = vocabulary(
    """about approximately approx roughly exactly precisely so thus therefore hence center centre vertex focus radius
    diameter area perimeter volume slope midpoint mean median mode probability"""
)
"""Words that may stand before a value: what says how it is meant, and the nouns of values."""

expressions = st.recursive(
    st.one_of(st.integers(0, 9999).map(str), st.sampled_from(["x", "y", "\\pi", "a_1", "\\theta"])),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-"), inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"\\frac{{{pair[0]}}}{{{pair[1]}}}"),
        st.tuples(inner, st.integers(2, 9)).map(lambda pair: f"\\left({pair[0]}\\right)^{{{pair[1]}}}"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]})\\cdot({pair[1]})"),
        inner.map(lambda one: f"\\sqrt{{{one}}}"),
        st.lists(inner, min_size=2, max_size=3).map(lambda many: f"({', '.join(many)})"),
    ),
    max_leaves=6,
)


def numerals(node: Node) -> list[Fraction]:
    return sorted(part.number for part in node.walk() if part.head == "num")


@given(st.text(alphabet="0123456789abcxyz+-*/=(),;.^_ ", max_size=40))
def test_no_digit_and_no_letter_is_lost_between_text_and_tokens(text: str) -> None:
    assume(not any(sign in text for sign in ("**", "+/-")))  # signs that are spelt in several
    kept = "".join(char for token in tokens(text) for char in token.text if char.isalnum())
    assert kept == "".join(char for char in text if char.isalnum())


@given(expressions)
def test_every_numeral_of_an_expression_is_in_its_tree(text: str) -> None:

    plain = text.replace("a_1", "b")
    expected = [Fraction(digits) for digits in re.findall(r"\d+", plain)]
    roots = text.count("\\sqrt")
    assert numerals(read(text)) == sorted([*expected, *[Fraction(2)] * roots])


@given(expressions)
def test_trees_have_heads_of_the_closed_list_and_reading_is_a_function_of_the_text(text: str) -> None:
    tree = read(text)
    assert {node.head for node in tree.walk()} <= set(HEADS)
    assert read.__wrapped__(text) == tree


@given(st.integers(1, 999), st.text(alphabet=LETTERS, min_size=2, max_size=12))
def test_a_word_that_is_no_unit_is_never_dropped(value: int, word: str) -> None:
    assume(units.measure(word) is None and units.counted(word) is None and units.scale(word) is None)
    assume(word not in KNOWN)
    assert judge(str(value), f"{value}\\text{{ {word}}}").status is Status.FAIL
    assert judge(str(value), f"\\text{{{word} }}{value}").status is Status.FAIL or word in ANNOUNCING


@given(
    st.integers(0, 999), st.integers(0, 999), st.sampled_from(["\\quad ", "\\text{}", "{}", "\\! ", "\\hspace{1em}"])
)
def test_two_numerals_side_by_side_are_no_answer(left: int, right: int, gap: str) -> None:
    for reference in (left, right, left + right, left * right, int(f"{left}{right}")):
        assert judge(str(reference), f"{left}{gap}{right}").status is Status.FAIL


@pytest.mark.parametrize(
    "text",
    ["5\\phantom{6}", "5\\cancel{6}", "\\color{white}{5}", "5\u202e", "5\u0430", "\\unknown{5}", "5\\text{", "5}", "{5",
     "\\frac{5}", "5^", "_5", "5 6", "4 10/3", "5\\frac{7}{3}", "--5", "5+", "()", "\\boxed{5} 6", "5 = ", "\\sqrt",
     "\\begin{pmatrix}1&2\\\\3\\end{pmatrix}", "[1,2,3)", "\\left(5", "|5",
     "x>\\begin{pmatrix}1 \\text{ and } x<3", "\\begin{cases}1 \\text{ or }", "5!!!x y z\\\\"],
)  # fmt: skip
def test_what_is_in_no_grammar_is_unreadable_and_fails(text: str) -> None:
    assert judge("5", text).status is Status.FAIL
    try:
        tree = read(text)
    except Unreadable:
        return
    assert tree != read("5")
