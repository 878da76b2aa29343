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
  estimates of it: 'printed' is their median). '-' where none that is possible is found.
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

from pidistill.stats.findings import NEAR, Evidence, detectable_here, judge
from pidistill.stats.intervals import Estimate, by_cluster, crossed
from pidistill.stats.mixture import Component, two_sided
from pidistill.stats.significance import minimum_detectable

Floats = npt.NDArray[np.float64]
CHANGED = 0.3
"""Share of templates whose rate an arm draws anew."""
PLACING, DRAWS = 11, 600
"""Halvings by which the MDE is placed, and experiments that its variances are averaged over."""


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


def experiment(rng: np.random.Generator, s: Setting, arms: int, effect: float = 0.0) -> tuple[list[Floats], float]:
    """Differences [seeds, problems] of each arm, and the measured base; the first arm has the effect."""
    units = s.problems // s.cluster
    rates = rng.beta(2 * s.base, 2 * (1 - s.base), units)
    base = (rng.random((1 if s.shared else s.seeds, s.problems)) < np.repeat(rates, s.cluster)).astype(float)
    grids = []
    for arm in range(arms):
        own = np.where(rng.random(units) < CHANGED, rng.beta(2 * s.base, 2 * (1 - s.base), units), rates)
        mean = s.base + (effect if arm == 0 else 0.0)
        seed = beta(rng, mean, s.sd, (s.seeds, 1))
        own = np.repeat(own, s.cluster)
        # Each seed moves every problem towards 0 or 1 so that the expected mean is the seed's.
        after = np.where(seed < s.base, own * seed / s.base, 1 - (1 - own) * (1 - seed) / (1 - s.base))
        fresh = base if s.shared or arm == 0 else (rng.random(base.shape) < np.repeat(rates, s.cluster)).astype(float)
        grids.append((rng.random(after.shape) < after).astype(float) - fresh)
    return grids, float(base.mean())


def evidence(d: Floats, s: Setting, base: float) -> Evidence:
    """As `findings.weigh`, without the interval, which decides nothing."""
    values, df = by_cluster(d, s.clusters)
    mean, seeds, units = crossed(values, df)
    parts = (seeds, units)
    p = two_sided(abs(mean), parts) if seeds.variance + units.variance > 0 else 1.0
    near = "0" if base < NEAR and mean < 0 else "100" if base > 1 - NEAR and mean > 0 else ""
    return Evidence(Estimate(mean, 0.0, df, -1.0, 1.0, p, "two-way", parts), p, 1.0, s.seeds, True, near)


def true_parts(rng: np.random.Generator, s: Setting, effect: float, draws: int) -> tuple[Component, Component]:
    """The variances of the mean, averaged over many experiments."""
    found = []
    for _ in range(draws):
        (d,), _ = experiment(rng, s, 1, effect)
        values, df = by_cluster(d, s.clusters)
        _, seeds, units = crossed(values, df)
        found.append((seeds.raw or 0.0, seeds.floor, units.variance))
    raw, floor, units_variance = np.mean(found, axis=0)
    return Component(max(raw, floor), s.seeds - 1, floor), Component(units_variance, df)


def row(s: Setting, runs: int) -> tuple[list[str], dict[str, float]]:
    """One line of the table, and what is summarised under it. The same whatever other settings are asked for."""
    rng = np.random.default_rng([s.seeds, round(1e4 * s.base), round(1e4 * s.sd), s.cluster, s.shared, s.problems])
    ps: list[float] = []
    wrong = {5: 0, 15: 0}
    printed: list[float] = []
    for run in range(runs):
        grids, base = experiment(rng, s, 15)
        all_arms = [evidence(d, s, base) for d in grids]
        ps += [e.p for e in all_arms]
        for size in wrong:
            judged, _ = judge(all_arms[:size], 0.02)
            wrong[size] += any(j.finding in ("gain", "loss") for j in judged)
        if run < 60:
            printed.append(detectable_here(all_arms[0].estimate, 5, base, 1) or math.inf)
    effect, power = power_of(s, 16 * runs)
    said = float(np.median(printed))
    coverage = float(np.mean([p > 0.05 for p in ps]))
    errors = {size: count / runs for size, count in wrong.items()}
    again = max(errors.values()) > 0.05
    if again:
        errors = recount(s, 5 * runs)
    mark = " *" if again else ""
    line = [
        str(s.seeds), f"{100 * s.base:.0f}", f"{100 * s.sd:.0f}", str(s.cluster), "once" if s.shared else "each",
        f"{100 * coverage:.1f}", f"{errors[5]:.3f}{mark}", f"{errors[15]:.3f}{mark}",
        "-" if effect is None else f"{100 * effect:.1f}", f"{100 * said:.1f}" if math.isfinite(said) else "-",
        "-" if effect is None else f"{power:.2f}",
    ]  # fmt: skip
    return line, {"coverage": coverage, "five": errors[5], "fifteen": errors[15], "power": power}


def power_of(s: Setting, runs: int) -> tuple[float | None, float]:
    """The effect that a family of five is said to find four times in five, and how often it was.

    The variances change with the effect, so it is looked for by halving: the one whose own variances give it back. Each
    step has the same draws, and there are enough of both: with `PLACING` steps the effect is within 0.03 points.
    """
    rng, placed = (
        np.random.default_rng([kind, s.seeds, round(1e4 * s.base), round(1e4 * s.sd), s.cluster, s.shared, s.problems])
        for kind in (2, 3)
    )
    low, high, start = 0.0, 1 - s.base, placed.bit_generator.state
    if s.base > 1 - NEAR:
        return None, math.nan
    for _ in range(PLACING):
        placed.bit_generator.state = start
        middle = (low + high) / 2
        needs = minimum_detectable(true_parts(placed, s, middle, DRAWS), 5)
        low, high = (middle, high) if needs > middle else (low, middle)
    effect = (low + high) / 2
    if effect > 0.97 * (1 - s.base):
        return None, math.nan
    hits = [evidence(experiment(rng, s, 1, effect)[0][0], s, s.base).p <= 0.05 / 5 for _ in range(runs)]
    return effect, float(np.mean(hits))


def recount(s: Setting, runs: int) -> dict[int, float]:
    """Family-wise errors from fresh experiments.

    The largest of many counts is large by chance, too: a setting whose first count is above .05 is counted anew, with
    more experiments, and the second count stands, whatever it is.
    """
    rng = np.random.default_rng([1, s.seeds, round(1e4 * s.base), round(1e4 * s.sd), s.cluster, s.shared, s.problems])
    wrong = {5: 0, 15: 0}
    for _ in range(runs):
        grids, base = experiment(rng, s, 15)
        all_arms = [evidence(d, s, base) for d in grids]
        for size in wrong:
            wrong[size] += any(j.finding in ("gain", "loss") for j in judge(all_arms[:size], 0.02)[0])
    return {size: count / runs for size, count in wrong.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="experiments per setting (15 arms each)")
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
        f"true .05 being {noise:.3f}. Power {powers.min():.2f} to {powers.max():.2f} where .80 is stated; "
        f"{np.mean(np.abs(powers - 0.8) <= 0.03):.0%} of settings within 3 points, two standard errors of one being "
        f"{2 * np.sqrt(0.16 / 16 / args.runs):.3f}."
    )
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
