"""What `build.py` has to know of a domain to make its tiny model: where it lies, its corpus, its exam and its card.

A further domain is one entry in `DOMAINS`, and a module with a `TINY` of this kind; `build.py` stays as it is.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.tiny.corpus import Conversation
from benchmarks.tiny.measure import Exam
from benchmarks.tiny.tokenizer import PIECES
from benchmarks.tiny.training import Pretraining
from pidistill.records import JSON

DOMAINS: Final = {
    "math": "benchmarks.tiny.math_card",
    "code": "benchmarks.tiny.code_card",
    "lean": "benchmarks.tiny.lean_card",
}
"""Domain -> the module whose `TINY` describes its model."""


@dataclass(frozen=True)
class TinyDomain:
    """A domain's tiny model."""

    folder: Path
    """Where the domain's package ships it."""
    settings: Pretraining
    """Unless the command line says otherwise."""
    textbook: Callable[[int, int], Iterable[Conversation]]
    """(count, seed) -> the conversations of the first phase, which teaches the skill."""
    web: Callable[[int, int], Iterable[Conversation]]
    """(count, seed) -> the conversations of the second phase, which makes the habit."""
    exam: Exam
    """How it is measured."""
    card: Callable[[Pretraining, Mapping[str, JSON], Mapping[str, JSON]], str]
    """(settings, report of the exam, facts of the build) -> its README.md."""
    pieces: str = PIECES
    """Regular expression of the texts' pieces; the tokenizer merges within them, never across."""


def tiny_domain(name: str) -> TinyDomain:
    """The description of `name`, one of `DOMAINS`."""
    found = importlib.import_module(DOMAINS[name]).TINY
    assert isinstance(found, TinyDomain)
    return found
