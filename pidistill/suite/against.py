"""Two runs against each other, or two files of scores: the same problems under one and under the other, paired.

A run is a store, one arm of it (`STORE:ARM`), or a report's folder, which names its cells. What is compared is what
was measured after training, problem by problem and seed by seed; the tests, corrections and words are those of every
report, with the first run in the place of the base.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pidistill.errors import DataError, UsageError, did_you_mean
from pidistill.scores.read import load
from pidistill.stats.data import CellScores, ProblemScore
from pidistill.store.marker import MARKER
from pidistill.store.store import Store


@dataclass(frozen=True)
class Against:
    """Cells whose base is the first run and whose after is the second, and what could not be paired."""

    title: str
    cells: tuple[CellScores, ...]
    notes: tuple[str, ...]


def against(first: str, second: str, metric: str = "") -> Against:
    """Pair two runs or two files. Raises `UsageError` or `DataError` that name what does not fit."""
    runs = [_run(name) for name in (first, second)]
    title = f"{second} against {first}"
    if all(run is None for run in runs):
        loaded = load(Path(second), base=Path(first), metric=metric)
        return Against(title, loaded.cells, ())
    if runs[0] is None or runs[1] is None:
        file, run = (first, second) if runs[0] is None else (second, first)
        raise UsageError(
            f"{file} is a file of scores and {run} is a run.",
            f"Give two of a kind. A suite's scores by item: pidistill suite export FILE --to {Path(run).name}.jsonl",
        )
    one, other = (_arms(run) for run in (runs[0], runs[1]))
    pairs = _matched(one, other)
    if not pairs:
        raise DataError(
            f"{first} and {second} have no arm in common: {_listed(one)} there, {_listed(other)} here.",
            "Name one arm of each: STORE:ARM STORE:ARM",
        )
    notes = list[str]()
    for where, arms, used in ((first, one, {a for a, _ in pairs}), (second, other, {b for _, b in pairs})):
        if left := [name for name in arms if name not in used]:
            notes.append(f"Only in {where}: {_listed(left)}.")
    cells = list[CellScores]()
    for a, b in pairs:
        cells += _paired(a if a == b else f"{b} against {a}", one[a], other[b], notes)
    return Against(title, tuple(cells), tuple(notes))


def _run(name: str) -> list[CellScores] | None:
    """The cells of a run; None where `name` is a file of scores."""
    path = Path(name)
    if path.name in ("index.html", "report.json"):
        path = path.parent
    if (path / "report.json").is_file():
        return _of_report(path)
    if path.is_dir():
        return _of_store(path, "")
    folder, _, arm = name.rpartition(":")
    if folder and Path(folder).is_dir():
        return _of_store(Path(folder), arm)
    if path.is_file():
        return None
    raise UsageError(f"{name}: there is no such store, report or file.", "Give a store, STORE:ARM, a report or a file.")


def _of_store(root: Path, arm: str) -> list[CellScores]:
    if not (root / MARKER).exists():
        raise UsageError(f"{root} is no store, and holds no report.", "Give the folder that --store named.")
    with Store(root, read_only=True) as store:
        summaries = [summary for name in store.cells.names() if (summary := store.summary(name)) is not None]
    cells = [CellScores.from_json(summary["scores"]) for summary in summaries]
    if not cells:
        raise DataError(f"{root} holds no finished cell.", "Run one: pidistill run RECIPE --domain DOMAIN")
    known = {word for cell in cells for word in (cell.recipe, _name(cell))}
    if arm and arm not in known:
        raise UsageError(f"{root} has no arm {arm!r}.{did_you_mean(arm, known)}", f"Arms: {_listed(sorted(known))}.")
    return [cell for cell in cells if not arm or arm in (cell.recipe, _name(cell))]


def _of_report(folder: Path) -> list[CellScores]:
    """The cells of a report, called as it calls them."""
    try:
        told = json.loads((folder / "report.json").read_bytes()).get("cells")
    except ValueError as error:
        raise DataError(f"{folder / 'report.json'} cannot be read: {error}.", "Make the report anew.") from error
    root = folder.parent.parent
    if not told or not (root / MARKER).exists():
        raise UsageError(f"{folder}: this report does not lie in its store.", "Give the store, or STORE:ARM.")
    cells = list[CellScores]()
    with Store(root, read_only=True) as store:
        for cell in told:
            summary = store.summary(str(cell["name"]))
            if summary is None:
                raise DataError(f"{root}: cell {cell['name']} is not there any more.", "Make the report anew.")
            scores = CellScores.from_json(summary["scores"])
            cells.append(replace(scores, recipe=cell["recipe"], domain=cell["domain"], model=cell["model"]))
    return cells


def _arms(cells: Sequence[CellScores]) -> dict[str, list[CellScores]]:
    models, arms = {cell.model for cell in cells}, dict[str, list[CellScores]]()
    for cell in cells:
        arms.setdefault(_name(cell) + (f" / {cell.model}" if len(models) > 1 else ""), []).append(cell)
    for name, members in arms.items():
        if len({cell.seed for cell in members}) < len(members):
            raise DataError(
                f"{name}: the store holds several cells of a seed, with other settings.",
                "Give a report of each, which says which cells are meant.",
            )
    return arms


def _matched(one: dict[str, list[CellScores]], other: dict[str, list[CellScores]]) -> list[tuple[str, str]]:
    """Arms of one name, and where a domain has one further arm on either side, those two."""
    pairs = [(name, name) for name in one if name in other]
    left, right = ([name for name in arms if (name, name) not in pairs] for arms in (one, other))
    for name in left:
        domain = one[name][0].domain
        mine = [n for n in left if one[n][0].domain == domain]
        theirs = [n for n in right if other[n][0].domain == domain]
        if len(mine) == len(theirs) == 1:
            pairs.append((name, theirs[0]))
    return pairs


def _paired(
    name: str, one: Sequence[CellScores], other: Sequence[CellScores], notes: list[str]
) -> list[CellScores]:  # fmt: skip
    first, second = ({cell.seed: cell for cell in cells} for cells in (one, other))
    seeds = sorted(set(first) & set(second))
    if not seeds:
        raise DataError(
            f"{name}: no seed is in both: {_listed(sorted(first))} and {_listed(sorted(second))}.",
            "Run the same seeds: --seeds 0,1,2",
        )
    if left := sorted(set(first) ^ set(second)):
        notes.append(f"{name}: seeds in one of them only, and left out: {_listed(left)}.")
    cells, alone = list[CellScores](), set[str]()
    for seed in seeds:
        before = {problem.id: problem for problem in first[seed].problems}
        after = {problem.id: problem for problem in second[seed].problems}
        alone |= set(before) ^ set(after)
        common = tuple(
            ProblemScore(p.id, p.level, before[p.id].after, p.after, p.cluster)
            for p in second[seed].problems
            if p.id in before
        )
        if not common:
            raise DataError(f"{name}, seed {seed}: no held-out problem is in both.", "Evaluate both on the same data.")
        cells.append(replace(second[seed], recipe=name, model="", domain="", problems=common, stages=()))
    if alone:
        notes.append(f"{name}: {len(alone)} held-out problems are in one of them only, and are left out.")
    return cells


def _name(cell: CellScores) -> str:
    return f"{cell.recipe} / {cell.domain}"


def _listed(names: object) -> str:
    assert isinstance(names, Sequence | dict)
    shown = [str(name) for name in names]
    return ", ".join(shown[:8]) + (f" and {len(shown) - 8} more" if len(shown) > 8 else "") or "none"
