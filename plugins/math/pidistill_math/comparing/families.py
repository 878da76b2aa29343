"""Families of values in a whole-number parameter, such as ``k\\pi`` for whole ``k``: compared as sets of values."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from typing import Final

import mpmath
from mpmath import mpf

from pidistill_math.meaning.equality import MORE, point
from pidistill_math.meaning.found import Found, no, yes
from pidistill_math.meaning.kinds import Family, Shape, Single
from pidistill_math.meaning.numeric import NoValue, Place, Value, real
from pidistill_math.question.asking import Question
from pidistill_math.reading.syntax import Node, sym, symbols

_SHOWN: Final = 6
"""Parameters from -6 to 6 of one family are looked for in the other."""
_SEARCHED: Final = 60
_MOST: Final = 40
"""Values of one family that are compared: each is computed for every parameter."""
_WHOLE: Final = frozenset({"k", "n", "m"})
"""Letters that stand for whole numbers where nothing else is said."""
_STARTS: Final = {"N": 0, "Z+": 1, "N+": 1, "N*": 1, "N0": 0}


def as_family(found: Shape, question: Question) -> Family | None:
    """The family that an answer is: also multiples of pi in a letter for whole numbers, and a residue class."""
    if isinstance(found, Family) or not isinstance(found, Single):
        return found if isinstance(found, Family) else None
    node = found.node
    if node.head == "residue" and not symbols(node):
        return Family((Node("add", (node.args[0], Node("mul", (node.args[1], sym("k"))))),), "k", "Z")
    names = symbols(node)
    if not question.asks_for_all():
        return None
    if len(names) == 1 and names <= _WHOLE and not question.has_letter(next(iter(names))):
        if any(part.head == "const" and part.text == "pi" for part in node.walk()):
            return Family((node,), next(iter(names)), "Z")
    return None


def same_family(ours: Family, theirs: Family) -> Found:
    """Whether two families have the same values, each value of one near zero being found in the other."""
    if max(len(ours.items), len(theirs.items)) > _MOST:
        return no(f"a family of more than {_MOST} values")
    others = [frozenset().union(*map(symbols, f.items)) - {f.parameter} for f in (ours, theirs)]
    if others[0] != others[1]:
        return no("a family in other variables than the reference's")
    if (ours.domain in _STARTS) != (theirs.domain in _STARTS):
        return no("a parameter of another domain than the reference's")
    with mpmath.workdps(MORE):
        for one, other in ((ours, theirs), (theirs, ours)):
            wide = sorted(((real(value), value) for value in _values(other, _SEARCHED)), key=lambda pair: pair[0])
            places = [place for place, _ in wide]
            for value in _values(one, _SHOWN):
                at = bisect_left(places, real(value))
                if not any(_equal(value, candidate) for _, candidate in wide[max(0, at - 2) : at + 2]):
                    return no("another family of values than the reference")
    return yes("family")


def _values(family: Family, reach: int) -> list[Value]:
    start = _STARTS.get(family.domain, -reach)
    found: list[Value] = []
    for item in family.items:
        for k in range(start, reach + 1):
            place = Place(point(0))
            place.bound[family.parameter] = Fraction(k)
            found.append(place.value(item))
    if not found:
        raise NoValue
    return found


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left == right
    a, b = real(left), real(right)
    return bool(abs(a - b) <= max(abs(a), abs(b), mpf(1)) * mpf(10) ** (20 - MORE))
