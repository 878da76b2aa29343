"""Getting answers: of calls made one at a time from a live program or all at once beforehand, and transcripts.

An `Ask` makes one call and gives the sandbox's answer. `Asker` turns answers into values for a test's expression, and
everything that is no value into an exception.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from pidistill.sandbox import Answer, Kind, Program
from pidistill_code.judging.room import CandidateRaisedError, Transcript
from pidistill_code.suites.expressions import CandidateCall
from pidistill_code.suites.suite import as_call
from pidistill_code.suites.values import (
    SCALARS,
    has_own_text,
    holds_own,
    identical,
    is_changeable,
    is_readable,
    normalise,
    shown,
)

Ask: TypeAlias = Callable[[CandidateCall], Answer]
"""Makes a call of the candidate's function."""


class EndedError(Exception):
    """The program is gone; `kind` says how."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind = kind


class DivergedError(Exception):
    """Values are not enough: the test code has to run beside the program."""


class SharedError(DivergedError):
    """The test comes through on values, but two of them may be one object, which the last call has changed."""


def ask_program(program: Program, entry_point: str) -> Ask:
    """Asks a live program."""

    def ask(call: CandidateCall) -> Answer:
        made = as_call(entry_point, call)
        return program.call(made.function, made.args, made.kwargs)

    return ask


class Asker:
    """Gets the answers of one test's calls, and keeps the last one."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._value: object = None
        self._asked = False
        self.changeable = 0
        """Answers so far that a later call could change, as one list that is returned each time."""
        self.own = False
        """Whether one of them is of a class of the program's, which may have operators of its own."""
        self.own_text = False
        """Whether the text of one of them may be another than that of what counts as its content."""
        self.readable = True
        """Whether all answers so far were values, so that what follows from them can be worked out here."""

    def __call__(self, call: CandidateCall) -> object:
        answer = self._ask(call)
        if answer.kind is Kind.VALUE:
            self._value, self._asked = normalise(answer.value), True
            if type(self._value) not in SCALARS:
                self.readable = self.readable and is_readable(self._value)
                self.changeable += is_changeable(self._value)
            if type(answer.value) not in SCALARS:
                self.own = self.own or holds_own(answer.value)
                self.own_text = self.own_text or has_own_text(answer.value)
            return self._value
        if answer.kind is Kind.RAISED and answer.raised is not None:
            raise CandidateRaisedError(answer.raised)
        raise EndedError(answer.kind)

    @property
    def got(self) -> str:
        """The last answer, for a person."""
        return f"got {shown(self._value)}" if self._asked else ""


_LOOKS_AT_TEXT = re.compile(
    r"\b(?:str|repr|ascii|p?format|p?print|dumps|write)\b|\b[fF][rR]?['\"]|\b[rR][fF]['\"]|['\"][ \t]*%"
    r"|%[-#0 +]*\d*[sra]"
)


def looks_at_text(test: str) -> bool:
    """Whether what a test says of a value may depend on how Python writes it."""
    return _LOOKS_AT_TEXT.search(test) is not None


def as_recorded(transcript: Transcript, ask: Ask, test: str) -> bool:
    """Whether every answer is the recorded one, also where the code `test` looks at how it is written.

    Raises `EndedError` where the program is gone before one differs, and `DivergedError` where its class may write it
    otherwise.
    """
    asker = Asker(ask)
    try:
        same = all(identical(asker(call), answer) for call, answer in transcript)
    except CandidateRaisedError:
        return False
    if same and asker.own_text and looks_at_text(test):
        raise DivergedError
    return same
