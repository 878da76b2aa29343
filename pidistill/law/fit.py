"""The line through the configurations: least squares with an intercept, and what it is worth on what it has not seen.

R^2 says how well a line describes the points it was drawn through; with four points and two parameters it is close to 1
by itself. What counts is the error on a configuration, and on a family of models, that was left out, beside the error
of the simplest rival: the mean improvement of the others. The statement of which is better is made by a paired test on
the held-out errors, and is 'not shown' where it does not say so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from pidistill.errors import DataError
from pidistill.law.configurations import Configuration, shared_confounders
from pidistill.records import Record
from pidistill.stats.intervals import Floats, Interval, t_interval

FEWEST = 4
"""Configurations that a line needs: below, its residuals have no degree of freedom to be left out with."""
Better = Literal["better", "not shown", "worse"]
PUBLISHED = (
    ("Qwen3-8B", 1.49, 0.95),
    ("Olmo-3-7B", 0.66, 0.996),
    ("Qwen3 0.6-8B, peer + feedback", 1.51, 0.98),
)
"""Seed 003's fits: what, slope, R^2. In its terms; set beside ours, never used."""


@dataclass(frozen=True)
class Line(Record):
    """Improvement = intercept + slope * gap, in percentage points."""

    slope: float
    slope_interval: Interval
    intercept: float
    intercept_interval: Interval
    r2: float
    residual_sd: float
    n: int
    gap_mean: float
    gap_spread: float
    """Sum of squared deviations of the gaps: with `n` and `residual_sd` what an interval needs."""
    gap_low: float
    gap_high: float

    def at(self, gap: float) -> float:
        """The line's improvement at `gap`."""
        return self.intercept + self.slope * gap

    def error(self, gap: float, gap_se: float = 0.0) -> float:
        """Standard error of a new configuration's improvement, its own gap being known to within `gap_se`."""
        leverage = 1 / self.n + (gap - self.gap_mean) ** 2 / self.gap_spread
        return math.sqrt(self.residual_sd**2 * (1 + leverage) + (self.slope * gap_se) ** 2)

    def predict(self, gap: float, gap_se: float = 0.0, level: float = 0.95, widest: float = 0.0) -> Interval:
        """The prediction interval of a new configuration. `widest` is a held-out error that it must not be below."""
        t = float(special.stdtrit(self.n - 2, 0.5 + level / 2))
        half = t * max(self.error(gap, gap_se), math.hypot(widest, self.slope * gap_se))
        return Interval(self.at(gap) - half, self.at(gap) + half)


@dataclass(frozen=True)
class HeldOut(Record):
    """What was predicted of configurations that were left out."""

    what: str
    """One configuration at a time, one base, one family, or one domain."""
    labels: tuple[str, ...]
    actual: tuple[float, ...]
    law: tuple[float, ...]
    """Predicted by the line through the others."""
    mean: tuple[float, ...]
    """The mean of the others."""
    law_rmse: float
    mean_rmse: float
    wins: int
    """Configurations that the law predicts more closely."""
    p: float
    """Of a paired t test on the difference of absolute errors, or of the units' means where a unit is a family."""
    better: Better

    @property
    def sentence(self) -> str:
        """The plain statement."""
        said = {
            "better": "predicts better than the mean of the others",
            "not shown": "is not shown to predict better than the mean of the others",
            "worse": "predicts worse than the mean of the others",
        }[self.better]
        return (
            f"Leaving out {self.what}, the law {said}: root mean square error {self.law_rmse:.1f} pp against "
            f"{self.mean_rmse:.1f}, closer in {self.wins} of {len(self.labels)}, p {self.p:.2g}."
        )


@dataclass(frozen=True)
class Confounded(Record):
    """What a confounder does to the law."""

    name: str
    with_gap: float
    """Correlation with the gap."""
    with_improvement: float
    slope: float
    """The gap's slope with the confounder held fixed."""
    slope_interval: Interval | None
    """None where there are too few configurations to tell the two apart."""
    alone_rmse: float
    """Error of a line on the confounder alone, what `Law.judged_by` leaves out left out."""


@dataclass(frozen=True)
class FamilyLine(Record):
    """The line through the configurations of one family, or of one domain."""

    name: str
    line: Line


@dataclass(frozen=True)
class Law(Record):
    """A fitted law: what `pidistill predict` reads."""

    pooled: Line
    families: tuple[FamilyLine, ...]
    by_configuration: HeldOut
    by_family: HeldOut | None
    """None with fewer than three families."""
    confounders: tuple[Confounded, ...]
    configurations: tuple[Configuration, ...]
    domains: tuple[FamilyLine, ...] = ()
    by_domain: HeldOut | None = None
    """None with one domain."""
    by_model: HeldOut | None = None
    """None where bases are not named, are fewer than three, or have one configuration each."""

    @property
    def judged_by(self) -> HeldOut:
        """What says whether the law predicts: bases left out, where they are known.

        Forms on one base differ little in gap and gain, so a configuration is all but told by the others of its base.
        """
        return self.by_model or self.by_configuration

    @property
    def guesses(self) -> tuple[float, ...]:
        """What `judged_by` says of each configuration, in their order."""
        told = dict(zip(self.judged_by.labels, self.judged_by.law, strict=True))
        return tuple(told[c.label] for c in self.configurations)

    def of_family(self, name: str) -> Line | None:
        """The line of one family, where it has one of its own."""
        return next((own.line for own in self.families if own.name == name), None)


