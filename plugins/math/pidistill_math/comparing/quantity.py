"""Whether two single values are one: numbers with their units, words, options, matrices, ratios, residues.

The rules for what stands beside a number:

* Units of one dimension convert; of two dimensions they refute; a number alone may stand for a quantity in the unit
  that was asked for, and several units together (``2 h 30 min``) for their sum in any of them.
* A percentage is a hundredth. It may also stand for its bare number where percent is asked for.
* A numeral in a base is compared with its digits where the base is the reference's or is asked for, else by value.
* A decimal is exact; at six decimals or more it may also be the other side rounded to what it shows.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

from mpmath import mpc, mpf

from pidistill_math.comparing.measured import angles, degrees_and_radians, measured, mixtures
from pidistill_math.comparing.ratios import STRUCTURES, ratios, remainder, residues, times_of_day
from pidistill_math.meaning.equality import alike, constant, equal, narrower
from pidistill_math.meaning.found import Found, no, yes
from pidistill_math.meaning.kinds import Single
from pidistill_math.meaning.numeric import Value, real
from pidistill_math.meaning.policy import is_literal, unevaluated
from pidistill_math.meaning.wording import (
    bare_letter,
    is_segment_reversed,
    letter_of,
    multiplied,
    product_letters,
    same_statements,
    same_words,
    shared_words,
)
from pidistill_math.question.asking import Question
from pidistill_math.question.asking_units import asked_scale, asked_unit, unit_below
from pidistill_math.question.forms_asked import another_form
from pidistill_math.reading import units
from pidistill_math.reading.syntax import Node, num, sym, symbols
from pidistill_math.reading.units import Unit

ROUNDED: Final = 6
"""Decimals from which a decimal may be a rounding."""
_SIGNIFICANT: Final = 3


def same(ours: Single, theirs: Single, question: Question, lenient: bool = False) -> Found:
    """Whether `theirs` is the value `ours`, in the form asked for. Raises `TooLarge`, or `NoValue` without numbers."""
    found = _same(ours, theirs, question, lenient)
    if found.same and _loses_its_modulus(ours.node, theirs.node) and not question.speaks_of_positive():
        return no("a logarithm without the absolute value, which has no value where the reference has one", "value")
    if found.same and not lenient and (form := another_form(question.text, ours.node, theirs.node)):
        if theirs.shown is None or another_form(question.text, ours.node, theirs.shown):
            return no(form, "form")
    return found


def _loses_its_modulus(left: Node, right: Node) -> bool:
    """Whether the reference's logarithm of an absolute value is given without it, for fewer values."""
    if not (symbols(left) and left.has("call") and any(map(_of_modulus, left.walk()))):
        return False
    return not any(map(_of_modulus, right.walk())) and narrower(left, right)


def _of_modulus(node: Node) -> bool:
    return node.head == "call" and node.text in ("ln", "log") and any(p.text == "abs" for p in node.args[0].walk())


def _same(ours: Single, theirs: Single, question: Question, lenient: bool) -> Found:
    left, right = ours.node, theirs.node
    if (
        theirs.shown is not None
        and left.head == "num"
        and (left.text.startswith("decimal") or question.asks_to_round())
    ):
        right = theirs.shown
    if bare_letter(right) == "I" and bare_letter(left) not in ("", "I") and not question.option_text("I"):
        if written := question.option_text(bare_letter(left)):
            return (
                yes("choice") if same_statements(written, "I") else no("another statement than the option's", "choice")
            )
    for one, other in ((left, right), (right, left)):
        letter = bare_letter(one)
        if (
            not letter
            or bare_letter(other)
            or other.head == "choice"
            or letter in (letter_of(other).upper(), other.text)
        ):
            continue
        if (option := question.option(letter)) is not None and not bare_letter(option):
            pair = (option, other) if one is left else (other, option)
            return same(Single(pair[0]), Single(pair[1]), question, lenient)
    if left.head == "choice" or right.head == "choice":
        return _options(left, right, question, lenient)
    if left == right:
        return yes("spelling")
    if left.head == "numeral" and product_letters(right).upper() == left.text:
        return yes("base")
    if is_segment_reversed(left, right) and question.is_about_segments():
        return yes("letters")
    left, right = multiplied(left, right, question.text)
    if left.head == "words" or right.head == "words":
        return same_words(left, right)
    if left.head == right.head == "ratio" or "ratio" in (measured(left)[0].head, measured(right)[0].head):
        return times_of_day(left, right, question)
    if right.head == "residue" and left.head == "num":
        return remainder(left, right, question)
    if left.head in STRUCTURES or right.head in STRUCTURES or left.has("matrix") or right.has("matrix"):
        return _structures(left, right, question, lenient)
    return _numbers(left, right, question, lenient, theirs.about)


