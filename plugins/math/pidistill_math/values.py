"""Answers as values: a strict reader of the plain part of LaTeX, exact where it can be.

It settles most wrong answers and many equal ones without a computer algebra system. It reads numbers, single-letter
variables, ``\\pi``, ``+ - * /``, powers, ``\\frac``, ``\\sqrt`` and the shapes around them (tuple, interval, list, set,
matrix), and refuses (None) everything whose reading could be argued about: mixed numbers, functions, ``e``, ``a/bc``,
decimals inside expressions. What it refuses, math-verify judges.

Two expressions are different if they differ at a point. They are the same only if they are spelt the same or are
constants: equal as fractions, or with roots and ``\\pi`` to 60 digits. Equal functions are left to math-verify.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final, Literal, NoReturn, TypeAlias

import mpmath

from pidistill_math.notation import number

LONGEST: Final = 300
"""Longest spelling that is read, in characters."""
_LARGEST_EXPONENT: Final = 64
_LARGEST_DEGREE: Final = 5000
"""Bound on the product of all exponents in one expression."""
_DEEPEST: Final = 30
_DIGITS: Final = 60
_TOKEN = re.compile(r"\d+(?:\.\d+)?|\\(?:frac|sqrt|cdot|times|pi)(?![A-Za-z])|[A-Za-z]|[-+*/^(){}]")
_ENDS: Final = frozenset({"", "+", "-", ")", "}"})
_INFINITE: Final = ("\\infty", "-\\infty", "+\\infty")

Value: TypeAlias = Fraction | mpmath.mpf | mpmath.mpc
Evaluator: TypeAlias = Callable[[int], Value]
"""The value at the k-th point, k = 0 or 1."""


class _Unread(Exception):
    """The text is outside the plain part of LaTeX."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression: how to compute it at the k-th point, and what kind of number comes out."""

    at: Evaluator
    constant: bool
    exact: bool
    """Whether it is computed in fractions throughout: no roots, no pi."""
    decimal: bool = False


Shape = Literal["one", "tuple", "list", "set", "matrix"]


@dataclass(frozen=True)
class Answer:
    """An answer's shape and its parts in order. `frame` is what must agree besides them: brackets, rows and columns."""

    shape: Shape
    frame: str
    parts: tuple[str, ...]


def same(reference: str, answer: str) -> bool | None:
    """Whether two canonical spellings have one value: yes, no, or None where this module cannot be sure."""
    left, right = _answer(reference), _answer(answer)
    if left is None or right is None or left.shape != right.shape:
        return None
    if left.shape == "one":
        return _same_part(left.parts[0], right.parts[0])
    if left.shape in ("list", "set"):
        return _same_collection(left.parts, right.parts)
    if left.shape == "tuple" and len(left.parts) != len(right.parts):
        return None
    if left.frame != right.frame:
        return False if left.shape == "matrix" else None
    if left.shape == "tuple" and (_degenerate(left.parts) or _degenerate(right.parts)):
        return None
    found = [_same_part(a, b) for a, b in zip(left.parts, right.parts, strict=True)]
    return False if False in found else None if None in found else True


def _same_part(reference: str, answer: str) -> bool | None:
    if reference == answer:
        return True
    left, right = _expression(reference), _expression(answer)
    if left is None or right is None:
        return False if (left and answer in _INFINITE) or (right and reference in _INFINITE) else None
    if left.decimal or right.decimal:
        return None
    try:
        with mpmath.workdps(_DIGITS):
            if left.constant and right.constant:
                return not _apart(left, right, 0)
            return False if any(_apart(left, right, k) for k in (0, 1)) else None
    except (_Unread, OverflowError):
        return None


def _apart(left: Expression, right: Expression, k: int) -> bool:
    """Whether the values at point `k` differ, exactly or by more than rounding at `_DIGITS` digits can explain."""
    a, b = left.at(k), right.at(k)
    if left.exact and right.exact:
        return bool(a != b)
    a, b = _real(a), _real(b)
    return bool(abs(a - b) > mpmath.mpf(10) ** (10 - _DIGITS) * max(abs(a), abs(b)))


def _same_collection(reference: Sequence[str], answer: Sequence[str]) -> bool | None:
    """Unordered, without repeats: the same when each part has its partner, different when one has none."""
    if len(set(reference)) != len(reference) or len(set(answer)) != len(answer):
        return None
    table = [[_same_part(a, b) for b in answer] for a in reference]
    if any(None in row for row in table):
        return None
    partners = [row.count(True) for row in table]
    if any(count > 1 for count in partners):
        return None
    return all(partners) and len(reference) == len(answer)


