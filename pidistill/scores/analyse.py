"""The project's own questions, put to figures that came without their rollouts.

With per-seed figures only the seeds can be counted (t and bootstrap over seeds); with counts of one run only its items
(paired t, exact McNemar), and then the arm is unreplicated whatever the p. Corrected p-values count every arm that was
tried, listed or not. Arms that name their seeds alike are paired by them, others compared by Welch's test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from pidistill.records import Record
from pidistill.scores.sheet import ArmSheet, Sheet
from pidistill.stats.findings import NEAR, PAIR_WORDS, Finding, PairFinding, detectable_here, is_near_an_end
from pidistill.stats.intervals import Estimate, Floats, Interval, bootstrap_two_way, t_interval
from pidistill.stats.mixture import Component
from pidistill.stats.significance import (
    ALPHA,
    Equivalence,
    McNemar,
    detectable,
    holm,
    mcnemar,
    seeds_needed,
    tost,
)

ALL_PAIRS_UP_TO = 6


@dataclass(frozen=True)
class Distance(Record):
    """How far one seed's result lies from those that repeated it."""

    of: str
    """The arm with the repeats."""
    difference: float
    sds: float
    """In standard deviations of the repeats."""
    p: float
    """Of a further seed as far off, by the t distribution of a new observation."""


@dataclass(frozen=True)
class ArmAnalysis(Record):
    """What can be said of an arm."""

    name: str
    seeds: int
    items: int | None
    """Items of each run, where they are known."""
    estimate: Estimate | None
    """None where one number is all there is."""
    mean: float
    sd: float | None
    values: tuple[float, ...]
    """Each seed's change."""
    bootstrap: Interval | None
    mcnemar: McNemar | None
    p: float | None
    """Uncorrected: McNemar's of one run, else the interval's."""
    p_holm: float | None
    finding: Finding
    mde: float | None
    equivalence: Equivalence | None
    needed: int | None
    """Seeds with which the change that was seen would be found four times in five."""
    near_an_end: bool = False
    """Whether its base is, so that no MDE is stated."""
    distance: Distance | None = None
    published: str = ""
    note: str = ""


@dataclass(frozen=True)
class PairAnalysis(Record):
    """One arm against another."""

    a: str
    b: str
    method: str
    """How they are compared: paired by seed, or Welch."""
    difference: Estimate
    p_holm: float
    finding: PairFinding
    mde: float | None
    equivalence: Equivalence


@dataclass(frozen=True)
class Analysis(Record):
    """All arms of a sheet and their pairs."""

    arms: tuple[ArmAnalysis, ...]
    pairs: tuple[PairAnalysis, ...]
    family: int
    """What the arms' correction counts."""
    margin: float


def analyse(sheet: Sheet, rng: np.random.Generator, effect: float | None = None) -> Analysis:
    """The analysis of the arms that came without items' scores. `effect`: what needed seeds are to be enough for."""
    scale, margin = (100.0 if sheet.unit == "pp" else 1.0), sheet.margin / 100
    arms = [arm for arm in sheet.arms if arm.files is None]
    found = [_arm(arm, scale, rng) for arm in arms]
    family = max(sheet.tried, len(found))
    every = _padded([a.p for a in found], family)
    members = [i for i, a in enumerate(found) if a.seeds > 1]
    # What was tried beside the arms that are listed counts against every one of them.
    unlisted = family - len(found)
    tested = dict(zip(members, _padded([found[i].p for i in members], len(members) + unlisted), strict=True))
    same = dict(zip(members, holm([_equivalent(found[i], margin) for i in members]), strict=True))
    by_name = {a.name: a for a in found}
    finished = []
    for i, (a, arm) in enumerate(zip(found, arms, strict=True)):
        tests = len(members) + unlisted
        if i in tested and a.estimate is not None:
            equivalence = Equivalence(margin, _equivalent(a, margin), same[i])
            wanted = abs(a.mean) if effect is None else effect
            a = replace(
                a, p_holm=tested[i], finding=_finding(a, arm, tested[i], scale), equivalence=equivalence,
                mde=detectable_here(a.estimate, tests, _base(arm, scale), 1 if a.mean >= 0 else -1),
                needed=seeds_needed(a.estimate, wanted, tests), near_an_end=_is_near_an_end(arm, scale),
            )  # fmt: skip
        else:
            a = replace(a, p_holm=every[i])
        if arm.replicated_by:
            a = replace(a, distance=_distance(a.mean, by_name[arm.replicated_by]))
        finished.append(a)
    return Analysis(tuple(finished), _pairs(sheet, arms, finished, margin), family, margin)


