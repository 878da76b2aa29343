"""Classes by which a test would catch its own failures: `AssertionError`, and what that is derived from.

A program that hands over such a class where the test expects one of its own exceptions (`except refused():`) would have
the test catch the assert that says that nothing was raised.
"""

from __future__ import annotations

import ast
import collections
import functools
import re
import types
from typing import Any

from pidistill_code.inside.graph import SCALARS
from pidistill_code.inside.standins import is_remote

_CATCHERS = frozenset({"AssertionError", "Exception", "BaseException"})
_OWN_CATCHERS = frozenset({"raises", "assertRaises", "assertRaisesRegex", "isinstance", "issubclass", "except"})
_MAY_CATCH = re.compile(r"\bexcept\b|suppress|[rR]aises")
_SPEAKS_OF_ALL = re.compile(r"(?<!raise )\b(?:Base)?(?:Exception|AssertionError)\b")


def catches_all(item: Any) -> bool:
    """Whether an `except` of it catches the `AssertionError` of a test's own assert."""
    if isinstance(item, tuple):
        return any(map(catches_all, item))
    own = isinstance(item, type) and not is_remote(type(item)) and issubclass(item, BaseException)
    return own and issubclass(AssertionError, item)


def may_catch(text: str) -> bool:
    """Whether a test catches something, and speaks of no class that catches all but to raise it."""
    return _MAY_CATCH.search(text) is not None and _SPEAKS_OF_ALL.search(text) is None


def catcher_in(found: Any) -> Any:
    """A class by which a test would catch its own failures, as an answer or in one; None where there is none."""
    waiting, seen = [found], set[int]()
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind in SCALARS or id(item) in seen:
            continue
        seen.add(id(item))
        if kind is not tuple and catches_all(item):
            return item
        if kind in (list, tuple, set, frozenset, collections.deque):
            waiting += item
        elif isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif kind is types.SimpleNamespace:
            waiting += vars(item).values()
    return None


@functools.lru_cache(maxsize=8)
def tells_to_catch(text: str) -> bool:
    """Whether the test hands a class to something that may catch failures by it, as in `ignoring(AssertionError)`."""
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
