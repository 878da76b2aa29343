"""A strict reader of the plain part of LaTeX: expressions that have one reading, with exact values.

It reads whole numbers, single-letter variables, ``\\pi``, ``+ - * /``, whole powers, ``\\frac`` and ``\\sqrt``. It
refuses whatever could be argued about: functions, ``e``, ``a/bc``, mixed numbers inside expressions, decimals inside
expressions. Values are fractions as long as no root and no ``\\pi`` is met, then `mpmath` numbers of the caller's
working precision.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final, NoReturn, TypeAlias

import mpmath

from pidistill_math.notation import number, numeral
from pidistill_math.polynomial import Polynomial, TooLarge

POINTS: Final = 2
"""Points at which an expression with variables can be computed, numbered from 0; then comes `SYMBOLS`."""
SYMBOLS: Final = 2
"""The 'point' at which a variable is itself: the value of a polynomial there is the polynomial."""
_LARGEST_EXPONENT: Final = 64
_LARGEST_DEGREE: Final = 5000
"""Bound on the product of exponents that stand on each other, as in ((x^2)^3)^4."""
_DEEPEST: Final = 30
_TOKEN = re.compile(r"\d+(?:\.\d+)?|\\(?:frac|sqrt|cdot|times|pi)(?![A-Za-z])|[A-Za-z]|[-+*/^(){}]")
_ENDS: Final = frozenset({"", "+", "-", ")", "}"})

Value: TypeAlias = "Fraction | Polynomial | mpmath.mpf | mpmath.mpc"
Evaluator: TypeAlias = Callable[[int], Value]
"""The value at a point."""


class Unread(Exception):
    """The text is outside the plain part of LaTeX, or has no value there."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression: how to compute it at the k-th point, and what kind of number comes out."""

    at: Evaluator
    """Raises `Unread` where there is no value, such as 1/0."""
    constant: bool
    exact: bool
    """Whether it is computed in fractions throughout: no roots, no pi."""
    decimal: bool = False


@lru_cache(maxsize=8192)
def read(spelling: str) -> Expression | None:
    """The expression that a canonical spelling is, or None where it is not plain enough."""
    if plain := number(spelling):
        value = plain.value
        return Expression(lambda k: value, True, True, plain.decimals is not None)
    if written := numeral(spelling):
        digits = Fraction(written[0])  # math-verify reads a numeral's digits and drops its base
        return Expression(lambda k: digits, True, True)
    tokens = _TOKEN.findall(spelling)
    if len("".join(tokens)) != len(spelling) or any("." in token for token in tokens):
        return None
    try:
        reader = _Reader(tokens)
        at = reader.whole()
    except Unread:
        return None
    return Expression(at, not any(token.isalpha() for token in tokens), reader.exact)


def real(value: Value) -> mpmath.mpf | mpmath.mpc:
    """The value at the working precision."""
    if isinstance(value, Polynomial):
        _refuse()
    return mpmath.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


