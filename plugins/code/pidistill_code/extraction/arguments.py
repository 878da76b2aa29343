"""Whether a function can be called as a program calls it.

A helper may have the name of a built-in, and so may an example's data: `max = 5`. What the program calls by that name,
with as many arguments as the helper has, is the helper.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping

_VALUES = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.JoinedStr, ast.ListComp, ast.DictComp, ast.SetComp)


def calls(body: Iterable[ast.stmt]) -> Mapping[str, list[ast.Call]]:
    """The calls in code, by the name that is called."""
    found = defaultdict[str, list[ast.Call]](list)
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                found[node.func.id].append(node)
    return found


def takes(node: ast.stmt, call: ast.Call) -> bool:
    """Whether it is a function that takes a call's arguments; stars may stand for any number."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    own = node.args
    names = [it.arg for it in (*own.posonlyargs, *own.args)]
    given = {it.arg for it in call.keywords}
    if any(isinstance(it, ast.Starred) for it in call.args) or None in given:
        return True
    if len(call.args) > len(names) and own.vararg is None:
        return False
    left = names[len(call.args) : len(names) - len(own.defaults)]
    left += [it.arg for it, default in zip(own.kwonlyargs, own.kw_defaults, strict=True) if default is None]
    known = {*names[max(len(call.args), len(own.posonlyargs)) :], *(it.arg for it in own.kwonlyargs)}
    return known.intersection(given).issuperset(left) and (own.kwarg is not None or given <= known)


def is_value(node: ast.stmt) -> bool:
    """Whether it gives a name to data as it is written, which nobody can call."""
    return isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, _VALUES)
