"""Compute-matched arms: as many tokens as another arm has spent, on more first attempts instead.

What an arm spends is what its training rollouts hold plus what it trains on, in completion tokens. The arm to match
must have been run: what it spent stands in the store, in the summary of its cell.
"""

from __future__ import annotations

from collections.abc import Sequence

from pidistill.cell import Cell
from pidistill.config import RunConfig, Stage
from pidistill.errors import UsageError
from pidistill.groups import chosen
from pidistill.recipes import recipe_config
from pidistill.records import Attempt, Problem

CAUTION = 0.9
"""Share of what is left that is drawn at a time, by the mean cost so far."""


def matched_cell(config: RunConfig, seed: int) -> str:
    """The cell of the arm to match: the same run of its recipe. Empty where there is none; `config` is as planned."""
    recipe = next((stage.rollouts.matches for stage in config.stages if stage.rollouts.matches), None)
    return config.model_copy(update={"recipe": recipe_config(recipe)}).cell_id(seed) if recipe else ""


def target(cell: Cell, stage: Stage) -> int:
    """Tokens to spend. Raises `UsageError` where the arm to match has not been run on this store."""
    recipe, summary = stage.rollouts.matches, cell.store.summary(cell.matched)
    if summary is None:
        raise UsageError(
            f"{cell.id} spends what {recipe!r} has spent, and that arm has not been run here with these settings and "
            f"seed {cell.seed}.",
            f"Name it first, with the same options: pidistill run {recipe} {cell.config.recipe.name} ...",
        )
    training = summary["scores"]["training"]
    return int(training["generated_tokens"]) + int(training["trained_tokens"])


def spent(cell: Cell, stage: Stage, attempts: Sequence[Attempt]) -> int:
    """Tokens that `attempts` hold, and that training on what is chosen of them will take."""
    kept = chosen(cell.selectors[stage.examples.keep], attempts, ())
    trained = sum(len(choice.attempt.rollout.token_ids) for choice in kept)
    return sum(len(attempt.rollout.token_ids) for attempt in attempts) + stage.train.epochs * trained


def next_problems(
    cell: Cell, stage: Stage, problems: Sequence[Problem], attempts: Sequence[Attempt]
) -> Sequence[Problem]:
    """The problems to attempt once more, taking turns; none once the budget is spent to within half an attempt."""
    used = spent(cell, stage, attempts)
    left, each = target(cell, stage) - used, used / max(1, len(attempts))
    if left < each / 2 or not problems:
        return []
    count = min(len(problems), max(1, int(CAUTION * left / each)))
    start = len(attempts) % len(problems)
    return [problems[(start + i) % len(problems)] for i in range(count)]
