"""What a suite comes to before it is run: its cells, what of them is finished, and what the rest will take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pidistill.cell import stale
from pidistill.plugins import Manager
from pidistill.records import JSON
from pidistill.report.model import Rows
from pidistill.store.marker import MARKER
from pidistill.store.store import Store
from pidistill.suite.estimate import Estimate, Known, duration, estimate, known_cells
from pidistill.suite.executors.job import facts_of
from pidistill.suite.file import SuiteFile
from pidistill.suite.matrix import SuiteCell, cells, problems_of
from pidistill.suite.planned import look_up
from pidistill.suite.registry import registered_cell


@dataclass(frozen=True)
class SuitePlan:
    """A suite as it stands."""

    suite: SuiteFile
    cells: Sequence[SuiteCell]
    finished: frozenset[str]
    problems: Mapping[str, str]
    """Cell -> why it cannot be run, or not be gone on with, as it is."""
    estimates: Mapping[str, Estimate]
    """Of the cells that are to be run."""

    @property
    def to_run(self) -> list[SuiteCell]:
        """Cells that `suite run` would run."""
        return [cell for cell in self.cells if cell.id not in self.finished and cell.id not in self.problems]

    def lines(self) -> list[str]:
        """The sums, in words."""
        count, todo = len(self.cells), self.to_run
        bad = f", {len(self.problems)} cannot be run as they are" if self.problems else ""
        lines = [
            f"{count} cells: {len(self.finished)} in the store, {len(todo)} to be run{bad}. Store: {self.suite.store}"
        ]
        known = [self.estimates[cell.id] for cell in todo if self.estimates[cell.id].like]
        if known:
            tokens = sum(told.tokens or 0.0 for told in known)
            timed = [told.seconds for told in known if told.seconds is not None]
            hours = f", {duration(sum(timed))} one after another ({len(timed)} timed)" if timed else ""
            lines.append(
                f"About {tokens:,.0f} completion tokens{hours}, from finished cells like them; what cells share is "
                "made once, so it may be less."
            )
        if todo and len(known) < len(todo):
            lines.append(
                f"Of {len(todo) - len(known)} cells nothing is known: no cell of their domain and model is finished."
            )
        return lines

    def rows(self) -> Rows:
        """An arm a line."""
        groups: dict[tuple[str, str, str], list[SuiteCell]] = {}
        for cell in self.cells:
            axes = cell.arm.axes
            groups.setdefault((cell.arm.label, str(axes["domain"]), str(axes["model"])), []).append(cell)
        lines = []
        for arm, members in groups.items():
            told = [self.estimates[cell.id] for cell in members if cell.id in self.estimates]
            tokens = sum(one.tokens or 0.0 for one in told) if any(one.tokens is not None for one in told) else None
            timed = [one.seconds for one in told if one.seconds is not None]
            done = sum(cell.id in self.finished for cell in members)
            counted = "?" if told and tokens is None else f"{tokens or 0:,.0f}"
            took = "?" if told and not timed else duration(sum(timed))
            lines.append((" / ".join(arm), str(len(members)), str(done), counted, took))
        head = ("Arm", "Cells", "In the store", "Tokens to come", "Time to come")
        return Rows(f"Suite {self.suite.name}", head, tuple(lines), detail=False)

    def to_json(self) -> dict[str, JSON]:
        """All of it as plain values."""
        return {
            "suite": self.suite.name, "file_hash": self.suite.hash, "store": str(self.suite.store),
            "cells": [
                {"id": cell.id, "arm": cell.arm.label, "axes": dict(cell.arm.axes), "seed": cell.seed,
                 "finished": cell.id in self.finished, "problem": self.problems.get(cell.id, ""),
                 **_estimate(self.estimates.get(cell.id))}
                for cell in self.cells
            ],
        }  # fmt: skip


def plan_suite(suite: SuiteFile, manager: Manager) -> SuitePlan:
    """What a suite comes to. Opens no model, and makes no store."""
    planned = cells(suite)
    wrong = problems_of(planned, manager)
    problems = {cell.id: wrong[id(cell.arm)] for cell in planned if wrong[id(cell.arm)]}
    finished, known = dict[str, Any](), list[Known]()
    if (suite.store / MARKER).exists():
        with Store(suite.store, read_only=True) as store:
            sound = [cell.planned for cell in planned if cell.id not in problems]
            found, changed = look_up(sound, store, manager, renew=False, as_is=False)
            problems |= {name: " ".join(str(stale({name: told})).split()) for name, told in changed.items()}
            finished = {name: summary for name, summary in found.items() if name not in changed}
        known = list(known_cells(suite.store))
        timed = {one.cell.id for one in known}
        known += [
            Known(registered_cell(cell), facts_of(finished[cell.id]))
            for cell in planned
            if cell.id in finished and cell.id not in timed
        ]
    todo = [registered_cell(cell) for cell in planned if cell.id not in finished and cell.id not in problems]
    return SuitePlan(suite, planned, frozenset(finished), problems, estimate(todo, known))


def _estimate(told: Estimate | None) -> dict[str, JSON]:
    return {} if told is None else {"tokens": told.tokens, "seconds": told.seconds, "estimated_from": told.like}
