"""The Behrens-Fisher distribution: the error of a mean whose variance has two parts, estimated apart.

`s_1 T_1 + s_2 T_2` with T_i Student's on the degrees of freedom of its part. Tails come from a quadrature over how far
off each variance estimate may be, given which the error is normal. One part alone is Student's t.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.optimize import brentq

from pidistill.records import Record

Floats = npt.NDArray[np.float64]
TAIL = 0.02
"""Below this quantile of an estimated variance a quadrature of its own is used: that is where wide tails come from."""


NOTHING = 1e-12
"""The share of the other part's variance below which a part has none."""


@dataclass(frozen=True)
class Component(Record):
    """One part of the variance of a mean."""

    variance: float
    df: float
    floor: float = 0.0
    """What `variance` is not let below when it is estimated: the share of it that another part shows."""
    raw: float | None = None
    """The estimate before the floor; None where there is none."""


def two_sided(distance: float, parts: Sequence[Component]) -> float:
    """The probability that the error is at least `distance` away from zero. 0 distance is 1."""
    if distance <= 0:
        return 1.0
    first, second = _two(parts)
    if second is None:
        return min(1.0, 2 * float(special.stdtr(first.df, -distance / math.sqrt(first.variance))))
    (tail,) = tails(np.array([distance]), np.array([first.variance]), np.array([second.variance]), first.df, second.df)
    return min(1.0, float(tail))


def upper(x: float, parts: Sequence[Component]) -> float:
    """The probability that the error is above `x`."""
    return two_sided(x, parts) / 2 if x >= 0 else 1 - two_sided(-x, parts) / 2


def half_width(parts: Sequence[Component], alpha: float) -> float:
    """The distance whose two-sided probability is `alpha`."""
    first, second = _two(parts)
    if second is None:
        return float(special.stdtrit(first.df, 1 - alpha / 2)) * math.sqrt(first.variance)
    # Banerjee's bound is seldom below the quantile that is sought, and either part alone never above it.
    bounds = [float(special.stdtrit(part.df, 1 - alpha / 2)) ** 2 * part.variance for part in (first, second)]
    low, high = math.sqrt(max(bounds)) * (1 - 1e-3), math.sqrt(sum(bounds)) * (1 + 1e-3)
    while two_sided(high, parts) > alpha:
        high *= 1.5
    while two_sided(low, parts) < alpha:
        low /= 1.5
    return float(brentq(lambda h: two_sided(h, parts) - alpha, low, high, rtol=1e-9))


def half_widths(first: Floats, first_df: float, second: Component | None, alpha: float) -> Floats:
    """`half_width` for many variances of the first part and one second part, by bisection of all at once."""
    t = float(special.stdtrit(first_df, 1 - alpha / 2))
    if second is None or second.variance <= 0:
        return np.asarray(t * np.sqrt(first))
    high = np.sqrt(t**2 * first + float(special.stdtrit(second.df, 1 - alpha / 2)) ** 2 * second.variance) * 1.3
    low, apart = t * np.sqrt(first) * 0.99, np.full_like(first, second.variance)
    for _ in range(26):
        middle = (low + high) / 2
        outside = tails(middle, first, apart, first_df, second.df) > alpha
        low, high = np.where(outside, middle, low), np.where(outside, high, middle)
    return np.asarray((low + high) / 2)


def scales(df: float, fine: bool = True) -> tuple[Floats, Floats]:
    """Quadrature over an estimated variance in units of the true one (chi square / df): nodes and weights."""
    return _scales(df, fine)


def tails(distances: Floats, first: Floats, second: Floats, first_df: float, second_df: float) -> Floats:
    """Two-sided tails at each distance, with one variance of the first and of the second part each.

    Given how far off both variance estimates are, the error is normal: what is left is a smooth average over those.
    """
    q1, w1 = _scales(first_df, True)
    q2, w2 = _scales(second_df, second_df < 20)
    both = (first[:, None] / q1)[:, :, None] + (second[:, None] / q2)[:, None, :]
    return np.asarray(2 * (special.ndtr(-distances[:, None, None] / np.sqrt(both)) @ w2) @ w1)


def _two(parts: Sequence[Component]) -> tuple[Component, Component | None]:
    """The parts that have any variance, one at least. A share of `NOTHING` is the rounding of none."""
    least = max(1e-24, NOTHING * max(part.variance for part in parts))
    some = [part for part in parts if part.variance > least] or list(parts[:1])
    return some[0], some[1] if len(some) > 1 else None


@functools.lru_cache(maxsize=512)
def _scales(df: float, fine: bool) -> tuple[Floats, Floats]:
    if not fine:
        nodes, weights = np.polynomial.legendre.leggauss(12)
        return np.asarray(special.chdtri(df, 1 - (nodes + 1) / 2) / df), weights / 2
    nodes, weights = np.polynomial.legendre.leggauss(28)
    unit, weights = (nodes + 1) / 2, weights / 2
    # Cubed in the tail: the integrand has all of its curvature near zero.
    u = np.concatenate([TAIL * unit**3, TAIL + (1 - TAIL) * unit])
    w = np.concatenate([TAIL * 3 * unit**2 * weights, (1 - TAIL) * weights])
    return np.asarray(special.chdtri(df, 1 - u) / df), w
