"""What a box in a formula says with the sides beside it: ``n = \\boxed{4}`` gives n, ``n^2 = \\boxed{4}`` does not.

Most boxes behind an equals sign are evaluations (``3+1=\\boxed{4}``, ``A=\\pi r^2=\\boxed{4\\pi}``), and what letters
stand for is known to the solution alone. A side is therefore held against a box only where it refutes it: a
constant of another value, or a further operation on the very letter that the question asks for. What cannot be read
refutes nothing. Whether the box may be an operand is for `boxes`.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.meaning.chains import bare
from pidistill_math.meaning.equality import TooLarge, constant, equal
from pidistill_math.meaning.numeric import NoValue
from pidistill_math.meaning.shapes import is_name
from pidistill_math.question.asking import Question
from pidistill_math.reading.answers import read
from pidistill_math.reading.syntax import Node, Unreadable, symbols

_LONGEST: Final = 120
"""Characters of the longest side that is looked at."""
_FORMULA_STARTS = re.compile(
    r"\$|\\\[|\\\(|\\begin\{\w+\*?\}|\\\\|&|,\s|;|\n|\\q?quad|\\text\{[^{}]*\}|\\(?:Rightarrow|implies|therefore|to|iff)"
    r"(?![A-Za-z])|(?<![A-Za-z\\])[A-Za-z]{2,}\s"
)
"""Where a side can begin; words end it, so that prose is in no side."""
_BEFORE = re.compile(r"(?P<sides>[^\n]*?[^\s<>!\\:])\s*(?<!\\not)(?<!\\not )(?:&\s*)?=(?:\s|&|\\[,;:! ])*\Z")
_AFTER = re.compile(
    r"(?:\s|\\[,;:! ])*=(?!>)\s*(?P<side>[^\n=<>&]{1,120}?)"
    r"(?=\s*(?:\$|\\\]|\\\)|\\end|\\\\|=|<|>|[.,;](?:\s|\Z)|\n|\Z))"
)


def beside(text: str, start: int, end: int) -> tuple[str, ...]:
    """The sides that equals signs join to a box: the nearest before it, and the nearest behind it."""
    found = []
    before = text[max(0, start - _LONGEST) : start]
    if before.rstrip(" &\\,;:!").endswith("=") and (match := _BEFORE.fullmatch(before.rpartition("\n")[2])) is not None:
        side = re.split(r"(?<![<>!\\:])=|\\approx|\\equiv", match["sides"])[-1]
        side = side[max((m.end() for m in _FORMULA_STARTS.finditer(side)), default=0) :]
        found.append(side.strip())
    if (match := _AFTER.match(text[end : end + _LONGEST])) is not None:
        found.append(match["side"].strip())
    return tuple(side for side in found if side)


def refuted(sides: tuple[str, ...], answer: str, asked: Question) -> str:
    """Why a box is not the answer, given the sides beside it; '' where nothing says so."""
    for side in sides:
        try:
            node, value = read(side), read(answer)
            if reason := _refuted(node, value, asked):
                return reason
        except (Unreadable, TooLarge, NoValue, RecursionError):
            continue
    return ""


def _refuted(side: Node, value: Node, asked: Question) -> str:
    if side.head in ("rel", "list", "words", "choice", "group", "set") or is_name(side):
        return ""
    if side.has("big", "dots", "matrix", "words", "pm"):
        return ""
    if not symbols(side):
        one, other = bare(side), bare(value)
        if value.head in ("num", "neg", "div") and constant(one) is not None and constant(other) is not None:
            return "" if equal(one, other) else "the box is one side of an equation that is false"
        return ""
    named = {node.text for node in asked.asked if node.head == "sym"} | asked.letters_of_a_size()
    if symbols(side) & named and not symbols(value) and not asked.asks_for(side):
        return "the box is the value of another expression than the one asked for"
    functions = [node for node in asked.asked if node.head == "call" and node.text.endswith("()")]
    if any(part in functions for part in side.walk()) and side not in functions and not asked.asks_for(side):
        return "the box is the value of another expression of the function asked for"
    return ""
