"""Interval estimates: the formulas, each a pure function of numbers.

The one that findings rest on is `two_way`. An arm's delta is measured in S seeds on I problems, and both are samples:
other seeds would have trained other weights, and other held-out problems would have been asked. So

    d_si = mu + a_s + b_i + e_si        (seeds and problems crossed, one value per cell, all three random)
    Var(mean) = var_a / S + var_b / I + var_e / (S I) = [E(MS_a) + E(MS_b) - E(MS_e)] / (S I)

with MS_a = I sum_s (d_s. - d..)^2 / (S-1), MS_b = S sum_i (d_.i - d..)^2 / (I-1) and MS_e the residual mean square,
because E(MS_a) = var_e + I var_a, E(MS_b) = var_e + S var_b and E(MS_e) = var_e (two-way ANOVA without replication).
MS_b is not let below MS_e (a negative variance component is zero), nor MS_a below a quarter of it: seeds are not
believed to agree that much better than sampling alone would let them. What all seeds share (base rollouts drawn once
and reused) is the same for all seeds of a problem, hence part of b_i and counted.

**The distribution** is Behrens and Fisher's: the mean's error is s_1 T_1 + s_2 T_2, with s_1^2 = MS_a / (S I) on S - 1
degrees of freedom and s_2^2 = (MS_b - MS_e) / (S I) on I - 1. A single t distribution with Satterthwaite's degrees of
freedom trusts few seeds that look alike by chance: simulated with a seed sd of 6 pp it called .06 to .09 of true nulls
an effect, family-wise, at .05. This one does not, and pays in power: with two seeds T_1 has one degree of freedom. Few
seeds cannot show that seeds are alike, and no formula can show it for them.

**Clusters.** Problems made from one template rise and fall together, so I of them are not I observations. Where
problems carry a cluster, clusters take the place of problems: each cluster's sum of deviations enters as one value
(the linearised ratio estimator, so the mean over problems stays what is estimated), and the degrees of freedom are
those of the clusters' unequal sizes. Counted as single problems, templates of ten gave .10 to .18 false findings.

**Equal seeds.** Rows that are equal in every problem are one row: a seed that was run twice is no evidence.

The bootstrap here is a cross-check. It resamples, and needs a generator; it never decides.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from pidistill.records import Record
from pidistill.stats.mixture import Component, half_width, two_sided

LEVEL = 0.95
"""Confidence level of every interval."""
AGREEMENT = 0.25
"""The least that MS_a is taken for, as a share of MS_e: with two seeds whose means tie, nothing else would be left.
At a tenth, four skewed seeds (base 20 %, seed sd 6 pp) came to a family-wise error of .07 in simulation."""
TINY = 1e-12
"""Scores closer than this are the same score, computed in another order."""

Floats = npt.NDArray[np.float64]
Method = Literal["two-way", "problems only", "seeds only", "no variation seen"]


@dataclass(frozen=True)
class Interval(Record):
    """A closed interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Estimate(Record):
    """A mean difference of scores, with its uncertainty. It lies in [-1, 1], and so does its interval."""

    mean: float
    se: float
    """Standard error of `mean`; 0 when nothing varied."""
    df: float | None
    """Degrees of freedom of the whole variance (Satterthwaite's, a description); None where nothing varied."""
    low: float
    high: float
    p: float
    """Two-sided p-value of 'the true mean is zero', not corrected for anything."""
    method: Method
    components: tuple[Component, ...] = ()
    """The variance of `mean` in its parts, seeds before problems; none where nothing varied."""
    units: int = 0
    """What was resampled: problems or their clusters, seeds where only those could be counted."""


def wilson(passes: int, n: int, level: float = LEVEL) -> Interval:
    """Wilson's score interval of a proportion: `passes` of `n` independent trials. With n = 0 it is [0, 1]."""
    if not 0 <= passes <= n:
        raise ValueError(f"wilson: {passes} passes of {n}")
    if n == 0:
        return Interval(0.0, 1.0)
    z = float(special.ndtri(0.5 + level / 2))
    rate, shrink = passes / n, 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / shrink
    half = z / shrink * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return Interval(0.0 if passes == 0 else centre - half, 1.0 if passes == n else centre + half)


