"""From a file to a sheet: TOML as it stands, CSV and JSONL by their columns.

Rows of a CSV or JSONL file are one seed each (`arm`, `seed`, and `delta` or `base` and `after`, in percent), or one
item each (`arm`, `seed`, `item`, and `base` and `after`, or `score` with an arm that is the baseline, from 0 to 1).
Every error names the file and the line.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from pidistill.config.read import build, read_toml
from pidistill.errors import DataError, UsageError, did_you_mean
from pidistill.records import content_hash
from pidistill.rows import read_rows
from pidistill.scores.harness import Scored, inspect_samples, is_lm_eval, lm_eval, read_inspect, score_of
from pidistill.scores.sheet import ArmSheet, Sheet
from pidistill.stats.data import CellScores, ProblemScore, Side

COLUMNS = ("arm", "seed", "item", "score", "base", "after", "delta", "cluster", "level")
BASELINE = "base"


@dataclass(frozen=True)
class Loaded:
    """A sheet, and the cells of the arms whose scores came by item."""

    sheet: Sheet
    cells: tuple[CellScores, ...]


def load(path: Path, *, base: Path | None = None, metric: str = "", baseline: str = BASELINE) -> Loaded:
    """What `path` says. With `base`, both are scores by item of one run. Raises `UsageError` or `DataError`."""
    if base is not None:
        cells = [_cell(path.stem, "0", _scores(base, metric), _scores(path, metric), f"{path} against {base}")]
        return Loaded(Sheet.model_construct(arms=(), title=f"{path.name} against {base.name}"), tuple(cells))
    if path.suffix == ".toml":
        sheet = build(Sheet, read_toml(path), str(path))
        cells = [cell for arm in sheet.arms if arm.files is not None for cell in _of_files(arm, path.parent)]
        return Loaded(sheet, tuple(cells))
    rows = _rows(path)
    first = rows[0]
    if is_lm_eval(first) or path.suffix == ".eval":
        raise UsageError(
            f"{path} holds one run's scores, and nothing to compare them with.",
            f"Name the run before training: pidistill stats {path} --base FILE",
        )
    _check_columns(path, first)
    return _by_item(path, rows, baseline) if "item" in first else _by_seed(path, rows)


def _rows(path: Path) -> list[Mapping[str, Any]]:
    if path.suffix not in (".csv", ".tsv"):
        rows: list[Mapping[str, Any]] = list(read_rows(path))
    else:
        try:
            text = path.read_text("utf-8-sig")
        except FileNotFoundError:
            raise DataError(f"No file {str(path)!r}.", "Give a .toml, .csv, .tsv, .jsonl or .json file.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: {error}.", "Is it a text file in UTF-8?") from error
        delimiter = "\t" if path.suffix == ".tsv" else ";" if text.partition("\n")[0].count(";") else ","
        reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, strict=True)
        try:
            rows = [{str(k).strip().casefold(): v for k, v in row.items()} for row in reader]
        except csv.Error as error:
            raise DataError(f"{path}, line {reader.line_num}: {error}.", "Is a quotation mark missing?") from None
        for number, row in enumerate(rows, 2):
            if "none" in row or None in row.values():
                raise DataError(
                    f"{path}, line {number}: not as many fields as the header has columns.", "Mend the row."
                )
    if not rows:
        raise DataError(f"{path}: no rows.", "Its first line names the columns: arm,seed,base,after")
    return rows


def _check_columns(path: Path, first: Mapping[str, Any]) -> None:
    unknown = [name for name in first if name not in COLUMNS]
    needed = {"delta"} <= set(first) or {"base", "after"} <= set(first) or {"item", "score"} <= set(first)
    if unknown or not needed:
        what = f"unknown column {unknown[0]!r}.{did_you_mean(unknown[0], COLUMNS)}" if unknown else "no scores."
        raise DataError(f"{path}: {what}", "Columns: arm, seed, and delta, or base and after; by item: item, too.")


def _by_seed(path: Path, rows: Sequence[Mapping[str, Any]]) -> Loaded:
    arms: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows, 2 if path.suffix in (".csv", ".tsv") else 1):
        where = f"{path}, line {number}"
        arm = arms.setdefault(str(row.get("arm") or path.stem), {"seeds": [], "deltas": []})
        delta = _number(row["delta"], where) if "delta" in row else (
            _number(row["after"], where) - _number(row["base"], where)
        )  # fmt: skip
        arm["deltas"].append(round(delta, 10))
        seed = str(row.get("seed", "")) or str(len(arm["deltas"]))
        if seed in arm["seeds"]:
            raise DataError(f"{where}: seed {seed!r} is given twice: it is no replication.", "Give each seed once.")
        arm["seeds"].append(seed)
    named = all(str(row.get("seed", "")) for row in rows)
    tables = [{"name": name, "deltas": a["deltas"], **({"seeds": a["seeds"]} if named else {})}
              for name, a in arms.items()]  # fmt: skip
    return Loaded(build(Sheet, {"title": path.stem, "arms": tables}, str(path)), ())


def _number(value: object, where: str) -> float:
    try:
        return float(str(value).strip().replace("−", "-").removesuffix("pp").removesuffix("%"))
    except ValueError:
        raise DataError(f"{where}: {value!r} is no number.", "Give percent, or percentage points.") from None


def _by_item(path: Path, rows: Sequence[Mapping[str, Any]], baseline: str) -> Loaded:
    """Cells from one row per item: with their own base, or with an arm that is everyone's."""
    runs: dict[tuple[str, str], list[tuple[Scored, Scored | None, Mapping[str, Any]]]] = defaultdict(list)
    for number, row in enumerate(rows, 2 if path.suffix in (".csv", ".tsv") else 1):
        where, item = f"{path}, line {number}", str(row["item"])
        key = str(row.get("arm") or path.stem), str(row.get("seed") or "0")
        if "score" in row:
            runs[key].append((Scored(item, score_of(row["score"], where)), None, row))
        else:
            sides = [Scored(item, score_of(row.get(side), where)) for side in ("after", "base")]
            runs[key].append((sides[0], sides[1], row))
    of_base: dict[str, list[Scored]] = {}
    if "score" in rows[0]:
        of_base = {seed: [one for one, _, _ in runs.pop((arm, seed))] for arm, seed in list(runs) if arm == baseline}
        if not of_base:
            arms = sorted({arm for arm, _ in runs})
            raise UsageError(f"{path}: no arm is called {baseline!r}, so there is nothing to compare with.",
                             f"Name the baseline: --baseline {arms[0]}")  # fmt: skip
    cells: list[CellScores] = []
    for (arm, seed), found in runs.items():
        own = [b for _, b, _ in found if b is not None]
        before = own or of_base.get(seed, next(iter(of_base.values()), []))
        extra = {str(row["item"]): row for _, _, row in found}
        cells.append(_cell(arm, seed, before, [s for s, _, _ in found], f"{path}, arm {arm!r}, seed {seed}", extra))
    if not cells:
        raise UsageError(f"{path}: the baseline {baseline!r} is its only arm.", "There is nothing to compare it with.")
    return Loaded(Sheet.model_construct(arms=(), title=path.stem), tuple(cells))


