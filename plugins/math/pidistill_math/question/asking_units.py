"""What a question counts or measures: the unit that a bare reference has, and the nouns that an answer may repeat.

``18`` to 'How many minutes' is 18 minutes, so that 18 hours are another answer and 1080 seconds are the same one. The
noun of 'How many crackers' may stand behind the number although no list knows crackers, because the question names it;
any other unknown word behind a number stays unreadable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Final

from pidistill_math.question.asking_sizes import ONE_BY_ONE, thing, unit_given, unit_of_a_size
from pidistill_math.reading import units
from pidistill_math.reading.syntax import vocabulary
from pidistill_math.reading.units import Unit

_LONGEST: Final = 8_000
_HOW_MANY = re.compile(r"\bhow\s+many\s+(?P<rest>[^.?!\n$]{1,120})", re.IGNORECASE)
_NUMBER_OF = re.compile(
    r"\b(?:find|compute|determine|calculate|what\s+is|what's)\s+the\s+(?:total\s+|smallest\s+|largest\s+|least\s+|greatest\s+)?"
    r"(?:possible\s+)?number\s+of\s+(?P<rest>[^.?!\n$]{1,120})",
    re.IGNORECASE,
)
_ASKING = re.compile(r"\b(?:find|what|how|express|give|compute|determine|calculate|answer|measure)\b", re.IGNORECASE)
_IN = re.compile(
    r"(?<!measured )(?<!given )(?<!are )\bin\s+(?:\$?\\(?:text|mathrm)\{\s*)?"
    r"(?P<power>square\s+|cubic\s+|sq\.?\s+|cu\.?\s+)?(?P<unit>[A-Za-z]{2,})(?:\s*(?:per|/)\s*(?P<per>[A-Za-z]+))?",
    re.IGNORECASE,
)
_RATE_IN = re.compile(
    r"\bin\s+\$?(?:\\(?:text|mathrm|textrm)\{\s*)?(?P<unit>km|cm|mm|mi|ft|m)\s*/\s*(?P<per>hours?|hr|min|sec|h|s)(?![A-Za-z^/])"
)
_CONVERT = re.compile(
    r"\bconvert\b[^.?!]{0,80}?\b(?:to|into)\s+(?P<power>square\s+|cubic\s+)?(?P<unit>[A-Za-z]{1,})(?:\s*(?:per|/)\s*(?P<per>[A-Za-z]+))?"
    r"(?=\W*(?:\Z|[.?!,;]))",
    re.IGNORECASE,
)
_FRACTION_OF = re.compile(
    r"\b(?:as\s+an?|what)\s+(?:common\s+)?fraction\s+of\s+an?\s+(?P<unit>[A-Za-z]{2,})\b", re.IGNORECASE
)
_AGE = re.compile(
    r"\bhow\s+old\b|\b(?:give|find|what\s+is|determine|calculate)\s+(?:the\s+(?:current\s+|present\s+)?age\s+of|[A-Za-z]+(?:'s)?\s+(?:current\s+|present\s+)?age)\b",
    re.IGNORECASE,
)
_MALE: Final = vocabulary("boy man men")
_FEMALE: Final = vocabulary("girl woman women")
_TAUGHT: Final = vocabulary("boy girl student pupil classmate")
_SENTENCE = re.compile(r"[^.?!\n]+")
_SHORT: Final = vocabulary("cm mm km kg mg ml mL mph kph rpm ft lb lbs oz min hr hrs USD radian")
_SIZE = re.compile(r"\b(?:area|volume|square|cubic|speed|rate|velocity)\b", re.IGNORECASE)
_ENDS: Final = vocabulary(
    "of are is was were does did do the can will would could should to has have had in on at per if with from that"
)
_ORDINAL = re.compile(r"\s*\d+\s*(?:\^\s*)?\{?\s*(?:\\(?:text|mathrm|textrm)\s*\{\s*)?(?:st|nd|rd|th)\s*\}*\s*")
_HOW_MUCH = re.compile(r"\bhow\s+much\b", re.IGNORECASE)
_MONEY = re.compile(
    r"\bhow\s+much\b(?:\s+more|\s+total)?(?:\s+money\b|[^.?!]{0,80}\b(?:cost|costs|pay|paid|spend|spent|earn|earned|charge|owe|profit|salary"
    r"|revenue|earnings|price)\b)[^.?!]{0,120}[.?!]?\s*\Z",
    re.IGNORECASE,
)
_PERCENT_ASKED = re.compile(
    r"\b(?:what|which)\s+(?:is\s+the\s+)?(?:\w+\s+)?percent(?:age)?\b|\bin\s+percent\b|\bas\s+an?\s+percent(?:age)?\b",
    re.IGNORECASE,
)
_SCALE_OF_DEGREES = re.compile(r"\s+(celsius|fahrenheit)\b", re.IGNORECASE)
_TEMPERATURES: Final = frozenset({"celsius", "fahrenheit"})
_PER = re.compile(r"\b(?:per|an?|each|every)\s+([A-Za-z]{2,})", re.IGNORECASE)
_CENTS = re.compile(r"\bcents?\b|\u00a2|\bpenn(?:y|ies)\b|\b(?:nickel|dime|coin)s?\b", re.IGNORECASE)
_IN_DOLLARS = re.compile(r"\$\s?\d(?![^$\n]{0,40}[=\\])|\bdollars?\b")
_CURRENCIES: Final = vocabulary("dollar euro yen rupee yuan ruble peso won franc") | {"pound sterling", units.ANYTHING}
_PEOPLE: Final = vocabulary(
    """person people man men woman women child children boy girl student classmate member teacher player worker
    employee guest adult passenger contestant participant customer visitor friend client voter team candidate"""
)
"""Counted things that are each other: the students that are counted are people."""
_COUNTED_ANSWER = re.compile(
    r"\$?\s*(?P<number>-?(?:\d[\d.,/ ]*)?(?:\d|\\[dt]?frac\s*(?:\{\d+\}|\d)\s*(?:\{\d+\}|\d)))\$?(?:\\[,;: ]|~|\s)*"
    r"(?:\\(?:text|mathrm|textrm|mbox)\s*\{\s*)?\(?(?:remaining\s+|total\s+)?"
    r"(?P<words>[A-Za-z][A-Za-z' -]{0,80}?)\)?\s*\}?\$?\.?\s*"
)


def asked_unit(question: str, answered: Unit) -> Unit | None:
    """The unit in which a bare reference must be, None where the question does not say; `answered` is the answer's."""
    question = question[-_LONGEST:]
    if thing(answered) in ("pair", "couple") and thing(answered) not in question.lower():
        return ONE_BY_ONE if _HOW_MANY.search(question) else None
    asked = _asked(question)
    if asked is None and _PERCENT_ASKED.search(question):
        return units.measure("percent")
    if isinstance(asked, Unit) and asked.dimension in _TEMPERATURES and answered.dimension == "angle":
        return None
    if isinstance(asked, Rate):
        shorthand = (answered.dimension, answered.scale) == (asked.top.dimension, asked.top.scale)
        return None if shorthand else units.per(asked.top, asked.bottom)
    if isinstance(asked, Scaled):
        if answered.dimension.startswith(units.ANYTHING):
            return Unit(answered.dimension, Fraction(asked.factor))
        noun = asked.noun
        same = noun is not None and noun.dimension == answered.dimension
        return Unit(answered.dimension, asked.factor * noun.scale) if same and noun is not None else ONE_BY_ONE
    if asked is None:
        cents = answered.dimension == "dollar" and answered.scale != 1 and not _CENTS.search(question)
        if cents and (_HOW_MUCH.search(question) or _IN_DOLLARS.search(question)):
            return units.measure("dollar")
        if (
            answered.dimension not in _CURRENCIES
            and re.search(r"\$|\bdollars?\b", question)
            and _MONEY.search(question)
        ):
            return units.measure("dollar")
        return unit_of_a_size(question, answered) or unit_given(question, answered)
    things = {thing(asked), thing(answered)}
    if things <= _PEOPLE:
        apart = (things & _MALE and things & _FEMALE) or ("teacher" in things and things & _TAUGHT)
        return asked if apart else None
    if answered.dimension.startswith(f"{asked.dimension}/") and (below := unit_below(question, answered)) is not None:
        return units.per(asked, below)
    return asked


