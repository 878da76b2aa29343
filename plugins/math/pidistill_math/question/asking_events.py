"""Whether a probability that an answer names in words or by a count is that of another event than the one asked for.

``P(\\text{no heads}) = \\frac78`` is no answer to 'What is the probability of at least one head?', whatever its value.
Answers may name an event as they like, so that only a denial, a count, or a thing beside the asked one refutes.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.reading.numbers import spelt_number
from pidistill_math.reading.syntax import Node, vocabulary

_ASKING = re.compile(r"[^.?!\n]*?\bprobability\b(?P<event>[^.?!\n]*)", re.IGNORECASE)
_DENIALS: Final = vocabulary("no not none never neither without")
_AT_LEAST = re.compile(r"\bat\s+(?:least|most)\b|\b(?:more|fewer|less|greater)\s+than\b", re.IGNORECASE)
_COUNT = re.compile(
    r"\b(?:exactly|sum\s+(?:of|is|equals)|total\s+of|equal\s+to)\s+\$?(?P<number>\d+|[a-z]+)", re.IGNORECASE
)
_OPPOSITES: Final = (
    "odd even", "prime composite", "positive negative", "head tail", "win lose", "win loss", "won lost",
    "success failure", "hit miss", "pass fail", "boy girl", "male female", "man woman", "black white", "true false",
    "acute obtuse", "defective working", "guilty innocent", "rain dry", "rational irrational", "rise fall",
)  # fmt: skip
"""Events of which the second is that the first is not."""
_EVENT = re.compile(
    r"\s*(?P<left>1\s*-\s*)?\\?(?:(?:mathbb|mathrm|text|operatorname)\s*\{\s*)?Pr?(?:ob)?\s*\}?\s*(?:\\left\s*)?"
    r"[(\[](?P<event>[^()\[\]]{1,80})(?:\\right\s*)?[)\]]\s*="
)
_TEXT = re.compile(r"\\(?:text|textrm|mathrm)\s*\{([^{}]*)\}")
_SMALL: Final = vocabulary("a an the of is are be it x get getting to")
_LONGEST: Final = 8_000


def another_event(name: Node, text: str) -> str:
    """Why the event of a probability is not the one that `text` asks for; '' where it may be."""
    if name.head != "call" or name.text != "P()" or len(name.args) != 1:
        return ""
    found = list(_ASKING.finditer(text[-_LONGEST:]))
    if not found:
        return ""
    event, asked = name.args[0], found[-1]["event"].lower()
    if event.head == "words":
        differs = _in_words(event.text.lower().split(), asked.split(), text.lower())
    elif event.head == "num" and event.text == "worded":
        spelt = [word for word in map(_bare, asked.split()) if _number(word) == event.number]
        differs = len(spelt) == 1 and _denied(spelt, asked.split())
    else:
        differs = event.head == "rel" and event.args[-1].head == "num" and _by_count(event, asked)
    return "the probability of another event than the one that the question asks for" if differs else ""


def without_event(answer: str, text: str) -> str:
    """What an answer says of a probability whose event is in the words of the question; '' where it names none such.

    Of the event's opposite it may be what is left of one: ``1 - P(\\text{odd}) = \\frac12``.
    """
    found = _EVENT.match(answer)
    asking = list(_ASKING.finditer(text[-_LONGEST:]))
    if found is None or not asking:
        return ""
    asked = asking[-1]["event"].lower()
    said = _TEXT.sub(r" \1 ", found["event"]).replace("$", " ").lower()
    words = [word for word in re.findall(r"[a-z']+|\d+", said) if word not in _SMALL]
    known = {_stem(word) for word in re.findall(r"[a-z']+|\d+", asked)}
    differs = _in_words(words, asked.split(), text.lower())
    if re.search(r"[\\^|]", said) or not words or differs is not bool(found["left"]):
        return ""
    if found["left"]:
        return answer[found.end() :]
    spoken = any(word.isalpha() and _number(word) is None for word in words)
    bound = bool(_AT_LEAST.search(asked)) is bool(_AT_LEAST.search(said))
    return answer[found.end() :] if spoken and bound and set(map(_stem, words)) <= known else ""


def _in_words(event: list[str], asked: list[str], text: str) -> bool:
    """Whether an event is denied, or is of the other of two things that the question joins by 'and'."""
    said = {*map(_bare, asked)}
    if _DENIALS & set(event) and not any(word in _DENIALS or word.endswith("n't") for word in said):
        return True
    if not _DENIALS & set(event) and (_denied(event, asked) or _opposed(event, said)):
        return True
    for word in event:
        for pair in re.finditer(rf"\b([a-z]+)\s+(?:[a-z]+\s+)?and\s+(?:\d+\s+)?{re.escape(word)}\b", text[-_LONGEST:]):
            if word not in said and pair[1] in said and pair[1] not in event:
                return True
        for pair in re.finditer(rf"\b{re.escape(word)}\s+(?:[a-z]+\s+)?and\s+(?:\d+\s+)?([a-z]+)\b", text[-_LONGEST:]):
            if word not in said and pair[1] in said and pair[1] not in event:
                return True
    return False


def _denied(event: list[str], asked: list[str]) -> bool:
    """Whether what is asked for is that an event's only word does not happen: 'not a six' for the six."""
    words = [*map(_bare, asked)]
    if len(event) != 1 or event[0] not in words:
        return False
    before = words[max(0, words.index(event[0]) - 2) : words.index(event[0])]
    return any(word in _DENIALS or word.endswith("n't") for word in before) and words.count(event[0]) == 1


def _opposed(event: list[str], said: set[str]) -> bool:
    """Whether an event is the opposite of the one that is asked for."""
    ours, theirs = ({word.removesuffix("s") for word in words} for words in (said, event))
    for pair in _OPPOSITES:
        for one, other in (pair.split(), pair.split()[::-1]):
            if one in theirs - ours and other in ours - theirs:
                return True
    return False


def _by_count(event: Node, asked: str) -> bool:
    """Whether a count is given exactly where a bound is asked for, or is another than the one asked for."""
    if event.text == "=" and _AT_LEAST.search(asked):
        return True
    counts = [_number(match["number"]) for match in _COUNT.finditer(asked)]
    return event.text == "=" and len(counts) == 1 and counts[0] is not None and event.args[-1].number != counts[0]


def _stem(word: str) -> str:
    """A word without the ending of a plural, and a number in digits."""
    if (number := _number(word)) is not None:
        return str(number)
    return word.removesuffix("s") if len(word) > 3 else word


def _bare(word: str) -> str:
    return word.strip(",.$")


def _number(word: str) -> int | None:
    if word.isdigit():
        return int(word[:18])
    number = spelt_number(word)
    return None if number is None else int(number)