class _Reader:
    """Recursive descent over tokens. Building is linear; nothing is computed until a point is given."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.position, self.exact, self.depth, self.degree = tokens, 0, True, 0, 1
        if tokens.count("i") > 1 or ("i" in tokens and "^" in tokens):
            _refuse()  # i could be the imaginary unit, and its powers are numbers

    def whole(self) -> Evaluator:
        value = self.total()
        if self.peek():
            _refuse()
        return value

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            _refuse()
        self.position += 1
        return token

    def total(self) -> Evaluator:
        """Terms joined by + and -."""
        self.depth += 1
        if self.depth > _DEEPEST:
            _refuse()
        sign = -1 if self.peek() == "-" else 1
        if self.peek() in ("-", "+"):
            self.take()
        terms = [(sign, self.term())]
        while self.peek() in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            terms.append((sign, self.term()))
        self.depth -= 1
        if len(terms) == 1 and sign == 1:
            return terms[0][1]

        def added(k: int) -> Value:
            result: Value = Fraction(0)
            for plus, term in terms:
                result = _add(result, term(k), plus)
            return result

        return added

    def term(self) -> Evaluator:
        """Factors joined by a product sign or side by side, or one division of two single factors."""
        factors = [self.power()]
        while (token := self.peek()) not in _ENDS:
            previous = self.tokens[self.position - 1]
            if token == "/":
                self.take()
                top, bottom = factors[0], self.power()
                if len(factors) > 1 or self.peek() not in _ENDS:
                    _refuse()
                return lambda k: _divide(top(k), bottom(k))
            if token in ("\\cdot", "\\times", "*"):
                self.take()
            elif (
                token[0].isdigit()
                or token in ("^", "{")
                or (token == "\\frac" and previous[0].isdigit())
                or (token == "(" and previous.isalpha())
            ):
                _refuse()  # a mixed number, a function's argument, or not LaTeX
            factors.append(self.power())
        if len(factors) == 1:
            return factors[0]

        def product(k: int) -> Value:
            result: Value = Fraction(1)
            for factor in factors:
                result = _multiply(result, factor(k))
            return result

        return product

    def power(self) -> Evaluator:
        """An atom, raised to a whole number or not."""
        others, self.degree = self.degree, 1
        base = self.atom()
        if self.peek() != "^":
            self.degree = max(others, self.degree)
            return base
        self.take()
        sign = 1
        if self.peek() == "{":
            self.take()
            if self.peek() == "-":
                self.take()
                sign = -1
            digits = self.take()
            self.take("}")
        elif len(digits := self.take()) > 1:
            _refuse()  # x^23 is x squared times three in TeX
        if not digits.isdigit() or len(digits) > 2 or not 0 < int(digits) <= _LARGEST_EXPONENT:
            _refuse()
        exponent = sign * int(digits)
        self.degree *= int(digits)
        if self.degree > _LARGEST_DEGREE or self.peek() == "^":
            _refuse()
        self.degree = max(others, self.degree)
        return lambda k: _raise(base(k), exponent)

    def atom(self) -> Evaluator:
        """A number, a variable, pi, a fraction, a root or a parenthesis."""
        token = self.take()
        if token.isdigit():
            constant = Fraction(token)
            return lambda k: constant
        if token == "(":
            inside = self.total()
            self.take(")")
            return inside
        if token == "\\frac":
            top, bottom = self.braces(), self.braces()
            return lambda k: _divide(top(k), bottom(k))
        if token == "\\sqrt":
            self.exact = False
            inside = self.braces()
            return lambda k: mpmath.sqrt(real(inside(k)))
        if token == "\\pi":
            self.exact = False
            return lambda k: +mpmath.pi
        if not token.isalpha() or token in ("e", "E", "I", "d"):
            _refuse()
        # Upper and lower case take one value: math-verify does not always tell them apart.
        letter = ord(token.lower())
        numbers = Fraction(10_007 + 97 * letter, 5_003), Fraction(7_919 + 89 * letter, 20_011)
        values: tuple[Value, ...] = (*numbers, Polynomial.variable(token))
        return lambda k: values[k]

    def braces(self) -> Evaluator:
        self.take("{")
        inside = self.total()
        self.take("}")
        return inside


# --- Arithmetic that stays exact as long as it can -------------------------------------------------------------------


def _refuse() -> NoReturn:
    raise Unread


def _add(left: Value, right: Value, sign: int) -> Value:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left + sign * right
    if isinstance(left, Polynomial) or isinstance(right, Polynomial):
        return _polynomial(left).plus(_polynomial(right), sign)
    return real(left) + sign * real(right)


def _multiply(left: Value, right: Value) -> Value:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left * right
    if isinstance(left, Polynomial) or isinstance(right, Polynomial):
        return _product(_polynomial(left), _polynomial(right))
    return real(left) * real(right)


def _divide(top: Value, bottom: Value) -> Value:
    if isinstance(bottom, Polynomial) or bottom == 0:
        _refuse()
    if isinstance(bottom, Fraction):
        return _multiply(top, 1 / bottom)
    return real(top) / real(bottom)


def _raise(base: Value, exponent: int) -> Value:
    if isinstance(base, Polynomial):
        if exponent < 0:
            _refuse()
        result = base
        for _ in range(exponent - 1):
            result = _product(result, base)
        return result
    if base == 0 and exponent < 0:
        _refuse()
    return base**exponent


def _polynomial(value: Value) -> Polynomial:
    if isinstance(value, Polynomial):
        return value
    if not isinstance(value, Fraction):
        _refuse()
    return Polynomial.constant(value)


def _product(left: Polynomial, right: Polynomial) -> Polynomial:
    try:
        return left.times(right)
    except TooLarge:
        _refuse()
