"""Shapes as they are compared: without wrappers that say nothing, options by what they mean, and kinds in words."""

from __future__ import annotations

from pidistill_math.meaning.kinds import (
    Equation,
    Family,
    Interval,
    Named,
    Ordered,
    Reals,
    Record,
    Relation,
    Several,
    Shape,
    Single,
    Under,
)
from pidistill_math.meaning.shapes import shape
from pidistill_math.meaning.wording import bare_letter, option_letters
from pidistill_math.question.asking import Question


def plain(found: Shape) -> Shape:
    """Without wrappers that say nothing: a list of one value, a set of finitely many points."""
    if isinstance(found, Several) and len(found.items) == 1 and not isinstance(found.items[0], Reals | Several):
        return plain(found.items[0])
    if isinstance(found, Reals) and found.parts and all(map(is_point, found.parts)):
        return plain(Several(tuple(Single(part.low) for part in found.parts)))
    return found


def option_meant(ours: Shape, theirs: Shape, question: Question) -> Shape | None:
    """The option whose letter is the reference, where an answer is of another kind than a letter or a single value."""
    letter = bare_letter(ours.node) if isinstance(ours, Single) and not isinstance(theirs, Single) else ""
    option = question.option(letter) if letter else None
    return None if option is None or bare_letter(option) else shape(option, question.accepts)


def options(found: Shape) -> frozenset[str]:
    """The letters of several options, in one string or in a list; none for anything else."""
    if isinstance(found, Single):
        return option_letters(found.node)
    if isinstance(found, Several) and len(found.items) > 1:
        letters = [bare_letter(item.node) for item in found.items if isinstance(item, Single)]
        return frozenset(letters) if len(letters) == len(found.items) and all(letters) else frozenset()
    return frozenset()


def is_point(part: Interval) -> bool:
    return part.low == part.high and all(part.ends)


def kind(found: Shape) -> str:
    """A kind in words, for a reason."""
    if isinstance(found, Single):
        heads = {"words": "words", "choice": "an option", "matrix": "a matrix", "ratio": "a ratio", "named": "a set",
                 "setop": "a set", "builder": "a set", "residue": "a residue class"}  # fmt: skip
        return heads.get(found.node.head, "one value")
    names: dict[type, str] = {
        Several: "several values", Ordered: "a tuple or an interval", Reals: "a set of reals", Equation: "an equation",
        Relation: "a relation", Named: "a named value", Record: "a tuple by name", Family: "a family of values",
        Under: "a value under conditions",
    }  # fmt: skip
    return names[type(found)]
