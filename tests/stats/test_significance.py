"""McNemar, Holm and the minimum detectable effect, against statsmodels and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from pidistill.stats.intervals import t_interval
from pidistill.stats.significance import holm, mcnemar, minimum_detectable


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
    assert minimum_detectable(1 / np.sqrt(n), n - 1, tests) == pytest.approx(effect, rel=1e-3)


@pytest.mark.parametrize("df", [1.0, 1.3, 2.0, 4.5])
def test_it_is_finite_and_grows_with_the_family_even_with_two_seeds(df: float) -> None:
    sizes = [minimum_detectable(0.01, df, tests) for tests in (1, 5, 30)]
    assert sizes == sorted(sizes)
    assert all(np.isfinite(sizes))


def test_an_effect_of_that_size_is_found_four_times_in_five() -> None:
    rng, n, sd = np.random.default_rng(1), 4, 0.1
    effect = minimum_detectable(sd / np.sqrt(n), n - 1)
    found = [t_interval(effect + sd * rng.standard_normal(n)).p < 0.05 for _ in range(2000)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)
