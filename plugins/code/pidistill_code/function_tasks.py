"""The tasks of `functions`: English, Python and meaning of each, made from the same parts.

A part is a few words, the Python expression that they mean, and the function that works it out here, so that expected
answers need no generated code to be run. Every level draws its parts anew; constants make the space large enough for
thousands of different tasks a level. The parts of a task stay visible in it, for authors who write it otherwise than
the reference does.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

LEVELS: Final = (1, 2, 3, 4, 5)
Input: TypeAlias = "int | list[int]"
INPUTS: Final = range(-9, 31)
"""Numbers that a function is tried on, beside those at its edges."""


@dataclass(frozen=True)
class Part:
    """Words, an expression in `x`, and what it gives."""

    kind: str
    """Name of its shape, such as `plus`."""
    number: int
    """The constant in it."""
    text: str
    code: str
    run: Callable[[int], int]
    edges: tuple[int, ...] = ()
    """Inputs near which it changes its mind."""


@dataclass(frozen=True)
class Task:
    """One function to be written."""

    level: int
    kind: str
    """Name of the shape of the whole, such as `smallest`."""
    parameter: str
    """`x`, a whole number, or `xs`, a list of them."""
    text: str
    """The docstring's sentence."""
    code: tuple[str, ...]
    """Lines of the reference body, unindented: in small steps, one for each phrase of the sentence."""
    run: Callable[[Input], Input]
    values: tuple[Part, ...]
    """What is made of x, in the sentence's order."""
    test: Part | None = None
    """The condition, where there is one."""
    start: int = 0
    """Where a total begins."""

    @property
    def edges(self) -> tuple[int, ...]:
        """Numbers at which the function changes its mind."""
        return self.test.edges if self.test else ()

    def draw_input(self, rng: random.Random) -> Input:
        """A random input; numbers lie often where the task's condition changes."""
        if self.parameter == "x":
            return self._number(rng)
        return [self._number(rng) for _ in range(rng.randint(1, 4))]

    def _number(self, rng: random.Random) -> int:
        return rng.choice(self.edges) if self.edges and rng.random() < 0.3 else rng.choice(INPUTS)


def draw(level: int, rng: random.Random) -> Task:
    """A random task of `level`."""
    return _DRAW[level](rng)


# --- Parts -----------------------------------------------------------------------------------------------------------


def _value(rng: random.Random) -> Part:
    """Something made of x."""
    kind, c = rng.choice(("plus", "minus", "times", "from", "modulo")), rng.randint(2, 30)
    text, code, run = _values(c)[kind]
    return Part(kind, c, text, code, run)


def _values(c: int) -> Mapping[str, tuple[str, str, Callable[[int], int]]]:
    return {
        "plus": (f"x plus {c}", f"x + {c}", lambda x: x + c),
        "minus": (f"x minus {c}", f"x - {c}", lambda x: x - c),
        "times": (f"{c} times x", f"{c} * x", lambda x: c * x),
        "from": (f"{c} minus x", f"{c} - x", lambda x: c - x),
        "modulo": (f"x modulo {c}", f"x % {c}", lambda x: x % c),
    }


def _condition(rng: random.Random) -> Part:
    """Something x is or is not: 0 or 1."""
    kind = rng.choice(("even", "odd", "greater", "less", "most", "least", "divisible"))
    c = {"even": 2, "odd": 2, "divisible": rng.randint(3, 9)}.get(kind, rng.randint(1, 25))
    near, halves = (c - 1, c, c + 1), (-3, 0, 1)
    text, code, run, edges = {
        "even": ("even", "x % 2 == 0", lambda x: x % 2 == 0, halves),
        "odd": ("odd", "x % 2 == 1", lambda x: x % 2 == 1, halves),
        "greater": (f"greater than {c}", f"x > {c}", lambda x: x > c, near),
        "less": (f"less than {c}", f"x < {c}", lambda x: x < c, near),
        "most": (f"at most {c}", f"x <= {c}", lambda x: x <= c, near),
        "least": (f"at least {c}", f"x >= {c}", lambda x: x >= c, near),
        "divisible": (f"divisible by {c}", f"x % {c} == 0", lambda x: x % c == 0, (-c, 0, c + 1)),
    }[kind]
    return Part(kind, c, text, code, run, edges)