def _of_files(arm: ArmSheet, folder: Path) -> Iterable[CellScores]:
    assert arm.files is not None
    base = _scores(folder / arm.files.base, arm.files.metric)
    for seed, file in arm.files.after.items():
        after = _scores(folder / file, arm.files.metric)
        yield _cell(arm.name, seed, base, after, f"{folder / file} against {folder / arm.files.base}")


def _scores(path: Path, metric: str) -> list[Scored]:
    """All samples of one run."""
    if path.suffix == ".eval":
        return list(inspect_samples(read_inspect(path), path, metric))
    if path.suffix == ".json":
        log = read_inspect(path) if path.read_text("utf-8", "replace").lstrip().startswith("{") else {}
        if "samples" in log or "eval" in log:
            return list(inspect_samples(log, path, metric))
    rows = _rows(path)
    if is_lm_eval(rows[0]):
        return list(lm_eval(rows, path, metric))
    names = [name for name in (metric, "score", "after") if name in rows[0]]
    if "item" not in rows[0] or not names:
        raise DataError(f"{path}: neither lm-eval's samples, nor a log of Inspect, nor rows with item and score.",
                        "Columns of a file of one run: item, score")  # fmt: skip
    return [Scored(str(row["item"]), score_of(row[names[0]], f"{path}, row {n}")) for n, row in enumerate(rows, 1)]


def _cell(
    arm: str, seed: str, base: Sequence[Scored], after: Sequence[Scored], where: str,
    extra: Mapping[str, Mapping[str, Any]] | None = None,
) -> CellScores:  # fmt: skip
    """A cell from the samples of both sides, paired by item."""
    sides = [_sides(samples) for samples in (base, after)]
    missing = [name for name in chain(*sides) if name not in sides[0] or name not in sides[1]]
    if missing:
        raise DataError(f"{where}: item {missing[0]!r} is on one side alone ({len(missing)} such).",
                        "Both runs need the same items, under the same names.")  # fmt: skip
    contents = [{s.item: s.content for s in samples if s.content} for samples in (base, after)]
    changed = [name for name, text in contents[0].items() if contents[1].get(name, text) != text]
    if changed:
        raise DataError(f"{where}: item {changed[0]!r} is another document on each side ({len(changed)} such).",
                        "Both runs need the same version of the task.")  # fmt: skip
    rows = extra or {}
    problems = tuple(
        ProblemScore(name, _level(rows.get(name, {})), sides[0][name], sides[1][name],
                     str(rows.get(name, {}).get("cluster") or ""))
        for name in sorted(sides[0])
    )  # fmt: skip
    number = int(seed) if seed.isdigit() else int(content_hash(seed)[:8], 16)
    return CellScores(arm, "", "", number, problems)


def _level(row: Mapping[str, Any]) -> int | None:
    text = str(row.get("level") or "")
    return int(text) if text.lstrip("-").isdigit() else None


def _sides(samples: Sequence[Scored]) -> dict[str, Side]:
    by_item: dict[str, list[float | None]] = defaultdict(list)
    for sample in samples:
        by_item[sample.item].append(sample.score)
    sides = {}
    for item, scores in by_item.items():
        judged = [score for score in scores if score is not None]
        passed = sum(score >= 1.0 for score in judged)
        statuses = {"PASS": passed, "FAIL": len(judged) - passed, "ERROR": len(scores) - len(judged)}
        mean = sum(judged) / len(judged) if judged else None
        sides[item] = Side(mean, {name: n for name, n in statuses.items() if n}, 0.0, 0.0)
    return sides
