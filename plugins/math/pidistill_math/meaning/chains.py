"""Chains of equals signs: whether neighbours are equal, exactly or to the digits that an approximation shows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from mpmath import mpc, mpf

from pidistill_math.meaning.equality import TooLarge, constant, equal
from pidistill_math.meaning.numeric import NoValue, real
from pidistill_math.reading.syntax import Node, num, symbols

_INVERSE: Final = frozenset({"arcsin", "arccos", "arctan", "arccot", "arcsec", "arccsc"})


def numeral(node: Node) -> bool:
    """Whether a side is a numeral, with a sign or a unit at most."""
    inner = node.args[0] if node.head in ("neg", "quantity") else node
    return inner.head == "num"


def stated_side(sides: Sequence[Node]) -> Node:
    """The side of a true chain that states its value: the last numeral, ``27 = 8+9+10``, or the last side."""
    if (numerals := [side for side in sides if numeral(side)]) and not numeral(sides[-1]):
        return numerals[-1]
    return sides[0] if sides[-1].head == "degree" and has_pi(sides[0]) else sides[-1]


def solved(name: Node, values: Sequence[Node]) -> bool:
    """Whether a name is given by what is free of it."""
    if name.head != "sym":
        return True
    return not any(name.text in symbols(value) for value in values)


def all_equal(sides: Sequence[Node], found: Sequence[str]) -> bool:
    """Whether neighbours in a chain are equal, an approximation to the digits that it shows.

    A side that an ellipsis leaves open says nothing, and what stands around it are neighbours.
    """
    if any(side.has("dots") for side in sides) and set(found) <= {"="}:
        sides = [side for side in sides if not side.has("dots")]
        found = ["="] * len(sides)
    for left, right, sign in zip(sides, sides[1:], found, strict=False):
        if left == right:
            continue
        if sign == "~":
            if not near(left, right):
                return False
            continue
        try:
            if not all(equal(*pair) for pair in _pairs(left, right)):
                return False
        except (NoValue, TooLarge):
            return False
    return True


def _pairs(left: Node, right: Node) -> list[tuple[Node, Node]]:
    """What must be equal for two sides to be: ratios by their quotients, quantities by the scales of their units.

    An angle in degrees keeps its sign beside one in radians: a multiple of pi, or an inverse function.
    """
    if left.head == right.head == "ratio" and len(left.args) == len(right.args):
        quotients = ([Node("div", (part, side.args[0])) for part in side.args[1:]] for side in (left, right))
        return list(zip(*quotients, strict=True))
    if left.head == right.head == "quantity" and left.unit is not None and right.unit is not None:
        if left.unit.dimension == right.unit.dimension and left.unit.scale != right.unit.scale:
            return [(_scaled(left, left.unit.scale), _scaled(right, right.unit.scale))]
    summed = any(side.head != "degree" and side.has("degree") for side in (left, right))
    if _in_radians(left) != _in_radians(right) or (summed and left.has("degree") and right.has("degree")):
        return [(_without_unit(left), _without_unit(right))]
    return [(bare(left), bare(right))]


def _scaled(node: Node, scale: Fraction) -> Node:
    return Node("mul", (node.args[0], num(scale)))


def _in_radians(node: Node) -> bool:
    return has_pi(node) or (node.head == "call" and node.text in _INVERSE)


def _without_unit(node: Node) -> Node:
    """A quantity without its unit; an angle keeps the sign of its degrees."""
    return node.args[0] if node.head == "quantity" else node


def converted(sides: Sequence[Node]) -> bool:
    """Whether quantities are one quantity in several units: ``18 km/h = 5 m/s``."""
    if any(side.head != "quantity" or side.unit is None for side in sides):
        return False
    return len({side.unit for side in sides}) > 1 and all_equal(sides, ["="] * len(sides))


def bare(node: Node) -> Node:
    """A quantity without its unit: units of a chain are compared where its value is."""
    return node.args[0] if node.head in ("quantity", "degree") else node


def has_pi(node: Node) -> bool:
    """Whether an angle is given in radians, rather than in degrees."""
    return any(part.head == "const" and part.text == "pi" for part in node.walk())


def _in_degrees(node: Node) -> Node:
    """An angle in radians as a number of degrees."""
    return Node("div", (Node("mul", (node, num(180))), Node("const", text="pi")))


def near(left: Node, right: Node) -> bool:
    """Whether two values are one to the decimals that are shown."""
    ((one, other), *_) = _pairs(left, right)
    in_degrees = [side for side in (one, other) if side.head == "degree"]
    if len(in_degrees) == 1:  # degrees of what is in radians
        one, other = (part.args[0] if part.head == "degree" else _in_degrees(part) for part in (one, other))
    a, b = constant(one), constant(other)
    if a is None or b is None or isinstance(a, mpc) or isinstance(b, mpc):
        return False
    numerals = in_degrees if len(in_degrees) == 1 else (left, right)
    parts = (part for side in numerals for part in side.walk())
    shown = [int(n.text.partition(":")[2]) for n in parts if n.text.startswith("decimal:")]
    return bool(abs(real(a) - real(b)) <= mpf(10) ** -max(shown, default=0))


def rounds_to(left: Node, right: Node) -> bool:
    """Whether a numeral with more decimals is rounded to the other: ``36.8 \\approx 37``."""
    places = [int(bare(n).text.partition(":")[2] or 0) for n in (left, right) if numeral(n) and bare(n).head == "num"]
    a, b = constant(bare(left)), constant(bare(right))
    if len(places) < 2 or places[0] <= places[1] or a is None or b is None:
        return False
    return bool(abs(real(a) - real(b)) <= mpf(10) ** -places[1] / 2)
