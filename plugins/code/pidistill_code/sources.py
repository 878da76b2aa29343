"""Where code problems come from: data sets of the hub, and local files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from pidistill.records import Problem
from pidistill.rows import HubSet, Row, hub_rows, numbered, read_rows
from pidistill_code.rows import problem_of

HUB: Final[Mapping[str, HubSet]] = {
    "humaneval": HubSet("openai/openai_humaneval", None, "test", "HumanEval: 164 functions from their docstrings."),
    "mbpp": HubSet("google-research-datasets/mbpp", "full", "test", "MBPP: 974 short functions, one test shown."),
    "mbpp-sanitized": HubSet(
        "google-research-datasets/mbpp", "sanitized", "test", "MBPP's 427 problems that were verified by hand."
    ),
}


def from_hub(name: str, split: str, limit: int | None) -> Iterator[Problem]:
    """Problems of a data set of the hub. Raises `MissingDependencyError`, or `DataError` where it cannot be loaded."""
    known = HUB[name]
    split = split or known.split
    return _problems(hub_rows(name, known, split), split, f"{known.path}:{split}", limit)


def from_file(path: Path, split: str, limit: int | None) -> Iterator[Problem]:
    """Problems of a local file, those of `split` where it is named and the data has splits of its own.

    Raises `DataError` naming file and row.
    """
    found = _problems(read_rows(path), "", str(path), None)
    return islice((problem for problem in found if not split or problem.split in ("", split)), limit)


def _problems(rows: Iterable[Row], split: str, source: str, limit: int | None) -> Iterator[Problem]:
    return numbered(rows, lambda row, number: problem_of(row, split, source, number), source, limit)
