"""One spelling for answers that differ in typography alone, and plain numbers as exact rationals.

`canonical` undoes what LaTeX does not show or math-verify does not see: spacing commands, ``\\left`` and ``\\right``,
``\\dfrac`` for ``\\frac``, braces left out (``\\frac34``), a Unicode minus. It never merges two answers that
math-verify would tell apart, which is why it touches nothing else. Meaning is for `values` and `judge`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_UNICODE = str.maketrans({"\u2212": "-", "\u2013": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u200b": None})
_SIZES = re.compile(r"\\(?:left|right|[bB]igg?[lr]?)(?=\s*(?:[()\[\]|.]|\\[{}|]))")
_SPACES = re.compile(r"(\\\\)|(\\!\s*)|\\[;:,]|\\(?=\s)|\\q?quad\b|~")
_FRAC = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_FRAC_ARGS = re.compile(r"\\frac\s*(?:(\d)\s*(\d)(?!\d)|(\d)\s*(?=\{)|(\{[^{}]*\})\s*(\d)(?!\d))")
_SQRT_ARG = re.compile(r"\\sqrt\s*(\d)(?!\d)")
_WHITE = re.compile(r"\s+")
_TEXT = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mbox)\s*\{([^{}\\$]*)\}")
_OUTER_MATH = re.compile(r"(\$\$?|\\\(|\\\[)(?P<inside>[^$]*?)(\$\$?|\\\)|\\\])")


def canonical(answer: str) -> str:
    """The spelling under which answers are compared. Cheap, and linear in the length of `answer`."""
    text = answer.translate(_UNICODE).strip()
    if text[:1] in ("$", "\\") and (math := _OUTER_MATH.fullmatch(text)):
        text = math["inside"].strip()
    if "\\" in text:
        text = _SPACES.sub(_spacing, _SIZES.sub("", text))
        text = _FRAC.sub(r"\\frac", text)
        text = _FRAC_ARGS.sub(_braced, text)
        text = _SQRT_ARG.sub(r"\\sqrt{\1}", text)
    if "{,}" in text:
        text = re.sub(r"(?<=\d)\{,\}(?=\d{3})", ",", text)
    return _WHITE.sub(lambda space: _space(text, space), text).strip()


def _spacing(match: re.Match[str]) -> str:
    """A line break stays, a negative thin space closes the gap, every other spacing command is a space."""
    return match[1] or ("" if match[2] else " ")


def _braced(match: re.Match[str]) -> str:
    both, one, first, last = match[1], match[3], match[4], match[5]
    if both:
        return f"\\frac{{{both}}}{{{match[2]}}}"
    return f"\\frac{{{one}}}" if one else f"\\frac{first}{{{last}}}"


def _space(text: str, space: re.Match[str]) -> str:
    """A space stays only where it separates: two letters, two digits, or a list's comma that could group thousands."""
    before, after = text[space.start() - 1 : space.start()], text[space.end() : space.end() + 1]
    if (before.isalpha() and after.isalpha()) or (before.isdigit() and after.isdigit()):
        return " "
    if before == "," and after.isdigit() and re.match(r"\d{3}(?!\d)", text[space.end() : space.end() + 4]):
        return " "
    return ""


@dataclass(frozen=True)
class Number:
    """A plain number: its exact value, and the decimals it was written with (None: it is written without a point)."""

    value: Fraction
    decimals: int | None = None


_INTEGER = r"(?:0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d*)"
_NUMBER = re.compile(
    rf"""\\?\$?(?P<sign>-?)\\?\$?
    (?:(?P<mixed>\d{{1,300}})?\\frac\{{(?P<top>-?\d{{1,300}})\}}\{{(?P<bottom>-?\d{{1,300}})\}}
      |(?P<left>\d{{1,300}})/(?P<right>\d{{1,300}})
      |(?P<whole>{_INTEGER})?(?P<point>\.\d{{1,300}})?)
    (?:\^\\circ|\^\{{\\circ\}})?""",
    re.VERBOSE,
)


def number(spelling: str) -> Number | None:
    """The plain number that a canonical spelling is, or None. A dollar or degree sign does not count."""
    if len(spelling) > 700 or not (match := _NUMBER.fullmatch(spelling)):
        return None
    top, bottom = match["top"] or match["left"], match["bottom"] or match["right"]
    if top:
        if int(bottom) == 0:
            return None
        mixed = match["mixed"]
        if mixed and (top[0] == "-" or bottom[0] == "-"):
            return None
        value, decimals = int(mixed or 0) + Fraction(int(top), int(bottom)), None
    elif match["whole"] or match["point"]:
        whole, point = (match["whole"] or "0").replace(",", ""), match["point"]
        if len(whole) > 300:
            return None
        value, decimals = Fraction(whole + (point or "")), len(point) - 1 if point else None
    else:
        return None
    return Number(-value if match["sign"] else value, decimals)


_NUMERAL = re.compile(r"(?P<digits>-?\d{1,300})_(?:\{(?P<long>\d{1,2})\}|(?P<short>\d))")


def numeral(spelling: str) -> tuple[str, int] | None:
    """Signed digits and base of a numeral such as ``2516_8``, or None. The digits may be too large for the base."""
    match = _NUMERAL.fullmatch(spelling)
    return (match["digits"], int(match["long"] or match["short"])) if match else None


def numeral_value(digits: str, base: int) -> int | None:
    """The value of a numeral, or None where a digit is not below its base."""
    try:
        return int(digits, base) if 2 <= base <= 36 else None
    except ValueError:
        return None


_MEMBER = re.compile(r"[A-Za-z]\\in(?![A-Za-z])")
_ASSIGNED = re.compile(r"[A-Za-z]=((?!.*\\text)[^=<>,;]+)")
_WITH_UNIT = re.compile(r"(?P<value>[^{}]+|\\frac\{-?\d+\}\{-?\d+\})\\(?:text|mbox)\{(?P<unit>[A-Za-z ]+)\}(?:\^\d)?")
_NO_UNIT = re.compile(r"\b(?:and|or|percent|percentage|pct|inf|infinity)\b")


def bare(reference: str, answer: str) -> str:
    """`answer` without what math-verify drops: a variable it is assigned to or that lies in it, and a unit in text."""
    if (
        "\\in" in answer
        and (member := _MEMBER.match(answer))
        and (reference.startswith(member[0]) or "\\in" not in reference)
    ):
        answer = answer[member.end() :]
    if "=" in answer and "=" not in reference and (assigned := _ASSIGNED.fullmatch(answer)):
        answer = assigned[1]
    if "\\" in answer and (unit := _WITH_UNIT.fullmatch(answer)) and not _NO_UNIT.search(unit["unit"]):
        return unit["value"] if number(unit["value"]) else answer
    return answer


def words(spelling: str) -> str | None:
    """The words of an answer that is one piece of text such as ``\\text{(C)}`` or ``\\text{east}``, else None.

    Case does not count, and the parentheses around the letter of a choice do not either.
    """
    if not (match := _TEXT.fullmatch(spelling)):
        return None
    inside = match[1].strip()
    if re.fullmatch(r"\([A-Za-z]\)", inside):
        inside = inside[1:-1]
    return inside.lower() if inside.isascii() and inside.isalpha() else None
