"""Run the cells of several recipes and set them side by side.

A comparison is a list of run configurations on one store. Every cell is run, or found finished, in order; each leaves its
`summary.json`; the report is made from the summaries alone. Running the same comparison again runs what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from pidistill.cell import Cell
from pidistill.config import RunConfig, as_json
from pidistill.errors import UsageError
from pidistill.loop import Outcome, run_cell
from pidistill.plugins import Manager, get_manager
from pidistill.progress import Progress
from pidistill.records import JSON
from pidistill.report.write import Report, ReportMeta, write_report
from pidistill.stats.data import CellScores, Training, cell_scores
from pidistill.store.ledger import LedgerRow, ledger, totals
from pidistill.store.store import Store, write_json
from pidistill.suite.bench import group_key, open_bench, resolve


def run_comparison(
    configs: Sequence[RunConfig], out_dir: Path, progress: Progress, *, title: str = "", manager: Manager | None = None
) -> Report:
    """Run all cells of `configs`, which must name one store, and write the report to `out_dir`.

    Raises `PidistillError` for what cannot be run; all that was finished until then is in the store, and the same call
    goes on from there.
    """
    if len({config.store for config in configs}) != 1:
        raise UsageError("A comparison needs one store for all its recipes.", "Give it once: --store DIR")
    manager = manager or get_manager()
    resolved = [resolve(config, manager) for config in configs]
    with Store(resolved[0].store) as store:
        scores: list[CellScores] = []
        cells: list[str] = []
        identities: dict[str, str] = {}
        for group in dict.fromkeys(group_key(config) for config in resolved):
            members = [config for config in resolved if group_key(config) == group]
            with open_bench(members[0], manager, store, progress) as bench, ExitStack() as _:
                identities[members[0].domain] = bench.pool.identity
                todo = [(config, seed) for config in members for seed in config.seeds]
                with progress.task(f"cells, {members[0].domain}", len(todo)) as task:
                    for config, seed in todo:
                        cell = bench.cell(config, seed)
                        outcome = run_cell(cell)
                        scores.append(finish(cell, outcome))
                        cells.append(cell.id)
                        task.advance(1)
        rows = ledger(store, cells)
        meta = _meta(title, resolved, identities, rows)
        return write_report(scores, out_dir, meta)


def finish(cell: Cell, outcome: Outcome) -> CellScores:
    """The cell's scores, also written to its `summary.json`."""
    spent = totals(ledger(cell.store, [cell.id]), cell.id)
    retries = [attempt for attempt in outcome.trained_on if attempt.rollout.attempt > 0]
    scores = cell_scores(
        cell.held_out,
        [(attempt.rollout, attempt.verdict) for attempt in outcome.before],
        [(attempt.rollout, attempt.verdict) for attempt in outcome.after],
        recipe=cell.config.recipe.name, domain=cell.config.domain, model=cell.config.model.name, seed=cell.seed,
        training=Training(
            examples=outcome.examples,
            retries=len(retries),
            retries_passed=sum(attempt.verdict.passed for attempt in retries),
            generated_tokens=sum(len(attempt.rollout.token_ids) for attempt in outcome.trained_on),
            trained_tokens=spent.tokens_trained,
            rollouts_made=spent.made,
            rollouts_reused=spent.reused,
        ),
    )  # fmt: skip
    summary: Mapping[str, JSON] = {"cell": cell.settings(), "model": outcome.model.to_json(), "scores": scores.to_json()}
    write_json(cell.store.cell_dir(cell.id) / "summary.json", summary)
    cell.observe("pidistill_cell_finished", cell=cell.settings(), summary=summary)
    return scores
