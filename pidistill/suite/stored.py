"""A report of what a store holds, without running anything: all finished cells, or the arms that are named.

Arms that are called alike and differ in a setting are told apart by it, as in a suite's report; so are arms that were
measured on other held-out problems. What is left out is said on the first lines, as in every report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pidistill.config import RunConfig
from pidistill.errors import DataError, UsageError, did_you_mean
from pidistill.plugins import Manager
from pidistill.records import content_hash
from pidistill.report.write import Report
from pidistill.stats.data import CellScores
from pidistill.store.store import Store
from pidistill.suite.chosen import Held, chosen_afterwards, finished_cells, told_apart
from pidistill.suite.meta import report_meta
from pidistill.suite.planned import Planned
from pidistill.suite.publish import publish

AFTERWARDS = "Made of what the store holds: which arms and seeds stand here was decided after they were run."


def stored_report(
    store: Store, manager: Manager, *, arms: Sequence[str] = (), domain: str = "", out: Path | None = None
) -> tuple[Report, Path | None]:
    """The report, and where it was written: `out`, or a folder in the store's `reports/`; None on a read-only disk.

    Raises `UsageError` where no finished cell is meant, or an arm has no cell.
    """
    held = list(finished_cells(store))
    if not held:
        raise DataError(f"{store.root} holds no finished cell.", "Run one: pidistill run RECIPE --domain DOMAIN")
    known = sorted({cell.arm.recipe for cell in held})
    for name in arms:
        if name not in known:
            raise UsageError(
                f"{store.root} has no finished arm {name!r}.{did_you_mean(name, known)}", f"Arms: {', '.join(known)}."
            )
    meant = [c for c in held if (not arms or c.arm.recipe in arms) and domain in ("", c.arm.domain)]
    found = [(cell, summary) for cell in meant if (summary := store.summary(cell.id)) is not None]
    if not found:
        domains = ", ".join(sorted({cell.arm.domain for cell in held}))
        raise UsageError(f"{store.root} has no such finished cell on {domain!r}.", f"Domains: {domains}.")
    labels, models = _labels([cell for cell, _ in found]), _models(found)
    planned, scores = list[Planned](), list[CellScores]()
    for cell, summary in found:
        recipe, where = labels[cell.id]
        planned.append(_planned(cell, summary, recipe))
        read = CellScores.from_json(summary["scores"])
        scores.append(replace(read, recipe=recipe, domain=where, model=models[cell.id]))
    summaries, names = [summary for _, summary in found], [cell.id for cell, _ in found]
    title = f"{', '.join(arms) or 'All arms'} of {store.root.name}{f' on {domain}' if domain else ''}"
    if out is None and not store.read_only:
        out = store.root / "reports" / f"stored-{content_hash(*sorted(names))[:8]}"
    meta = report_meta(title, planned, summaries)
    meta = replace(meta, first=tuple(chosen_afterwards(store, names)), planned=AFTERWARDS)
    return publish(store, manager, meta, list(zip(names, scores, strict=True)), summaries, out), out


def _labels(cells: Sequence[Held]) -> dict[str, tuple[str, str]]:
    """Cell -> what its recipe and its domain are called, so that no two arms are called alike."""
    alike: dict[tuple[str, str, str], dict[str, Held]] = {}
    sets: dict[tuple[str, str], set[str]] = {}
    for cell in cells:
        alike.setdefault((cell.arm.recipe, *cell.arm.family), {}).setdefault(cell.arm.key, cell)
        sets.setdefault(cell.arm.family, set()).add(cell.arm.problems)
    labels = dict[str, tuple[str, str]]()
    for cell in cells:
        others = [other.arm for other in alike[cell.arm.recipe, *cell.arm.family].values()]
        said = told_apart(cell.arm, others) if len(others) > 1 else ""
        problems = f" {cell.arm.problems}" if len(sets[cell.arm.family]) > 1 else ""
        labels[cell.id] = (cell.arm.recipe + (f" [{said}]" if said else ""), cell.arm.domain + problems)
    return labels


def _models(found: Sequence[tuple[Held, Mapping[str, Any]]]) -> dict[str, str]:
    """Cell -> what its model is called; with its weights, where two of one domain are called alike."""
    weights: dict[tuple[str, str], set[str]] = {}
    for cell, summary in found:
        weights.setdefault((cell.arm.domain, str(summary["scores"]["model"])), set()).add(cell.arm.revision)
    return {
        cell.id: model if len(weights[cell.arm.domain, model]) == 1 else f"{model} {cell.arm.revision[:8]}"
        for cell, summary in found
        if (model := str(summary["scores"]["model"]))
    }


def _planned(cell: Held, summary: Mapping[str, Any], label: str) -> Planned:
    """The cell as a report takes it, its recipe called as in the report."""
    try:
        config = RunConfig.model_validate(summary["cell"]["config"])
    except ValidationError as error:
        raise DataError(f"{cell.id}: its settings cannot be read: {error}.", "Run it anew: --renew") from error
    recipe = config.recipe.model_copy(update={"name": label})
    renamed: RunConfig = config.model_copy(update={"recipe": recipe})
    return Planned(renamed, cell.seed, cell.id)
