"""Sentences behind a box that answer the question in full with another number: 'Hence Tom has 24 apples left.'

Such a sentence says what was asked in the question's own words and nothing besides; one with words of its own speaks of
a step, a case or another thing. Quantities that are said to be the box's in another unit must be that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from pidistill_math.question.asking_parts import clause_asked
from pidistill_math.reading import units
from pidistill_math.reading.syntax import vocabulary

_HOW_MANY = re.compile(
    r"\bhow\s+(?P<which>many|much|old|tall|long|far|heavy)\s+(?P<rest>[^.?!\n]{1,100})", re.IGNORECASE
)
_CLAUSE = re.compile(
    r"(?:^|[.!?\n])[\s$)*]*(?:(?:(?:so|thus|hence|therefore|in\s+total|altogether|now|then),?\s+)"
    r"|(?:subtracting|removing|excluding|adding|including|after|counting|taking|without)\b[^.!?\n]{1,60},\s*)*"
    r"(?P<before>[A-Za-z' ]{2,40}?)[\s$*\\]*(?P<value>\d+(?:[.,/]\d+)*)[\s$*]*"
    r"(?P<behind>[A-Za-z0-9' ]{0,40})[*]*\s*(?:[.!]|$|\n)",
    re.IGNORECASE,
)
_LEFT = re.compile(
    r"^[\s$.,;*)]*(?:which|this|that|and\s+this)?\s*(?:leaves|leaving)\s+(?:\w+\s+with\s+)?[\s$*]*(?P<value>\d+(?:[.,/]\d+)*)"
    r"[\s$*]*[.!]",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"\b(?:dividing|multiplying|subtracting|adding|removing|excluding|including|doubling|halving)\b[^.!?\n]{0,40}?"
    r"\b(?:gives|leaves|yields|makes)\s+(?:us\s+)?[\s$*]*(?P<value>\d+(?:[.,/]\d+)*)[\s$*]*(?P<behind>[A-Za-z]+)(?:\s+\w+)?\s*[.!]",
    re.IGNORECASE,
)
"""A further step that ends in a count of what is asked for."""
_SO_LEFT = re.compile(
    r"\b(?:so|thus|hence|leaving|therefore)\s+(?:there\s+are\s+)?[\s$*]*(?P<value>\d+(?:[.,/]\d+)*)[\s$*]*"
    r"(?:(?P<behind>[a-z]+)\s+)?(?:remain\w*|(?:are|is)?\s*(?:left|remaining))\s*[.!]",
    re.IGNORECASE,
)
_REMAINING: Final = vocabulary("left leave remain remaining over")
_SMALL: Final = vocabulary(
    """a an the of in to is are was were be there do does did will can could now then so thus hence therefore only
    he she it they we i you his her their its our total altogether all"""
)
_PRONOUNS: Final = vocabulary("he she it they we")
_NAME = re.compile(r"\b[A-Z][a-z]+\b")
_OPENING: Final = vocabulary("How What If A An The There He She It They We So Thus Hence Therefore In At On Each Every")
"""Words with a capital that are no names."""
_UNSAID: Final = {
    "much": vocabulary("dollar cent money"),
    "old": vocabulary("year old age"),
    **dict.fromkeys(("tall", "long", "far", "heavy"), vocabulary("tall long far heavy away")),
}
"""What 'how much' and 'how old' ask in, which an answer may leave out."""
_DATES: Final = vocabulary(
    """january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday"""
)
_SAME: Final = {
    "has": "have",
    "had": "have",
    "having": "have",
    "remaining": "left",
    "remain": "left",
    "remains": "left",
}
_NUMERALS = re.compile(r"\d+(?:[.,]\d+)*")
_GAP: Final = r"(?:[\s$~*]|\\[,;: ]|\\text\s*\{|\})*"
_AGAIN = re.compile(
    rf"^{_GAP}(?P<unit>[A-Za-z]+)\}}?\$?,?\s*\(?(?:,\s*)?(?:or|i\.e\.,?|that\s+is,?|which\s+is|which\s+equals|equivalently)\s+"
    rf"(?:simply\s+|exactly\s+)?{_GAP}(?P<value>\d+(?:\.\d+)?){_GAP}(?P<other>[A-Za-z]+)\}}?\$?"
    rf"(?:,?\s+(?:and\s+)?{_GAP}(?P<more>\d+(?:\.\d+)?){_GAP}(?P<third>[A-Za-z]+))?"
)
"""The box's quantity, said again in another unit."""
_NEAR: Final = Fraction(1, 50)


