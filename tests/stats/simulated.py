"""Cells with known truth, for tests of the statistics and of the report."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pidistill.stats.data import CellScores, ProblemScore, Side, Training

Floats = npt.NDArray[np.float64]


def side(score: float | None, samples: int = 1, tokens: float = 100.0, **statuses: int) -> Side:
    """A side with `score`; statuses default to passes and failures that make that score."""
    if not statuses:
        passes = round((score or 0.0) * samples)
        statuses = {"PASS": passes, "FAIL": samples - passes}
    return Side(score, {name: n for name, n in statuses.items() if n}, tokens, 0.0)


def cell(
    recipe: str,
    seed: int,
    base: Floats,
    after: Floats,
    *,
    model: str = "tiny",
    domain: str = "math",
    levels: int = 5,
    samples: int = 1,
) -> CellScores:
    """A cell with these scores per problem; levels 1, 2, ... go round, none for `levels=0`."""
    problems = tuple(
        ProblemScore(
            f"p{i}", i % levels + 1 if levels else None, side(float(b), samples), side(float(a), samples, tokens=90.0)
        )
        for i, (b, a) in enumerate(zip(base, after, strict=True))
    )
    return CellScores(recipe, domain, model, seed, problems, Training(50, 40, 10, 9000, 5000, 80, 20))


def crossed(
    rng: np.random.Generator, seeds: int, problems: int, mean: float, sd_seed: float, sd_problem: float, sd_rest: float
) -> Floats:
    """Differences [seeds, problems] with normal effects of both, around `mean`."""
    return np.asarray(
        mean
        + sd_seed * rng.standard_normal((seeds, 1))
        + sd_problem * rng.standard_normal((1, problems))
        + sd_rest * rng.standard_normal((seeds, problems))
    )


def noisy_after(
    rng: np.random.Generator,
    base: Floats,
    *,
    seeds: int = 3,
    gain: float = 0.0,
    churn: float = 0.1,
    sd_seed: float = 0.0,
    sd_problem: float = 0.0,
) -> Floats:
    """0/1 scores [seeds, problems]: `churn` of the solved problems lost and as many unsolved ones gained, plus `gain`.

    The expected difference to `base` is `gain` (while probabilities stay inside [0, 1]); seeds and problems differ in
    it by the given standard deviations.
    """
    rate = base.mean()
    shift = gain + sd_seed * rng.standard_normal((seeds, 1)) + sd_problem * rng.standard_normal((1, base.size))
    lost = np.clip(churn - shift / 2 / rate, 0, 1)
    won = np.clip(churn * rate / (1 - rate) + shift / 2 / (1 - rate), 0, 1)
    chance = np.where(base > 0, 1 - lost, won)
    return (rng.random((seeds, base.size)) < chance).astype(np.float64)


def arm(rng: np.random.Generator, recipe: str, base: Floats, **noise: Any) -> list[CellScores]:
    """The cells of an arm whose scores are `noisy_after`."""
    return [cell(recipe, seed, base, after) for seed, after in enumerate(noisy_after(rng, base, **noise))]


def half_solved(problems: int) -> Floats:
    """Base scores of a model that solves two problems in five, at every level alike."""
    return (np.arange(problems) // 5 % 5 < 2).astype(np.float64)
