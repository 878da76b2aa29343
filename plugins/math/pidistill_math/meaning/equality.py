"""Whether two expressions are one: exactly where fractions say so, else at many points to many digits.

Constants are compared as fractions or to `DIGITS` digits, and where the two nearly agree once more at `MORE` digits,
so that neither a small difference nor a sum that cancels decides. Expressions with variables are compared at points
drawn from their names: fractions of both signs and whole numbers. A point at which a side leaves the real domain says
nothing, unless all do. One point that differs is a proof; `ENOUGH` that agree are taken for one, since two different
expressions of the length read here agree at as many random points with a chance below any hardware error.

Chance does not cover what changes by cases: where a side has no real value between whole numbers (``(-1)^n``,
``gcd``), whole numbers of every residue are tried, and where one has a kink (``|x-2000|``, ``max``, an even root),
points on both sides of it (`samples`). There are many of these, so their work is counted in nodes visited, and past
`samples.WORK` no more of them are tried; they come in a drawn order, so that those tried are of every kind.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final

import mpmath
from mpmath import mpc, mpf

from pidistill_math.meaning.numeric import NoValue, Place, TooLarge, Value, real
from pidistill_math.meaning.samples import WORK, Point, Work, drawn_order, has_kink, spread, whole
from pidistill_math.reading.syntax import Node, symbols

DIGITS: Final = 40
MORE: Final = 160
ENOUGH: Final = 3
"""Points at which both sides have a value and agree."""
_POINTS: Final = 24
_FAR: Final = 1_009
_FAR_POINTS: Final = (_POINTS, _POINTS + 1, _POINTS + 3)
_AT_LEAST: Final = 5
"""The last point that must have been tried: by then every sign has been."""
_TOO_LARGE: Final = 6
"""Points at which a value may be too large before the comparison is given up."""


def point(k: int, names: Sequence[str] = ()) -> Callable[[str], Fraction]:
    """Values of symbols at the k-th point: of both signs in every pattern of two, and whole numbers.

    The points repeat in six: between 0 and 1; all negative; between 1 and 4; every other symbol negative; whole; every
    other pair of symbols negative. From `_POINTS` on they lie far out, where ``|x+9|-9`` is no longer ``x``.
    """

    def value(name: str) -> Fraction:
        seed = zlib.crc32(f"{name}/{k}".encode())
        share = Fraction(seed % 9973 + 1, 9974 + k)
        place = names.index(name) if name in names else seed
        far = _FAR if k >= _POINTS else 1
        match k % 6:
            case 0:
                return far * share
            case 1:
                return -3 * far * share
            case 2:
                return 1 + 3 * far * share
            case 3:
                return 2 * far * share * (-1 if place % 2 else 1)
            case 4:
                return Fraction(seed % 7 + 2 + k // 6)
        return 3 * far * share * (-1 if place // 2 % 2 else 1)

    return value


@lru_cache(maxsize=8192)
def equal(left: Node, right: Node, radians: bool = True) -> bool:
    """Whether two expressions have one value wherever both have one. Raises `TooLarge`, or `NoValue` where none has."""
    if left == right:
        return True
    names = tuple(sorted(symbols(left) | symbols(right)))
    if not names and not left.has("call") and not right.has("call"):
        return _agree(left, right, point(0), radians)[0]
    agreed, beyond, too_large, nowhere, work = 0, [], 0, False, Work()
    for k in range(_POINTS if names else 1):
        if k > _AT_LEAST and work.nodes > WORK:
            break
        try:
            same, inside = _agree(left, right, point(k, names), radians, work)
        except NoValue:
            nowhere = True
            continue
        except TooLarge:
            if not names:
                raise
            too_large += 1
            if too_large > _TOO_LARGE:
                raise
            continue
        if not inside and names:
            beyond.append(same)
            continue
        if not same:
            return False
        agreed += 1
        if not names:
            return True
        if agreed >= ENOUGH and k >= _AT_LEAST:
            break
    if names:
        at_last = _agree_by_cases(left, right, radians, names, bool(beyond) or nowhere, work)
        if at_last is None:
            return False
        agreed += at_last
    if agreed:
        few = names and agreed < ENOUGH
        return not names or (_agree_far_out(left, right, radians, names) and not (few and not all(beyond)))
    if not beyond:
        raise TooLarge if too_large else NoValue
    return all(beyond)


def _agree_by_cases(left: Node, right: Node, radians: bool, names: Sequence[str], gaps: bool, work: Work) -> int | None:
    """At how many of the points that tell cases apart both sides agree; None where one of them refutes.

    `gaps` says that a side was found without a real value somewhere.
    """
    agreed = 0
    for values in _by_cases(left, right, names, gaps, work):
        try:
            same, inside = _agree(left, right, values.__getitem__, radians, work)
        except (NoValue, TooLarge):
            continue
        if inside and not same:
            return None
        agreed += inside
    return agreed


def _by_cases(left: Node, right: Node, names: Sequence[str], gaps: bool, work: Work) -> Iterator[Point]:
    """Points that tell cases apart, in a drawn order, as long as there is work left."""
    points = list(whole(names, (left, right))) if gaps else []
    if has_kink(left) or has_kink(right):
        points += spread(names, (left, right))
    return itertools.takewhile(lambda _: work.is_left(), drawn_order(points))


def _agree_far_out(left: Node, right: Node, radians: bool, names: Sequence[str]) -> bool:
    """Whether no point far out tells apart what agrees near zero. What has no value there says nothing."""
    for k in _FAR_POINTS:
        try:
            same, inside = _agree(left, right, point(k, names), radians)
        except (NoValue, TooLarge):
            continue
        if inside and not same:
            return False
    return True


def _agree(
    left: Node, right: Node, values: Callable[[str], Fraction], radians: bool, work: Work | None = None
) -> tuple[bool, bool]:
    """Whether the values at a point are one, and whether both are inside the real domain."""
    with mpmath.workdps(DIGITS):
        a, b, size, inside = _values(left, right, values, radians, work)
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return a == b, inside
        gap, scale = _gap(a, b)
        if gap <= scale * mpf(10) ** (8 - DIGITS):
            near = True
        elif gap <= max(size, scale) * mpf(10) ** (10 - DIGITS):
            near = False
        else:
            return False, inside
    with mpmath.workdps(MORE):
        a, b, size, inside = _values(left, right, values, radians, work)
        gap, scale = _gap(a, b)
        if near and gap > scale * mpf(10) ** (20 - MORE):
            near = False
        return near or gap <= max(size, scale) * mpf(10) ** (20 - MORE), inside


def _values(
    left: Node, right: Node, values: Callable[[str], Fraction], radians: bool, work: Work | None = None
) -> tuple[Value, Value, mpf, bool]:
    places = [Place(values, radians) for _ in range(2)]
    try:
        a, b = places[0].value(left), places[1].value(right)
    finally:
        if work is not None:
            work.nodes += places[0].steps + places[1].steps
    for value in (a, b):
        if not isinstance(value, Fraction) and not (mpmath.isfinite(value)):
            raise NoValue
    inside = not any(place.left_domain for place in places)
    return a, b, max(place.largest for place in places), inside


def _gap(a: Value, b: Value) -> tuple[mpf, mpf]:
    left, right = real(a), real(b)
    return abs(left - right), max(abs(left), abs(right))


def narrower(left: Node, right: Node) -> bool:
    """Whether the right side has no real value at a point at which the left one has: ``\\ln x`` beside ``\\ln|x|``."""
    names = tuple(sorted(symbols(left) | symbols(right)))
    for k in range(_POINTS):
        places = [Place(point(k, names)) for _ in range(2)]
        with mpmath.workdps(DIGITS):
            try:
                if isinstance(places[0].value(left), mpc) or places[0].left_domain:
                    continue
                places[1].value(right)
            except (NoValue, TooLarge):
                continue
        if places[1].left_domain:
            return True
    return False


@lru_cache(maxsize=8192)
def constant(node: Node, radians: bool = True) -> Value | None:
    """The value of an expression without symbols; None where it has symbols or no value."""
    if symbols(node) or node.has("pm", "dots"):
        return None
    with mpmath.workdps(DIGITS):
        try:
            value = Place(point(0), radians).value(node)
        except (NoValue, TooLarge):
            return None
        if isinstance(value, mpc) and abs(value.imag) <= abs(value) * mpf(10) ** (10 - DIGITS):
            value = value.real
        return value


def proportional(left: Node, right: Node) -> bool:
    """Whether one expression is the other times a constant that is not zero: two forms of one equation."""
    ratios: list[Value] = []
    names = tuple(sorted(symbols(left) | symbols(right)))
    gaps = False
    for k in (*_FAR_POINTS, *range(_POINTS)):
        try:
            ratio, inside = _ratio(left, right, point(k, names))
        except NoValue:
            gaps = True
            continue
        except TooLarge:
            if k in _FAR_POINTS:
                continue
            raise
        gaps = gaps or not inside
        if ratio == 0 or (ratio is not None and inside and not _one(ratios, ratio)):
            return False
        if len(ratios) >= ENOUGH + 2 + len(_FAR_POINTS):
            break
    work = Work()
    for values in _by_cases(left, right, names, gaps, work):
        try:
            ratio, inside = _ratio(left, right, values.__getitem__, work)
        except (NoValue, TooLarge):
            continue
        if inside and ratio is not None and not (ratio and _one(ratios, ratio)):
            return False
    return len(ratios) >= ENOUGH


def _ratio(
    left: Node, right: Node, values: Callable[[str], Fraction], work: Work | None = None
) -> tuple[Value | None, bool]:
    """What one side is of the other at a point: None where both are 0, 0 where one is; and whether both are real."""
    with mpmath.workdps(DIGITS):
        a, b, _, inside = _values(left, right, values, True, work)
        if a == 0 or b == 0:
            return (None if a == b else Fraction(0)), inside
        return a / b if isinstance(a, Fraction) and isinstance(b, Fraction) else real(a) / real(b), inside


def _one(ratios: list[Value], ratio: Value) -> bool:
    """Whether a ratio is the first one met; it is added."""
    ratios.append(ratio)
    with mpmath.workdps(DIGITS):
        gap, scale = _gap(ratios[0], ratio)
        return bool(gap <= scale * mpf(10) ** (12 - DIGITS))


__all__ = ["TooLarge", "constant", "equal", "point", "proportional"]


def alike(left: Node, right: Node) -> bool:
    """Whether two trees are one, or have one value; not, where neither has a number."""
    try:
        return left == right or equal(left, right)
    except NoValue:
        return False
