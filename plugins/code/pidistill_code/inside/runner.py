"""The side of the tests: test code run as Python runs it, the candidate's names standing for objects elsewhere.

Each test has a module of its own, `__main__`, with the preamble's names in it and those of the candidate that it uses
and does not get elsewhere. Test functions that nothing calls are called, and `unittest` cases that nothing runs are
run, as a test runner would. Text is never evaluated in this process, where it could claim that a test has passed:
`eval` and `exec` send it to the candidate's.
"""

from __future__ import annotations

import pickle
import random
import sys
import threading
import types
from typing import Any

from pidistill_code.inside.checks import call_test, stand_in
from pidistill_code.inside.effects import Witness
from pidistill_code.inside.graph import BrokenError
from pidistill_code.inside.remote import Peer
from pidistill_code.inside.standins import RemoteClass


class _Room(Peer):
    def __init__(self, exchange: Any) -> None:
        self.broken = ""
        self.text = ""
        """The test."""
        self.operators: frozenset[str] = frozenset()
        self._turn = threading.RLock()
        """Test code may have threads; what they ask is asked in turn."""
        self._witness = Witness()
        self._say = exchange
        super().__init__("r", self._told, self._witness.give, self._witness.take, True)

    def mentioned(self, name: str) -> bool:
        return name in self.text

    def believes(self, name: str) -> bool:
        return name in self.operators

    def _told(self, message: object) -> Any:
        if self.broken:
            raise BrokenError(self.broken)
        return self._say(("say", message))[0]

    def request(self, op: str, *args: object) -> Any:
        """As `Peer.request`; once a message was broken nothing is believed any more."""
        try:
            with self._turn:
                return super().request(op, *args)
        except BrokenError as error:
            self.broken = self.broken or str(error) or "forged"
            raise

    def operate(self, remote: Any, name: str, args: tuple[object, ...]) -> object:
        try:
            return super().operate(remote, name, args)
        except BrokenError as error:
            self.broken = self.broken or str(error)
            raise


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
        pickle.loads = _loads
        pickle.Unpickler = _Unpickler  # type: ignore[misc]

    def run(self, preamble: str, statements: str, names: Any, uncalled: Any, classes: Any, operators: Any) -> str:
        """'' where the test came through, else what it said."""
        room = self._room
        room.text = f"{preamble}\n{statements}"
        room.operators = frozenset(operators)
        random.seed(0)
        module = sys.modules["__main__"] = types.ModuleType("__main__")
        space = module.__dict__
        for how in ("eval", "exec"):
            space[how] = _elsewhere(room, how)
        space["compile"] = lambda text, *_, **__: text
        space.update(_number=number, _forgiven=(), max=extreme(max), min=extreme(min))
        try:
            exec(compile(preamble, "preamble", "exec"), space)
            wanted = [name for name in names if name == names[0] or name not in space]
            space.pop(names[0], None)  # what is tested is the candidate's, whatever the preamble has of that name
            before = set(space)
            found = {name: item for name, item in room.request("names", wanted).items() if name in wanted}
            space.update(found)
            room.asked |= {item._remote_number for name, item in found.items() if name in classes and _is_class(item)}
            exec(compile(statements, "tests", "exec"), space)
            _call_all(space, uncalled, set(space) - before - set(found))
        except SystemExit as end:
            if end.code not in (0, False) or "unittest.main(" not in statements or end in room.raised:
                return said(end)  # only `unittest` leaves where all is well
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test did not come through
            return room.broken or said(error)
        return room.broken


def _is_class(item: object) -> bool:
    return issubclass(type(item), RemoteClass)


def _call_all(space: dict[str, Any], uncalled: Any, made: set[str]) -> None:
    """Call test functions that nothing calls, run test classes that nothing runs."""
    for name, argument in uncalled:
        item = space.get(name)
        if isinstance(item, type):
            _run_class(item, space)
        elif item is not None and name in made and not getattr(item, "_is_fixture", False):
            item(space[argument]) if argument else call_test(item, space)


def _run_class(item: type, space: dict[str, Any]) -> None:
    unittest = sys.modules.get("unittest")
    if unittest is not None and issubclass(item, unittest.TestCase):
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(item).run(result)
        if not result.wasSuccessful() or result.testsRun == len(result.skipped):
            lines = [text.strip().rsplit("\n", 1)[-1] for _, text in (*result.failures, *result.errors)]
            raise AssertionError("; ".join(lines)[:500] or "no test was run")
        return
    for name in [name for name in dir(item) if name.startswith("test")]:
        case = item()
        if hasattr(case, "setup_method"):
            case.setup_method(None)
        call_test(getattr(case, name), space)


def said(error: BaseException) -> str:
    """An exception on a line."""
    try:
        text = str(error)[:500]
    except Exception:  # noqa: BLE001 - it may be made of the candidate's
        text = ""
    return type(error).__name__ + (": " + text if text else "")


def begin() -> Any:
    """The function that runs a test."""
    child = sys.modules["pidistill_sandboxes.inside.child"]
    sys.argv = ["tests"]
    sys.modules["pytest"] = stand_in()
    runner = Runner(child.exchange)

    def run(*spec: Any) -> tuple[str, str]:
        return ("done", runner.run(*spec))

    return run
