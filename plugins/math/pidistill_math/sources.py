"""Rows of math problems, from the hub or from a file, and what their columns mean.

The columns decide, not the file's name: the problem is in ``problem`` or ``question``; the reference is in
``answer``, after its ``####`` where it has one (GSM8K), else in the last box of ``solution`` (NuminaMath-CoT has no
answer column).
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from pidistill.errors import DataError, MissingDependencyError
from pidistill.records import JSON, Problem
from pidistill_math.extract import extract

Row = Mapping[str, JSON]

_QUESTION: Final = ("problem", "question")
_CALCULATION = re.compile(r"<<[^<>\n]*>>")


@dataclass(frozen=True)
class HubSet:
    """A data set of the hub."""

    path: str
    """Repository of the hub."""
    config: str | None
    split: str
    """The split that is taken where none is named."""
    summary: str


HUB: Final[Mapping[str, HubSet]] = {
    "math500": HubSet("HuggingFaceH4/MATH-500", None, "test", "MATH-500: 500 competition problems, levels 1-5."),
    "gsm8k": HubSet("openai/gsm8k", "main", "test", "GSM8K: grade-school word problems, whole-number answers."),
    "numinamath": HubSet("AI-MO/NuminaMath-CoT", None, "train", "NuminaMath-CoT: 860,000 problems with solutions."),
    "numinamath-1.5": HubSet("AI-MO/NuminaMath-1.5", None, "train", "NuminaMath 1.5: the same, with an answer column."),
}


def from_hub(name: str, split: str, limit: int | None) -> Iterator[Problem]:
    """Problems of a data set of the hub. Raises `MissingDependencyError`, or `DataError` where it cannot be loaded."""
    known = HUB[name]
    try:
        import datasets
    except ImportError:
        raise MissingDependencyError("datasets", "train", f"Data set {name!r}") from None
    split = split or known.split
    try:
        rows = datasets.load_dataset(known.path, known.config, split=split)
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(
            f"Data set {name!r} ({known.path}, split {split!r}) cannot be loaded: {error}",
            "Without a network: download it elsewhere and name the file with data.path.",
        ) from error
    return _problems((row for row in rows), name, split, f"{known.path}:{split}", limit)


def from_file(path: Path, split: str, limit: int | None) -> Iterator[Problem]:
    """Problems of a local JSONL (also gzipped) or Parquet file. Raises `DataError` naming file and row."""
    if not path.is_file():
        raise DataError(f"No file {str(path)!r}.", "A data file is .jsonl, .jsonl.gz or .parquet.")
    rows = _parquet(path) if path.suffix == ".parquet" else _jsonl(path)
    return _problems(rows, path.name.split(".")[0], split, str(path), limit)


def _jsonl(path: Path) -> Iterator[Row]:
    number = 0
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise DataError(f"{path}, line {number}: expected an object, got {type(row).__name__}.")
                    yield row
    except json.JSONDecodeError as error:
        raise DataError(f"{path}, line {number}: not JSON: {error.msg} at column {error.colno}.") from None
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{path}, after line {number}: {error}") from error


def _parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingDependencyError("pyarrow", "train", f"Reading {path}") from None
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a Parquet file that can be read: {error}") from error


def _problems(rows: Iterator[Row], name: str, split: str, source: str, limit: int | None) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for number, row in enumerate(islice(rows, limit), 1):
        problem = problem_of(row, f"{name}/{split}/{number}" if split else f"{name}/{number}", split, source, number)
        if problem.id in seen:
            raise DataError(f"{source}, row {number}: id {problem.id!r} is that of row {seen[problem.id]} already.")
        seen[problem.id] = number
        yield problem


def problem_of(row: Row, default_id: str, split: str, source: str, number: int) -> Problem:
    """The problem in one row. Raises `DataError` naming `source` and the row's `number`."""
    question = next((row[key] for key in _QUESTION if row.get(key)), None)
    if not isinstance(question, str) or not question.strip():
        raise DataError(
            f"{source}, row {number}: no text in column {' or '.join(map(repr, _QUESTION))}.",
            f"Columns there: {', '.join(sorted(map(str, row))) or 'none'}",
        )
    answer, solution = row.get("answer"), row.get("solution")
    for column, value in (("answer", answer), ("solution", solution)):
        if value is not None and not isinstance(value, str | int | float):
            raise DataError(f"{source}, row {number}: column {column!r} holds {type(value).__name__}, not text.")
    reference = None if answer is None else str(answer).strip()
    worked = None if solution is None else str(solution)
    if reference is not None and "####" in reference:
        worked = worked or _CALCULATION.sub("", str(answer))
        reference = reference.rsplit("####", 1)[1].strip().replace(",", "")
    elif reference is None and worked is not None:
        reference = extract(worked, fallback=False).answer
    subject = row.get("subject", row.get("type"))
    return Problem(
        id=str(row.get("unique_id") or row.get("id") or default_id),
        domain="math",
        prompt=question,
        reference=reference,
        solution=worked,
        level=_level(row.get("level")),
        split=split,
        source=source,
        extra={"subject": subject} if isinstance(subject, str) else {},
    )


def _level(value: JSON) -> int | None:
    """`5`, `"5"` and `"Level 5"` are level 5; anything else is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    digits = re.search(r"\d+", value) if isinstance(value, str) else None
    return int(digits[0]) if digits else None
