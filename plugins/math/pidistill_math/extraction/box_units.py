"""The unit of a box that stands outside of it: ``\\boxed{20}$ cm``, or a currency's sign before the box.

Prose goes on behind a box, and few of its words are of the value. A unit of measurement right behind the box is, and so
is a counted thing of the question; the box with its unit is then judged as if both stood in the box, but only to
refute what its unit refutes, or to find a quantity in another unit that is the reference.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.extraction.boxes import Box
from pidistill_math.reading import units
from pidistill_math.reading.syntax import vocabulary

_GAP: Final = r"(?:[\s$~]|\\[,;:!)\] ]|\\q?quad\b|\*\*)*"
_POWER: Final = (
    r"(?:\s*\}?\$?\s*(?:\^\s*\{?\s*(?P<power>[23])\s*\}?|(?P<raised>[\u00b2\u00b3])|\b(?P<said>squared?|cubed)\b))?"
)
_BEHIND = re.compile(
    _GAP + r"(?:\\(?:text|mathrm|textrm|mbox)\s*\{\s*)?(?:(?P<size>square|sq\.?|cubic|cu\.?)\s+)?"
    r"(?P<word>[A-Za-z\u00a2]+)(?![\w\\'-])"
    + _POWER
    + r"(?:\s*(?:/|\b(?:per|each|every|in\s+(?:one|an?)|an?)\b)\s*(?P<below>[A-Za-z]+)(?![\w\\'-])"
    r"(?:\s*\^?\s*\{?(?P<below_power>2)\}?)?)?",
)
_OVER = re.compile(
    _GAP + r"\\[dt]?frac\s*\{\s*\\(?:text|mathrm)\s*\{\s*(?P<top>[A-Za-z]+)\s*\}\s*\}"
    r"\s*\{\s*\\(?:text|mathrm)\s*\{\s*(?P<below>[A-Za-z]+)\s*\}\s*\}"
)
_NEXT_LINE = re.compile(r"(?:[ \t$)\]\\*]*\n)(?:[ \t]*\n|[ \t*]*[A-Z])")
"""A new paragraph, or a line that begins a sentence, of which no word is a unit of the box."""
_SIGN_BEFORE = re.compile(r"(?P<sign>\\\$|\u20ac|\u00a3|\u00a5)\s*\$?\s*\Z")
_IN_WORDS: Final = vocabulary("in am are ares won second turn turns may pm deg s h t l A K V W J N")
"""Units that are words or letters of prose, or of mathematics, more often."""
_RAISED: Final = {"\u00b2": "2", "\u00b3": "3"}
_ENDS = re.compile(r"\s*(?:[.,;$}\n]|\Z)")


def with_unit(text: str, box: Box, answer: str, question: str) -> str:
    """The answer of a box with the unit that stands outside of the box; '' where none does."""
    if (sign := _SIGN_BEFORE.search(text[max(0, box.start - 4) : box.start])) is not None:
        return f"{sign['sign']}{answer}"
    if (over := _OVER.match(text[box.end : box.end + 100])) is not None:
        known = units.measure(over["top"]) and units.measure(over["below"])
        return f"{answer}\\text{{ {over['top']}}}/\\text{{{over['below']}}}" if known else ""
    if _NEXT_LINE.match(text, box.end) is not None:
        return ""
    match = _BEHIND.match(text[box.end : box.end + 60])
    if match is None or (unit := _unit(match, question)) == "":
        return ""
    return f"{answer}{unit}"


def _unit(match: re.Match[str], question: str) -> str:
    word = match["word"]
    if word in _IN_WORDS or (len(word) == 1 and not (match["below"] or _ENDS.match(match.string, match.end("word")))):
        return ""
    if units.measure(word) is None:
        noun = units.counted(word)
        asked = noun is not None and noun.dimension != units.ANYTHING and word.lower() in question.lower()
        rate = f"/\\text{{{match['below']}}}" if match["below"] and units.measure(match["below"]) else ""
        return f"\\text{{ {word}}}{rate}" if asked else ""
    power = {"s": "2", "c": "3"}.get(
        (match["size"] or match["said"] or " ")[0], match["power"] or _RAISED.get(match["raised"] or "", "")
    )
    raised = f"^{power}" if power else ""
    if not match["below"]:
        return f"\\text{{ {word}}}{raised}"
    if units.measure(match["below"]) is None:
        return ""
    below = f"^{match['below_power']}" if match["below_power"] else ""
    return f"\\text{{ {word}}}{raised}/\\text{{{match['below']}}}{below}"
