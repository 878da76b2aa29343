"""What test runners give test functions, for test code that is written for one: `raises`, `approx`, `parametrize`, and
the fixtures `capsys`, `tmp_path` and `monkeypatch`. Installed packages are not there inside, so this stands for pytest.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import sys
import types
from collections.abc import Iterator
from typing import Any

from pidistill_code.inside.steps import run_coroutine


class _Raises:
    def __init__(self, kinds: Any, match: str | None) -> None:
        self._kinds, self._match = kinds, match
        self.value: BaseException | None = None
        self.type: type | None = None

    def __enter__(self) -> _Raises:
        return self

    def __exit__(self, kind: Any, error: Any, _: object) -> bool:
        if kind is None:
            raise AssertionError(f"did not raise {self._kinds}")
        if not issubclass(kind, self._kinds):
            return False
        if self._match is not None and not re.search(self._match, str(error)):
            raise AssertionError(f"{self._match!r} does not match {str(error)[:200]!r}")
        self.value, self.type = error, kind
        return True


def raises(kinds: Any, *call: Any, match: str | None = None, **kwargs: object) -> _Raises:
    """`pytest.raises`, as a context manager or with a call."""
    found = _Raises(kinds, match)
    if call:
        with found:
            call[0](*call[1:], **kwargs)
    return found


class approx:  # noqa: N801 - as pytest has it
    """`pytest.approx` of numbers, and of lists, tuples and dictionaries of them."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, expected: Any, rel: float | None = None, abs: float | None = None) -> None:
        self._expected, self._rel, self._abs = expected, 1e-6 if rel is None else rel, 1e-12 if abs is None else abs

    def __eq__(self, other: object) -> bool:
        return self._same(other, self._expected)

    def _same(self, got: Any, expected: Any) -> bool:
        if isinstance(expected, dict):
            return (
                isinstance(got, dict)
                and got.keys() == expected.keys()
                and all(self._same(got[name], expected[name]) for name in expected)
            )
        if isinstance(expected, list | tuple):
            return type(got) in (list, tuple) and len(got) == len(expected) and all(map(self._same, got, expected))
        if type(got) in (int, float, bool) and type(expected) in (int, float):
            return math.isclose(got, expected, rel_tol=self._rel, abs_tol=self._abs)
        return bool(got == expected)


class _Skipped(BaseException):
    pass


def _skip(reason: str = "") -> None:
    raise _Skipped(reason)


def _fail(reason: str = "") -> None:
    raise AssertionError(reason)


def _param(*values: Any, **_: object) -> Any:
    """A row of `parametrize`; what marks it is for a runner's report."""
    return types.SimpleNamespace(values=values, _is_row=True)


def _main(*_: object, **__: object) -> int:
    """A runner's: test functions that nothing calls are called here whether or not one is asked for."""
    return 0


class _Marks:
    def __getattr__(self, name: str) -> Any:
        def mark(*args: Any, **_: object) -> Any:
            if name == "parametrize":
                return lambda function: _with_rows(function, *args[:2])
            return args[0] if len(args) == 1 and callable(args[0]) else lambda function: function

        return mark


def _with_rows(function: Any, names: Any, rows: Any) -> Any:
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    function._rows = [*getattr(function, "_rows", ()), (names, list(rows))]
    return function


def _fixture(*args: Any, **_: object) -> Any:
    def mark(function: Any) -> Any:
        function._is_fixture = True
        return function

    return mark(args[0]) if args and callable(args[0]) else mark


class _Captured:
    def __init__(self) -> None:
        self._streams = io.StringIO(), io.StringIO()
        sys.stdout, sys.stderr = self._streams

    def readouterr(self) -> Any:
        texts = [stream.getvalue() for stream in self._streams]
        for stream in self._streams:
            stream.seek(0)
            stream.truncate()
        return types.SimpleNamespace(out=texts[0], err=texts[1])


class _Patches:
    def __init__(self) -> None:
        self._undo = contextlib.ExitStack()

    def setattr(self, target: Any, name: Any, *value: Any) -> None:
        if not value:
            path, _, attribute = target.rpartition(".")
            __import__(path)
            target, name, value = sys.modules[path], attribute, (name,)
        self._undo.callback(setattr, target, name, getattr(target, name))
        setattr(target, name, value[0])

    def setenv(self, name: str, value: str) -> None:
        self.setitem(os.environ, name, value)

    def delenv(self, name: str, raising: bool = True) -> None:
        if raising or name in os.environ:
            self._undo.callback(os.environ.__setitem__, name, os.environ.pop(name))

    def delattr(self, target: Any, name: str) -> None:
        self._undo.callback(setattr, target, name, getattr(target, name))
        delattr(target, name)

    def setitem(self, target: Any, name: Any, value: Any) -> None:
        if name in target:
            self._undo.callback(target.__setitem__, name, target[name])
        else:
            self._undo.callback(target.pop, name, None)
        target[name] = value

    def undo(self) -> None:
        self._undo.close()


