"""The kinds of answer, as types: what `shapes` finds and `compare` compares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pidistill_math.reading.syntax import Node

INFINITY: Final = Node("const", text="oo")
LOWEST: Final = Node("neg", (INFINITY,))


@dataclass(frozen=True)
class Single:
    """One value: an expression, a quantity, a matrix, a ratio, words, a choice, a residue, a named set."""

    node: Node
    about: bool = False
    """Whether it was given as an approximation."""
    shown: Node | None = None
    """The decimal that an exact value is said to be about."""


@dataclass(frozen=True)
class Several:
    """Values without order: a list, or a set in braces."""

    items: tuple[Shape, ...]
    braces: bool = False


@dataclass(frozen=True)
class Ordered:
    """A tuple; `brackets` says which, because a pair may be an interval."""

    items: tuple[Shape, ...]
    brackets: str


@dataclass(frozen=True)
class Interval:
    """A stretch of the reals; `ends` says which ends belong to it."""

    low: Node
    high: Node
    ends: tuple[bool, bool]


@dataclass(frozen=True)
class Reals:
    """A union of intervals (and single points), with what it is a set of, where that is said."""

    parts: tuple[Interval, ...]
    subject: Node | None = None


@dataclass(frozen=True)
class Equation:
    """Equations that are solved for nothing, each as its two sides."""

    sides: tuple[Node, ...]


@dataclass(frozen=True)
class Relation:
    """Any other relation, with its signs in one direction."""

    sides: tuple[Node, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Named:
    """A name and what it is."""

    name: Node
    inner: Shape


@dataclass(frozen=True)
class Record:
    """Several names, each with what it is, in the order given."""

    parts: tuple[Named, ...]


@dataclass(frozen=True)
class Family:
    """Expressions in a parameter that runs through the integers, or a part of them."""

    items: tuple[Node, ...]
    parameter: str
    domain: str


@dataclass(frozen=True)
class Under:
    """A value under conditions."""

    inner: Shape
    conditions: tuple[Shape, ...] = field(default=())


Shape: TypeAlias = "Single | Several | Ordered | Reals | Equation | Relation | Named | Record | Family | Under"
