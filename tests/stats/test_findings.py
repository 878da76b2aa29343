"""What may not be said: of a seed run twice, of what nobody judged, at the end of the scale, and by silence."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pidistill.report.table import seed_table
from pidistill.report.words import findings
from pidistill.stats.compare import ArmResult, Comparison, compare
from pidistill.stats.data import CellScores, ProblemScore, Side
from pidistill.stats.findings import detectable_here, is_near_an_end, largest_stated
from pidistill.stats.intervals import two_way
from pidistill.stats.significance import detectable
from tests.stats.simulated import Floats, arm, cell, crossed, half_solved, noisy_after, side


def run(cells: list[CellScores], margin: float = 0.02) -> Comparison:
    return compare(cells, np.random.default_rng(0), margin=margin)


def only(cells: list[CellScores], margin: float = 0.02) -> ArmResult:
    (found,) = run(cells, margin).arms
    return found


def gained(problems: int = 200) -> tuple[Floats, Floats]:
    base = half_solved(problems)
    return base, noisy_after(np.random.default_rng(1), base, seeds=1, gain=0.25)[0]


def test_three_identical_seeds_are_one_seed() -> None:
    base, after = gained()
    comparison = run([cell("retry", seed, base, after) for seed in range(3)])
    (found,) = comparison.arms
    assert (found.finding, found.distinct, found.mde, found.equivalence) == ("unreplicated", 1, None, None)
    assert found.p_holm > 0, "a p there is, and no finding"
    assert any("no evidence" in remark for remark in comparison.remarks)


def test_a_seed_that_is_given_again_under_another_number_adds_nothing() -> None:
    base = half_solved(200)
    after = noisy_after(np.random.default_rng(2), base, seeds=2, gain=0.1)
    two = only([cell("retry", seed, base, row) for seed, row in enumerate(after)])
    padded = only([cell("retry", seed, base, after[seed % 2]) for seed in range(8)])
    assert (padded.delta, padded.finding, padded.distinct) == (two.delta, two.finding, 2)


def test_seeds_in_which_nothing_changed_show_no_effect_and_no_replication_is_missed() -> None:
    base = half_solved(400)
    found = only([cell("opsd", seed, base, base) for seed in range(3)])
    assert found.finding == "no effect shown"
    assert found.equivalence is not None
    assert found.equivalence.shown


def with_errors(cells: list[CellScores], chance: float, which: str, rng: np.random.Generator) -> list[CellScores]:
    """A share of one side's verdicts turned into ERROR."""
    broken = Side(None, {"ERROR": 1}, 100.0, 0.0)

    def ail(problem: ProblemScore) -> ProblemScore:
        return dataclasses.replace(problem, **{which: broken}) if rng.random() < chance else problem

    return [dataclasses.replace(c, problems=tuple(ail(p) for p in c.problems)) for c in cells]


@pytest.mark.parametrize("which", ["base", "after"])
def test_errors_on_one_side_make_no_finding(which: str) -> None:
    rng, base = np.random.default_rng(3), half_solved(60)
    found = set()
    for _ in range(40):
        cells = with_errors(arm(rng, "retry", base, gain=0.03, churn=0.15), 0.3, which, rng)
        found.add(only(cells).finding)
    assert found <= {"no effect shown", "withheld"}


def test_a_gain_that_errors_could_undo_is_withheld_and_one_they_could_not_is_stated() -> None:
    base = half_solved(300)
    cells = arm(np.random.default_rng(4), "retry", base, seeds=4, gain=0.2)
    assert only(cells).finding == "gain"
    few = only(with_errors(cells, 0.01, "after", np.random.default_rng(5)))
    many = only(with_errors(cells, 0.25, "after", np.random.default_rng(5)))
    assert (few.finding, many.finding) == ("gain", "withheld")
    assert "ERROR" in many.withheld


