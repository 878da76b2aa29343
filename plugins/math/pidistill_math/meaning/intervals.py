"""The algebra of intervals: order of ends, unions in normal form, intersections, complements.

Ends are compared by value (`equality`); where two cannot be ordered, a result is None and the caller compares what is
written.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product

from mpmath import mpc

from pidistill_math.meaning.equality import TooLarge, constant, equal
from pidistill_math.meaning.kinds import INFINITY, LOWEST, Interval, Reals
from pidistill_math.meaning.numeric import NoValue, Value, real
from pidistill_math.reading.syntax import Node, Unreadable


def without(points: Sequence[Node]) -> tuple[Interval, ...]:
    ends = [LOWEST, *points, INFINITY]
    return tuple(Interval(low, high, (False, False)) for low, high in pairwise(ends))


def order(left: Node, right: Node) -> int | None:
    """-1, 0 or 1 as an end is below, at or above another; None where that is not known."""
    if left == right:
        return 0
    for low, high, result in ((left, right, -1), (right, left, 1)):
        if low == LOWEST or high == INFINITY:
            return result
    a, b = constant(left), constant(right)
    if a is None or b is None or isinstance(a, mpc) or isinstance(b, mpc):
        return None
    try:
        if equal(left, right):
            return 0
    except (NoValue, TooLarge):
        return None
    return -1 if _below(a, b) else 1


def _below(a: Value, b: Value) -> bool:
    return bool(real(a) < real(b))


def normalized(parts: Sequence[Interval]) -> tuple[Interval, ...] | None:
    """Disjoint intervals in order that no smaller number of intervals is; None where ends cannot be ordered."""
    kept = []
    for part in parts:
        where = order(part.low, part.high)
        if where is None:
            return tuple(parts) if len(parts) == 1 else None
        if where < 0 or (where == 0 and all(part.ends)):
            infinite = (part.low in (LOWEST, INFINITY), part.high in (LOWEST, INFINITY))
            kept.append(
                Interval(part.low, part.high, (part.ends[0] and not infinite[0], part.ends[1] and not infinite[1]))
            )
        elif where > 0:
            raise Unreadable("an interval whose ends are in the wrong order")
    result: list[Interval] = []
    for part in _sorted(kept):
        if result:
            last = result[-1]
            touch = order(part.low, last.high)
            if touch is None:
                return None
            if touch < 0 or (touch == 0 and (part.ends[0] or last.ends[1])):
                farther = order(part.high, last.high)
                if farther is None:
                    return None
                high, end = (part.high, part.ends[1]) if farther > 0 else (last.high, last.ends[1])
                if farther == 0:
                    end = part.ends[1] or last.ends[1]
                low_end = last.ends[0] or (part.ends[0] and order(part.low, last.low) == 0)
                result[-1] = Interval(last.low, high, (low_end, end))
                continue
        result.append(part)
    return tuple(result)


def _sorted(parts: list[Interval]) -> list[Interval]:
    result: list[Interval] = []
    for part in parts:
        at = 0
        while at < len(result):
            where = order(result[at].low, part.low)
            if where == 1 or (where == 0 and part.ends[0] and not result[at].ends[0]):
                break
            at += 1
        result.insert(at, part)
    return result


def complement(parts: Sequence[Interval]) -> tuple[Interval, ...]:
    """What normal intervals leave of the reals."""
    result, low, open_end = [], LOWEST, False
    for part in parts:
        if part.low != LOWEST:
            result.append(Interval(low, part.low, (open_end, not part.ends[0])))
        low, open_end = part.high, not part.ends[1]
    if low != INFINITY:
        result.append(Interval(low, INFINITY, (open_end, False)))
    return tuple(part for part in result if not (part.low == part.high and not all(part.ends)))


def met(left: Sequence[Interval], right: Sequence[Interval]) -> tuple[Interval, ...] | None:
    """What is in both of two normal unions."""
    found = []
    for a, b in product(left, right):
        lows, highs = order(a.low, b.low), order(a.high, b.high)
        if lows is None or highs is None:
            return None
        low, first = (a.low, a.ends[0]) if lows > 0 else (b.low, b.ends[0])
        high, last = (a.high, a.ends[1]) if highs < 0 else (b.high, b.ends[1])
        first = first if lows else a.ends[0] and b.ends[0]
        last = last if highs else a.ends[1] and b.ends[1]
        where = order(low, high)
        if where is None:
            return None
        if where < 0 or (where == 0 and first and last):
            found.append(Interval(low, high, (first, last)))
    return tuple(found)


def joined_reals(found: Sequence[Reals], words: Sequence[str]) -> Reals | None:
    """Conditions on one subject joined by 'and' and 'or'; a comma is 'and' where that leaves anything."""
    result = normalized(found[0].parts)
    for other, word in zip(found[1:], words, strict=True):
        parts = normalized(other.parts)
        if result is None or parts is None:
            return None
        common = met(result, parts)
        if common is None:
            return None
        either = word == "or" or (not common and word != "and")
        result = normalized([*result, *parts]) if either else normalized(common)
    return None if result is None else Reals(result, next((r.subject for r in found if r.subject is not None), None))
