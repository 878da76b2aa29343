"""A domain's data sets by name: generated ones, those of the hub, and local files. One way to read all of them.

DATA = DataSets(
    "chess",
    problem_of,
    local="A JSONL, JSON or Parquet file with columns position and move.",
    generated={"endings": GeneratedSet("Generated endings; needs no network.", endings.problems)},
    hub={"lichess": HubSet("lichess/puzzles", None, "train", "Lichess: four million puzzles.")},
)

A source's levels and instruction are honoured for all of them alike. `problem_of` says what the columns of a row mean:
it makes a `Problem` of a `DataRow`, which also knows where the row stands and how errors name it. A local file is read
whole where no split is named; where one is, rows that say that they are of another split are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from pidistill.contracts import DataSource
from pidistill.errors import DataError, MissingDependencyError, did_you_mean
from pidistill.records import Problem
from pidistill.rows import Row, numbered, read_rows

LOCAL = "local"
"""The name that stands for any local file."""


@dataclass(frozen=True)
class DataRow:
    """A row of problem data, where it stands, and the questions that domains ask of its columns."""

    columns: Row
    source: str
    """The file, or the hub's repository and split."""
    number: int
    """From 1."""
    data: str = ""
    """Short name of the data: the data set's, or the file's without its endings."""
    asked_split: str = ""
    """The split that was asked for; empty for all of a file."""

    @property
    def where(self) -> str:
        """How messages name the row."""
        return f"{self.source}, row {self.number}"

    @property
    def split(self) -> str:
        """The split that the row itself names, else the one that was asked for."""
        return str(self.columns.get("split") or self.asked_split)

    @property
    def default_id(self) -> str:
        """An id for a row that has none."""
        return "/".join(part for part in (self.data, self.asked_split, str(self.number)) if part)

    def id(self, *names: str, default: str = "") -> str:
        """The first of the columns `names` that holds anything, as text; else `default`, else `default_id`."""
        found = (self.columns[name] for name in names if self.columns.get(name) not in (None, ""))
        return str(next(found, default or self.default_id))

    def text(self, *names: str) -> str:
        """The first of the columns `names` that holds text. Raises `DataError` where none does."""
        for name in names:
            if (found := self.text_or_none(name)) is not None and found.strip():
                return found
        raise self.wrong(f"no text in column {' or '.join(map(repr, names))}.", self.said)

    def text_or_none(self, *names: str, numbers: bool = False) -> str | None:
        """The first of the columns `names` that is there, as text; with `numbers`, one that holds a number will do.

        Raises `DataError` where it holds anything else.
        """
        name = next((name for name in names if self.columns.get(name) is not None), None)
        if name is None:
            return None
        value = self.columns[name]
        if isinstance(value, str) or (numbers and isinstance(value, int | float)):
            return str(value)
        raise self.wrong(f"column {name!r} holds a {type(value).__name__}, not text.")

    def level(self, name: str = "level") -> int | None:
        """`5`, `"5"` and `"Level 5"` are level 5; anything else is none."""
        value = self.columns.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        digits = re.search(r"\d+", value) if isinstance(value, str) else None
        return int(digits[0]) if digits else None

    def wrong(self, what: str, hint: str = "") -> DataError:
        """The error for this row."""
        return DataError(f"{self.where}: {what}", hint)

    @property
    def said(self) -> str:
        """The columns that are there, for a hint."""
        return f"Columns there: {', '.join(sorted(map(str, self.columns))) or 'none'}"


ProblemOf: TypeAlias = Callable[[DataRow], Problem]
"""Makes the problem in a row. Raises `DataError`, best with `DataRow.wrong`."""


@dataclass(frozen=True)
class GeneratedSet:
    """A data set that is generated on the spot."""

    summary: str
    problems: Callable[[str, int, int | None], Iterator[Problem]]
    """Called with split, seed and limit."""
    split: str = "test"
    """The split that is taken where none is named."""


@dataclass(frozen=True)
class HubSet:
    """A data set of the hub."""

    path: str
    """Repository of the hub."""
    config: str | None
    split: str
    """The split that is taken where none is named."""
    summary: str
    change: Callable[[Problem], Problem | None] | None = None
    """What becomes of each problem; None leaves it out. Applied to a local file that is read under this name, too."""


