"""What an expression of a test may do with answers, on the trusted side: operators and a few harmless builtins.

None of them runs code of a value's class, since plain values have none, and each is bounded: no power, product,
sequence or set grows out of proportion to its operands. NaN may stand on no side of an ordering.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

from pidistill_code.suites.values import Opaque, TypeName, UnreadableError, check_hashes, is_nan

_MOST_BITS: Final = 1 << 16
_LONGEST: Final = 1 << 20


class UndefinedComparisonError(ArithmeticError):
    """NaN on a side of <, <=, > or >=: no test may pass on that, however it is wrapped (`not abs(nan - y) > eps`)."""


def truth(value: object) -> bool:
    """Whether `value` counts as true. Raises `UnreadableError` for objects: what their class says is not known."""
    if isinstance(value, Opaque):
        raise UnreadableError(f"the truth of a {value.type_name}")
    return bool(value)


_NO_NUMBERS: Final = frozenset({list, tuple, dict})
_NUMBERS: Final = frozenset({int, float, complex, bool, Decimal, Fraction})


def _numbers(*values: object) -> None:
    for value in values:
        if type(value) not in _NUMBERS:
            kind = TypeError if value is None or type(value) in _NO_NUMBERS else UnreadableError
            raise kind(f"arithmetic on a {type(value).__name__}")


def _add(left: object, right: object) -> object:
    if type(left) is not type(right) or not isinstance(left, str | list | tuple):
        _numbers(left, right)
    return left + right  # type: ignore[operator]


def _multiply(left: object, right: object) -> object:
    for sequence, count in ((left, right), (right, left)):
        if isinstance(sequence, str | list | tuple) and isinstance(count, int):
            if len(sequence) * count > _LONGEST:
                raise UnreadableError("a sequence repeated too often")
            return sequence * count
    _numbers(left, right)
    if type(left) is int and type(right) is int and left.bit_length() + right.bit_length() > _MOST_BITS:
        raise UnreadableError("a product too large")
    return left * right  # type: ignore[operator]


def _power(left: object, right: object) -> object:
    _numbers(left, right)
    if type(left) is int and type(right) is int and left.bit_length() * abs(right) > _MOST_BITS:
        raise UnreadableError("a power too large")
    if {Decimal, Fraction} & {type(left), type(right)}:
        raise UnreadableError("a power of an unusual number")
    return left**right  # type: ignore[operator]


def _arithmetic(function: Callable[..., object]) -> Callable[..., object]:
    def run(*values: object) -> object:
        _numbers(*values)
        return function(*values)

    return run


def _ordered(function: Callable[..., object]) -> Callable[[object, object], object]:
    def run(left: object, right: object) -> object:
        if is_nan(left) or is_nan(right):
            raise UndefinedComparisonError("NaN is neither smaller nor larger")
        return function(left, right)

    return run


def _extreme(function: Callable[..., object]) -> Callable[..., object]:
    def run(*items: object) -> object:
        members = list(items[0]) if len(items) == 1 else list(items)  # type: ignore[call-overload]
        if any(map(is_nan, members)):
            raise UndefinedComparisonError("NaN is neither smaller nor larger")
        return function(members)

    return run


def _sorted(items: object, **how: object) -> object:
    members = list(items)  # type: ignore[call-overload]
    if any(map(is_nan, members)):
        raise UndefinedComparisonError("NaN is neither smaller nor larger")
    return sorted(members, **how)  # type: ignore[call-overload]


def _hashed(kind: Callable[..., object]) -> Callable[..., object]:
    def run(items: object = ()) -> object:
        members = list(items)  # type: ignore[call-overload]
        check_hashes(members)
        return kind(members)

    return run


def _dict(items: object = ()) -> object:
    pairs = list(items.items()) if isinstance(items, Mapping) else [tuple(pair) for pair in items]  # type: ignore[attr-defined]
    check_hashes([pair[0] for pair in pairs])
    return dict(pairs)


def _range(*bounds: int) -> range:
    made = range(*bounds)
    if len(made) > _LONGEST:
        raise UnreadableError("a range too long")
    return made


def _in_order(function: Callable[..., object]) -> Callable[..., object]:
    """For what goes through a value: of a set the order is the program's, and is lost on the way here."""

    def run(*values: object) -> object:
        if any(isinstance(value, set | frozenset) and len(value) > 1 for value in values):
            raise UnreadableError("the order of a set")
        return function(*values)

    return run


