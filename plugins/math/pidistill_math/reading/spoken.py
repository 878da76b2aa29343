"""Answers, or parts of them, that are said in words: bounds, noon, signs, fractions, functions by their arrow.

Each is respelt as the formula that it says; whatever is not exactly one of these is left as it is. 'At least 5' alone
says no set and stays unreadable: 'x is at least 5' and 'all numbers greater than 5' are sets.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.reading.numbers import spelt_number
from pidistill_math.reading.units import SCALES

_TEXT = re.compile(r"\\(?:text|textrm|mathrm|mbox)\{([^{}]*)\}")
_BOUND: Final = {
    "greater than or equal to": ">=", "more than or equal to": ">=", "at least": ">=", "no less than": ">=",
    "not less than": ">=", "less than or equal to": "<=", "at most": "<=", "no more than": "<=",
    "no greater than": "<=", "not more than": "<=", "not greater than": "<=", "strictly greater than": ">",
    "greater than": ">", "more than": ">", "larger than": ">", "strictly less than": "<", "less than": "<",
    "smaller than": "<",
}  # fmt: skip
_SIGNS: Final = {">=": "\\ge", "<=": "\\le", ">": ">", "<": "<"}
_NUMBERS_BEYOND = re.compile(
    r"(?:(?:the\s+set\s+of\s+)?all\s+(?:real\s+)?(?:numbers?|reals?|values?)(?:\s+of)?(?:\s+(?P<of>[a-z]))?"
    r"(?:\s+(?:that|which)\s+are)?|(?P<name>[a-z])\s+(?:is|must\s+be))\s+"
    rf"(?P<bound>{'|'.join(_BOUND)})\s+(?P<value>[^a-z,;]*\d[^a-z,;]*|[^,;]*\\[^,;]*)",
    re.IGNORECASE,
)
_ROUND = re.compile(
    r"(?P<half>half\s+)?an?\s+(?P<scale>dozen|hundred|thousand|million|billion)(?:\s+(?P<unit>[a-z]+))?", re.I
)
_DOZENS = re.compile(r"(?P<count>[a-z]+)\s+dozen(?:\s+(?P<unit>[a-z]+))?", re.IGNORECASE)
_SIGNED_REALS = re.compile(
    r"(?:the\s+)?(?:set\s+of\s+)?(?:all\s+)?(?P<which>non-?negative|non-?positive|positive|negative)\s+(?:real\s+numbers?|reals)",
    re.IGNORECASE,
)
_REALS_OF: Final = {
    "nonnegative": "[0, \\infty)", "nonpositive": "(-\\infty, 0]", "positive": "(0, \\infty)",
    "negative": "(-\\infty, 0)",
}  # fmt: skip
_PARTS_OF_ONE: Final = {
    "a half": "{1}{2}", "one half": "{1}{2}", "a third": "{1}{3}", "one third": "{1}{3}", "a quarter": "{1}{4}",
    "one quarter": "{1}{4}", "two thirds": "{2}{3}", "three quarters": "{3}{4}",
}  # fmt: skip
_AND_A_PART = re.compile(
    rf"(?P<number>\d{{1,6}}|[a-z]+(?:-[a-z]+)?)\s+and\s+(?P<part>{'|'.join(_PARTS_OF_ONE)})(?:\s+(?P<unit>[a-z]+(?:\s[a-z]+)?))?",
    re.IGNORECASE,
)
_NOON = re.compile(r"(?:12(?::00)?\s*)?(?P<which>noon|midday|midnight)", re.IGNORECASE)
_HALF = re.compile(r"(?P<time>\d{1,2}(?::\d{2})?)\s*in\s+the\s+(?P<half>morning|afternoon|evening)", re.IGNORECASE)
_OUT_OF = re.compile(r"(?P<part>\d{1,9})\s*(?:out\s+of|in)\s*(?P<whole>\d{1,9})", re.IGNORECASE)
_QUADRANT = re.compile(
    r"(?:the\s+)?(?:quadrant\s+(?P<behind>[1-4]|I{1,3}|IV)|(?P<before>first|second|third|fourth|I{1,3}|IV)\s+quadrant)",
    re.IGNORECASE,
)
_QUADRANTS: Final = {"1": "I", "2": "II", "3": "III", "4": "IV", "first": "I", "second": "II", "third": "III",
                     "fourth": "IV"}  # fmt: skip
_NEGATIVE = re.compile(r"\s*(?:\\text\s*\{\s*)?(?:negative|minus)\s*(?P<close>\})?\s*(?=[\d\\])", re.IGNORECASE)
_ORDINALS: Final = {
    "half": 2, "halves": 2, "third": 3, "fourth": 4, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "twelfth": 12, "hundredth": 100, "thousandth": 1000,
}  # fmt: skip
_SIGNED = re.compile(
    r"(?P<sign>(?:negative|minus)\s+)?(?P<words>[a-z]+(?:[\s-][a-z]+)*?)(?:[\s-]+(?P<part>"
    + "|".join(_ORDINALS)
    + r")s?)?",
    re.IGNORECASE,
)
_ARROW = re.compile(
    r"\s*(?P<name>[A-Za-z])\s*(?::|\\colon(?![A-Za-z]))\s*(?P<argument>[a-z])\s*\\(?:mapsto|longmapsto|to|rightarrow)(?![A-Za-z])\s*"
)
_IDENTICALLY = re.compile(r"\s*(?P<name>[fghFGH])(?:\(\s*(?P<argument>[a-z])\s*\))?\s*\\equiv\s*(?!.*mod)")
_CONSTANTLY = re.compile(r"(?<![A-Za-z\\])(?P<name>[fgh])\s*\\equiv(?![A-Za-z])\s*")
"""Functions that are each one constant."""
_LONGEST: Final = 60


def spoken(text: str) -> str:
    """An answer with what it says in words as formulas."""
    if text.count("equiv") > 1 and "mod" not in text:
        text = _CONSTANTLY.sub(r"\g<name>(x) = ", text)
    if "equiv" in text and (match := _IDENTICALLY.match(text)) is not None:
        return f"{match['name']}({match['argument'] or 'x'}) = {text[match.end() :]}"
    if "to" in text and (match := _ARROW.match(text)) is not None:
        return f"{match['name']}({match['argument']}) = {text[match.end() :]}"
    if (match := _NEGATIVE.match(text)) is not None and text.lstrip().startswith("\\text") == bool(match["close"]):
        return f"-{text[match.end() :]}"
    flat = " ".join(_TEXT.sub(r" \1 ", text).replace("$", " ").split())
    if (match := _NUMBERS_BEYOND.fullmatch(flat)) is not None:
        sign = _SIGNS[_BOUND[" ".join(match["bound"].lower().split())]]
        return f"{match['name'] or match['of'] or 'x'} {sign} {match['value']}"
    if len(flat) > _LONGEST or "\\" in flat:
        return text
    if (match := _ROUND.fullmatch(flat)) is not None:
        return f"{SCALES[match['scale'].lower()] // (2 if match['half'] else 1)}{_unit(match)}"
    if (match := _DOZENS.fullmatch(flat)) is not None and (number := spelt_number(match["count"])) is not None:
        return f"{12 * number}{_unit(match)}"
    if (match := _SIGNED_REALS.fullmatch(flat)) is not None:
        return _REALS_OF[match["which"].lower().replace("-", "")]
    if (match := _AND_A_PART.fullmatch(flat)) is not None:
        number = int(match["number"]) if match["number"].isdigit() else spelt_number(match["number"])
        if number is not None:
            part = _PARTS_OF_ONE[" ".join(match["part"].lower().split())]
            return f"{number}\\frac{part}{_unit(match)}"
    if (match := _NOON.fullmatch(flat)) is not None:
        return f"12:00\\text{{ {'a.m.' if match['which'].lower() == 'midnight' else 'p.m.'}}}"
    if (match := _OUT_OF.fullmatch(flat)) is not None:
        return f"\\frac{{{match['part']}}}{{{match['whole']}}}"
    if (match := _QUADRANT.fullmatch(flat)) is not None:
        which = match["behind"] or match["before"]
        return f"\\text{{Quadrant {_QUADRANTS.get(which.lower(), which.upper())}}}"
    if (match := _HALF.fullmatch(flat)) is not None:
        return f"{match['time']}\\text{{ {'a.m.' if match['half'].lower() == 'morning' else 'p.m.'}}}"
    if (match := _SIGNED.fullmatch(flat)) is not None and (match["sign"] or match["part"]):
        words = "one" if match["words"].lower() in ("a", "an") else match["words"]
        if (number := spelt_number(words)) is not None:
            below = _ORDINALS.get((match["part"] or "").lower(), 1)
            return f"{'-' if match['sign'] else ''}" + (f"\\frac{{{number}}}{{{below}}}" if below > 1 else f"{number}")
    return text


def _unit(match: re.Match[str]) -> str:
    return f"\\text{{ {match['unit']}}}" if match["unit"] else ""