@dataclass(frozen=True)
class DataSets:
    """The data sets of a domain."""

    domain: str
    """What messages call the domain."""
    problem_of: ProblemOf
    local: str
    """One line on the columns of a local file."""
    generated: Mapping[str, GeneratedSet] = field(default_factory=dict)
    hub: Mapping[str, HubSet] = field(default_factory=dict)
    instructions: bool = False
    """Whether the domain's prompts say `Problem.extra["instruction"]`, so that a source's can take its place."""

    def summaries(self) -> dict[str, str]:
        """Data set name -> one line; what needs no network first, and `local` for any file last."""
        known: dict[str, GeneratedSet | HubSet] = {**self.generated, **self.hub}
        return {**{name: one.summary for name, one in known.items()}, LOCAL: self.local}

    def problems(self, source: DataSource) -> Iterator[Problem]:
        """The problems of `source`, in the data's order; `limit` counts those that are given.

        Raises `DataError` at once for a name that is not known, and later one that names file or data set and row;
        `MissingDependencyError` where reading needs a package that is not installed.
        """
        name, known = source.dataset, f"Data sets: {', '.join(self.summaries())}"
        if name and name not in self.summaries():
            raise DataError(
                f"The {self.domain} domain has no data set {name!r}.{did_you_mean(name, self.summaries())}", known
            )
        if source.path is None and name not in self.generated and name not in self.hub:
            raise DataError(
                f"The {self.domain} domain was given neither a data set nor a file.",
                f"{known}; or name a file with data.path.",
            )
        if source.instruction is not None and not self.instructions:
            raise DataError(
                f"The problems of the {self.domain} domain say the form of their answer in words of their own.",
                "Leave the data's instruction out.",
            )
        return self._told(self._found(source, self.generated.get(name), self.hub.get(name)), source.instruction)

    def _found(self, source: DataSource, made: GeneratedSet | None, known: HubSet | None) -> Iterator[Problem]:
        if source.path is not None:
            return self._from_file(source.path, source, known)
        if made is not None:
            split = source.split or made.split
            if source.levels:
                return self._at_levels(made, split, source)
            return made.problems(split, source.seed, source.limit)
        assert known is not None
        return self._from_hub(source.dataset, source, known)

    def _at_levels(self, made: GeneratedSet, split: str, source: DataSource) -> Iterator[Problem]:
        """Those of the problems that a generated set gives at most, since its own limit counts all levels."""
        found = 0
        for problem in made.problems(split, source.seed, None):
            if problem.level in source.levels:
                if found == source.limit:
                    return
                found += 1
                yield problem
        if not found or (source.limit is not None and found < source.limit):
            wanted = ", ".join(map(str, source.levels))
            raise DataError(
                f"Data set {source.dataset!r}, split {split!r}, has {found} problems of level {wanted} a seed, "
                f"{source.limit or 'some'} were asked for.",
                "Ask for fewer, or for more levels.",
            )

    @staticmethod
    def _told(problems: Iterator[Problem], instruction: str | None) -> Iterator[Problem]:
        if instruction is None:
            return problems
        return (replace(problem, extra={**problem.extra, "instruction": instruction}) for problem in problems)

    def _from_hub(self, name: str, source: DataSource, known: HubSet) -> Iterator[Problem]:
        split = source.split or known.split
        found = self._read(hub_rows(name, known, split), f"{known.path}:{split}", name, split)
        return islice(_at(_changed(found, known), source.levels), source.limit)

    def _from_file(self, path: Path, source: DataSource, known: HubSet | None) -> Iterator[Problem]:
        found = self._read(read_rows(path), str(path), path.name.split(".")[0], source.split)
        wanted = (problem for problem in found if not source.split or problem.split in ("", source.split))
        return islice(_at(_changed(wanted, known), source.levels), source.limit)

    def _read(self, rows: Iterable[Row], source: str, data: str, split: str) -> Iterator[Problem]:
        def problem(row: Row, number: int) -> Problem:
            return self.problem_of(DataRow(row, source, number, data, split))

        return numbered(rows, problem, source)


def _changed(problems: Iterator[Problem], known: HubSet | None) -> Iterator[Problem]:
    if known is None or known.change is None:
        return problems
    return (changed for problem in problems if (changed := known.change(problem)) is not None)


def _at(problems: Iterator[Problem], levels: Collection[int]) -> Iterator[Problem]:
    return (problem for problem in problems if problem.level in levels) if levels else problems


def file_rows(path: Path) -> Iterator[DataRow]:
    """The rows of a local file: JSONL, JSON, either with .gz, or Parquet. Raises `DataError` naming file and line."""
    for number, row in enumerate(read_rows(path), 1):
        yield DataRow(row, str(path), number, path.name.split(".")[0])


def hub_rows(name: str, known: HubSet, split: str) -> Iterator[Row]:
    """The rows of a split of a data set of the hub, known to its domain as `name`.

    Raises `MissingDependencyError`, or `DataError` where it cannot be loaded.
    """
    try:
        import datasets
    except ImportError:
        raise MissingDependencyError("datasets", "train", f"Data set {name!r}") from None
    try:
        rows = datasets.load_dataset(known.path, known.config, split=split)
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(
            f"Data set {name!r} ({known.path}, split {split!r}) cannot be loaded: {error}",
            "Without a network: download it elsewhere and name the file with data.path.",
        ) from error
    return iter(rows)
