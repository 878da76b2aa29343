"""Test code and preambles as they are run: what compares, catches, or asks for a class goes through functions of ours.

These are the runner's (`inside.runner`), beside a program, or the room's (`harness`). NaN may stand on no side of an
ordering; a handler that would catch anything is looked at when it does (`inside.catching`); and what stands for an
object of a program's is of the class that the object is of (`inside.data`).
"""

from __future__ import annotations

import ast
import builtins
from functools import lru_cache
from typing import Final, cast

from pidistill_code.syntax import parse

_ERRORS: Final = frozenset(
    name for name, item in vars(builtins).items() if isinstance(item, type) and issubclass(item, BaseException)
)
"""Exceptions that a test knows without a program."""


def _is_known(kinds: ast.expr) -> bool:
    """Whether nobody but the test says what a handler catches."""
    if isinstance(kinds, ast.Tuple):
        return all(map(_is_known, kinds.elts))
    return isinstance(kinds, ast.Name) and kinds.id in _ERRORS


def _binds(node: ast.AST, name: str) -> bool:
    """Whether a module, or a function or class itself, uses the name for something of its own."""
    arguments = getattr(node, "args", None)
    if isinstance(arguments, ast.arguments):
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        if any(one is not None and one.arg == name for one in named):
            return True
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        part = waiting.pop()
        match part:
            case ast.Name(id=found, ctx=ast.Store() | ast.Del()) if found == name:
                return True
            case ast.alias() if name in (part.name, part.asname):
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
                if getattr(part, "name", "") == name:
                    return True
            case _:
                waiting += ast.iter_child_nodes(part)
    return False


class _Asking(ast.NodeTransformer):
    """Asks `_type_of` where code asks `type` for the class of something, `_class_of` where it reads `__class__`, and
    `_is_subclass` of classes."""

    _asks = True

    def generic_visit(self, node: ast.AST) -> ast.AST:
        own = isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda)
        outer = self._asks
        if own and _binds(node, "type"):
            self._asks = False
        found = super().generic_visit(node)
        self._asks = outer
        return found

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if node.attr != "__class__" or not isinstance(node.ctx, ast.Load):
            return node
        return ast.Call(ast.Name("_class_of", ast.Load()), [node.value], [])

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if not self._asks:
            return node
        match node:
            case ast.Call(func=ast.Name(id="type") as asked, args=[item], keywords=[]):
                asked.id = "type" if isinstance(item, ast.Starred) else "_type_of"
            case ast.Call(func=ast.Name(id="issubclass") as asked):
                asked.id = "_is_subclass"
            case ast.Call(func=ast.Name(id="map" | "groupby" | "sorted" | "min" | "max")):
                for item in (*node.args, *(keyword.value for keyword in node.keywords)):
                    if isinstance(item, ast.Name) and item.id == "type":
                        item.id = "_type_of"
        return node


class _Guarded(_Asking):
    """Passes every side of <, <=, > and >= through `_number`, and what handlers catch through `_caught_by`, and lets
    asserts fail as `_forgiven` says."""

    def visit_Assert(self, node: ast.Assert) -> ast.Try:
        self.generic_visit(node)
        failed = ast.ExceptHandler(ast.Name("_forgiven", ast.Load()), None, [ast.Pass()])
        return ast.Try([node], [failed], [], [])

    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        self.generic_visit(node)
        if any(isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in node.ops):
            name = ast.Name("_number", ast.Load())
            sides = [node.left, *node.comparators]
            node.left, *node.comparators = [cast(ast.expr, ast.Call(name, [side], [])) for side in sides]
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        self.generic_visit(node)
        if node.type is not None and not _is_known(node.type):
            node.type = ast.Call(ast.Name("_caught_by", ast.Load()), [node.type], [])
        return node


@lru_cache(maxsize=256)
def guarded(statements: str) -> str:
    """Test code, rewritten. Out here, where the parser is loaded already."""
    return ast.unparse(ast.fix_missing_locations(_Guarded().visit(parse(statements))))


@lru_cache(maxsize=256)
def asking(preamble: str) -> str:
    """A preamble as it is run beside the tests, where objects may be those of a program."""
    if not any(word in preamble for word in ("type", "issubclass", "__class__")):
        return preamble
    try:
        return ast.unparse(ast.fix_missing_locations(_Asking().visit(parse(preamble))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return preamble  # which says so when it is run
