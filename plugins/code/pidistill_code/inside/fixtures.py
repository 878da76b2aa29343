"""What pytest gives test functions: its own fixtures, those that the tests make, and the marks that say how often a
test runs, with what, and whether at all. A test that is marked to be skipped or to fail says nothing, so it does
not run.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple


class Skipped(BaseException):
    """A test that says so itself."""


class Mark:
    """`pytest.mark.NAME`, with its arguments or without."""

    def __init__(self, name: str, args: tuple[Any, ...] = (), how: dict[str, Any] | None = None) -> None:
        self.name, self.args, self.how = name, args, how or {}

    def __call__(self, *args: Any, **how: Any) -> Any:
        if len(args) == 1 and not how and isinstance(args[0], type | types.FunctionType):
            args[0]._marks = [*getattr(args[0], "_marks", ()), self]  # type: ignore[union-attr]
            return args[0]
        return Mark(self.name, args, how)

    def silences(self) -> bool:
        """Whether what it marks does not count."""
        conditions = [item for item in self.args if not isinstance(item, str)]
        if "condition" in self.how:
            conditions.append(self.how["condition"])
        return self.name == "skip" or (self.name in ("skipif", "xfail") and all(conditions)
                                       and (bool(conditions) or self.name == "xfail"))  # fmt: skip


class Marks:
    """`pytest.mark`."""

    def __getattr__(self, name: str) -> Mark:
        return Mark(name)


def param(*values: Any, marks: Any = (), **_: object) -> Any:
    """A row of `parametrize`."""
    return types.SimpleNamespace(
        values=values, _is_row=True, marks=marks if isinstance(marks, list | tuple) else [marks]
    )


def fixture(
    *args: Any, params: Any = None, autouse: bool = False, name: str | None = None, scope: Any = "function", **_: object
) -> Any:
    """`pytest.fixture`."""

    def mark(function: Any) -> Any:
        function._fixture = (name or function.__name__, params, autouse, scope)
        return function

    return mark(args[0]) if args and callable(args[0]) else mark


def is_fixture(item: object) -> bool:
    """Whether it is a fixture that the tests have made."""
    return type(item) is types.FunctionType and "_fixture" in vars(item)


def skips(*items: object) -> bool:
    """Whether a mark of one of these says that it does not count."""
    return any(mark.silences() for item in items for mark in getattr(item, "_marks", ()))


# --- Pytest's own ----------------------------------------------------------------------------------------------------


class _Texts(NamedTuple):
    out: str
    err: str


class _Captured:
    def __init__(self) -> None:
        self._streams = io.StringIO(), io.StringIO()
        sys.stdout, sys.stderr = self._streams

    def readouterr(self) -> _Texts:
        texts = [stream.getvalue() for stream in self._streams]
        for stream in self._streams:
            stream.seek(0)
            stream.truncate()
        return _Texts(*texts)

    def disabled(self) -> Any:
        return contextlib.nullcontext()


class _Patches:
    def __init__(self) -> None:
        self._undo = contextlib.ExitStack()

    def setattr(self, target: Any, name: Any, *value: Any, raising: bool = True) -> None:
        if not value:
            path, _, attribute = target.rpartition(".")
            __import__(path)
            target, name, value = sys.modules[path], attribute, (name,)
        if raising or hasattr(target, name):
            self._undo.callback(setattr, target, name, getattr(target, name))
        else:
            self._undo.callback(delattr, target, name)
        setattr(target, name, value[0])

    def setenv(self, name: str, value: str, prepend: str | None = None) -> None:
        joined = f"{value}{prepend}{os.environ[name]}" if prepend and name in os.environ else value
        self.setitem(os.environ, name, str(joined))

    def delenv(self, name: str, raising: bool = True) -> None:
        self.delitem(os.environ, name, raising)

    def delattr(self, target: Any, name: str, raising: bool = True) -> None:
        if raising or hasattr(target, name):
            self._undo.callback(setattr, target, name, getattr(target, name))
            delattr(target, name)

    def setitem(self, target: Any, name: Any, value: Any) -> None:
        if name in target:
            self._undo.callback(target.__setitem__, name, target[name])
        else:
            self._undo.callback(target.pop, name, None)
        target[name] = value

    def delitem(self, target: Any, name: Any, raising: bool = True) -> None:
        if raising or name in target:
            self._undo.callback(target.__setitem__, name, target[name])
            del target[name]

    def chdir(self, path: Any) -> None:
        self._undo.callback(os.chdir, os.getcwd())
        os.chdir(path)

    @contextlib.contextmanager
    def context(self) -> Iterator[_Patches]:
        inner = _Patches()
        with contextlib.closing(inner):
            yield inner

    def undo(self) -> None:
        self._undo.close()

    close = undo


class _Log:
    """`caplog`."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        logging: Any = __import__("logging")
        self.records: list[Any] = []
        self._stack, self._root = stack, logging.getLogger()
        self.handler = logging.Handler()
        self.handler.emit = self._heard
        self._root.addHandler(self.handler)
        stack.callback(self._root.removeHandler, self.handler)

    def _heard(self, record: Any) -> None:
        record.message = record.getMessage()
        self.records.append(record)

    @property
    def messages(self) -> list[str]:
        return [record.getMessage() for record in self.records]

    @property
    def record_tuples(self) -> list[tuple[str, int, str]]:
        return [(record.name, record.levelno, record.getMessage()) for record in self.records]

    @property
    def text(self) -> str:
        return "".join(f"{record.levelname} {record.name}: {record.getMessage()}\n" for record in self.records)

    def clear(self) -> None:
        self.records.clear()

    def set_level(self, level: Any, logger: str | None = None) -> None:
        self._stack.enter_context(self.at_level(level, logger))

    @contextlib.contextmanager
    def at_level(self, level: Any, logger: str | None = None) -> Iterator[None]:
        target: Any = __import__("logging").getLogger(logger)
        before = target.level
        target.setLevel(level)
        try:
            yield
        finally:
            target.setLevel(before)


