"""What a tree is worth at a point: exact fractions as long as it can, else `mpmath` numbers, and never out of bounds.

A point gives every symbol a value that depends on its name alone, so two trees are compared at the same place. Values
that would be too large to compute raise `TooLarge`; what has no value there raises `NoValue`. A computation that left
the real domain (a logarithm or an even root of a negative number) says so, because an identity of real functions need
not hold on the principal branches: `equality` decides what that means.

Functions without a known meaning (``f(x)``, ``a_{n+1}``) are some fixed smooth function of their arguments, the same
on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import mpmath
from mpmath import mpc, mpf

from pidistill_math.meaning.functions import (
    EXACT,
    EXPONENTIAL,
    FARTHEST,
    FUNCTIONS,
    MOST_BITS,
    MOST_FACTORIAL,
    PERIODIC,
    REAL_ONLY_BETWEEN,
    NoValue,
    TooLarge,
    Value,
    real,
    smooth,
)
from pidistill_math.reading.syntax import Node, symbols

MOST_STEPS: Final = 30_000
"""Nodes visited for one value, those of every term of a sum included."""
_LONGEST_BINOMIAL: Final = 500
MOST_TERMS: Final = 2_000
"""Terms of the longest sum or product worked out."""


@dataclass
class Place:
    """Values of the symbols, how to read degrees, and what was met on the way."""

    values: Callable[[str], Fraction]
    radians: bool = True
    """Whether a degree is pi/180; else it is 1, for answers of which one names the degrees and one does not."""
    bound: dict[str, Value] = field(default_factory=dict)
    """Values of bound symbols: the index of a sum."""
    left_domain: bool = False
    largest: mpf = field(default_factory=lambda: mpf(0))
    """The largest summand met, and the argument of a sine, or 1, where one is: what rounding
    errors must be measured against."""
    steps: int = 0

    def value(self, node: Node) -> Value:
        """The value of a tree. Raises `NoValue` or `TooLarge`."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooLarge
        handler = _HANDLERS.get(node.head)
        if handler is None:
            raise NoValue
        try:
            return handler(self, node)
        except (ZeroDivisionError, ValueError) as error:
            raise NoValue from error
        except OverflowError as error:
            raise TooLarge from error

    # --- numbers and arithmetic

    def number(self, node: Node) -> Value:
        return node.number

    def symbol(self, node: Node) -> Value:
        if (bound := self.bound.get(node.text)) is not None:
            return bound
        return self.values(node.text)

    def constant(self, node: Node) -> Value:
        match node.text:
            case "pi":
                return +mpmath.pi
            case "e" | "i" if node.text in self.bound:
                return self.bound[node.text]
            case "e":
                return +mpmath.e
            case "i":
                return mpc(0, 1)
        raise NoValue  # infinity is no number

    def negative(self, node: Node) -> Value:
        return -self.value(node.args[0])

    def added(self, node: Node) -> Value:
        total: Value = Fraction(0)
        for arg in node.args:
            value = self.value(arg)
            if not isinstance(value, Fraction):
                self.largest = max(self.largest, abs(value))
            total = _plus(total, value)
        return total

    def multiplied(self, node: Node) -> Value:
        total: Value = Fraction(1)
        for arg in node.args:
            total = _times(total, self.value(arg))
        return total

    def divided(self, node: Node) -> Value:
        top, bottom = (self.value(arg) for arg in node.args)
        if bottom == 0:
            raise NoValue
        if isinstance(top, Fraction) and isinstance(bottom, Fraction):
            return top / bottom
        return real(top) / real(bottom)

    def raised(self, node: Node) -> Value:
        base, exponent = (self.value(arg) for arg in node.args)
        return self.power(base, exponent)

    def power(self, base: Value, exponent: Value) -> Value:
        if isinstance(exponent, Fraction):
            if exponent.denominator == 1:
                return _whole_power(base, exponent.numerator)
            if exponent.denominator % 2 == 1 and not isinstance(base, mpc) and base < 0:
                self.left_domain = True  # two conventions: the real root and the principal one
                sign = -1 if exponent.numerator % 2 else 1
                return sign * self.power(-base, exponent)
        if base == 0:
            if real(exponent).real <= 0:
                raise NoValue
            return Fraction(0)
        left, right = real(base), real(exponent)
        if not isinstance(left, mpc) and left < 0:
            self.left_domain = True
        _bound(abs(mpmath.log(abs(left))) * abs(right))
        return left**right

    def rooted(self, node: Node) -> Value:
        radicand, degree = (self.value(arg) for arg in node.args)
        if not isinstance(degree, Fraction) or degree.denominator != 1:
            return self.power(radicand, _times(Fraction(1), 1 / real(degree)))
        n = degree.numerator
        if not 1 < abs(n) <= 100_000:
            raise NoValue
        if isinstance(radicand, Fraction) and (exact := _exact_root(radicand, n)) is not None:
            return exact
        value = real(radicand)
        if not isinstance(value, mpc) and value < 0:
            if n % 2:
                return -mpmath.root(-value, n)
            self.left_domain = True
        return mpmath.root(value, n)

    def of_degrees(self, node: Node) -> Value:
        value = self.value(node.args[0])
        return _times(value, mpmath.pi / 180) if self.radians else value

    def of_hundred(self, node: Node) -> Value:
        return _times(self.value(node.args[0]), Fraction(1, 100))

    def factorial(self, node: Node) -> Value:
        value = self.value(node.args[0])
        if not isinstance(value, Fraction) or value.denominator != 1:
            if node.text == "!!":
                return smooth("!!", [real(value)])
            if abs(value) > MOST_FACTORIAL:
                raise TooLarge
            return mpmath.gamma(real(value) + 1)
        if value < 0:
            raise NoValue
        if value > MOST_FACTORIAL:
            raise TooLarge
        n = value.numerator
        return Fraction(math.prod(range(n, 0, -2)) if node.text == "!!" else math.factorial(n))

    def chosen(self, node: Node) -> Value:
        top, bottom = (self.value(arg) for arg in node.args)
        if not isinstance(bottom, Fraction) or bottom.denominator != 1:
            if isinstance(top, Fraction) and isinstance(bottom, Fraction) and (top - bottom).denominator == 1:
                bottom = top - bottom
            else:
                return mpmath.binomial(real(top), real(bottom))
        if bottom < 0:
            return Fraction(0)
        if isinstance(top, Fraction) and top.denominator == 1 and 0 <= top <= 20_000:
            return Fraction(math.comb(top.numerator, bottom.numerator))
        if bottom > _LONGEST_BINOMIAL or (isinstance(top, Fraction) and abs(top) > 10**6):
            raise TooLarge
        result: Value = Fraction(1)
        for k in range(bottom.numerator):
            result = _times(_times(result, _plus(top, Fraction(-k))), Fraction(1, k + 1))
        return result

    # --- functions

    def applied(self, node: Node) -> Value:
        known = FUNCTIONS.get(node.text)
        if known is None:
            radians, self.radians = self.radians, True
            args = [self.value(arg) for arg in node.args]
            self.radians = radians
            if node.text == "log":
                return self.logarithm(args)
            if node.text in EXACT:
                return EXACT[node.text](args)
            return smooth(node.text, [real(arg) for arg in args])
        if len(node.args) != 1:
            raise NoValue
        radians, self.radians = self.radians, True
        value = real(self.value(node.args[0]))
        self.radians = radians
        if node.text in PERIODIC and abs(value) > FARTHEST:
            raise TooLarge
        if node.text in PERIODIC:  # its nought at a multiple of pi is a rounding error
            self.largest = max(self.largest, mpf(1), abs(value))
        if node.text in EXPONENTIAL:
            _bound(abs(value) * 2)
        if node.text in REAL_ONLY_BETWEEN and not isinstance(value, mpc):
            low, high = REAL_ONLY_BETWEEN[node.text]
            self.left_domain = self.left_domain or not low <= value <= high
        return known(value)

    def logarithm(self, args: list[Value]) -> Value:
        """A logarithm to a base, to base ten where none is given."""
        base = args[1] if len(args) > 1 else Fraction(10)
        value = args[0]
        if isinstance(value, Fraction) and isinstance(base, Fraction) and value > 0 and base > 1:
            exact = round(math.log(value.numerator) - math.log(value.denominator)) if value else 0
            for guess in {round(exact / math.log(base))}:
                if abs(guess) < 2_000 and base**guess == value:
                    return Fraction(guess)
        number, to = real(value), real(base)
        if number == 0 or to == 0:
            raise NoValue
        for part in (number, to):
            self.left_domain = self.left_domain or (not isinstance(part, mpc) and part < 0)
        return mpmath.log(number) / mpmath.log(to)

    # --- sums and products

    def summed(self, node: Node) -> Value:
        """A finite sum or product."""
        name, _, variable = node.text.partition(":")
        if name not in ("sum", "prod") or len(node.args) != 3 or not variable:
            raise NoValue
        low, high = self.value(node.args[1]), self.value(node.args[2])
        if not (isinstance(low, Fraction) and isinstance(high, Fraction)):
            raise NoValue
        if low.denominator != 1 or high.denominator != 1:
            raise NoValue
        if high - low > MOST_TERMS:
            raise TooLarge
        if high < low - 1 and not self.bound and (symbols(node.args[1]) or symbols(node.args[2])):
            raise NoValue  # a sum that runs backwards is empty to some, and to others takes away what it runs over
        before = self.bound.get(variable)
        total: Value = Fraction(0) if name == "sum" else Fraction(1)
        for k in range(low.numerator, high.numerator + 1):
            self.bound[variable] = Fraction(k)
            value = self.value(node.args[0])
            total = _plus(total, value) if name == "sum" else _times(total, value)
        if before is None:
            self.bound.pop(variable, None)
        else:
            self.bound[variable] = before
        return total

    def in_base(self, node: Node) -> Value:
        whole, _, after = node.text.partition(".")
        base = int(node.number)
        return Fraction(int((whole + after) or "0", base), base ** len(after))


