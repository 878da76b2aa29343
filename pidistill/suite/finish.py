"""What a finished cell leaves in the store: its summary, from which every report is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pidistill.cell import Cell
from pidistill.outcome import Outcome, StageOutcome
from pidistill.plugins import Manager
from pidistill.records import Attempt, Status
from pidistill.stats.data import StageScores, Training, cell_scores, measured
from pidistill.store.ledger import ledger, totals
from pidistill.suite.planned import Planned, outside
from pidistill.suite.resolve import model_label


def finish(cell: Cell, outcome: Outcome, planned: Planned, manager: Manager) -> dict[str, Any]:
    """Write down the summary of a cell and tell the observers; returns it."""
    rows = ledger(cell.store, [cell.id])
    spent = totals(rows, cell.id)
    attempts = outcome.trained_on
    retries = [attempt for attempt in attempts if attempt.rollout.attempt > 0]
    scores = cell_scores(
        cell.held_out,
        [(attempt.rollout, attempt.verdict) for attempt in outcome.before],
        [(attempt.rollout, attempt.verdict) for attempt in outcome.after],
        recipe=cell.config.recipe.name, domain=cell.config.domain, model=model_label(cell.config.model.name),
        seed=cell.seed,
        training=Training(
            examples=sum(stage.examples for stage in outcome.stages),
            retries=len(retries),
            retries_passed=sum(attempt.verdict.passed for attempt in retries),
            generated_tokens=sum(len(attempt.rollout.token_ids) for attempt in attempts),
            trained_tokens=spent.tokens_trained,
            rollouts_made=spent.made,
            rollouts_reused=spent.reused,
            unjudged=sum(not attempt.verdict.status.judged for attempt in attempts),
            steps=sum(stage.steps.taken for stage in outcome.stages),
            steps_asked=sum(stage.steps.asked or stage.steps.taken for stage in outcome.stages),
        ),
        stages=tuple(stage_scores(stage) for stage in outcome.stages),
        independent=cell.domain.drawn_independently(cell.config.data.evaluate.source()),
    )  # fmt: skip
    summary: dict[str, Any] = {
        "cell": cell.settings(),
        "provenance": cell.provenance(),
        "outside": outside(planned.config, manager),
        "model": outcome.model.to_json(),
        "scores": scores.to_json(),
        "ledger": [row.to_json() for row in rows],
        "errors": sum(attempt.verdict.status is Status.ERROR for attempt in everything(outcome)),
    }
    cell.store.write_summary(cell.id, summary)
    cell.observe("pidistill_cell_finished", cell=cell.settings(), summary=summary)
    return summary


def everything(outcome: Outcome) -> Iterator[Attempt]:
    """All attempts of a cell: those it was measured by, and those it was trained on."""
    yield from outcome.before
    for stage in outcome.stages:
        yield from (*stage.attempts, *stage.after)


def stage_scores(outcome: StageOutcome) -> StageScores:
    """What a stage measured after itself."""
    after = measured([(attempt.rollout, attempt.verdict) for attempt in outcome.after])
    steps = outcome.steps
    return StageScores(outcome.stage.name, after, outcome.examples, steps.taken, steps.asked, outcome.start)
