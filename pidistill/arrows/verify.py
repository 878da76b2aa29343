"""Rollout -> Verdict: the domain's verifier judges completions; only those that it has not judged yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pidistill.arrows.where import Where, waiting
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
    budget_s = cell.config.verify.budget_s
    keys = [verdict_key(problem, made.completion, cell.pool.identity) for problem, made in rollouts]
    wanted = dict(zip(keys, rollouts, strict=True))

    def make(missing: list[str]) -> Iterator[dict[str, Verdict]]:
        in_a_row = set[str]()
        handed_in = [(problem, made.completion) for problem, made in map(wanted.__getitem__, missing)]
        with cell.progress.task(f"{cell.id}: verify", len(missing)) as task:
            for index, verdict in cell.pool.verify(handed_in):
                problem, made = wanted[missing[index]]
                cell.observe("pidistill_verdict", problem=problem, rollout=made, verdict=verdict)
                if verdict.status is not Status.ERROR:
                    in_a_row.clear()
                elif len(in_a_row := in_a_row | {problem.id}) >= OUTAGE:
                    raise VerifierError(
                        f"{cell.id}: the verdicts of {OUTAGE} problems in a row are ERROR, the last: {verdict.reason}",
                        "All that was made until now is kept, and the same command goes on from there.",
                    )
                yield {missing[index]: verdict}
                task.advance(1)

    found = cell.store.shared(
        cell.store.verdicts, wanted, make, cell.id,
        usable=lambda verdict: reusable(verdict, budget_s),
        keep=lambda verdict: verdict.status is not Status.ERROR,
        on_wait=waiting(cell, where),
    )  # fmt: skip
    where.note(cell, "verdict", keys)
    if errors := [verdict.reason for verdict in found.values() if verdict.status is Status.ERROR]:
        again = "The same command tries them again."
        cell.progress.note(f"{cell.id}: {len(errors)} verdicts are ERROR, the first: {errors[0]} {again}")
    return [Attempt(problem, made, found[key]) for key, (problem, made) in zip(keys, rollouts, strict=True)]
