"""Tests beside the interval: exact McNemar, Holm's correction, and the smallest effect that could have been seen.

Pure functions of counts, p-values and standard errors. Which tests form a family is decided in `compare`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.optimize import brentq

from pidistill.records import Record

ALPHA = 0.05
"""Two-sided, for the whole family of a comparison's arms."""
POWER = 0.80


@dataclass(frozen=True)
class McNemar(Record):
    """Problems that changed, and the exact two-sided test that gains and losses are equally likely."""

    gained: int
    """Problems that score higher after than before."""
    lost: int
    p: float


def mcnemar(d_I: npt.ArrayLike) -> McNemar:
    """Exact McNemar test on paired differences, one per problem.

    For graded scores, or means over samples or seeds, 'gained' and 'lost' are the signs of the differences, which is
    the exact sign test; for 0 / 1 scores the two are the same test. Unchanged problems do not count.
    """
    d = np.asarray(d_I, dtype=np.float64)
    gained, lost = int((d > 0).sum()), int((d < 0).sum())
    p = 1.0 if gained + lost == 0 else min(1.0, 2 * float(special.bdtr(min(gained, lost), gained + lost, 0.5)))
    return McNemar(gained, lost, p)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down adjusted p-values, in the order given: rejecting at ALPHA bounds the family-wise error by it."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return tuple(adjusted)


def minimum_detectable(se: float, df: float, tests: int = 1, power: float = POWER, alpha: float = ALPHA) -> float:
    """The true effect, in the unit of `se`, that a two-sided t test at `alpha / tests` finds with probability `power`.

    Exact, by the noncentral t distribution. `tests` is the size of the family, so this is the effect that would pass
    even Holm's first and hardest step.
    """
    critical = float(special.stdtrit(df, 1 - alpha / tests / 2))
    nodes, weights = _quadrature()
    # The power is averaged over the estimated scale s: scipy's noncentral t is NaN for few degrees of freedom.
    scale = np.sqrt(special.chdtri(df, (1 - nodes) / 2) / df)

    def missing(shift: float) -> float:
        found = special.ndtr(shift - critical * scale) + special.ndtr(-shift - critical * scale)
        return float(found @ weights) / 2 - power

    high = critical + 1.0
    while missing(high) < 0:
        high *= 2
    return se * float(brentq(missing, 0.0, high, xtol=1e-10))


@functools.cache
def _quadrature() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Gauss-Legendre nodes and weights, which take longer to find than all that is done with them."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    return nodes, weights
