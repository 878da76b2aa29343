"""Digits to numerals: which digits are one number, and which gap, comma or bar between them makes another of them.

* Groups of three after a comma, a thin space or a space are thousands (``1,000``, ``1\\,000``, ``12 345``). Inside
  brackets a comma separates items, unless ``{,}`` or ``,\\!`` say otherwise or ``000`` follows.
* A bar, dots over digits, parentheses behind a decimal point, or an ellipsis after a period that was shown at least
  three times is a repeating decimal.
* Digits that are otherwise side by side are left side by side, and the grammar refuses them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import Final

from pidistill_math.reading.lexer import TIGHT, Token
from pidistill_math.reading.syntax import Node, Unreadable, num

_LONGEST: Final = 1_000
"""Digits of the longest numeral read."""
_OPEN: Final = frozenset({"(", "["})
_CLOSE: Final = frozenset({")", "]"})
_FIRST = re.compile(r"[1-9]\d{0,2}|0")
_GROUP = re.compile(r"\d{3}(?:\.\d+)?")
_REPEATS = re.compile(r"(\d*\.\d*?)(\d{1,6}?)\2{2,}")
_REPEATING = re.compile(r"(\d*)\.(\d*)\((\d+)\)")


def joined(found: list[Token]) -> list[Token]:
    """The tokens with each numeral in one token; repeating decimals are spelt ``0.1(6)``, powers of ten ``1.2e3``."""
    return _scientific(_repeating(_thousands(found)))


def numeral(text: str) -> Node:
    """The numeral that a token spells. Raises `Unreadable` where it is too long."""
    if len(text) > _LONGEST:
        raise Unreadable(f"a numeral of {len(text)} digits")
    if match := _REPEATING.fullmatch(text):
        whole, before, period = match.groups()
        value = Fraction(int(whole or 0)) + (Fraction(int(before), 10 ** len(before)) if before else 0)
        return num(value + Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(before)), "repeating")
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        if len(exponent) > 4:
            raise Unreadable("a power of ten too large to be written out")
        return num(Fraction(mantissa) * Fraction(10) ** int(exponent), "scientific")
    if "." in text:
        return num(Fraction(text), f"decimal:{len(text) - text.index('.') - 1}")
    return num(int(text))


def _thousands(found: list[Token]) -> list[Token]:
    if not any(t.text in (",", TIGHT, "{") or (t.kind == "num" and t.gap == "thin") for t in found):
        return found
    result: list[Token] = []
    depth = at = 0
    while at < len(found):
        token = found[at]
        if token.kind == "op" or token.kind == "cmd":
            depth += token.text in _OPEN or token.text in ("{", "langle")
            depth -= token.text in _CLOSE or token.text in ("}", "rangle")
        if token.kind == "num" and _FIRST.fullmatch(token.text):
            digits, after = _groups(found, at, depth > 0)
            if after > at + 1:
                result.append(replace(token, text=digits))
                at = after
                continue
        result.append(replace(token, text=",") if token.text == TIGHT else token)
        at += 1
    return result


def _groups(found: list[Token], at: int, bracketed: bool) -> tuple[str, int]:
    """The digits of the thousands that begin at `at`, and the index after them."""
    digits, after, first = found[at].text, at + 1, ""
    while "." not in digits:
        kind, group_at = _separator(found, after)
        if digits == "0" and kind != "tight":  # no thousands begin with a nought
            break
        if not kind or group_at >= len(found) or (first and kind != first):
            break
        group = found[group_at]
        if group.kind != "num" or group.style != found[at].style:
            break
        if not _GROUP.fullmatch(group.text):
            if kind == "tight" and not first and group.text.isdigit():
                return f"{digits}.{group.text}", group_at + 1  # a decimal comma
            if kind == "comma" and first == "comma":
                return found[at].text, at + 1  # 1,234,5 is a list
            break
        if kind == "comma" and bracketed and not group.text.startswith("000"):
            break
        first = kind
        digits, after = digits + group.text, group_at + 1
    return digits, after


def _separator(found: list[Token], at: int) -> tuple[str, int]:
    """The kind of thousands separator at `at`, '' for none, and where the next group would stand."""
    if at >= len(found):
        return "", at
    token = found[at]
    if token.kind == "num":
        return ("gap", at) if token.gap == "thin" else ("", at)
    following = found[at + 1] if at + 1 < len(found) else None
    if token.text == "," and token.kind == "op" and token.gap == "" and following is not None and following.gap == "":
        return "comma", at + 1
    if token.text == TIGHT:
        return "tight", at + 1
    if token.text == "{" and [t.text for t in found[at + 1 : at + 3]] == [",", "}"]:
        return "tight", at + 3
    return "", at


def _repeating(found: list[Token]) -> list[Token]:
    result: list[Token] = []
    at = 0
    while at < len(found):
        token = found[at]
        bare = token.text == "." and (at == 0 or found[at - 1].kind != "num")
        if token.kind == "num" or (bare and at + 1 < len(found) and found[at + 1].text in ("overline", "bar", "dot")):
            spelt, after = _decimal(found, at) if token.kind == "num" else ("0.", at + 1)
            period, end = _period(found, after, spelt)
            if period:
                result.append(replace(token, kind="num", text=f"{spelt}({period})" if "(" not in period else period))
                at = end
                continue
        result.append(token)
        at += 1
    return result


def _decimal(found: list[Token], at: int) -> tuple[str, int]:
    """A numeral with its decimal point, where the point stands alone before a bar or a parenthesis."""
    text = found[at].text
    if "." not in text and at + 1 < len(found) and found[at + 1].text == "." and not found[at + 1].gap:
        return f"{text}.", at + 2
    return text, at + 1


def _period(found: list[Token], at: int, spelt: str) -> tuple[str, int]:
    """The repeating digits that follow a decimal, and the index after them; '' where none do."""
    if "." not in spelt or at >= len(found) or found[at].gap:
        return "", at
    texts = [token.text for token in found[at : at + 4]]
    kind = found[at].kind
    if kind == "cmd" and texts[0] in ("overline", "bar", "dot", "overarc") and len(texts) > 1:
        if texts[1] == "{" and texts[3:4] == ["}"] and texts[2].isdigit():
            period, end = texts[2], at + 4
        elif texts[1].isdigit():
            if texts[0] != "overline" and len(texts[1]) > 1:
                return "", at
            period, end = texts[1][:1], at + 2
            if len(texts[1]) > 1:
                return "", at
        else:
            return "", at
        if texts[0] == "dot":  # dots over the first and the last digit of the period
            rest = found[end : end + 6]
            words = [token.text for token in rest]
            middle = words[0] if words and words[0].isdigit() else ""
            tail = words[1:] if middle else words
            if tail[:2] == ["dot", "{"] and len(tail) > 3 and tail[2].isdigit() and tail[3] == "}":
                return period + middle + tail[2], end + (1 if middle else 0) + 4
            return (period, end) if len(period) == 1 and not middle else ("", at)
        return period, end
    if texts[0] == "(" and len(texts) > 2 and texts[1].isdigit() and texts[2] == ")" and spelt.partition(".")[0]:
        return texts[1], at + 3
    ellipsis = 1 if kind == "cmd" and texts[0] in ("ldots", "dots", "cdots", "dotsc", "dotsb") else 0
    if texts[:3] == [".", ".", "."]:
        ellipsis = 3
    if ellipsis and len(spelt) < 60 and (shown := _REPEATS.fullmatch(spelt)):
        return f"{shown[1]}({shown[2]})", at + ellipsis
    return "", at


def _scientific(found: list[Token]) -> list[Token]:
    """``1.2e-3``, ``2E5``: but ``2e-3`` is two times e, less three."""
    result: list[Token] = []
    at = 0
    while at < len(found):
        token = found[at]
        mark = found[at + 1] if at + 1 < len(found) else None
        if token.kind == "num" and "(" not in token.text and mark and mark.kind == "letter" and mark.text in "eE":
            sign = found[at + 2].text if at + 2 < len(found) and found[at + 2].text in "+-" else ""
            digits = at + 2 + bool(sign)
            plain = mark.text == "e" and "." not in token.text
            if (
                digits < len(found)
                and found[digits].kind == "num"
                and found[digits].text.isdigit()
                and not any(part.gap for part in found[at + 1 : digits + 1])
                and not (sign and plain)
            ):
                result.append(replace(token, text=f"{token.text}e{sign.replace('+', '')}{found[digits].text}"))
                at = digits + 1
                continue
        result.append(token)
        at += 1
    return result
