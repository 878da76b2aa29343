"""Forms of expressions and equations that a question asks for by name: lines, parabolas, factors.

As with numbers, only what the question names is held against an answer, and only where the reference has it.
"""

from __future__ import annotations

import math
import re
from typing import Final

from pidistill_math.meaning.equality import proportional
from pidistill_math.meaning.kinds import Equation, Named, Shape, Single
from pidistill_math.reading.syntax import Node, num, sym, symbols

_SLOPE_INTERCEPT = re.compile(
    r"\bslope[\s-]*(?:y[\s-]*)?intercept\s+form|\$\s*y\s*=\s*mx\s*\+\s*[bc]\s*\$", re.IGNORECASE
)
_STANDARD = re.compile(
    r"\b(?:standard|general)\s+form\b|\$\s*Ax\s*\+\s*By\s*(?:\+\s*C\s*)?=\s*[C0]\s*\$", re.IGNORECASE
)
_SQUARE = re.compile(
    r"\bvertex\s+form\b|\bcomplet\w+\s+the\s+square\b"
    r"|\bin\s+the\s+form\s+\$[^$]*\([^()$]*\)\s*\^\s*\{?2[^$]*\$",
    re.IGNORECASE,
)
_FACTOR = re.compile(
    r"\bfactor(?:i[sz]e)?\s+(?:(?:the\s+)?(?:following|expression|polynomial|trinomial|quadratic|completely)\b|\$|:)|^\s*factor\b"
    r"|\bfactor\w*\s+(?:completely|fully|form)\b|\bresolve\b[^.?!]{0,120}\binto\s+(?:\w+\s+)?factors\b",
    re.IGNORECASE,
)
_COMPLETELY = re.compile(
    r"\bfactor\w*\b[^.?!]{0,120}\b(?:completely|fully|over\s+the\s+(?:reals?|real\s+numbers|integers|rationals?|complex))\b"
    r"|\b(?:completely|fully)\s+factor",
    re.IGNORECASE,
)
_PARTIAL = re.compile(
    r"\b(?:into|as|in|to|by)\s+(?:\w+\s+){0,4}?partial\s+fractions|\bpartial[\s-]*fractions?\s+(?:decomposition|expansion|form)",
    re.I,
)
_ONE_FRACTION = re.compile(r"\b(?:a\s+single|one)\s+fraction\b|\bcombine\b[^.?!]{0,40}frac", re.IGNORECASE)
_ONE_LOGARITHM = re.compile(r"\b(?:a\s+single|one)\s+(?:natural\s+)?log", re.IGNORECASE)
_EXPONENTS = re.compile(r"\bexponential\s+form\b|\b(?:rational|fractional)\s+exponents?\b", re.IGNORECASE)
_SOLVE_FOR = re.compile(r"\bsolve\b[^.?!]{0,80}?\bfor\s+\$?(?P<name>[A-Za-z])\$?(?![A-Za-z])", re.IGNORECASE)
_MOST: Final = 60


def has_product(node: Node) -> bool:
    """Whether a sum with symbols is multiplied by something, or raised to a power."""
    for part in node.walk():
        sums = [arg for arg in part.args if arg.head == "add" and symbols(arg)]
        if part.head == "mul" and sums:
            return True
        if part.head == "pow" and part.args[0] in sums and part.args[1].head == "num" and part.args[1].number > 1:
            return True
    return False


def another_algebra_form(question: str, ours: Node, theirs: Node) -> str:
    """Why an expression is not in the form that a question names; '' where it is, or where none is named."""
    if not symbols(ours):
        return another_single_form(question, ours, theirs) if _logarithms(ours) else ""
    if _SQUARE.search(question) and _has_square(ours) and not _has_square(theirs):
        return "no square of a sum, where the question asks for one"
    if _FACTOR.search(question) and _is_product(ours):
        if not _is_product(theirs):
            return "no product, where the question asks to factor"
        if _divides(theirs) and not _divides(ours):
            return "a factor that is no polynomial"
        if _COMPLETELY.search(question):
            if _factors(theirs) < _factors(ours) or (_has_content(theirs) and not _has_content(ours)):
                return "not factored completely"
    if _PARTIAL.search(question) and len(_denominators(theirs)) < len(_denominators(ours)):
        return "fewer fractions than the partial fractions that the question asks for"
    if _PARTIAL.search(question) and not _parted(ours, theirs):
        return "a fraction that is not parted, where the question asks for partial fractions"
    if _STANDARD.search(question) and ours.head == "add" and has_product(theirs) and not has_product(ours):
        return "a product, where the question asks for standard form"
    if _EXPONENTS.search(question) and theirs.has("root") and not ours.has("root"):
        return "a root, where the question asks for exponents"
    return "" if _is_sum(ours) else another_single_form(question, ours, theirs)


