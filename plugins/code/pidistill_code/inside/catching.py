"""Handlers by which a test would catch its own failures.

A program that hands over `Exception` where the test expects one of the program's own exceptions (`except refused():`)
would have the test catch what says that nothing was raised. So what a handler, a `suppress` or a `raises` catches is
looked at when it does; and a name of the program's is no such class.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import re
import sys
from collections.abc import Callable
from typing import Any

from pidistill_code.inside.errors import ErrorClass
from pidistill_code.inside.standins import is_remote

_CATCHERS = frozenset({"AssertionError", "Exception", "BaseException"})
_OWN_CATCHERS = frozenset({"raises", "assertRaises", "assertRaisesRegex", "isinstance", "issubclass", "_caught_by"})
_SPEAKS_OF_FAILURES = re.compile(r"(?<!raise )(?<!except )(?<!raises\()\bAssertionError\b")
_SPEAKS_OF_ALL = re.compile(r"(?<!raise )\b(?:Base)?(?:Exception|AssertionError)\b")


def speaks_of_all(text: str) -> bool:
    """Whether a test speaks of a class that catches failures other than to raise it: then such a class is its own."""
    return _SPEAKS_OF_ALL.search(text) is not None


def catches_all(item: Any) -> bool:
    """Whether a handler of it catches what tests fail with: a failed assert, or whatever else they raise."""
    if isinstance(item, tuple):
        return any(map(catches_all, item))
    return isinstance(item, type) and not is_remote(type(item)) and issubclass(AssertionError, item)


def is_caught(error: object, kinds: Any) -> bool:
    """Whether a handler of these `kinds` catches `error`, and would catch anything; but for an exception of a class of
    the program's."""
    if not isinstance(error, BaseException) or isinstance(type(error), ErrorClass) or not catches_all(kinds):
        return False
    try:
        return issubclass(type(error), kinds)
    except TypeError:  # kinds that are none, of which the handler says so itself
        return False


def watched(caught: Callable[[BaseException], None]) -> Callable[[Any], Any]:
    """What a handler's kinds are passed through: it tells `caught` of what one that would catch anything catches."""

    def kinds_of(kinds: Any) -> Any:
        error = sys.exc_info()[1]
        if error is not None and is_caught(error, kinds):
            caught(error)
        return kinds

    return kinds_of


def watch_leaving(context: Any, name: str, caught: Callable[[BaseException], None]) -> None:
    """Have `caught` told of what context managers of a class catch by kinds that would catch anything, which are in
    their field of that `name`."""
    leave = context.__exit__

    def leaving(self: Any, kind: Any, error: Any, trace: Any) -> Any:
        catches = error is not None and is_caught(error, getattr(self, name))
        found = leave(self, kind, error, trace)
        if catches and found:
            caught(error)
        return found

    context.__exit__ = leaving


def watch_suppress(caught: Callable[[BaseException], None]) -> None:
    """Have `caught` told of what `contextlib.suppress` catches so."""
    watch_leaving(contextlib.suppress, "_exceptions", caught)


@functools.lru_cache(maxsize=8)
def tells_to_catch(text: str) -> bool:
    """Whether the test expects the program to catch failed asserts: it says what becomes of one, or hands a class to
    what may catch them by it, as in `ignoring(Exception)`."""
    if _SPEAKS_OF_FAILURES.search(text):
        return True
    try:
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    except (SyntaxError, ValueError, RecursionError):
        return False
    for call in calls:
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        given += [part for one in given if isinstance(one, ast.Tuple | ast.List) for part in one.elts]
        if name not in _OWN_CATCHERS and any(isinstance(one, ast.Name) and one.id in _CATCHERS for one in given):
            return True
    return False
