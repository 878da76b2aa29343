"""Numbers in words: ``five``, ``twenty-five``, ``two thousand``, and places in a row: ``twenty-first``."""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.reading.syntax import listed

_ONES: Final = {
    word: value
    for value, word in enumerate(
        listed(
            """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
            seventeen eighteen nineteen"""
        )
    )
}
_TENS: Final = {
    word: 10 * value
    for value, word in enumerate(listed("twenty thirty forty fifty sixty seventy eighty ninety"), start=2)
}
_PLACES: Final = {
    "first": "one", "second": "two", "third": "three", "fifth": "five", "eighth": "eight", "ninth": "nine",
    "twelfth": "twelve",
}  # fmt: skip
"""Places in a row whose words are not their number's with an ending."""
_GROUPS: Final = {"thousand": 10**3, "million": 10**6, "billion": 10**9}


def spelt_number(text: str) -> int | None:
    """The whole number that words say, or None."""
    words = re.split(r"[\s-]+", text.lower())
    if not words or len(words) > 12:
        return None
    total = part = 0
    last = ""
    for word in words:
        kind = "ones" if word in _ONES else "tens" if word in _TENS else "hundred" if word == "hundred" else "group"
        if kind == "ones" and last in ("", "tens", "hundred", "group") and (last != "tens" or 0 < _ONES[word] < 10):
            part += _ONES[word]
        elif kind == "tens" and last in ("", "hundred", "group"):
            part += _TENS[word]
        elif kind == "hundred" and last == "ones" and part < 10:
            part *= 100
        elif word in _GROUPS and last and last != "group" and part:
            total, part = total + part * _GROUPS[word], 0
        elif word == "and" and last in ("hundred", "group"):
            continue
        else:
            return None
        last = kind
    return total + part


def spelt_ordinal(text: str) -> int | None:
    """The place in a row that words say, ``twenty-first``, or None."""
    before, _, last = text.lower().rpartition("-")
    if last not in _PLACES and not last.endswith("th"):
        return None
    stem = _PLACES.get(last) or (f"{last[:-4]}y" if last.endswith("ieth") else last[:-2])
    return spelt_number(f"{before}-{stem}" if before else stem)
