"""Rows of data files, and problems made of rows. What their columns mean is a domain's business: see `authoring.data`.

rows = read_rows(Path("problems.jsonl"))
problems = numbered(rows, lambda row, number: Problem(...), "problems.jsonl", limit)
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TextIO, TypeAlias, cast

from pidistill.errors import DataError, MissingDependencyError
from pidistill.records import JSON, Problem

Row: TypeAlias = Mapping[str, JSON]


def numbered(
    rows: Iterable[Row], problem_of: Callable[[Row, int], Problem], source: str, limit: int | None = None
) -> Iterator[Problem]:
    """`problem_of(row, number)` of the first `limit` rows, from 1. Raises `DataError` where an id comes twice."""
    seen: dict[str, int] = {}
    for number, row in enumerate(islice(rows, limit), 1):
        problem = problem_of(row, number)
        if problem.id in seen:
            raise DataError(f"{source}, row {number}: id {problem.id!r} is that of row {seen[problem.id]} already.")
        seen[problem.id] = number
        yield problem


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of `path`, in order. A `.json` file holds one list. Raises `DataError` naming file and line."""
    if not path.is_file():
        raise DataError(f"No file {str(path)!r}.", "A data file is .jsonl, .json, either with .gz, or .parquet.")
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if suffix == ".parquet":
        return _parquet(path)
    return _text(path, whole=suffix == ".json")


def _text(path: Path, whole: bool) -> Iterator[Row]:
    number = 0
    try:
        with _open(path) as lines:
            if whole:
                rows = json.load(lines)
                if not isinstance(rows, list):
                    raise DataError(f"{path}: expected a list of objects, got {type(rows).__name__}.")
                for number, row in enumerate(rows, 1):
                    yield _object(row, f"{path}, row {number}")
                return
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _object(json.loads(line), f"{path}, line {number}")
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}, line {number or error.lineno}: not JSON: {error.msg} at column {error.colno}."
        ) from None
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{path}, after line {number}: {error}") from error


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8"))
    return path.open(encoding="utf-8")


def _object(row: object, where: str) -> Row:
    if not isinstance(row, dict):
        raise DataError(f"{where}: expected an object, got {type(row).__name__}.")
    return row


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
