"""What changes by residues, by signs or by order is told apart at whatever numbers and letters it is written with."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill.records import Status
from pidistill_math.comparing.judge import judge
from pidistill_math.meaning import equality, numeric, samples
from pidistill_math.meaning.equality import equal
from pidistill_math.reading.answers import read
from pidistill_math.reading.syntax import Node

LETTERS = st.sampled_from("abcjklmnpqrstuvwxyzNT")
NUMERALS = st.integers(1, 10**7)


def same(left: str, right: str) -> bool:
    return equal(read(left), read(right))


@settings(max_examples=60, deadline=None)
@given(LETTERS, st.integers(2, 6), st.integers(0, 5), st.integers(0, 5))
def test_powers_of_minus_one_are_told_apart_by_parity(n: str, base: int, shift: int, other: int) -> None:
    left, right = f"{base}^{n}+(-1)^{{{n}+{shift}}}", f"{base}^{n}+(-1)^{{{n}+{other}}}"
    assert same(left, right) == ((shift - other) % 2 == 0)
    assert not same(left, f"{base}^{n}+1")
    assert not same(left, f"{base}^{n}-1")


@settings(max_examples=60, deadline=None)
@given(st.lists(LETTERS, min_size=2, max_size=3, unique=True), st.data())
def test_a_sign_by_two_letters_is_not_a_sign_by_one(names: list[str], data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(names))
    assert not same(f"(-1)^{{{'+'.join(names)}}}", f"(-1)^{one}")
    assert same(f"(-1)^{{{'+'.join(names)}}}", f"(-1)^{{{'-'.join(reversed(names))}}}")


@settings(max_examples=60, deadline=None)
@given(LETTERS, st.integers(0, 3), st.integers(0, 3))
def test_exponents_by_residues_modulo_four(n: str, one: int, other: int) -> None:
    left, right = (f"(-1)^{{\\frac{{({n}+{k})({n}+{k + 1})}}{{2}}}}" for k in (one, other))
    assert same(left, right) == (one == other)


@settings(max_examples=80, deadline=None)
@given(LETTERS, NUMERALS, st.integers(1, 40))
def test_an_absolute_value_is_neither_of_its_branches(x: str, numeral: int, factor: int) -> None:
    kinked = f"|{factor}{x}-{numeral}|"
    assert not same(kinked, f"{factor}{x}-{numeral}")
    assert not same(kinked, f"{numeral}-{factor}{x}")
    assert same(kinked, f"|{numeral}-{factor}{x}|")


@settings(max_examples=80, deadline=None)
@given(LETTERS, NUMERALS)
def test_the_larger_of_two_is_neither(x: str, numeral: int) -> None:
    assert not same(f"\\max({x},{numeral})", f"{numeral}")
    assert not same(f"\\max({x},{numeral})", x)
    assert same(f"\\max({x},{numeral})", f"\\frac{{{x}+{numeral}+|{x}-{numeral}|}}{{2}}")


@settings(max_examples=60, deadline=None)
@given(st.lists(LETTERS, min_size=3, max_size=3, unique=True))
def test_a_distance_of_letters_is_no_difference(names: list[str]) -> None:
    a, b, c = names
    assert not same(f"|{a}-{b}|", f"{a}-{b}")
    assert not same(f"|{a}-{b}|", f"{b}-{a}")
    assert not same(f"|{a}+{b}-{c}|", f"|{a}|+|{b}|-|{c}|")
    assert not same(f"\\max({a},{b})", f"\\max({a},{b},{c})")
    assert same(f"\\max({a},{b})", f"{a}+{b}-\\min({a},{b})")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from("abcxyzpqk"), min_size=2, max_size=4, unique=True))
def test_letters_of_the_question_are_multiplied_in_any_order_and_no_other_case(names: list[str]) -> None:
    text = f"Let {' and '.join(f'${name}$' for name in names)} be positive. Find their product."
    gold = "".join(names)
    for answer in ("".join(reversed(names)), " \\cdot ".join(names), "*".join(names)):
        assert judge(gold, answer, question=text).status is Status.PASS
    for answer in (gold.upper(), gold[:-1] + gold[-1].upper(), gold[:-1], "+".join(names), gold + names[0]):
        assert judge(gold, answer, question=text).status is Status.FAIL


def visited(patch: pytest.MonkeyPatch) -> list[int]:
    """How many nodes have been visited, in its one place."""
    count = [0]

    class Counting(numeric.Place):
        def value(self, node: Node) -> numeric.Value:
            count[0] += 1
            return super().value(node)

    patch.setattr(equality, "Place", Counting)
    return count


CASES = ("|{}|", "\\sqrt{{{}^2+1}}", "(-1)^{{{}}}", "\\max({},7)", "\\sqrt[3]{{{}}}")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from("abcfghjklmnpqrstuvwxyz"), min_size=1, max_size=22, unique=True),
    st.sampled_from(CASES),
    st.integers(1, 1_000),
)
def test_the_work_at_points_that_tell_cases_apart_is_bounded(names: list[str], case: str, terms: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        count = visited(patch)
        series = f"\\sum_{{i=1}}^{{{terms}}}\\frac{{{names[0]}}}{{i}}"
        left = read("+".join([case.format(name) for name in names] + [series]))
        right = read("+".join([series] + [case.format(name) for name in reversed(names)]))
        equality.equal.cache_clear()
        assert equal(left, right)
        at_one_point = 2 * 2 * (6 * len(names) + 5 * terms + 10)
        assert count[0] <= samples.WORK + 45 * at_one_point


@settings(max_examples=60, deadline=None)
@given(LETTERS, st.integers(1, 40), st.sampled_from("+-"), st.integers(1, 9))
def test_squares_of_sines_at_whole_numbers_are_what_parity_says(n: str, half: int, sign: str, scale: int) -> None:
    turn = f"\\frac{{{2 * half - 1}{n}\\pi}}{{2}}"
    other = {"+": "\\cos", "-": "\\sin"}
    literal = f"\\frac{{{scale}(1{sign}(-1)^{n})}}{{2}}"
    assert same(literal, f"{scale}{other[sign]}^2{turn}")
    assert not same(literal, f"{scale}{other['-' if sign == '+' else '+']}^2{turn}")
    assert not same(literal, f"{scale + 1}{other[sign]}^2{turn}")
    assert same(f"\\frac{{{literal}}}{{{n}}}", f"\\frac{{{scale}}}{{{n}}}{other[sign]}^2{turn}")
