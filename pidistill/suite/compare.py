"""Run the cells of several recipes and set them side by side.

A comparison is a list of run configurations on one store. Every cell is found finished, or run, in order; each leaves
its summary in the store, and the report is made from the summaries alone. So a comparison that is finished is reported
without a model, an engine or a worker being opened, and running it again runs what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pidistill.config import RunConfig
from pidistill.errors import StoreError, UsageError
from pidistill.plugins import Manager, get_manager
from pidistill.progress import Progress
from pidistill.records import content_hash
from pidistill.report.write import Report
from pidistill.stats.data import CellScores
from pidistill.store.store import Store
from pidistill.suite.chosen import chosen_afterwards
from pidistill.suite.meta import report_meta
from pidistill.suite.parts import check_names, group_key
from pidistill.suite.planned import Planned, finished, plan
from pidistill.suite.publish import publish
from pidistill.suite.running import Runner, resolve_all

UNPLANNED = "Not registered: arms, seeds and problems were not written down before the run, as a suite's are."


def run_comparison(
    configs: Sequence[RunConfig],
    out_dir: Path | None,
    progress: Progress,
    *,
    title: str = "",
    manager: Manager | None = None,
    renew: bool = False,
    as_is: bool = False,
) -> Report:
    """Run the cells of `configs` that are not finished, and write the report of all to `out_dir`, if that is given.

    Raises `PidistillError` for what cannot be run; all that was finished until then is in the store, and the same call
    goes on from there. That no sandbox works is found before anything is sampled. `renew` runs cells anew whose model,
    verifier, data or packages have changed since; `as_is` reports finished ones all the same; else that is an error.
    """
    if len({config.store for config in configs}) != 1:
        raise UsageError("A comparison needs one store for all its recipes.", "Give it once: --store DIR")
    manager = manager or get_manager()
    for config in configs:
        check_names(config, manager)
    cells = plan(configs)
    with Store(configs[0].store) as store:
        summaries = finished(cells, store, manager, renew=renew, as_is=as_is)
        todo = [cell for cell in cells if cell.id not in summaries]
        if todo and store.read_only:
            raise StoreError(
                f"{store.root} is read-only, and {len(todo)} cells are not finished there, the first: {todo[0].id}.",
                "Name a folder that can be written: --store DIR",
            )
        summaries |= _run(todo, store, manager, progress, renew)
        if note := store.damage_note():
            progress.note(note)
        first = tuple(chosen_afterwards(store, [cell.id for cell in cells]))
        ordered = [summaries[cell.id] for cell in cells]
        scores = [CellScores.from_json(summary["scores"]) for summary in ordered]
        meta = replace(report_meta(title, cells, ordered), first=first, planned=UNPLANNED)
        named = [(cell.id, found) for cell, found in zip(cells, scores, strict=True)]
        report = publish(store, manager, meta, named, ordered, out_dir)
    for note in unequal_starts(cells, ordered):
        progress.note(note)
    return report


def report_folder(configs: Sequence[RunConfig], name: str) -> Path:
    """Where the report of `configs` lies: named by its cells, so that none is overwritten by one of other cells."""
    cells = content_hash([cell.id for cell in plan(configs)])[:8]
    return configs[0].store / "reports" / f"{name}-{cells}"


def unequal_starts(cells: Sequence[Planned], summaries: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each seed of which arms that are trained alike did not begin with the same weights."""
    starts: dict[tuple[object, ...], dict[str, str]] = {}
    for cell, summary in zip(cells, summaries, strict=True):
        train = cell.config.stages[0].train
        start = summary["scores"]["stages"][0]["start"]
        alike = (cell.config.domain, cell.config.model.name, cell.seed, train.lora_rank, train.lora_alpha)
        if start:
            starts.setdefault(alike, {})[cell.config.recipe.name] = start
    return [
        f"Seed {alike[2]} on {alike[0]}: {', '.join(arms)} did not begin with the same weights, so their difference "
        "holds the draw of the adapter, too."
        for alike, arms in starts.items()
        if len(set(arms.values())) > 1
    ]


def _run(
    todo: Sequence[Planned], store: Store, manager: Manager, progress: Progress, renew: bool
) -> Mapping[str, dict[str, Any]]:
    """Run cells, group by group of those that share their live parts; their summaries, by cell."""
    resolved = resolve_all(list(todo), manager)
    groups: dict[str, list[Planned]] = {}
    for cell in todo:
        groups.setdefault(group_key(resolved[cell.id]), []).append(cell)
    summaries: dict[str, dict[str, Any]] = {}
    with Runner(store, manager, progress) as runner:
        for members in groups.values():
            with progress.task(f"cells, {members[0].config.domain}", len(members)) as task:
                for planned in members:
                    summaries[planned.id] = runner.run(planned, resolved[planned.id], renew=renew)
                    task.advance(1)
    return summaries
