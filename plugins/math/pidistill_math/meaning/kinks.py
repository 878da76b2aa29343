"""Where an expression goes from one case to another: the noughts of what is in absolute values and even roots.

``|x-12^4|`` turns at 20736 and ``|x^2-2|`` at the root of 2, which no numeral in them shows. What is in a kink is
worked out at four values of one letter, the others held; where a straight line or a parabola goes through all four,
its noughts are known. Points beside each, and between each two, tell the cases apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

import mpmath
from mpmath import mpc, mpf

from pidistill_math.meaning.numeric import NoValue, Place, TooLarge, real
from pidistill_math.reading.syntax import Node, symbols

_DIGITS: Final = 40
_MOST_NODES: Final = 400
"""Nodes of the kinks that are looked at for one letter."""
_KINKED: Final = frozenset({"abs", "max", "min", "sgn", "floor", "ceil", "Re", "Im", "arg", "Arg"})
_LARGEST: Final = Fraction(10) ** 12
"""The largest edge that is looked at."""
_BESIDE: Final = Fraction(1, 10**4)


def is_kink(part: Node) -> bool:
    """Whether a node is put together from cases by sign or order: an absolute value, an extremum, an even root."""
    if part.head == "call":
        return part.text in _KINKED
    if part.head == "root":
        return bool(symbols(part.args[0]))
    if part.head != "pow" or not symbols(part.args[0]):
        return False
    return part.args[1].has("div") or any(inner.number.denominator > 1 for inner in part.args[1].walk())


def beside_edges(name: str, others: Mapping[str, Fraction], expressions: Sequence[Node]) -> Iterator[Fraction]:
    """Values of one letter on both sides of each edge and between each two, the other letters held at theirs."""
    edges = sorted(
        {edge for inner in _inner({name, *others}, name, expressions) for edge in _noughts(inner, name, others)}
    )
    for edge in edges:
        yield from (edge * (1 + sign * _BESIDE) + sign * _BESIDE for sign in (1, -1))
    yield from ((a + b) / 2 for a, b in pairwise(edges))


def _inner(names: set[str], name: str, expressions: Sequence[Node]) -> list[Node]:
    """What is nought where an expression goes over from one case to another, as far as it is short."""
    found: dict[Node, None] = {}
    for part in (part for node in expressions for part in node.walk() if is_kink(part)):
        if part.text in ("max", "min") and part.head == "call":
            found |= {Node("add", (a, Node("neg", (b,)))): None for a, b in pairwise(part.args)}
        else:
            found[part.args[0]] = None
    chosen, nodes = [], 0
    for inner in found:
        if name in symbols(inner) and symbols(inner) <= names and not inner.has("big"):
            nodes += sum(1 for _ in inner.walk())
            if nodes > _MOST_NODES:
                break
            chosen.append(inner)
    return chosen


def _noughts(node: Node, name: str, others: Mapping[str, Fraction]) -> list[Fraction]:
    """The noughts of a straight line or a parabola in one letter; [] of anything else."""
    with mpmath.workdps(_DIGITS):
        try:
            below, at, above, twice = (_at(node, name, others, x) for x in (-1, 0, 1, 2))
        except (NoValue, TooLarge):
            return []
        square, slope = (above + below) / 2 - at, (above - below) / 2
        small = mpf(10) ** (10 - _DIGITS)
        if abs(4 * square + 2 * slope + at - twice) > small * (1 + abs(twice) + abs(at)):
            return []
        if abs(square) <= small * (1 + abs(slope)):
            roots = [-at / slope] if abs(slope) > small else []
        else:
            inside = slope * slope - 4 * square * at
            roots = [(-slope + sign * mpmath.sqrt(inside)) / (2 * square) for sign in (1, -1)] if inside >= 0 else []
        return [_fraction(root) for root in roots if abs(root) < _LARGEST.numerator]


def _at(node: Node, name: str, others: Mapping[str, Fraction], x: int) -> mpf:
    value = real(Place({**others, name: Fraction(x)}.__getitem__).value(node))
    if isinstance(value, mpc) or not mpmath.isfinite(value):
        raise NoValue
    return value


def _fraction(value: mpf) -> Fraction:
    """A value to twenty places."""
    return Fraction(int(mpmath.nint(value * 10**20)), 10**20)
