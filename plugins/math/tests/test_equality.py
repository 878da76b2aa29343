"""What changes by residues, by signs or by order is told apart at whatever numbers and letters it is written with."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill.records import Status
from pidistill_math.equality import equal
from pidistill_math.judge import judge
from pidistill_math.reading import read

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