def _arm(arm: ArmSheet, scale: float, rng: np.random.Generator) -> ArmAnalysis:
    """An arm by itself: everything but what depends on the others."""
    blank = ArmAnalysis(
        arm.name, 1, None, None, 0.0, None, (), None, None, None, None, "unreplicated", None, None, None,
        published=arm.published, note=arm.note,
    )  # fmt: skip
    if arm.counts is not None:
        c = arm.counts
        d = np.repeat([0.0, -1.0, 1.0, 0.0], [c.both_right, c.lost, c.gained, c.both_wrong])
        test, estimate = mcnemar(d), t_interval(d, "problems only")
        return replace(
            blank, items=d.size, estimate=estimate, mean=estimate.mean, values=(estimate.mean,), mcnemar=test,
            bootstrap=bootstrap_two_way(d[None, :], rng), p=test.p,
        )  # fmt: skip
    if arm.mean is not None:
        n, mean = arm.n or 1, arm.mean / scale
        if n == 1 or not arm.sd:
            return replace(blank, seeds=n, mean=mean, sd=arm.sd)
        sd = arm.sd / scale
        estimate = _of_summary(mean, sd, n)
        return replace(blank, seeds=n, estimate=estimate, mean=mean, sd=sd, p=estimate.p)
    values = deltas(arm, scale)
    if values.size == 1:
        return replace(blank, mean=float(values[0]), values=(float(values[0]),))
    estimate = t_interval(values)
    return replace(
        blank, seeds=values.size, estimate=estimate, mean=float(values.mean()), sd=float(values.std(ddof=1)),
        values=tuple(float(v) for v in values), bootstrap=bootstrap_two_way(values[:, None], rng), p=estimate.p,
    )  # fmt: skip


def deltas(arm: ArmSheet, scale: float) -> Floats:
    """One change per seed, as fractions."""
    if arm.deltas:
        return np.array(arm.deltas, dtype=np.float64) / scale
    return (np.array(arm.after, dtype=np.float64) - np.array(arm.base, dtype=np.float64)) / scale


def _of_summary(mean: float, sd: float, n: int) -> Estimate:
    """The t interval of a mean and a standard deviation of `n` seeds, rounded as they may be."""
    unit = t_interval(np.array([1.0, -1.0] + [0.0] * (n - 2)) * math.sqrt((n - 1) / 2) * 0.01)
    half, se = unit.high / 0.01 * sd, sd / math.sqrt(n)
    p = min(1.0, 2 * float(special.stdtr(n - 1, -abs(mean) / se)))
    low, high = max(-1.0, mean - half), min(1.0, mean + half)
    return Estimate(mean, se, n - 1.0, low, high, p, "seeds only", (Component(se**2, n - 1.0),), n)


def _padded(p_values: Sequence[float | None], family: int) -> list[float | None]:
    """Holm over `family` tests, those that are not here taken for the least remarkable."""
    known = [p for p in p_values if p is not None]
    adjusted = iter(holm([*known, *[1.0] * max(0, family - len(known))]))
    return [None if p is None else next(adjusted) for p in p_values]


def _equivalent(a: ArmAnalysis, margin: float) -> float:
    return 1.0 if a.estimate is None else tost(a.estimate, margin)