# --- options and words -----------------------------------------------------------------------------------------------


def _options(left: Node, right: Node, question: Question, lenient: bool) -> Found:
    """A letter against a letter; with contents, those must agree too; a content alone against a value."""
    letters = [node.text if node.head == "choice" else letter_of(node) for node in (left, right)]
    contents = [node.args[0] if node.head == "choice" and node.args else None for node in (left, right)]
    if letters[0] and letters[1]:
        if letters[0].upper() != letters[1].upper():
            return no("another option than the reference", "choice")
        if contents[0] is not None and contents[1] is not None:
            return same(Single(contents[0]), Single(contents[1]), question, lenient)
        given, content = question.option(letters[0]), contents[1]
        written = question.option_text(letters[0])
        if written and content is not None and content.head == "words" and (given is None or given.head != "words"):
            if shared_words(written, content.text):
                return yes("choice")
            if given is None or given.head == "list":
                return no("not the text of that option in the question", "choice")
        if given is not None and content is not None:
            if (given.head == "words") != (content.head == "words"):
                return no("not the value of that option in the question", "choice")
            if given.head == "words" and shared_words(given.text, content.text):
                return yes("choice")
            if not same(Single(given), Single(content), question, lenient).same:
                return no("not the value of that option in the question", "choice")
        return yes("choice")
    for content, other in ((contents[0], right), (contents[1], left)):
        if content is not None and other.head not in ("choice", "list"):
            given = question.option(letters[0] if content is contents[0] else letters[1])
            if given is not None and given.head != "words" and not same(Single(given), Single(content), question).same:
                return no("not the value of that option in the question", "choice")
            pair = (content, other) if content is contents[0] else (other, content)
            return same(Single(pair[0]), Single(pair[1]), question, lenient)
    return no("an option's letter against a value", "choice")


# --- structures ------------------------------------------------------------------------------------------------------


def _structures(left: Node, right: Node, question: Question, lenient: bool) -> Found:
    left, right = _scaled_matrix(left), _scaled_matrix(right)
    if left.head == right.head == "matrix":
        if left.text != right.text:
            return no("a matrix of another size than the reference", "matrix")
        return _each(left, right, question, lenient, "matrix")
    if left.head == "ratio" or right.head == "ratio":
        return ratios(left, right, question)
    if left.head == right.head == "residue":
        return residues(left, right)
    if left.head == right.head == "cases" and left.text == right.text and left.text.endswith("x2"):
        return _by_rows(left, right, question, lenient)
    if left.head == right.head and left.text == right.text and len(left.args) == len(right.args) and left.args:
        return _each(left, right, question, lenient, left.head)
    if left.head == right.head:
        return no("not the reference", left.head)
    return no("another kind of answer than the reference")


def _by_rows(left: Node, right: Node, question: Question, lenient: bool) -> Found:
    """Values with their conditions in any order; 'otherwise' is the condition that is left."""
    rows = [list(zip(node.args[::2], node.args[1::2], strict=True)) for node in (left, right)]
    rest = list(rows[1])
    rest.sort(key=lambda row: row[1].head == "words")
    open_rows = list(rows[0])
    for value, condition in rest:
        for ours in open_rows:
            otherwise = "words" in (condition.head, ours[1].head) and (len(open_rows) == 1 or condition == ours[1])
            same_condition = otherwise or _same_condition(ours[1], condition)
            if same_condition and same(Single(ours[0]), Single(value), question, lenient).same:
                open_rows.remove(ours)
                break
        else:
            return no("another value or condition than the reference's", "cases")
    return yes("cases")


def _same_condition(left: Node, right: Node) -> bool:
    if left.head == right.head == "rel":
        flipped = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "="}
        if right.text in flipped and left.text == flipped[right.text] and right.text != "=":
            right = Node("rel", right.args[::-1], text=left.text)
        return left.text == right.text and all(map(alike, left.args, right.args))
    return left == right


def _each(left: Node, right: Node, question: Question, lenient: bool, rule: str) -> Found:
    for a, b in zip(left.args, right.args, strict=True):
        if a.head == b.head == "rel":
            found = yes(rule) if a.text == b.text and all(map(alike, a.args, b.args)) else no("another condition")
        else:
            found = same(Single(a), Single(b), question, lenient)
        if not found.same:
            return replace(found, rule=rule)
    return yes(rule)


