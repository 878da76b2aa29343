"""Integer expressions and the lines of working that reduce them to a number.

The generated problems (`arithmetic.py`) and the text that the embedded model learns from are both made of these: an
expression knows its value and its own spelling, `parse` reads that spelling back, and `work` writes the working, one
operation a line. Who skips lines or makes slips is the caller's decision, passed in as two functions, so a reference
solution and a careless author's attempt come out of the same code. Which expressions are worth asking is
`arithmetic.py`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

Symbol: TypeAlias = Literal["+", "-", "*", "/"]
_BINDS: dict[Symbol, int] = {"+": 1, "-": 1, "*": 2, "/": 2}
_TOKEN = re.compile(r"\s*(\d+|[-+*/()])")


@dataclass(frozen=True)
class Number:
    """A literal, zero or positive."""

    value: int

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Operation:
    """Two expressions and what to do with them. `/` is exact division."""

    symbol: Symbol
    left: Expression
    right: Expression

    def __str__(self) -> str:
        """The usual infix spelling, with no more parentheses than precedence from left to right demands."""
        left, right = str(self.left), str(self.right)
        if isinstance(self.left, Operation) and _BINDS[self.left.symbol] < _BINDS[self.symbol]:
            left = f"({left})"
        if isinstance(self.right, Operation) and _BINDS[self.right.symbol] <= _BINDS[self.symbol]:
            right = f"({right})"
        return f"{left} {self.symbol} {right}"


Expression: TypeAlias = Number | Operation


class NotExact(ArithmeticError):
    """A division leaves a remainder or divides by zero."""


def parse(text: str) -> Expression:
    """The expression that `text` spells. Raises `ValueError` where it is not one."""
    tokens: list[str] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"Not an expression: {text!r} (column {at + 1})")
        tokens.append(match[1])
        at = match.end()
    tokens.reverse()  # a stack: the next token is the last one

    def atom() -> Expression:
        token = tokens.pop() if tokens else ""
        if token == "(":
            inner = binary(1)
            if not tokens or tokens.pop() != ")":
                raise ValueError(f"Not an expression: {text!r} (a parenthesis is not closed)")
            return inner
        if not token.isdigit():
            raise ValueError(f"Not an expression: {text!r} (a number is missing)")
        return Number(int(token))

    def binary(level: int) -> Expression:
        left = atom() if level > 2 else binary(level + 1)
        while tokens and level <= 2 and _BINDS.get(cast(Symbol, tokens[-1])) == level:
            symbol = cast(Symbol, tokens.pop())
            left = Operation(symbol, left, atom() if level == 2 else binary(level + 1))
        return left

    expression = binary(1)
    if tokens:
        raise ValueError(f"Not an expression: {text!r} (unexpected {tokens[-1]!r})")
    return expression


def apply(symbol: Symbol, left: int, right: int) -> int:
    """The result of one operation. Raises `NotExact` for a division that is not exact."""
    if symbol == "+":
        return left + right
    if symbol == "-":
        return left - right
    if symbol == "*":
        return left * right
    if right == 0 or left % right:
        raise NotExact(f"{left} / {right}")
    return left // right


def values(expression: Expression) -> list[int]:
    """The value of every operation in `expression`, in the order of the working; the last is its own.

    Raises `NotExact` where a division is not exact. A bare number has just its own value.
    """
    if isinstance(expression, Number):
        return [expression.value]
    left, right = values(expression.left), values(expression.right)
    inner = [*(left if operations(expression.left) else []), *(right if operations(expression.right) else [])]
    return [*inner, apply(expression.symbol, left[-1], right[-1])]


def operations(expression: Expression) -> list[Operation]:
    """All operations in `expression`, in the order of the working."""
    if isinstance(expression, Number):
        return []
    return [*operations(expression.left), *operations(expression.right), expression]


def expand_product(left: int, right: int) -> str | None:
    """How a product is done on paper: by place values. None where both factors have one non-zero digit.

    >>> expand_product(47, 6), expand_product(47, 36)
    ('40 * 6 + 7 * 6 = 240 + 42', '47 * 30 + 47 * 6 = 1410 + 282')
    """
    if left < 0 or right < 0:
        return None
    places_left, places_right = _place_values(left), _place_values(right)
    if len(places_left) > 1 and right < 10:
        pairs = [(place, right) for place in places_left]
    elif len(places_right) > 1:
        pairs = [(left, place) for place in places_right]
    else:
        return None
    return " + ".join(f"{a} * {b}" for a, b in pairs) + " = " + " + ".join(str(a * b) for a, b in pairs)


def _place_values(value: int) -> list[int]:
    """The non-zero place values, largest first: 407 -> [400, 7]."""
    digits = str(value)
    return [int(d) * 10 ** (len(digits) - i - 1) for i, d in enumerate(digits) if d != "0"]


def work(
    expression: Expression,
    skip: Callable[[Operation], bool] = lambda operation: False,
    slip: Callable[[int], int] = lambda result: result,
) -> tuple[list[str], int]:
    """Lines of working and the result they arrive at.

    Every operation, inner ones first, gets one line, a product by place values. Where `skip` says so, an operation with
    all that is inside it becomes a single line without working. `slip` turns the result of a line into what the author
    writes, and the lines below go on from that. Raises `NotExact` if a slip makes a division inexact.
    """
    lines: list[str] = []

    def reduce(node: Expression) -> int:
        if isinstance(node, Number):
            return node.value
        if skip(node):
            result = slip(values(node)[-1])
            lines.append(f"{node} = {result}")
            return result
        left, right = reduce(node.left), reduce(node.right)
        result = slip(apply(node.symbol, left, right))
        expanded = expand_product(left, right) if node.symbol == "*" else None
        lines.append(" = ".join(filter(None, (f"{left} {node.symbol} {right}", expanded, str(result)))))
        return result

    return lines, reduce(expression)
