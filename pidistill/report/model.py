"""What a report is made of: tables of text, and what the caller knows beside the scores.

A `Table` is finished text with a tone per cell; the terminal, Markdown and HTML renderers show the same one, so they
cannot disagree. Text made here is plain ASCII; names that come from the user stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pidistill.report.browser import Browser, Shown

WRAP = 60
"""Longest line of a wrapped column in a plain table, in characters."""
Tone = Literal["", "gain", "loss", "none", "unreplicated", "dim", "warn"]
"""What a cell's text means, for renderers that have colours."""


@dataclass(frozen=True)
class Column:
    """One column's head."""

    title: str
    align: Literal["left", "right"] = "right"
    wrap: int = 0
    """Longest line in characters; longer text is wrapped. 0: never wrapped."""


@dataclass(frozen=True)
class Entry:
    """One cell's text."""

    text: str
    tone: Tone = ""


Row: TypeAlias = tuple[Entry, ...]


@dataclass(frozen=True)
class Table:
    """A titled table; every row has one cell per column."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    """Lines under the table: how its numbers are made."""
    detail: bool = False
    """Left out in the terminal, shown in the files."""
    breaks: frozenset[int] = frozenset()
    """Rows after which a line is drawn."""
    open: bool = False
    """Shown on the page without being unfolded, though it is left out in the terminal."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"Table {self.title!r}: a row has {len(row)} cells, not {len(self.columns)}")


@dataclass(frozen=True)
class Rows:
    """A plain table given by the caller, such as the ledger."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    detail: bool = True
    """As in `Table`, and so is `open`."""
    open: bool = False
    wrap: frozenset[int] = frozenset()
    """Columns whose text is wrapped."""

    def table(self) -> Table:
        """The same as a `Table`; the first column is left-aligned."""
        columns = tuple(
            Column(name, "right" if i and i not in self.wrap else "left", WRAP if i in self.wrap else 0)
            for i, name in enumerate(self.header)
        )
        rows = tuple(tuple(Entry(text) for text in row) for row in self.rows)
        return Table(self.title, columns, rows, self.notes, self.detail, open=self.open)


@dataclass(frozen=True)
class Curve:
    """What one stage of one cell said of its training, step by step."""

    arm: tuple[str, str, str]
    """Recipe, domain, model: what the report tells arms apart by."""
    seed: int
    stage: str
    points: tuple[tuple[float, float], ...]
    """(optimizer step of the cell, loss)."""


@dataclass(frozen=True)
class ArmGap:
    """The gap before training of an arm that distils: its teacher minus its student, in percentage points."""

    arm: tuple[str, str, str]
    """As in `Curve`."""
    form: str
    gap: float
    low: float
    high: float


@dataclass(frozen=True)
class ReportMeta:
    """What a report says that is not in the cells' scores."""

    title: str
    """Such as `retry on math`."""
    published: Mapping[str, str] = field(default_factory=dict)
    """Recipe -> published result, set beside ours."""
    summaries: Mapping[str, str] = field(default_factory=dict)
    """Recipe -> what it does, in one line."""
    control_for: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Recipe -> the recipes that it is a control of; decides which pairs of arms are compared."""
    pairs: tuple[tuple[str, str], ...] | None = None
    """Pairs of recipes to compare instead."""
    verifier: str = ""
    """Identity of the verifier, `name@version+hash`."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Dotted key -> value, as text."""
    costs: Rows | None = None
    """What each arm sampled and what it found in the store: the ledger in short."""
    ledger: Rows | None = None
    """Who paid for which tokens, stage by stage."""
    question: str = ""
    """What was asked, in words."""
    planned: str = ""
    """Whether it was written down before it ran, in words."""
    cards: Rows | None = None
    """What is known of each verifier."""
    excluded: Rows | None = None
    """What counts for nothing, and why."""
    deviations: Rows | None = None
    """What differs from what was registered."""
    curves: tuple[Curve, ...] = ()
    """Learning curves, where the objectives keep any."""
    gaps: tuple[ArmGap, ...] = ()
    """Gaps that were measured on the weights that an arm began with."""
    cells: tuple[Shown, ...] = ()
    """The cells that are compared."""
    browser: Browser | None = None
    """The rollouts behind the numbers, for the page."""
    first: tuple[str, ...] = ()
    """Lines that stand above everything else: what was planned and is not shown, what was chosen afterwards."""
    registered: Rows | None = None
    """What was planned before it ran, and what became of it."""
    notes: tuple[str, ...] = ()
    """Further lines for the reader, shown with the notes of the report."""
    margin: float = 0.02
    """Largest difference that counts as none, for the equivalence tests; stated before the run."""
    bootstrap_seed: int = 0
    """Seed of the bootstrap, so that a report made twice is the same twice."""