def answered_again(near: str, question: str) -> Iterator[tuple[str, int]]:
    """Numbers by which sentences behind a box answer `question`, each with where it ends."""
    asked = list(_HOW_MANY.finditer(question))
    if not asked or len(asked) > 1:
        return
    given = set(_NUMERALS.findall(question))
    noun, *rest = _words(asked[0]["rest"]) or [""]
    unsaid = _UNSAID.get(asked[0]["which"].lower(), frozenset())
    if unsaid:
        noun, rest = "", [word for word in (noun, *rest) if word not in unsaid]
    if _REMAINING & {noun, *rest} and (left := _LEFT.match(near)) is not None and left["value"] not in given:
        yield left["value"], left.end()
    if _REMAINING & {noun, *rest}:
        steps = [step for step in _SO_LEFT.finditer(near) if _words(step["behind"] or noun) == [noun]]
    else:
        steps = []
    steps += [step for step in _STEP.finditer(near) if _words(step["behind"]) == [noun]]
    yield from ((step["value"], step.end("value")) for step in steps if step["value"] not in given)
    for clause in _CLAUSE.finditer(near):
        said = [word for word in _words(f"{clause['before']} {clause['behind']}") if word not in unsaid]
        elliptic = bool(rest) and _words(clause["behind"])[:1] != [noun]
        wanted = {*rest} if elliptic else {noun, *rest} - {""}
        numbers = {*_NUMERALS.findall(clause["behind"])}
        if not numbers <= given or (unsaid and numbers != {*_NUMERALS.findall(asked[0]["rest"])}):
            continue
        if not wanted and not set(_NAME.findall(clause["before"])) - _OPENING:
            continue
        if clause["value"] not in given and {*said} == wanted and _of_one(clause["before"], question):
            yield clause["value"], clause.end("value")


def another_quantity(near: str, inside: str) -> bool:
    """Whether the box's quantity is said again behind it as another one: 150, 'min, or 3 hours'."""
    found = _AGAIN.match(near)
    number = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*", inside)
    if found is None or number is None:
        return False
    unit, other = units.measure(found["unit"]), units.measure(found["other"])
    if unit is None or other is None or unit.dimension != other.dimension:
        return False
    ours, theirs = Fraction(number[1]) * unit.scale, Fraction(found["value"]) * other.scale
    third = units.measure(found["third"]) if found["more"] else None
    if third is not None and third.dimension == unit.dimension:
        theirs += Fraction(found["more"]) * third.scale
    return abs(ours - theirs) > _NEAR * ours


def _of_one(said: str, question: str) -> bool:
    """Whether who is spoken of, where a name says it, is who the question asks about."""
    names = set(_NAME.findall(said)) - _OPENING
    clause = clause_asked(question).split()
    if all(name.lower() in clause for name in names):
        return True
    return bool(_PRONOUNS & set(clause)) and names == set(_NAME.findall(question)) - _OPENING


def _words(text: str) -> list[str]:
    """The words of a text that say what it is of, without names and the endings of plurals."""
    found = []
    for word in re.findall(r"[A-Za-z']+", text):
        low = word.lower()
        if low not in _SMALL and (low in _DATES or not word[0].isupper() or word in ("How", "There")):
            found.append(_SAME.get(low, low if low == "left" else low.removesuffix("s")))
    return found
