"""Sets of reals as they are written: intervals in brackets, distances, and the sets with names of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Final

import mpmath
from mpmath import mpc

from pidistill_math.meaning.equality import DIGITS, TooLarge, constant, equal
from pidistill_math.meaning.intervals import without
from pidistill_math.meaning.kinds import INFINITY, LOWEST, Interval, Named, Ordered, Reals, Several, Shape, Single
from pidistill_math.meaning.numeric import NoValue, Place
from pidistill_math.reading.syntax import Node, Unreadable, num, sym, symbols

_HALVES: Final = {"R+": (False, "+"), "R-": (False, "-"), "R0+": (True, "+"), "R0-": (True, "-"), "R*": (False, "*")}


def distance(sides: tuple[Node, ...], sign: str) -> Reals | None:
    """``|x-a| < c`` and ``|x-a| > c`` for a positive number c, as sets of x; None for any other inequality."""
    bar = next((side for side in sides if side.head == "call" and side.text == "abs"), None)
    if bar is None:
        return None
    inside, other = bar.args[0], sides[1] if sides[0] is bar else sides[0]
    names, radius = symbols(inside), constant(other)
    if len(names) != 1 or radius is None or isinstance(radius, mpc) or radius <= 0:
        return None
    name = sym(next(iter(names)))
    shift = Node("add", (inside, Node("neg", (name,))))  # inside is name + shift where that is constant
    at_zero = _put(shift, name, num(0))
    try:
        if not equal(shift, at_zero):
            return None
    except (NoValue, TooLarge):
        return None
    low = _worked_out(Node("add", (Node("neg", (other,)), Node("neg", (at_zero,)))))
    high = _worked_out(Node("add", (other, Node("neg", (at_zero,)))))
    closed = sign == "<="
    if sides[0] is bar:
        return Reals((Interval(low, high, (closed, closed)),), name)
    return Reals((Interval(LOWEST, low, (False, closed)), Interval(high, INFINITY, (closed, False))), name)


def _worked_out(node: Node) -> Node:
    value = constant(node)
    return num(value) if isinstance(value, Fraction) else node


def _put(node: Node, name: Node, value: Node) -> Node:
    return value if node == name else node.mapped(tuple(_put(arg, name, value) for arg in node.args))


def negated(node: Node) -> Node:
    """Minus an expression."""
    return node.args[0] if node.head == "neg" else Node("neg", (node,))


def as_interval(pair: Ordered) -> Reals | None:
    """The interval that a pair in brackets may be."""
    if len(pair.items) != 2 or pair.brackets == "<>":
        return None
    low, high = pair.items
    if not (isinstance(low, Single) and isinstance(high, Single)):
        return None
    return interval(low.node, high.node, pair.brackets)


def interval(low: Node, high: Node, brackets: str) -> Reals:
    """The interval between two ends in brackets. Infinity is no number, so no bracket encloses it."""
    closed = (brackets.startswith("["), brackets.endswith("]"))
    if (closed[0] and low in (INFINITY, LOWEST)) or (closed[1] and high in (INFINITY, LOWEST)):
        raise Unreadable("infinity as an end that belongs to its interval")
    return Reals((Interval(low, high, closed),))


def named_reals(name: str) -> Reals | None:
    """The set of reals that has a name of its own: all of them, a half of them, none."""
    if name == "R":
        return Reals((Interval(LOWEST, INFINITY, (False, False)),))
    if name in _HALVES:
        closed, half = _HALVES[name]
        if half == "*":
            return Reals(without((num(0),)))
        low, high = (num(0), INFINITY) if half == "+" else (LOWEST, num(0))
        return Reals((Interval(low, high, (closed and half == "+", closed and half == "-")),))
    return Reals(()) if name == "empty" else None


def as_reals(found: Shape) -> Reals | None:
    """The set of reals that an answer is, or may be: a pair in brackets, a list of points."""
    if isinstance(found, Reals):
        return found
    if isinstance(found, Ordered):
        return as_interval(found)
    return _points(found) if isinstance(found, Several) else None


def _points(found: Several) -> Reals | None:
    if all(isinstance(item, Single) for item in found.items):
        nodes = [item.node for item in found.items if isinstance(item, Single)]
        return Reals(tuple(Interval(node, node, (True, True)) for node in nodes))
    return None


def says_nothing(condition: Shape) -> bool:
    """Whether a condition holds of every real number."""
    inner = condition.inner if isinstance(condition, Named) else condition
    return isinstance(inner, Reals) and inner.parts == (Interval(LOWEST, INFINITY, (False, False)),)


def counts_from(condition: Shape, found: Shape) -> bool:
    """Whether a condition says where the index of a sequence begins, at nought or at one."""
    if not isinstance(found, Named) or found.name.head != "call" or not found.name.text.endswith("_"):
        return False
    subject = condition.subject if isinstance(condition, Reals) else None
    first = Reals((Interval(num(1), INFINITY, (True, False)),)), Reals((Interval(num(0), INFINITY, (True, False)),))
    return subject in found.name.args and isinstance(condition, Reals) and replace(condition, subject=None) in first


def excludes_only(condition: Shape, found: Shape, originals: tuple[Node, ...]) -> bool:
    """Whether a condition on one letter leaves out only values at which the expression under it has no real value.

    ``\\sqrt{x}, x \\ge 0`` says what the root says, and ``x+1, x \\ne 1`` what the fraction does that was simplified:
    `originals` are the formulas that the question wants worked out.
    """
    value = found.inner if isinstance(found, Named) else found
    if not (isinstance(condition, Reals) and isinstance(value, Single) and condition.subject is not None):
        return False
    subject = condition.subject.text
    if subject not in symbols(value.node):
        return False
    formulas = (value.node, *(node for node in originals if symbols(node) == symbols(value.node)))
    ends = [constant(end) for part in condition.parts for end in (part.low, part.high)]
    points = {Fraction(k, 12) for k in range(-240, 241)} | {Fraction(10**k * sign) for k in (2, 4) for sign in (1, -1)}
    stretches: list[tuple[Fraction | None, Fraction | None, tuple[bool, bool]]] = []
    for part, low, high in zip(condition.parts, ends[::2], ends[1::2], strict=True):
        if (low is None and part.low != LOWEST) or (high is None and part.high != INFINITY):
            return False
        if isinstance(low or Fraction(0), Fraction) and isinstance(high or Fraction(0), Fraction):
            bounds = tuple(end if isinstance(end, Fraction) else None for end in (low, high))
            points |= {end for end in bounds if end is not None}
            stretches.append((bounds[0], bounds[1], part.ends))
        else:
            return False
    points |= _around({end for low, high, _ in stretches for end in (low, high) if end is not None})
    left_out = [x for x in points if not any(_inside(x, *stretch) for stretch in stretches)]
    return bool(left_out) and all(any(not _is_real(node, x, subject) for node in formulas) for x in left_out)


def _around(bounds: set[Fraction]) -> set[Fraction]:
    """Values close to each bound and far from it, between each two, and past the outermost ones."""
    ordered = sorted(bounds)
    steps = [step * sign for step in (Fraction(1, 1000), Fraction(1), Fraction(1000)) for sign in (1, -1)]
    beyond = {sign * 10**k * (abs(end) + 1) for end in ordered for k in (0, 3) for sign in (1, -1)}
    return {end + step for end in ordered for step in steps} | {(a + b) / 2 for a, b in pairwise(ordered)} | beyond


def _inside(x: Fraction, low: Fraction | None, high: Fraction | None, ends: tuple[bool, bool]) -> bool:
    above = low is None or x > low or (ends[0] and x == low)
    return above and (high is None or x < high or (ends[1] and x == high))


def _values(subject: str, x: Fraction, other: Fraction) -> Callable[[str], Fraction]:
    """One letter's value, and that of every other letter."""
    return lambda name: x if name == subject else other


def _is_real(node: Node, x: Fraction, subject: str) -> bool:
    """Whether an expression has a real value where one letter is x, and the others are of either sign."""
    for other in (Fraction(7, 3), Fraction(-7, 3)) if len(symbols(node)) > 1 else (x,):
        place = Place(_values(subject, x, other))
        with mpmath.workdps(DIGITS):
            try:
                value = place.value(node)
            except (NoValue, TooLarge):
                continue
        if not place.left_domain and not isinstance(value, mpc):
            return True
    return False
