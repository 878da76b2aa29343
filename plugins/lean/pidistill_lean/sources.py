"""Where Lean problems come from: MiniF2F on the hub, and local files with the columns that Lean data sets use.

| a row's column | what it holds |
|---|---|
| `statement` or `formal_statement` | the theorem, with `sorry`, `:= by` or nothing for its proof |
| `header` | imports, `open`s and options in front of it; where there is none, those that the statement begins with |
| `proof`, `solution` or `formal_proof` | a reference proof: the whole theorem, or what follows `:= by` |
| `target` | the theorem's full name; else the last one that the statement declares |
| `name` or `id`, `split`, `level`, `informal_prefix` | as they say; the prefix is a comment shown in the prompt |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from pidistill.errors import DataError
from pidistill.records import Problem
from pidistill.rows import HubSet, Row, hub_rows, numbered, read_rows
from pidistill_lean.extract import extract, head_of

HUB: Final[Mapping[str, HubSet]] = {
    "minif2f": HubSet("cat-searcher/minif2f-lean4", None, "test", "MiniF2F in Lean 4 with Mathlib: 244 test problems."),
}
_STATEMENTS: Final = ("statement", "formal_statement")
_PROOFS: Final = ("proof", "solution", "formal_proof")
_HEADER = re.compile(r"(?:[ \t]*(?:(?:import|open|set_option)\b[^\n]*)?\n)*")
_COMMENT = re.compile(r"/-.*?-/|--[^\n]*", re.DOTALL)
_NAME = re.compile(r"\b(?:theorem|lemma)\s+(«[^»]+»|[^\s:({\[⦃]+)")


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


def problem_of(row: Row, split: str, source: str, number: int) -> Problem:
    """The problem in a row. Raises `DataError` naming the row and what is wrong with it."""
    where = f"{source}, row {number}"
    text = next((value for column in _STATEMENTS if (value := _text(row, column, where))), "")
    if not text.strip():
        raise DataError(f"{where}: no column {' or '.join(_STATEMENTS)}.", f"Its columns: {', '.join(row)}")
    header, statement = _text(row, "header", where), f"{text.strip()}\n"
    if not header:
        match = _HEADER.match(statement)
        header, statement = (match[0], statement[match.end() :]) if match else ("", statement)
    statement = with_sorry(statement)
    target = _text(row, "target", where) or declared(statement)
    if not target:
        raise DataError(f"{where}: its statement declares no theorem.")
    proof = next((value for column in _PROOFS if (value := _text(row, column, where))), "")
    name = str(row.get("name") or row.get("id") or target)
    level = row.get("level")
    return Problem(
        id=name,
        domain="lean",
        prompt=_text(row, "informal_prefix", where).strip("\n") + "\n" * bool(row.get("informal_prefix")) + statement,
        reference=statement,
        solution=extract(proof, target, statement).source if proof.strip() else None,
        level=level if isinstance(level, int) else None,
        split=str(row.get("split") or split),
        source=source,
        extra={"target": target, "header": header.strip("\n") + "\n" if header.strip() else ""},
    )


_PROVED = re.compile(r"\bsorry(\s+end\b[^\n]*)*$")


def with_sorry(statement: str) -> str:
    """The statement with `sorry` for its proof, however it ends: a `sorry` behind which only `end`s stand is one."""
    text = statement.strip()
    return text if _PROVED.search(text) else f"{head_of(text)}\n  sorry"


def declared(statement: str) -> str:
    """The name of the last theorem that a text declares outside of comments; '' where there is none."""
    found = _NAME.findall(_COMMENT.sub("", statement))
    return str(found[-1]) if found else ""


def _text(row: Row, column: str, where: str) -> str:
    value = row.get(column)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{where}: column {column!r} holds a {type(value).__name__}, not a text.")
    return value
