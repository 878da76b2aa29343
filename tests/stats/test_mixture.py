"""The Behrens-Fisher tails, against draws, against Student's t, and against each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pidistill.stats.mixture import Component, half_width, half_widths, two_sided, upper


@pytest.mark.parametrize(
    ("first", "second"),
    [((1.0, 2.0), (1.0, 199.0)), ((1.0, 1.0), (0.01, 20.0)), ((0.01, 2.0), (1.0, 30.0)), ((1.0, 4.0), (3.0, 5.0))],
)
def test_the_tail_is_that_of_draws(first: tuple[float, float], second: tuple[float, float]) -> None:
    rng, n = np.random.default_rng(1), 400_000
    draws = sum(np.sqrt(v) * rng.standard_t(df, n) for v, df in (first, second))
    parts = [Component(*first), Component(*second)]
    for alpha in (0.05, 0.005):
        outside = float((np.abs(draws) > half_width(parts, alpha)).mean())
        assert outside == pytest.approx(alpha, abs=4 * np.sqrt(alpha / n))


@given(st.floats(0.5, 60), st.floats(0.01, 50))
def test_one_part_is_students_t(df: float, x: float) -> None:
    for parts in ([Component(4.0, df)], [Component(4.0, df), Component(0.0, 3.0)]):
        assert two_sided(2 * x, parts) == pytest.approx(2 * stats.t.sf(x, df), rel=1e-6, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.floats(1e-4, 1.0), st.integers(1, 6), st.floats(1e-4, 1.0), st.integers(3, 200), st.floats(1e-3, 0.2))
def test_width_and_tail_are_inverse_and_many_are_as_one(
    v: float, df: int, other: float, other_df: int, alpha: float
) -> None:
    parts = [Component(v, df), Component(other, other_df)]
    half = half_width(parts, alpha)
    assert two_sided(half, parts) == pytest.approx(alpha, rel=1e-6)
    assert upper(half, parts) == pytest.approx(alpha / 2, rel=1e-6)
    assert upper(-half, parts) == pytest.approx(1 - alpha / 2, rel=1e-6)
    many = half_widths(np.array([v, 2 * v]), df, parts[1], alpha)
    assert many[0] == pytest.approx(half, rel=1e-4)
    assert many[1] > many[0]
