"""Left sides by the sign that mathematics has for what a question asks in words: ``\\varphi(100) = 40``, ``S_n = n^2``.

The words must ask for what the sign means, and the numbers and letters in it must be the question's: ``\\tau(100)`` is
nothing of 360, and ``\\sigma(28)`` is no number of divisors.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.question.asking_parts import clause_asked

_OF: Final = r"\s*(?:\\left\s*)?[(\[]\s*(?P<of>[^()\[\]=]{1,40}?)\s*(?:\\right\s*)?[)\]]"
_NAME: Final = r"(?:\\(?:text|mathrm|operatorname|mathbb|mathbf)\s*\{{\s*{0}\s*\}}|\\?\b{0}\b)"
_SIGNS: Final = tuple(
    (re.compile(words, re.IGNORECASE), re.compile(rf"\s*(?:{sign})\s*"))
    for words, sign in (
        (r"\btotient\b|\bcoprime\s+to\b|\brelatively\s+prime\s+to\b", rf"\\(?:var)?phi{_OF}"),
        (r"\bsum\s+of\s+(?:all\s+)?(?:the\s+)?(?:positive\s+)?(?:divisors|factors)\b", rf"\\sigma(?:_\{{?1\}}?)?{_OF}"),
        (
            r"\b(?:how\s+many|number\s+of)\s+(?:positive\s+)?(?:integer\s+)?(?:divisors|factors)\b",
            rf"(?:\\tau|\\sigma_\{{?0\}}?|d){_OF}",
        ),
        (r"\bleast\s+common\s+multiple\b|\blcm\b", rf"{_NAME.format('(?:LCM|lcm)')}(?:{_OF})?"),
        (
            r"\bgreatest\s+common\s+(?:divisor|factor)\b|\bg(?:cd|cf)\b",
            rf"{_NAME.format('(?:GCD|gcd|GCF|gcf|HCF)')}(?:{_OF})?",
        ),
        (r"\b(?:find|what\s+is|compute|calculate|determine)\s+the\s+(?:\w+\s+)?variance\b", r"(?:\\sigma|s)\^\{?2\}?"),
        (
            r"\bexpected\s+value\b|\bexpectation\b",
            rf"{_NAME.format('E')}\s*(?:\\left\s*)?[(\[]\s*[A-Z]\s*(?:\\right\s*)?[)\]]",
        ),
        (
            r"\binverse\s+of\b[^.?]{0,20}?(?P<matrix>(?-i:[A-Z]))\b|\binverse\s+matrix\b",
            r"(?P<name>[A-Z])\^\{\s*-\s*1\s*\}",
        ),
        (
            r"\btranspose\s+of\b[^.?]{0,20}?(?P<matrix>(?-i:[A-Z]))\b",
            r"(?P<name>[A-Z])\^\{?\s*(?:T|t|\\top|\\intercal|\\(?:mathsf|mathrm|text)\{T\})\s*\}?",
        ),
        (
            r"\bslope\s+of\s+the\s+tangent\b[\s\S]*\bat\s+\$?(?:x\s*=|\()\s*(?P<at>-?\w+)",
            r"[fy](?:'|\^\{?\\prime\}?)\s*\(\s*(?P<point>-?\w+)\s*\)",
        ),
        (r"\bsum\b|\\sum", r"S(?:_\{?(?P<index>[a-z])\}?|\((?P<letter>[a-z])\))"),
        (r"\bproduct\b|\\prod", r"P(?:_\{?(?P<index>[a-z])\}?|\((?P<letter>[a-z])\))"),
        (
            r"\b(?:write|express)\s+\$(?P<formula>\\log[^$=]{1,40})\$\s+in\s+terms\s+of\b",
            r"(?P<name>\\log[^=]{1,40}?)",
        ),
    )
)
_NUMERAL = re.compile(r"\d+")
_TERM = re.compile(r"\b(?:sum|product)\s+of\s+the\s+(?:roots|digits|solutions)\b", re.IGNORECASE)
_NARROWED = re.compile(r"\b(?:proper|other\s+than|except|excluding|besides|not\s+counting)\b", re.IGNORECASE)
"""What a question leaves out, which no sign does."""
_LONGEST: Final = 80


def without_sign(answer: str, text: str) -> str:
    """What an answer says of the sign of what `text` asks for; '' where it begins with no such sign."""
    at = answer.find("=", 0, _LONGEST)
    if at < 1:
        return ""
    clause = clause_asked(text)
    for words, sign in _SIGNS:
        found = sign.fullmatch(answer[:at])
        if found is None or (asked := words.search(text)) is None or not _agree(asked, found, text):
            continue
        first = min((named.start() for other, _ in _SIGNS if (named := other.search(clause))), default=None)
        if first is None or ((here := words.search(clause)) is not None and here.start() == first):
            return answer[at + 1 :]
    return ""


def _agree(asked: re.Match[str], found: re.Match[str], text: str) -> bool:
    """Whether the numbers, letters and points of a sign are those of the question."""
    wanted, given = asked.groupdict(), found.groupdict()
    if given.get("of") and _NARROWED.search(text):
        return False
    if (of := given.get("of")) and not set(_NUMERAL.findall(of)) <= set(_NUMERAL.findall(text)):
        return False
    if (
        (of := given.get("of"))
        and not _NUMERAL.search(of)
        and not re.search(rf"(?<![A-Za-z]){re.escape(of)}(?!\w)", text)
    ):
        return False
    for mine, theirs in (("matrix", "name"), ("at", "point"), ("formula", "name")):
        if wanted.get(mine) and _plain(wanted[mine]) != _plain(given[theirs] or ""):
            return False
    letter = given.get("index") or given.get("letter")
    return letter is None or (not _TERM.search(text) and bool(re.search(rf"(?<![A-Za-z\\]){letter}(?![A-Za-z])", text)))


def _plain(text: str) -> str:
    return re.sub(r"[\s{}]", "", text)