def _degenerate(parts: Sequence[str]) -> bool:
    """Whether these parts, read as an interval, could be empty: then math-verify compares something else."""
    if len(parts) != 2:
        return False
    low, high = _expression(parts[0]), _expression(parts[1])
    if low is None or high is None or not low.constant or not high.constant:
        return parts[0] != "-\\infty" and parts[1] not in ("\\infty", "+\\infty")
    try:
        with mpmath.workdps(_DIGITS):
            return not _real(low.at(0)) < _real(high.at(0))
    except (_Unread, OverflowError, TypeError):
        return True


# --- Shapes ---------------------------------------------------------------------------------------------------------

_MATRIX = re.compile(r"\\begin\{([pb])matrix\}(?P<cells>.*)\\end\{\1matrix\}")


@lru_cache(maxsize=4096)
def _answer(spelling: str) -> Answer | None:
    if not spelling or len(spelling) > LONGEST:
        return None
    if number(spelling):
        return Answer("one", "", (spelling,))
    if matrix := _MATRIX.fullmatch(spelling):
        rows = [row.split("&") for row in re.split(r"\\\\", matrix["cells"])]
        if len({len(row) for row in rows}) != 1:
            return None
        return Answer("matrix", f"{len(rows)}x{len(rows[0])}", tuple(cell for row in rows for cell in row))
    if spelling.startswith("\\{") and spelling.endswith("\\}"):
        parts = _split(spelling[2:-2])
        return Answer("set", "", parts) if parts else None
    if spelling[0] in "([" and spelling[-1] in ")]" and (parts := _split(spelling[1:-1])) and len(parts) > 1:
        return Answer("tuple", spelling[0] + spelling[-1], parts)
    parts = _split(spelling)
    if not parts:
        return None
    return Answer("one", "", parts) if len(parts) == 1 else Answer("list", "", parts)


def _split(text: str) -> tuple[str, ...] | None:
    """The parts between commas outside all brackets; None where brackets do not match or a comma may group digits."""
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth < 0:
                return None
        elif char == "," and depth == 0:
            if text[i - 1 : i].isdigit() and re.match(r"\d{3}(?!\d)", text[i + 1 : i + 5]):
                return None
            parts.append(text[start:i].strip())
            start = i + 1
    parts.append(text[start:].strip())
    return tuple(parts) if depth == 0 and all(parts) else None


# --- Expressions ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def _expression(spelling: str) -> Expression | None:
    """The expression, or None outside the plain part of LaTeX."""
    if plain := number(spelling):
        value = plain.value
        return None if plain.unit else Expression(lambda k: value, True, True, plain.decimals is not None)
    tokens = _TOKEN.findall(spelling)
    if len("".join(tokens)) != len(spelling) or any("." in token for token in tokens):
        return None
    reader = _Reader(tokens)
    try:
        at = reader.whole()
    except _Unread:
        return None
    return Expression(at, not any(token.isalpha() for token in tokens), reader.exact)


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
        base = self.atom()
        if self.peek() != "^":
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
            return lambda k: mpmath.sqrt(_real(inside(k)))
        if token == "\\pi":
            self.exact = False
            return lambda k: +mpmath.pi
        if not token.isalpha() or token in ("e", "E", "I", "d"):
            _refuse()
        # Upper and lower case take one value: math-verify does not always tell them apart.
        point = Fraction(10_007 + 97 * ord(token.lower()), 5_003), Fraction(7_919 + 89 * ord(token.lower()), 20_011)
        return lambda k: point[k]

    def braces(self) -> Evaluator:
        self.take("{")
        inside = self.total()
        self.take("}")
        return inside


# --- Arithmetic that stays in fractions as long as it can --------------------------------------------------------------


def _refuse() -> NoReturn:
    raise _Unread


def _real(value: Value) -> mpmath.mpf | mpmath.mpc:
    return mpmath.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


def _add(left: Value, right: Value, sign: int) -> Value:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left + sign * right
    return _real(left) + sign * _real(right)


def _multiply(left: Value, right: Value) -> Value:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left * right
    return _real(left) * _real(right)


def _divide(top: Value, bottom: Value) -> Value:
    if bottom == 0:
        _refuse()
    if isinstance(top, Fraction) and isinstance(bottom, Fraction):
        return top / bottom
    return _real(top) / _real(bottom)


def _raise(base: Value, exponent: int) -> Value:
    if base == 0 and exponent < 0:
        _refuse()
    return base**exponent
