"""Test code beside a live program: in the room, with stand-ins for the candidate's objects, passing messages between.

Two programs talk: the test code in the room, and the candidate's in its own sandbox. Neither can reach the other but
through what passes here, and nothing of it is looked at here: a message is plain data, which the room's side reads with
care (`inside`). What decides is only what the room says of each test, and whether the program is still there.

This is the slow way, several milliseconds and a third of one more for each use of an object. It is taken where a
test is about more than plain values: objects, exceptions, functions as arguments, a second name that the program has to
define, or calls that nobody can know beforehand.
"""

from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple, cast
from weakref import WeakKeyDictionary

from pidistill.authoring.clock import off_the_clock
from pidistill.errors import SandboxError
from pidistill.sandbox import Answer, Call, Kind, Limits, Plain, Program, Session
from pidistill_code.suites.spec import Spec, Use

_SHARED: Final = ("contents", "known", "graph", "steps", "methods", "names", "standins", "guard", "library", "errors",
                  "data", "exceptions", "objects", "remote", "effects")  # fmt: skip
_SERVED: Final = (*_SHARED, "turns", "served")
_ROOM: Final = (*_SHARED, "shapes", "catching", "failures", "changes", "holding", "beliefs", "states", "copies", "kept",
                "settings", "modules", "witness", "fixtures", "checks", "runner")  # fmt: skip
_PATH: Final = "pidistill_code.inside."
_IMPORTS: Final = ("contextlib", "dataclasses", "inspect", "tempfile", "unittest")
"""What test code imports most, loaded once a room."""
_SLOW_IMPORTS: Final = ("unittest.mock", "asyncio")
"""What it takes longest to load, once tests speak of it."""
_COMPILE: Final = """
import binascii, marshal
def compiled(modules):
    codes = [marshal.dumps(compile(text, name, "exec", dont_inherit=True)) for name, text in modules]
    return [(name, binascii.b2a_base64(code).decode()) for (name, _), code in zip(modules, codes)]
"""
_LOAD: Final = """
import binascii as _binascii, marshal as _marshal, sys as _sys, types as _types
def _load(modules):
    for name, code in modules:
        module = _sys.modules[name] = _types.ModuleType(name)
        module.__path__ = []
        exec(_marshal.loads(_binascii.a2b_base64(code)), module.__dict__)
    return module.__dict__
"""
_MOST_MESSAGES: Final = 30_000
"""Of one program, either way. Each is quick, but costs more time here than there, where the limits count it."""
SERVE: Final = "_pidistill_serve"
"""Name of what answers messages in the candidate's program."""

_COMPILED: WeakKeyDictionary[Session, dict[tuple[str, ...], list[tuple[str, str]]]] = WeakKeyDictionary()
_LOADED: WeakKeyDictionary[Session, set[tuple[str, ...]]] = WeakKeyDictionary()
"""What each session has loaded for all of its programs."""


def _modules(session: Session, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Modules of `inside`, each with its code as the Python of `session` has compiled it, once: that takes ten times as
    long as what a usual test does. Raises `SandboxError`. No program may be open in `session`."""
    known = _COMPILED.setdefault(session, {})
    if names not in known:
        with off_the_clock():
            outcome = session.run(_COMPILE, [Call("compiled", (_texts(names),))])
        if not outcome.answers or not outcome.answers[0].ok:
            raise SandboxError(
                f"The sandbox cannot compile what tests need: {outcome.end or outcome.answers or 'no answer'}.",
                "Look at: pidistill doctor",
            )
        known[names] = cast("list[tuple[str, str]]", outcome.answers[0].value)
    return known[names]


@cache
def _texts(names: tuple[str, ...]) -> list[Plain]:
    folder = files("pidistill_code").joinpath("inside")
    texts: list[Plain] = [(f"{_PATH}{name}", folder.joinpath(f"{name}.py").read_text("utf-8")) for name in names]
    return [("pidistill_code", ""), ("pidistill_code.inside", ""), *texts]


def _preloads(session: Session, names: tuple[str, ...], imports: tuple[str, ...] = ()) -> bool:
    """Whether the programs of `session` find the modules there when they begin: a usual test costs half of it then."""
    loaded = _LOADED.setdefault(session, set())
    if names not in loaded:
        modules = [(name, base64.b64decode(code)) for name, code in _modules(session, names)]
        if not session.preload(modules, imports):
            return False
        loaded.add(names)
    return True


def served_text(session: Session) -> str:
    """What a program needs to be served in `session`: it comes after the candidate's text, on one line."""
    if _preloads(session, _SERVED):
        return f"\n{SERVE} = __import__('sys').modules[{_PATH + _SERVED[-1]!r}].serve_program(globals())\n"
    space = "{'__name__': 'pidistill_code'}"
    served = f"s['_load']({_modules(session, _SERVED)!r})['serve_program'](globals())"
    return f"\n{SERVE} = (lambda s: (exec({_LOAD!r}, s), {served})[1])({space})\n"


def _room_text(room: Session, tests: str) -> str:
    if _preloads(room, _ROOM, _IMPORTS):
        for name in _SLOW_IMPORTS:
            if name.rpartition(".")[2] in tests:
                room.preload([], (name,))
        return f"import sys\nrun = sys.modules[{_PATH + _ROOM[-1]!r}].begin()\n"
    return f"{_LOAD}\nrun = _load({_modules(room, _ROOM)!r})['begin']()\n"


class Said(NamedTuple):
    """What came of a test beside a program."""

    why: str
    """'' where it came through, else what it said."""
    end: Kind | None = None
    """How the candidate's program ended, if it did."""
    uses: tuple[Use, ...] = ()
    """Of the reference: as `Spec.uses`."""
    changed: bool = False
    """Whether the program has changed objects of the tests that the reference leaves as they are."""


class Tests:
    """The room's side, for one program. Used as a context manager."""

    def __init__(self, room: Session, limits: Limits, candidate: Program, text: str) -> None:
        """`text`: of the tests, to be looked through for what they import."""
        self._candidate = candidate
        self._messages = 0
        self._program = room.start(_room_text(room, text), limits)

    def __enter__(self) -> Tests:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.close()

    def run(self, spec: Spec) -> Said:
        """Run a test."""
        answer = self._program.call("run", tuple(list(part) if isinstance(part, tuple) else part for part in spec))
        while True:
            match answer.value:
                case ("done", str(why), list(uses), bool(changed)):
                    return Said(why, None, tuple(cast("list[Use]", uses)), changed)
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
