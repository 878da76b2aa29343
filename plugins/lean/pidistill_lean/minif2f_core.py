"""`minif2f-core`: the statements of MiniF2F that elaborate with Lean's core library and a short prelude.

Two files stand beside this module. `prelude.lean` takes the place of MiniF2F's header (`import Mathlib` and `open`s):
notation and definitions, each with the same meaning as Mathlib's, so that a proof under the prelude proves the same
claim. `minif2f_core.jsonl` has a line for every statement of MiniF2F: its name, whether it elaborates, and the first
error where it does not; `benchmarks/minif2f_core.py` finds that out and writes it. The statements themselves are the
data set's and are read from the hub or the user's file.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace
from importlib.resources import files

from pidistill.records import Problem

DATASET = "minif2f-core"
LIST = "minif2f_core.jsonl"
PRELUDE = "prelude.lean"


@dataclass(frozen=True)
class Entry:
    """What became of one statement of MiniF2F."""

    name: str
    elaborates: bool
    reason: str = ""
    """First line of the first error; empty where it elaborates."""


@functools.cache
def entries() -> tuple[Entry, ...]:
    """All statements of MiniF2F, in the order of its file."""
    text = files("pidistill_lean").joinpath(LIST).read_text("utf-8")
    return tuple(Entry(**json.loads(line)) for line in text.splitlines())


@functools.cache
def names() -> frozenset[str]:
    """Names of the statements that elaborate."""
    return frozenset(entry.name for entry in entries() if entry.elaborates)


@functools.cache
def prelude() -> str:
    """The header of every problem of `minif2f-core`."""
    return files("pidistill_lean").joinpath(PRELUDE).read_text("utf-8")


def core(problem: Problem) -> Problem:
    """A problem of MiniF2F under the prelude in place of its header."""
    return replace(problem, extra={**problem.extra, "header": prelude()})


def core_or_none(problem: Problem) -> Problem | None:
    """`core(problem)`, or None where the problem is not in the list."""
    return core(problem) if problem.id in names() else None
