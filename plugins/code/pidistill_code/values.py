"""When an answer is the expected one: comparison of plain values that no candidate's class can take part in.

Answers arrive as `pidistill.sandbox.Plain`, exact built-in types, so `==` here is Python's own: `True == 1 == 1.0`, a
tuple is no list, NaN equals nothing, floats are equal to the last bit. Three things are added:

* An instance of a subclass of a plain type (Counter, namedtuple, IntEnum) counts as its content, which the sandbox
  read past all overridden methods. A class counts as its name. Any other object is `Opaque` and equals nothing.
* `close` is for data that states a tolerance, and for references that are floats: numbers within `tolerance`,
  absolute or relative, whichever is larger. NaN is close to nothing. Lists and tuples are one there, because JSON has
  lists only.
* `same_output` is for programs that print: trailing white space is ignored, and tokens that are decimal numbers compare
  as numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias, cast

from pidistill.sandbox import Described, Plain

_MOST_COLLISIONS: Final = 256
_NUMBER = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_SHOWN: Final = 300
_SCALARS: Final = frozenset((type(None), bool, int, float, complex, str, bytes))
_COLLECTIONS: Final = (list, tuple, set, frozenset)


@dataclass(frozen=True)
class TypeName:
    """A class that was returned, or is expected, by name."""

    name: str
    """`module.qualname`."""


class Opaque:
    """An object of no plain type. Equal to nothing, not even to another of its kind."""

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __repr__(self) -> str:
        return f"<{self.type_name} object>"


Value: TypeAlias = "Plain | TypeName | Opaque"


class HostileValueError(ValueError):
    """A value made to stall whoever looks at it."""


def normalise(value: Plain) -> Value:
    """`value` with every `Described` in it replaced as the module says."""
    return value if type(value) in _SCALARS else cast(Value, _normalised(value))


def _normalised(value: object) -> object:
    if isinstance(value, _COLLECTIONS):
        return value if _is_flat(value) else type(value)(map(_normalised, value))
    if isinstance(value, dict):
        return {_normalised(key): _normalised(item) for key, item in value.items()}
    if isinstance(value, Described):
        if value.content is None:
            return Opaque(value.type_name)
        return TypeName(str(value.content)) if value.type_name == "builtins.type" else _normalised(value.content)
    return value


def _is_flat(values: Iterable[object]) -> bool:
    """Whether all of `values` are scalars, which most collections hold."""
    return _SCALARS.issuperset(map(type, values))


def is_plain(value: object) -> bool:
    """Whether `value` can be sent to a sandbox: built-in data through and through."""
    if type(value) in _SCALARS:
        return True
    if isinstance(value, _COLLECTIONS):
        return _is_flat(value) or all(map(is_plain, value))
    return isinstance(value, dict) and is_plain(list(value.keys())) and is_plain(list(value.values()))


def close(got: object, expected: object, tolerance: float = 0.0) -> bool:
    """Whether `got` is `expected`, numbers within `tolerance` (absolute and relative), tuples as lists."""
    if isinstance(expected, list | tuple):
        return (
            isinstance(got, list | tuple)
            and len(got) == len(expected)
            and all(close(a, b, tolerance) for a, b in zip(got, expected, strict=True))
        )
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and got.keys() == expected.keys()
            and all(close(got[key], item, tolerance) for key, item in expected.items())
        )
    if tolerance and _is_number(got) and _is_number(expected) and got != expected:
        try:
            difference = abs(got - expected)  # type: ignore[operator]
            return bool(difference <= tolerance * max(1.0, abs(expected)))  # type: ignore[arg-type]
        except OverflowError:
            return False
    return bool(got == expected)


def _is_number(value: object) -> bool:
    return type(value) in (int, float, complex)


def identical(left: object, right: object) -> bool:
    """Whether no code could tell these plain values apart: equal, of the same types throughout, in the same order."""
    if type(left) is not type(right):
        return False
    if type(left) is float:
        return repr(left) == repr(right) and not math.isnan(left)
    if type(left) in _SCALARS:
        return bool(left == right)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(identical, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return identical(list(left.items()), list(right.items()))
    if isinstance(left, set | frozenset) and isinstance(right, set | frozenset):
        return identical(list(left), list(right))
    return False


def holds_float(value: object) -> bool:
    """Whether there is a float anywhere in `value`."""
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(holds_float, value))
    if isinstance(value, dict):
        return any(holds_float(key) or holds_float(item) for key, item in value.items())
    return type(value) in (float, complex)


def check_hashes(items: Iterable[object]) -> None:
    """Raise `HostileValueError` where so many different items share a hash that a set of them would take for ever."""
    first: dict[int, object] = {}
    collisions = 0
    for item in items:
        known = first.setdefault(hash(item), item)
        if known is not item and known != item:
            collisions += 1
            if collisions > _MOST_COLLISIONS:
                raise HostileValueError("values made to collide")


def frozen(value: object) -> object:
    """Something hashable that is equal for values that are equal, lists and tuples being one."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, list | tuple):
        return tuple(value if _is_flat(value) else map(frozen, value))
    if isinstance(value, set | frozenset):
        return frozenset(map(frozen, value))
    if isinstance(value, dict):
        return frozenset((frozen(key), frozen(item)) for key, item in value.items())
    return value


def is_nan(value: object) -> bool:
    """Whether `value` is a float that is not a number."""
    return type(value) is float and math.isnan(value)


def same_output(got: str, expected: str) -> bool:
    """Whether a program printed what it should; see the module."""
    ours, theirs = _lines(got), _lines(expected)
    if ours == theirs:
        return True
    return len(ours) == len(theirs) and all(map(_same_line, ours, theirs))


def _lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _same_line(got: str, expected: str) -> bool:
    if got == expected:
        return True
    ours, theirs = got.split(), expected.split()
    return len(ours) == len(theirs) and all(map(_same_token, ours, theirs))


def _same_token(got: str, expected: str) -> bool:
    if got == expected:
        return True
    return bool(_NUMBER.fullmatch(got) and _NUMBER.fullmatch(expected) and Decimal(got) == Decimal(expected))


def shown(value: object, most: int = _SHOWN) -> str:
    """`value` as Python writes it, cut to `most` characters."""
    try:
        text = value.name if isinstance(value, TypeName) else repr(value)
    except (ValueError, RecursionError):  # an integer too long to print
        text = f"a very large {type(value).__name__}"
    return text if len(text) <= most else f"{text[: most - 3]}..."
