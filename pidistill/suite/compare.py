"""Run the cells of several recipes and set them side by side.

A comparison is a list of run configurations on one store. Every cell is run, or found finished, in order; each leaves
its `summary.json`; the report is made from the summaries alone. Running the same comparison again runs what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pidistill.cell import Cell
from pidistill.config import RunConfig, as_json
from pidistill.errors import UsageError
from pidistill.loop import Outcome, run_cell
from pidistill.plugins import Manager, get_manager
from pidistill.progress import Progress
from pidistill.records import JSON, canonical_json
from pidistill.report.model import ReportMeta, Rows
from pidistill.report.write import Report, write_report
from pidistill.stats.data import CellScores, Training, cell_scores
from pidistill.store.ledger import LedgerRow, ledger, totals
from pidistill.store.store import Store
from pidistill.suite.bench import confine, group_key, open_bench, resolve

EMBEDDED_NOTE = (
    "The embedded model shows what the machinery does; it is no evidence about large models. Its own README.md says "
    "what it was made to be."
)


def run_comparison(
    configs: Sequence[RunConfig], out_dir: Path, progress: Progress, *, title: str = "", manager: Manager | None = None
) -> Report:
    """Run all cells of `configs`, which must name one store, and write the report to `out_dir`.

    Raises `PidistillError` for what cannot be run; all that was finished until then is in the store, and the same call
    goes on from there. That no sandbox works is found before anything is sampled.
    """
    if len({config.store for config in configs}) != 1:
        raise UsageError("A comparison needs one store for all its recipes.", "Give it once: --store DIR")
    manager = manager or get_manager()
    resolved = confine([resolve(config, manager) for config in configs], manager)
    with Store(resolved[0].store) as store:
        scores: list[CellScores] = []
        cells: list[str] = []
        identities: dict[str, str] = {}
        for group in dict.fromkeys(group_key(config) for config in resolved):
            members = [config for config in resolved if group_key(config) == group]
            with open_bench(members[0], manager, store, progress) as bench:
                identities[members[0].domain] = bench.pool.identity
                todo = [(config, seed) for config in members for seed in config.seeds]
                with progress.task(f"cells, {members[0].domain}", len(todo)) as task:
                    for config, seed in todo:
                        cell = bench.cell(config, seed)
                        outcome = run_cell(cell)
                        scores.append(finish(cell, outcome))
                        cells.append(cell.id)
                        task.advance(1)
        arms = {cell: " / ".join(dict.fromkeys((s.recipe, s.domain))) for cell, s in zip(cells, scores, strict=True)}
        notes = (EMBEDDED_NOTE,) if any(config.model.name == "embedded" for config in configs) else ()
        meta = report_meta(title, resolved, identities, ledger(store, cells), arms, notes)
        return write_report(scores, out_dir, meta, manager.report_sections)


def finish(cell: Cell, outcome: Outcome) -> CellScores:
    """The cell's scores, also written to its `summary.json`."""
    spent = totals(ledger(cell.store, [cell.id]), cell.id)
    retries = [attempt for attempt in outcome.trained_on if attempt.rollout.attempt > 0]
    scores = cell_scores(
        cell.held_out,
        [(attempt.rollout, attempt.verdict) for attempt in outcome.before],
        [(attempt.rollout, attempt.verdict) for attempt in outcome.after],
        recipe=cell.config.recipe.name, domain=cell.config.domain, model=model_label(cell.config.model.name),
        seed=cell.seed,
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
    summary: Mapping[str, JSON] = {
        "cell": cell.settings(),
        "model": outcome.model.to_json(),
        "scores": scores.to_json(),
    }
    cell.store.write_summary(cell.id, summary)
    cell.observe("pidistill_cell_finished", cell=cell.settings(), summary=summary)
    return scores


def model_label(name: str) -> str:
    """What a report calls a model: its hub name, or the last part of its folder."""
    return Path(name).name if Path(name).is_dir() else name


def report_meta(
    title: str,
    configs: Sequence[RunConfig],
    identities: Mapping[str, str],
    rows: Sequence[LedgerRow],
    arms: Mapping[str, str],
    notes: Sequence[str] = (),
) -> ReportMeta:
    """What the report says beside the scores: recipes, verifiers, settings, and the ledger. `arms`: cell -> arm."""
    recipes = {config.recipe.name: config.recipe for config in configs}
    settings = [dict(_flat(as_json(config, without=("store",)))) for config in configs]
    shared = {key: value for key, value in settings[0].items() if all(s.get(key) == value for s in settings)}
    own = {
        f"{config.domain}/{config.recipe.name}: {key}": value
        for config, s in zip(configs, settings, strict=True)
        for key, value in s.items()
        if key not in shared and not key.startswith("recipe.") and key != "domain"
    }
    header = (
        "cell",
        "stage",
        "made",
        "reused",
        "completion tokens made",
        "used",
        "prompt tokens",
        "trained",
        "processed",
    )
    return ReportMeta(
        title=title,
        published={name: recipe.published for name, recipe in recipes.items() if recipe.published},
        control_for={name: recipe.control_for for name, recipe in recipes.items()},
        verifier=", ".join(f"{domain}: {identity}" for domain, identity in identities.items()),
        settings={**shared, **own},
        notes=tuple(notes),
        costs=costs(rows, arms),
        ledger=Rows("Ledger by cell and stage", header, tuple(_ledger_text(row) for row in rows)),
    )


STAGES = ("evaluate before", "first attempts", "retries", "evaluate after")


def costs(rows: Sequence[LedgerRow], arms: Mapping[str, str]) -> Rows:
    """The ledger in short: rollouts by arm and kind of stage, `sampled + reused`, summed over seeds and rounds."""
    counts: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row.kind == "rollout":
            kind = "retries" if row.arrow.startswith("retry") else row.arrow
            cell = counts.setdefault((arms[row.cell], kind), [0, 0])
            cell[0] += row.made
            cell[1] += row.reused
    lines = tuple(
        (arm, *("{} + {}".format(*counts[arm, stage]) if (arm, stage) in counts else "-" for stage in STAGES))
        for arm in dict.fromkeys(arms.values())
    )
    note = "Rollouts: sampled by this arm + found in the store, where an earlier arm or seed had paid for them."
    return Rows("Ledger: sampled + reused", ("Arm", *STAGES), lines, (note,), detail=False)


def _ledger_text(row: LedgerRow) -> tuple[str, ...]:
    counts = (
        row.made, row.reused, row.completion_tokens_made, row.completion_tokens_used, row.prompt_tokens_used,
        row.tokens_trained, row.tokens_processed,
    )  # fmt: skip
    return (row.cell, f"{row.stage} {row.turn}: {row.arrow}" if row.turn else row.arrow, *(f"{c:,}" for c in counts))


def _flat(tables: Mapping[str, JSON], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tables.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        elif value not in (None, "", {}):
            yield f"{prefix}{key}", value if isinstance(value, str) else canonical_json(value)