def _finding(a: ArmAnalysis, arm: ArmSheet, p_holm: float | None, scale: float) -> Finding:
    if p_holm is None or p_holm > ALPHA or a.mean == 0:
        return "no effect shown"
    base = _base(arm, scale)
    if base is not None and ((a.mean > 0 and base > 1 - NEAR) or (a.mean < 0 and base < NEAR)):
        return "withheld"
    return "gain" if a.mean > 0 else "loss"


def _is_near_an_end(arm: ArmSheet, scale: float) -> bool:
    base = _base(arm, scale)
    return base is not None and is_near_an_end(base)


def _base(arm: ArmSheet, scale: float) -> float | None:
    return None if arm.base is None else float(np.mean(arm.base)) / scale


def _distance(value: float, repeats: ArmAnalysis) -> Distance | None:
    if repeats.sd is None or repeats.sd == 0 or repeats.seeds < 2:
        return None
    difference = value - repeats.mean
    t = abs(difference) / (repeats.sd * math.sqrt(1 + 1 / repeats.seeds))
    p = min(1.0, 2 * float(special.stdtr(repeats.seeds - 1, -t)))
    return Distance(repeats.name, difference, difference / repeats.sd, p)


def _pairs(
    sheet: Sheet, arms: Sequence[ArmSheet], found: Sequence[ArmAnalysis], margin: float
) -> tuple[PairAnalysis, ...]:
    usable = [i for i, a in enumerate(found) if a.seeds > 1 and a.sd is not None and a.estimate is not None]
    if sheet.pairs is not None:
        place = {a.name: i for i, a in enumerate(found)}
        wanted = [(place[p.a], place[p.b]) for p in sheet.pairs if p.a in place and p.b in place]
        chosen = [(a, b) for a, b in wanted if a in usable and b in usable]
    else:
        chosen = [(a, b) for n, a in enumerate(usable) for b in usable[n + 1 :]]
        chosen = chosen if len(usable) <= ALL_PAIRS_UP_TO else []
    measured = [_difference(arms[a], arms[b], found[a], found[b]) for a, b in chosen]
    corrected = holm([estimate.p for estimate, _ in measured])
    same = [tost(estimate, margin) for estimate, _ in measured]
    same_holm = holm(same)
    results = []
    for n, ((a, b), (estimate, method)) in enumerate(zip(chosen, measured, strict=True)):
        finding: Finding = "no effect shown"
        if corrected[n] <= ALPHA and estimate.mean:
            finding = "gain" if estimate.mean > 0 else "loss"
        mde = detectable(estimate, len(chosen))
        results.append(
            PairAnalysis(
                found[a].name, found[b].name, method, estimate, corrected[n], PAIR_WORDS[finding],
                mde if mde is not None and mde <= 1 else None, Equivalence(margin, same[n], same_holm[n]),
            )
        )  # fmt: skip
    return tuple(results)


def _difference(one: ArmSheet, other: ArmSheet, a: ArmAnalysis, b: ArmAnalysis) -> tuple[Estimate, str]:
    shared = [name for name in one.seeds if name in other.seeds]
    if len(shared) > 1:
        values = [x.values[sheet.seeds.index(name)] for sheet, x in ((one, a), (other, b)) for name in shared]
        half = len(shared)
        return t_interval(np.array(values[:half]) - np.array(values[half:])), f"paired by {half} seeds"
    assert a.sd is not None and b.sd is not None
    mean, va, vb = a.mean - b.mean, a.sd**2 / a.seeds, b.sd**2 / b.seeds
    if va + vb == 0:
        return t_interval([mean]), "Welch"
    df = (va + vb) ** 2 / (va**2 / (a.seeds - 1) + vb**2 / (b.seeds - 1))
    se = math.sqrt(va + vb)
    half_width = float(special.stdtrit(df, 0.975)) * se
    p = min(1.0, 2 * float(special.stdtr(df, -abs(mean) / se)))
    low, high = max(-1.0, mean - half_width), min(1.0, mean + half_width)
    return Estimate(mean, se, df, low, high, p, "seeds only", (Component(se**2, df),), a.seeds + b.seeds), "Welch"