def call_test(function: Any, space: dict[str, Any]) -> None:
    """Call a test function with its fixtures and once for each of its rows."""
    for given in _combinations(getattr(function, "_rows", ())):
        with contextlib.ExitStack() as stack, contextlib.suppress(_Skipped):
            stack.callback(_streams, sys.stdout, sys.stderr)
            found = function(**given, **_fixtures(function, given, space, stack))
            if isinstance(found, types.CoroutineType):
                run_coroutine(found)


def _streams(out: Any, err: Any) -> None:
    sys.stdout, sys.stderr = out, err


def _combinations(rows: Any) -> Iterator[dict[str, object]]:
    if not rows:
        yield {}
        return
    names, values = rows[0]
    for value in values:
        if getattr(value, "_is_row", False):
            value = value.values if len(names) > 1 else value.values[0]
        for rest in _combinations(rows[1:]):
            yield {**dict(zip(names, value if len(names) > 1 else [value], strict=True)), **rest}


def _patchings(function: Any) -> Any:
    """What `mock.patch` has put around a function: each hands over an argument, before the fixtures."""
    return getattr(function, "patchings", ())


def _fixtures(function: Any, given: Any, space: dict[str, Any], stack: contextlib.ExitStack) -> dict[str, object]:
    import inspect  # which most tests do without, and which costs as much as they do; likewise below

    found: dict[str, object] = {}
    patched = sum(getattr(one, "new", 0) is sys.modules["unittest.mock"].DEFAULT for one in _patchings(function))
    for name, parameter in list(inspect.signature(function).parameters.items())[patched:]:
        if name in given or parameter.default is not parameter.empty:
            continue
        own = space.get(name)
        if getattr(own, "_is_fixture", False):
            value = own(**_fixtures(own, {}, space, stack))  # type: ignore[misc]
            if isinstance(value, types.GeneratorType):
                made = value
                value = next(made)
                stack.callback(next, made, None)
            found[name] = value
        elif name == "capsys":
            found[name] = _Captured()
        elif name == "tmp_path":
            import pathlib
            import tempfile

            found[name] = pathlib.Path(tempfile.mkdtemp())
        elif name == "monkeypatch":
            patches = found[name] = _Patches()
            stack.callback(patches.undo)
        else:
            raise LookupError(f"the test function {function.__name__} wants {name!r}, which is not there")
    return found


class Runs:
    """What `unittest` has run, whoever has run it, and what has failed there, whoever looks at the result."""

    def __init__(self) -> None:
        unittest: Any = __import__("unittest")
        self.classes: set[type] = set()
        self.failed = ""
        run = unittest.TestCase.run

        def noted(case: Any, *args: Any) -> Any:
            self.classes.add(type(case))
            return run(case, *args)

        unittest.TestCase.run = noted
        for name in ("addFailure", "addError"):
            self._watch(unittest.TestResult, name)
        subtest = unittest.TestResult.addSubTest

        def add(result: Any, test: Any, part: Any, error: Any) -> Any:
            if error is not None:
                self._note(error)
            return subtest(result, test, part, error)

        unittest.TestResult.addSubTest = add

    def _watch(self, kind: Any, name: str) -> None:
        method = getattr(kind, name)

        def add(result: Any, test: Any, error: Any) -> Any:
            self._note(error)
            return method(result, test, error)

        setattr(kind, name, add)

    def _note(self, error: Any) -> None:
        self.failed = self.failed or getattr(error[0], "__name__", "a failure")

    def left_out(self, space: dict[str, Any], made: set[str]) -> list[type]:
        """Classes of test cases that the tests have made, and nothing has run, nor a class derived from them."""
        base: Any = sys.modules["unittest"].TestCase
        found = [item for name in sorted(made) if isinstance(item := space.get(name), type) and issubclass(item, base)]
        return [
            item
            for item in found
            if any(name.startswith("test") for name in dir(item))
            and not any(issubclass(kind, item) for kind in self.classes)
        ]


def stand_in() -> types.ModuleType:
    """The module that stands for pytest."""
    module = types.ModuleType("pytest")
    module.__dict__.update(
        raises=raises, approx=approx, mark=_Marks(), fixture=_fixture, skip=_skip, fail=_fail, param=_param, main=_main
    )
    return module
