"""Whether two answers have one value, for answers plain enough to be sure: numbers, expressions and shapes of them.

It settles most wrong answers and many equal ones without a computer algebra system. Two parts are different if they
differ at a point. They are the same if they are spelt the same, are constants that agree (as fractions, or with roots
and ``\\pi`` to 60 digits), or are one polynomial. Whatever `reader` refuses is left to math-verify (None).

Shapes are those math-verify knows: tuple or interval, list or set, matrix, union of intervals, ``y = ...``, words. It
compares some of them loosely, an interval with a list for example; nothing is said here where it might.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import mpmath

from pidistill_math.notation import words
from pidistill_math.reader import POINTS, SYMBOLS, Expression, Unread, read, real

LONGEST: Final = 300
"""Longest spelling that is read, in characters."""
_DIGITS: Final = 60
_INFINITE: Final = ("\\infty", "-\\infty", "+\\infty")

Shape = Literal["one", "tuple", "set", "matrix", "union", "equation", "words"]


@dataclass(frozen=True)
class Answer:
    """An answer's shape and its parts in order; `frame` is what must agree besides: brackets, rows, a name."""

    shape: Shape
    frame: str
    parts: tuple[str, ...]


def same(reference: str, answer: str) -> bool | None:
    """Whether two canonical spellings have one value: yes, no, or None where this module cannot be sure."""
    left, right = _answer(reference), _answer(answer)
    if left is None or right is None:
        return None
    if left.shape != right.shape:
        return _unlike(left, right)
    if left.shape == "set":
        return _same_collection(left.parts, right.parts)
    if left.shape == "words":
        return None
    if len(left.parts) != len(right.parts) or (left.shape == "equation" and left.frame != right.frame):
        return False if left.shape in ("union", "matrix") else None
    if not (_proper(left) and _proper(right)):
        return None
    found = [_same_part(a, b) for a, b in zip(left.parts, right.parts, strict=True)]
    if left.frame != right.frame:
        return False if left.shape == "matrix" or False in found else None
    if False in found:
        return False
    return None if None in found else True


def _unlike(left: Answer, right: Answer) -> bool | None:
    """Answers of different shapes: False where one is a single value and the other surely several, or a matrix."""
    for one, other in ((left, right), (right, left)):
        if other.shape in ("tuple", "set", "matrix", "union") and len(other.parts) > 1:
            if one.shape in ("one", "words") and _distinct(other):
                return False
            if {one.shape, other.shape} in ({"matrix", "tuple"}, {"matrix", "set"}, {"tuple", "union"}):
                return False if len(one.parts) > 1 and _distinct(one) and _distinct(other) else None
        if one.shape == "words" and other.shape == "one" and _is_constant(other.parts[0]):
            return False
    return None


def _is_constant(part: str) -> bool:
    expression = read(part)
    return expression is not None and expression.constant


def _distinct(answer: Answer) -> bool:
    """Whether no reading makes the answer a single value: a set's parts all differ, an interval is not a point."""
    if answer.shape == "set":
        return _same_collection(answer.parts, answer.parts) is True
    return _proper(answer)


def _same_part(reference: str, answer: str) -> bool | None:
    if reference == answer:
        return True
    left, right = read(reference), read(answer)
    if left is None or right is None:
        if reference in _INFINITE and answer in _INFINITE:
            return reference.lstrip("+") == answer.lstrip("+")
        return False if (left and answer in _INFINITE) or (right and reference in _INFINITE) else None
    if left.decimal or right.decimal:
        return _same_decimal(left, right)
    try:
        with mpmath.workdps(_DIGITS):
            if left.constant and right.constant:
                return not _apart(left, right, 0)
            if any(_apart(left, right, k) for k in range(POINTS)):
                return False
            return (left.exact and right.exact and left.at(SYMBOLS) == right.at(SYMBOLS)) or None
    except (Unread, OverflowError):
        return None


def _same_decimal(left: Expression, right: Expression) -> bool | None:
    """False for values that no rounding brings together, else None: how close is close is not decided here."""
    try:
        with mpmath.workdps(_DIGITS):
            pairs = [(real(left.at(k)), real(right.at(k))) for k in range(POINTS)]
            return False if any(abs(a - b) > 0.001 * (1 + max(abs(a), abs(b))) for a, b in pairs) else None
    except (Unread, OverflowError):
        return None


def _apart(left: Expression, right: Expression, k: int) -> bool:
    """Whether the values at point `k` differ, exactly or by more than rounding at `_DIGITS` digits can explain."""
    a, b = left.at(k), right.at(k)
    if left.exact and right.exact:
        return bool(a != b)
    a, b = real(a), real(b)
    return bool(abs(a - b) > mpmath.mpf(10) ** (10 - _DIGITS) * max(abs(a), abs(b)))