def _bound(bits: mpf | float) -> None:
    if bits > MOST_BITS:
        raise TooLarge


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _plus(left: Value, right: Value) -> Value:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left + right
    return real(left) + real(right)


def _times(left: Value, right: Value) -> Value:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        _bound(_bits(left) + _bits(right))
        return left * right
    return real(left) * real(right)


def _whole_power(base: Value, exponent: int) -> Value:
    if base == 0 and exponent <= 0:
        if exponent == 0:
            return Fraction(1)
        raise NoValue
    if abs(exponent).bit_length() > 40:
        if base in (1, -1, 0):
            return _whole_power(base, exponent % 2 + 2)
        raise TooLarge
    if isinstance(base, Fraction):
        _bound((_bits(base) if base.denominator > 1 or abs(base) > 1 else 1) * abs(exponent))
        return base**exponent
    size = abs(base)
    _bound(abs(mpmath.log(size)) * abs(exponent))
    return base**exponent


def _exact_root(value: Fraction, n: int) -> Fraction | None:
    """The n-th root of a fraction where it is a fraction."""
    if n < 0 or (value < 0 and n % 2 == 0):
        return None
    sign = -1 if value < 0 else 1
    parts = []
    for part in (abs(value.numerator), value.denominator):
        root = math.isqrt(part) if n == 2 else round(part ** (1 / n)) if part.bit_length() < 900 else -1
        if root < 0 or root**n != part:
            return None
        parts.append(root)
    return Fraction(sign * parts[0], parts[1])


_HANDLERS: Final[Mapping[str, Callable[[Place, Node], Value]]] = {
    "num": Place.number, "sym": Place.symbol, "const": Place.constant, "neg": Place.negative, "add": Place.added,
    "mul": Place.multiplied, "div": Place.divided, "pow": Place.raised, "root": Place.rooted, "call": Place.applied,
    "fact": Place.factorial, "binom": Place.chosen, "degree": Place.of_degrees, "percent": Place.of_hundred,
    "big": Place.summed, "numeral": Place.in_base,
}  # fmt: skip

__all__ = ["NoValue", "Place", "TooLarge", "Value", "real"]
