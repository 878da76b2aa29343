"""The intervals are what they say: against other implementations, by invariance, and by simulated coverage."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.proportion import proportion_confint

from pidistill.stats.intervals import bootstrap_two_way, paired_bootstrap, t_interval, two_way, wilson
from tests.stats.simulated import crossed

grids = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 12)),
    elements=st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]),
)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_statsmodels(case: tuple[int, int]) -> None:
    passes, n = case
    low, high = proportion_confint(passes, n, method="wilson")
    ours = wilson(passes, n)
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=1e-12)


def test_wilson_of_nothing_is_everything() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    with pytest.raises(ValueError, match="3 passes of 2"):
        wilson(3, 2)


def test_t_interval_agrees_with_scipy() -> None:
    values = np.array([-0.014, 0.004, 0.002, 0.0, 0.01])
    reference = stats.ttest_1samp(values, 0.0)
    interval = reference.confidence_interval(0.95)
    ours = t_interval(values)
    assert ours.p == pytest.approx(reference.pvalue)
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high))


def test_two_way_variance_is_the_anova_estimate() -> None:
    d = crossed(np.random.default_rng(3), 4, 30, 0.05, 0.08, 0.2, 0.15)
    long = pandas.DataFrame([{"seed": s, "problem": i, "d": d[s, i]} for s in range(4) for i in range(30)])
    table = anova_lm(ols("d ~ C(seed) + C(problem)", long).fit())
    ms_a, ms_b, ms_e = (table.loc[row, "mean_sq"] for row in ("C(seed)", "C(problem)", "Residual"))
    assert min(ms_a, ms_b) > ms_e, "the case must not need truncation"
    assert two_way(d).se ** 2 == pytest.approx((ms_a + ms_b - ms_e) / d.size)


def test_seeds_are_not_believed_to_agree_better_than_chance_would_let_them() -> None:
    alternating = np.array([[0.5, -0.5] * 20, [-0.5, 0.5] * 20, [0.5, -0.5] * 20])
    ours = two_way(alternating)
    seed_means = alternating.mean(axis=1)
    residual = alternating - seed_means[:, None] - alternating.mean(axis=0) + alternating.mean()
    assert ours.se**2 >= 0.25 * (residual**2).sum() / (2 * 39) / alternating.size - 1e-15
    assert ours.low < 0 < ours.high


def test_where_only_seeds_differ_it_is_the_t_interval_over_seeds() -> None:
    per_seed = np.array([0.02, 0.05, -0.01])
    ours, reference = two_way(np.repeat(per_seed[:, None], 40, axis=1)), t_interval(per_seed)
    assert (ours.low, ours.high, ours.df) == pytest.approx((reference.low, reference.high, reference.df))


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize(
    ("sd_seed", "sd_problem"),
    [(0.0, 0.2), (0.02, 0.2), (0.05, 0.2), (0.05, 0.0)],
    ids=["problems", "few seeds' worth", "seeds and problems", "seeds"],
)
def test_the_interval_covers_the_truth_about_as_often_as_it_says(seeds: int, sd_seed: float, sd_problem: float) -> None:
    rng, runs, truth = np.random.default_rng([seeds, int(1000 * sd_seed)]), 400, 0.05
    hits = 0
    for _ in range(runs):
        estimate = two_way(crossed(rng, seeds, 60, truth, sd_seed, sd_problem, 0.3))
        hits += estimate.low <= truth <= estimate.high
    # Below, three binomial standard errors are left for chance. Above, more than 99 % is only reached
    # with two or three seeds, where the data cannot show that the seeds are alike.
    assert hits / runs >= 0.925 - 3 * math.sqrt(0.05 * 0.95 / runs)
    assert hits / runs <= (0.995 if seeds == 5 else 1.0)


def test_an_interval_that_ignores_seeds_does_not_cover() -> None:
    rng, runs = np.random.default_rng(11), 300
    grids_SI = [crossed(rng, 3, 200, 0.0, 0.06, 0.1, 0.3) for _ in range(runs)]
    pooled = sum(t_interval(d.mean(axis=0), "problems only").p > 0.05 for d in grids_SI) / runs
    both = sum(two_way(d).p > 0.05 for d in grids_SI) / runs
    assert pooled < 0.80
    assert both > 0.90


def test_the_rounding_of_no_variance_is_no_variance() -> None:
    """In some orders of these, what problems vary by comes to 1e-17, and in others to 0."""
    d = np.array([[-1.0, 0.25, 0.25], [0.25, 0.25, 0.25]])
    orders = [(list(rows), list(columns)) for rows in permutations(range(2)) for columns in permutations(range(3))]
    found = [two_way(d[rows][:, columns]).p for rows, columns in orders]
    assert found == pytest.approx([1 - 2 * math.atan(0.2) / math.pi] * 12, rel=1e-12)


@given(grids, st.randoms(use_true_random=False))
def test_the_order_of_seeds_and_problems_does_not_matter(d, random) -> None:  # type: ignore[no-untyped-def]
    rows, columns = list(range(d.shape[0])), list(range(d.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    one, other = two_way(d), two_way(d[rows][:, columns])
    assert (one.mean, one.se, one.low, one.high, one.p) == pytest.approx(
        (other.mean, other.se, other.low, other.high, other.p), rel=1e-7, abs=1e-9
    )


@given(grids)
def test_swapping_base_and_after_flips_the_sign(d) -> None:  # type: ignore[no-untyped-def]
    one, other = two_way(d), two_way(-d)
    assert (one.mean, one.low, one.high, one.p) == pytest.approx((-other.mean, -other.high, -other.low, other.p))


@given(grids)
def test_the_interval_holds_the_mean_and_agrees_with_its_p_value(d) -> None:  # type: ignore[no-untyped-def]
    ours = two_way(d)
    assert -1.0 <= ours.low <= ours.mean + 1e-12
    assert ours.mean - 1e-12 <= ours.high <= 1.0
    if abs(ours.p - 0.05) > 1e-6:
        assert (ours.p < 0.05) == (ours.low > 0 or ours.high < 0)


def test_no_variation_seen_is_not_certainty() -> None:
    nothing_changed = two_way(np.zeros((3, 100)))
    assert nothing_changed.low == pytest.approx(-nothing_changed.high)
    assert 0.03 < nothing_changed.high < 0.04, "the exact bound on a share never seen in 100"
    assert nothing_changed.p == 1.0
    lone = two_way([[1.0]])
    assert lone.low < 0 < lone.high
    all_gained = two_way(np.ones((1, 12)))
    assert all_gained.p == pytest.approx(stats.binomtest(0, 12).pvalue)


@pytest.mark.parametrize("bad", [np.zeros((0, 3)), np.zeros(4), np.zeros((2, 0))])
def test_a_grid_that_is_not_one_is_refused(bad) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="seeds, problems"):
        two_way(bad)


def test_the_bootstrap_agrees_where_both_are_good() -> None:
    d = crossed(np.random.default_rng(5), 12, 150, 0.05, 0.05, 0.2, 0.1)
    ours, drawn = two_way(d), bootstrap_two_way(d, np.random.default_rng(6), draws=4000)
    assert (drawn.low, drawn.high) == pytest.approx((ours.low, ours.high), abs=0.2 * (ours.high - ours.low))


def test_the_paired_bootstrap_agrees_with_scipy() -> None:
    d = np.random.default_rng(7).choice([-1.0, 0.0, 1.0], p=[0.1, 0.7, 0.2], size=300)
    reference = stats.bootstrap((d,), np.mean, method="percentile", rng=np.random.default_rng(8), n_resamples=4000)
    drawn = paired_bootstrap(d, np.random.default_rng(9), draws=4000)
    expected = (reference.confidence_interval.low, reference.confidence_interval.high)
    assert (drawn.low, drawn.high) == pytest.approx(expected, abs=0.01)


@settings(max_examples=20)
@given(grids, st.integers(0, 2**32 - 1))
def test_the_bootstrap_depends_on_its_generator_alone(d, seed: int) -> None:  # type: ignore[no-untyped-def]
    once, again = (bootstrap_two_way(d, np.random.default_rng(seed), draws=50) for _ in range(2))
    assert once == again
    assert d.min() - 1e-9 <= once.low <= once.high <= d.max() + 1e-9
