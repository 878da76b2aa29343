"""The left side of an answer that is the question's own formula, whether it can be read or not.

``\\lim_{x\\to0}\\frac{\\sin x}{x} = 1`` answers 'Evaluate that limit' with 1, and ``\\text{Var}(X) = 2`` answers 'Find
Var(X)'. The formula must stand in the question sign for sign, as what is asked for; anything else that cannot be read
stays unread.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.asking import Question
from pidistill_math.syntax import vocabulary

_ASKED = re.compile(
    r"\b(?:find|compute|determine|evaluate|calculate|what\s+is|what's)\b"
    r"(?P<words>(?:\s+(?!if\b|when\b|where\b|such\b|given\b|that\b|with\b|for\b|in\b)[A-Za-z-]+){0,8}?)\s*"
    r"(?:\$\$?|\\\[|\\\()(?P<formula>[^$\n]{1,300}?)(?:\$\$?|\\\]|\\\))(?!\s*(?:,|and\b|or\b|plus\b|minus\b|times\b|-))",
    re.IGNORECASE,
)
_ITSELF: Final = vocabulary(
    """the value values of exact numerical following expression integral limit series infinite length measure area
    probability expected variance size gradient vector partial derivative"""
)
"""Words before a formula under which the formula itself is asked for, and not something of it."""
_SUMS: Final = {"sum": "\\sum", "product": "\\prod"}
_SPACE = re.compile(r"\\(?:displaystyle|left|right|limits|nolimits|[,;:! ]|q?quad)|[\s{}]|\\,")
_DOMAIN = re.compile(
    r"\s*\\(?:text|operatorname|mathrm)\s*\{\s*(?:dom|domain)\s*\}\s*\(?\s*f\s*\)?\s*=(?P<value>[^=]+)", re.IGNORECASE
)
_RATIO_IN_WORDS = re.compile(
    r"\s*\\text\s*\{\s*(?P<one>[a-z]+)\s*(?::|to)\s*(?P<other>[a-z]+)\s*\}\s*[=:](?P<value>[^=]+)", re.IGNORECASE
)
_MOST: Final = 4_000


def without_asked_side(answer: str, asked: Question) -> str:
    """What an answer says of the formula that the question asks for; '' where it does not begin with it."""
    text = asked.text[-_MOST:]
    if (domain := _DOMAIN.fullmatch(answer)) is not None and re.search(r"\bdomain\s+of\b", text, re.IGNORECASE):
        return domain["value"]
    if (ratio := _RATIO_IN_WORDS.fullmatch(answer)) is not None:
        words = rf"\bratio\s+of\s+(?:the\s+)?{ratio['one']}\s+to\s+(?:the\s+)?{ratio['other']}\b"
        return ratio["value"] if re.search(words, text, re.IGNORECASE) else ""
    wanted = {
        _SPACE.sub("", match["formula"]).rstrip(".,?")
        for match in _ASKED.finditer(text)
        if _is_itself(match["words"].lower().split(), match["formula"])
    }
    for at, char in enumerate(answer):
        if char == "=" and _SPACE.sub("", answer[:at]) in wanted - {""}:
            return answer[at + 1 :]
    return ""


def _is_itself(words: list[str], formula: str) -> bool:
    """Whether a formula that is more than a letter is what is asked for."""
    summed = all(formula.strip().startswith(sign) for word, sign in _SUMS.items() if word in words)
    derived = "derivative" not in words or "partial" in formula
    return set(words) <= _ITSELF | set(_SUMS) and summed and derived and bool(re.search(r"\\[A-Za-z]|\(", formula))
