"""McNemar, Holm and the minimum detectable effect, against statsmodels and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from pidistill.stats.intervals import t_interval, two_way
from pidistill.stats.mixture import Component
from pidistill.stats.significance import (
    detectable,
    holm,
    mcnemar,
    minimum_detectable,
    planning_parts,
    seeds_needed,
    tost,
)
from tests.stats.simulated import crossed


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 5))
def test_mcnemar_agrees_with_statsmodels(gained: int, lost: int, same: int) -> None:
    ours = mcnemar([1.0] * gained + [-1.0] * lost + [0.0] * same)
    assert (ours.gained, ours.lost) == (gained, lost)
    expected = reference_mcnemar([[same, gained], [lost, 0]], exact=True).pvalue if gained + lost else 1.0
    assert ours.p == pytest.approx(min(1.0, expected))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_agrees_with_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(tuple(multipletests(p_values, method="holm")[1]))


def test_holm_of_no_tests_is_nothing() -> None:
    assert holm([]) == ()


@pytest.mark.parametrize("n", [5, 12, 60])
@pytest.mark.parametrize("tests", [1, 5])
def test_the_minimum_detectable_effect_agrees_with_statsmodels(n: int, tests: int) -> None:
    effect = TTestPower().solve_power(nobs=n, alpha=0.05 / tests, power=0.8)
    assert minimum_detectable([Component(1 / n, n - 1)], tests) == pytest.approx(effect, rel=1e-3)


@pytest.mark.parametrize("df", [1.0, 1.3, 2.0, 4.5])
def test_it_is_finite_and_grows_with_the_family_even_with_two_seeds(df: float) -> None:
    sizes = [minimum_detectable([Component(0.0001, df)], tests) for tests in (1, 5, 30)]
    assert sizes == sorted(sizes)
    assert all(np.isfinite(sizes))


def test_an_effect_of_that_size_is_found_four_times_in_five() -> None:
    rng, n, sd = np.random.default_rng(1), 4, 0.1
    effect = minimum_detectable([Component(sd**2 / n, n - 1)])
    found = [t_interval(effect + sd * rng.standard_normal(n)).p < 0.05 for _ in range(2000)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("sd_seed", "sd_problem"), [(0.0, 0.3), (0.04, 0.3), (0.04, 0.0)])
def test_it_is_as_true_of_seeds_and_problems_crossed(sd_seed: float, sd_problem: float) -> None:
    rng, seeds, problems, rest = np.random.default_rng(5), 4, 100, 0.3
    floor = rest**2 / seeds / problems
    parts = [
        Component(sd_seed**2 / seeds + floor, seeds - 1, floor / 4),
        Component(sd_problem**2 / problems, problems - 1),
    ]
    effect = minimum_detectable(parts, tests=3)
    found = [two_way(crossed(rng, seeds, problems, effect, sd_seed, sd_problem, rest)).p < 0.05 / 3 for _ in range(800)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.045)


def test_few_seeds_do_not_promise_too_small_an_effect_on_average() -> None:
    rng, seeds, sd = np.random.default_rng(6), 3, 0.05
    truth = minimum_detectable([Component(sd**2 / seeds, seeds - 1)])
    said = [detectable(t_interval(sd * rng.standard_normal(seeds)), 1) for _ in range(600)]
    assert np.mean([s for s in said if s is not None]) == pytest.approx(truth, rel=0.06)


def test_more_seeds_help_until_the_choice_of_problems_is_all_that_is_left() -> None:
    d = crossed(np.random.default_rng(7), 3, 100, 0.0, 0.1, 0.1, 0.3)
    estimate = two_way(d)
    now = detectable(estimate, 1)
    assert now is not None
    needed = seeds_needed(estimate, 0.7 * now)
    assert needed is not None
    assert needed > 3
    assert minimum_detectable(planning_parts(estimate, needed)) <= 0.7 * now
    assert minimum_detectable(planning_parts(estimate, needed - 1)) > 0.7 * now
    assert seeds_needed(estimate, 0.001) is None


@given(st.lists(st.floats(-0.02, 0.02), min_size=3, max_size=8, unique=True), st.floats(0.005, 0.1))
def test_equivalence_is_shown_where_the_ninety_percent_interval_lies_within_the_margin(
    values: list[float], margin: float
) -> None:
    estimate = t_interval(values, level=0.90)
    inside = -margin < estimate.low and estimate.high < margin
    p = tost(estimate, margin)
    assert abs(p - 0.05) < 1e-6 or (p < 0.05) == inside


def test_nothing_that_changed_is_equivalent_only_where_enough_was_looked_at() -> None:
    assert tost(two_way(np.zeros((3, 30))), 0.02) > 0.05
    assert tost(two_way(np.zeros((3, 300))), 0.02) < 0.05
    assert tost(two_way(np.ones((3, 300))), 0.02) == 1.0
    with pytest.raises(ValueError, match="margin"):
        tost(two_way(np.zeros((3, 300))), 0.0)