def fit_law(configurations: Sequence[Configuration]) -> Law:
    """The law of `configurations`. Raises `DataError` where they are too few, or their gaps are all the same."""
    found = tuple(configurations)
    if len(found) < FEWEST:
        raise DataError(f"{len(found)} configurations are too few for a law: at least {FEWEST}.",
                        "Add some: PI form x base model x domain.")  # fmt: skip
    families, domains = [c.family for c in found], [c.domain for c in found]
    bases = [f"{c.domain} {c.model}" for c in found]
    if not all(c.model for c in found) or not 2 < len(set(bases)) < len(found):
        bases = []
    units = bases or [c.label for c in found]
    return Law(
        line(found), _lines(found, families), _held_out(found, [[c] for c in found], "one configuration"),
        _held_out(found, _groups(found, families), "one family of models") if len(set(families)) > 2 else None,
        tuple(_confounded(found, name, units) for name in shared_confounders(found)), found, _lines(found, domains),
        _held_out(found, _groups(found, domains), "one domain") if len(set(domains)) > 1 else None,
        _held_out(found, _groups(found, bases), "one base model") if bases else None,
    )  # fmt: skip


def _groups(configurations: Sequence[Configuration], names: Sequence[str]) -> list[list[Configuration]]:
    """Those of one name together, in the order of their first."""
    return [[c for c, own in zip(configurations, names, strict=True) if own == name] for name in dict.fromkeys(names)]


def _lines(configurations: Sequence[Configuration], names: Sequence[str]) -> tuple[FamilyLine, ...]:
    """A line for each name that has configurations enough; none where all have one name."""
    groups = _groups(configurations, names)
    return tuple(
        FamilyLine(name, line(own))
        for name, own in zip(dict.fromkeys(names), groups, strict=True)
        if len(groups) > 1 and len(own) >= FEWEST and len({c.gap for c in own}) > 1
    )


def line(configurations: Sequence[Configuration], level: float = 0.95) -> Line:
    """Least squares with an intercept."""
    x, y = _xy(configurations)
    n, spread = x.size, float(((x - x.mean()) ** 2).sum())
    if spread <= 1e-12:
        raise DataError("All configurations have the same gap, so there is no line through them.",
                        "Vary the PI form, or the model.")  # fmt: skip
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
    intercept = float(y.mean()) - slope * float(x.mean())
    residual = y - intercept - slope * x
    total = float(((y - y.mean()) ** 2).sum())
    sd = math.sqrt(float(residual @ residual) / (n - 2)) if n > 2 else 0.0
    t = float(special.stdtrit(n - 2, 0.5 + level / 2)) if n > 2 else math.inf
    of_slope, of_intercept = sd / math.sqrt(spread), sd * math.sqrt(1 / n + float(x.mean()) ** 2 / spread)
    return Line(
        slope, Interval(slope - t * of_slope, slope + t * of_slope), intercept,
        Interval(intercept - t * of_intercept, intercept + t * of_intercept),
        1 - float(residual @ residual) / total if total > 0 else 0.0,
        sd, n, float(x.mean()), spread, float(x.min()), float(x.max()),
    )  # fmt: skip


def _xy(configurations: Sequence[Configuration]) -> tuple[Floats, Floats]:
    return np.array([c.gap for c in configurations]), np.array([c.improvement for c in configurations])


def _held_out(configurations: Sequence[Configuration], units: Sequence[Sequence[Configuration]], what: str) -> HeldOut:
    """Each unit predicted from all others, by the line and by their mean."""
    labels, actual, law, mean, gains = [], [], [], [], []
    for unit in units:
        left = {c.label for c in unit}
        others = [c for c in configurations if c.label not in left]
        average = float(np.mean([c.improvement for c in others]))
        usable = len(others) > 2 and len({c.gap for c in others}) > 1
        fitted = line(others) if usable else None
        own = [fitted.at(c.gap) if fitted else average for c in unit]
        labels += [c.label for c in unit]
        actual += [c.improvement for c in unit]
        law += own
        mean += [average] * len(unit)
        gains.append(
            float(
                np.mean([abs(average - c.improvement) - abs(p - c.improvement) for c, p in zip(unit, own, strict=True)])
            )
        )
    errors = [np.array(actual) - np.array(predicted) for predicted in (law, mean)]
    rmse = [math.sqrt(float(e @ e) / e.size) for e in errors]
    test = t_interval(np.clip(np.array(gains) / 100, -1, 1))
    better: Better = "not shown"
    if test.p <= 0.05 and test.components:
        better = "better" if test.mean > 0 else "worse"
    wins = int((np.abs(errors[0]) < np.abs(errors[1])).sum())
    return HeldOut(what, tuple(labels), tuple(actual), tuple(law), tuple(mean), rmse[0], rmse[1], wins, test.p, better)


def _confounded(configurations: Sequence[Configuration], name: str, units: Sequence[str]) -> Confounded:
    x, y = _xy(configurations)
    z = np.array([c.confounders[name] for c in configurations])
    scaled = (z - z.mean()) / z.std()
    design = np.stack([np.ones_like(x), x, scaled], axis=1)
    df = x.size - 3
    coefficients, _, rank, _ = np.linalg.lstsq(design, y, rcond=None)
    interval = None
    if rank == 3 and df > 0:
        residual = y - design @ coefficients
        variance = float(np.linalg.inv(design.T @ design)[1, 1]) * float(residual @ residual) / df
        half = float(special.stdtrit(df, 0.975)) * math.sqrt(variance)
        interval = Interval(float(coefficients[1]) - half, float(coefficients[1]) + half)
    alone = [Configuration(c.label, float(u), c.improvement) for c, u in zip(configurations, scaled, strict=True)]
    rmse = _held_out(alone, _groups(alone, units), name).law_rmse
    return Confounded(name, _correlation(z, x), _correlation(z, y), float(coefficients[1]), interval, rmse)


def _correlation(a: Floats, b: Floats) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0
