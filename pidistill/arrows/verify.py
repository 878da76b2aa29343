"""Rollout -> Verdict: the domain's verifier judges completions; only those that it has not judged yet."""

from __future__ import annotations

from collections.abc import Sequence

from pidistill.arrows import share
from pidistill.arrows.pages import Pages
from pidistill.arrows.where import Where
from pidistill.cell import Cell
from pidistill.errors import VerifierError
from pidistill.records import Attempt, Problem, Rollout, Status, Verdict
from pidistill.verify.key import reusable, verdict_key

OUTAGE = 20
"""A run stops where the verdicts of so many problems in a row are ERROR: what judges them is not there any more."""


def verify(cell: Cell, where: Where, rollouts: Sequence[tuple[Problem, Rollout]]) -> list[Attempt]:
    """A verdict on each rollout, in order. Verdicts of ERROR are not kept: the next run tries again.

    Raises `VerifierError` with the last one's reason where `OUTAGE` problems in a row are ERROR.
    """
    log, budget_s = cell.store.verdicts, cell.config.verify.budget_s
    keys = [verdict_key(problem, made.completion, cell.pool.identity) for problem, made in rollouts]
    wanted = dict(zip(keys, rollouts, strict=True))
    found: dict[str, Verdict] = {}
    errors: dict[str, Verdict] = {}

    def holds(key: str) -> bool:
        if key not in found and (kept := log.get(key)) is not None and reusable(kept, budget_s):
            found[key] = kept
        return key in found

    for missing in share.missing(cell.store, log, wanted, holds):
        judged = _judge(cell, missing, [wanted[key] for key in missing])
        errors |= {key: verdict for key, verdict in judged.items() if verdict.status is Status.ERROR}
        found |= judged
    where.note(cell, "verdict", keys)
    if errors:
        first = next(iter(errors.values())).reason
        again = "The same command tries them again."
        cell.progress.note(f"{cell.id}: {len(errors)} verdicts are ERROR, the first: {first} {again}")
    return [Attempt(problem, made, found[key]) for key, (problem, made) in zip(keys, rollouts, strict=True)]


def _judge(cell: Cell, keys: Sequence[str], rollouts: Sequence[tuple[Problem, Rollout]]) -> dict[str, Verdict]:
    """Verdicts by key; all but those of ERROR are written down."""
    verdicts: dict[str, Verdict] = {}
    in_a_row = set[str]()
    log = cell.store.verdicts
    with cell.progress.task(f"{cell.id}: verify", len(keys)) as task, Pages(log, cell.id) as pages:
        for index, verdict in cell.pool.verify([(problem, made.completion) for problem, made in rollouts]):
            problem, made = rollouts[index]
            cell.observe("pidistill_verdict", problem=problem, rollout=made, verdict=verdict)
            verdicts[keys[index]] = verdict
            if verdict.status is not Status.ERROR:
                pages.add({keys[index]: verdict})
                in_a_row.clear()
            elif len(in_a_row := in_a_row | {problem.id}) >= OUTAGE:
                raise VerifierError(
                    f"{cell.id}: the verdicts of {OUTAGE} problems in a row are ERROR, the last: {verdict.reason}",
                    "All that was made until now is kept, and the same command goes on from there.",
                )
            task.advance(1)
    return verdicts
