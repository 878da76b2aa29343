"""The report of a suite: all that is finished, beside all that was registered.

An arm of a suite is a recipe with its value on every axis that is a setting; here it gets a label that says so. What
was measured on other held-out problems, or with another model, is compared with its like alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pidistill.config import RunConfig
from pidistill.plugins import Manager
from pidistill.records import canonical_json
from pidistill.report.model import Rows
from pidistill.report.write import Report
from pidistill.stats.data import CellScores
from pidistill.store.store import Store
from pidistill.suite.board import Board
from pidistill.suite.chosen import chosen_afterwards
from pidistill.suite.file import NAMED
from pidistill.suite.matrix import Arm, SuiteCell
from pidistill.suite.meta import report_meta
from pidistill.suite.planned import Planned
from pidistill.suite.publish import publish
from pidistill.suite.registry import Registration

OF_PROBLEMS = ("data.evaluate.", "evaluate.")
OF_MODEL = ("model.", "engine.")
NAMED_FAILURES = 3


def suite_report(
    registration: Registration, cells: Sequence[SuiteCell], board: Board, store: Store, manager: Manager,
    out: Path | None, found: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Report | None:  # fmt: skip
    """The report of a suite, written to `out` if that is given; None where nothing is finished.

    `found`: summaries that are known already.
    """
    done = {square.cell.id for square in board.of("finished")}
    known = {name: found[name] if name in found else store.summary(name) for name in done}
    shown = [(cell, summary) for cell in cells if (summary := known.get(cell.id)) is not None]
    if not shown:
        return None
    models = _model_labels(shown)
    scores = [_labelled(cell, summary, models) for cell, summary in shown]
    meta = report_meta(
        registration.title, [_renamed(cell) for cell, _ in shown], [summary for _, summary in shown]
    )  # fmt: skip
    chosen = chosen_afterwards(store, [cell.id for cell, _ in shown])
    meta = replace(
        meta, first=(*chosen, *_planned(registration, board)), registered=_registered(board),
        deviations=deviations(registration, board, chosen),
    )  # fmt: skip
    named = [(cell.id, found) for (cell, _), found in zip(shown, scores, strict=True)]
    return publish(store, manager, meta, named, [summary for _, summary in shown], out)


def _planned(registration: Registration, board: Board) -> list[str]:
    """What was registered and when, what of it is not here, and what was known by then."""
    counts = board.counts()
    arms, seeds = {cell.arm for cell in registration.cells}, {cell.seed for cell in registration.cells}
    others = [f"{count} {state}" for state, count in counts.items() if count and state != "finished"]
    lines = [
        f"Registered {registration.at} as {registration.name}: {len(registration.cells)} cells ({len(arms)} arms, "
        f"{len(seeds)} seeds). Finished: {counts['finished']}{'; not shown: ' + ', '.join(others) if others else ''}."
    ]
    if taken := sum(bool(square.facts.get("as_is")) for square in board.squares):
        lines.append(
            f"{taken} cells were taken as they are (--as-is): their verifier or packages have changed since, or some "
            "of their completions could not be judged."
        )
    if registration.finished_before:
        lines.append(
            f"Chosen afterwards: {len(registration.finished_before)} of the {len(registration.cells)} cells were "
            "finished before this suite was registered. Seeds and arms that are added after a look make chance "
            "findings likelier; no correction here counts that look."
        )
    bad = board.of("failed", "invalid")
    lines += [f"{square.cell.id}, {square.state}: {square.reason}" for square in bad[:NAMED_FAILURES]]
    if len(bad) > NAMED_FAILURES:
        lines.append(f"... and {len(bad) - NAMED_FAILURES} more, all under 'Deviations from what was registered'.")
    return lines


def deviations(registration: Registration, board: Board, chosen: Sequence[str]) -> Rows:
    """What is not as it was registered: a line for each cell that is not finished, and for each choice after a look."""
    rows: list[tuple[str, str, str]] = [
        (square.cell.id, square.state, square.reason or "-") for square in board.squares if square.state != "finished"
    ]
    rows += [(square.cell.id, "taken as it is", "its parts have changed since, or some of it was not judged")
             for square in board.of("finished") if square.facts.get("as_is")]  # fmt: skip
    rows += [(name, "finished before", "it was there when the suite was registered")
             for name in sorted(registration.finished_before)]  # fmt: skip
    rows += [("the store", "chosen afterwards", line) for line in chosen]
    none = () if rows else (("-", "none", "every registered cell is finished, and nothing else is shown"),)
    return Rows("Deviations from what was registered", ("What", "Is", "Why"), (*rows, *none), open=True,
                wrap=frozenset({1, 2}))  # fmt: skip


def _registered(board: Board) -> Rows:
    """Every registered cell: an arm a line, its seeds by what became of them."""
    lines: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for square in board.squares:
        cell = square.cell
        states = lines.setdefault((cell.arm, cell.domain, cell.model), {})
        states.setdefault(square.state, []).append(str(cell.seed))
    rows = tuple(
        (" / ".join(arm), *(_ranges(states.get(state, [])) for state in ("finished", "failed", "invalid")),
         _ranges(states.get("waiting", []) + states.get("running", [])))
        for arm, states in lines.items()
    )  # fmt: skip
    return Rows(
        "Registered cells, by their seeds", ("Arm", "Finished", "Failed", "Invalid", "Not run"), rows, detail=False
    )


def _ranges(seeds: Sequence[str]) -> str:
    """`0-4, 7`."""
    numbers = sorted(int(seed) for seed in seeds)
    parts, start = list[str](), 0
    for place, number in enumerate(numbers):
        if place + 1 == len(numbers) or numbers[place + 1] != number + 1:
            first = numbers[start]
            parts.append(str(number) if first == number else f"{first}-{number}")
            start = place + 1
    return ", ".join(parts) or "-"


def _suffix(arm: Arm, tables: Sequence[str], others: bool = False) -> str:
    """What an arm has on the axes of these tables (or of all others), in brackets."""
    said = [
        f"{key.rpartition('.')[2]}={value if isinstance(value, str) else canonical_json(value)}"
        for key, value in arm.axes.items()
        if key not in NAMED and key.startswith(tuple(tables)) is not others
    ]
    return f" [{', '.join(said)}]" if said else ""


def _of_recipe(arm: Arm) -> str:
    return _suffix(arm, (*OF_PROBLEMS, *OF_MODEL), others=True)


def _model_labels(shown: Sequence[tuple[SuiteCell, Mapping[str, Any]]]) -> dict[str, str]:
    """Model, as the suite names it -> label. Two models whose labels agree go by the names in the suite."""
    labels = {str(cell.arm.axes["model"]): str(summary["scores"]["model"]) for cell, summary in shown}
    return {name: label if list(labels.values()).count(label) == 1 else name for name, label in labels.items()}


def _labelled(cell: SuiteCell, summary: Mapping[str, Any], models: Mapping[str, str]) -> CellScores:
    scores, arm = CellScores.from_json(summary["scores"]), cell.arm
    return replace(
        scores,
        recipe=f"{scores.recipe}{_of_recipe(arm)}",
        domain=f"{scores.domain}{_suffix(arm, OF_PROBLEMS)}",
        model=f"{models[str(arm.axes['model'])]}{_suffix(arm, OF_MODEL)}",
    )


def _renamed(cell: SuiteCell) -> Planned:
    """The cell with its recipe called as in the report, so that what is said of recipes finds them."""
    config, suffix = cell.planned.config, _of_recipe(cell.arm)
    recipe = config.recipe.model_copy(
        update={
            "name": f"{config.recipe.name}{suffix}",
            "control_for": tuple(f"{name}{suffix}" for name in config.recipe.control_for),
            "controls": tuple(f"{name}{suffix}" for name in config.recipe.controls),
        }
    )
    renamed: RunConfig = config.model_copy(update={"recipe": recipe})
    return Planned(renamed, cell.seed)
