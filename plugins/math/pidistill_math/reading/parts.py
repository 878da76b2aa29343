"""Labelled parts of an answer, ``(a) 5 (b) 3``: which label stands before which part.

Labels are letters, numerals or Roman numerals from the first up, in any dress and in any order; they are found in the
text, before the grammar reads it, because ``(a) 5`` is also a product. A text is labelled parts only where it begins
with a label, every label of a row from the first stands in it once, and every part has content; whether each part can
be read is for the caller. The answers of persons or things that capitals name (``A: 5, B: 3``) are names with values,
and are respelt as such.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

_OPENING: Final = r"(?:\\text(?:bf|rm|it)?\s*\{\s*|\*\*)?"
_CLOSING: Final = r"(?:\s*\}|\*\*)?(?:\\[,;: ]|\\q?quad|~|\s)*[:.]?(?:\s*\}|\*\*)?(?:\\[,;: ]|\\q?quad|~|\s)*"
_KINDS: Final = (
    (r"[a-h]", "abcdefgh"),
    (r"[1-8]", "12345678"),
    (r"(?:i{1,3}|iv|vi{0,2}|viii)", ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii")),
)
_LABELS: Final = tuple(
    (
        re.compile(
            rf"(?<![\w\\^_{{(]){_OPENING}(?:[Pp]art\s+)?(?:\((?P<whole>{label})\)|(?P<half>{label})\)){_CLOSING}"
            rf"|(?<![\\^_(])\\text(?:bf|rm|it)?\s*\{{\s*(?:,?\s*and\s+|,\s*)?(?:[Pp]art\s+)?\(?(?P<text>{label})\){_CLOSING}"
        ),
        tuple(names),
    )
    for label, names in _KINDS
)
_JOINT = re.compile(r"(?:\\[,;: ]|\\q?quad|\\\\|~|\s|[,;.]|\\text\s*\{\s*(?:and|,|;)\s*\}|\band\b)*$")
_CAPITAL = re.compile(
    r"(?:^|[,;]|\\q?quad|\\\\|\n|\band\b)(?:\\[,;: ]|~|\s)*(?:\\text(?:bf|rm)?\s*\{\s*(?P<text>[A-Z])\s*:\s*\}"
    r"|(?P<bare>[A-Z])\s*:(?!\s*[A-Z]\b))"
)
_NAMED_NUMBERS = re.compile(r"(?:[A-Z][a-z]+\s+\d+(?:\.\d+)?\s*(?:,\s*(?:and\s+)?|;\s*|\s+and\s+|$)){2,8}")
_NAMED_NUMBER = re.compile(r"([A-Z][a-z]+)\s+(\d+(?:\.\d+)?)")
_MONTHS = re.compile(r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b")
_TEXT = re.compile(r"\s*\\text(?:rm|bf)?\{([^{}]*)\}\s*")


def labelled(text: str) -> list[str]:
    """The parts of a text in the order of their labels; [] where it is not labelled parts."""
    for pattern, names in _LABELS:
        found = list(pattern.finditer(text))
        labels = [match["whole"] or match["half"] or match["text"] for match in found]
        if len(found) < 2 or sorted(labels, key=names.index) != list(names[: len(found)]):
            continue
        if text[: found[0].start()].strip(" $"):
            continue
        ends = [match.start() for match in found[1:]] + [len(text)]
        parts = [_JOINT.sub("", text[match.end() : end]).strip() for match, end in zip(found, ends, strict=True)]
        if all(parts):
            return [part for _, part in sorted(zip(labels, parts, strict=True), key=lambda pair: names.index(pair[0]))]
    return []


def with_names(text: str) -> str:
    """Values behind capitals or names with colons, or behind names, with equals signs between; else as it is."""
    found = list(_CAPITAL.finditer(text)) if ":" in text else []
    names = [match["text"] or match["bare"] for match in found]
    if len(names) > 1 and len(set(names)) == len(names) and not text[: found[0].start()].strip():
        contents = [text[a.end() : b.start()] for a, b in pairwise([*found])] + [text[found[-1].end() :]]
        if all(any(map(str.isdigit, inside)) for inside in contents):
            return ", ".join(f"{name} = {inside.strip()}" for name, inside in zip(names, contents, strict=True))
    whole = _TEXT.fullmatch(text)
    flat = whole[1].strip() if whole is not None else text.strip()
    if _NAMED_NUMBERS.fullmatch(flat) and not _MONTHS.search(flat):
        return ", ".join(f"\\text{{{name}}} = {number}" for name, number in _NAMED_NUMBER.findall(flat))
    return text
