"""The other reading of an answer that has two, where the reference says which is meant.

``2{,}500`` is in thousands, and a decimal where the reference is one; ``1000,99`` is two values, and a decimal where
the other side is one and what follows its comma can be neither a short item nor a group of thousands; ``100,200`` is a
number, and a list where the reference is one; ``m/s`` behind a number is a quotient of variables, and a unit where the
reference has a unit; ``m²`` is a square metre where the reference is a bare number and the question has no m; ``D: 6``
is a ratio, and an option with its value where the question has that option; ``\\log`` is
natural in calculus; ``360 = 2^3 \\cdot 3^2 \\cdot 5`` is a chain, and the factors of the question's number where the
reference is a product; ``1e-5`` is e less five, and a power of ten; ``hr`` is hours, and two variables where the
reference has those; ``C(n,2)`` is a function, and a binomial coefficient where the reference is no such function. An
answer has one other reading at most, and no value is in both.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.comparing.shorthand import written_out
from pidistill_math.meaning.equality import TooLarge
from pidistill_math.meaning.kinds import Named, Several, Shape, Single
from pidistill_math.meaning.policy import is_literal
from pidistill_math.meaning.shapes import shape
from pidistill_math.question.asked_sides import without_asked_side
from pidistill_math.question.asking import Question
from pidistill_math.question.asking_units import asks_in
from pidistill_math.question.option_dress import dressed_option
from pidistill_math.question.phrases import said, value_said
from pidistill_math.reading import units
from pidistill_math.reading.answers import read
from pidistill_math.reading.syntax import Node, Unreadable, symbols

_DECIMAL_COMMA = re.compile(r"\s*-?\d+\{,\}\d+\s*")
_OUTSIDE: Final = r"(?:[^\d()\[\]{}]|\\text\{[^{}\d]*\})*"
_COMMA = re.compile(
    rf"(?P<before>{_OUTSIDE}?-?)(?:(?P<whole>\d+),(?P<places>\d{{2,}})|(?P<nought>0),(?P<tenths>\d))(?P<after>{_OUTSIDE})"
)
_SQUARE_METRES = re.compile(r"(?P<value>.*\d)\s*m(?P<power>[²³])\s*", re.DOTALL)
_POWER_OF_TEN = re.compile(r"\s*(?P<mantissa>-?\d+)e(?P<exponent>[+-]\d{1,3})\s*")
_TIMES_TEN = re.compile(r"\s*(?P<mantissa>-?\d+(?:\.\d+)?)\s*x\s*10\s*\^\s*\{?(?P<exponent>-?\d{1,3})\}?(?!\d)")
_TIGHT = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SYMBOL: Final = r"[A-Za-z]{1,3}(?:\^\{?[23]\}?)?"
_SQUARED: Final = "²"
_BEHIND = re.compile(
    r"(?P<value>.*[\d})])(?:\\[,;: ]|~|\s)*"
    rf"(?:(?P<unit>{_SYMBOL}(?:\s*/\s*{_SYMBOL})?)|\\frac\{{(?P<top>{_SYMBOL})\}}\{{(?P<bottom>{_SYMBOL})\}})\s*",
    re.DOTALL,
)
_RUN = re.compile(r"(?<![A-Za-z\\{])[A-Za-z]{2,3}(?![A-Za-z}])")
_FALLING = re.compile(
    r"\s*(?P<first>\d+(?:\\[,;: ]|~|\s)*"
    r"\\text\{\s*(?:hours?|hrs?|h|feet|ft|foot|pounds?|lbs?|days?|weeks?|minutes?|min),?\s*\}),?"
    r"(?:\\[,;: ]|~|\s)*(?P<second>\d+(?:\\[,;: ]|~|\s)*\\text\{\s*[a-z]+\s*\})\s*"
)
_HOURS = re.compile(
    r"\s*(?P<first>\d+)\s*(?P<hours>h|hrs?|hours?),?\s+(?P<second>\d+)\s*(?P<minutes>min|mins|minutes?)\.?\s*"
)
_LN = re.compile(r"\\?\bln\b|\\ln(?![a-z])")
_LOG = re.compile(r"(?:\\|(?<![A-Za-z\\]))log(?![A-Za-z])(?!\s*_)\s*")
_HEXADECIMAL = re.compile(
    r"\s*(?:0x)?(?:\\(?:text|mathrm|texttt)\s*\{\s*)?(?:0x)?\(?(?P<digits>(?=[0-9]*[A-Fa-f])[0-9A-Fa-f]{1,16})\)?\s*\}?"
    r"(?:_\{?\s*(?:16|\\text\{\s*(?:sixteen|hex)\s*\})\s*\}?)?\s*"
)
_RAISED_O = re.compile(r"\s*(?P<value>-?\d+(?:\.\d+)?)\s*\^\s*(?:\{\s*o\s*\}|o|\{?\\text\{\s*o\s*\}\}?)\s*")
_IN_DEGREES = re.compile(
    r"(?:[^=]*=)?[^=]*\\pi[^=]*=\s*(?P<degrees>-?\d[\d.]*\s*(?:\^\s*\{?\s*\\circ\s*\}?|\u00b0|\\text\{\s*degrees\s*\}))\s*"
)
"""A multiple of pi that a chain turns into degrees."""
_FACTORED = re.compile(r"\s*(?P<number>\d{1,15})\s*=\s*(?P<factors>\d[^=]*)")
_CHOSEN = re.compile(
    r"(?<![A-Za-z\\])C\((?P<of>[^(),]{1,12}),(?P<take>[^(),]{1,12})\)"
    r"|(?<![A-Za-z\\])(?:\\(?:mathrm|text)\{)?C\}?_\{?(?P<index>\w{1,4})\}?\^\{?(?P<power>\w{1,4})\}?(?!\w)"
)


def second_reading(reference: str, ours: Shape, answer: str, asked: Question) -> tuple[str, str]:
    """Reference and answer in spellings of the other reading; as they are where there is none."""
    value = ours.inner if isinstance(ours, Named) else ours
    if "=" in answer and not isinstance(ours, Named) and (rest := without_asked_side(answer, asked)):
        return reference, rest
    if (raised := _RAISED_O.fullmatch(answer)) is not None and (asked.asks_for_degrees() or asked.is_about_an_angle()):
        return reference, f"{raised['value']}^\\circ"
    if asked.asks_for_degrees() and (turned := _IN_DEGREES.fullmatch(answer)) is not None and _is_true(answer):
        return reference, turned["degrees"]
    if stated := said(reference, answer, asked):
        return reference, stated
    if spelt := value_said(answer, asked):
        return reference, spelt
    if asked.mentions_base(16) and (digits := _HEXADECIMAL.fullmatch(reference)):
        theirs = _HEXADECIMAL.fullmatch(answer)
        return f"{digits['digits']}_{{16}}", f"{theirs['digits']}_{{16}}" if theirs is not None else answer
    if isinstance(value, Several) and (decimal := _with_point(reference)) and not asked.asks_for_several():
        return (decimal, answer) if "." in answer else (reference, _TIGHT.sub(", ", answer))
    if bool(_CHOSEN.search(reference)) != bool(_CHOSEN.search(answer)):
        return _binomial(reference), _binomial(answer)
    if isinstance(value, Several) and _TIGHT.search(answer):
        return reference, _TIGHT.sub(", ", answer)
    if dressed := dressed_option(asked.text, answer):
        return reference, dressed
    if asked.has_natural_logarithms() and len({bool(_LN.search(text)) for text in (reference, answer)}) == 2:
        return _LOG.sub(r"\\ln ", reference), _LOG.sub(r"\\ln ", answer)
    if not isinstance(value, Single):
        return reference, answer
    if (times := _TIMES_TEN.match(answer)) is not None and "scientific" in asked.text.lower():
        return reference, f"{times['mantissa']} \\times 10^{{{times['exponent']}}}{answer[times.end() :]}"
    if (power := _POWER_OF_TEN.fullmatch(answer)) is not None and not symbols(value.node):
        return reference, f"{power['mantissa']} \\times 10^{{{power['exponent']}}}"
    if value.node.head in ("mul", "pow") and (match := _FACTORED.fullmatch(answer)) is not None:
        if re.search(rf"(?<![\d.]){match['number']}(?![\d.]\d|\d)", asked.text):
            return reference, match["factors"]
    if is_literal(value.node) and not _whole(value.node) and _DECIMAL_COMMA.fullmatch(answer):
        return reference, answer.replace("{,}", ".")
    if is_literal(value.node) and not _whole(value.node) and (decimal := _with_point(answer)):
        return reference, decimal
    if is_literal(value.node) and (match := _SQUARE_METRES.fullmatch(answer)) and not asked.has_letter("m"):
        return reference, f"{match['value']}\\text{{ m}}^{'2' if match['power'] == _SQUARED else '3'}"
    if (hours := _HOURS.fullmatch(answer)) is not None and _is_measured(value.node):
        first, second = (
            f"{hours[number]}\\text{{ {hours[unit]}}}" for number, unit in (("first", "hours"), ("second", "minutes"))
        )
        return reference, f"{first} \\text{{ and }} {second}"
    if (falling := _FALLING.fullmatch(answer)) is not None:
        return reference, f"{falling['first']} \\text{{ and }} {falling['second']}"
    if written := written_out(value.node, answer, asked):
        return reference, written
    if (_is_measured(value.node) or is_literal(value.node)) and (match := _BEHIND.fullmatch(answer)) is not None:
        unit = match["unit"] or f"{match['top']}/{match['bottom']}"
        if not _is_measured(value.node) and not asks_in(asked.text, unit):
            return reference, answer
        return reference, f"{match['value']}\\text{{ {unit}}}"
    if variables := symbols(value.node):
        spaced = _RUN.sub(lambda run: " ".join(run[0]) if set(run[0]) <= variables else run[0], answer)
        return reference, spaced
    return reference, answer


def _is_true(answer: str) -> bool:
    """Whether a chain of equals signs can be read, and holds."""
    try:
        shape(read(answer))
    except (Unreadable, TooLarge):
        return False
    return True


def _with_point(text: str) -> str:
    """A numeral with a decimal comma, spelt with a point; '' for what may be a list of short items, or thousands."""
    match = _COMMA.fullmatch(text)
    if match is None:
        return ""
    if match["nought"]:
        return f"{match['before']}0.{match['tenths']}{match['after']}"
    grouped = len(match["places"]) == 3 and len(match["whole"]) <= 3 and not match["whole"].startswith("0")
    return "" if grouped else f"{match['before']}{match['whole']}.{match['places']}{match['after']}"


def _binomial(text: str) -> str:
    return _CHOSEN.sub(_as_binomial, text)


def _as_binomial(match: re.Match[str]) -> str:
    """A binomial coefficient; a constant with an index and a power where so many cannot be chosen."""
    of, take = match["of"] or match["index"], match["take"] or match["power"]
    numbers = of.isdigit() and take.isdigit()
    if match["index"] and (of.isdigit() != take.isdigit() or (numbers and not 1 < int(of) >= int(take))):
        return match.group()
    return f"\\binom{{{of}}}{{{take}}}"


def _whole(node: Node) -> bool:
    inner = node.args[0] if node.head == "neg" else node
    return inner.head == "num" and inner.number.denominator == 1


def _is_measured(node: Node) -> bool:
    """Whether a value has a unit of measurement, rather than a counted noun."""
    inner = node.args[0] if node.head == "neg" else node
    return inner.head == "quantity" and inner.unit is not None and not inner.unit.dimension.startswith(units.ANYTHING)
