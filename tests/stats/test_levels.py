"""The split by difficulty: it partitions the problems, and its bands carry the bias that they are said to."""

from __future__ import annotations

import numpy as np
import pytest

from pidistill.stats.levels import by_band, by_level
from tests.stats.simulated import arm, cell, half_solved


def test_levels_partition_the_problems_and_add_up_to_the_whole() -> None:
    base = half_solved(100)
    cells = arm(np.random.default_rng(1), "retry", base, gain=0.1)
    strata = by_level(cells)
    assert [s.name for s in strata] == ["1", "2", "3", "4", "5"]
    assert sum(s.problems for s in strata) == 100
    whole = np.mean([[p.after.score - p.base.score for p in c.problems] for c in cells])
    assert np.average([s.delta.mean for s in strata], weights=[s.problems for s in strata]) == pytest.approx(whole)


def test_data_without_levels_has_no_level_table() -> None:
    base = half_solved(10)
    assert by_level([cell("retry", 0, base, base, levels=0)]) == ()


def test_a_gain_at_one_level_is_seen_at_that_level() -> None:
    base, after = np.zeros(50), (np.arange(50) % 5 == 2).astype(float)
    deltas = {s.name: s.delta.mean for s in by_level([cell("retry", s, base, after) for s in range(2)])}
    assert deltas == {"1": 0.0, "2": 0.0, "3": 1.0, "4": 0.0, "5": 0.0}


def test_bands_partition_the_problems_by_pass_rate() -> None:
    base = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 0.0])
    strata = by_band([cell("retry", 0, base, base, samples=4)])
    assert [(s.name, s.problems) for s in strata] == [
        ("never", 2),
        ("up to 1/4", 1),
        ("1/4 to 1/2", 1),
        ("1/2 to 3/4", 1),
        ("always", 1),
    ]


def test_noise_alone_gains_in_the_lowest_band_and_loses_in_the_highest() -> None:
    rng, rate = np.random.default_rng(2), np.full(400, 0.5)
    base = (rng.random(400) < rate).astype(float)
    strata = by_band([cell("noise", s, base, (rng.random(400) < rate).astype(float)) for s in range(3)])
    assert strata[0].delta.mean > 0.4
    assert strata[-1].delta.mean < -0.4