def _new_folder() -> Any:
    import pathlib
    import tempfile

    return pathlib.Path(tempfile.mkdtemp())


def _built_in(name: str, stack: contextlib.ExitStack) -> Any:
    if name in ("capsys", "capfd"):
        return _Captured()
    if name == "tmp_path":
        return _new_folder()
    if name == "tmp_path_factory":
        return types.SimpleNamespace(mktemp=lambda *_, **__: _new_folder())
    if name == "monkeypatch":
        patches = _Patches()
        stack.callback(patches.undo)
        return patches
    if name == "caplog":
        return _Log(stack)
    if name == "recwarn":
        found = stack.enter_context(warnings.catch_warnings(record=True))
        warnings.simplefilter("always")
        return found
    raise LookupError(f"the tests want {name!r}, which is not there")


# --- Those of the tests ----------------------------------------------------------------------------------------------


def wanted(function: Any, given: Any) -> list[str]:
    """Names of the fixtures that a function takes."""
    import inspect  # which most tests do without, and which costs as much as they do

    patched = sum(getattr(one, "new", 0) is sys.modules["unittest.mock"].DEFAULT  # each hands over an argument, before
                  for one in getattr(function, "patchings", ()))  # fmt: skip
    parameters = list(inspect.signature(function).parameters.items())[patched:]
    return [
        name
        for name, item in parameters
        if name not in given and item.default is item.empty and item.kind not in (item.VAR_POSITIONAL, item.VAR_KEYWORD)
    ]


class Scope:
    """What was made for all tests of a class or of a module, and is undone behind the last one."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.outer, self.stack = outer, contextlib.ExitStack()
        self.made: dict[Any, Any] = {}


class Fixtures:
    """Of one test: each is made once, and undone by `stack`, but for those of a wider `scope`."""

    def __init__(
        self, space: dict[str, Any], case: object, stack: contextlib.ExitStack, params: dict[str, Any], scope: Scope
    ) -> None:
        self._stack, self._params, self._made, self._scope = stack, params, dict[str, Any](), scope
        self._known = known_fixtures(space, case)

    def of(self, function: Any, given: Any, uses: Any) -> dict[str, Any]:
        """What the test is given, after the fixtures that it uses without being given them."""
        for name in [*(name for name, item in self._known.items() if item._fixture[2]), *uses]:
            self._value(name)
        return {name: self._value(name) for name in wanted(function, given)}

    def _value(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Any:
        own = self._known.get(name)
        if own is None:
            return _built_in(name, self._stack)
        request = types.SimpleNamespace(param=self._params.get(name), getfixturevalue=self._value)
        held, key = self._scope_of(own), (own._fixture[0], getattr(own, "__func__", own), id(self._params.get(name)))
        if held is not None and key in held.made:
            return held.made[key]
        stack = self._stack if held is None else held.stack
        request.addfinalizer = lambda end: stack.callback(end)
        value = own(**{item: request if item == "request" else self._value(item) for item in wanted(own, ())})
        if isinstance(value, types.GeneratorType):
            made = value
            value = next(made)
            stack.callback(next, made, None)
        if held is not None:
            held.made[key] = value
        return value

    def _scope_of(self, own: Any) -> Scope | None:
        """What keeps it; None where each test has its own."""
        if own._fixture[3] == "class":
            return self._scope if self._scope.outer is not None else None
        return (self._scope.outer or self._scope) if own._fixture[3] in ("module", "package", "session") else None


def known_fixtures(space: dict[str, Any], case: object) -> dict[str, Any]:
    """By their names, those of the module and those of the class that the test is in."""
    found = {item._fixture[0]: item for item in space.values() if is_fixture(item)}
    for kind in reversed(type(case).__mro__[:-1]):
        found |= {item._fixture[0]: item.__get__(case) for item in vars(kind).values() if is_fixture(item)}
    return found


def parameters(function: Any, known: dict[str, Any], given: Any, uses: Any) -> dict[str, list[Any]]:
    """The fixtures that a test uses, directly or not, which are made once for each of some values; and these."""
    waiting, found, seen = [*wanted(function, given), *uses], dict[str, list[Any]](), set[str]()
    waiting += [name for name, item in known.items() if item._fixture[2]]
    while waiting:
        name = waiting.pop()
        own = known.get(name)
        if own is not None and name not in seen:
            seen.add(name)
            if own._fixture[1] is not None:
                found[name] = list(own._fixture[1])
            waiting += [item for item in wanted(own, ()) if item != "request"]
    return found
