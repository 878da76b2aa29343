"""What a call could tell a program of the answers to calls that it is sent with.

A program may read all the calls that it has been sent before it answers the first. So calls go together only where the
arguments of the later ones hold nothing of what is expected of the earlier ones: no scalar of it, and, since a number
may stand in a text and a text in an expression that is evaluated in the program, no word of it and no part of a text.
What can be *worked out* from later arguments is not covered, nor could it be by any rule of sending but one call at a
time: even the order of tests tells something.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d]\w*")
_LONGEST_TEXT: Final = 2_000
"""Characters of a text that are looked through; a longer one counts as telling everything."""
_APART: Final = "\0"
_MOST_TEXTS: Final = 200
"""Texts that are looked for in one another."""


class Traces:
    """Scalars of values as texts, the words in them, and the texts themselves."""

    def __init__(self, *values: object) -> None:
        self.words: set[str] = set()
        self.texts: list[str] = []
        self.unread = False
        """Whether there is too much to be looked through."""
        for value in values:
            self._collect(value)

    def add(self, other: Traces) -> None:
        """Take in what `other` has."""
        self.words |= other.words
        self.texts += other.texts
        self.unread = self.unread or other.unread or len(self.texts) > _MOST_TEXTS

    def tells_of(self, expected: Traces) -> bool:
        """Whether these hold anything of `expected`."""
        if not self.words.isdisjoint(expected.words):
            return True
        if not expected.texts or not self.texts:
            return False
        if self.unread or expected.unread or len(self.texts) > _MOST_TEXTS:
            return True
        return _holds(self.texts, expected.texts) or _holds(expected.texts, self.texts)

    def _collect(self, value: object) -> None:
        kind = type(value)
        if kind is int:
            self.words.add(_digits(value))  # type: ignore[arg-type]
        elif kind is str:
            self._text(value)  # type: ignore[arg-type]
        elif kind in (list, tuple, set, frozenset):
            if set(map(type, value)) == {int}:  # type: ignore[call-overload]
                self.words.update(map(_digits, value))  # type: ignore[call-overload]
                return
            for item in value:  # type: ignore[attr-defined]
                self._collect(item)
        elif kind is dict:
            for name, item in value.items():  # type: ignore[attr-defined]
                self._collect(name)
                self._collect(item)
        elif kind is float:
            self.words.add(repr(value))
            if abs(value) < 1e15 and value == int(value):  # type: ignore[arg-type, call-overload]
                self.words.add(str(int(value)))  # type: ignore[call-overload]
        elif kind is bool:
            self.words |= {repr(value), str(int(value))}  # type: ignore[call-overload]
        elif value is not None:
            self._text(repr(value))

    def _text(self, text: str) -> None:
        self.words.add(text)
        self.texts.append(text[:_LONGEST_TEXT])
        if len(text) > _LONGEST_TEXT:
            self.unread = True
        self.words.update(_WORD.findall(text[:_LONGEST_TEXT]))


def _digits(value: int) -> str:
    return str(value) if value.bit_length() < 4_000 else hex(value)


def _holds(texts: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether one of `parts` is a part of one of `texts`; a single letter is part of nearly every text."""
    whole = _APART.join(texts)
    return any(len(part) > 1 and part in whole for part in parts)
