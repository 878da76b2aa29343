"""Scores by item out of the logs of evaluation harnesses: lm-eval's sample files and Inspect's logs.

What a harness could not score, because the sample ended in an error, is an ERROR here and no zero.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pidistill.errors import DataError, did_you_mean

WORDS: Mapping[str, float] = {
    "c": 1.0, "i": 0.0, "p": 0.5, "n": 0.0, "true": 1.0, "false": 0.0, "correct": 1.0, "incorrect": 0.0,
    "pass": 1.0, "fail": 0.0, "yes": 1.0, "no": 0.0,
}  # fmt: skip
"""Inspect's values first: correct, incorrect, partial, no answer."""
UNSCORED = frozenset({"", "error", "abstain", "na", "n/a", "nan", "none", "null", "-"})
LATER_HALF = 'Name the one that is meant: metric = "NAME" in the arm\'s files, or --metric NAME'


@dataclass(frozen=True)
class Scored:
    """One sample of one item."""

    item: str
    score: float | None
    """None: it could not be scored."""
    content: str = ""
    """A hash of what was asked, where the harness tells one."""


def score_of(value: object, where: str) -> float | None:
    """A score in [0, 1] from what a file says; None for what was not scored. Raises `DataError` naming the place."""
    if isinstance(value, str):
        word = value.strip().casefold()
        if word in UNSCORED:
            return None
        if word in WORDS:
            return WORDS[word]
        try:
            value = float(word)
        except ValueError:
            raise DataError(f"{where}: {value!r} is no score.", "A score is a number from 0 to 1.") from None
    if value is None:
        return None
    if not isinstance(value, bool | int | float):
        raise DataError(f"{where}: {value!r:.60} is no score.", "A score is a number from 0 to 1.")
    number = float(value)
    if math.isnan(number):
        return None
    if not 0.0 <= number <= 1.0:
        raise DataError(f"{where}: a score of {number:g} does not lie in 0 to 1.", "Divide percentages by 100.")
    return number


def is_lm_eval(row: Mapping[str, Any]) -> bool:
    """Whether a row is one of lm-eval's logged samples."""
    return "doc_id" in row and ("filtered_resps" in row or "resps" in row)


def lm_eval(rows: Iterable[Mapping[str, Any]], path: Path, metric: str) -> Iterator[Scored]:
    """The samples of lm-eval's `--log_samples`. `metric` may name a filter, too, as lm-eval does: `NAME,FILTER`."""
    wanted, _, wanted_filter = metric.partition(",")
    kept = [row for row in rows if not wanted_filter or row.get("filter") == wanted_filter]
    filters = sorted({str(row.get("filter", "")) for row in kept})
    if len(filters) > 1:
        raise DataError(f"{path}: each document was scored under {len(filters)} filters: {', '.join(filters)}.",
                        f"Name metric and filter: metric = \"{wanted or 'exact_match'},{filters[0]}\"")  # fmt: skip
    if not kept:
        raise DataError(f"{path}: no sample has the filter {wanted_filter!r}.", "See the field `filter` of its rows.")
    names = _metrics(kept[0])
    name = _pick(names, wanted, path)
    for number, row in enumerate(kept, 1):
        where = f"{path}, sample {number}"
        if name not in row:
            raise DataError(f"{where}: no metric {name!r}.", f"It has {', '.join(_metrics(row)) or 'none'}.")
        yield Scored(str(row["doc_id"]), score_of(row[name], where), str(row.get("doc_hash", "")))


def _metrics(row: Mapping[str, Any]) -> list[str]:
    if isinstance(row.get("metrics"), list):
        return [str(name) for name in row["metrics"] if name in row]
    known = {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "doc_hash", "prompt_hash",
             "target_hash"}  # fmt: skip
    return [name for name, value in row.items() if name not in known and isinstance(value, bool | int | float)]


def inspect_samples(log: Mapping[str, Any], path: Path, metric: str) -> Iterator[Scored]:
    """The samples of one of Inspect's logs; `metric` names the scorer, or its value as `SCORER,VALUE`."""
    samples = log.get("samples")
    if not isinstance(samples, list) or not samples:
        status = log.get("status")
        raise DataError(f"{path}: a log of Inspect without samples (status {status!r}).", "Log them: --log-samples")
    scorer, _, part = metric.partition(",")
    names = list(dict.fromkeys(str(name) for sample in samples for name in (sample.get("scores") or {})))
    name = _pick(names, scorer, path)
    for number, sample in enumerate(samples, 1):
        where = f"{path}, sample {number} ({sample.get('id')!r})"
        if "id" not in sample:
            raise DataError(f"{where}: no id.", "Is it one of Inspect's logs?")
        found = (sample.get("scores") or {}).get(name)
        value = found.get("value") if isinstance(found, dict) else None
        if isinstance(value, dict):
            value = value[_pick([str(key) for key in value], part, path)]
        failed = bool(sample.get("error"))
        yield Scored(str(sample["id"]), None if failed else score_of(value, where))


def read_inspect(path: Path) -> dict[str, Any]:
    """An Inspect log, `.json` or `.eval`. Raises `DataError`."""
    try:
        if path.suffix == ".eval":
            with zipfile.ZipFile(path) as archive:
                members = [n for n in archive.namelist() if n.startswith("samples/") and n.endswith(".json")]
                return {"samples": [json.loads(archive.read(name)) for name in sorted(members)]}
        log = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: not a log of Inspect that can be read: {error}.", "Is the file whole?") from error
    if not isinstance(log, dict):
        raise DataError(f"{path}: expected a log of Inspect, got {type(log).__name__}.")
    return log


def _pick(names: list[str], wanted: str, path: Path) -> str:
    """The one of `names` that is wanted, or the only one."""
    if wanted:
        if wanted not in names:
            near = did_you_mean(wanted, names)
            raise DataError(f"{path}: no metric {wanted!r}.{near}", f"It has {', '.join(names) or 'none'}.")
        return wanted
    if len(names) != 1:
        raise DataError(f"{path}: {len(names)} metrics{': ' if names else ''}{', '.join(names)}.", LATER_HALF)
    return names[0]