def test_errors_that_fall_only_on_failures_after_training_are_no_gain() -> None:
    """+2.9 'gain' came of errors in one side alone: with failures unjudged the rest looks better."""
    base, rng, broken = half_solved(300), np.random.default_rng(6), Side(None, {"ERROR": 1}, 100.0, 0.0)
    cells = []
    for c in arm(rng, "retry", base, seeds=5, churn=0.02):
        lost = [p.after.score == 0 and p.base.score == 1 for p in c.problems]
        problems = [
            dataclasses.replace(p, after=broken) if gone else p for p, gone in zip(c.problems, lost, strict=True)
        ]
        cells.append(dataclasses.replace(c, problems=tuple(problems)))
    found = only(cells)
    assert found.delta.mean > 0
    assert found.finding in ("withheld", "no effect shown")


def test_a_reference_that_cannot_be_judged_is_no_sides_loss() -> None:
    base = half_solved(300)
    cells = arm(np.random.default_rng(4), "retry", base, seeds=4, gain=0.2)
    abstained = side(None, ABSTAIN=1)
    unjudgeable = [
        dataclasses.replace(
            c,
            problems=tuple(
                dataclasses.replace(p, base=abstained, after=abstained) if i % 3 == 0 else p
                for i, p in enumerate(c.problems)
            ),
        )
        for c in cells
    ]
    found = only(unjudgeable)
    assert (found.finding, found.left_out) == ("gain", 100)


def test_towards_a_near_end_of_the_scale_nothing_is_stated() -> None:
    base = np.ones(400)
    base[:20] = 0.0
    cells = []
    for seed in range(4):
        after = base.copy()
        after[: 17 + seed % 3] = 1.0
        after[100 + seed] = 0.0
        cells.append(cell("retry", seed, base, after))
    found = only(cells)
    assert (found.finding, found.delta.low > 0) == ("withheld", True)
    assert "100 %" in found.withheld
    assert found.mde is None, "what would be withheld is not promised to be found"
    away = only([dataclasses.replace(c, problems=tuple(swap(p) for p in c.problems)) for c in falls(base)])
    assert away.finding == "loss", "away from the end it is"


def falls(base: Floats) -> list[CellScores]:
    """Cells whose *base* is what fell, to be swapped."""
    rng = np.random.default_rng(7)
    return [cell("x", seed, np.where(rng.random(base.size) < 0.3, 0.0, base), base) for seed in range(4)]


def swap(problem: ProblemScore) -> ProblemScore:
    return dataclasses.replace(problem, base=problem.after, after=problem.base)


def test_no_gain_is_promised_that_cannot_be() -> None:
    high = np.ones(60)
    high[:3] = 0.0
    cells = arm(np.random.default_rng(8), "retry", high, seeds=2, churn=0.05)
    found = only(cells)
    assert found.mde is None, "all that is above 95 % is 5 points"
    rng, base = np.random.default_rng(9), half_solved(400)
    middle = only(arm(rng, "retry", base, seeds=5))
    assert middle.mde is not None
    assert 0 < middle.mde <= 1 - middle.base.rate


def test_from_a_base_near_nothing_table_and_words_state_no_minimum() -> None:
    low = np.zeros(400)
    low[:20] = 1.0
    comparison = run(arm(np.random.default_rng(10), "retry", low, seeds=5, churn=0.02), margin=0.0001)
    (found,) = comparison.arms
    assert found.base.rate < 0.1 and found.mde is None and found.finding == "no effect shown"
    table = seed_table([found])
    (row,) = table.rows
    assert row[3].text == "-" and "within 10 points of 0 %" in table.notes[-1]
    (said,) = findings(comparison, {})
    assert "within 10 points of 0 % is not stated" in said.text