def another_single_form(question: str, ours: Node, theirs: Node) -> str:
    """Why an expression is not the one fraction, or the one logarithm, that a question asks for."""
    if _ONE_FRACTION.search(question) and ours.has("div") and _is_sum(theirs):
        return "a sum, where the question asks for a single fraction"
    if _ONE_LOGARITHM.search(question) and _logarithms(ours) == 1 < _logarithms(theirs):
        return "several logarithms, where the question asks for one"
    return ""


def another_equation_form(question: str, ours: Shape, theirs: Shape) -> str:
    """Why a line is not in the form that a question names; '' where it is, or where none is named."""
    if isinstance(ours, Named) and ours.name == sym("y") and isinstance(ours.inner, Single):
        if _SLOPE_INTERCEPT.search(question):
            value = theirs.inner if isinstance(theirs, Named) else theirs
            if not isinstance(value, Single) or has_product(value.node):
                return "not in slope-intercept form, which the question asks for"
        if _SQUARE.search(question) and isinstance(theirs, Equation) and _has_square(ours.inner.node):
            if not any(map(_has_square, theirs.sides)):
                return "no square of a sum, where the question asks for one"
    if isinstance(ours, Named) and (solved := _SOLVE_FOR.search(question)) is not None:
        if ours.name == sym(solved["name"]) and _is_unsolved(theirs, ours.name):
            return f"not solved for {solved['name']}, which the question asks for"
    if isinstance(ours, Equation) and isinstance(theirs, Equation) and _SQUARE.search(question):
        if any(map(_has_square, ours.sides)) and not any(map(_has_square, theirs.sides)):
            return "no square of a sum, where the question asks for one"
    if isinstance(ours, Equation) and isinstance(theirs, Named) and theirs.name == sym("y"):
        if _STANDARD.search(question) and not any(side == sym("y") for side in ours.sides):
            return "not in standard form, which the question asks for"
    return ""


def _is_unsolved(line: Shape, name: Node) -> bool:
    """Whether a letter stands inside a side of an equation, and is none of its sides."""
    if isinstance(line, Equation):
        return name not in line.sides
    if not isinstance(line, Named) or line.name == name:
        return False
    value = symbols(line.inner.node) if isinstance(line.inner, Single) and line.inner.node != name else set()
    return name.text in symbols(line.name) | value


def _is_sum(node: Node) -> bool:
    return (node.args[0] if node.head == "neg" else node).head == "add"


def _divides(node: Node) -> bool:
    """Whether something is divided by an expression with symbols."""
    return any(part.head == "div" and symbols(part.args[1]) for part in node.walk())


def _denominators(node: Node) -> set[Node]:
    """What an expression divides by, where that has symbols."""
    below = {part.args[1] for part in node.walk() if part.head == "div"}
    for part in node.walk():
        if part.head == "pow" and part.args[1].head == "neg":
            exponent = part.args[1].args[0]
            below.add(part.args[0] if exponent == num(1) else part.mapped((part.args[0], exponent)))
    return {part for part in below if symbols(part)}


def _parted(ours: Node, theirs: Node) -> bool:
    """Whether each denominator of an answer is one of the reference's up to a constant, and none a product of them."""
    return all(any(proportional(below, part) for below in _denominators(ours)) for part in _denominators(theirs))


def _logarithms(node: Node) -> int:
    return sum(part.head == "call" and part.text in ("log", "ln") for part in node.walk())


def _has_content(node: Node) -> bool:
    """Whether a whole number can be taken out of a factor: 2 out of ``2x-2``."""
    sums = [part for part in node.walk() if part.head == "add" and symbols(part)]
    return any(math.gcd(*map(_coefficient, part.args)) > 1 for part in sums)


def _coefficient(term: Node) -> int:
    """The whole number that a term of a sum begins with; 1 for any other term."""
    term = term.args[0] if term.head == "neg" else term
    first = term.args[0] if term.head == "mul" else term
    return int(first.number) if first.head == "num" and first.number.denominator == 1 else 1


def _has_square(node: Node) -> bool:
    """Whether a sum with symbols is squared."""
    return any(
        part.head == "pow" and part.args[0].head == "add" and symbols(part.args[0]) and part.args[1].head == "num"
        for part in node.walk()
    )


def _is_product(node: Node) -> bool:
    """Whether it is a product, or a power, of which a factor is a sum with symbols."""
    node = node.args[0] if node.head == "neg" else node
    if node.head == "pow":
        return node.args[0].head == "add" and bool(symbols(node.args[0]))
    return node.head == "mul" and any(_is_product(arg) or (arg.head == "add" and symbols(arg)) for arg in node.args)


def _factors(node: Node) -> int:
    """How many factors with symbols a product has, as often as each is there."""
    if node.head in ("neg", "mul"):
        return min(sum(_factors(arg) for arg in node.args), _MOST)
    if node.head == "pow" and node.args[1].head == "num" and node.args[1].number.denominator == 1:
        return min(_factors(node.args[0]) * int(node.args[1].number), _MOST)
    return 1 if symbols(node) else 0
