"""The side of the tests: test code run as Python runs it, the candidate's names standing for objects elsewhere.

Each test has a module of its own, `__main__`, with the preamble's names in it and those of the candidate that it uses
and does not get elsewhere. Test functions that nothing calls are called, and `unittest` cases that nothing runs are
run, as a test runner would. Text is never evaluated in this process, where it could claim that a test has passed:
`eval` and `exec` send it to the candidate's.
"""

from __future__ import annotations

import pickle
import random
import re
import sys
import threading
import types
from typing import Any

from pidistill_code.inside.catching import watch_leaving, watch_suppress, watched
from pidistill_code.inside.checks import Raises, Runs, call_test, set_up, stand_in
from pidistill_code.inside.contents import SCALARS, BrokenError
from pidistill_code.inside.data import class_of, is_subclass, type_of
from pidistill_code.inside.errors import ErrorClass
from pidistill_code.inside.fixtures import Scope, is_fixture, skips
from pidistill_code.inside.modules import add_module
from pidistill_code.inside.names import own
from pidistill_code.inside.settings import Settings
from pidistill_code.inside.standins import RemoteClass, super_of
from pidistill_code.inside.witness import Witness

_DECORATED = (
    r"(?m)^[ \t]*@[ \t]*{name}\b[^\n]*\n(?:[ \t]*@[^\n]*\n)*[ \t]*class\b"
    r"|^[ \t]*[A-Z]\w*[ \t]*=[ \t]*{name}\b[^\n]*\([ \t]*[A-Z]\w*[ \t]*[,)]"
)
"""How tests decorate a class with what the program defines: above it, or `Loud = louder(Plain)`."""


class _Room(Settings):
    def __init__(self, exchange: Any) -> None:
        self.broken = ""
        self._turn = threading.RLock()
        """Test code may have threads; what they ask is asked in turn."""
        self.witness = Witness()
        self.seeding = False
        """Whether what seeds random numbers here does so there."""
        self._say = exchange
        super().__init__(self._tell, self.witness.give, self.witness.take)
        self.witness.allows, self.witness.unpack = self.allows, self.graph.unpack

    def broke(self, why: str) -> BrokenError:
        self.broken = self.broken or why
        return super().broke(why)

    def _tell(self, message: object) -> Any:
        if self.broken:
            raise BrokenError(self.broken)
        return self._say(("say", message))[0]

    def request(self, op: str, *args: object) -> Any:
        """As `Peer.request`; once a message was broken nothing is believed any more."""
        try:
            with self._turn:
                self.tell_settings()
                try:
                    found = super().request(op, *args)
                except Exception:
                    self.look_again()
                    raise
                if op != "names":
                    self.look_again()
                if self.witness.catches():
                    entered = self.uses is None and op == "op" and args[1] == "__enter__"
                    if self.allows("streams") or entered:
                        self.witness.catch()
                return found
        except BrokenError as error:
            self.broken = self.broken or str(error) or "forged"
            raise

    def share(self, names: dict[str, Any]) -> None:
        """Tell the program which classes of the preamble both sides have."""
        self.shared = {name: item for name, item in names.items() if isinstance(item, type)}
        if self.shared:
            self.request("share", sorted(self.shared))
        if "logging" in self.text or "assertLogs" in self.text or "caplog" in self.text:
            self.request("log")

    def serving(self) -> Any:
        """What code of the tests prints while it runs for the program goes where the program would have it."""
        return self.witness.caught()

    def seed(self, how: str, given: Any) -> None:
        """Random numbers of both sides go on from what a test sets."""
        if self.seeding:
            super().request("seed", how, given)

    def operate(self, remote: Any, name: str, args: tuple[object, ...]) -> object:
        try:
            return super().operate(remote, name, args)
        except BrokenError as error:
            raise self.broke(str(error)) from None


def number(value: object) -> object:
    """`value` as a side of an ordering."""
    if isinstance(value, float) and value != value:
        raise AssertionError("NaN is neither smaller nor larger")
    return value