def test_not_different_is_not_the_same_and_the_same_needs_a_margin() -> None:
    base = half_solved(400)
    rng = np.random.default_rng(10)
    calm = arm(rng, "calm", base, seeds=5, churn=0.002)
    wild = arm(rng, "wild", base, seeds=2, churn=0.4)
    by_name = {found.recipe: found for found in run(calm + wild).arms}
    assert {found.finding for found in by_name.values()} == {"no effect shown"}
    same = {name: found.equivalence for name, found in by_name.items()}
    assert same["calm"] is not None
    assert same["calm"].shown
    assert same["wild"] is not None
    assert not same["wild"].shown
    strict = only(calm, margin=0.0005)
    assert strict.equivalence is not None
    assert not strict.equivalence.shown


def test_pairs_have_a_minimum_detectable_difference_and_a_margin() -> None:
    rng, base = np.random.default_rng(11), half_solved(300)
    cells = arm(rng, "gold", base, seeds=4, gain=0.2, churn=0.05) + arm(rng, "nonsense", base, seeds=4, gain=0.2)
    (pair,) = run(cells).pairs
    assert pair.mde is not None
    assert 0 < pair.mde < 0.5
    assert pair.equivalence is not None
    assert pair.equivalence.margin == 0.02
    assert pair.finding in ("no difference shown", "higher", "lower")


def test_what_both_arms_take_their_base_from_is_no_difference_between_them() -> None:
    """ERRORs of a shared base cancel between arms; those of one arm's own evaluation do not."""
    rng, base = np.random.default_rng(12), half_solved(300)
    better, worse = (noisy_after(rng, base, seeds=4, gain=gain) for gain in (0.3, 0.0))
    broken = Side(None, {"ERROR": 1}, 100.0, 0.0)

    def cells(name: str, after: Floats, which: str) -> list[CellScores]:
        made = [cell(name, seed, base, row) for seed, row in enumerate(after)]
        return [
            dataclasses.replace(
                c,
                problems=tuple(
                    dataclasses.replace(p, **{which: broken}) if i % 3 == 0 else p for i, p in enumerate(c.problems)
                ),
            )
            for c in made
        ]

    (shared,) = run(cells("gold", better, "base") + cells("bare", worse, "base")).pairs
    assert shared.finding == "higher"
    (own,) = run(cells("gold", better, "after") + cells("bare", worse, "base")).pairs
    assert own.finding == "withheld"


def test_no_effect_that_ends_near_the_end_is_said_to_be_detectable() -> None:
    """Power there is not what is stated (.84 to .89 for .80), since seeds that end near an end are skewed."""
    rng = np.random.default_rng(11)
    for base in (0.2, 0.5, 0.8):
        limit = largest_stated(base)
        assert limit == pytest.approx(0.9 - base) and largest_stated(1 - base, -1) == pytest.approx(limit)
        said = []
        for spread in np.linspace(0.001, 0.1, 25):
            estimate = two_way(crossed(rng, 3, 200, 0.0, spread, 0.1, 0.3))
            found, plain = detectable_here(estimate, 5, base, 1), detectable(estimate, 5, base, 1)
            assert found == (plain if plain is not None and plain <= limit else None)
            said.append(found is None)
        assert True in said and (False in said or base == 0.8)
    assert largest_stated(0.95) == pytest.approx(0.05), "from there on no gain is stated at all"
    assert detectable_here(two_way(crossed(rng, 5, 400, 0.0, 0.0, 0.0, 0.1)), 1, 0.95, 1) is None


def test_from_a_base_near_an_end_no_effect_is_said_to_be_detectable() -> None:
    """Power there was .76 to .84 for a stated .80, and what is printed up to twice what it should be."""
    rng = np.random.default_rng(12)
    estimate = two_way(crossed(rng, 5, 400, 0.0, 0.0, 0.0, 0.1))
    for base in (0.0, 0.05, 0.099, 0.901, 1.0):
        assert is_near_an_end(base)
        assert [detectable_here(estimate, 1, base, sign) for sign in (1, -1)] == [None, None]
    for base in (0.1, 0.5, 0.9):
        assert not is_near_an_end(base)
    assert detectable_here(estimate, 1, 0.2, 1) is not None
