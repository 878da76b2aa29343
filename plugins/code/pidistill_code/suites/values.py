"""When an answer is the expected one: comparison of plain values that no candidate's class can take part in.

Answers arrive as `pidistill.sandbox.Plain`, exact built-in types, so `==` here is Python's own: `True == 1 == 1.0`, a
tuple is no list, NaN equals nothing, floats are equal to the last bit. Three things are added:

* A value of a well-known class of the standard library (`KNOWN`: Decimal, Fraction, range, dates, views of
  dictionaries ...) is made anew here and acts as Python says. An instance of another subclass of a plain type (a named
  tuple, an IntEnum) counts as its content, which the sandbox read past all overridden methods. A class counts as its
  name. Any other object is `Opaque` and equals nothing.
* `close` is for data that states a tolerance or the expected value as JSON, and for references that are floats:
  EvalPlus's rule, where a leaf that should be a float may be off by 1e-6 and a ten-millionth of itself. Integers and
  infinities are exact, NaN is close to nothing.
* `same_output` is for programs that print: see there.
"""

from __future__ import annotations

import array
import collections
import datetime
import math
import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias, cast

from pidistill.sandbox import Described, Plain
from pidistill_sandboxes.inside.child import MODULE

_MOST_COLLISIONS: Final = 256
_LONGEST_RANGE: Final = 1 << 20
_MOST_DIGITS: Final = 10_000
_RELATIVE: Final = 1e-7
"""What `numpy.allclose` adds to EvalPlus's absolute tolerance, as a share of the expected number."""
_NUMBER = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_PRINTED = re.compile(r"-?(?:0|[1-9]\d{0,40})(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_SHOWN: Final = 300
SCALARS: Final = frozenset((type(None), bool, int, float, complex, str, bytes))
_OWN: Final = f"{MODULE}."
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


class UnreadableError(TypeError):
    """Something of which too little is known here: the test has to be run where the object can be asked."""


class _WithDefault(dict):  # type: ignore[type-arg]
    """A `defaultdict`, whose default only its program knows."""

    def __missing__(self, key: object) -> object:
        raise UnreadableError("a default that is not known")


class HostileValueError(ValueError):
    """A value made to stall whoever looks at it."""


def normalise(value: Plain) -> Value:
    """`value` with every `Described` in it replaced as the module says."""
    return value if type(value) in SCALARS else cast(Value, _normalised(value))


def _normalised(value: object) -> object:
    if isinstance(value, _COLLECTIONS):
        if _is_flat(value):
            return value
        items = list(map(_normalised, value))
        return type(value)(_apart(items) if isinstance(value, set | frozenset) else items)
    if isinstance(value, dict):
        keys = value if _is_flat(value) else _apart(list(map(_normalised, value)))
        return dict(zip(keys, map(_normalised, value.values()), strict=True))
    if isinstance(value, Described):
        if value.content is None:
            return Opaque(value.type_name)
        if value.type_name == "builtins.type":
            return TypeName(str(value.content))
        content = _normalised(value.content)
        make = KNOWN.get(value.type_name)
        if make is None:
            return content
        try:
            return make(content)
        except (TypeError, ValueError, ArithmeticError, LookupError):
            return Opaque(value.type_name)
    return value


def _range(parts: tuple[int, int, int]) -> range:
    made = range(*parts)
    if len(made) > _LONGEST_RANGE:
        raise ValueError("a range too long")
    return made


def _decimal(text: str) -> Decimal:
    made = Decimal(text)
    if (made.is_finite() and abs(made.adjusted()) > _MOST_DIGITS) or made.is_snan():
        raise ValueError("a number too large")
    return made


def _fraction(parts: tuple[int, int]) -> Fraction:
    if max(part.bit_length() for part in parts) > 4 * _MOST_DIGITS:
        raise ValueError("a number too large")
    return Fraction(*parts)


def _of(content: Any, kind: type) -> Any:
    """`content`, which is of the one kind that the sandbox gives for a class. A class may only have another's name."""
    if type(content) is not kind:
        raise TypeError(f"content that is a {type(content).__name__}")
    return content


def _apart(items: Any) -> Any:
    check_hashes(items)
    return items


def _pairs(items: Any) -> Any:
    pairs = [(key, item) for key, item in items]
    check_hashes([key for key, _ in pairs])
    return pairs


_DEFAULTS: Final = "collections.defaultdict"
KNOWN: Final[Mapping[str, Callable[[Any], object]]] = {
    "builtins.range": _range,
    "builtins.bytearray": lambda data: bytearray(_of(data, bytes)),
    "builtins.dict_keys": lambda items: dict.fromkeys(_apart(_of(items, list))).keys(),
    "builtins.dict_values": lambda items: dict(enumerate(items)).values(),
    "builtins.dict_items": lambda items: dict(_pairs(_of(items, list))).items(),
    "decimal.Decimal": _decimal,
    "fractions.Fraction": _fraction,
    "datetime.date": lambda parts: datetime.date(*parts),
    "datetime.time": lambda parts: datetime.time(*parts),
    "datetime.datetime": lambda parts: datetime.datetime(*parts),
    "datetime.timedelta": lambda parts: datetime.timedelta(*parts),
    "collections.OrderedDict": lambda items: collections.OrderedDict(
        items if isinstance(items, dict) else _pairs(_of(items, list))
    ),
    "collections.deque": lambda parts: collections.deque(*parts),
    "collections.Counter": lambda items: collections.Counter(_of(items, dict)),
    _DEFAULTS: lambda items: _WithDefault(_of(items, dict)),
    "collections.UserList": lambda items: collections.UserList(_of(items, list)),
    "collections.UserDict": lambda items: collections.UserDict(_of(items, dict)),
    "collections.UserString": lambda text: collections.UserString(_of(text, str)),
    "collections.ChainMap": lambda items: collections.ChainMap(_of(items, dict)),
    "builtins.mappingproxy": lambda items: types.MappingProxyType(_of(items, dict)),
    "builtins.memoryview": lambda data: memoryview(_of(data, bytes)),
}
"""What makes a well-known value of its content, as `pidistill_sandboxes.inside.wire` gives it."""


def is_readable(value: object) -> bool:
    """Whether there is no `Opaque` and no class in `value`."""
    if isinstance(value, Opaque | TypeName):
        return False
    if isinstance(value, _COLLECTIONS):
        return _is_flat(value) or all(map(is_readable, value))
    if isinstance(value, dict):
        return is_readable(list(value.keys())) and is_readable(list(value.values()))
    return True


def holds_own(value: Plain) -> bool:
    """Whether there is an instance of a class of the program's in it that counts as its content here, for Python may do
    something else with it: `abs` of a named tuple that says what that is."""
    return _holds(value, lambda found: found.type_name.startswith(_OWN))


def has_own_text(value: Plain) -> bool:
    """Whether Python may write it otherwise than its content here."""
    return _holds(value, lambda found: found.type_name.startswith(_OWN) or found.type_name == _DEFAULTS)


def _holds(value: Plain, is_one: Callable[[Described], bool]) -> bool:
    if isinstance(value, _COLLECTIONS):
        return not _is_flat(value) and any(_holds(item, is_one) for item in value)
    if isinstance(value, dict):
        return _holds(list(value.keys()), is_one) or _holds(list(value.values()), is_one)
    return isinstance(value, Described) and value.content is not None and is_one(value)


def is_changeable(value: object) -> bool:
    """Whether a program that keeps `value` can change it, or a part of it, after it has given it."""
    if isinstance(value, tuple | frozenset):
        return not _is_flat(value) and any(map(is_changeable, value))
    return isinstance(value, list | set | dict | bytearray | collections.deque | array.array)


def _is_flat(values: Iterable[object]) -> bool:
    """Whether all of `values` are scalars, which most collections hold."""
    return SCALARS.issuperset(map(type, values))


def is_plain(value: object) -> bool:
    """Whether `value` can be sent to a sandbox: built-in data through and through."""
    if type(value) in SCALARS:
        return True
    if isinstance(value, _COLLECTIONS):
        return _is_flat(value) or all(map(is_plain, value))
    return type(value) is dict and is_plain(list(value.keys())) and is_plain(list(value.values()))


def close(got: object, expected: object, tolerance: float = 0.0, json: bool = True) -> bool:
    """Whether `got` is `expected`, floats within `tolerance` and a ten-millionth; with `json`, tuples are as lists."""
    if isinstance(expected, list | tuple):
        return (
            (isinstance(got, list | tuple) if json else type(got) is type(expected))
            and len(got) == len(expected)  # type: ignore[arg-type]
            and all(close(a, b, tolerance, json) for a, b in zip(got, expected, strict=True))  # type: ignore[call-overload]
        )
    if isinstance(expected, dict) and type(expected) is not collections.OrderedDict:
        return (
            isinstance(got, dict)
            and got.keys() == expected.keys()
            and all(close(got[key], item, tolerance, json) for key, item in expected.items())
        )
    if tolerance and type(expected) in (float, complex) and type(got) in (int, float, complex) and got != expected:
        try:
            difference = float(abs(got - expected))  # type: ignore[operator]
            size = float(abs(expected))  # type: ignore[arg-type]
        except OverflowError:
            return False
        return math.isfinite(size) and bool(difference <= tolerance + _RELATIVE * size)
    return bool(got == expected)


def identical(left: object, right: object) -> bool:
    """Whether no code could tell these plain values apart: equal, of the same types throughout, in the same order."""
    if type(left) is not type(right):
        return False
    if type(left) is float:
        return repr(left) == repr(right) and not math.isnan(left)
    if type(left) in SCALARS:
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
    if type(value) in SCALARS:
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
    """Whether a program printed what it should.

    Line by line: white space at a line's end, and empty lines at the end of all, do not count; at a line's beginning it
    does. A line whose expected words are all numbers is compared word by word, so any space may stand between them, and
    where one of two numbers has a decimal point they need only be equal (`2.5` for `2.50`, `6.0` for `6`); a sign or
    zeros that Python does not print count as they are (`+5`, `007`). Any other line is compared as it is.
    """
    ours, theirs = _lines(got), _lines(expected)
    return ours == theirs or (len(ours) == len(theirs) and all(map(_same_line, ours, theirs)))


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _same_line(got: str, expected: str) -> bool:
    if got == expected:
        return True
    words = expected.split()
    if not words or not all(map(_NUMBER.fullmatch, words)) or _margin(got) != _margin(expected):
        return False
    ours = got.split()
    return len(ours) == len(words) and all(map(_same_number, ours, words))


def _margin(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _same_number(got: str, expected: str) -> bool:
    if got == expected:
        return True
    printed = "." in expected + got and _PRINTED.fullmatch(got) and _PRINTED.fullmatch(expected)
    return bool(printed) and Decimal(got) == Decimal(expected)


def shown(value: object, most: int = _SHOWN) -> str:
    """`value` as Python writes it, cut to `most` characters. What is large is not written out whole."""
    try:
        text = _written(value, most)
    except (ValueError, RecursionError):  # an integer too long to print
        text = f"a very large {type(value).__name__}"
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _written(value: object, most: int) -> str:
    if isinstance(value, TypeName):
        return value.name
    if isinstance(value, str | bytes):
        return repr(value[: most + 1])
    if (type(value) not in _COLLECTIONS and type(value) is not dict) or not value:
        return repr(value)
    parts: list[str] = []
    room = most
    for item in value:  # type: ignore[attr-defined]
        part = _written(item, room)
        if isinstance(value, dict):
            part += f": {_written(value[item], room)}"
        parts.append(part)
        room -= len(part) + 2
        if room < 0:
            break
    text = ", ".join(parts)
    if isinstance(value, tuple):
        return f"({text},)" if len(value) == 1 else f"({text})"
    if isinstance(value, frozenset):
        return f"frozenset({{{text}}})"
    return f"[{text}]" if isinstance(value, list) else f"{{{text}}}"
