"""What must not reach a computer algebra system: answers too long, too deep, too large to compute, or not computed.

sympy evaluates what it is given: ``9^{9^{9^9}}`` takes the memory of the machine, inside C code that no alarm
interrupts. The estimate here is an upper bound on bits and terms, made from the text alone by a reader that accepts
any LaTeX and is never wrong in the dangerous direction about powers, factorials and binomials.

`unevaluated` is a rule of marking, not of safety: a sum, integral, limit or residue that restates the question is no
answer, though a computer algebra system would work it out.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 2_000
"""Characters; the longest reference answers known to us have a few hundred."""
DEEPEST: Final = 40
"""Nested brackets."""
MOST_BITS: Final = 60_000.0
"""Bits of any number that would have to be computed, an upper bound."""
MOST_TERMS: Final = 3_000.0
"""Terms of any polynomial that expanding would give, an upper bound."""

MOST_POWERS: Final = 200

_OPEN, _CLOSE = frozenset("{[("), frozenset("}])")
_TOKEN = re.compile(r"\\[A-Za-z]+|\\[\s\S]|\d+(?:\.\d+)?|\S")
_UNEVALUATED = {
    "sum": re.compile(r"\\sum(?![A-Za-z])|\u2211"),
    "product": re.compile(r"\\(?:co)?prod(?![A-Za-z])|\u220f"),
    "integral": re.compile(r"\\(?:int|iint|iiint|oint)(?![A-Za-z])|\u222b"),
    "limit": re.compile(r"\\lim(?:inf|sup)?(?![A-Za-z])"),
    "residue": re.compile(r"\\[bp]?mod(?![A-Za-z])|\\(?:text|mathrm|operatorname)\{\s*mod\s*\}|\bmod\b"),
    "common divisor": re.compile(r"\\(?:gcd|lcm)(?![A-Za-z])|\\(?:text|mathrm|operatorname)\{\s*(?:gcd|lcm)\s*\}"),
    "extremum": re.compile(r"\\(?:min|max|sup|inf)(?![A-Za-z])"),
    "determinant": re.compile(r"\\det(?![A-Za-z])|\\begin\{vmatrix\}"),
    "derivative": re.compile(r"\\frac\s*\{\s*\\?(?:d|partial|mathrm\{d\})\s*\}\s*\{\s*\\?(?:d|partial)\s*[a-z]\s*\}"),
    "ellipsis": re.compile(r"\\(?:[lcd]?dots|dots[cbmi])(?![A-Za-z])|\.\.\.|\u2026"),
}


def unevaluated(reference: str, answer: str) -> str:
    """The operation that `answer` leaves to be worked out and `reference` does not hold; '' when there is none."""
    for name, pattern in _UNEVALUATED.items():
        if pattern.search(answer) and not pattern.search(reference):
            return name
    return ""


def oversize(text: str) -> str:
    """Why `text` must not be handed to a computer algebra system; '' when it may be. Linear in its length."""
    if len(text) > LONGEST:
        return f"longer than {LONGEST} characters"
    depth = deepest = 0
    for char in text:
        depth += (char in _OPEN) - (char in _CLOSE)
        deepest = max(deepest, depth)
    if deepest > DEEPEST or text.count("\\sqrt") > DEEPEST:
        return f"brackets nested deeper than {DEEPEST}"
    if text.count("^") > MOST_POWERS:
        return f"more than {MOST_POWERS} powers"
    if "^" not in text and "!" not in text and "binom" not in text and "**" not in text and "_" not in text:
        return ""
    size = _Estimate(_TOKEN.findall(text.replace("**", "^"))).total()
    if size.bits > MOST_BITS:
        return "too large to compute"
    if size.terms > MOST_TERMS:
        return "too many terms to expand"
    return ""


@dataclass(frozen=True)
class _Size:
    """Upper bounds: log2 of the largest number involved, and the number of terms after expansion."""

    bits: float
    terms: float = 1.0
    constant: bool = True

    def __add__(self, other: _Size) -> _Size:
        return _Size(max(self.bits, other.bits) + 1, self.terms + other.terms, self.constant and other.constant)

    def __mul__(self, other: _Size) -> _Size:
        return _Size(self.bits + other.bits, self.terms * other.terms, self.constant and other.constant)

    @property
    def value(self) -> float:
        return 2.0**self.bits if self.bits < 1000 else math.inf

    def power(self, exponent: _Size) -> _Size:
        bits = max(self.bits, 1.0) * exponent.value
        if self.constant:
            return _Size(max(bits, exponent.bits))
        times = exponent.value if exponent.constant else 1.0
        if self.terms <= 1.0:
            return _Size(bits if exponent.constant else self.bits + exponent.bits, 1.0, False)
        return _Size(bits, _compositions(times, self.terms), False)

    def factorial(self) -> _Size:
        return _Size(self.value * max(self.bits, 1.0) if self.constant else self.bits + 1, self.terms, self.constant)


def _compositions(power: float, terms: float) -> float:
    """Terms of a sum of `terms` monomials raised to `power`."""
    if power > 10_000 or terms > 10_000:
        return math.inf
    return math.exp(min(700.0, math.lgamma(power + terms) - math.lgamma(power + 1) - math.lgamma(terms)))


class _Estimate:
    """Recursive descent that accepts anything: any bracket closes any other. The caller bounds the depth."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.position = tokens, 0

    def total(self, inside: bool = False) -> _Size:
        """Everything up to a closing bracket: products joined by signs and separators, which only ever add up."""
        size, product = _Size(0.0, 0.0), _Size(0.0)
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            if token in _CLOSE or token in ("\\}", "\\rfloor"):
                self.position += 1
                if inside:
                    break
            elif token in ("+", "-", ",", ";", "=", "<", ">", "&", "\\\\", "\\pm", "\\le", "\\ge", "\\cup"):
                size, product = size + product, _Size(0.0)
                self.position += 1
            else:
                product = product * self.factor()
        return size + product

    def factor(self) -> _Size:
        size = self.atom()
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            if token == "!":
                self.position += 1
                size = size.factorial()
            elif token == "^":
                self.position += 1
                size = size.power(self.factor())
            elif token == "_":
                self.position += 1
                size = size * self.atom()
            else:
                break
        return size

    def atom(self) -> _Size:
        if self.position >= len(self.tokens):
            return _Size(0.0)
        token = self.tokens[self.position]
        self.position += 1
        if token[0].isdigit():
            digits = token.lstrip("0") or "0"
            return _Size(math.log2(float(digits) + 2) if len(digits) < 300 else len(digits) * 3.33)
        if token in _OPEN or token in ("\\{", "\\lfloor"):
            return self.total(inside=True)
        if token in ("\\binom", "\\dbinom", "\\tbinom"):
            above = self.atom()
            return _Size(above.value, 1.0) * self.atom()
        if token[0] != "\\":
            return _Size(2.0) if token == "e" else _Size(1.0, 1.0, constant=not token.isalpha())
        size = _Size(2.0 if token == "\\pi" else 0.0)
        while self.position < len(self.tokens) and self.tokens[self.position] in _OPEN:
            self.position += 1
            size = size * self.total(inside=True)
        return size
