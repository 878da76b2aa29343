"""The comparison: a lucky seed is not a gain, noise is seldom called anything, and only what can be paired is."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill.errors import DataError, UsageError
from pidistill.stats.compare import Comparison, compare
from pidistill.stats.data import CellScores, ProblemScore
from pidistill.stats.findings import judge, weigh
from pidistill.stats.intervals import two_way
from pidistill.stats.significance import holm
from tests.stats.simulated import arm, cell, half_solved, noisy_after, side


def run(cells: list[CellScores], **options: object) -> Comparison:
    return compare(cells, np.random.default_rng(0), **options)  # type: ignore[arg-type]


def seeds_with_net_changes(changes: list[int], problems: int = 500, churn: int = 20) -> list[CellScores]:
    """One cell per entry: `churn` problems lost and `churn` + entry gained, others in each seed."""
    base = (np.arange(problems) % 2).astype(np.float64)
    cells = []
    for seed, change in enumerate(changes):
        rng, after = np.random.default_rng(seed), base.copy()
        after[rng.choice(np.flatnonzero(base == 1), churn, replace=False)] = 0.0
        after[rng.choice(np.flatnonzero(base == 0), churn + change, replace=False)] = 1.0
        cells.append(cell("opsd", 43 + seed, base, after))
    return cells


def test_five_seeds_about_zero_show_no_effect() -> None:
    (result,) = run(seeds_with_net_changes([-7, 2, 1, 0, 5])).arms
    assert result.seed_deltas == pytest.approx((-0.014, 0.004, 0.002, 0.0, 0.010))
    assert result.delta.mean == pytest.approx(0.0004)
    assert result.sd == pytest.approx(0.0089, abs=1e-4)
    assert result.delta.low < -0.005 < 0.005 < result.delta.high
    assert result.finding == "no effect shown"
    assert result.mde is not None
    assert 0.005 < result.mde < 0.05


def test_a_lucky_seed_is_stamped_unreplicated_whatever_its_size() -> None:
    (result,) = run(seeds_with_net_changes([28])).arms
    assert result.delta.mean == pytest.approx(0.056)
    assert result.delta.p < 0.001, "on the choice of problems alone it looks certain"
    assert result.delta.method == "problems only"
    assert (result.finding, result.mde, result.sd, result.over_seeds) == ("unreplicated", None, None, None)
    assert result.equivalence is None


def test_a_large_steady_gain_is_a_gain_and_its_mirror_a_loss() -> None:
    rng, base = np.random.default_rng(1), half_solved(300)
    cells = arm(rng, "retry", base, gain=0.12) + arm(rng, "opsd-incorrect", base, gain=-0.12)
    comparison = run(cells)
    assert [result.finding for result in comparison.arms] == ["gain", "loss"]
    (pair,) = comparison.pairs
    assert (pair.a, pair.b, pair.finding) == ("retry", "opsd-incorrect", "higher")


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize(("sd_seed", "sd_problem"), [(0.0, 0.0), (0.0, 0.2), (0.03, 0.1)])
def test_five_arms_of_noise_are_seldom_called_a_gain_or_a_loss(seeds: int, sd_seed: float, sd_problem: float) -> None:
    rng, runs, base = np.random.default_rng([seeds, int(100 * sd_seed)]), 100, half_solved(100)
    false = 0
    for _ in range(runs):
        noise = {"seeds": seeds, "churn": 0.3, "sd_seed": sd_seed, "sd_problem": sd_problem}
        arms = [noisy_after(rng, base, **noise) - base for _ in range(5)]
        judged, _ = judge([weigh(d, range(100), None, 0.02, (False, False)) for d in arms], 0.02)
        false += {judgement.finding for judgement in judged} != {"no effect shown"}
    assert false / runs <= 0.05


def test_an_arm_is_judged_by_the_corrected_two_way_interval() -> None:
    rng, base = np.random.default_rng(10), half_solved(200)
    after = [noisy_after(rng, base, gain=gain) for gain in (0.0, 0.04, 0.08, 0.2)]
    cells = [cell(f"arm{n}", s, base, row) for n, grid in enumerate(after) for s, row in enumerate(grid)]
    estimates = [two_way(grid - base) for grid in after]
    corrected = holm([estimate.p for estimate in estimates])
    for result, estimate, p in zip(run(cells).arms, estimates, corrected, strict=True):
        assert (result.delta, result.p_holm) == (estimate, p)
        assert result.finding == ("gain" if p <= 0.05 else "no effect shown")


def test_the_correction_spans_the_replicated_arms_alone() -> None:
    rng, base = np.random.default_rng(2), half_solved(200)
    replicated = arm(rng, "retry", base, gain=0.06) + arm(rng, "rejection", base)
    alone = run(replicated)
    with_single = run(replicated + arm(rng, "opsd", base, seeds=1, gain=0.3))
    *same, single = with_single.arms
    assert [r.p_holm for r in same] == [r.p_holm for r in alone.arms]
    assert single.finding == "unreplicated"
    assert single.p_holm == pytest.approx(3 * max(single.mcnemar.p, single.delta.p)), "over everything that was tried"
    for result in alone.arms:
        assert result.delta.p <= result.p_holm <= min(1.0, 2 * result.delta.p)


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 10**6))
def test_the_order_of_cells_and_problems_changes_no_number(shuffler: random.Random, seed: int) -> None:
    cells = arm(np.random.default_rng(seed), "retry", half_solved(25), gain=0.1)
    order = list(range(25))
    shuffler.shuffle(order)
    shuffled = [dataclasses.replace(c, problems=tuple(c.problems[i] for i in order)) for c in cells]
    shuffler.shuffle(shuffled)
    (one,), (other,) = run(cells).arms, run(shuffled).arms
    assert (one.seeds, one.finding, one.mcnemar) == (other.seeds, other.finding, other.mcnemar)
    assert one.seed_deltas == pytest.approx(other.seed_deltas)
    assert (one.delta.low, one.delta.high, one.delta.p) == pytest.approx(
        (other.delta.low, other.delta.high, other.delta.p), rel=1e-7
    )


def test_swapping_base_and_after_turns_a_gain_into_the_same_loss() -> None:
    cells = arm(np.random.default_rng(4), "retry", half_solved(300), gain=0.15)
    swapped = [
        dataclasses.replace(c, problems=tuple(dataclasses.replace(p, base=p.after, after=p.base) for p in c.problems))
        for c in cells
    ]
    (gain,), (loss,) = run(cells).arms, run(swapped).arms
    assert (gain.finding, loss.finding) == ("gain", "loss")
    assert (loss.delta.low, loss.delta.high) == pytest.approx((-gain.delta.high, -gain.delta.low))
    assert (loss.mcnemar.gained, loss.mcnemar.lost) == (gain.mcnemar.lost, gain.mcnemar.gained)


def test_problems_in_another_order_cannot_be_paired() -> None:
    one, two, _ = arm(np.random.default_rng(5), "retry", half_solved(25))
    with pytest.raises(DataError, match=r"seed 1: evaluation problem 0 is 'p24' .*'p0'.*cannot be paired"):
        run([one, dataclasses.replace(two, problems=two.problems[::-1])])


def test_other_problems_in_another_arm_cannot_be_paired() -> None:
    base = half_solved(25)
    short = cell("rejection", 0, base[:20], base[:20])
    with pytest.raises(DataError, match=r"20 evaluation problems, cell retry .* has 25"):
        run([cell("retry", 0, base, base), short])


def test_a_seed_given_twice_is_no_replication() -> None:
    base = half_solved(25)
    with pytest.raises(DataError, match="seed 3 is given twice"):
        run([cell("retry", 3, base, base), cell("retry", 3, base, base)])


def test_no_cells_is_an_error_that_says_what_to_run() -> None:
    with pytest.raises(DataError, match="pidistill run"):
        run([])


def test_a_problem_that_one_seed_cannot_judge_is_left_out_of_all_and_bounded() -> None:
    base, after = np.array([0.0, 1.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0, 1.0])
    cells = [cell("retry", seed, base, after) for seed in range(2)]
    broken = ProblemScore("p3", 4, side(0.0), side(None, ERROR=1))
    cells[1] = dataclasses.replace(cells[1], problems=(*cells[1].problems[:3], broken))
    (result,) = run(cells).arms
    assert (result.problems, result.left_out, result.after.outside) == (3, 1, 1)
    assert result.delta.mean == pytest.approx(1 / 3)
    assert (result.after.worst, result.after.best) == (pytest.approx(5 / 8), pytest.approx(6 / 8))
    assert (result.base.worst, result.base.best) == (0.25, 0.25)


def test_an_arm_that_was_never_judged_is_an_error_not_a_zero() -> None:
    problems = (ProblemScore("p", 1, side(0.0), side(None, ERROR=1)),)
    with pytest.raises(DataError, match="no evaluation problem was judged"):
        run([CellScores("retry", "math", "tiny", 0, problems)])


def test_controls_decide_which_arms_are_compared() -> None:
    rng, base = np.random.default_rng(6), half_solved(100)
    cells = [c for name in ("star-gold", "retry", "rejection", "star-gibberish") for c in arm(rng, name, base)]
    controls = {"star-gibberish": ["star-gold"], "rejection": ["code-retry", "retry"], "opsd-random": ["opsd"]}
    pairs = run(cells, control_for=controls).pairs
    assert [(p.a, p.b) for p in pairs] == [("star-gold", "star-gibberish"), ("retry", "rejection")]
    assert len(run(cells).pairs) == 6, "all pairs, where none is a control"
    (only,) = run(cells, pairs=[("retry", "star-gold")]).pairs
    assert only.p_holm == pytest.approx(only.difference.p)
    with pytest.raises(UsageError, match="Did you mean 'retry'"):
        run(cells, pairs=[("retri", "star-gold")])


def test_arms_are_paired_on_the_seeds_they_share() -> None:
    rng, base = np.random.default_rng(8), half_solved(50)
    retry, rejection = arm(rng, "retry", base, seeds=4), arm(rng, "rejection", base, seeds=3)[1:]
    comparison = run(retry + rejection)
    assert comparison.pairs[0].seeds == (1, 2)
    by_name = {r.recipe: r for r in comparison.arms}
    shared = np.mean(by_name["retry"].seed_deltas[1:3]) - np.mean(by_name["rejection"].seed_deltas)
    assert comparison.pairs[0].difference.mean == pytest.approx(shared)
    disjoint = run(retry[:1] + rejection)
    assert disjoint.pairs == ()
    assert "no seed in common" in disjoint.remarks[0]


def test_arms_of_two_models_are_labelled_and_not_compared_with_each_other() -> None:
    base = half_solved(25)
    cells = [cell(name, s, base, base, model=m) for m in ("0.6B", "8B") for name in ("retry", "opsd") for s in (0, 1)]
    comparison = run(cells)
    assert [r.label for r in comparison.arms] == ["retry / 0.6B", "opsd / 0.6B", "retry / 8B", "opsd / 8B"]
    assert [(p.a, p.b) for p in comparison.pairs] == [("retry / 0.6B", "opsd / 0.6B"), ("retry / 8B", "opsd / 8B")]


def test_the_result_survives_json() -> None:
    cells = arm(np.random.default_rng(9), "retry", half_solved(25)) + arm(
        np.random.default_rng(9), "opsd", half_solved(25), seeds=1
    )
    comparison = run(cells)
    assert Comparison.from_json(comparison.to_json()) == comparison