def extreme(function: Any) -> Any:
    """`max` or `min` that passes over no NaN."""

    def run(*items: Any, **how: Any) -> object:
        members = list(items[0]) if len(items) == 1 else items
        key = how.get("key")
        for item in members:
            number(item if key is None else key(item))
        return function(members, **how)

    return run


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module in ("builtins", "collections", "datetime", "decimal", "fractions") and name[:1] != "_":
            found = super().find_class(module, name)
            if isinstance(found, type):
                return found
        raise pickle.UnpicklingError(f"it names {module}.{name}")


def _loads(data: Any, **_: object) -> object:
    import io

    return _Unpickler(io.BytesIO(data)).load()


def _elsewhere(room: _Room, how: str) -> Any:
    def run(text: Any, scope: Any = None, local: Any = None) -> object:
        frame = sys._getframe(1)
        given = {**(frame.f_globals if scope is None else scope), **(frame.f_locals if scope is None else local or {})}
        if not isinstance(text, str | bytes):
            raise TypeError(f"{how}() arg 1 must be a string, bytes or code object")
        words = text if isinstance(text, str) else text.decode("utf-8", "replace")
        used = {name: item for name, item in given.items() if name in words and not name.startswith("__")}
        value = room.request("eval", how, words, used)
        if how == "eval":
            return value
        target = local if local is not None else scope if scope is not None else frame.f_globals
        target.update(value)
        return None

    return run


class Runner:
    """Runs tests in order, against one program."""

    def __init__(self, exchange: Any) -> None:
        self._room = _Room(exchange)
        _seed_both(self._room)
        self._runs: Runs | None = None
        watch_suppress(self._room.test_catches)
        watch_leaving(Raises, "kinds", self._room.test_catches)
        pickle.loads = _loads
        pickle.Unpickler = _Unpickler  # type: ignore[misc]

    def run(self, *spec: Any) -> tuple[str, list[tuple[Any, ...]], bool]:
        """'' where the test came through, else what it said; of the reference, what its objects were used for; whether
        the program has changed what the reference leaves as it was."""
        preamble, statements, names, uncalled, classes, operators, uses, trusted, modules, apart, settable, own = spec
        room = self._room
        room.text = room.witness.text = f"{preamble}\n{statements}"
        room.operators, room.trusted, room.used, room.caught = frozenset(operators), trusted, {}, ""
        room.decorates = any(re.search(_DECORATED.format(name=re.escape(name)), statements) for name in names)
        room.apart, room.changed = apart, False
        room.settable, room.own = frozenset(settable), frozenset(own)
        room.witness.let_go()
        room.uses = None if uses is None else {tuple(use): count for *use, count in uses}
        why = self._run(preamble, statements, names, uncalled, classes, modules)
        if self._runs is not None:
            why, self._runs.failed = why or self._runs.failed, ""
        why = why or room.caught  # whoever has caught it, and however the test went on
        return why, [(*use, count) for use, count in room.used.items()] if trusted else [], room.changed

    def _run(self, preamble: str, statements: str, names: Any, uncalled: Any, classes: Any, modules: Any) -> str:
        room = self._room
        room.seeding = False
        _SEEDS["seed"](statements)  # the same every time, and nothing that a program could know
        module = sys.modules["__main__"] = types.ModuleType("__main__")
        space = module.__dict__
        for how in ("eval", "exec"):
            space[how] = _elsewhere(room, how)
        space["compile"] = lambda text, *_, **__: text
        space.update(_number=number, _forgiven=(), _caught_by=watched(room.test_catches), _type_of=type_of)
        space.update(_class_of=class_of, _is_subclass=is_subclass)
        space.update(max=extreme(max), min=extreme(min), super=super_of)
        try:
            exec(compile(preamble, "preamble", "exec", dont_inherit=True), space)
            room.share({name: item for name, item in space.items() if getattr(item, "__module__", "") == "__main__"})
            wanted = [name for name in names if name == names[0] or name not in space]
            space.pop(names[0], None)  # what is tested is the candidate's, whatever the preamble has of that name
            before = set(space)
            room.look_at_settings()
            found = room.find(wanted, space)
            space.update(found)
            if "unittest" in room.text and self._runs is None:
                self._runs = Runs()
                watch_leaving(sys.modules["unittest.case"]._AssertRaisesContext, "expected", room.test_catches)
            room.asked |= {_number_of(item) for name, item in found.items() if name in classes and _is_class(item)}
            for name in modules:
                add_module(name, room, found)
            room.seeding = "random" in room.text
            if room.seeding and room.may_set("seed"):
                room.request("seeding")
            exec(compile(statements, "tests", "exec", dont_inherit=True), space)
            made = set(space) - before - set(found)
            _call_all(space, uncalled, made)
            if self._runs is not None:
                while left := self._runs.left_out(space, made):
                    _run_class(left[-1], space)
                    self._runs.classes.add(left[-1])
        except SystemExit as end:
            if end.code not in (0, False) or "unittest.main(" not in statements or end in room.raised:
                return said(end)  # only `unittest` leaves where all is well
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test did not come through
            return room.broken or said(error)
        return room.broken


