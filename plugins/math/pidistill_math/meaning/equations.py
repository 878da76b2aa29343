"""Equations and relations compared: side by side, up to a factor, or solved for a variable."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from pidistill_math.meaning.equality import TooLarge, alike, constant, equal, proportional
from pidistill_math.meaning.found import Found, no, yes
from pidistill_math.meaning.kinds import INFINITY, LOWEST, Equation, Named, Reals, Relation, Several, Shape, Single
from pidistill_math.meaning.numeric import NoValue
from pidistill_math.reading.syntax import Node, num, symbols

_MOST_CURVES: Final = 4
_SHIFTS: Final = tuple(Fraction(a, b) for a, b in ((-1, 1), (3, 7), (-23, 5), (10_007, 9), (-10_009, 7)))
"""How far from a solution an equation is tried: what is straight near and far, to both sides, is linear."""


def as_equation(found: Named) -> Equation | None:
    """A named value as the equation that it was written as; None where it names no single value."""
    return Equation((found.name, found.inner.node)) if isinstance(found.inner, Single) else None


def curves(ours: Shape, theirs: Shape) -> tuple[Sequence[Shape], Sequence[Shape]] | None:
    """Several equations of which one side has several of one name: ``y = \\pm 2x`` against ``2x \\pm y = 0``."""
    if not any(
        isinstance(part, Several) and any(isinstance(item, Equation) for item in part.items) for part in (ours, theirs)
    ):
        return None
    found: list[Sequence[Shape]] = []
    for part in (ours, theirs):
        if isinstance(part, Named) and isinstance(part.inner, Several) and part.name.head == "sym":
            found.append([Named(part.name, item) for item in part.inner.items])
        elif isinstance(part, Several):
            found.append(part.items)
    return (found[0], found[1]) if len(found) == 2 else None


def same_union(ours: Shape, theirs: Shape) -> Found | None:
    """One equation against the curves that it is made of, ``x^2 = y^2`` against ``y = \\pm x``; None for others."""
    curve, several = (ours, theirs) if isinstance(ours, Equation) else (theirs, ours)
    if not isinstance(curve, Equation) or len(curve.sides) != 2 or isinstance(several, Equation):
        return None
    if isinstance(several, Named) and isinstance(several.inner, Several):
        several = Several(tuple(Named(several.name, item) for item in several.inner.items))
    items = several.items if isinstance(several, Several) else ()
    made = [as_equation(item) if isinstance(item, Named) else item for item in items]
    parts = [item for item in made if isinstance(item, Equation) and len(item.sides) == 2]
    if not 1 < len(parts) == len(items) <= _MOST_CURVES:
        return None
    whole = Node("mul", tuple(map(_zero, parts)))
    same = symbols(whole) == symbols(_zero(curve)) and proportional(_zero(curve), whole)
    return yes("equation") if same else no("other curves than the reference's")


def same_equations(ours: Equation, theirs: Equation) -> Found:
    """Chains of equations, pair by pair, up to a factor; or solved for a variable that stands alone on one side."""
    if len(ours.sides) != len(theirs.sides):
        return no("another number of equations than the reference has")
    if len(ours.sides) > 2:
        same = all(alike(a, b) for a, b in zip(ours.sides, theirs.sides, strict=True))
        return yes("equation") if same else no("another equation than the reference")
    names = [frozenset().union(*map(symbols, equation.sides)) for equation in (ours, theirs)]
    if names[0] != names[1]:
        return no("an equation in other variables than the reference's")
    left, right = (_zero(equation) for equation in (ours, theirs))
    if right.has("numeral", "quantity") and not left.has("numeral", "quantity"):
        return no("an equation with a base or a unit that the reference's does not have")
    if proportional(left, right) or _explicit(ours, right) or _explicit(theirs, left):
        return yes("equation")
    return no("another equation than the reference")


def _zero(equation: Equation) -> Node:
    return Node("add", (equation.sides[0], Node("neg", (equation.sides[1],))))


def _explicit(solved: Equation, other: Node) -> bool:
    """Whether `other` = 0 is linear in the variable that `solved` gives, and is true of what it gives."""
    for name, value in (solved.sides, solved.sides[::-1]):
        if name.head != "sym" or name.text in symbols(value):
            continue

        def at(shift: int | Fraction, name: Node = name, value: Node = value) -> Node:
            moved = Node("add", (value, num(shift)))

            def put(node: Node) -> Node:
                return moved if node == name else node.mapped(tuple(put(arg) for arg in node.args))

            return put(other)

        try:
            slope = at(1)
            if not equal(at(0), num(0)) or equal(slope, num(0)):
                continue
            if not any(part.head == "div" and symbols(part.args[1]) for part in value.walk()):
                if not proportional(slope, num(1)):  # its zeros would be further solutions
                    continue
            if _adds_points(value, other):
                continue
            if all(equal(at(shift), Node("mul", (num(shift), slope))) for shift in _SHIFTS):
                return True
        except NoValue:
            continue
    return False


def _adds_points(value: Node, other: Node) -> bool:
    """Whether `other` = 0 also holds all over a line on which a solved value has none: ``x^2y = x`` for ``y = 1/x``."""
    for name in {name for part in value.walk() if part.head == "div" for name in symbols(part.args[1])}:
        for k in range(-3, 4):

            def put(node: Node, name: str = name, k: int = k) -> Node:
                return num(k) if node.head == "sym" and node.text == name else node.mapped(tuple(map(put, node.args)))

            try:
                if equal(put(other), num(0)) and constant(put(value)) is None and not _has_value(put(value)):
                    return True
            except (NoValue, TooLarge):
                continue
    return False


def _has_value(node: Node) -> bool:
    try:
        equal(node, num(0))
    except NoValue:
        return False
    return True


def same_relations(ours: Relation, theirs: Relation) -> Found:
    """Relations of the same signs, side by side, or with all on one side."""
    if ours.signs != theirs.signs or len(ours.sides) != len(theirs.sides):
        return no("another relation than the reference")
    same = all(alike(a, b) for a, b in zip(ours.sides, theirs.sides, strict=True))
    if not same and len(ours.sides) == 2:
        same = alike(*(_zero(Equation(relation.sides)) for relation in (ours, theirs)))
    return yes("relation") if same else no("another relation than the reference")


def same_region(ours: Shape, theirs: Shape) -> Found | None:
    """An inequality solved for a letter against one that is not, ``y < 1-x`` and ``x+y < 1``; None for others."""
    relations = [_as_relation(found) if isinstance(found, Reals) else found for found in (ours, theirs)]
    one, other = relations
    if not (isinstance(one, Relation) and isinstance(other, Relation)) or (ours is one and theirs is other):
        return None
    return same_relations(one, other)


def _as_relation(found: Reals) -> Relation | None:
    """A half line of a variable whose end holds others, as the inequality that it was."""
    if len(found.parts) != 1 or found.subject is None:
        return None
    (part,) = found.parts
    low, high = part.low != LOWEST, part.high != INFINITY
    if low == high or not symbols(part.low if low else part.high):
        return None
    sides = (part.low, found.subject) if low else (found.subject, part.high)
    return Relation(sides, ("<=" if part.ends[0 if low else 1] else "<",))