def _holds_set(value: object) -> bool:
    if isinstance(value, set | frozenset):
        return len(value) > 1
    if isinstance(value, dict):
        return any(map(_holds_set, [*value.keys(), *value.values()]))
    return isinstance(value, list | tuple) and any(map(_holds_set, value))


def _text(value: object) -> str:
    if isinstance(value, Opaque | TypeName):
        raise TypeError("the text of an object")
    if _holds_set(value):
        raise UnreadableError("the order of a set")
    return str(value)


FUNCTIONS: Final[Mapping[str, Callable[..., object]]] = {
    "abs": abs,
    "all": lambda items: all(map(truth, items)),
    "any": lambda items: any(map(truth, items)),
    "bool": truth,
    "dict": _dict,
    "float": float,
    "frozenset": _hashed(frozenset),
    "int": int,
    "len": len,
    "list": _in_order(list),
    "math.ceil": math.ceil,
    "math.fabs": math.fabs,
    "math.floor": math.floor,
    "math.isclose": math.isclose,
    "math.isnan": math.isnan,
    "math.sqrt": math.sqrt,
    "max": _extreme(max),
    "min": _extreme(min),
    "range": _range,
    "round": round,
    "set": _hashed(set),
    "sorted": _sorted,
    "str": _text,
    "sum": sum,
    "tuple": _in_order(tuple),
}
"""What an expression may call besides the candidate's function. None of them runs code of a value's class, since plain
values have none."""
TAKES: Final[Mapping[str, tuple[int, frozenset[str]]]] = {
    "all": (1, frozenset()),
    "any": (1, frozenset()),
    "bool": (1, frozenset()),
    "dict": (1, frozenset()),
    "frozenset": (1, frozenset()),
    "set": (1, frozenset()),
    "str": (1, frozenset()),
    "math.isclose": (2, frozenset({"rel_tol", "abs_tol"})),
    "round": (2, frozenset({"ndigits"})),
    "sorted": (1, frozenset({"reverse"})),
    "sum": (2, frozenset({"start"})),
}
"""How many arguments, and which by name, some of them take here. The others take any number, and none by name."""
MATH_CONSTANTS: Final = frozenset({"pi", "e", "inf", "tau"})
TYPES: Final = frozenset(
    {"bool", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"}
)
UNARY: Final[Mapping[type[ast.unaryop], Callable[..., object]]] = {
    ast.Not: lambda value: not truth(value),
    ast.USub: _arithmetic(operator.neg),
    ast.UAdd: _arithmetic(operator.pos),
    ast.Invert: operator.invert,
}
BINARY: Final[Mapping[type[ast.operator], Callable[..., object]]] = {
    ast.Add: _add,
    ast.Sub: _arithmetic(operator.sub),
    ast.Mult: _multiply,
    ast.Div: _arithmetic(operator.truediv),
    ast.FloorDiv: _arithmetic(operator.floordiv),
    ast.Mod: _arithmetic(operator.mod),
    ast.Pow: _power,
}
COMPARE: Final[Mapping[type[ast.cmpop], Callable[[object, object], object]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: _ordered(operator.lt),
    ast.LtE: _ordered(operator.le),
    ast.Gt: _ordered(operator.gt),
    ast.GtE: _ordered(operator.ge),
    ast.In: lambda left, right: operator.contains(right, left),  # type: ignore[arg-type]
    ast.NotIn: lambda left, right: not operator.contains(right, left),  # type: ignore[arg-type]
    ast.Is: lambda left, right: left is right,
    ast.IsNot: lambda left, right: left is not right,
}