def _seed_both(room: _Room) -> None:
    """From now on what seeds random numbers here tells the room of it."""
    for how, function in _SEEDS.items():

        def told(*given: Any, how: str = how, function: Any = function) -> None:
            function(*given)
            if given and (how == "setstate" or type(given[0]) in SCALARS):
                room.seed(how, given[0])

        told.__wrapped__ = function  # type: ignore[attr-defined]
        setattr(random, how, told)


_SEEDS: dict[str, Any] = {"seed": random.seed, "setstate": random.setstate}


def _is_class(item: object) -> bool:
    return isinstance(item, RemoteClass | ErrorClass)


def _number_of(kind: Any) -> Any:
    return kind._remote_number if isinstance(kind, RemoteClass) else own(kind).get("_remote_class")


def _call_all(space: dict[str, Any], uncalled: Any, made: set[str]) -> None:
    """Call test functions that nothing calls, run test classes that nothing runs."""
    scope = Scope()
    with scope.stack:
        if uncalled:
            set_up(space, "setup_module", sys.modules["__main__"])
        for name, argument in uncalled:
            item = space.get(name)
            if isinstance(item, type):
                _run_class(item, space, scope)
            elif item is not None and name in made and not is_fixture(item):
                item(space[argument]) if argument else call_test(item, space, scope)
        if uncalled:
            set_up(space, "teardown_module", sys.modules["__main__"])


def _run_class(item: type, space: dict[str, Any], outer: Scope | None = None) -> None:
    if skips(item):
        return
    unittest = sys.modules.get("unittest")
    if unittest is not None and issubclass(item, unittest.TestCase):
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(item).run(result)
        if not result.wasSuccessful() or result.testsRun == len(result.skipped):
            lines = [text.strip().rsplit("\n", 1)[-1] for _, text in (*result.failures, *result.errors)]
            raise AssertionError("; ".join(lines)[:500] or "no test was run")
        return
    scope = Scope(outer or Scope())
    with scope.stack:
        set_up(item, "setup_class")
        for name in dict.fromkeys(name for kind in reversed(item.__mro__) for name in vars(kind)):
            if not name.startswith("test"):
                continue
            case = item()
            call_test(getattr(case, name), space, scope, case)
        set_up(item, "teardown_class")


def said(error: BaseException) -> str:
    """An exception on a line."""
    try:
        text = str(error)[:500]
    except (Exception, BrokenError):  # noqa: BLE001 - it may be of the candidate's
        text = ""
    return type(error).__name__ + (": " + text if text else "")


def begin() -> Any:
    """The function that runs a test."""
    child = sys.modules["pidistill_sandboxes.inside.child"]
    sys.argv = ["tests"]
    sys.modules["pytest"] = stand_in()
    runner = Runner(child.exchange)

    def run(*spec: Any) -> tuple[str, str, list[tuple[Any, ...]], bool]:
        return ("done", *runner.run(*spec))

    return run