def _same_collection(reference: Sequence[str], answer: Sequence[str]) -> bool | None:
    """Unordered, without repeats: the same when each part has its partner, different when one has none."""
    if len(reference) * len(answer) > 64:
        return None
    table = [[_same_part(a, b) for b in answer] for a in reference]
    if any(None in row for row in table) or any(row.count(True) > 1 for row in table):
        return None
    return all(True in row for row in table) and len(reference) == len(answer)


def _proper(answer: Answer) -> bool:
    """Whether an answer of brackets reads in one way only: its ends are known and differ, a union is in normal form."""
    if answer.shape == "tuple" and len(answer.parts) == 2:
        return _order(*answer.parts) in (-1, 1)
    if answer.shape != "union":
        return True
    ends, brackets = answer.parts, answer.frame
    if not all(_order(low, high) == -1 for low, high in zip(ends[::2], ends[1::2], strict=True)):
        return False
    for i in range(1, len(ends) - 1, 2):
        order = _order(ends[i], ends[i + 1])
        if order not in (-1, 0) or (order == 0 and brackets[i : i + 2] != ")("):
            return False
    return True


def _order(low: str, high: str) -> int | None:
    """-1, 0 or 1 as `low` is below, at or above `high`; None where one is not a real constant."""
    if low == "-\\infty" or high in _INFINITE[::2]:
        return -1 if low != high else None
    if low in _INFINITE or high in _INFINITE:
        return 1
    a, b = read(low), read(high)
    if a is None or b is None or not a.constant or not b.constant:
        return None
    try:
        with mpmath.workdps(_DIGITS):
            left, right = real(a.at(0)), real(b.at(0))
            return -1 if left < right else 1 if left > right else 0
    except (Unread, OverflowError, TypeError):
        return None


# --- Shapes ---------------------------------------------------------------------------------------------------------

_MATRIX = re.compile(r"\\begin\{([pb])matrix\}(?P<cells>.*)\\end\{\1matrix\}")
_EQUATION = re.compile(r"(?P<left>[A-Za-z])=(?P<right>[^=<>,;]+)")


@lru_cache(maxsize=8192)
def _answer(spelling: str) -> Answer | None:
    if not spelling or len(spelling) > LONGEST:
        return None
    if read(spelling):
        return Answer("one", "", (spelling,))
    if words(spelling):
        return Answer("words", "", (spelling,))
    if matrix := _MATRIX.fullmatch(spelling):
        rows = [row.split("&") for row in matrix["cells"].split("\\\\")]
        if len({len(row) for row in rows}) != 1:
            return None
        return Answer("matrix", f"{len(rows)}x{len(rows[0])}", tuple(cell for row in rows for cell in row))
    if "\\cup" in spelling:
        return _union(spelling)
    if (equation := _EQUATION.fullmatch(spelling)) and equation["left"] not in equation["right"]:
        return Answer("equation", equation["left"], (equation["right"],)) if read(equation["right"]) else None
    if spelling.startswith("\\{") and spelling.endswith("\\}"):
        return _collection(spelling[2:-2])
    if spelling[0] in "([" and spelling[-1] in ")]" and (parts := _split(spelling[1:-1], True)) and len(parts) > 1:
        return Answer("tuple", spelling[0] + spelling[-1], parts)
    return _collection(spelling)


def _union(spelling: str) -> Answer | None:
    """Intervals joined by a union sign: their ends in order, and all brackets as the frame."""
    ends: list[str] = []
    frame = ""
    for piece in spelling.split("\\cup"):
        interval = _answer(piece)
        if interval is None or interval.shape != "tuple" or len(interval.parts) != 2:
            return None
        ends += interval.parts
        frame += interval.frame
    return Answer("union", frame, tuple(ends))


def _collection(text: str) -> Answer | None:
    """Parts between commas, `a \\pm b` being two of them; None unless all are plain and at least two."""
    parts: list[str] = []
    for part in _split(text) or ():
        before, sign, after = part.partition("\\pm")
        parts += [f"{before}+{after}" if before else after, f"{before}-{after}"] if sign else [part]
    if len(parts) < 2 or not all(read(part) for part in parts):
        return None
    return Answer("set", "", tuple(parts))


def _split(text: str, bracketed: bool = False) -> tuple[str, ...] | None:
    """The parts between commas outside all brackets; None where brackets do not match or a comma may group digits.

    In brackets a comma separates, for math-verify as for people, unless it stands before ``000`` and the like.
    """
    grouped = re.compile(r"0\d\d(?!\d)" if bracketed else r"\d{3}(?!\d)")
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth < 0:
                return None
        elif char == "," and depth == 0:
            if text[i - 1 : i].isdigit() and grouped.match(text[i + 1 : i + 5]):
                return None
            parts.append(text[start:i].strip())
            start = i + 1
    parts.append(text[start:].strip())
    return tuple(parts) if depth == 0 and all(parts) else None
