"""A value apart from its unit, quantities that are added (``2 h 30 min``), and angles in degrees or in radians."""

from __future__ import annotations

from fractions import Fraction

from pidistill_math.meaning.equality import alike, constant
from pidistill_math.meaning.found import Found, no, yes
from pidistill_math.question.asking import Question
from pidistill_math.question.asking_units import asked_unit
from pidistill_math.reading import units
from pidistill_math.reading.syntax import Node, num
from pidistill_math.reading.units import Unit

_PI = Node("const", text="pi")


def measured(node: Node) -> tuple[Node, Unit | None]:
    """A value without its unit, and the unit."""
    if node.head == "quantity":
        inner, further = measured(node.args[0])
        return inner, node.unit if further is None else further
    if node.head == "degree":
        return node.args[0], units.measure("degree")
    if node.head == "neg" and node.args[0].head in ("quantity", "degree"):
        inner, unit = measured(node.args[0])
        return Node("neg", (inner,)), unit
    if node.head == "div" and node.args[0].head == "degree":
        return Node("div", (node.args[0].args[0], node.args[1])), units.measure("degree")
    return node, None


def mixtures(left: Node, right: Node, question: Question) -> Found:
    """Quantities added: against one of the same dimension, or a number that is their sum in one of the units."""
    sides = []
    for node in (left, right):
        parts = node.args if node.head == "mixture" else (node,)
        found = [measured(part) for part in parts]
        dimensions = {unit.dimension for _, unit in found if unit is not None}
        if len(dimensions) > 1:
            return no("units of several dimensions added", "unit")
        whole = Fraction(0)
        for value, unit in found:
            amount = constant(value)
            if not isinstance(amount, Fraction):
                return no("units added with what is no number", "unit")
            whole += amount * (unit.scale if unit is not None else 1)
        sides.append((whole, dimensions, [unit.scale for _, unit in found if unit is not None]))
    (a, ours, scales), (b, theirs, others) = sides
    if ours and theirs:
        return yes("unit") if ours == theirs and a == b else no("another quantity than the reference", "unit")
    if not ours and (asked := _asked_among(right, question)) is not None:
        others = [asked.scale]
    bare, whole, used = (b, a, scales) if ours else (a, b, others)
    return yes("unit") if any(bare * s == whole for s in used) else no("another quantity than the reference", "unit")


def _asked_among(mixture: Node, question: Question) -> Unit | None:
    """The unit in which a bare reference counts, where the question asks in the dimension of quantities added."""
    unit = measured(mixture.args[0])[1] if mixture.head == "mixture" else None
    asked = asked_unit(question.text, unit) if unit is not None else None
    return asked if asked is not None and unit is not None and asked.dimension == unit.dimension else None


def degrees_and_radians(
    ours: tuple[Node, Unit | None], theirs: tuple[Node, Unit | None], question: Question
) -> Found | None:
    """An angle in degrees against a multiple of pi without a unit, which is in radians; None for other pairs.

    Where the question asks for degrees a bare multiple of pi is in degrees; where it asks for radians no degree is an
    answer.
    """
    degrees, bare = (ours, theirs) if ours[1] is not None else (theirs, ours)
    if question.asks_for_degrees() or not any(part == _PI for part in bare[0].walk()):
        return None
    if not question.is_about_an_angle():
        return no("degrees on one side only of what no question calls an angle", "unit")
    if question.asks_for_radians() and degrees is theirs:
        return no("in degrees, where radians are asked for", "unit")
    assert degrees[1] is not None
    in_radians = Node("div", (Node("mul", (degrees[0], num(degrees[1].scale), _PI)), num(180)))
    return yes("unit") if alike(in_radians, bare[0]) else no("another angle than the reference", "unit")


def angles(ours: tuple[Node, Unit], theirs: tuple[Node, Unit], question: Question) -> Found:
    """An angle in degrees against one in radians, both with their units."""
    if theirs[1].dimension == "radian" and question.asks_for_degrees():
        return no("in radians, where degrees are asked for", "unit")
    if theirs[1].dimension == "angle" and question.asks_for_radians():
        return no("in degrees, where radians are asked for", "unit")
    left, right = (
        Node("div", (Node("mul", (value, num(unit.scale), _PI)), num(180))) if unit.dimension == "angle" else value
        for value, unit in (ours, theirs)
    )
    return yes("unit") if alike(left, right) else no("another angle than the reference", "unit")
