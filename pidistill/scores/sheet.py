"""A sheet of figures: arms with the scores they came with, and the tables that a paper derives from its arms.

An arm's scores come in one of four forms, from most to least that can be said of them: by item (then they are paired by
item), as counts of items that flipped, per seed, or as mean, standard deviation and number of seeds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from pidistill.config.tables import Table

FORMS = ("files", "counts", "deltas", "after", "mean")


class Counts(Table):
    """Items of one run by what became of them."""

    both_right: int = Field(ge=0)
    lost: int = Field(ge=0)
    """Right before, wrong after."""
    gained: int = Field(ge=0)
    both_wrong: int = Field(ge=0)


class Files(Table):
    """Scores by item, in files of their own: lm-eval's `samples_*.jsonl`, Inspect's `.json` or `.eval`, or rows."""

    base: Path
    after: dict[str, Path] = Field(min_length=1)
    """Seed -> file."""
    metric: str = ""
    """Which of several: `exact_match`, or with lm-eval's filter `exact_match,strict-match`."""


class ArmSheet(Table):
    """One arm."""

    name: str = Field(min_length=1)
    deltas: tuple[float, ...] = ()
    """One change per seed."""
    base: float | tuple[float, ...] | None = None
    """Before: the same for all seeds, or one per seed."""
    after: tuple[float, ...] = ()
    """One per seed."""
    seeds: tuple[int | str, ...] = ()
    """Their names, where they are known: arms that share names are paired by them."""
    mean: float | None = None
    sd: float | None = Field(None, ge=0)
    n: int | None = Field(None, ge=1)
    """Seeds behind `mean` and `sd`."""
    counts: Counts | None = None
    files: Files | None = None
    replicated_by: str = ""
    """The arm that is this one, run again on more seeds."""
    published: str = ""
    """What the paper prints, to be set beside what its rows give."""
    note: str = ""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [form for form in FORMS if getattr(self, form) not in (None, ())]
        if len(given) != 1:
            what = "none" if not given else " and ".join(given)
            raise ValueError(f"arm {self.name!r} needs one of {', '.join(FORMS)}, and has {what}")
        if given == ["after"] and self.base is None:
            raise ValueError(f"arm {self.name!r} has 'after' and no 'base'")
        if isinstance(self.base, tuple) and len(self.base) != len(self.after):
            raise ValueError(
                f"arm {self.name!r} has {len(self.base)} values of 'base' for {len(self.after)} of 'after'"
            )
        values = len(self.deltas or self.after)
        if self.seeds and (len(self.seeds) != values or len(set(self.seeds)) != len(self.seeds)):
            raise ValueError(f"arm {self.name!r} names {len(set(self.seeds))} seeds for {values} values")
        if self.mean is not None and self.n is not None and self.n > 1 and self.sd is None:
            raise ValueError(f"arm {self.name!r} has a mean of {self.n} seeds and no 'sd'")
        return self


class Pair(Table):
    """Two arms to be compared."""

    a: str
    b: str


class Row(Table):
    """One row of a derived table: a place on a scale, and what was measured there."""

    label: str = ""
    x: float | None = None
    gain: float | None = None
    base: float | None = None
    after: float | None = None
    over: float | None = None
    """What `gain` is a multiple of."""
    published: str = ""


class Section(Table):
    """A table that a paper derives from single figures, and what kind of table it is."""

    kind: Literal["scan", "levels", "ratios", "curve", "list"]
    """scan: a setting and its best value. levels: base, after and change. ratios: one gain over another. curve: gain
    against baseline, with a fitted inverted U. list: figures side by side, nothing derived."""
    title: str
    x: str = ""
    """Name of the scale."""
    rows: tuple[Row, ...] = Field(min_length=1)
    note: str = ""


class Sheet(Table):
    """A file of figures."""

    title: str = ""
    source: str = ""
    unit: Literal["pp", "fraction"] = "pp"
    """Of every figure that is typed in: percent and percentage points, or fractions of 1."""
    margin: float = Field(2.0, gt=0)
    """Largest difference, in pp, that counts as none: stated here, before the test."""
    tried: int = Field(0, ge=0)
    """Arms that were tried, if more than are listed: what the correction counts."""
    arms: tuple[ArmSheet, ...] = ()
    pairs: tuple[Pair, ...] | None = None
    """Default: all pairs, of up to six arms."""
    sections: tuple[Section, ...] = ()

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [arm.name for arm in self.arms]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two arms are called {twice!r}")
        named = [arm.replicated_by for arm in self.arms if arm.replicated_by]
        named += [name for pair in self.pairs or () for name in (pair.a, pair.b)]
        if unknown := next((name for name in named if name not in names), None):
            raise ValueError(f"no arm is called {unknown!r}; there are {', '.join(map(repr, names))}")
        if not self.arms and not self.sections:
            raise ValueError("neither arms nor sections")
        return self