def asks_in(question: str, spelt: str) -> bool:
    """Whether a question asks in the unit that letters behind a number spell, ``m^2``, which are no variables then."""
    asked = _asked(question[-_LONGEST:])
    found = []
    for part in spelt.replace("{", "").replace("}", "").split("/"):
        name, _, exponent = part.strip().partition("^")
        if (unit := units.measure(name)) is None:
            return False
        found.append(units.power(unit, int(exponent or 1)))
    whole = units.per(*found) if len(found) == 2 else found[0]
    return isinstance(asked, Unit) and (asked.dimension, asked.scale) == (whole.dimension, whole.scale)


def ordinal_for_a_count(question: str, answer: str) -> bool:
    """Whether a place in a row is given where the question asks how many."""
    return bool(_ORDINAL.fullmatch(answer) and _HOW_MANY.search(question[-_LONGEST:]))


def asked_scale(question: str) -> int:
    """What the words of 'how many million people' multiply a bare reference by; 1 where they do not."""
    asked = _asked(question[-_LONGEST:])
    return asked.factor if isinstance(asked, Scaled) else 1


def unit_below(question: str, answered: Unit) -> Unit | None:
    """The lower unit of 'hours per week' where the question has it too, so that it repeats what is asked."""
    name = answered.label.rpartition("/")[2].strip()
    below = units.measure(name) if len(name) > 1 else None
    said = {word.lower() for word in _PER.findall(_asking_sentence(question[-_LONGEST:]))}
    same = below is not None and any(units.measure(word) == replace(below, label=word) for word in said if word)
    singular = name.rstrip("s")
    adverb = re.search(rf"\b{re.escape(singular)}ly\b", _asking_sentence(question), re.IGNORECASE) is not None
    return below if same or (adverb and len(singular) > 1) else None


