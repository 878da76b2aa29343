"""Points that tell apart what changes by cases, which points drawn by chance leave to luck.

Two kinds of expressions change by cases. Those with a value at whole numbers only, as ``(-1)^n`` and ``gcd(m, n)``,
go by residues: `whole` has every residue of every name, and every pair of residues of two names, for the divisors of
4 and 6. Those with a kink, such as ``|x-2000|`` and ``max(m, n)``, go by signs and by order: `spread` has values of
both signs and of many sizes in every order of two names, values around the numerals that the expressions hold, and
values beside the edges of their cases (`kinks`).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise, product
from typing import Final

from pidistill_math.meaning.kinks import beside_edges, is_kink
from pidistill_math.reading.syntax import Node

Point = dict[str, Fraction]

_FIRST: Final = 2
"""The least whole number: below it formulas in a count often make exceptions."""
_RESIDUES: Final = 6
_ONE_NAME: Final = 12
_MOST_WHOLE: Final = 400
_SIZES: Final = (Fraction(1, 900), Fraction(1, 11), Fraction(1), Fraction(9), Fraction(140), Fraction(9_001))
_SIZES_APART: Final = (*_SIZES, Fraction(700_003), Fraction(10**9 + 7))
_DRAWN: Final = 48
_MOST_NUMERALS: Final = 8
_MOST_MULTIPLE: Final = 10**6
_ORDERS: Final = tuple(
    (Fraction(a, 7), Fraction(b, 7))
    for a, b in ((2, 25), (25, 2), (-2, -25), (-25, -2), (2, -25), (-25, 2), (25, -2), (-2, 25))
)
WORK: Final = 80_000
"""Nodes visited in a comparison before no more points are tried; a count, so that a verdict is the same on a busy
machine."""
_FEWEST: Final = 12
"""Points that tell cases apart which are tried whatever they cost."""


@dataclass
class Work:
    """What a comparison has cost."""

    nodes: int = 0
    points: int = 0

    def is_left(self) -> bool:
        """Whether another point that tells cases apart may be tried; it is counted."""
        self.points += 1
        return self.points <= _FEWEST or self.nodes < WORK


def whole(names: Sequence[str], expressions: Sequence[Node] = ()) -> Iterator[Point]:
    """Whole numbers of every residue for each name, of every two residues for each pair of names, and multiples of the
    whole numerals that the expressions hold."""
    for name in names:
        for k, value in enumerate(factor * numeral for numeral in _wholes(expressions) for factor in (1, 2)):
            yield {other: Fraction(_FIRST + _drawn(other, k) % 7) for other in names} | {name: value}
    if len(names) == 1:
        yield from ({names[0]: Fraction(_FIRST + k)} for k in range(_ONE_NAME))
        return
    tried = 0
    for pair in combinations(names, 2):
        for k, values in enumerate(product(range(_FIRST, _FIRST + _RESIDUES), repeat=2)):
            found = {name: Fraction(_FIRST + _drawn(name, k) % 7) for name in names}
            yield found | {name: Fraction(value) for name, value in zip(pair, values, strict=True)}
            tried += 1
        if tried > _MOST_WHOLE:
            return


def has_kink(node: Node) -> bool:
    """Whether an expression is put together from cases by sign or order: absolute values, extrema, even roots."""
    return any(is_kink(part) for part in node.walk())


def spread(names: Sequence[str], expressions: Sequence[Node]) -> Iterator[Point]:
    """Values of all sizes and both signs, in every order of each pair, and around the numerals of the expressions."""
    numerals = _numerals(expressions)
    for name in names:
        for k, value in enumerate((*(sign * size for size in _SIZES_APART for sign in (1, -1)), *numerals)):
            yield {other: _value(other, k) for other in names} | {name: value}
    for name in names:
        for k in range(min(len(names), 2)):
            others = {other: _value(other, 300 + k) for other in names}
            yield from (others | {name: value} for value in beside_edges(name, others, expressions))
    for pair in combinations(names, 2):
        for k, values in enumerate(_ORDERS):
            yield {name: _value(name, k) for name in names} | dict(zip(pair, values, strict=True))
    if len(names) > 1:
        yield from ({name: _value(name, 100 + k) for name in names} for k in range(_DRAWN))


def drawn_order(points: Sequence[Point]) -> list[Point]:
    """The points in an order that depends on their number alone, so that the first of them are of every kind."""
    return [points[k] for k in sorted(range(len(points)), key=lambda k: _drawn("order", k))]


def _wholes(expressions: Sequence[Node]) -> list[Fraction]:
    """Whole numerals that small residues do not reach."""
    found = {part.number for node in expressions for part in node.walk() if part.head == "num"}
    return sorted(n for n in found if n.denominator == 1 and _FIRST + _ONE_NAME <= n <= _MOST_MULTIPLE)[:_MOST_NUMERALS]


def _numerals(expressions: Sequence[Node]) -> list[Fraction]:
    """Values beside each numeral that stands in the expressions and beside its square root, and between each two."""
    found = {abs(part.number) for node in expressions for part in node.walk() if part.head == "num" and part.number}
    chosen = sorted(found, reverse=True)[:_MOST_NUMERALS]
    chosen += [Fraction(math.isqrt(int(value))) for value in chosen if value > 8]
    edges = sorted({sign * value for value in chosen for sign in (1, -1)})
    beside = [value * share for value in edges for share in (Fraction(13, 14), Fraction(15, 14))]
    return [*beside, *((a + b) / 2 for a, b in pairwise(edges))]


def _drawn(name: str, k: int) -> int:
    return zlib.crc32(f"{name}:{k}".encode())


def _value(name: str, k: int) -> Fraction:
    """A value of any size and either sign that depends on the name and on the point alone."""
    drawn = _drawn(name, k)
    size = _SIZES[drawn % len(_SIZES)] * Fraction(drawn // 8 % 997 + 300, 700)
    return -size if drawn >> 20 & 1 else size
