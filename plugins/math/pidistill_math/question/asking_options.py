"""The options of a question: their labels, their texts, and what can be read of them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from pidistill_math.reading.answers import read
from pidistill_math.reading.syntax import Node, Unreadable

_LABELS: Final = (r"(?<![\w\\])\(\s*{}\s*\)", r"(?<![\w\\(]){}\)", r"^[ \t]*{}[.:](?=\s)")
"""How options are labelled, in the order in which they are looked for."""
_INLINE: Final = r"(?<![\w\\.$]){}\.(?=\s)"
"""Labels inside a line, which are options only from A on, one after the other."""
_NEXT_OPTION: Final = r"(?=\s*[,;]?\s*(?:\\q?quad|\\\\|\\text(?:bf|rm)?\{{\s*\(|{}|\n|$))"
_LETTERS: Final = "ABCDEFGHIJ"


@lru_cache(maxsize=512)
def option_text(question: str, letter: str) -> str:
    """What stands behind the label of an option; '' where the question has no such option."""
    label = next((label for label in _LABELS if len(re.findall(label.format("[A-J]"), question, re.M)) > 1), None)
    if label is None:
        found = re.findall(_INLINE.format("([A-J])"), question)
        label = _INLINE if len(found) > 2 and "".join(found) == _LETTERS[: len(found)] else None
    if label is None or not letter:
        return ""
    match = re.search(
        rf"{label.format(letter.upper())}\s*\}}?[\s\\~]*(?P<text>.*?){_NEXT_OPTION.format(label.format('[A-J]'))}",
        question,
        re.DOTALL | re.MULTILINE,
    )
    return match["text"].strip() if match is not None else ""


def option(question: str, letter: str) -> Node | None:
    """What the question gives as the option of a letter, where that can be read."""
    text = option_text(question, letter)
    for spelt in (text.strip("$").strip(), _words_as_text(text)):
        try:
            return read(spelt) if spelt else None
        except Unreadable:
            continue
    return None


def _words_as_text(text: str) -> str:
    """An option with its words, outside of dollars, as text: ``5 m/s$^2$`` is five and a unit."""
    parts = text.split("$")
    return "".join(part if at % 2 else f"\\text{{{part}}}" if part.strip() else part for at, part in enumerate(parts))
