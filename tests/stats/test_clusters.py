"""Templates: found where texts are equal but for numbers, declared where the data say so, and resampled together."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill.records import Problem
from pidistill.stats.clusters import cluster_of, template
from pidistill.stats.compare import compare
from pidistill.stats.data import CellScores
from pidistill.stats.intervals import by_cluster, two_way
from tests.stats.simulated import cell, crossed


def problem(prompt: str, **extra: str) -> Problem:
    return Problem(prompt, "math", prompt, extra=extra)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Compute 3 + 4.", "Compute 17 + 250."),
        ("Compute 3 + 4.", "compute  3.5+4,000 ."),
        ("Solve x = 3.", "Solve x = -12."),
        ("Is (2, -3) on it?", "Is (-7, 5) on it?"),
        ("What is \\frac{1}{2} of 6?", "What is \\frac{3}{4} of 16?"),
        ("Simplify 1e5.", "Simplify 12."),
        ("Add １２ and 3.", "Add 4 and 5."),
    ],
)
def test_texts_that_differ_in_numbers_alone_are_one_template(one: str, other: str) -> None:
    assert cluster_of(problem(one)) == cluster_of(problem(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Compute 3 + 4.", "Compute 3 - 4."),
        ("Compute 3 + 4.", "Compute 3 + 4 + 5."),
        ("Ann has 3 apples.", "Bob has 3 apples."),
        ("Find x.", "Find y."),
        ("Compute 3 * (4 - 1).", "Compute (3 * 4) - 1."),
    ],
)
def test_texts_that_differ_otherwise_are_not(one: str, other: str) -> None:
    assert cluster_of(problem(one)) != cluster_of(problem(other))


def test_a_declared_cluster_goes_before_the_text() -> None:
    assert cluster_of(problem("Ann has apples.", cluster="fruit")) == cluster_of(problem("Bob eats.", cluster="fruit"))
    assert cluster_of(problem("Compute 3.", cluster="a")) != cluster_of(problem("Compute 4.", cluster="b"))


@given(st.text())
def test_space_around_any_text_changes_no_template(text: str) -> None:
    assert template(f"  {text}\n") == template(text)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 5), st.lists(st.integers(0, 6), min_size=4, max_size=30), st.integers(0, 999))
def test_the_mean_over_problems_is_what_is_estimated_whatever_the_clusters_sizes(
    seeds: int, names: list[int], seed: int
) -> None:
    d = crossed(np.random.default_rng(seed), seeds, len(names), 0.1, 0.1, 0.2, 0.1)
    values, df = by_cluster(d, names)
    assert values.mean(axis=1) == pytest.approx(d.mean(axis=1))
    assert 0 < df <= max(len(set(names)), 2) - 1 + 1e-9 or len(set(names)) in (1, len(names))
    assert two_way(d, names).mean == pytest.approx(d.mean())


def test_copies_of_every_problem_make_the_interval_no_narrower() -> None:
    d = crossed(np.random.default_rng(2), 3, 40, 0.1, 0.02, 0.3, 0.2)
    once, tenfold = two_way(d), two_way(np.repeat(d, 10, axis=1), np.repeat(np.arange(40), 10))
    assert (tenfold.low, tenfold.high, tenfold.p) == pytest.approx((once.low, once.high, once.p))
    assert two_way(np.repeat(d, 10, axis=1)).high < once.high, "counted one by one they would"


def test_noise_in_templates_of_ten_is_seldom_called_an_effect() -> None:
    rng, names, runs = np.random.default_rng(3), np.repeat(np.arange(30), 10), 250
    alone = together = 0
    for _ in range(runs):
        d = np.repeat(crossed(rng, 5, 30, 0.0, 0.01, 0.3, 0.1), 10, axis=1)
        alone += two_way(d).p <= 0.05
        together += two_way(d, names).p <= 0.05
    assert together / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    assert alone / runs > 0.2


def templated(names: list[str]) -> list[CellScores]:
    rng = np.random.default_rng(4)
    base = (rng.random(len(names)) < 0.4).astype(float)
    cells = []
    for seed in range(3):
        after = np.where(rng.random(len(names)) < 0.3, 1.0, base)
        plain = cell("retry", seed, base, after)
        problems = [dataclasses.replace(p, cluster=name) for p, name in zip(plain.problems, names, strict=True)]
        cells.append(dataclasses.replace(plain, problems=tuple(problems)))
    return cells


def test_a_comparison_says_how_many_templates_its_problems_are() -> None:
    found = compare(templated([f"t{i % 12}" for i in range(120)]), np.random.default_rng(0))
    assert found.arms[0].clusters == 12
    assert any("120 problems are 12 templates" in remark for remark in found.remarks)


def test_problems_of_a_single_template_are_the_sample_and_that_is_said() -> None:
    found = compare(templated(["one"] * 120), np.random.default_rng(0))
    assert found.arms[0].delta.method == "two-way"
    assert any("one template" in remark for remark in found.remarks)


def test_what_a_generator_drew_belongs_together_only_where_it_says_so() -> None:
    alike = [replace(problem("Compute 3."), id="a"), replace(problem("Compute 4."), id="b")]
    assert len({cluster_of(p) for p in alike}) == 1
    assert len({cluster_of(p, independent=True) for p in alike}) == 2
    declared = [replace(p, extra={"cluster": "sums"}) for p in alike]
    assert len({cluster_of(p, independent=True) for p in declared}) == 1
