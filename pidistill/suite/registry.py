"""Suites are registered before they run: what was planned stands in the store before anything of it is known.

    suites/<name>-<hash of the file>/registered.json   arms, seeds, held-out problems, cells; what was finished by then
                                     suite.toml        the file, as it was
                                     board.jsonl       what became of the cells (`board.py`)
                                     logs/, progress/  of their processes

A registration is written once and never changed. A file that is edited is another suite, with a registration of its
own; cells that both name are the same cells, and are made once. Where it comes to just the cells of an earlier one (a
comment was added, or a worker), the plan is as old as that, and so is what was known by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pidistill import __version__
from pidistill.records import JSON
from pidistill.store.files import DamagedFile, read_json, set_aside, write_json, writing
from pidistill.suite.file import SuiteFile
from pidistill.suite.matrix import SuiteCell

FILE = "registered.json"


@dataclass(frozen=True)
class RegisteredCell:
    """A cell as it was planned."""

    id: str
    arm: str
    """The arm's label."""
    domain: str
    model: str
    seed: int


@dataclass(frozen=True)
class Registration:
    """What was planned, and when."""

    folder: Path
    title: str
    file_hash: str
    at: str
    """Since when these cells are planned: UTC, ISO 8601."""
    cells: tuple[RegisteredCell, ...]
    held_out: tuple[Mapping[str, JSON], ...]
    """The held-out problems as the file names them: domain, and the fields of `data.evaluate` and `evaluate`."""
    finished_before: frozenset[str]
    """Cells that were finished when the suite was registered."""

    @property
    def name(self) -> str:
        return self.folder.name


def registered_cell(cell: SuiteCell) -> RegisteredCell:
    """What is written down of a cell."""
    return RegisteredCell(
        cell.id, cell.arm.label, str(cell.arm.axes["domain"]), str(cell.arm.axes["model"]), cell.seed
    )  # fmt: skip


def suite_folder(suite: SuiteFile, root: Path) -> Path:
    """Where a suite's registration lies in the store at `root`."""
    return root / "suites" / f"{suite.name}-{suite.hash[:8]}"


def register(suite: SuiteFile, cells: Sequence[SuiteCell], root: Path) -> Registration:
    """The registration of a suite in the store at `root`, written now where there is none. Raises `StoreError`."""
    folder = suite_folder(suite, root)
    if (found := read_registration(folder, root)) is not None:
        return found
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "suite.toml").write_text(suite.text, "utf-8")
    done = [cell.id for cell in cells if (root / "cells" / cell.id / "summary.json").exists()]
    planned_at = now = datetime.now(UTC).isoformat(timespec="seconds")
    if (earlier := _same_plan(cells, root)) is not None:
        done, planned_at = sorted(earlier.finished_before), earlier.at
    arms = {cell.arm.label: {"label": cell.arm.label, "axes": dict(cell.arm.axes)} for cell in cells}
    told: dict[str, Any] = {
        "title": suite.title,
        "file": str(suite.path),
        "file_hash": suite.hash,
        "pidistill": __version__,
        "at": now,
        "planned_at": planned_at,
        "arms": list(arms.values()),
        "seeds": sorted({cell.seed for cell in cells}),
        "held_out": held_out(cells),
        "cells": [
            asdict(registered_cell(cell)) for cell in cells
        ],
        "finished_before": done,
    }  # fmt: skip
    write_json(folder / FILE, told)
    registered = read_registration(folder, root)
    assert registered is not None
    return registered


def _same_plan(cells: Sequence[SuiteCell], root: Path) -> Registration | None:
    """The earliest registration of just these cells."""
    wanted = {cell.id for cell in cells}
    found = [read_registration(folder) for folder in (root / "suites").glob("*/")]
    same = [one for one in found if one is not None and {cell.id for cell in one.cells} == wanted]
    return min(same, key=lambda one: one.at) if same else None


def read_registration(folder: Path, root: Path | None = None) -> Registration | None:
    """The registration in a folder; None where there is none. A damaged one is set aside where `root` is given."""
    if not (folder / FILE).exists():
        return None
    try:
        data = read_json(folder / FILE)
    except DamagedFile:
        if root is not None:
            set_aside(folder / FILE, root)
        return None
    cells = tuple(RegisteredCell(**cell) for cell in data["cells"])
    told, before = tuple(data["held_out"]), frozenset(data["finished_before"])
    return Registration(folder, data["title"], data["file_hash"], data["planned_at"], cells, told, before)


def held_out(cells: Sequence[SuiteCell]) -> list[JSON]:
    """The held-out sets that the arms name, each once."""
    sets: list[JSON] = []
    for arm in {id(cell.arm): cell.arm for cell in cells}.values():
        if (config := arm.config) is None:
            continue
        told: dict[str, Any] = {
            "domain": config.domain,
            **config.data.evaluate.model_dump(mode="json", exclude_defaults=True),
            "samples": config.evaluate.samples,
        }
        if told not in sets:
            sets.append(told)
    return sets
