"""The left side of an answer that is the question's own formula, whether it can be read or not.

``\\lim_{x\\to0}\\frac{\\sin x}{x} = 1`` answers 'Evaluate that limit' with 1, and ``\\text{Var}(X) = 2`` answers 'Find
Var(X)'. The formula must stand in the question sign for sign, as what is asked for; anything else that cannot be read
stays unread.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.question.asked_signs import without_sign
from pidistill_math.question.asking import Question
from pidistill_math.question.asking_events import without_event
from pidistill_math.reading.syntax import vocabulary

_ASKED = re.compile(
    r"\b(?:find|compute|determine|evaluate|calculate|what\s+is|what's)\b"
    r"(?P<words>(?:\s+(?!if\b|when\b|where\b|such\b|given\b|that\b|with\b|for\b|in\b)[A-Za-z-]+){0,8}?)\s*"
    r"(?:\$\$?|\\\[|\\\()(?P<formula>[^$\n]{1,300}?)(?:\$\$?|\\\]|\\\))(?!\s*(?:,|and\b|or\b|plus\b|minus\b|times\b|-))",
    re.IGNORECASE,
)
_SAYING_NOTHING: Final = vocabulary("the value values of exact numerical following expression infinite partial")
_SIGNS: Final = {
    "sum": r"\\sum",
    "product": r"\\prod",
    "series": r"\\sum",
    "integral": r"\\i*o?int(?![A-Za-z])",
    "limit": r"\\lim",
    "length": r"\\overline|\\[lr]?[vV]ert|\||\\\|",
    "measure": r"m?\s*\\(?:measured)?angle|\\widehat|\\overarc",
    "size": r"m?\s*\\angle|\|",
    "area": r"\[|\\triangle|\\(?:text|operatorname|mathrm)\s*\{\s*[Aa]rea",
    "probability": r"(?:\\(?:mathbb|mathrm|text|operatorname)\s*\{\s*)?\\?Pr?\s*\}?\s*(?:\\left\s*)?[(\[]",
    "expected": r"(?:\\(?:mathbb|mathrm|text|operatorname)\s*\{\s*)?E\s*\}?\s*(?:\\left\s*)?[(\[|]",
    "variance": r"(?:\\(?:text|mathrm|operatorname)\s*\{\s*)?(?:V|D|Var)\s*\}?\s*(?:\\left\s*)?[(\[]|\\sigma",
    "gradient": r"\\nabla|\\(?:text|operatorname|mathrm)\s*\{\s*grad",
    "vector": r"\\(?:vec|overrightarrow|mathbf|boldsymbol)",
    "derivative": r"\\[dt]?frac\s*\{\s*\\partial",
}
"""How a formula begins that is itself the integral, the length or the variance that a word before it speaks of: under
the word 'variance' ``\text{Var}(X)`` is asked for, and ``\text{Bin}(n,p)`` is what it is the variance of."""
_SPACE = re.compile(r"\\(?:displaystyle|left|right|limits|nolimits|[,;:! ]|q?quad)|[\s{}]|\\,")
_DOMAIN = re.compile(
    r"\s*\\(?:text|operatorname|mathrm)\s*\{\s*(?:dom|domain)\s*\}\s*\(?\s*f\s*\)?\s*=(?P<value>[^=]+)", re.IGNORECASE
)
_RATIO_IN_WORDS = re.compile(
    r"\s*\\text\s*\{\s*(?P<one>[a-z]+)\s*(?::|to)\s*(?P<other>[a-z]+)\s*\}\s*[=:](?P<value>[^=]+)", re.IGNORECASE
)
_IN_THE_FORM = re.compile(r"\b(?:in|of)\s+the\s+form\s+\$(?P<formula>[^$]{2,60})\$")
"""A form in which the answer is asked for, and which may stand before it."""
_MOST: Final = 4_000
_DOMAIN_ASKED = re.compile(
    r"\b(?:find|determine|state|give|identify|write|what\s+is|what's)\s+(?:the\s+)?(?:[a-z]+\s+)?domain\s+of\b",
    re.IGNORECASE,
)
_LONGEST_SIDE: Final = 400
"""Characters of an answer in which the formula that is asked for may end."""


def without_asked_side(answer: str, asked: Question) -> str:
    """What an answer says of the formula that the question asks for; '' where it does not begin with it."""
    text = asked.text[-_MOST:]
    if (domain := _DOMAIN.fullmatch(answer)) is not None and _DOMAIN_ASKED.search(text):
        return domain["value"]
    if (ratio := _RATIO_IN_WORDS.fullmatch(answer)) is not None:
        words = rf"\bratio\s+of\s+(?:the\s+)?{ratio['one']}\s+to\s+(?:the\s+)?{ratio['other']}\b"
        return ratio["value"] if re.search(words, text, re.IGNORECASE) else ""
    if (rest := without_event(answer, text) or without_sign(answer, text)) != "":
        return rest
    wanted = {
        _SPACE.sub("", match["formula"]).rstrip(".,?")
        for match in _ASKED.finditer(text)
        if _is_itself(match["words"].lower().split(), match["formula"])
    }
    wanted |= {_SPACE.sub("", form["formula"]) for form in _IN_THE_FORM.finditer(text) if "=" not in form["formula"]}
    for at, char in enumerate(answer[:_LONGEST_SIDE]):
        if char == "=" and _SPACE.sub("", answer[:at]) in wanted - {""}:
            return answer[at + 1 :]
    return ""


def _is_itself(words: list[str], formula: str) -> bool:
    """Whether a formula that is more than a letter is what is asked for."""
    signs = [_SIGNS[word] for word in words if word in _SIGNS]
    known = set(words) <= _SAYING_NOTHING | set(_SIGNS)
    itself = all(re.match(rf"\s*(?:\\displaystyle\s*)?(?:{sign})", formula) for sign in signs)
    return known and itself and bool(re.search(r"\\[A-Za-z]|\(", formula))
