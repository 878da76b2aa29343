"""Rows of math problems, from the hub or from a file, and what their columns mean.

The columns decide, not the file's name: the problem is in ``problem`` or ``question``; the reference is in
``answer``, after its ``####`` where it has one (GSM8K), else in the last box of ``solution`` (NuminaMath-CoT has no
answer column).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from pidistill.errors import DataError
from pidistill.records import JSON, Problem
from pidistill.rows import HubSet, Row, hub_rows, numbered, read_rows
from pidistill_math.extract import extract

_QUESTION: Final = ("problem", "question")
_CALCULATION = re.compile(r"<<[^<>\n]*>>")

HUB: Final[Mapping[str, HubSet]] = {
    "math500": HubSet("HuggingFaceH4/MATH-500", None, "test", "MATH-500: 500 competition problems, levels 1-5."),
    "gsm8k": HubSet("openai/gsm8k", "main", "test", "GSM8K: grade-school word problems, whole-number answers."),
    "numinamath": HubSet("AI-MO/NuminaMath-CoT", None, "train", "NuminaMath-CoT: 860,000 problems with solutions."),
    "numinamath-1.5": HubSet("AI-MO/NuminaMath-1.5", None, "train", "NuminaMath 1.5: the same, with an answer column."),
}


def from_hub(name: str, split: str, limit: int | None) -> Iterator[Problem]:
    """Problems of a data set of the hub. Raises `MissingDependencyError`, or `DataError` where it cannot be loaded."""
    known = HUB[name]
    split = split or known.split
    return _problems(hub_rows(name, known, split), name, split, f"{known.path}:{split}", limit)


def from_file(path: Path, split: str, limit: int | None) -> Iterator[Problem]:
    """Problems of a local file. Raises `DataError` naming file and row."""
    return _problems(read_rows(path), path.name.split(".")[0], split, str(path), limit)


def _problems(rows: Iterable[Row], name: str, split: str, source: str, limit: int | None) -> Iterator[Problem]:
    prefix = f"{name}/{split}" if split else name
    return numbered(
        rows, lambda row, number: problem_of(row, f"{prefix}/{number}", split, source, number), source, limit
    )


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