def _scaled_matrix(node: Node) -> Node:
    """A number times a matrix, or a matrix over a number, as one matrix."""
    if node.head == "neg" and (inner := _scaled_matrix(node.args[0])).head == "matrix":
        return inner.mapped(tuple(Node("neg", (cell,)) for cell in inner.args))
    if node.head == "div" and node.args[0].head == "matrix" and not node.args[1].has("matrix"):
        return node.args[0].mapped(tuple(Node("div", (cell, node.args[1])) for cell in node.args[0].args))
    if node.head == "mul" and node.args[-1].head == "matrix" and not any(a.has("matrix") for a in node.args[:-1]):
        factors = node.args[:-1]
        scaled = []
        for cell in node.args[-1].args:
            exact = constant(Node("mul", (*factors, cell)))
            scaled.append(num(exact) if isinstance(exact, Fraction) else Node("mul", (*factors, cell)))
        return node.args[-1].mapped(tuple(scaled))
    if node.head == "add" and node.has("matrix"):
        parts = [_scaled_matrix(arg) for arg in node.args]
        if len({(part.head, part.text) for part in parts}) == 1 and parts[0].head == "matrix":
            return parts[0].mapped(tuple(Node("add", cells) for cells in zip(*(p.args for p in parts), strict=True)))
    return node


# --- numbers and their units -----------------------------------------------------------------------------------------


def _numbers(left: Node, right: Node, question: Question, lenient: bool, about: bool) -> Found:
    if left.head == "mixture" or right.head == "mixture":
        return mixtures(left, right, question)
    (ours, unit), (theirs, other) = measured(left), measured(right)
    if unit is None and other is not None and ours.head not in ("percent", "numeral"):
        unit = asked_unit(question.text, other)
    if unit is None and other is not None and other.dimension == "radian" and question.asks_for_degrees():
        return no("in radians, where degrees are asked for", "unit")
    if other == units.INCH_MARK and unit is None:
        return no("marks of inches behind a number that is in no unit", "unit")
    if theirs.text == "scaled" and unit is None and (factor := asked_scale(question.text)) > 1:
        ours = Node("mul", (ours, num(factor)))
    if {None, "angle"} == {u.dimension if u is not None else None for u in (unit, other)}:
        found = degrees_and_radians((ours, unit), (theirs, other), question)
        if found is not None:
            return found
    if unit is not None and other is not None and other.dimension.startswith(f"{unit.dimension}/"):
        below = unit_below(question.text, other)
        unit = units.per(unit, below) if below is not None else unit
    if unit is not None and other is not None and {unit.dimension, other.dimension} == {"angle", "radian"}:
        return angles((ours, unit), (theirs, other), question)
    if unit is not None and other is not None and unit.dimension != other.dimension:
        unit, other = _made_alike(unit, other)
    if unit is not None and other is not None:
        if units.conflict(unit, other):
            return no(f"in {other.label or other.dimension}, where the reference has another unit", "unit")
        if unit.dimension == other.dimension and unit.scale != other.scale:
            if unit.dimension == "clock":
                return no("another half of the day than the reference's", "unit")
            ours, theirs = (Node("mul", (n, num(u.scale))) for n, u in ((ours, unit), (theirs, other)))
            return yes("unit") if alike(ours, theirs) else no("another quantity than the reference", "unit")
    if ours.head == "percent" and other is not None and other.dimension != "percent":
        return no(f"in {other.label or other.dimension}, where the reference is a percentage", "unit")
    if ours.head == "percent" or theirs.head == "percent":
        return _percent(ours, theirs, question, lenient)
    if ours.head == "numeral" or theirs.head == "numeral":
        return _numerals(ours, theirs, question)
    return _values(ours, theirs, lenient, _both_degrees(ours, theirs), question.mentions_exact())


def _made_alike(unit: Unit, other: Unit) -> tuple[Unit, Unit]:
    """Two units by what they are made of, where that is the same; else as they are."""
    made = units.basic(unit), units.basic(other)
    return made if made[0].dimension == made[1].dimension else (unit, other)


def _both_degrees(left: Node, right: Node) -> bool:
    """Whether a degree is an angle in both expressions, rather than a sign that one of them leaves out."""
    return left.has("degree") == right.has("degree")


