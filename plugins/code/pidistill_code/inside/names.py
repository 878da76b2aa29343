"""Names that the interpreter gives a meaning, by what objects of the other side may say under them."""

from __future__ import annotations

from typing import Any

JUDGING = frozenset(
    f"__{mark}{name}__"
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul", "and", "or", "xor",
                 "lshift", "rshift")
    for mark in ("", "r", "i")
) | {"__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"}  # fmt: skip
IN_PLACE = frozenset(name for name in JUDGING if name[:3] == "__i")
"""Operators that change an object: where they give it back they say nothing about other data."""
_OTHERS = frozenset(
    f"__{name}__"
    for name in ("call", "len", "getitem", "setitem", "delitem", "iter", "next", "contains", "enter", "exit", "bool",
                 "int", "float", "index", "complex", "abs", "neg", "pos", "invert", "round", "reversed", "str", "repr",
                 "format", "hash", "fspath", "bytes", "trunc", "floor", "ceil", "aiter", "anext", "aenter", "aexit",
                 "await", "missing", "get", "set", "delete", "set_name")
)  # fmt: skip
FORWARDED = JUDGING | _OTHERS
ORDERING = frozenset({"__lt__", "__le__", "__gt__", "__ge__"})
SIDES = JUDGING | {"__contains__"}
"""Special methods that are told the other side of an operator."""
AS_NUMBER = frozenset({"__float__", "__int__", "__index__", "__complex__"})
NUMERIC = AS_NUMBER | {"__abs__", "__neg__", "__pos__", "__invert__", "__round__", "__trunc__", "__floor__", "__ceil__"}
"""Those by which an object counts as a number, which it may do each time as another one."""
TELLING = frozenset(
    name
    for kind in (str, bytes, tuple, frozenset, int, float, range)
    for name in dir(kind)
    if name[0] != "_" and name not in ("copy", "format")
) | {"compare", "compare_signal", "compare_total", "compare_total_mag", "max", "max_mag", "min", "min_mag",
     "same_quantum", "quantize", "remainder_near", "subtract", "symmetric_difference_update"}  # fmt: skip
"""Methods of plain data that may be told other data, and so say something about it."""
HEAP_TYPE = 1 << 9
"""Flag of a class that is not built in."""
PROGRAM = "candidate"
"""The module that programs are."""


def is_special(name: str) -> bool:
    """Whether the interpreter gives the name its meaning."""
    return name[:2] == "__" and name[-2:] == "__"


def own(kind: Any) -> Any:
    """What a class has itself, here: `vars` of a class of the other side asks there."""
    return type.__getattribute__(kind, "__dict__")