def _asking_sentence(question: str) -> str:
    """The last sentence that asks; all of a question in which none does."""
    return next((part for part in reversed(_SENTENCE.findall(question)) if _ASKING.search(part)), question)


def without_asked_noun(question: str, answer: str) -> str:
    """The number of an answer whose words behind it are those of the question's 'how many'; else the answer."""
    found = _COUNTED_ANSWER.fullmatch(answer.strip()) if len(answer) < 200 else None
    if found is None:
        return answer
    words = " ".join(found["words"].lower().split())
    noun, of, _ = words.partition("of ")
    if of and re.search(rf"\b{re.escape(words)}(?![a-z'-])", question[-_LONGEST:].lower()):
        if noun and units.measure(noun.strip()) is not None:
            return (
                f"{found['number'].strip()}\\text{{ {noun.strip()}}}"  # 'cups of flour', of which the question speaks
            )
        if not noun and re.search(
            rf"\b(?:fraction|part|percent|percentage|portion)\s+{re.escape(words)}\b", question, re.I
        ):
            return found["number"].strip()
    asking = [*_HOW_MANY.finditer(question[-_LONGEST:]), *_NUMBER_OF.finditer(question[-_LONGEST:])]
    if not asking:
        return answer
    if len(words) > 1 and units.measure(words) is not None:
        return answer  # its unit is compared
    for match in asking:
        rest = " ".join(re.findall(r"[a-z'-]+", match["rest"].lower()))
        while rest:
            if re.match(rf"{re.escape(words)}(?![a-z'-])", rest):
                return found["number"].strip()
            skipped, _, rest = rest.partition(" ")
            if (
                skipped in _ENDS
                or units.scale(skipped)
                or units.measure(skipped)
                or units.counted(skipped)
                or skipped.endswith("s")
            ):
                break
    return answer


@dataclass(frozen=True)
class Rate:
    """A unit per another, as 'how many miles per hour' asks for; the first alone is its shorthand."""

    top: Unit
    bottom: Unit


@dataclass(frozen=True)
class Scaled:
    """Thousands or dozens of a noun: a bare reference counts those."""

    factor: int
    noun: Unit | None


