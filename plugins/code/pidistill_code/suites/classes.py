"""Whether a task asks for a class, and, where there is no reference to show it, for which operators of it.

A program may write a class where a function was wanted, or an operator that nobody asked for, and have it say what the
tests like to hear. So an object's word on plain data counts only where it is what the task is about. With a reference
that is what the reference's objects are used for (`inside.beliefs`). Without one an object is of a class that is asked
for where that class is in the prompt or has a capital letter, and an operator is asked for where the tests put an
instance beside something else, or the task speaks of it and no test shows it between two instances. A method that
plain data has as well is asked for where the task names it, or tests use its object as they would no data.
"""

from __future__ import annotations

import array
import ast
import collections
import datetime
import decimal
import fractions
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import Final

from pidistill_code.inside.names import AS_NUMBER, JUDGING, NUMERIC, ORDERING, SIDES, TELLING

_SPECIAL = re.compile(r"__[a-z]+__")
_METHODS: Final[dict[type[ast.AST], str]] = {
    ast.Add: "__add__", ast.Sub: "__sub__", ast.Mult: "__mul__", ast.Div: "__truediv__", ast.FloorDiv: "__floordiv__",
    ast.Mod: "__mod__", ast.Pow: "__pow__", ast.MatMult: "__matmul__", ast.BitAnd: "__and__", ast.BitOr: "__or__",
    ast.BitXor: "__xor__", ast.LShift: "__lshift__", ast.RShift: "__rshift__", ast.Eq: "__eq__", ast.NotEq: "__ne__",
    ast.Lt: "__lt__", ast.LtE: "__le__", ast.Gt: "__gt__", ast.GtE: "__ge__", ast.In: "__contains__",
    ast.NotIn: "__contains__", ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__",
}  # fmt: skip
_CALLS: Final = {
    "float": "__float__", "int": "__int__", "complex": "__complex__", "abs": "__abs__", "round": "__round__",
    "math.floor": "__floor__", "math.ceil": "__ceil__", "math.trunc": "__trunc__", "hex": "__index__",
    "oct": "__index__", "bin": "__index__", "chr": "__index__", "range": "__index__", "operator.index": "__index__",
}  # fmt: skip
_ASSERTIONS: Final = {
    "assertEqual": "__eq__", "assertNotEqual": "__ne__", "assertIn": "__contains__", "assertNotIn": "__contains__",
    "assertLess": "__lt__", "assertLessEqual": "__le__", "assertGreater": "__gt__", "assertGreaterEqual": "__ge__",
}  # fmt: skip
_EQUALITY: Final = frozenset({"__eq__", "__ne__"})
_GROUPS: Final = (
    (_EQUALITY, r"\bequality\b|\bequal to\b|\bcompare[sd]? equal\b|=="),
    (ORDERING, r"\border(?:ed|ing)\b|\bcompar(?:e[sd]?|able|ison)\b|[<>]=?"),
    (JUDGING - _EQUALITY - ORDERING | NUMERIC, r"\boperators?\b|\barithmetic\b|\boverload|\badd(?:ed|ition)\b"),
    (frozenset({"__contains__"}), r"\bmembership\b|`in`|\bin operator\b|\bsupports? in\b"),
)
"""Special methods, and the words by which a task speaks of them."""
_AS_NUMBER: Final = AS_NUMBER | {"__trunc__", "__floor__", "__ceil__"}
"""Python takes one for another."""
_DATA: Final[tuple[type, ...]] = (
    str, bytes, bytearray, memoryview, int, float, complex, range, list, tuple, dict, set, frozenset, array.array,
    collections.deque, collections.Counter, collections.OrderedDict, collections.defaultdict, collections.ChainMap,
    datetime.datetime, datetime.timedelta, decimal.Decimal, fractions.Fraction, pathlib.PurePath,
)  # fmt: skip
_OF_DATA: Final = frozenset(name for kind in _DATA for name in dir(kind))
"""What values have that tests compare."""


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


