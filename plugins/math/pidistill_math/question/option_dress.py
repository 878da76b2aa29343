"""Options in looser dress, where the question has them: ``B (g/2)``, ``Nitrogen, option B``, ``(B), i.e., g/2``.

Each is respelt as the letter with its content, which is then held against the option's text. Elsewhere the same signs
are a function, a difference or a product.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.question.asking_options import option_text

_JOINT: Final = r"(?::|\.(?=\s)|,?\s*(?:i\.e\.|that\s+is|namely|which\s+is)\s*,?|\s[-\u2013\u2014]\s)"
_NAMED: Final = r"(?:(?:the\s+)?(?:option|choice|answer)\s+)"
_SPELLINGS: Final = (
    re.compile(rf"{_NAMED}?\(?(?P<letter>[A-J])(?:\)?\s*{_JOINT}|\))\s*(?P<content>\S.*)", re.DOTALL),
    re.compile(rf"{_NAMED}?(?P<letter>[A-J])\s*\((?P<content>\S.*)\)", re.DOTALL),
    re.compile(
        rf"(?P<content>\S.*?),?\s*(?:(?:which\s+is\s+)?{_NAMED}\(?(?P<letter>[A-J])\)?|\({_NAMED}?(?P<other>[A-J])\))",
        re.DOTALL,
    ),
)
_WORDS = re.compile(r"[A-Za-z][A-Za-z ,.'-]+|-?\d[\d.,]*\s*[A-Za-z][A-Za-z/ ]*[\u00b2\u00b3]?")
"""Words, or a number with the sign of a unit."""
_LONGEST: Final = 300


def dressed_option(question: str, answer: str) -> str:
    """An answer as an option's letter with its content; '' where it is no option of the question."""
    text = re.sub(r"\\text\{([^{}]*)\}", r"\1", answer).strip()
    if len(text) > _LONGEST:
        return ""
    for spelling in _SPELLINGS:
        if (match := spelling.fullmatch(text)) is None:
            continue
        letter = match["letter"] or match["other"]
        content = match["content"].strip().rstrip(".").strip("$").strip()
        if content and option_text(question, letter):
            return f"\\text{{({letter}) {content}}}" if _WORDS.fullmatch(content) else f"\\text{{({letter})}} {content}"
    return ""
