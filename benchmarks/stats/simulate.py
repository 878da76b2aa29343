"""What the findings are worth: coverage, family-wise error and power of the whole verdict, simulated.

    python benchmarks/stats/simulate.py > table.md

Each setting is an experiment with known truth: binary outcomes on `--problems` held-out problems, alone or in templates
of ten, some of which every arm changes (for better or worse, nothing on average); seeds whose mean accuracy has a given
standard deviation, in [0, 1] by a Beta distribution, so that the mean is exact near 0 and 100 % too and the spread is
skewed there as it is in life; base rollouts drawn once for all seeds, or for each. Families of 5 and of 15 arms share
the base's draw. What decides is `pidistill.stats.findings.judge`, as in a report.

* coverage: share of 95 % intervals that hold the truth (0).
* error: share of null experiments with a 'gain' or 'loss' in any arm; with a *, counted anew with five times as many
  experiments, because the first count was above .05.
* MDE: the effect that a family of 5 is said to find four times in five, from the true variances (printed ones are
  estimates of it: 'printed' is their median). '-' where it would end within ten points of 100 %, or beyond.
* power: share of experiments with that effect in one arm of 5 in which its p is at or below .05 / 5.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pidistill.stats.findings import NEAR, Evidence, detectable_here, is_near_an_end, judge, largest_stated
from pidistill.stats.intervals import Estimate, crossed_parts
from pidistill.stats.mixture import Component, tails
from pidistill.stats.significance import minimum_detectable

Floats = npt.NDArray[np.float64]
CHANGED = 0.3
"""Share of templates whose rate an arm draws anew."""
PLACING, DRAWS = 11, 2000
"""Halvings by which the MDE is placed, and experiments that its variances are averaged over."""
FAMILIES = (5, 15)
PRINTED = 60
"""Experiments that the median of the printed MDEs is of."""
CHUNK = 1000
"""Experiments whose tails are worked out at once: what fits a processor's cache."""