@lru_cache(maxsize=256)
def _asked(question: str) -> Unit | Rate | Scaled | None:
    for match in reversed(list(_HOW_MANY.finditer(question))):
        if _HOW_MUCH.search(question, match.end()):
            return None
        return _counted([word.rstrip(",;:") for word in match["rest"].split()[:6]])
    if (number := list(_NUMBER_OF.finditer(question))) and not _ASKING.search(question, number[-1].end()):
        if (unit := _counted([word.rstrip(",;:") for word in number[-1]["rest"].split()[:6]])) is not None:
            return unit
    if (converted := list(_CONVERT.finditer(question))) and (unit := _converted(converted[-1])) is not None:
        return _in_a_sentence(question[converted[-1].end() :]) or unit
    if (part := _FRACTION_OF.search(question)) is not None and (unit := units.measure(part["unit"])) is not None:
        return unit
    return _in_a_sentence(question)


def _in_a_sentence(question: str) -> Unit | None:
    """The unit that the last sentence which asks says to be asked in."""
    for sentence in reversed(_SENTENCE.findall(question)):
        if _AGE.search(sentence):
            return units.measure("years")
        if _ASKING.search(sentence):
            if (rate := _RATE_IN.search(sentence)) is not None:
                top, below = units.measure(rate["unit"]), units.measure(rate["per"])
                return units.per(top, below) if top is not None and below is not None else None
            for match in _IN.finditer(sentence):
                if (unit := _in_unit(match, sentence)) is not None:
                    return unit
    return None


def _counted(words: list[str]) -> Unit | Rate | Scaled | None:
    """The unit of the first noun behind 'how many' that a list knows; things counted one by one for other nouns."""
    power = 1
    noun: Unit | None = None
    for at, word in enumerate(words):
        low = word.lower()
        if low in _ENDS:
            return noun
        if (factor := units.scale(low)) is not None:
            following = words[at + 1] if at + 1 < len(words) else ""
            return Scaled(factor, units.measure(following) if len(following) > 1 else None)
        if low in ("square", "cubic"):
            power = 2 if low == "square" else 3
            continue
        unit = units.measure(word) if len(word) > 1 else None
        if unit is not None and unit.dimension == "angle" and words[at + 1 : at + 2]:
            following = words[at + 1].lower().rstrip("?.")
            unit = units.MEASURES[following] if following in _TEMPERATURES else unit
        if unit is not None:
            if at + 2 < len(words) and words[at + 1] in ("per", "an", "a") and (per := units.measure(words[at + 2])):
                return Rate(units.power(unit, power), per)
            return units.power(unit, power)
        if low.endswith("s") and len(low) > 3 and low.isalpha():
            noun = Unit(units.ANYTHING, label="units" if low == "units" else "")
        if low in units.FREE and low not in ("ways", "way"):
            continue
        if (unit := units.counted(low)) is not None and low.endswith(
            ("s", "en", "people", "ice", "eese", "sheep", "fish", "deer")
        ):
            following = words[at + 1].lower() if at + 1 < len(words) else ""
            modifies = following.isalpha() and following not in _ENDS and units.counted(following)
            return None if modifies else unit
    return noun


def _converted(match: re.Match[str]) -> Unit | None:
    """The unit into which a question has something converted."""
    unit = units.measure(match["unit"])
    if unit is None or not match["per"]:
        power = {"s": 2, "c": 3}.get((match["power"] or " ").lower()[0], 1)
        return units.power(unit, power) if unit is not None else None
    below = units.measure(match["per"])
    return units.per(unit, below) if below is not None else None


def _in_unit(match: re.Match[str], sentence: str) -> Unit | None:
    word = match["unit"]
    unit = units.measure(word)
    if (scale := _SCALE_OF_DEGREES.match(sentence, match.end())) is not None:
        return units.measure(scale[1].lower())
    if unit is None or not (word.endswith("s") or word in _SHORT or word == "feet") or word in ("turns", "ms"):
        return None
    power = {"s": 2, "c": 3}.get((match["power"] or " ").lower()[0], 1)
    if match["per"]:
        below = units.measure(match["per"])
        return units.per(unit, below) if below is not None else None
    if power == 1 and unit.dimension == "length" and _SIZE.search(sentence):
        return None
    return units.power(unit, power)
