"""Whether a task asks for a class, and for which operators of it.

A program may write a class where a function was wanted, or an operator that nobody asked for, and have it say what the
tests like to hear. So an object's word on plain data counts only where it is what the task is about: its name is a
class in the reference or, without one, in the prompt or by its capital letter; the special method is written in the
reference or, without one, the task speaks of it or of operators at all, or the tests put an instance beside one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from typing import Final

from pidistill_code.inside.standins import AS_NUMBER, ORDERING, SIDES

_SPECIAL = re.compile(r"__[a-z]+__")
_SPEAKS = re.compile(
    r"operators?\b|\bequal|\bcompar|\barithmetic|\boverload|\border(?:ed|ing)\b|\bdunder|\bmagic method|\bmembership\b",
    re.IGNORECASE,
)
_METHODS: Final[dict[type[ast.AST], str]] = {
    ast.Add: "__add__", ast.Sub: "__sub__", ast.Mult: "__mul__", ast.Div: "__truediv__", ast.FloorDiv: "__floordiv__",
    ast.Mod: "__mod__", ast.Pow: "__pow__", ast.MatMult: "__matmul__", ast.BitAnd: "__and__", ast.BitOr: "__or__",
    ast.BitXor: "__xor__", ast.LShift: "__lshift__", ast.RShift: "__rshift__", ast.Eq: "__eq__", ast.NotEq: "__ne__",
    ast.Lt: "__lt__", ast.LtE: "__le__", ast.Gt: "__gt__", ast.GtE: "__ge__", ast.In: "__contains__",
    ast.NotIn: "__contains__",
}  # fmt: skip
_EQUALITY: Final = frozenset({"__eq__", "__ne__"})


def asks_class(name: str, prompt: str, reference: str | None) -> bool:
    """Whether the task wants `name` to be a class."""
    word = re.escape(name)
    text = prompt if reference is None else reference
    if re.search(rf"^[ \t]*class[ \t]+{word}\b", text, re.MULTILINE):
        return True
    if re.search(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{word}\b", text, re.MULTILINE):
        return False
    made = reference is not None and re.search(rf"^{word}[ \t]*=", reference, re.MULTILINE)
    return name[:1].isupper() or bool(made)


def operators_used(body: Sequence[ast.stmt], classes: Sequence[str]) -> set[str]:
    """Special methods of what is made by calling `classes`, and of what operators make of it, that `body` uses."""
    nodes = [node for statement in body for node in ast.walk(statement)]
    names = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and _is_made(node.value, classes, set())
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: set[str] = set()
    sides: Sequence[ast.expr]
    for node in nodes:
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                sides, methods = (left, right), [_METHODS[type(op)]]
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides, methods = (left, *comparators), [_METHODS[type(op)] for op in ops if type(op) in _METHODS]
            case ast.Call(func=ast.Name(id="float" | "int" | "complex" as name), args=[argument]):
                sides, methods = (argument,), [f"__{name}__"]
            case _:
                continue
        if any(_is_made(side, classes, names) for side in sides):
            found.update(methods)
    return found


def _is_made(node: ast.expr, classes: Sequence[str], names: set[str]) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name in classes
        case ast.Name(id=name):
            return name in names
        case ast.BinOp(left=left, right=right):
            return _is_made(left, classes, names) or _is_made(right, classes, names)
        case ast.UnaryOp(operand=operand):
            return _is_made(operand, classes, names)
    return False


def asked_operators(task: str, reference: str | None, used: Iterable[str] = ()) -> Iterable[str]:
    """Special methods that the task is about; with each, what Python makes of it.

    `task` is what it says, `used` what its tests use.
    """
    known = SIDES | AS_NUMBER
    if reference is None and _SPEAKS.search(task):
        return sorted(known)
    text = task if reference is None else reference
    found = set(_SPECIAL.findall(text)) & known
    if reference is None:
        found |= set(used)
    for group in (_EQUALITY, ORDERING):
        if found & group and (group is _EQUALITY or reference is None or "total_ordering" in text):
            found |= group
    found |= {f"__{mark}{name[2:]}" for name in tuple(found - _EQUALITY - ORDERING) for mark in "ri"} & known
    return sorted(found)
