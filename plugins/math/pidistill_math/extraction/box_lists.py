"""Which boxes state the answer together: those that only a separator or the names of their parts divide."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from pidistill_math.extraction.boxes import Box, content
from pidistill_math.extraction.surroundings import DEGREE, PERCENT, SCALE, discounted, in_a_list

_SEPARATORS = re.compile(
    r"(?:[\s$.,;:&/~]|\n[ \t]*[-*\u2022](?=\s)|\\[\s,;:!()\[\]]|\\q?quad\b|\\text\{\s*,?\s*(?:and|or)\s*\}"
    r"|\b(?:and|or)\b|(?:\b[A-Za-z]|\\(?:lambda|theta|alpha|beta|mu|phi))(?:_\w|_\{\w{1,4}\})?\s*=)*"
)
_PARTS = re.compile(r"(?=[^.!?\n]*\band\b)(?:[^.!?\n\\{}]|\\text\{[^{}]*\}|\\[,;: ()\[\]]){1,100}", re.IGNORECASE)
_ANSWER_IS: Final = r"(?:(?:the\s+)?(?:final\s+)?answer\s*(?:is|:)?[\s$:.*\\(\[-]{0,12})?"
_OF_ARGUMENT: Final = _ANSWER_IS + r"(?:(?<![A-Za-z\\])[A-Za-z](?:_\w|_\{\w{1,4}\})?(?:\([^()\n]{1,12}\))?\s*=\s*)?"
_LABELLED = re.compile(
    r"[\s$.,;*\\\])&-]{0,12}(?:(?:part|option|choice|case|answer|question|problem)\s*)?"
    r"(?:\([a-h]\)|\((?:i{1,3}|iv|v)\)|\b[b-h]\)|\(?\b[2-9](?:[.):]|(?=\s*:))|\b[B-H]:)[\s$:.*\\(\[-]{0,12}"
    + _OF_ARGUMENT,
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:\(a\)|\(i\)|\ba\)|\(?\b1(?:[.):]|(?=\s*:))|\bA:)[\s$:.*\\(\[-]{0,12}" + _OF_ARGUMENT + r"$", re.IGNORECASE
)
_PART_LABEL = re.compile(r"(?<!case )(?:\(a\)|\(i\)|\ba\))[\s$:.*\\(\[-]{0,12}" + _OF_ARGUMENT + r"$", re.IGNORECASE)
_SECTION = re.compile(
    r"^[ \t]*+(?:#{1,6}[ \t]*+|[-*>][ \t]++)?(?:\*\*|__)?[ \t]*+"
    r"(?:(?:part|question|problem)[ \t]++\(?(?P<named>[a-h]|[1-8])\b\)?|\(?(?P<label>[a-h]|[1-8])\))",
    re.IGNORECASE | re.MULTILINE,
)
"""The label of a part at the start of a line."""
_NOUN = re.compile(
    r"(?P<noun>[A-Za-z]{3,20}(?:[ \t][a-z]{3,20})?)(?:\*\*)?[ \t]*(?::|\bis\b|=)(?:\*\*)?[\s$*]*(?:\\\[|\\\()?[ \t\n]*$"
)
"""The noun of a part right before its box."""
_FUNCTION = re.compile(r"(?<![A-Za-z\\])(?P<letter>[A-Za-z])\((?P<at>[^()\n]{1,12})\)\s*=\s*$")
_OTHERWISE = re.compile(
    r"\b(?:not?|wait|wrong|instead|rather|actually|but|so|thus|hence|then|therefore|answer|final|total|sum|result|we|"
    r"which|gives?|giving|becomes|simplif\w*|incorrect|first|if|or|either|maybe|finally)\b",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?<![\\A-Za-z0-9+*/^-])((?:[A-Za-z]|\\(?:lambda|theta|alpha|beta|mu|phi))(?:_\w|_\{\w{1,4}\})?)\s*=\s*$"
)
_NAMED = re.compile(r"[A-Za-z](?:_\w|_\{\w{1,4}\})?\s*=\s*")
"""A name before a value: ``x = 5`` beside a box of ``5`` is one value twice."""
_OR = re.compile(r"[^.!?\n]{0,60}\bor\b(?!\s+rather)[^.!?\n]{0,40}", re.IGNORECASE)
_ANOTHER_FORM = re.compile(
    r"[\s$\\)}]*\(\s*or\s+(?!about|approx|roughly|equivalently|around|\\approx)(?P<form>[^()\n]{1,40})\)", re.IGNORECASE
)
"""A second form of the value in a parenthesis behind the box; where it is another value, there are two."""


def listing(text: str, found: list[Box], question: str = "") -> str:
    """The last box, and before it every different box that states the answer with it."""
    chosen = [found[-1]]
    for box, following in zip(found[-2::-1], found[:0:-1], strict=True):
        if not _together(text, box, following):
            break
        chosen.append(box)
    chosen.reverse()
    contents = [content(text, box) for box in chosen]
    if not contents[-1]:
        return ""
    if len(chosen) == 1:
        return "" if in_a_list(text, chosen[0], question) else contents[0] + beside(text, chosen[0])
    names = [_NAME.search(text[max(0, box.start - 20) : box.start]) for box in chosen]
    if all(names) and not any("=" in inside for inside in contents):
        contents = [f"{name[1]} = {inside}" for name, inside in zip(names, contents, strict=True) if name]
    if all(contents) and all(_LABELLED.fullmatch(text[a.end : b.start]) for a, b in pairwise(chosen)):
        if not any("=" in inside for inside in contents) and _PART_LABEL.search(
            text[max(0, chosen[0].start - 40) : chosen[0].start]
        ):
            return ", ".join(f"({label}) {inside}" for label, inside in zip("abcdefgh", contents, strict=False))
    values = {inside.replace(" ", "") for inside in contents}
    kept = [i for i in contents if i and not ((name := _NAMED.match(i)) and i[name.end() :].replace(" ", "") in values)]
    return ", ".join(dict.fromkeys(kept))


def by_parts(text: str, found: list[Box]) -> tuple[tuple[str, str], ...]:
    """The boxes of labelled parts with their labels, the last of each part; () where a part has none, or none is there.

    A part begins with its label at the start of a line (``(a)``, ``**Part 2:**``), or it is a box behind a noun and a
    colon (``Radius: \\boxed{5}``). Whether the question has such parts is for who asks.
    """
    starts = list(_SECTION.finditer(text))
    labels = [(match["label"] or match["named"]).lower() for match in starts]
    if len(labels) < 2 or labels not in (list("abcdefgh"[: len(labels)]), list("12345678"[: len(labels)])):
        return _by_nouns(text, found)
    ends = [match.start() for match in starts[1:]] + [len(text)]
    last = [[box for box in found if start.end() <= box.start < end] for start, end in zip(starts, ends, strict=True)]
    if not all(last) or any(discounted(text, boxes[-1]) for boxes in last):
        return ()
    contents = [content(text, boxes[-1]) + beside(text, boxes[-1]) for boxes in last]
    return tuple(zip("abcdefgh", contents, strict=False))


def _by_nouns(text: str, found: list[Box]) -> tuple[tuple[str, str], ...]:
    """The boxes that stand behind nouns of their own, where all do."""
    nouns = [_NOUN.search(text[max(0, box.start - 48) : box.start]) for box in found[:9]]
    names = [match["noun"].lower().split()[-1] for match in nouns if match is not None]
    if len(names) != len(found) or len(set(names)) != len(names) or any(map(_OTHERWISE.fullmatch, names)):
        return ()
    if any(discounted(text, box) for box in found):
        return ()
    return tuple((name, content(text, box) + beside(text, box)) for name, box in zip(names, found, strict=True))


def _together(text: str, box: Box, following: Box) -> bool:
    between = text[box.end : following.start]
    if len(between) > 120:
        return False
    if (len(between) <= 80 and _SEPARATORS.fullmatch(between)) or _OR.fullmatch(between):
        return True
    if _LABELLED.fullmatch(between):
        return bool(_LABEL.search(text[max(0, box.start - 40) : box.start]) or _LABELLED.search(between))
    names = [_FUNCTION.search(text[max(0, part.start - 24) : part.start]) for part in (box, following)]
    if names[0] and names[1] and names[0]["letter"] == names[1]["letter"] and names[0]["at"] != names[1]["at"]:
        rest = between[: len(between) - len(names[1].group())]
        return len(rest) <= 40 and bool(_SEPARATORS.fullmatch(rest.rstrip("$ (\\[").rstrip("-*\u2022 ")))
    return bool(_PARTS.fullmatch(between)) and not _OTHERWISE.search(between)


def beside(text: str, box: Box) -> str:
    """A percent sign, a degree sign or a scale word that belongs to the value but stands behind the box."""
    after = text[box.end : box.end + 60]
    if (form := _ANOTHER_FORM.match(after)) is not None:
        return f" \\text{{ or }} {form['form'].strip().strip('$').strip()}"
    match = PERCENT.match(after) or DEGREE.match(after)
    if match is None and (scale := SCALE.match(after)):
        return f"\\text{{ {scale[1]}}}"
    return match.group() if match else ""