@dataclass(frozen=True)
class Setting:
    """One row of the table."""

    seeds: int
    base: float
    sd: float
    cluster: int
    shared: bool
    problems: int

    @property
    def clusters(self) -> list[int]:
        return [i // self.cluster for i in range(self.problems)]


def beta(rng: np.random.Generator, mean: float, sd: float, size: tuple[int, ...]) -> Floats:
    """Draws in [0, 1] with exactly this mean and, where that is possible, this standard deviation."""
    if sd <= 0 or not 0 < mean < 1:
        return np.full(size, mean)
    total = max(mean * (1 - mean) / sd**2 - 1, 0.05)
    return np.asarray(rng.beta(mean * total, (1 - mean) * total, size))


def experiments(
    rng: np.random.Generator, s: Setting, count: int, arms: int, effect: float = 0.0
) -> tuple[list[Floats], Floats]:
    """Differences [experiments, seeds, problems] of each arm, and the measured bases; the first arm has the effect."""
    units, shape = s.problems // s.cluster, (count, 1 if s.shared else s.seeds, s.problems)
    rates = rng.beta(2 * s.base, 2 * (1 - s.base), (count, units))
    chances = np.repeat(rates, s.cluster, axis=1)[:, None]
    base = (rng.random(shape) < chances).astype(float)
    grids = []
    for arm in range(arms):
        own = np.where(rng.random(rates.shape) < CHANGED, rng.beta(2 * s.base, 2 * (1 - s.base), rates.shape), rates)
        mean = s.base + (effect if arm == 0 else 0.0)
        seed = beta(rng, mean, s.sd, (count, s.seeds, 1))
        own = np.repeat(own, s.cluster, axis=1)[:, None]
        # Each seed moves every problem towards 0 or 1 so that the expected mean is the seed's.
        after = np.where(seed < s.base, own * seed / s.base, 1 - (1 - own) * (1 - seed) / (1 - s.base))
        fresh = base if s.shared or arm == 0 else (rng.random(shape) < chances).astype(float)
        grids.append((rng.random(after.shape) < after).astype(float) - fresh)
    return grids, base.mean(axis=(1, 2))


@dataclass(frozen=True)
class Weighed:
    """An arm of many experiments, each weighed as `intervals.two_way` weighs one."""

    means: Floats
    raw: Floats
    floor: Floats
    units: Floats
    dfs: tuple[float, float]

    @classmethod
    def of(cls, d_NSI: Floats, s: Setting) -> Weighed:
        """Templates of equal size, so that one is the mean of its problems."""
        values = d_NSI.reshape(*d_NSI.shape[:2], -1, s.cluster).mean(axis=-1)
        return cls(*crossed_parts(values), (values.shape[1] - 1.0, values.shape[2] - 1.0))

    @property
    def p(self) -> Floats:
        """Two-sided p-values."""
        varied = np.maximum(self.raw, self.floor) + self.units > 0
        seeds = np.where(varied, np.maximum(self.raw, self.floor), 1.0)
        parts = zip(*(np.array_split(x, len(x) // CHUNK + 1) for x in (self.means, seeds, self.units)), strict=True)
        found = [tails(np.abs(mean), first, second, *self.dfs) for mean, first, second in parts]
        return np.where(varied, np.concatenate(found), 1.0)

    def evidence(self, bases: Floats) -> list[Evidence]:
        """As `findings.weigh`, without the interval, which decides nothing."""
        found, (df_a, df_b) = list[Evidence](), self.dfs
        each = zip(self.means, self.raw, self.floor, self.units, self.p, bases, strict=True)
        for mean, raw, floor, units, p, base in each:
            parts = (Component(max(raw, floor), df_a, floor, raw), Component(units, df_b))
            near = "0" if base < NEAR and mean < 0 else "100" if base > 1 - NEAR and mean > 0 else ""
            estimate = Estimate(mean, 0.0, df_b, -1.0, 1.0, p, "two-way", parts)
            found.append(Evidence(estimate, p, 1.0, round(df_a) + 1, True, near))
        return found

    def true_parts(self) -> tuple[Component, Component]:
        """The variances of the mean, averaged over the experiments."""
        raw, floor, units = (float(x.mean()) for x in (self.raw, self.floor, self.units))
        return Component(max(raw, floor), self.dfs[0], floor), Component(units, self.dfs[1])


def seeded(s: Setting, kind: int) -> np.random.Generator:
    """The generator of a setting, the same whatever other settings are asked for."""
    key = [kind, s.seeds, round(1e4 * s.base), round(1e4 * s.sd), s.cluster, s.shared, s.problems]
    return np.random.default_rng(key)


def row(s: Setting, runs: int) -> tuple[list[str], dict[str, float]]:
    """One line of the table, and what is summarised under it."""
    weighed, bases = weigh_all(seeded(s, 0), s, runs)
    coverage = float(np.mean([arm.p > 0.05 for arm in weighed]))
    first = weighed[0].evidence(bases)[:PRINTED]
    printed = [detectable_here(e.estimate, 5, base, 1) or math.inf for e, base in zip(first, bases, strict=False)]
    errors = wrong_ones(weighed, bases)
    again = max(errors.values()) > 0.05
    if again:
        # The largest of many counts is large by chance, too: the second count stands, whatever it is.
        errors = wrong_ones(*weigh_all(seeded(s, 1), s, 5 * runs))
    effect, power = power_of(s, 20 * runs)
    said = float(np.median(printed))
    mark = " *" if again else ""
    line = [
        str(s.seeds), f"{100 * s.base:.0f}", f"{100 * s.sd:.0f}", str(s.cluster), "once" if s.shared else "each",
        f"{100 * coverage:.1f}", f"{errors[5]:.3f}{mark}", f"{errors[15]:.3f}{mark}",
        "-" if effect is None else f"{100 * effect:.1f}", f"{100 * said:.1f}" if math.isfinite(said) else "-",
        "-" if effect is None else f"{power:.3f}",
    ]  # fmt: skip
    return line, {"coverage": coverage, "five": errors[5], "fifteen": errors[15], "power": power}


def weigh_all(rng: np.random.Generator, s: Setting, runs: int) -> tuple[list[Weighed], Floats]:
    """Fifteen arms without an effect of each of `runs` experiments, weighed, and the bases."""
    grids, bases = experiments(rng, s, runs, max(FAMILIES))
    return [Weighed.of(grid, s) for grid in grids], bases


def wrong_ones(weighed: Sequence[Weighed], bases: Floats) -> dict[int, float]:
    """The share of experiments with a finding in any arm, by the size of the family."""
    by_experiment = list(zip(*(arm.evidence(bases) for arm in weighed), strict=True))
    return {
        size: float(
            np.mean([any(j.finding in ("gain", "loss") for j in judge(e[:size], 0.02)[0]) for e in by_experiment])
        )
        for size in FAMILIES
    }


def power_of(s: Setting, runs: int) -> tuple[float | None, float]:
    """The effect that a family of five is said to find four times in five, and how often it was.

    The variances change with the effect, so it is looked for by halving: the one whose own variances give it back. Each
    step has the same draws, and there are enough of both: with `PLACING` steps the effect is within 0.03 points.
    """
    if is_near_an_end(s.base):
        return None, math.nan
    low, high = 0.0, 1 - s.base
    for _ in range(PLACING):
        middle = (low + high) / 2
        (d,), _ = experiments(seeded(s, 3), s, DRAWS, 1, middle)
        needs = minimum_detectable(Weighed.of(d, s).true_parts(), 5)
        low, high = (middle, high) if needs > middle else (low, middle)
    effect = (low + high) / 2
    if effect > largest_stated(s.base):
        return None, math.nan
    rng, found = seeded(s, 2), 0
    for start in range(0, runs, DRAWS):
        (d,), _ = experiments(rng, s, min(DRAWS, runs - start), 1, effect)
        found += int((Weighed.of(d, s).p <= 0.05 / 5).sum())
    return effect, found / runs


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000, help="experiments per setting (15 arms each)")
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3, 4, 5])
    parser.add_argument("--base", type=float, nargs="+", default=[5, 20, 50, 80, 95], help="in %%")
    parser.add_argument("--sd", type=float, nargs="+", default=[0, 6], help="of seeds, in pp")
    parser.add_argument("--cluster", type=int, nargs="+", default=[1, 10])
    args = parser.parse_args(arguments)
    head = ("Seeds", "Base %", "Seed sd pp", "Cluster", "Base drawn", "Coverage %", "Error, 5 arms", "Error, 15 arms",
            "MDE pp", "Printed", "Power")  # fmt: skip
    print("| " + " | ".join(head) + " |\n|" + " ---: |" * len(head), flush=True)
    began, seen = time.monotonic(), []
    grid = itertools.product(args.seeds, args.base, args.sd, args.cluster, (True, False))
    for seeds, base, sd, cluster, shared in grid:
        line, numbers = row(Setting(seeds, base / 100, sd / 100, cluster, shared, args.problems), args.runs)
        seen.append(numbers)
        print("| " + " | ".join(line) + " |", flush=True)
    powers = np.array([n["power"] for n in seen])
    powers = powers[~np.isnan(powers)]
    worst = {name: max(n[name] for n in seen) for name in ("five", "fifteen")}
    noise = 2 * np.sqrt(0.05 * 0.95 / args.runs)
    print(
        f"\n{len(seen)} settings, {args.runs} experiments of 15 arms each, {args.problems} problems. Coverage "
        f"{100 * min(n['coverage'] for n in seen):.1f} to {100 * max(n['coverage'] for n in seen):.1f} %. Family-wise "
        f"error at most {worst['five']:.3f} (5 arms) and {worst['fifteen']:.3f} (15 arms), two standard errors of a "
        f"true .05 being {noise:.3f}. Power {powers.min():.3f} to {powers.max():.3f} where .80 is stated; "
        f"{np.mean(np.abs(powers - 0.8) <= 0.03):.0%} of settings within 3 points, two standard errors of one being "
        f"{2 * np.sqrt(0.16 / 20 / args.runs):.3f}."
    )
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