def operators_used(body: Sequence[ast.stmt], classes: Sequence[str]) -> tuple[set[str], set[str]]:
    """Special methods of instances that `body` uses beside other things, and those that it uses between instances.

    An instance is what calling one of `classes` gives, by whatever name it is kept, and what operators make of it.
    """
    nodes = [node for statement in body for node in ast.walk(statement)]
    names = {
        ast.unparse(target)
        for node in nodes
        if isinstance(node, ast.Assign) and _is_made(node.value, classes, set())
        for target in node.targets
    }
    beside: set[str] = set()
    between: set[str] = set()
    for node in nodes:
        for sides, method in _uses(node):
            made = [_is_made(side, classes, names) for side in sides]
            if all(made) and len(made) > 1:
                between.add(method)
            elif any(made):
                beside.add(method)
    return beside, between


def _uses(node: ast.AST) -> Iterator[tuple[Sequence[ast.expr], str]]:
    """What an expression puts beside each other, and the special method that this asks for."""
    op: ast.AST
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            yield (left, right), _METHODS[type(op)]
        case ast.AugAssign(target=left, op=op, value=right):
            yield (left, right), _METHODS[type(op)]
        case ast.Subscript(slice=ast.Slice() as part):
            yield from (((end,), "__index__") for end in (part.lower, part.upper, part.step) if end is not None)
        case ast.Subscript(slice=index):
            yield (index,), "__index__"
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _METHODS:
            yield (operand,), _METHODS[type(op)]
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            for one, op, other in zip((left, *comparators), ops, comparators, strict=False):
                if isinstance(op, ast.In | ast.NotIn):
                    yield (other,), _METHODS[type(op)]
                elif type(op) in _METHODS:
                    yield (one, other), _METHODS[type(op)]
        case ast.Call(func=ast.Attribute(attr=name), args=[one, other, *_]) if name in _ASSERTIONS:
            yield ((other,) if _ASSERTIONS[name] == "__contains__" else (one, other)), _ASSERTIONS[name]
        case ast.Call(func=ast.Name(id="divmod" | "pow" as name), args=[one, other, *_]):
            yield (one, other), f"__{name}__"
        case ast.Call(func=func, args=[argument, *_]) if ast.unparse(func) in _CALLS:
            yield (argument,), _CALLS[ast.unparse(func)]


def _is_made(node: ast.expr, classes: Sequence[str], names: set[str]) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name in classes
        case ast.Name() | ast.Attribute():
            return ast.unparse(node) in names
        case ast.BinOp(left=left, right=right):
            return _is_made(left, classes, names) or _is_made(right, classes, names)
        case ast.UnaryOp(operand=operand):
            return _is_made(operand, classes, names)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return any(_is_made(element, classes, names) for element in elements)
    return False


def _methods_of_objects(body: Sequence[ast.stmt]) -> set[str]:
    """Methods that plain data has as well, of what tests keep under a name and use as no plain data can be used: they
    call `u.merge`, so `u.find` is the object's own."""
    nodes = [node for statement in body for node in ast.walk(statement)]
    used: dict[str, set[str]] = {
        target.id: set()
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    objects: set[str] = set()
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in used:
                used[name].add(attribute)
                objects |= {name} if attribute not in _OF_DATA else set()
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute))):
                objects |= {name} if attribute in TELLING else set()  # whose answer says all that there is to it
    return {name for kept in objects & used.keys() for name in used[kept] & TELLING}


def asked_operators(task: str, body: Sequence[ast.stmt], classes: Sequence[str]) -> list[str]:
    """Special methods, and methods of plain data, that a task without a reference is about.

    `task` is what it says, `body` its tests, `classes` those that it asks for.
    """
    found = {name for name in TELLING if re.search(rf"\b{name}\b", task)} | _methods_of_objects(body)
    if not classes:
        return sorted(found)
    beside, between = operators_used(body, classes)
    found |= beside
    spoken = set(_SPECIAL.findall(task)) & (SIDES | NUMERIC)
    for group, words in _GROUPS:
        if not between & group and re.search(words, task, re.IGNORECASE):
            spoken |= group
    found |= spoken - between
    for group in (_EQUALITY, ORDERING, _AS_NUMBER):
        if found & group:
            found |= group
    others = {name for name in found if name in JUDGING} - _EQUALITY - ORDERING
    return sorted(found | {f"__{mark}{name[2:]}" for name in others for mark in "ri"} & SIDES)
