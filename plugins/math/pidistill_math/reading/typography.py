"""Older and foreign ways to typeset numbers, fractions and intervals, as the grammar writes them.

All of it is spelling: ``{}_{10}C_3`` is a binomial coefficient, ``]1, 2[`` an open interval, ``{1+x \\over 2}`` a
fraction, and a numeral in braces of its own has the index that stands behind them.
"""

from __future__ import annotations

import re
from typing import Final

_CHOSEN = re.compile(
    r"(?<![\w})\]])(?:\{\})?\s*[_^](?:\{\s*(?P<of>\d{1,4}|[a-z])\s*\}|(?P<one>\d|[a-z]))\s*"
    r"(?:\\(?:mathrm|text)\{C\}|C)\s*_(?:\{\s*(?P<take>\d{1,4}|[a-z])\s*\}|(?P<few>\d(?!\d)|[a-z]))"
)
_INDEXED = re.compile(r"^\s*\{\s*(\d+)\s*\}\s*(?=_)")
_SIDED: Final = r"(?:\\left|\\right)?\s*"
_STRETCH: Final = rf"{_SIDED}[\[\]]([^\[\],;()]{{1,40}})[,;]([^\[\],;()]{{1,40}}?){_SIDED}[\[\]]"
_OUTWARD = re.compile(rf"\s*{_STRETCH}(?:\s*\\cup\s*{_STRETCH}){{1,5}}\s*")
_PIECE = re.compile(r"(?:\\left|\\right)?\s*([\[\]])((?:(?!\\right|\\left)[^\[\]])*)(?:\\left|\\right)?\s*([\[\]])")
_FUNCTION_IN_BRACES = re.compile(r"\{\s*(\\(?:sin|cos|tan|cot|sec|csc|ln|log))\s*\}(?=\s*[\^(])")
_MARK_IN_BRACES = re.compile(r"\\math(?:ord|bin|rel)\s*\{\s*([-+])\s*\}")
_PROBABILITY = re.compile(
    r"\\(?:mathbb|mathrm|operatorname|mathbf)\s*\{?\s*P\s*\}?\s*(?=\\left\s*\(|\()|\\Pr\s*(?=\\left\s*\(|\()"
)
_DERIVED = re.compile(r"^\s*\\[dt]?frac\s*\{\s*d\s*\}\s*\{\s*d\s*([a-z])\s*\}\s*([a-z])\s*\(\s*\1\s*\)(?=\s*=)")
_MOST_OVERS: Final = 8


def plainly(text: str) -> str:
    """A text in the common spelling."""
    if "C" in text and ("_" in text or "^" in text):
        text = _CHOSEN.sub(_binomial, text)
    if "\\over" in text:
        text = _over(text)
    if "]" in text and "\\cup" in text and _OUTWARD.fullmatch(text):
        text = _PIECE.sub(_interval, text)
    if "_" in text:
        text = _INDEXED.sub(r"\1", text)
    if "\\" not in text:
        return text
    text = text.replace("\\lbrack", "[").replace("\\rbrack", "]") if "brack" in text else text
    text = _FUNCTION_IN_BRACES.sub(r"\1", text)
    text = _MARK_IN_BRACES.sub(r"\1", text)
    text = _DERIVED.sub(r"\2'(\1)", text)
    return _PROBABILITY.sub("P", text)


def _binomial(match: re.Match[str]) -> str:
    return f"\\binom{{{match['of'] or match['one']}}}{{{match['take'] or match['few']}}}"


def _interval(match: re.Match[str]) -> str:
    """``]a, b]`` as ``(a, b]``: a bracket that turns its back leaves its end out."""
    return f"{'[' if match[1] == '[' else '('}{match[2].replace(';', ',')}{']' if match[3] == ']' else ')'}"


def _over(text: str) -> str:
    """``{a \\over b}`` as a fraction, whatever braces its parts hold."""
    for _ in range(_MOST_OVERS):
        found = re.search(r"\\over(?![A-Za-z])", text)
        if found is None:
            return text
        opened, closed = _outward(text, found.start(), -1), _outward(text, found.end() - 1, 1)
        if opened < 0 or closed < 0:
            return text
        top, bottom = text[opened + 1 : found.start()].strip(), text[found.end() : closed].strip()
        text = f"{text[:opened]}\\frac{{{top}}}{{{bottom}}}{text[closed + 1 :]}"
    return text


def _outward(text: str, at: int, step: int) -> int:
    """Where the group around a place opens (``step`` -1) or closes (1); -1 where none is around it."""
    depth, opens = 0, "{" if step > 0 else "}"
    while 0 <= (at := at + step) < len(text):
        if text[at] not in "{}" or text[at - 1 : at] == "\\":
            continue
        if text[at] == opens:
            depth += 1
        elif depth:
            depth -= 1
        else:
            return at
    return -1
