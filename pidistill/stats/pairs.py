"""Arms against arms: the gain of one minus the gain of the other, paired by seed and by problem.

A pair is told apart by the same rules as an arm (`findings`), in a family of its own. That two arms are
*indistinguishable* is a claim, too: it needs the equivalence test, and 'no difference shown' is not it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pidistill.errors import UsageError, did_you_mean
from pidistill.records import Record
from pidistill.stats.findings import NEAR, PAIR_WORDS, Evidence, PairFinding, judge, weigh
from pidistill.stats.grid import Arm, Floats, Grid
from pidistill.stats.intervals import Estimate
from pidistill.stats.significance import Equivalence, detectable

ALL_PAIRS_UP_TO = 6
"""With no controls declared, all pairs are compared in groups of at most this many arms (15 tests)."""


@dataclass(frozen=True)
class PairResult(Record):
    """The gain of arm `a` minus the gain of arm `b`, paired by seed and problem."""

    a: str
    b: str
    seeds: tuple[int, ...]
    """Seeds that both arms have."""
    problems: int
    """Problems judged in both arms in all those seeds."""
    difference: Estimate
    p_holm: float
    """Corrected over the replicated pairs; for one with one seed over all pairs."""
    finding: PairFinding
    """What `a` is, compared with `b`."""
    mde: float | None = None
    """Smallest true difference that is found four times in five; None with one seed, or where it is above 100 pp."""
    equivalence: Equivalence | None = None
    """Whether the two are indistinguishable within the stated margin; None with one seed."""
    withheld: str = ""
    """Why the finding is withheld, where it is."""


def choose_pairs(
    arms: Sequence[Arm], control_for: Mapping[str, Sequence[str]], pairs: Sequence[tuple[str, str]] | None
) -> list[tuple[int, int]]:
    """Indices of the arms to compare, within each domain and model."""
    names = {arm.recipe for arm in arms}
    if pairs is not None:
        for name in (name for pair in pairs for name in pair):
            if name not in names:
                raise UsageError(
                    f"Cannot compare with {name!r}: no such arm in this comparison.{did_you_mean(name, names)}",
                    f"Arms: {', '.join(sorted(names))}",
                )
        wanted = list(pairs)
    else:
        named = [(arm, control) for control, treated in control_for.items() for arm in treated]
        wanted = [pair for pair in named if names.issuperset(pair)]
    by_key = {(arm.recipe, *arm.group): i for i, arm in enumerate(arms)}
    groups = list(dict.fromkeys(arm.group for arm in arms))
    if wanted or pairs is not None:
        chosen = [(by_key.get((a, *g)), by_key.get((b, *g))) for g in groups for a, b in wanted]
        return [(a, b) for a, b in chosen if a is not None and b is not None and a != b]
    members = [[i for i, arm in enumerate(arms) if arm.group == group] for group in groups]
    return [(a, b) for m in members if len(m) <= ALL_PAIRS_UP_TO for n, a in enumerate(m) for b in m[n + 1 :]]


def compare_pairs(
    arms: Sequence[Arm], grids: Sequence[Grid], chosen: Sequence[tuple[int, int]], margin: float
) -> tuple[tuple[PairResult, ...], tuple[str, ...]]:
    """The pairs `chosen`, and a line for each that has nothing to be paired by."""
    measured: list[tuple[int, int, tuple[int, ...], int, Evidence]] = []
    remarks = []
    for a, b in chosen:
        seeds = tuple(sorted(set(arms[a].seeds) & set(arms[b].seeds)))
        shared = set(grids[a].ids) & set(grids[b].ids)
        if not seeds or not shared:
            what = "seed" if not seeds else "judged problem"
            remarks.append(f"{arms[a].label} and {arms[b].label} have no {what} in common and were not compared.")
            continue
        one, other = (grids[i].rows(seeds) for i in (a, b))
        extremes = _extremes(one, other)
        one, other = (grid.columns([name in shared for name in grid.ids]) for grid in (one, other))
        after = sorted(float(grid.after.mean()) for grid in (one, other))
        near = after[1] < NEAR or after[0] > 1 - NEAR
        weighed = weigh(one.delta - other.delta, one.clusters, extremes, margin, (near, near))
        measured.append((a, b, seeds, len(shared), weighed))
    judged, family = judge([m[-1] for m in measured], margin)
    results = []
    for (a, b, seeds, problems, weighed), j in zip(measured, judged, strict=True):
        mde = detectable(weighed.estimate, family) if weighed.distinct > 1 else None
        results.append(
            PairResult(
                arms[a].label, arms[b].label, seeds, problems, weighed.estimate, j.p_holm, PAIR_WORDS[j.finding],
                mde if mde is not None and mde <= 1 else None, j.equivalence, j.reason,
            )
        )  # fmt: skip
        if j.reason:
            remarks.append(f"{arms[a].label} against {arms[b].label}: no finding is stated: {j.reason}.")
    return tuple(results), tuple(remarks)


def _extremes(one: Grid, other: Grid) -> tuple[Floats, Floats, Sequence[str]] | None:
    """The least and the most that the difference can be, over all problems. What both take their base from cancels."""
    if one.bounds is None or other.bounds is None:
        return None
    ids = [name for name in one.bounds.ids if name in set(other.bounds.ids)]
    rows = list(range(len(one.seeds)))
    a, b = one.bounds.part(rows, ids), other.bounds.part(rows, ids)
    shared = a.of_base if np.array_equal(a.of_base, b.of_base) else np.zeros_like(a.of_base)
    least, most = a.least - b.most + shared, a.most - b.least - shared
    return None if np.allclose(least, most) else (np.clip(least, -1, 1), np.clip(most, -1, 1), a.clusters)
