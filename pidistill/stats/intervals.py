"""Interval estimates: the formulas, each a pure function of numbers.

The one that verdicts rest on is `two_way`. An arm's delta is measured in S seeds on I problems, and both are samples:
other seeds would have trained other weights, and other held-out problems would have been asked. So

    d_si = mu + a_s + b_i + e_si        (seeds and problems crossed, one value per cell, all three random)
    Var(mean) = var_a / S + var_b / I + var_e / (S I) = [E(MS_a) + E(MS_b) - E(MS_e)] / (S I)

with MS_a = I sum_s (d_s. - d..)^2 / (S-1), MS_b = S sum_i (d_.i - d..)^2 / (I-1) and MS_e the residual mean square,
because E(MS_a) = var_e + I var_a, E(MS_b) = var_e + S var_b and E(MS_e) = var_e (two-way ANOVA without replication).
MS_a and MS_b are not let below MS_e, which is the same as setting a negative variance component to zero, so the
variance is never negative and errs upwards. What all seeds share (base rollouts drawn once and reused) is the same for
all seeds of a problem, hence part of b_i and counted.

The degrees of freedom are Satterthwaite's, with one change that is ours: few seeds often *look* alike by chance, and
the plain formula then trusts a variance that it has not seen. MS_a therefore enters the formula raised by its own
standard error, MS_a (1 + sqrt(2 / (S-1))). Simulated with normal effects and 200 problems, the plain formula rejects a
true null up to 12 % of the time at 5 % with two seeds (8 % with three), this one 8 % (6 %). The price is power: with
two or three seeds whose problems all gain alike, the interval covers more than 99 % and misses effects of several
standard errors, because so few seeds cannot show that seeds are alike. Five seeds cure that; a smaller interval would
not.

The bootstrap here is a cross-check. It resamples, and needs a generator; it never decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from pidistill.records import Record

LEVEL = 0.95
"""Confidence level of every interval."""
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
    """Degrees of freedom of the t distribution; None when the interval is not from one."""
    low: float
    high: float
    p: float
    """Two-sided p-value of 'the true mean is zero', not corrected for anything."""
    method: Method


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
    return _t_estimate(float(x.mean()), se, x.size - 1.0, method, level)


def two_way(d_SI: npt.ArrayLike, level: float = LEVEL) -> Estimate:
    """Mean of paired differences with both the choice of seeds and the choice of problems counted (see the module).

    `d_SI` has shape [seeds, problems] and values in [-1, 1]. With one seed only the problems can be counted, with one
    problem only the seeds, and `method` says so. Raises `ValueError` on an empty or ragged grid.
    """
    d = np.asarray(d_SI, dtype=np.float64)
    if d.ndim != 2 or d.size == 0:
        raise ValueError(f"two_way: expected a grid of [seeds, problems], got shape {d.shape}")
    n_seeds, n_problems = d.shape
    if n_seeds == 1:
        return t_interval(d[0], "problems only", level)
    if n_problems == 1:
        return t_interval(d[:, 0], "seeds only", level)
    if np.ptp(d) < TINY:
        return _unvaried(float(d[0, 0]), n_problems, level)
    mean, seed_means, problem_means = float(d.mean()), d.mean(axis=1), d.mean(axis=0)
    df_a, df_b = n_seeds - 1, n_problems - 1
    ms_a = n_problems * float(((seed_means - mean) ** 2).sum()) / df_a
    ms_b = n_seeds * float(((problem_means - mean) ** 2).sum()) / df_b
    residual = d - seed_means[:, None] - problem_means[None, :] + mean
    ms_e = float((residual**2).sum()) / (df_a * df_b)
    ms_a, ms_b = max(ms_a, ms_e), max(ms_b, ms_e)
    hedged = ms_a * (1 + math.sqrt(2 / df_a))
    df = (hedged + ms_b - ms_e) ** 2 / (hedged**2 / df_a + ms_b**2 / df_b + ms_e**2 / (df_a * df_b))
    return _t_estimate(mean, math.sqrt((ms_a + ms_b - ms_e) / d.size), df, "two-way", level)


def bootstrap_two_way(
    d_SI: npt.ArrayLike, rng: np.random.Generator, draws: int = 2000, level: float = LEVEL
) -> Interval:
    """Percentile interval of the mean from the pigeonhole bootstrap: seeds and problems resampled independently.

    Owen (2007), 'The pigeonhole bootstrap'. Its variance counts the residual about three times, so it errs upwards
    where the residual dominates, and it knows only the seeds there are, so it errs downwards with very few of them.
    """
    d = np.asarray(d_SI, dtype=np.float64)
    n_seeds, n_problems = d.shape
    seeds_BS = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=draws)
    problems_BI = rng.multinomial(n_problems, np.full(n_problems, 1 / n_problems), size=draws)
    means_B = ((seeds_BS @ d) * problems_BI).sum(axis=1) / d.size
    return _percentiles(means_B, level)


def paired_bootstrap(d_I: npt.ArrayLike, rng: np.random.Generator, draws: int = 2000, level: float = LEVEL) -> Interval:
    """Percentile interval of the mean of one seed's paired differences, problems resampled."""
    return bootstrap_two_way(np.asarray(d_I, dtype=np.float64)[None, :], rng, draws, level)


def _t_estimate(mean: float, se: float, df: float, method: Method, level: float) -> Estimate:
    half = float(special.stdtrit(df, 0.5 + level / 2)) * se
    p = min(1.0, 2 * float(special.stdtr(df, -abs(mean) / se)))
    return Estimate(mean, se, df, max(-1.0, mean - half), min(1.0, mean + half), p, method)


def _unvaried(value: float, n: int, level: float) -> Estimate:
    """Interval of a mean whose n observations were all `value`.

    A share u of the population may still be different and as far away as -1 or 1; u is the Clopper-Pearson bound for
    none seen in n. The p-value is the level at which the interval just reaches zero; for a value of 1 it is the sign
    test's.
    """
    share = 1 - ((1 - level) / 2) ** (1 / n)
    p = min(1.0, 2 * (1 + abs(value)) ** -n)
    centre = (1 - share) * value
    return Estimate(value, 0.0, None, max(-1.0, centre - share), min(1.0, centre + share), p, "no variation seen")


def _percentiles(means_B: Floats, level: float) -> Interval:
    low, high = np.quantile(means_B, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(float(low), float(high))
