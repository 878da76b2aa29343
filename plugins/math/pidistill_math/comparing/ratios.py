"""Ratios, times of day and residue classes: what is written with a colon, or with a modulus, compared part by part."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import Final

from pidistill_math.comparing.measured import measured
from pidistill_math.meaning.equality import alike, constant
from pidistill_math.meaning.found import Found, no, yes
from pidistill_math.question.asking import Question
from pidistill_math.reading import units
from pidistill_math.reading.syntax import Node, num, vocabulary
from pidistill_math.reading.units import Unit

STRUCTURES: Final = vocabulary(
    """words choice matrix ratio residue named setop builder angle dots cases group set over"""
)
"""Heads of single values that are no number."""
_DIVISOR = re.compile(
    r"\bremainder\b[\s\S]{0,400}?\bdivided\s+by\s+\$?(\d{1,9})|\b(?:p|b)?mod(?:ulo)?\b[\s${}\\]*(\d{1,9})",
    re.IGNORECASE,
)
"""What a question divides by where it asks for a remainder."""
_MINUTES = re.compile(r"(?<![\d:])\d{1,2}\s*:\s*0\d(?![\d:])")
_BETWEEN: Final = r"(?:\\[!,;: ]|[\s{}])*"
_ONE_DIGIT = re.compile(rf"(?<![\d:])\d{{1,2}}{_BETWEEN}:{_BETWEEN}\d(?![\d.:])")
_HALVES: Final = {12: units.measure("a.m."), 24: units.measure("p.m.")}
"""The half of the day that an hour of up to 12, or of up to 24, is in."""


def one_digit_of_minutes(reference: str, answer: str) -> bool:
    """Whether a time is written with one digit of minutes where the reference has a nought: ``7:5`` for ``7:05``."""
    return bool(":" in answer and _MINUTES.search(reference) and _ONE_DIGIT.search(answer))


def times_of_day(left: Node, right: Node, question: Question) -> Found:
    """Ratios and times, with the half of the day where it is given."""
    (ours, unit), (theirs, other) = measured(left), measured(right)
    if any(u is not None and u.dimension == "clock" for u in (unit, other)):
        (ours, unit), (theirs, other) = _clock(ours, unit), _clock(theirs, other)
    if unit is not None and other is not None and unit.dimension == other.dimension and unit.scale != other.scale:
        return no("another half of the day than the reference's", "unit")
    if unit is not None and other is not None and units.conflict(unit, other):
        return no("in another unit than the reference", "unit")
    return ratios(ours, theirs, question)


def ratios(left: Node, right: Node, question: Question) -> Found:
    """Times and ratios: part by part, in proportion where none can be a time, a quotient if a ratio is asked for."""
    if left.head == right.head == "ratio":
        if len(left.args) != len(right.args):
            return no("another number of parts than the reference's ratio", "ratio")
        if all(alike(a, b) for a, b in zip(left.args, right.args, strict=True)):
            return yes("ratio")
        times = all(part.head == "num" and part.text == "plain" for part in (*left.args, *right.args))
        if times and not question.mentions_ratio():
            return no("another time or ratio than the reference", "ratio")
        quotients = [[Node("div", (part, node.args[0])) for part in node.args[1:]] for node in (left, right)]
        if all(alike(a, b) for a, b in zip(*quotients, strict=True)):
            return yes("ratio")
        return no("another ratio than the reference", "ratio")
    ratio, other = (left, right) if left.head == "ratio" else (right, left)
    if len(ratio.args) == 2 and question.mentions_ratio() and other.head not in STRUCTURES:
        if alike(Node("div", ratio.args), other):
            return yes("ratio")
    return no("a time or a ratio on one side only", "ratio")


def remainder(ours: Node, theirs: Node, question: Question) -> Found:
    """A residue with its modulus where the question asks for the remainder of a division by that."""
    value, modulus = (constant(arg) for arg in theirs.args)
    asked = _DIVISOR.search(question.text)
    divisor = int(asked[1] or asked[2]) if asked is not None else 0
    if not divisor or modulus != divisor or not isinstance(value, Fraction) or not 0 <= value < divisor:
        return no("a residue class, where the reference is a number", "residue")
    return yes("residue") if value == ours.number else no("another remainder than the reference", "residue")


def residues(left: Node, right: Node) -> Found:
    if not alike(left.args[1], right.args[1]):
        return no("another modulus than the reference's", "residue")
    values = [constant(node.args[0]) for node in (left, right)]
    modulus = constant(left.args[1])
    if all(isinstance(value, Fraction) for value in (*values, modulus)) and modulus:
        difference = values[0] - values[1]  # type: ignore[operator]  # fractions, by the line above
        return yes("residue") if difference % modulus == 0 else no("another residue than the reference's", "residue")
    return yes("residue") if alike(left.args[0], right.args[0]) else no("another residue", "residue")


def _clock(node: Node, unit: Unit | None) -> tuple[Node, Unit | None]:
    """A time of day in hours and minutes of one half: ``7 p.m.`` and ``19:00`` as ``7:00`` in the afternoon."""
    if unit is not None and unit.dimension == "clock" and node.head == "num" and node.number.denominator == 1:
        return Node("ratio", (node, num(0))), unit
    whole = node.head == "ratio" and len(node.args) == 2 and all(part.head == "num" for part in node.args)
    if whole and unit is None and 12 < node.args[0].number < 24 and node.args[1].number < 60:
        return replace(node, args=(num(node.args[0].number - 12), node.args[1])), _HALVES[24]
    return node, unit
