"""The functions that answers name, and the numbers they are computed in.

Exact where a fraction can be (greatest common divisors, floors), else in `mpmath`. A function of which nothing is known
is some fixed smooth function of its arguments, the same wherever its name stands.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final, TypeAlias

import mpmath
from mpmath import mpc, mpf

Value: TypeAlias = "Fraction | mpf | mpc"

MOST_BITS: Final = 60_000
"""Bits of the largest number computed."""
MOST_FACTORIAL: Final = 5_000
FARTHEST: Final = mpf(10) ** 40
"""Largest argument of a periodic function."""


class TooLarge(Exception):
    """A number too large to be computed within any budget."""


class NoValue(Exception):
    """There is no number there: a division by zero, a word, a set."""


def real(value: Value) -> mpf | mpc:
    """A value as an `mpmath` number of the working precision."""
    if isinstance(value, Fraction):
        return mpf(value.numerator) / value.denominator
    return value


def smooth(name: str, args: list[mpf | mpc]) -> mpf | mpc:
    """A fixed function of a name and its arguments, of which nothing is known but that equals give equals."""
    seed = zlib.crc32(name.encode())
    total = mpf(seed % 1009) / 1009
    for place, arg in enumerate(args, start=1):
        if abs(arg) > FARTHEST:
            raise TooLarge
        total += arg * (mpf(seed % (97 + 2 * place)) / 89 + place)
    return mpmath.sin(total) + 2 + total / 7


def _extreme(largest: bool) -> Callable[[list[Value]], Value]:
    def of(args: list[Value]) -> Value:
        if any(isinstance(arg, mpc) for arg in args):
            raise NoValue
        return max(args, key=real) if largest else min(args, key=real)

    return of


def _whole(args: list[Value]) -> list[int]:
    if not all(isinstance(arg, Fraction) and arg.denominator == 1 for arg in args):
        raise NoValue
    return [int(arg) for arg in args if isinstance(arg, Fraction)]


def _rounded(up: bool) -> Callable[[list[Value]], Value]:
    def of(args: list[Value]) -> Value:
        (value,) = args
        if isinstance(value, mpc):
            raise NoValue
        if isinstance(value, Fraction):
            return Fraction(math.ceil(value) if up else math.floor(value))
        if abs(value) > FARTHEST:
            raise TooLarge
        nearest = mpmath.nint(value)
        if abs(value - nearest) <= max(abs(value), 1) * mpf(10) ** (10 - mpmath.mp.dps):
            return Fraction(int(nearest))  # a whole number but for what was rounded off
        return Fraction(int(mpmath.ceil(value) if up else mpmath.floor(value)))

    return of


def _absolute(args: list[Value]) -> Value:
    (value,) = args
    return abs(value)


EXACT: Final[Mapping[str, Callable[[list[Value]], Value]]] = {
    "abs": _absolute, "max": _extreme(True), "min": _extreme(False), "floor": _rounded(False), "ceil": _rounded(True),
    "gcd": lambda args: Fraction(math.gcd(*_whole(args))), "lcm": lambda args: Fraction(math.lcm(*_whole(args))),
}  # fmt: skip


def _log(value: mpf | mpc) -> mpf | mpc:
    if value == 0:
        raise NoValue
    return mpmath.log(value)


def _gamma(value: mpf | mpc) -> mpf | mpc:
    if abs(value) > MOST_FACTORIAL:
        raise TooLarge
    return mpmath.gamma(value)


FUNCTIONS: Final[Mapping[str, Callable[[mpf | mpc], mpf | mpc]]] = {
    "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan, "cot": mpmath.cot, "sec": mpmath.sec, "csc": mpmath.csc,
    "sinh": mpmath.sinh, "cosh": mpmath.cosh, "tanh": mpmath.tanh, "coth": mpmath.coth, "sech": mpmath.sech,
    "csch": mpmath.csch, "arcsin": mpmath.asin, "arccos": mpmath.acos, "arctan": mpmath.atan, "arccot": mpmath.acot,
    "arcsec": mpmath.asec, "arccsc": mpmath.acsc, "arsinh": mpmath.asinh, "arcosh": mpmath.acosh,
    "artanh": mpmath.atanh, "ln": _log, "exp": mpmath.exp, "Re": mpmath.re, "Im": mpmath.im, "erf": mpmath.erf,
    "cis": lambda value: mpmath.cos(value) + mpc(0, 1) * mpmath.sin(value), "sgn": mpmath.sign, "gamma": _gamma,
    "arg": mpmath.arg, "Arg": mpmath.arg,
}  # fmt: skip
PERIODIC: Final = frozenset({"sin", "cos", "tan", "cot", "sec", "csc", "cis"})
EXPONENTIAL: Final = frozenset({"exp", "sinh", "cosh", "tanh", "coth", "sech", "csch"})
REAL_ONLY_BETWEEN: Final = {
    "ln": (0, mpmath.inf), "arcsin": (-1, 1), "arccos": (-1, 1), "arcosh": (1, mpmath.inf), "artanh": (-1, 1),
}  # fmt: skip
