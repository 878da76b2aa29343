"""Typed-in figures: the same questions as to the project's own cells, and no more certainty than the figures have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pidistill.scores.analyse import Analysis, analyse
from pidistill.scores.sheet import Sheet
from pidistill.stats.peak import fit_peak


def run(*arms: dict[str, object], effect: float | None = None, **rest: object) -> Analysis:
    return analyse(Sheet.model_validate({"arms": arms, **rest}), np.random.default_rng(0), effect)


@given(st.lists(st.floats(-30, 30), min_size=2, max_size=8).filter(lambda v: np.ptp(v) > 0.01))
def test_per_seed_figures_get_students_interval(values: list[float]) -> None:
    (arm,) = run({"name": "a", "deltas": values}).arms
    reference = stats.ttest_1samp(values, 0.0)
    assert arm.p == pytest.approx(reference.pvalue, abs=1e-9)
    assert arm.estimate is not None
    interval = reference.confidence_interval(0.95)
    assert 100 * arm.estimate.low == pytest.approx(max(interval.low, -100), abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-30, 30), min_size=2, max_size=8).filter(lambda v: np.std(v) > 0.01))
def test_a_mean_and_a_deviation_say_what_the_seeds_behind_them_say(values: list[float]) -> None:
    whole, short = run(
        {"name": "whole", "deltas": values},
        {"name": "short", "mean": float(np.mean(values)), "sd": float(np.std(values, ddof=1)), "n": len(values)},
    ).arms
    assert whole.estimate is not None
    assert short.estimate is not None
    assert short.p == pytest.approx(whole.p, rel=1e-6, abs=1e-12)
    assert (short.estimate.low, short.estimate.high) == pytest.approx((whole.estimate.low, whole.estimate.high))


def test_arms_that_name_their_seeds_alike_are_paired_and_others_are_not() -> None:
    one, other = [10.0, 12.0, 14.0, 9.0], [8.0, 10.5, 12.0, 7.5]
    named = run(
        {"name": "a", "deltas": one, "seeds": [1, 2, 3, 4]}, {"name": "b", "deltas": other, "seeds": [1, 2, 3, 4]}
    ).pairs[0]
    assert named.method == "paired by 4 seeds"
    assert named.difference.p == pytest.approx(stats.ttest_rel(one, other).pvalue)
    assert named.finding == "higher"
    unnamed = run({"name": "a", "deltas": one}, {"name": "b", "deltas": other}).pairs[0]
    assert unnamed.method == "Welch"
    assert unnamed.difference.p == pytest.approx(stats.ttest_ind(one, other, equal_var=False).pvalue)
    partly = run(
        {"name": "a", "deltas": one, "seeds": [1, 2, 3, 4]}, {"name": "b", "deltas": other, "seeds": [3, 4, 5, 6]}
    ).pairs[0]
    assert partly.method == "paired by 2 seeds"


def test_arms_that_were_tried_and_are_not_listed_count() -> None:
    values = [4.0, 5.0, 6.5, 4.5]
    alone, among = (run({"name": "a", "deltas": values}, tried=tried).arms[0] for tried in (0, 20))
    assert alone.p is not None
    assert among.p_holm == pytest.approx(20 * alone.p)
    assert (alone.finding, among.finding) == ("gain", "no effect shown")
    assert alone.mde is not None
    assert among.mde is not None
    assert among.mde > alone.mde


def test_an_arm_that_starts_near_the_top_shows_no_gain() -> None:
    (near,) = run({"name": "a", "base": 95.0, "after": [98.9, 99.0, 99.1, 99.0]}).arms
    (far,) = run({"name": "a", "base": 65.0, "after": [68.9, 69.0, 69.1, 69.0]}).arms
    assert (near.finding, far.finding) == ("withheld", "gain")


def test_equal_figures_are_not_certainty() -> None:
    (arm,) = run({"name": "a", "deltas": [5.0, 5.0, 5.0]}).arms
    assert arm.finding == "no effect shown"
    assert arm.mde is None


def test_seeds_needed_are_fewer_for_a_larger_effect() -> None:
    arm = {"name": "a", "deltas": [1.0, 4.0, -2.0, 3.0]}
    few, many = (run(arm, effect=effect).arms[0].needed for effect in (0.10, 0.03))
    assert few is not None
    assert many is not None
    assert few < many


@settings(max_examples=40, deadline=None)
@given(st.floats(20, 70), st.floats(0.001, 0.05), st.floats(-5, 20))
def test_the_peak_of_a_parabola_is_found(top: float, bend: float, height: float) -> None:
    x = [5.0, 20.0, 35.0, 50.0, 65.0, 80.0]
    rng = np.random.default_rng(1)
    y = [height - bend * (v - top) ** 2 + 0.01 * float(rng.standard_normal()) for v in x]
    peak = fit_peak(x, y)
    assert peak is not None
    assert peak.at == pytest.approx(top, abs=1.5)
    assert peak.low is None or peak.high is None or peak.low <= peak.at <= peak.high


def test_the_interval_of_the_peak_covers_it_or_has_no_ends() -> None:
    rng, covered, bounded = np.random.default_rng(2), 0, 0
    x = [float(v) for v in np.linspace(5, 90, 10)]
    for _ in range(400):
        peak = fit_peak(x, [20 - 0.01 * (v - 45) ** 2 + 2 * float(rng.standard_normal()) for v in x])
        assert peak is not None
        if peak.low is None or peak.high is None:
            continue
        bounded += 1
        covered += peak.low <= 45 <= peak.high
    assert bounded > 300
    assert covered / bounded > 0.92


def test_no_top_is_invented_where_points_rise_or_bend_the_other_way() -> None:
    up = fit_peak([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 4.0, 9.0, 16.0, 25.1])
    assert up is not None
    assert up.at is None
    assert fit_peak([1.0, 1.0, 2.0, 3.0], [1.0, 1.0, 2.0, 1.0]) is None
    assert not math.isnan((fit_peak([1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]) or up).p)
