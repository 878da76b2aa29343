"""Where code problems come from: data sets of the hub, and local files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from pidistill.errors import DataError, MissingDependencyError
from pidistill.records import Problem
from pidistill_code.files import Row, read_rows
from pidistill_code.rows import problem_of


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
    "humaneval": HubSet("openai/openai_humaneval", None, "test", "HumanEval: 164 functions from their docstrings."),
    "mbpp": HubSet("google-research-datasets/mbpp", "full", "test", "MBPP: 974 short functions, one test shown."),
    "mbpp-sanitized": HubSet(
        "google-research-datasets/mbpp", "sanitized", "test", "MBPP's 427 problems that were verified by hand."
    ),
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
    return _problems((row for row in rows), split, f"{known.path}:{split}", limit)


def from_file(path: Path, split: str, limit: int | None) -> Iterator[Problem]:
    """Problems of a local file (see `files`), those of `split` where it is named and the data has splits of its own.

    Raises `DataError` naming file and row.
    """
    found = _problems(read_rows(path), "", str(path), None)
    return islice((problem for problem in found if not split or problem.split in ("", split)), limit)


def _problems(rows: Iterable[Row], split: str, source: str, limit: int | None) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for number, row in enumerate(islice(rows, limit), 1):
        problem = problem_of(row, split, source, number)
        if problem.id in seen:
            raise DataError(f"{source}, row {number}: id {problem.id!r} is that of row {seen[problem.id]} already.")
        seen[problem.id] = number
        yield problem