# --- Levels ----------------------------------------------------------------------------------------------------------


def _number(value: Input) -> int:
    assert isinstance(value, int)
    return value


def _numbers(value: Input) -> list[int]:
    assert isinstance(value, list)
    return value


def _formula(rng: random.Random) -> Task:
    """Two operations, one after the other; `values` holds the first and the second."""
    a, b = rng.randint(2, 12), rng.randint(1, 99)
    kind = rng.choice(("times-plus", "times-minus", "plus-times", "minus-times"))
    then = {
        "times-plus": (f"Return {a} times x plus {b}.", ("times", a), ("plus", b)),
        "times-minus": (f"Return {a} times x minus {b}.", ("times", a), ("minus", b)),
        "plus-times": (f"Add {b} to x and return {a} times the result.", ("plus", b), ("times", a)),
        "minus-times": (f"Subtract {b} from x and return {a} times the result.", ("minus", b), ("times", a)),
    }
    text, *steps = then[kind]
    first, second = (Part(shape, c, *_values(c)[shape]) for shape, c in steps)
    code = (f"y = {first.code}", f"return {second.code.replace('x', 'y')}")
    return Task(1, kind, "x", text, code, lambda x: second.run(first.run(_number(x))), (first, second))


def _cases(rng: random.Random) -> Task:
    test, yes, no = _condition(rng), _value(rng), _value(rng)
    while no.code == yes.code:
        no = _value(rng)
    code = (f"if {test.code}:", f"    return {yes.code}", f"return {no.code}")
    text = f"If x is {test.text}, return {yes.text}, otherwise {no.text}."

    def run(value: Input) -> Input:
        x = _number(value)
        return yes.run(x) if test.run(x) else no.run(x)

    return Task(2, "cases", "x", text, code, run, (yes, no), test)


def _listing(rng: random.Random) -> Task:
    test, value = _condition(rng), _value(rng)
    text = f"Return the list of {value.text} for each x in xs that is {test.text}."
    code = (*_collected(value, test), "return ys")
    return Task(3, "list", "xs", text, code, lambda xs: _chosen(xs, value, test), (value,), test)


def _reduction(rng: random.Random) -> Task:
    test, value = _condition(rng), _value(rng)
    kind = rng.choice(("sum", "largest", "smallest"))
    text = f"Return the {kind} of {value.text} for each x in xs that is {test.text}"
    text += "." if kind == "sum" else ", or 0 if there is none."
    last, fold = _FOLDS[kind]
    code = (*_collected(value, test), f"return {last}")
    return Task(4, kind, "xs", text, code, lambda xs: fold(_chosen(xs, value, test)), (value,), test)


def _collected(value: Part, test: Part) -> tuple[str, ...]:
    return ("ys = []", "for x in xs:", f"    if {test.code}:", f"        ys.append({value.code})")


def _chosen(xs: Input, value: Part, test: Part) -> list[int]:
    return [value.run(x) for x in _numbers(xs) if test.run(x)]


_FOLDS: Final[Mapping[str, tuple[str, Callable[[list[int]], int]]]] = {
    "sum": ("sum(ys)", sum),
    "largest": ("max(ys, default=0)", lambda ys: max(ys, default=0)),
    "smallest": ("min(ys, default=0)", lambda ys: min(ys, default=0)),
}


def _loop(rng: random.Random) -> Task:
    start, test, yes, no = rng.randint(1, 20), _condition(rng), _value(rng), _value(rng)
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

    return Task(5, "total", "xs", text, code, run, (yes, no), test, start)


_DRAW: Final = {1: _formula, 2: _cases, 3: _listing, 4: _reduction, 5: _loop}
