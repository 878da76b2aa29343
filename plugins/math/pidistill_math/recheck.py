"""A second look at every 'equal' that math-verify reports, because its numeric comparison is absolute and shallow.

math-verify compares numbers to 15 decimals, or 6 where one side is a decimal, so ``1/2004!`` equals ``1/2006!`` and
every two tiny numbers are one. Here constants are compared exactly where sympy can, else to 50 significant digits,
and a decimal must agree with the other side to `SIGNIFICANT` significant digits besides math-verify's own six
decimals. Structures are compared part by part. Where nothing can be computed, math-verify's word stands.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

import sympy
from latex2sympy2_extended.sets import FiniteSet
from sympy import Basic, Float, MatrixBase, Rational
from sympy.core.relational import Equality

SIGNIFICANT: Final = 3
"""Significant digits to which a decimal must agree with the value it stands for."""
_DIGITS: Final = 50
_PRECISION: Final = 200
"""Digits that may be spent on evaluating a difference that cancels."""


def refuted(reference: object, answer: object) -> str:
    """Why two parsed answers that math-verify calls equal are not; '' when they may be."""
    left, right = _plain(reference), _plain(answer)
    if left is None or right is None:
        return ""
    pairs = _pairs(left, right)
    return next((reason for a, b in pairs if (reason := _refuted_constant(a, b))), "")


def _plain(value: object) -> Basic | MatrixBase | None:
    """The value itself; of an assignment such as x=5 its right-hand side."""
    if isinstance(value, Equality) and value.lhs.is_Symbol:
        return value.rhs
    return value if isinstance(value, Basic | MatrixBase) else None


def _pairs(left: Basic | MatrixBase, right: Basic | MatrixBase) -> list[tuple[Basic, Basic]]:
    """Constants of both sides that must be equal; empty where the structures do not line up in one way only."""
    if _constant(left) and _constant(right):
        return [(left, right)]
    a, b = _parts(left), _parts(right)
    if a is None or b is None or len(a) != len(b) or not all(map(_constant, [*a, *b])):
        return []
    if isinstance(left, sympy.Set) and isinstance(right, sympy.Set) and not isinstance(left, sympy.Interval):
        a, b = (sorted(side, key=functools.cmp_to_key(_order)) for side in (a, b))
    return list(zip(a, b, strict=True))


def _constant(value: Basic | MatrixBase) -> bool:
    return isinstance(value, sympy.Expr) and value.is_commutative is not False and not value.free_symbols


def _parts(value: Basic | MatrixBase) -> Sequence[Basic] | None:
    if isinstance(value, MatrixBase):
        return list(value.flat())
    if isinstance(value, sympy.Interval):
        return [value.start, value.end]
    if isinstance(value, FiniteSet):
        return list(value._unsorted_args)
    if isinstance(value, sympy.Tuple | sympy.FiniteSet):
        return list(value.args)
    return None


def _order(left: Basic, right: Basic) -> int:
    """Order of constants by real part, then imaginary part, for pairing the members of two sets."""
    try:
        a, b = (complex(value.doit().evalf(30)) for value in (left, right))
    except (TypeError, ValueError, OverflowError):
        return 0
    return (a.real, a.imag) > (b.real, b.imag) or -1


def _refuted_constant(left: Basic, right: Basic) -> str:
    decimal = left.has(Float) or right.has(Float)
    if _is_percent(left) != _is_percent(right):
        return ""  # 50% and 50 are one answer to math-verify, by its own rule
    a, b = _exact(left), _exact(right)
    if a == b or a in _NOT_NUMBERS or b in _NOT_NUMBERS:
        return ""
    difference = (a - b).evalf(_DIGITS, maxn=_PRECISION)
    scale = sum(abs(side.evalf(_DIGITS, maxn=_PRECISION)) for side in (a, b)) / 2
    if not (difference.is_comparable or difference.is_complex) or not scale.is_positive:
        return ""
    gap = abs(difference) / scale
    if decimal:
        return "agrees with the reference to fewer than three significant digits" if gap > 10**-SIGNIFICANT else ""
    return "not exactly the reference: the two agree only to rounding" if gap > Rational(1, 10**40) else ""


_NOT_NUMBERS = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)


def _is_percent(value: Basic) -> bool:
    return bool(value.has(sympy.UnevaluatedExpr))


def _exact(value: Basic) -> Basic:
    """The value with every decimal read as the rational it spells, and percent worked out."""
    exact = value.replace(lambda part: isinstance(part, Float), lambda part: Rational(str(part)))
    return exact.doit()
