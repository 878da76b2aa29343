"""The left side of an answer that is the question's own formula, whether it can be read or not.

``\\lim_{x\\to0}\\frac{\\sin x}{x} = 1`` answers 'Evaluate that limit' with 1, and ``\\text{Var}(X) = 2`` answers 'Find
Var(X)'. The formula must stand in the question sign for sign, as what is asked for; anything else that cannot be read
stays unread.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.asking import Question

_ASKED = re.compile(
    r"\b(?:find|compute|determine|evaluate|calculate|what\s+is|what's)\b"
    r"(?P<words>(?:\s+(?!if\b|when\b|where\b|such\b|given\b|that\b|with\b|for\b|in\b)[A-Za-z-]+){0,8}?)\s*"
    r"(?:\$\$?|\\\[|\\\()(?P<formula>[^$\n]{1,300}?)(?:\$\$?|\\\]|\\\))",
    re.IGNORECASE,
)
_OF_IT = re.compile(
    r"\b(?:domain|range|image|codomain|inverse|determinant|trace|rank|magnitude|norm|modulus|conjugate|reciprocal|derivative"
    r"|ratio|roots?|zeros?|digits?|square|number|remainder|maximum|minimum|coefficient|degree|term|units|absolute|limit\s+of)\b",
    re.IGNORECASE,
)
"""What is asked of a formula is not the formula."""
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
        if not _OF_IT.search(match["words"]) or "\\lim" in match["formula"]
    }
    for at, char in enumerate(answer):
        if char == "=" and _SPACE.sub("", answer[:at]) in wanted - {""}:
            return answer[at + 1 :]
    return ""