def t_interval(values: Sequence[float] | Floats, method: Method = "seeds only", level: float = LEVEL) -> Estimate:
    """Student's interval of the mean of independent differences in [-1, 1].

    Values without any variation, a single one included, get the interval of `_unvaried`: no spread seen is not no
    uncertainty.
    """
    x = np.asarray(values, dtype=np.float64).ravel()
    if x.size == 0:
        raise ValueError("t_interval: no values")
    if np.ptp(x) < TINY:
        return _unvaried(float(x[0]), x.size, level)
    se = float(x.std(ddof=1)) / math.sqrt(x.size)
    return _t_estimate(float(x.mean()), se, x.size - 1.0, method, level, x.size)


def two_way(d_SI: npt.ArrayLike, clusters: Sequence[Hashable] | None = None, level: float = LEVEL) -> Estimate:
    """Mean of paired differences with both the choice of seeds and the choice of problems counted (see the module).

    `d_SI` has shape [seeds, problems] and values in [-1, 1]; `clusters` names each problem's cluster. With one distinct
    seed only the problems can be counted, with one problem only the seeds, and `method` says so. A single cluster of
    several problems cannot be resampled: its problems are. Raises `ValueError` on an empty or ragged grid.
    """
    d = np.asarray(d_SI, dtype=np.float64)
    if d.ndim != 2 or d.size == 0:
        raise ValueError(f"two_way: expected a grid of [seeds, problems], got shape {d.shape}")
    distinct = distinct_rows(d)
    d = d[distinct] if len(distinct) > 1 else d[:1]
    values, df_b = by_cluster(d, clusters)
    n_seeds, n_units = values.shape
    if np.ptp(d) < TINY:
        return _unvaried(float(d[0, 0]), n_units, level)
    if n_seeds == 1:
        se = math.sqrt(float(values[0].var(ddof=1)) / n_units)
        return _t_estimate(float(d.mean()), se, df_b, "problems only", level, n_units)
    if n_units == 1:
        return t_interval(values[:, 0], "seeds only", level)
    mean, seeds, units = crossed(values, df_b)
    return _crossed_estimate(mean, seeds, units, level, n_units)


def crossed(values: Floats, df_b: float) -> tuple[float, Component, Component]:
    """The mean of a grid of at least two seeds and units, and the two parts of its variance (see the module)."""
    mean, raw, floor, units = (float(part) for part in crossed_parts(values))
    return mean, Component(max(raw, floor), len(values) - 1, floor, raw), Component(units, df_b)


