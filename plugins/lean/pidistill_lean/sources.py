"""What the columns of Lean data sets mean, and the data sets that are known by name.

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
from typing import Final

from pidistill.authoring.data import DataRow, DataSets, GeneratedSet, HubSet
from pidistill.records import Problem
from pidistill_lean import minif2f_core, theorems
from pidistill_lean.extraction.extract import extract, head_of

_HEADER = re.compile(r"(?:[ \t]*(?:(?:import|open|set_option)\b[^\n]*)?\n)*")
_COMMENT = re.compile(r"/-.*?-/|--[^\n]*", re.DOTALL)
_NAME = re.compile(r"\b(?:theorem|lemma)\s+((?:(?:«[^»]+»|[^\s:({\[⦃.«]+)\.)*(?:«[^»]+»|[^\s:({\[⦃.«]+))")
"""A theorem's name, part by part; the dot of its universe names, as in `t.{u}`, is no part of it."""


def problem_of(row: DataRow) -> Problem:
    """The problem in a row. Raises `DataError` naming the row and what is wrong with it."""
    header, statement = row.text_or_none("header"), f"{row.text('statement', 'formal_statement').strip()}\n"
    if not header:
        match = _HEADER.match(statement)
        header, statement = (match[0], statement[match.end() :]) if match else ("", statement)
    statement = with_sorry(statement)
    target = row.text_or_none("target") or declared(statement)
    if not target:
        raise row.wrong("its statement declares no theorem.")
    proof = next((text for column in ("proof", "solution", "formal_proof") if (text := row.text_or_none(column))), "")
    prefix = row.text_or_none("informal_prefix")
    return Problem(
        id=row.id("name", "id", default=target),
        domain="lean",
        prompt=f"{prefix.strip(chr(10))}\n{statement}" if prefix else statement,
        reference=statement,
        solution=extract(proof, target, statement).source if proof.strip() else None,
        level=row.level(),
        split=row.split,
        source=row.source,
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


_MINIF2F: Final = "cat-searcher/minif2f-lean4"

DATA: Final = DataSets(
    "Lean",
    problem_of,
    local="A JSONL, JSON or Parquet file with columns statement or formal_statement, header and proof.",
    generated={
        "theorems": GeneratedSet(
            "Generated theorems of Lean's core library, levels 1-5; needs no network and no Mathlib.",
            theorems.problems,
        ),
    },
    hub={
        minif2f_core.DATASET: HubSet(
            _MINIF2F, None, "test", "MiniF2F's statements that need no Mathlib, with a short prelude of notation.",
            change=minif2f_core.core_or_none,
        ),
        "minif2f": HubSet(_MINIF2F, None, "test", "MiniF2F in Lean 4 with Mathlib: 244 test problems."),
    },
)  # fmt: skip
