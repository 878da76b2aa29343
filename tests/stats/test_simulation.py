"""The simulation behind docs/statistics.md decides as a report does, and the power that it states is found."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.stats.simulate import Setting, Weighed, experiments, power_of, row
from pidistill.stats.intervals import AGREEMENT, crossed, crossed_parts, two_way
from pidistill.stats.mixture import Component, tails
from pidistill.stats.significance import minimum_detectable


@pytest.mark.parametrize("cluster", [1, 10])
@pytest.mark.parametrize("shared", [True, False])
def test_many_experiments_at_once_are_weighed_as_a_report_weighs_one(cluster: int, shared: bool) -> None:
    setting = Setting(3, 0.5, 0.06, cluster, shared, 60)
    grids, bases = experiments(np.random.default_rng(0), setting, 4, 2, effect=0.1)
    assert [grid.shape for grid in grids] == [(4, 3, 60)] * 2 and bases.shape == (4,)
    for grid in grids:
        estimates = [two_way(one, setting.clusters) for one in grid]
        weighed = Weighed.of(grid, setting)
        assert weighed.p == pytest.approx([estimate.p for estimate in estimates], rel=1e-4)
        for evidence, estimate in zip(weighed.evidence(bases), estimates, strict=True):
            assert evidence.estimate.mean == pytest.approx(estimate.mean)
            for part, other in zip(evidence.estimate.components, estimate.components, strict=True):
                assert (part.variance, part.df, part.floor) == pytest.approx((other.variance, other.df, other.floor))


def test_an_experiments_effect_is_its_expectation_and_arms_without_one_have_none() -> None:
    setting = Setting(4, 0.2, 0.06, 10, False, 100)
    grids, bases = experiments(np.random.default_rng(1), setting, 2000, 3, effect=0.15)
    assert bases.mean() == pytest.approx(0.2, abs=0.005)
    assert [float(grid.mean()) for grid in grids] == pytest.approx([0.15, 0.0, 0.0], abs=0.006)


def test_a_stack_of_grids_has_the_parts_of_each() -> None:
    stack = np.random.default_rng(2).normal(size=(5, 3, 20))
    for grid, mean, raw, floor, units in zip(stack, *crossed_parts(stack), strict=True):
        alone, seeds, others = crossed(grid, 19.0)
        assert (alone, seeds.raw, seeds.floor, others.variance) == pytest.approx((mean, raw, floor, units))


@pytest.mark.parametrize(
    ("seeds", "units", "of_seeds", "of_units"), [(4, 30, 0.02, 0.3), (5, 12, 0.01, 0.3), (3, 300, 0.05, 0.3)]
)
def test_the_stated_power_is_found_where_both_variances_are_estimated(
    seeds: int, units: int, of_seeds: float, of_units: float
) -> None:
    """With few units, too: what they vary by is an estimate in every repeat, as what seeds vary by is."""
    rng, rest = np.random.default_rng(3), 0.4
    first = of_seeds**2 / seeds + rest**2 / (seeds * units)
    parts = (
        Component(first, seeds - 1, AGREEMENT * rest**2 / (seeds * units)),
        Component(of_units**2 / units, units - 1),
    )
    effect, found, draws = minimum_detectable(parts, tests=5), 0, 20_000
    for _ in range(draws // 2000):
        d = effect + of_seeds * rng.standard_normal((2000, seeds, 1)) + of_units * rng.standard_normal((2000, 1, units))
        mean, raw, floor, between = crossed_parts(d + rest * rng.standard_normal((2000, seeds, units)))
        p = tails(np.abs(mean), np.maximum(raw, floor), between, seeds - 1, units - 1)
        found += int((p <= 0.05 / 5).sum())
    assert found / draws == pytest.approx(0.80, abs=0.015)


def test_the_power_of_a_setting_is_within_three_points_of_the_stated_one() -> None:
    """The worst of those with templates, before what templates vary by was taken for the estimate that it is."""
    effect, power = power_of(Setting(4, 0.2, 0.0, 10, True, 300), 6000)
    assert effect == pytest.approx(0.152, abs=0.005) and abs(power - 0.80) <= 0.03


def test_near_the_upper_end_no_power_is_stated_and_the_row_says_so() -> None:
    line, numbers = row(Setting(2, 0.95, 0.0, 1, True, 40), 40)
    assert line[-1] == line[-3] == "-" and np.isnan(numbers["power"])
    assert numbers["five"] == 0.0
