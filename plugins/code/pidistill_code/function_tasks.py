"""The tasks of `functions`: English, Python and meaning of each, made from the same parts.

A part is a few words, the Python expression that they mean, and the function that works it out here, so that expected
answers need no generated code to be run. Every level draws its parts anew; constants make the space large enough for
thousands of different tasks a level.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

LEVELS: Final = (1, 2, 3, 4, 5)
Input: TypeAlias = "int | list[int]"


@dataclass(frozen=True)
class Part:
    """Words, an expression in `x`, and what it gives."""

    text: str
    code: str
    run: Callable[[int], int]
    edges: tuple[int, ...] = ()
    """Inputs near which it changes its mind."""


@dataclass(frozen=True)
class Task:
    """One function to be written."""

    level: int
    parameter: str
    """`x`, a whole number, or `xs`, a list of them."""
    text: str
    """The docstring's sentence."""
    code: tuple[str, ...]
    """Lines of the reference body, unindented."""
    run: Callable[[Input], Input]
    edges: tuple[int, ...]

    def draw_input(self, rng: random.Random) -> Input:
        """A random input; numbers lie often where the task's conditions change."""
        if self.parameter == "x":
            return self._number(rng)
        return [self._number(rng) for _ in range(rng.randint(1, 6))]

    def _number(self, rng: random.Random) -> int:
        if self.edges and rng.random() < 0.4:
            return rng.choice(self.edges)
        return rng.randint(-20, 60)


def draw(level: int, rng: random.Random) -> Task:
    """A random task of `level`."""
    return _DRAW[level](rng)


# --- Parts -----------------------------------------------------------------------------------------------------------


def _value(rng: random.Random) -> Part:
    """Something made of x."""
    kind, c = rng.randrange(6), rng.randint(2, 30)
    if kind == 0:
        return Part(f"x plus {c}", f"x + {c}", lambda x: x + c)
    if kind == 1:
        return Part(f"x minus {c}", f"x - {c}", lambda x: x - c)
    if kind == 2:
        return Part(f"{c} times x", f"{c} * x", lambda x: c * x)
    if kind == 3:
        return Part(f"{c} minus x", f"{c} - x", lambda x: c - x)
    if kind == 4:
        return Part(f"x modulo {c}", f"x % {c}", lambda x: x % c)
    return Part(f"x squared plus {c}", f"x * x + {c}", lambda x: x * x + c)


def _condition(rng: random.Random) -> Part:
    """Something x is or is not: 0 or 1."""
    kind, c, d = rng.randrange(6), rng.randint(1, 40), rng.randint(3, 9)
    if kind == 0:
        return Part("even", "x % 2 == 0", lambda x: x % 2 == 0, (-3, -2, 0, 1))
    if kind == 1:
        return Part("odd", "x % 2 == 1", lambda x: x % 2 == 1, (-3, -2, 0, 1))
    if kind == 2:
        return Part(f"greater than {c}", f"x > {c}", lambda x: x > c, (c - 1, c, c + 1))
    if kind == 3:
        return Part(f"less than {c}", f"x < {c}", lambda x: x < c, (c - 1, c, c + 1))
    if kind == 4:
        return Part(f"divisible by {d}", f"x % {d} == 0", lambda x: x % d == 0, (-d, 0, d, d + 1, 2 * d))
    return Part(f"at most {c}", f"x <= {c}", lambda x: x <= c, (c - 1, c, c + 1))


# --- Levels ----------------------------------------------------------------------------------------------------------


def _number(value: Input) -> int:
    assert isinstance(value, int)
    return value


def _numbers(value: Input) -> list[int]:
    assert isinstance(value, list)
    return value


def _formula(rng: random.Random) -> Task:
    a, b = rng.randint(2, 12), rng.randint(1, 99)
    kind = rng.randrange(4)
    run: Callable[[int], int]
    text, code, run = (
        (f"Return {a} times x plus {b}.", f"{a} * x + {b}", lambda x: a * x + b),
        (f"Return {a} times x minus {b}.", f"{a} * x - {b}", lambda x: a * x - b),
        (f"Add {b} to x and return {a} times the result.", f"{a} * (x + {b})", lambda x: a * (x + b)),
        (f"Subtract {b} from x and return {a} times the result.", f"{a} * (x - {b})", lambda x: a * (x - b)),
    )[kind]
    return Task(1, "x", text, (f"return {code}",), lambda value: run(_number(value)), ())


def _cases(rng: random.Random) -> Task:
    test, yes, no = _condition(rng), _value(rng), _value(rng)
    while no.code == yes.code:
        no = _value(rng)
    code = (f"if {test.code}:", f"    return {yes.code}", f"return {no.code}")
    text = f"If x is {test.text}, return {yes.text}, otherwise {no.text}."

    def run(value: Input) -> Input:
        x = _number(value)
        return yes.run(x) if test.run(x) else no.run(x)

    return Task(2, "x", text, code, run, test.edges)


def _listing(rng: random.Random) -> Task:
    test, value = _condition(rng), _value(rng)
    text = f"Return the list of {value.text} for each x in xs that is {test.text}."
    code = (f"return [{value.code} for x in xs if {test.code}]",)
    return Task(3, "xs", text, code, lambda xs: [value.run(x) for x in _numbers(xs) if test.run(x)], test.edges)


def _reduction(rng: random.Random) -> Task:
    test, value = _condition(rng), _value(rng)
    kind = rng.randrange(3)
    fold: Callable[[list[int]], int]
    inner = f"{value.code} for x in xs if {test.code}"
    text, code, fold = (
        (f"Return the sum of {value.text} for each x in xs that is {test.text}.", f"return sum({inner})", sum),
        (
            f"Return the largest of {value.text} for each x in xs that is {test.text}, or 0 if there is none.",
            f"return max(({inner}), default=0)",
            lambda values: max(values, default=0),
        ),
        (
            f"Return the smallest of {value.text} for each x in xs that is {test.text}, or 0 if there is none.",
            f"return min(({inner}), default=0)",
            lambda values: min(values, default=0),
        ),
    )[kind]
    return Task(
        4, "xs", text, (code,), lambda xs: fold([value.run(x) for x in _numbers(xs) if test.run(x)]), test.edges
    )


def _loop(rng: random.Random) -> Task:
    start, test, yes, no = rng.randint(0, 20), _condition(rng), _value(rng), _value(rng)
    text = (
        f"Start with {start}. For each x in xs, add {yes.text} if x is {test.text}, otherwise subtract {no.text}. "
        "Return the total."
    )
    code = (
        f"total = {start}",
        "for x in xs:",
        f"    if {test.code}:",
        f"        total += {yes.code}",
        "    else:",
        f"        total -= {no.code}",
        "return total",
    )

    def run(value: Input) -> Input:
        return start + sum(yes.run(x) if test.run(x) else -no.run(x) for x in _numbers(value))

    return Task(5, "xs", text, code, run, test.edges)


_DRAW: Final = {1: _formula, 2: _cases, 3: _listing, 4: _reduction, 5: _loop}
