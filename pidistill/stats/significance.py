"""Tests beside the interval: exact McNemar, Holm's correction, equivalence, and what could have been seen.

Pure functions of counts, p-values and variances. Which tests form a family is decided in `compare`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.optimize import brentq

from pidistill.records import Record
from pidistill.stats.intervals import TINY, Estimate
from pidistill.stats.mixture import Component, Floats, half_widths, scales, upper

ALPHA = 0.05
"""Two-sided, for the whole family of a comparison's arms."""
POWER = 0.80
TABLE = 64
"""Sizes that half widths are worked out for, where one is needed for each pair of estimated variances."""


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


@dataclass(frozen=True)
class Equivalence(Record):
    """Whether a difference lies within a margin that was stated before: two one-sided tests (TOST)."""

    margin: float
    p: float
    """The larger of the two one-sided p-values of 'the true difference is at or beyond the margin'."""
    p_holm: float
    """Corrected over the differences of its kind (arms, or pairs)."""

    @property
    def shown(self) -> bool:
        """Whether the difference may be called null, or two arms indistinguishable, within the margin."""
        return self.p_holm <= ALPHA


def tost(estimate: Estimate, margin: float) -> float:
    """The p-value of equivalence within `margin`. Not being different is no evidence of it; this is."""
    if margin <= 0:
        raise ValueError(f"tost: a margin is above 0, not {margin}")
    if not estimate.components:  # no variation seen: the share that may still differ is bounded by how many were seen
        left = (margin - abs(estimate.mean)) / (1 - abs(estimate.mean)) if abs(estimate.mean) < 1 else 0.0
        return 1.0 if left <= 0 else max(0.0, 1 - left) ** estimate.units
    return max(upper(margin - estimate.mean, estimate.components), upper(margin + estimate.mean, estimate.components))


def minimum_detectable(parts: Sequence[Component], tests: int = 1, power: float = POWER, alpha: float = ALPHA) -> float:
    """The true effect that a two-sided test at `alpha / tests` finds with probability `power`.

    `parts` are the true variances of the mean and what their estimates are not let below. `tests` is the size of the
    family, so this is the effect that would pass even Holm's first and hardest step. A repeat estimates both parts
    anew: taking the second for known promised .80 where .77 was found, with thirty templates.
    """
    first, second = parts[0], parts[1] if len(parts) > 1 and parts[1].variance > 0 else None
    critical_N, weights_N = _critical(first, second, alpha / tests)
    sd = math.sqrt(first.variance + (second.variance if second else 0.0))

    def missing(effect: float) -> float:
        found = special.ndtr((effect - critical_N) / sd) + special.ndtr((-effect - critical_N) / sd)
        return float(found @ weights_N) - power

    high = 4 * sd
    while missing(high) < 0:
        high *= 2
    return float(brentq(missing, 0.0, high, rtol=1e-8))


def _critical(first: Component, second: Component | None, alpha: float) -> tuple[Floats, Floats]:
    """The distances from zero that repeats will call an effect, and the weights of those repeats.

    A half width is homogeneous: with both variances q times as large it is sqrt(q) times as large. So a second part
    that is estimated as q times itself needs no widths of its own: all are read off one table over the first's size.
    """
    q, weights = scales(first.df)
    estimated = np.maximum(first.variance * q, first.floor)
    if second is None:
        return half_widths(estimated, first.df, None, alpha), weights
    q2, weights2 = scales(second.df, fine=second.df < 20)
    sizes_MN = estimated[None, :] / q2[:, None]
    table = np.geomspace(sizes_MN.min(), sizes_MN.max(), TABLE)
    widths = half_widths(table, first.df, second, alpha)
    critical_MN = np.sqrt(q2)[:, None] * np.exp(np.interp(np.log(sizes_MN), np.log(table), np.log(widths)))
    return critical_MN.ravel(), (weights2[:, None] * weights[None, :]).ravel()


def planning_parts(estimate: Estimate, seeds: int | None = None) -> tuple[Component, ...]:
    """The variances to plan with: an estimate's own, few seeds' bias corrected; as they would be with other `seeds`.

    The root of a variance on few degrees of freedom is too small on average (by 11 % with three seeds), and an MDE
    made from it would promise too much. Empty where nothing varied or only one seed was seen.
    """
    if not estimate.components or estimate.method == "problems only":
        return ()
    first, *rest = estimate.components
    ratio = (first.df + 1) / seeds if seeds else 1.0
    bias = 2 / first.df * math.exp(2 * float(special.gammaln((first.df + 1) / 2) - special.gammaln(first.df / 2)))
    raw = first.variance if first.raw is None else first.raw
    variance = max(raw / bias, first.floor)
    own = Component(variance * ratio, float(seeds - 1) if seeds else first.df, first.floor * ratio)
    return (own, *rest)


def detectable(estimate: Estimate, tests: int, base: float | None = None, sign: int = 1) -> float | None:
    """The minimum detectable effect of a repeat of what was done; None where its variance is not known.

    With `base` it is the effect's that there can be (`sign` 1: gains, -1: losses), and None where it would leave the
    scale. Away from an end of the scale outcomes vary more than at it, so there the variance grows with the effect, as
    a binomial's does: without that, what was printed at a base of 20 % was three quarters of the true one.
    """
    parts = planning_parts(estimate)
    if not parts:
        return None
    plain = minimum_detectable(parts, max(1, tests))
    if base is None:
        return plain
    room, here = (1 - base if sign > 0 else base), max(base * (1 - base), TINY)
    effect = plain
    for _ in range(50):
        if effect > room:
            return None
        there = base + sign * effect
        effect = plain * math.sqrt(max(1.0, there * (1 - there) / here))
    return effect if effect <= room else None


def seeds_needed(estimate: Estimate, effect: float, tests: int = 1, most: int = 200) -> int | None:
    """The fewest seeds with which `effect` would be found four times in five, the problems staying the same ones.

    None where `most` are not enough, since the choice of problems alone hides it: then more problems are needed.
    """
    if effect <= 0 or not planning_parts(estimate):
        return None

    def enough(seeds: int) -> bool:
        return minimum_detectable(planning_parts(estimate, seeds), tests) <= effect

    if not enough(most):
        return None
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
