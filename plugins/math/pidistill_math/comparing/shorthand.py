"""Numbers in a shorthand that says one thing only beside what is asked for, respelt for the reference's kind.

``7k`` is seven thousand where money or a count is asked for and no variable k is about, ``6'`` six feet where the
answer is in feet, ``12,50,000`` a number grouped as in India, ``3 and 1/4`` a mixed number, 'eighth' a place where one
is asked for, 'none' a count of nothing. Each is a second reading: it is tried only where the answer as it stands is
not the reference, and the value that it says is then compared like any other.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.comparing.measured import measured
from pidistill_math.meaning.policy import is_literal
from pidistill_math.question.asking import Question
from pidistill_math.question.asking_units import asked_unit
from pidistill_math.reading import units
from pidistill_math.reading.numbers import spelt_ordinal
from pidistill_math.reading.syntax import Node
from pidistill_math.reading.units import Unit

_TEXT = re.compile(r"\\(?:text|textrm|textbf|mathrm|mbox)\s*\{([^{}]*)\}")
_LETTER = re.compile(
    r"\s*(?P<money>(?:\\?\$)?)\s*(?P<value>\d[\d,]*(?:\.\d+)?)\s*(?:\\text\{\s*)?(?P<letter>k|K|M|B|bn)\s*\}?\s*"
    r"(?P<unit>(?:\\text\{[^{}]*\}|dollars)?)\s*"
)
_THOUSANDS: Final = {"k": "thousand", "K": "thousand", "M": "million", "B": "billion", "bn": "billion"}
_FEET = re.compile(r"\s*(?P<value>\d+(?:\.\d+)?)\s*(?:'|\u2019|\u2032|\^\s*\{?\s*\\prime\s*\}?)\s*")
_INDIAN = re.compile(r"\s*(?P<money>(?:\\?\$)?)(?P<digits>[1-9]\d?(?:,\d{2})+,\d{3})(?P<places>(?:\.\d+)?)\s*")
_MIXED = re.compile(
    r"\s*(?P<whole>\d{1,9})(?:\\[,;: ]|~|\s)*(?:\\text\s*\{\s*and\s*\}|and)(?:\\[,;: ]|~|\s)*"
    r"(?P<part>\\[dt]?frac\s*\{\d+\}\s*\{\d+\}|\d+\s*/\s*\d+)\s*"
)
_NOTHING = re.compile(
    r"(?:there\s+(?:are|is)\s+)?(?:none|no\s+(?:such\s+)?(?:real\s+|integer\s+|positive\s+)?(?P<noun>[a-z]+))",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\bwhich\s+(?!fraction|part)|\bwhat\s+(?:place|position|term|day|row|grade|floor|rank|number)\b|\bon\s+what\b|\bwhen\b",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"(?:the\s+)?(?P<which>[a-z-]+|\d{1,6}\s*(?:st|nd|rd|th))(?:\s+(?P<noun>[a-z]+))?", re.IGNORECASE)


def written_out(node: Node, answer: str, asked: Question) -> str:
    """An answer in shorthand, written out for a reference of one value; '' for any other answer."""
    value, unit = measured(node)
    if not is_literal(value):
        return ""
    if (match := _LETTER.fullmatch(answer)) is not None and not asked.has_letter(match["letter"]):
        money = match["money"] or "dollar" in match["unit"] or asked.is_about_money()
        if money or (match["letter"] in "kK" and asked.asks_how_many()):
            return f"{match['money']}{match['value']}\\text{{ {_THOUSANDS[match['letter']]}}} {match['unit']}"
    if (match := _FEET.fullmatch(answer)) is not None and _in_feet(unit, asked):
        return f"{match['value']}\\text{{ feet}}"
    if (match := _INDIAN.fullmatch(answer)) is not None:
        return f"{match['money']}{match['digits'].replace(',', '')}{match['places']}"
    if (match := _MIXED.fullmatch(answer)) is not None and not asked.asks_for_several():
        return f"{match['whole']} {match['part']}"
    return _in_words(value, answer, asked)


def _in_feet(unit: Unit | None, asked: Question) -> bool:
    """Whether the reference is in feet, by itself or because feet are asked for."""
    foot = units.measure("foot")
    found = unit if unit is not None or foot is None else asked_unit(asked.text, foot)
    return foot is not None and found is not None and (found.dimension, found.scale) == (foot.dimension, foot.scale)


def _in_words(value: Node, answer: str, asked: Question) -> str:
    """A place or a count of nothing that is said in words."""
    flat = " ".join(_TEXT.sub(r" \1 ", answer).split()).rstrip(".")
    if not flat or not flat[-1].isalpha():
        return ""
    if asked.asks_how_many():
        nothing = _NOTHING.fullmatch(flat) if value.head == "num" and value.number == 0 else None
        noun = nothing["noun"].lower().rstrip("s") if nothing is not None and nothing["noun"] else "solution"
        return "0" if nothing is not None and (noun == "solution" or noun in asked.text.lower()) else ""
    if (match := _ORDINAL.fullmatch(flat)) is None or _PLACE.search(asked.text) is None:
        return ""
    noun = (match["noun"] or "").lower()
    if noun and not re.search(rf"\b{re.escape(noun)}s?\b", asked.text, re.IGNORECASE):
        return ""
    which = match["which"]
    place = int(re.sub(r"\D", "", which)) if which[0].isdigit() else spelt_ordinal(which)
    return str(place) if place is not None else ""
