"""What a question counts or measures: the unit that a bare reference has, and the nouns that an answer may repeat.

``18`` to 'How many minutes' is 18 minutes, so that 18 hours are another answer and 1080 seconds are the same one. The
noun of 'How many crackers' may stand behind the number although no list knows crackers, because the question names it;
any other unknown word behind a number stays unreadable.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from pidistill_math import units
from pidistill_math.syntax import vocabulary
from pidistill_math.units import Unit

_LONGEST: Final = 8_000
_HOW_MANY = re.compile(r"\bhow\s+many\s+(?P<rest>[^.?!\n$]{1,120})", re.IGNORECASE)
_ASKING = re.compile(r"\b(?:find|what|how|express|give|compute|determine|calculate|answer|measure)\b", re.IGNORECASE)
_IN = re.compile(
    r"(?<!measured )(?<!given )(?<!are )\bin\s+(?:\$?\\(?:text|mathrm)\{\s*)?"
    r"(?P<power>square\s+|cubic\s+|sq\.?\s+|cu\.?\s+)?(?P<unit>[A-Za-z]{2,})(?:\s*(?:per|/)\s*(?P<per>[A-Za-z]+))?",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.?!\n]+")
_SHORT: Final = vocabulary("cm mm km kg mg ml mL mph kph rpm ft lb lbs oz min hr hrs USD radian")
_SIZE = re.compile(r"\b(?:area|volume|square|cubic|speed|rate|velocity)\b", re.IGNORECASE)
_ENDS: Final = vocabulary(
    "of are is was were does did do the can will would could should to has have had in on at per if with from that"
)
_PEOPLE: Final = vocabulary(
    """person people man men woman women child children boy girl student classmate member teacher player worker
    employee guest adult passenger contestant participant customer visitor friend client voter team candidate"""
)
"""Counted things that are each other: the students that are counted are people."""
_COUNTED_ANSWER = re.compile(
    r"\$?\s*(?P<number>-?(?:\d[\d.,/ ]*)?(?:\d|\\[dt]?frac\{\d+\}\{\d+\}))\$?(?:\\[,;: ]|~|\s)*"
    r"(?:\\(?:text|mathrm|textrm|mbox)\s*\{\s*)?\(?(?P<words>[A-Za-z][A-Za-z' -]{0,80}?)\)?\s*\}?\$?\.?\s*"
)


def asked_unit(question: str, answered: Unit) -> Unit | None:
    """The unit in which a bare reference must be, None where the question does not say; `answered` is the answer's."""
    asked = _asked(question[-_LONGEST:])
    if asked is None:
        cents = answered.dimension == "dollar" and answered.scale != 1 and "cent" not in question.lower()
        return units.measure("dollar") if cents and re.search(r"\bhow\s+much\b", question, re.IGNORECASE) else None
    if _thing(asked) in _PEOPLE and _thing(answered) in _PEOPLE:
        return None
    return asked


def without_asked_noun(question: str, answer: str) -> str:
    """The number of an answer whose words behind it are those of the question's 'how many'; else the answer."""
    if "many" not in question and "many" not in question.lower():
        return answer
    found = _COUNTED_ANSWER.fullmatch(answer.strip()) if len(answer) < 200 else None
    if found is None:
        return answer
    words = " ".join(found["words"].lower().split())
    for match in _HOW_MANY.finditer(question[-_LONGEST:]):
        rest = " ".join(re.findall(r"[a-z'-]+", match["rest"].lower()))
        while rest:
            if re.match(rf"{re.escape(words)}(?![a-z'-])", rest):
                return found["number"].strip()
            skipped, _, rest = rest.partition(" ")
            if skipped in _ENDS or units.measure(skipped) or units.counted(skipped) or skipped.endswith("s"):
                break
    return answer


@lru_cache(maxsize=256)
def _asked(question: str) -> Unit | None:
    for match in reversed(list(_HOW_MANY.finditer(question))):
        return _counted([word.rstrip(",;:") for word in match["rest"].split()[:6]])
    for sentence in reversed(_SENTENCE.findall(question)):
        if _ASKING.search(sentence):
            for match in _IN.finditer(sentence):
                if (unit := _in_unit(match, sentence)) is not None:
                    return unit
    return None


def _counted(words: list[str]) -> Unit | None:
    """The unit of the first noun behind 'how many' that a list knows."""
    power = 1
    for at, word in enumerate(words):
        low = word.lower()
        if low in _ENDS or units.scale(low) is not None:
            return None
        if low in ("square", "cubic"):
            power = 2 if low == "square" else 3
            continue
        unit = units.measure(word) if len(word) > 1 else None
        if unit is not None:
            if at + 2 < len(words) and words[at + 1] in ("per", "an", "a") and units.measure(words[at + 2]):
                return None
            return units.power(unit, power)
        if low in units.FREE and low not in ("ways", "way"):
            continue
        if (unit := units.counted(low)) is not None and low.endswith(("s", "en", "people", "ice", "eese")):
            following = words[at + 1].lower() if at + 1 < len(words) else ""
            return None if following.isalpha() and units.counted(following) else unit
    return None


def _in_unit(match: re.Match[str], sentence: str) -> Unit | None:
    word = match["unit"]
    unit = units.measure(word)
    if unit is None or not (word.endswith("s") or word in _SHORT or word == "feet") or word in ("turns", "ms"):
        return None
    power = {"s": 2, "c": 3}.get((match["power"] or " ").lower()[0], 1)
    if match["per"]:
        below = units.measure(match["per"])
        return units.per(unit, below) if below is not None else None
    if power == 1 and unit.dimension == "length" and _SIZE.search(sentence):
        return None
    return units.power(unit, power)


def _thing(unit: Unit) -> str:
    return unit.dimension.removeprefix("count ")
