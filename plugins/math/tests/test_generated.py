"""Objects of known truth in twenty dresses: different ones are never taken for each other, equal ones never refused.

An object is a tuple that Python itself compares: ``("number", Fraction, root)`` for a fraction times the square root of
a square-free number, ``("tuple", ...)``, ``("set", frozenset)``, ``("interval", low, high, closed, closed)``. A pair in
parentheses and an open interval are written alike, and a set of one is read as its member: neither is generated.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Final

import pytest

from pidistill.records import Status
from pidistill_math.comparing.judge import judge

Thing = tuple[object, ...]
Dress = Callable[[str], str]


def number(rng: random.Random) -> Fraction:
    """A number as answers have it: mostly small, now and then large or with a long denominator."""
    match rng.randrange(6):
        case 0 | 1:
            return Fraction(rng.randint(-30, 30))
        case 2:
            return Fraction(rng.randint(-(10**7), 10**7))
        case 3:
            return Fraction(rng.randint(-999, 999), rng.choice((2, 4, 5, 8, 10, 20, 25, 100)))
    return Fraction(rng.randint(-60, 60), rng.randint(2, 40))


def thing(rng: random.Random) -> Thing:
    """A number, a tuple, a set or an interval."""
    match rng.randrange(4):
        case 0:
            return ("number", number(rng), rng.choice((1, 1, 1, 2, 3, 5, 6)))
        case 1:
            return ("tuple", *(number(rng) for _ in range(rng.randint(2, 4))))
        case 2:
            while len(members := frozenset(number(rng) for _ in range(rng.randint(2, 4)))) < 2:
                pass
            return ("set", members)
    while (low := number(rng)) >= (high := number(rng)):
        pass
    closed = rng.choice(((True, True), (True, False), (False, True), (False, False)))
    return ("interval", low, high, *closed)


def near(one: Thing, rng: random.Random) -> Thing:
    """Another object that is easily taken for `one`, or any other."""
    for _ in range(50):
        other = _changed(one, rng) if rng.random() < 0.85 else thing(rng)
        if not same(one, other):
            return other
    return ("number", Fraction(10**9 + 7), 1)


def same(one: Thing, other: Thing) -> bool:
    """Whether two objects are one, or are written alike."""
    if one[0] == other[0] == "number" and one[1] == other[1] == 0:
        return True
    if {one[0], other[0]} == {"tuple", "interval"}:
        pair, interval = (one, other) if one[0] == "tuple" else (other, one)
        return len(pair) == 3 and pair[1:] == interval[1:3] and interval[3] is False and interval[4] is False
    return one == other


def _changed(one: Thing, rng: random.Random) -> Thing:
    kind, parts = one[0], list(one[1:])
    if kind == "number":
        value, root = parts
        assert isinstance(value, Fraction)
        choices = [-value, value + 1, value * 10, value / 10, value + Fraction(1, 1000), Fraction(1, value or 1)]
        return ("number", rng.choice(choices), root) if rng.random() < 0.8 else ("number", value, 7)
    if kind == "set":
        (members,) = parts
        assert isinstance(members, frozenset)
        ordered = sorted(members)
        match rng.randrange(4):
            case 0:
                return ("set", members | {number(rng)})
            case 1 if len(ordered) > 2:
                return ("set", frozenset(ordered[1:]))
            case 2:
                return ("tuple", *ordered)
        return (
            ("set", frozenset([ordered[0] + 1, *ordered[1:]])) if ordered[0] + 1 not in ordered else ("tuple", *ordered)
        )
    if kind == "interval":
        low, high, left, right = parts
        assert isinstance(low, Fraction) and isinstance(high, Fraction)
        return rng.choice(
            (
                ("interval", low, high, not left, right),
                ("interval", low, high, left, not right),
                ("interval", low - 1, high, left, right),
                ("interval", low, high + Fraction(1, 7), left, right),
                ("set", frozenset((low, high))),
                ("number", low, 1),
            )
        )
    match rng.randrange(4):
        case 0:
            return ("tuple", *parts[::-1])
        case 1:
            return ("tuple", *parts, number(rng))
        case 2 if len(set(parts)) > 1:
            return ("set", frozenset(parts))
    changed = parts[-1]
    assert isinstance(changed, Fraction)
    return ("tuple", *parts[:-1], changed + 1)


# --- dress -----------------------------------------------------------------------------------------------------------


def _plain(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    sign = "-" if value < 0 else ""
    return f"{sign}\\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def _decimal(value: Fraction) -> str | None:
    for places in range(1, 5):
        if (scaled := value * 10**places).denominator == 1:
            digits = str(abs(scaled.numerator)).rjust(places + 1, "0")
            return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"
    return None


def _repeating(value: Fraction) -> str | None:
    rest = abs(value) - int(abs(value))
    for length in range(1, 5):
        if rest and (period := rest * (10**length - 1)).denominator == 1:
            return (
                f"{'-' if value < 0 else ''}{int(abs(value))}.\\overline{{{str(period.numerator).rjust(length, '0')}}}"
            )
    return None


def _mixed(value: Fraction) -> str | None:
    whole = int(abs(value))
    if value.denominator == 1 or not whole:
        return None
    return (
        f"{'-' if value < 0 else ''}{whole}\\frac{{{abs(value).numerator % value.denominator}}}{{{value.denominator}}}"
    )


def _grouped(value: Fraction, mark: str) -> str | None:
    return f"{value.numerator:,}".replace(",", mark) if value.denominator == 1 and abs(value) >= 1000 else None


def _scaled(value: Fraction) -> str | None:
    return None if value.denominator == 1 else f"\\frac{{{3 * value.numerator}}}{{{3 * value.denominator}}}"


SPELLINGS: Final[tuple[Callable[[Fraction], str | None], ...]] = (
    _plain,
    lambda value: _plain(value).replace("\\frac", "\\dfrac"),
    lambda value: f"{value.numerator}/{value.denominator}" if value.denominator > 1 else f"{value}.0",
    _decimal,
    lambda value: found + "0" if (found := _decimal(value)) else None,
    _repeating,
    _mixed,
    _scaled,
    lambda value: _grouped(value, "{,}"),
    lambda value: _grouped(value, "\\,"),
    lambda value: _grouped(value, ",\\!"),
    lambda value: str(value).replace("-", "\u2212"),
    lambda value: f"\\frac{{{value.numerator}}}{{{value.denominator}}}" if value.denominator > 1 else None,
)  # fmt: skip
"""Ways to write one number."""

WRAPPINGS: Final[tuple[Dress, ...]] = (
    lambda text: text,
    lambda text: f" {text} ",
    lambda text: f"${text}$",
    lambda text: f"\\displaystyle {text}",
    lambda text: f"\\mathbf{{{text}}}",
    lambda text: f"\\color{{blue}}{{{text}}}",
    lambda text: f"{text}.",
)
"""Ways to dress any answer. Twenty with the spellings."""


def spelt(value: object, rng: random.Random) -> str:
    """A number in one of the spellings that it has."""
    assert isinstance(value, Fraction)
    found = [text for spelling in SPELLINGS if (text := spelling(value)) is not None]
    return rng.choice(found)


def dressed(one: Thing, rng: random.Random) -> str:
    """An object in one of the ways in which answers write it."""
    kind, parts = one[0], one[1:]
    if kind == "number":
        text = spelt(parts[0], rng)
        if parts[1] != 1:
            root = rng.choice((f"\\sqrt{{{parts[1]}}}", f"\\sqrt {parts[1]}"))
            plain = _plain(parts[0]) if isinstance(parts[0], Fraction) else ""
            text = rng.choice((f"{plain}{root}", f"{root}\\cdot\\left({plain}\\right)"))
        text = rng.choice((text, text, f"x={text}", f"\\left({text}\\right)"))
    elif kind == "tuple":
        inside = rng.choice((", ", ",", ";\\,", ",\\ ")).join(_apart(value, rng) for value in parts)
        text = rng.choice((f"({inside})", f"\\left({inside}\\right)", f"\\left( {inside} \\right)"))
    elif kind == "set":
        assert isinstance(parts[0], frozenset)
        ordered = sorted(parts[0])
        rng.shuffle(ordered)
        inside = ", ".join(_apart(value, rng) for value in ordered)
        last = ", ".join(_apart(value, rng) for value in ordered[:-1]) + " \\text{ and } " + _apart(ordered[-1], rng)
        text = rng.choice((f"\\{{{inside}\\}}", f"\\left\\{{{inside}\\right\\}}", inside, last))
    else:
        low, high, left, right = _apart(parts[0], rng), _apart(parts[1], rng), parts[2], parts[3]
        brackets = f"{'[' if left else '('}{low}, {high}{']' if right else ')'}"
        signs = "\\le" if left else "<", "\\leq" if right else "<"
        between = f"{low} {signs[0]} x {signs[1]} {high}"
        text = rng.choice((brackets, f"x \\in {brackets}", between, f"\\{{x \\mid {between}\\}}"))
    return rng.choice(WRAPPINGS)(text)


def _apart(value: object, rng: random.Random) -> str:
    """A number as an item of a list, where a bare comma between digits would separate."""
    text = spelt(value, rng)
    return text if text[-1] != "." else _plain(value) if isinstance(value, Fraction) else text


# --- the properties ---

PAIRS = 5_000


def test_there_are_twenty_dresses() -> None:
    assert len(SPELLINGS) + len(WRAPPINGS) >= 20


@pytest.mark.parametrize("seed", range(2))
def test_no_two_different_objects_are_taken_for_each_other(seed: int) -> None:
    rng, wrong = random.Random(seed), []
    for _ in range(PAIRS // 2):
        one = thing(rng)
        reference, answer = dressed(one, rng), dressed(near(one, rng), rng)
        ruling = judge(reference, answer)
        if ruling.status is not Status.FAIL:
            wrong.append((reference, answer, ruling))
    assert not wrong[:5]


@pytest.mark.parametrize("seed", range(2))
def test_no_equal_objects_are_refused(seed: int) -> None:
    rng, wrong = random.Random(100 + seed), []
    for _ in range(PAIRS // 2):
        one = thing(rng)
        reference, answer = dressed(one, rng), dressed(one, rng)
        ruling = judge(reference, answer)
        if ruling.status is not Status.PASS:
            wrong.append((reference, answer, ruling))
    assert not wrong[:5]