def crossed_parts(values_SU: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean, seeds' part of its variance, what that is not let below, and the units' part; of each grid in a stack."""
    n_seeds, n_units = values_SU.shape[-2:]
    mean = values_SU.mean(axis=(-2, -1), keepdims=True)
    seed_means, unit_means = values_SU.mean(axis=-1, keepdims=True), values_SU.mean(axis=-2, keepdims=True)
    df_a, size = n_seeds - 1, n_seeds * n_units
    ms_a = n_units * ((seed_means - mean) ** 2).sum(axis=(-2, -1)) / df_a
    ms_b = n_seeds * ((unit_means - mean) ** 2).sum(axis=(-2, -1)) / (n_units - 1)
    residual = values_SU - seed_means - unit_means + mean
    ms_e = (residual**2).sum(axis=(-2, -1)) / (df_a * (n_units - 1))
    return mean[..., 0, 0], ms_a / size, AGREEMENT * ms_e / size, np.maximum(ms_b - ms_e, 0.0) / size


def distinct_rows(d_SI: npt.ArrayLike) -> list[int]:
    """Indices of the rows that differ from all before them."""
    seen: dict[bytes, int] = {}
    for index, row in enumerate(np.round(np.asarray(d_SI, dtype=np.float64), 10) + 0.0):
        seen.setdefault(row.tobytes(), index)
    return list(seen.values())


def by_cluster(d_SI: Floats, clusters: Sequence[Hashable] | None) -> tuple[Floats, float]:
    """One column for each cluster, whose means over columns are those over problems; and its degrees of freedom."""
    n_problems = d_SI.shape[1]
    names = list(dict.fromkeys(clusters)) if clusters is not None else []
    if len(names) < 2 or len(names) == n_problems:
        return d_SI, n_problems - 1.0
    assert clusters is not None
    places = {name: place for place, name in enumerate(names)}
    member_IC = np.zeros((n_problems, len(names)))
    member_IC[np.arange(n_problems), [places[name] for name in clusters]] = 1.0
    sizes = member_IC.sum(axis=0)
    grand = d_SI.mean()
    values = grand + (d_SI - grand) @ member_IC * (len(names) / n_problems)
    return values, float((sizes**2).sum() ** 2 / (sizes**4).sum()) - 1.0


def bootstrap_two_way(
    d_SI: npt.ArrayLike,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = LEVEL,
    clusters: Sequence[Hashable] | None = None,
) -> Interval:
    """Percentile interval of the mean from the pigeonhole bootstrap: seeds and problems resampled independently.

    Problems are resampled in their clusters, where they have any.

    Owen (2007), 'The pigeonhole bootstrap'. Its variance counts the residual about three times, so it errs upwards
    where the residual dominates, and it knows only the seeds there are, so it errs downwards with very few of them.
    """
    d, _ = by_cluster(np.asarray(d_SI, dtype=np.float64), clusters)
    n_seeds, n_units = d.shape
    seeds_BS = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=draws)
    units_BC = rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=draws)
    means_B = ((seeds_BS @ d) * units_BC).sum(axis=1) / d.size
    return _percentiles(means_B, level)


def paired_bootstrap(d_I: npt.ArrayLike, rng: np.random.Generator, draws: int = 2000, level: float = LEVEL) -> Interval:
    """Percentile interval of the mean of one seed's paired differences, problems resampled."""
    return bootstrap_two_way(np.asarray(d_I, dtype=np.float64)[None, :], rng, draws, level)


def _t_estimate(mean: float, se: float, df: float, method: Method, level: float, units: int) -> Estimate:
    half = float(special.stdtrit(df, 0.5 + level / 2)) * se
    p = min(1.0, 2 * float(special.stdtr(df, -abs(mean) / se)))
    parts = (Component(se**2, df),)
    return Estimate(mean, se, df, max(-1.0, mean - half), min(1.0, mean + half), p, method, parts, units)


def _crossed_estimate(mean: float, seeds: Component, units: Component, level: float, n_units: int) -> Estimate:
    parts = (seeds, units)
    half, variance = half_width(parts, 1 - level), seeds.variance + units.variance
    df = variance**2 / (seeds.variance**2 / seeds.df + units.variance**2 / units.df)
    p = two_sided(abs(mean), parts)
    low, high = max(-1.0, mean - half), min(1.0, mean + half)
    return Estimate(mean, math.sqrt(variance), df, low, high, p, "two-way", parts, n_units)


def _unvaried(value: float, n: int, level: float) -> Estimate:
    """Interval of a mean whose n observations were all `value`.

    A share u of the population may still be different and as far away as -1 or 1; u is the Clopper-Pearson bound for
    none seen in n. The p-value is the level at which the interval just reaches zero; for a value of 1 it is the sign
    test's.
    """
    share = 1 - ((1 - level) / 2) ** (1 / n)
    p = min(1.0, 2 * (1 + abs(value)) ** -n)
    centre = (1 - share) * value
    low, high = max(-1.0, centre - share), min(1.0, centre + share)
    return Estimate(value, 0.0, None, low, high, p, "no variation seen", (), n)


def _percentiles(means_B: Floats, level: float) -> Interval:
    low, high = np.quantile(means_B, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(float(low), float(high))