def _percent(left: Node, right: Node, question: Question, lenient: bool) -> Found:
    if left.head == right.head:
        return replace(_values(left.args[0], right.args[0], lenient), rule="percent")
    percent, other = (left, right) if left.head == "percent" else (right, left)
    if right is percent and question.asks_how_many():
        return no("a percentage, where the question asks how many", "percent")
    value = constant(other) if question.is_silent() else None
    meant = value is not None and not isinstance(value, mpc) and abs(value) > 1
    if left is percent or meant or question.mentions_percent():
        pair = (percent.args[0], other) if left is percent else (other, percent.args[0])
        found = _values(*pair, lenient)
        if found.same:
            return replace(found, rule="percent")
    found = _values(left, right, lenient)
    return replace(found, rule="percent")


def _numerals(left: Node, right: Node, question: Question) -> Found:
    if left.head == right.head:
        if left.number != right.number:
            return no("a numeral of another base than the reference's", "base")
        try:
            values = [int(node.text, int(node.number)) for node in (left, right)]
        except ValueError:
            return no("not the reference's digits", "base")
        return yes("base") if values[0] == values[1] else no("another number than the reference", "base")
    numeral, other = (left, right) if left.head == "numeral" else (right, left)
    digits = other.head == "num" and other.text == "plain" and str(other.number) == numeral.text
    if numeral is right and question.other_base(int(numeral.number)):
        return no("a numeral in another base than the one asked for", "base")
    if digits and (left is numeral or numeral.number == 10 or question.mentions_base(int(numeral.number))):
        return yes("base")
    if numeral.number == 10:
        return _values(num(int(numeral.text)), other, False) if left is numeral else no("another number", "base")
    return no("a numeral in a base against a number in another", "base")


def _values(left: Node, right: Node, lenient: bool, radians: bool = True, exact: bool = False) -> Found:
    """Two expressions, and whether the answer is a final form."""
    left, right = _multiplied(left, symbols(right)), _multiplied(right, symbols(left))
    operation = "" if lenient else unevaluated(left, right)
    waiting = no(f"not evaluated: the answer leaves its {operation} to be worked out", "unevaluated")
    if operation and (right.has("big", "dots", "residue") or operation not in ("arithmetic", "algebra")):
        return waiting
    if not radians and is_literal(left) and not symbols(right):
        radians = True
    if any(part.text == "oo" and part.head == "const" for side in (left, right) for part in side.walk()):
        return no("infinity on one side only", "value")
    if equal(left, right, radians):
        return waiting if operation else yes("value")
    if not exact and _rounding(left, right):
        return waiting if operation else yes("rounding")
    return no("another value than the reference", "value")


def _multiplied(node: Node, variables: frozenset[str]) -> Node:
    """An expression in which a letter before a parenthesis is a factor where the other side has it as a variable."""
    if not node.has("call"):
        return node
    if node.head == "pow" and (pair := _factors(node.args[0], variables)) is not None:
        power = Node("pow", (_multiplied(pair[1], variables), _multiplied(node.args[1], variables)))
        return Node("mul", (pair[0], power))
    if (pair := _factors(node, variables)) is not None:
        return Node("mul", (pair[0], _multiplied(pair[1], variables)))
    return node.mapped(tuple(_multiplied(arg, variables) for arg in node.args))


def _factors(node: Node, variables: frozenset[str]) -> tuple[Node, Node] | None:
    """The letter and the parenthesis of what reads as a function of one argument."""
    name = node.text.removesuffix("()")
    called = node.head == "call" and node.text.endswith("()") and len(node.args) == 1
    return (sym(name), node.args[0]) if called and name in variables else None


def _rounding(left: Node, right: Node) -> bool:
    """Whether one side is a decimal of enough digits that the other rounds to."""
    for decimal, other in ((left, right), (right, left)):
        inner = decimal.args[0] if decimal.head == "neg" else decimal
        if inner.head != "num" or not inner.text.startswith("decimal:"):
            continue
        shown = int(inner.text.partition(":")[2])
        value = constant(other)
        if shown < ROUNDED or value is None or isinstance(value, mpc):
            continue
        two_decimals = other.text.startswith("decimal:") or (
            other.head == "neg" and other.args[0].text.startswith("decimal:")
        )
        least = ROUNDED if two_decimals else _SIGNIFICANT  # a decimal with noughts ahead says little of another decimal
        if inner.number * 10**shown < 10 ** (least - 1) or not inner.number:
            continue
        written: Value = -inner.number if decimal.head == "neg" else inner.number
        gap = abs(real(written) - real(value))
        if gap <= mpf(10) ** -shown * mpf("0.5000001"):
            return True
    return False
