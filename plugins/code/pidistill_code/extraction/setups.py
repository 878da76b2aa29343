"""Statements that make nothing, and that another block's program may need to run.

The depth of recursion, the digits of a number, the stack of threads and the precision of decimals are set once, mostly
in a cell of their own, and are of no use but for what comes after. What watches a program, such as `sys.settrace`, is
none of these.
"""

from __future__ import annotations

import ast
import decimal
import sys
import threading
from typing import Final

from pidistill_code.extraction.blocks import BUILT_IN

_MODULES: Final = {"sys": sys, "threading": threading, "decimal": decimal}
_FUNCTIONS: Final = frozenset(
    name
    for module in _MODULES.values()
    for name in dir(module)
    if (name.startswith("set") and not name.startswith(("settrace", "setprofile"))) or name == "stack_size"
)
_KNOWN: Final = BUILT_IN.union(_MODULES, *map(dir, _MODULES.values()))


def sets_up(node: ast.stmt) -> bool:
    """Whether it sets a limit of the interpreter's, to what it works out from nothing but modules."""
    match node:
        case ast.Expr(value=ast.Call(func=function)):
            found = _of_module(function) in _FUNCTIONS
        case ast.Assign(targets=[ast.Attribute(value=ast.Call(func=function, args=[]))]):
            found = _of_module(function) == "getcontext"
        case _:
            return False
    return found and all(it.id in _KNOWN for it in ast.walk(node) if isinstance(it, ast.Name))


def extends(node: ast.stmt) -> frozenset[str]:
    """Names of the functions or classes that it gives an attribute, and does nothing else."""
    match node:
        case ast.Assign(targets=targets):
            names = [_owner(target) for target in targets]
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target, value=ast.AST()):
            names = [_owner(target)]
        case ast.Expr(value=ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=name), _, _])):
            names = [name]
        case _:
            names = []
    return frozenset(names) if all(names) else frozenset()


def sets_in_module(node: ast.stmt) -> frozenset[str]:
    """Names of the module that a function makes when it is called."""
    if not isinstance(node, ast.FunctionDef):
        return frozenset()
    return frozenset(name for it in ast.walk(node) if isinstance(it, ast.Global) for name in it.names)


def _of_module(function: ast.expr) -> str:
    """The name of a function as its module has it."""
    match function:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in _MODULES:
            return name
    return ""


def _owner(target: ast.expr) -> str:
    return target.value.id if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) else ""
