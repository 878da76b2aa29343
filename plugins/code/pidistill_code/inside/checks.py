"""What test runners do with test functions, for test code that is written for one: `raises`, `warns`, `approx`, and
calls with rows and fixtures (`fixtures`). Installed packages are not there inside, so this stands for pytest.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

from pidistill_code.inside.fixtures import (
    Fixtures,
    Marks,
    Scope,
    Skipped,
    fixture,
    known_fixtures,
    param,
    parameters,
    skips,
)  # fmt: skip
from pidistill_code.inside.steps import run_coroutine


class Raises:
    """What `pytest.raises` gives."""

    def __init__(self, kinds: Any, match: str | None) -> None:
        self.kinds, self._match = kinds, match
        self.value: BaseException | None = None
        self.type: type | None = None

    def __enter__(self) -> Raises:
        return self

    def __exit__(self, kind: Any, error: Any, _: object) -> bool:
        if kind is None:
            raise AssertionError(f"did not raise {self.kinds}")
        if not issubclass(kind, self.kinds):
            return False
        if self._match is not None and not re.search(self._match, str(error)):
            raise AssertionError(f"{self._match!r} does not match {str(error)[:200]!r}")
        self.value, self.type = error, kind
        return True

    def match(self, pattern: str) -> bool:
        """Whether what was raised says so."""
        assert re.search(pattern, str(self.value)), f"{pattern!r} does not match {str(self.value)[:200]!r}"
        return True


def raises(kinds: Any, *call: Any, match: str | None = None, **kwargs: object) -> Raises:
    """`pytest.raises`, as a context manager or with a call."""
    found = Raises(kinds, match)
    if call:
        with found:
            call[0](*call[1:], **kwargs)
    return found


class approx:  # noqa: N801 - as pytest has it
    """`pytest.approx` of numbers, and of lists, tuples and dictionaries of them."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, expected: Any, rel: float | None = None, abs: float | None = None, nan_ok: bool = False) -> None:
        self._nan_ok = nan_ok
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
            if got != got and expected != expected:
                return self._nan_ok
            return math.isclose(got, expected, rel_tol=self._rel, abs_tol=self._abs)
        return bool(got == expected)


def _skip(reason: str = "", **_: object) -> None:
    raise Skipped(reason)


def _fail(reason: str = "", **_: object) -> None:
    raise AssertionError(reason)


def _import_or_skip(name: str, *_: object, **__: object) -> Any:
    try:
        __import__(name)
    except ImportError as error:
        raise Skipped(str(error)) from None
    return sys.modules[name]


def _main(*_: object, **__: object) -> int:
    """A runner's: test functions that nothing calls are called here whether or not one is asked for."""
    return 0


class _Warns(list[Any]):
    """`pytest.warns`: the warnings of a block, one of which has to be of the kind."""

    def __init__(self, kinds: Any, match: str | None) -> None:
        self._kinds, self._match, self._caught = kinds, match, warnings.catch_warnings(record=True)
        super().__init__()

    def __enter__(self) -> _Warns:
        self._heard: Any = self._caught.__enter__()
        warnings.simplefilter("always")
        return self

    def __exit__(self, kind: Any, *rest: Any) -> None:
        self._caught.__exit__(kind, *rest)
        self.extend(self._heard)
        fitting = [one for one in self if issubclass(one.category, self._kinds)]
        if kind is None and not any(self._match is None or re.search(self._match, str(one.message)) for one in fitting):
            raise AssertionError(f"did not warn {self._kinds}")


def _warns(kinds: Any = Warning, *call: Any, match: str | None = None, **kwargs: object) -> Any:
    found = _Warns(kinds, match)
    if not call:
        return found
    with found:
        return call[0](*call[1:], **kwargs)


def _deprecated(*call: Any, **kwargs: Any) -> Any:
    return _warns((DeprecationWarning, PendingDeprecationWarning, FutureWarning), *call, **kwargs)


def call_test(function: Any, space: dict[str, Any], scope: Scope, case: object = None) -> None:
    """Call a test function, of `case` where it is a method, with its fixtures and once for each of its rows."""
    marks = [mark for item in (type(case), function) for mark in getattr(item, "_marks", ())]
    if skips(function):
        return
    uses = [name for mark in marks if mark.name == "usefixtures" for name in mark.args]
    known = known_fixtures(space, case)
    for given in _combinations([mark for mark in marks if mark.name == "parametrize"]):
        direct = {name: value for name, value in given.items() if name not in given.get(_INDIRECT, ())}
        direct.pop(_INDIRECT, None)
        told = {name: given[name] for name in given.get(_INDIRECT, ())}
        made = {name: rows for name, rows in parameters(function, known, direct, uses).items() if name not in told}
        for params in _products(made):
            _call_once(function, space, case, direct, {**params, **told}, uses, scope)


_INDIRECT = ""
"""Under this name, the names of a row that are given to fixtures and not to the test."""


def _call_once(
    function: Any, space: dict[str, Any], case: Any, given: Any, params: dict[str, Any], uses: Any, scope: Scope
) -> None:
    with contextlib.ExitStack() as stack, contextlib.suppress(Skipped):
        stack.callback(_streams, sys.stdout, sys.stderr)
        begin, end = (
            ("setup_method", "teardown_method") if case is not None else ("setup_function", "teardown_function")
        )
        set_up(case if case is not None else space, begin, function)
        stack.callback(set_up, case if case is not None else space, end, function)
        found = function(**given, **Fixtures(space, case, stack, params, scope).of(function, given, uses))
        if isinstance(found, types.CoroutineType):
            run_coroutine(found)


def set_up(where: Any, name: str, *given: Any) -> None:
    """Call the function that prepares a module, a class or a test, or clears up behind it, if there is one."""
    item = where.get(name) if isinstance(where, dict) else getattr(where, name, None)
    if isinstance(item, types.FunctionType | types.MethodType):
        import inspect

        item(*given[: len(inspect.signature(item).parameters)])


def _streams(out: Any, err: Any) -> None:
    sys.stdout, sys.stderr = out, err


def _products(rows: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*rows.values()):
        if not any(mark.silences() for value in values for mark in getattr(value, "marks", ()) if _is_row(value)):
            yield dict(zip(rows, (value.values[0] if _is_row(value) else value for value in values), strict=True))


def _is_row(value: object) -> bool:
    return type(value) is types.SimpleNamespace and "_is_row" in vars(value)


def _combinations(marks: Any) -> Iterator[dict[str, Any]]:
    if not marks:
        yield {}
        return
    names, rows = [*marks[0].args, *(marks[0].how[key] for key in ("argnames", "argvalues") if key in marks[0].how)][:2]
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    indirect = marks[0].how.get("indirect", False)
    indirect = names if indirect is True else list(indirect or ())
    for value in rows:
        if _is_row(value):
            if any(mark.silences() for mark in value.marks):
                continue
            value = value.values if len(names) > 1 else value.values[0]
        for rest in _combinations(marks[1:]):
            told = dict(zip(names, value if len(names) > 1 else [value], strict=True))
            yield {**told, **rest, _INDIRECT: [*indirect, *rest.get(_INDIRECT, ())]}


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
        raises=raises, approx=approx, mark=Marks(), fixture=fixture, skip=_skip, fail=_fail, param=param, main=_main,
        warns=_warns, deprecated_call=_deprecated, importorskip=_import_or_skip,
    )  # fmt: skip
    return module
