"""The comparison split by difficulty: by the data's own level, and by the base model's pass rate.

Where a gain sits matters as much as its size: problems that the base model never solves and those that it always solves
have nothing to learn from, and the gain forms an inverted U between them. These are descriptions: their intervals are
not corrected for their number, and no finding is drawn from one.

Bands of pass rate carry a warning. They are cut on the same base measurement that the delta subtracts, so even an arm
that changes nothing but noise gains in the lowest band and loses in the highest (regression to the mean). Read an arm's
band against the same band of its control, never against zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pidistill.records import Record
from pidistill.stats.data import CellScores
from pidistill.stats.grid import Grid, grid_of, group_arms
from pidistill.stats.intervals import Estimate, two_way


@dataclass(frozen=True)
class Stratum(Record):
    """One arm on one part of its problems."""

    label: str
    """The arm."""
    name: str
    """The part: a level, or a band of pass rates."""
    problems: int
    base: float
    after: float
    delta: Estimate


BANDS: tuple[tuple[str, Callable[[float], bool]], ...] = (
    ("never", lambda rate: rate <= 0.0),
    ("up to 1/4", lambda rate: 0.0 < rate <= 0.25),
    ("1/4 to 1/2", lambda rate: 0.25 < rate <= 0.5),
    ("1/2 to 3/4", lambda rate: 0.5 < rate <= 0.75),
    ("over 3/4", lambda rate: 0.75 < rate < 1.0),
    ("always", lambda rate: rate >= 1.0),
)
"""Bands of the base model's pass rate, each upper edge included. Greedy decoding only knows the first and the last."""


def by_level(cells: Sequence[CellScores]) -> tuple[Stratum, ...]:
    """Each arm on each level that occurs, easiest first; nothing where the data has no levels.

    Problems without a level, in data where others have one, are the last stratum, named 'none'.
    """
    strata = []
    for arm in group_arms(cells):
        grid = grid_of(arm)
        levels = sorted({level for level in grid.levels if level is not None})
        if not levels:
            continue
        parts = [(str(level), level) for level in levels] + [("none", None)] * (None in grid.levels)
        for name, level in parts:
            strata.append(_stratum(arm.label, name, grid.columns([own == level for own in grid.levels])))
    return tuple(strata)


def by_band(cells: Sequence[CellScores]) -> tuple[Stratum, ...]:
    """Each arm on each band of `BANDS` that occurs; a problem's pass rate is its base score's mean over the seeds."""
    strata = []
    for arm in group_arms(cells):
        grid = grid_of(arm)
        rates_I = np.round(grid.base.mean(axis=0), 12)
        for name, inside in BANDS:
            keep = [inside(float(rate)) for rate in rates_I]
            if any(keep):
                strata.append(_stratum(arm.label, name, grid.columns(keep)))
    return tuple(strata)


def _stratum(label: str, name: str, grid: Grid) -> Stratum:
    return Stratum(
        label,
        name,
        len(grid.ids),
        float(grid.base.mean()),
        float(grid.after.mean()),
        two_way(grid.delta, grid.clusters),
    )
