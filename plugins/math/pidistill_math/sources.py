"""What the columns of math problems mean, and the data sets that are known by name.

The columns decide, not the file's name: the problem is in ``problem`` or ``question``; the reference is in
``answer``, after its ``####`` where it has one (GSM8K), else in the last box of ``solution`` (NuminaMath-CoT has no
answer column).
"""

from __future__ import annotations

import re
from typing import Final

from pidistill.authoring.data import DataRow, DataSets, GeneratedSet, HubSet
from pidistill.records import Problem
from pidistill_math import arithmetic, basics
from pidistill_math.extraction.extract import extract

_CALCULATION = re.compile(r"<<[^<>\n]*>>")


def problem_of(row: DataRow) -> Problem:
    """The problem in one row. Raises `DataError` naming the row."""
    question = row.text("problem", "question")
    reference, worked = (row.text_or_none(column, numbers=True) for column in ("answer", "solution"))
    if reference is not None and "####" in reference:
        worked = worked or _CALCULATION.sub("", reference)
        reference = reference.rsplit("####", 1)[1].replace(",", "")
    elif reference is None and worked is not None:
        reference = extract(worked, fallback=False).answer
    subject = row.columns.get("subject", row.columns.get("type"))
    return Problem(
        id=row.id("unique_id", "id"),
        domain="math",
        prompt=question,
        reference=None if reference is None else reference.strip(),
        solution=worked,
        level=row.level(),
        split=row.split,
        source=row.source,
        extra={"subject": subject} if isinstance(subject, str) else {},
    )


DATA: Final = DataSets(
    "math",
    problem_of,
    local="A JSONL or Parquet file: problem or question, answer, and optionally solution, level, unique_id.",
    generated={
        "arithmetic": GeneratedSet(
            "Generated arithmetic with worked steps, levels 1-5; needs no network.", arithmetic.problems
        ),
        "basics": GeneratedSet("Generated one-step problems, each level another task; no network.", basics.problems),
    },
    hub={
        "math500": HubSet("HuggingFaceH4/MATH-500", None, "test", "MATH-500: 500 competition problems, levels 1-5."),
        "gsm8k": HubSet("openai/gsm8k", "main", "test", "GSM8K: grade-school word problems, whole-number answers."),
        "numinamath": HubSet("AI-MO/NuminaMath-CoT", None, "train", "NuminaMath-CoT: 860,000 problems with solutions."),
        "numinamath-1.5": HubSet(
            "AI-MO/NuminaMath-1.5", None, "train", "NuminaMath 1.5: the same, with an answer column."
        ),
    },
    instructions=True,
)
