"""Configurations: one point of the law each, read from CSV, JSONL or TOML.

A configuration is a PI form on a base model in a domain, run with some seeds. `gap` is the self-teacher's mean score
minus the student's before training, `improvement` the change of the held-out score after it, both in percentage points
(or fractions, if every one of them lies within -1 to 1: a file says so with `unit = "fraction"`). What differs beside
the gap are confounders, kept as columns so that the fit can be asked whether they explain as much.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pidistill.config.read import read_toml
from pidistill.errors import DataError, did_you_mean
from pidistill.records import Record
from pidistill.rows import read_rows

CONFOUNDERS = ("context_tokens", "completion_tokens", "steps", "base", "seeds")
"""Columns that the fit is checked against, where a file has them for every configuration."""
TEXT = ("label", "family", "domain", "model", "form")
NEEDED = ("gap", "improvement")
COLUMNS = (*TEXT, *NEEDED, *CONFOUNDERS)


@dataclass(frozen=True)
class Configuration(Record):
    """One point."""

    label: str
    gap: float
    """In percentage points, as is `improvement`."""
    improvement: float
    family: str = ""
    """Of models; fits are made for each, and each is predicted from the others."""
    confounders: dict[str, float] = field(default_factory=dict)
    domain: str = ""
    """As the family: one is predicted from the others."""
    model: str = ""
    """The base. Configurations of one base have its accuracy and its pilot problems in common."""


def read_configurations(path: Path) -> tuple[Configuration, ...]:
    """The configurations in `path`. Raises `DataError` or `UsageError` naming file, row and column."""
    unit = "pp"
    if path.suffix == ".toml":
        tables = read_toml(path)
        unit, rows = str(tables.get("unit", "pp")), tables.get("configurations", [])
        if unit not in ("pp", "fraction"):
            raise DataError(f"{path}: unit is {unit!r}.", 'Say unit = "pp" or unit = "fraction".')
    elif path.suffix in (".csv", ".tsv"):
        rows = _csv(path)
    else:
        rows = list(read_rows(path))
    if not isinstance(rows, list) or not rows:
        raise DataError(f"{path}: no configurations.", "A row each: label, family, gap, improvement.")
    scale = 100.0 if unit == "fraction" else 1.0
    found = [_configuration(row, f"{path}, configuration {number}", scale) for number, row in enumerate(rows, 1)]
    labels = [c.label for c in found]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise DataError(f"{path}: configuration {twice!r} is there twice.", "Average its seeds into one row.")
    return tuple(found)


def _csv(path: Path) -> list[Mapping[str, Any]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
    except FileNotFoundError:
        raise DataError(f"No file {str(path)!r}.", "Give configurations as .csv, .jsonl or .toml.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {error}.", "Is it a text file in UTF-8?") from error


def _configuration(row: object, where: str, scale: float) -> Configuration:
    if not isinstance(row, Mapping):
        raise DataError(f"{where}: expected a table, got {type(row).__name__}.", "label, family, gap, improvement")
    unknown = [str(name) for name in row if name not in COLUMNS]
    if unknown:
        raise DataError(f"{where}: unknown column {unknown[0]!r}.{did_you_mean(unknown[0], COLUMNS)}",
                        f"Columns: {', '.join(COLUMNS)}")  # fmt: skip
    gap, improvement = (scale * _number(row, name, where) for name in NEEDED)
    parts = [str(row[name]) for name in ("form", "model", "domain") if row.get(name)]
    label = str(row.get("label") or " / ".join(parts) or where.rpartition(", ")[2])
    given = {name: _number(row, name, where) for name in CONFOUNDERS if row.get(name) not in (None, "")}
    family, domain = str(row.get("family") or row.get("model") or ""), str(row.get("domain") or "")
    return Configuration(label, gap, improvement, family, given, domain, str(row.get("model") or ""))


def _number(row: Mapping[str, Any], name: str, where: str) -> float:
    try:
        number = float(row[name])
    except KeyError:
        raise DataError(f"{where}: no {name!r}.", "Each needs gap and improvement.") from None
    except (TypeError, ValueError):
        raise DataError(f"{where}: {name} {row[name]!r} is no number.", "Give percentage points.") from None
    if not math.isfinite(number):
        raise DataError(f"{where}: {name} is {number}.", "Leave out what was not measured.")
    return number


def shared_confounders(configurations: Sequence[Configuration]) -> tuple[str, ...]:
    """Those that every configuration has and that are not the same for all."""
    return tuple(
        name
        for name in CONFOUNDERS
        if all(name in c.confounders for c in configurations) and len({c.confounders[name] for c in configurations}) > 1
    )
