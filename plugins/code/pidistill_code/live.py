"""Test code beside a live program: in the room, with stand-ins for the candidate's objects, passing messages between.

Two programs talk: the test code in the room, and the candidate's in its own sandbox. Neither can reach the other but
through what passes here, and nothing of it is looked at here: a message is plain data, which the room's side reads with
care (`inside`). What decides is only what the room says of each test, and whether the program is still there.

This is the slow way, about twenty milliseconds and a third of one more for each use of an object. It is taken where a
test is about more than plain values: objects, exceptions, functions as arguments, a second name that the program has to
define, or calls that nobody can know beforehand.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple, TypeAlias, cast

from pidistill.sandbox import Answer, Kind, Limits, Program, Session

_SHARED: Final = ("graph", "standins", "guard", "steps", "objects", "remote", "effects")
_ROOM: Final = (*_SHARED, "shapes", "beliefs", "checks", "runner")
_LOAD: Final = """
import sys as _sys, types as _types
def _load(modules):
    for name, text in modules:
        module = _sys.modules[name] = _types.ModuleType(name)
        module.__path__ = []
        exec(compile(text, name, "exec", dont_inherit=True), module.__dict__)
    return module.__dict__
"""
_MOST_MESSAGES: Final = 30_000
"""Of one program, either way. Each is quick, but costs more time here than there, where the limits count it."""
SERVE: Final = "_pidistill_serve"
"""Name of what answers messages in the candidate's program."""


Use: TypeAlias = tuple[str, str, int, int]
"""What an object of the program's did, as `inside.beliefs` tells it: the method, the instruction of the test, how many
times."""


class Spec(NamedTuple):
    """Test code as the room runs it."""

    preamble: str
    statements: str
    names: tuple[str, ...]
    """Those that it uses, and that the candidate may define."""
    uncalled: tuple[tuple[str, str], ...]
    """Test functions and classes that it defines and nothing calls, each with the name of the argument it wants."""
    classes: tuple[str, ...] = ()
    """Those of `names` that the task wants to be classes."""
    operators: tuple[str, ...] = ()
    """Special methods of these that the task is about, so that their word on data counts, and methods of plain data
    that it speaks of."""
    uses: tuple[Use, ...] | None = None
    """Where the reference's objects had a word on data; None where that is unknown."""
    trusted: bool = False
    """Whether the program is the reference."""
    modules: tuple[str, ...] = ()
    """Modules that stand for the candidate's program: the test imports the entry point from there."""


@cache
def _modules(*names: str) -> list[tuple[str, str]]:
    folder = files("pidistill_code").joinpath("inside")
    texts = [(f"pidistill_code.inside.{name}", folder.joinpath(f"{name}.py").read_text("utf-8")) for name in names]
    return [("pidistill_code", ""), ("pidistill_code.inside", ""), *texts]


@cache
def served_text() -> str:
    """What a program needs to be served: it comes after the candidate's text, on one line."""
    space = "{'__name__': 'pidistill_code'}"
    served = f"s['_load']({_modules(*_SHARED, 'turns', 'served')!r})['serve_program'](globals())"
    return f"\n{SERVE} = (lambda s: (exec({_LOAD!r}, s), {served})[1])({space})\n"


@cache
def _room_text() -> str:
    return f"{_LOAD}\nrun = _load({_modules(*_ROOM)!r})['begin']()\n"


class Said(NamedTuple):
    """What came of a test beside a program."""

    why: str
    """'' where it came through, else what it said."""
    end: Kind | None = None
    """How the candidate's program ended, if it did."""
    uses: tuple[Use, ...] = ()
    """Of the reference: as `Spec.uses`."""


class Tests:
    """The room's side, for one program. Used as a context manager."""

    def __init__(self, room: Session, limits: Limits, candidate: Program) -> None:
        self._candidate = candidate
        self._messages = 0
        self._program = room.start(_room_text(), limits)

    def __enter__(self) -> Tests:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.close()

    def run(self, spec: Spec) -> Said:
        """Run a test."""
        answer = self._program.call("run", tuple(list(part) if isinstance(part, tuple) else part for part in spec))
        while True:
            match answer.value:
                case ("done", str(why), list(uses)):
                    return Said(why, None, tuple(cast("list[Use]", uses)))
                case ("say", message):
                    self._messages += 1
                    if self._messages > _MOST_MESSAGES:
                        return Said("more messages than a test can be about", Kind.TIMEOUT)
                    said = self._candidate.call(SERVE, (message,))
                    if said.kind not in (Kind.VALUE, Kind.RAISED):
                        return Said("", said.kind)
                    if said.kind is Kind.RAISED:
                        return Said(f"the program broke off: {_name(said)}")
                    try:
                        answer = self._program.call("resume", (said.value,))
                    except TypeError:
                        return Said("the program forged a message")
                case _:
                    return Said(f"the test itself ended: {_name(answer)}")


def _name(answer: Answer) -> str:
    return answer.raised.type_name if answer.raised else str(answer.kind)
