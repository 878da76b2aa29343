"""A position among tokens: what every part of the grammar stands on, and what the parts ask of each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final, NoReturn

from pidistill_math.reading.lexer import Token
from pidistill_math.reading.syntax import Node, Unreadable

DEEPEST: Final = 40
"""Nested brackets, roots and exponents."""


class Cursor(ABC):
    """Tokens, a position, and how deep in brackets and bars it is."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.bars = 0
        self.signs = 0

    @abstractmethod
    def sum(self) -> Node:
        """Terms joined by signs."""

    @abstractmethod
    def term(self) -> Node:
        """Factors side by side or joined by product and division signs."""

    @abstractmethod
    def factor(self) -> Node:
        """A base with what stands behind it."""

    @abstractmethod
    def negated(self) -> Node:
        """A factor that may have a minus sign."""

    @abstractmethod
    def base(self) -> Node:
        """A numeral, a letter, a function or something in brackets."""

    @abstractmethod
    def command(self, name: str) -> Node:
        """What a command, which was taken, begins."""

    @abstractmethod
    def listing(self) -> Node:
        """Items and the separators between them, or one item."""

    @abstractmethod
    def items(self, closing: str) -> list[Node]:
        """The items between brackets, up to a closing sign, which is left."""

    def peek(self, ahead: int = 0) -> str:
        """The sign or command that comes; '' at the end, and for letters, numerals and words."""
        at = self.at + ahead
        return self.tokens[at].text if at < len(self.tokens) and self.tokens[at].kind in ("op", "cmd") else ""

    def token(self, ahead: int = 0) -> Token | None:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else None

    def take(self, *expected: str) -> Token:
        token = self.token()
        if token is None:
            raise Unreadable("an end where something should follow")
        if expected and (token.text not in expected or token.kind not in ("op", "cmd")):
            raise Unreadable(f"{str(token)!r} where {expected[0]!r} should stand")
        self.at += 1
        return token

    def skip(self, *texts: str) -> bool:
        if self.peek() in texts and self.peek():
            self.at += 1
            return True
        return False

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable(f"brackets nested deeper than {DEEPEST}")

    def refuse(self, what: str) -> NoReturn:
        """Raise `Unreadable`."""
        raise Unreadable(what)

    def items_between(self, closing: str) -> list[Node]:
        """The items up to a closing sign, which is taken; bars outside do not count inside."""
        bars, self.bars = self.bars, 0
        items = self.items(closing)
        self.take(closing)
        self.bars = bars
        return items
