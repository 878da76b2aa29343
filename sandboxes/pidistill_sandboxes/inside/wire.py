"""Plain values as bytes and back: what crosses the boundary between the trusted side and the candidate's process.

A tag byte, then the content; containers carry their length. There is no tag for an object with behaviour, so decoding
cannot run anyone's code, and there is no text that is parsed as Python: no pickle, no repr, no eval. Exact types only:
`True` is not `1` on the wire, nor `1` `1.0`, and a subclass of `int` is not an `int`.

Answers come out this way, and both functions are written for a hostile other side. `encode` reads foreign objects
through the base types' own methods. `decode` bounds depth, trusts no length it has not checked against the bytes that
are there, and refuses keys that were made to collide, since a dictionary of a million of those would stall the
verifier. What goes in is the trusted side's, so there the interpreter's own `marshal` will do, which is much faster:
`check_plain` says what may go in, and nobody but the program's process ever calls `unpack`.
"""

from __future__ import annotations

import marshal
import struct
import sys
from collections.abc import Callable, Iterable
from typing import cast

MAX_DEPTH = 100
"""Containers within containers. What is deeper is described, not encoded."""
MAX_COLLISIONS = 256
"""Keys of one set or dictionary that may share their hash with another key of it."""
MAX_NAME = 200
MAX_MEMORY = 160 << 20
"""Bytes that a decoded value may take, by a generous count: an empty set is five bytes on the wire and 216 here."""

_LENGTH = struct.Struct("<I")
_INT64 = struct.Struct("<q")
_DOUBLE = struct.Struct("<d")
_COMPLEX = struct.Struct("<dd")
_INT64_MIN, _INT64_MAX = -(1 << 63), (1 << 63) - 1

Describe = Callable[[str, object], object]


class WireError(ValueError):
    """These bytes are no value, or this value has no bytes."""


class TooLargeError(WireError):
    """The encoding would be over its limit."""


# --- Encoding -------------------------------------------------------------------------------------------------------


def encode(value: object, *, foreign: bool = False, limit: int = 1 << 31) -> bytearray:
    """The bytes of `value`, at most `limit` of them (`TooLargeError`).

    With `foreign`, an object of no plain type is described by its type's name and, for subclasses of plain types and
    for classes, its content. Without, it raises `WireError`.
    """
    out = bytearray()
    _put(out, value, 0, foreign, limit)
    return out


def _put(out: bytearray, value: object, depth: int, foreign: bool, limit: int, key: bool = False) -> None:
    kind = type(value)
    writer = _SCALARS.get(kind)
    if writer is not None:
        writer(out, value)
    elif kind in _SEQUENCES and depth < MAX_DEPTH:
        items = list(value)  # type: ignore[call-overload]
        if foreign and (kind is set or kind is frozenset) and any(map(_is_bare, items)):
            _put_bare(out, kind)
            return
        out += _SEQUENCES[kind] + _LENGTH.pack(len(items))
        inner_key = key or kind is set or kind is frozenset
        for item in items:
            _put(out, item, depth + 1, foreign, limit, inner_key)
    elif kind is dict and depth < MAX_DEPTH:
        pairs = list(value.items())  # type: ignore[attr-defined]
        if foreign and any(map(_is_bare, value)):  # type: ignore[call-overload]
            _put_bare(out, kind)
            return
        out += b"d" + _LENGTH.pack(len(pairs))
        for name, item in pairs:
            _put(out, name, depth + 1, foreign, limit, True)
            _put(out, item, depth + 1, foreign, limit)
    elif foreign:
        content = None if depth >= MAX_DEPTH else _key_content(value) if key else _content(value)
        out += b"D"
        _put_str(out, type_name(kind))
        _put(out, content, depth + 1, foreign, limit)
    elif depth >= MAX_DEPTH:
        raise WireError(f"nested deeper than {MAX_DEPTH}")
    else:
        raise WireError(f"a {type_name(kind)} is no plain value")
    if len(out) > limit:
        raise TooLargeError(f"larger than {limit} bytes")


def _is_bare(key: object) -> bool:
    """Whether a key is an object of which nothing can be told, so that two of them could not be told apart."""
    kind = type(key)
    if kind in _SCALARS:
        return False
    if kind is tuple or kind is frozenset:
        return any(map(_is_bare, key))  # type: ignore[call-overload]
    return _key_content(key) is None


def _put_bare(out: bytearray, kind: type) -> None:
    """A collection of objects of which nothing can be told."""
    out += b"D"
    _put_str(out, type_name(kind))
    _put_none(out, None)


def type_name(kind: type) -> str:
    """`module.qualname`, as far as the class lets on."""
    try:
        module, name = kind.__module__, kind.__qualname__
    except Exception:  # noqa: BLE001 - the class is the candidate's
        module, name = "?", "?"
    if type(module) is not str or type(name) is not str:
        return "?.?"
    return f"{module}.{name}"[:MAX_NAME]


def _content(value: object) -> object:
    """The plain content of a well-known value, or of a subclass of a plain type, past all that the subclass overrides;
    None for the others."""
    kind = type(value)
    known = KNOWN.get(type_name(kind))
    if known is not None and getattr(sys.modules.get(kind.__module__), kind.__qualname__, kind) is kind:
        try:
            return known(value)
        except Exception:  # noqa: BLE001 - a date with a time zone, or a class that only has that name
            return None
    for base, read in _READERS:
        if issubclass(type(value), base):  # isinstance would ask the object's own __class__
            return read(value)
    return None


def _class_name(kind: type) -> str:
    """As `type_name`; a class that only calls itself one of the interpreter's is none."""
    name = type_name(kind)
    module, _, last = name.rpartition(".")
    known = getattr(sys.modules["builtins"], last, kind) if module == "builtins" else kind
    return name if known is kind else f"?.{last}"


def _date(value) -> tuple:  # type: ignore[no-untyped-def, type-arg]
    return value.year, value.month, value.day


def _time(value) -> tuple:  # type: ignore[no-untyped-def, type-arg]
    if value.tzinfo is not None:
        raise TypeError("a time zone has no bytes")
    return value.hour, value.minute, value.second, value.microsecond


KNOWN: dict[str, Callable[..., object]] = {
    "builtins.range": lambda value: (value.start, value.stop, value.step),
    "builtins.bytearray": bytes,
    "builtins.dict_keys": list,
    "builtins.dict_values": list,
    "builtins.dict_items": list,
    "decimal.Decimal": str,
    "fractions.Fraction": lambda value: (value.numerator, value.denominator),
    "datetime.date": _date,
    "datetime.time": _time,
    "datetime.datetime": lambda value: _date(value) + _time(value),
    "datetime.timedelta": lambda value: (value.days, value.seconds, value.microseconds),
    "collections.deque": lambda value: (list(value), value.maxlen),
    "collections.UserList": lambda value: list(value.data),
    "collections.UserDict": lambda value: dict(value.data),
    "collections.UserString": lambda value: str(value.data),
    "collections.ChainMap": dict,
    "builtins.mappingproxy": dict,
    "builtins.memoryview": bytes,
}
"""Values of the standard library: what they are made of. Their classes are the interpreter's own, or it is
the candidate's word, as all of an answer is."""


def _key_content(value: object) -> object:
    """As `_content`, of what may be a key once it has been read."""
    for base in (int, float, complex, str, bytes, type):
        if issubclass(type(value), base):
            return _content(value)
    if type_name(type(value)) in KNOWN:
        return _content(value)
    if issubclass(type(value), tuple):
        items: tuple[object, ...] = tuple(tuple.__iter__(value))  # type: ignore[arg-type]
        return None if any(map(_is_bare, items)) else items
    return None


_READERS: tuple[tuple[type, Callable[..., object]], ...] = (
    (int, int.__pos__),
    (float, float.__pos__),
    (complex, complex.__pos__),
    (str, lambda text: str.__str__(str.__getitem__(text, slice(None)))),
    (bytes, lambda data: bytes.__getitem__(data, slice(None))),
    (list, lambda items: list(list.__iter__(items))),
    (tuple, lambda items: tuple(tuple.__iter__(items))),
    (dict, lambda items: dict(dict.items(items))),
    (set, lambda items: set(set.__iter__(items))),
    (frozenset, lambda items: frozenset(frozenset.__iter__(items))),
    (type, _class_name),
)


def _put_none(out: bytearray, value: object) -> None:
    out += b"N"


def _put_bool(out: bytearray, value: object) -> None:
    out += b"T" if value else b"F"


def _put_int(out: bytearray, value: int) -> None:
    if _INT64_MIN <= value <= _INT64_MAX:
        out += b"j" + _INT64.pack(value)
    else:
        _put_bytes(out, value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True), b"i")


def _put_float(out: bytearray, value: float) -> None:
    out += b"f" + _DOUBLE.pack(value)


def _put_complex(out: bytearray, value: complex) -> None:
    out += b"c" + _COMPLEX.pack(value.real, value.imag)


def _put_str(out: bytearray, value: str) -> None:
    _put_bytes(out, value.encode("utf-8", "surrogatepass"), b"s")


def _put_bytes(out: bytearray, value: bytes, tag: bytes = b"b") -> None:
    out += tag + _LENGTH.pack(len(value)) + value


_SCALARS: dict[type, Callable[..., None]] = {
    type(None): _put_none,
    bool: _put_bool,
    int: _put_int,
    float: _put_float,
    complex: _put_complex,
    str: _put_str,
    bytes: _put_bytes,
}
_SEQUENCES: dict[type, bytes] = {list: b"l", tuple: b"t", set: b"e", frozenset: b"z"}


# --- The way in -----------------------------------------------------------------------------------------------------

_FORMAT = 2
"""Of `marshal`; each Python 3 reads it, and it has no references, which would depend on who else holds a value."""


def check_plain(values: Iterable[object], depth: int = 0) -> None:
    """Raise `WireError` where one of `values` is no plain value."""
    for value in values:
        kind = type(value)
        if kind in _SCALARS:
            continue
        if kind is not dict and kind not in _SEQUENCES:
            raise WireError(f"a {type_name(kind)} is no plain value")
        if depth >= MAX_DEPTH:
            raise WireError(f"nested deeper than {MAX_DEPTH}")
        items = (*value, *value.values()) if isinstance(value, dict) else cast("Iterable[object]", value)
        if not _SCALARS.keys() >= set(map(type, items)):
            check_plain(items, depth + 1)


def pack(values: tuple[object, ...]) -> bytes:
    """The bytes of values that have been checked, for `unpack`."""
    return marshal.dumps(cast(tuple, values), _FORMAT)  # type: ignore[type-arg]


def unpack(data: bytes | memoryview) -> tuple:  # type: ignore[type-arg]
    """What `pack` has packed. Only for bytes that come from the trusted side."""
    return marshal.loads(data)  # type: ignore[no-any-return]


# --- Decoding -------------------------------------------------------------------------------------------------------


def decode(data: bytes | bytearray | memoryview, describe: Describe | None = None) -> object:
    """The value in `data`. Raises `WireError` for anything that `encode` could not have made.

    `describe(type_name, content)` makes what stands for a described object; without it there may be none.
    """
    reader = _Reader(bytes(data), describe)
    try:
        value = reader.value(0)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise WireError(str(error)) from error
    if reader.at != len(reader.data):
        raise WireError(f"{len(reader.data) - reader.at} bytes after the value")
    return value


class _Reader:
    """A position in bytes that are read one value at a time."""

    def __init__(self, data: bytes, describe: Describe | None) -> None:
        self.data = data
        self.at = 0
        self.room = MAX_MEMORY
        self.describe = describe

    def value(self, depth: int) -> object:
        tag = self.data[self.at]
        self.at += 1
        if tag == 0x6A:  # j
            self.at += 8
            return _INT64.unpack_from(self.data, self.at - 8)[0]
        if tag == 0x73:  # s
            return self._text()
        if tag in _CONTAINERS:
            if depth >= MAX_DEPTH:
                raise WireError(f"nested deeper than {MAX_DEPTH}")
            return self._container(tag, depth)
        return self._other(tag, depth)

    def _other(self, tag: int, depth: int) -> object:
        match chr(tag):
            case "N":
                return None
            case "T":
                return True
            case "F":
                return False
            case "f":
                return _DOUBLE.unpack(self._take(8))[0]
            case "c":
                return complex(*_COMPLEX.unpack(self._take(16)))
            case "b":
                return self._take(self._length())
            case "i":
                number = int.from_bytes(self._take(self._length()), "little", signed=True)
                if _INT64_MIN <= number <= _INT64_MAX:
                    raise WireError("a small integer in the form of a large one")
                return number
            case "D" if self.describe is not None and depth <= MAX_DEPTH:
                self.room -= 300
                if self.data[self.at] != 0x73:
                    raise WireError("a type's name that is no text")
                self.at += 1
                name = self._text()
                if len(name) > MAX_NAME:
                    raise WireError("a type's name that is too long")
                return self.describe(name, self.value(depth + 1))
            case _:
                raise WireError(f"unknown tag {tag}")

    def _container(self, tag: int, depth: int) -> object:
        count = self._length()
        if count * (2 if tag == 0x64 else 1) > len(self.data) - self.at:
            raise WireError("more items than bytes")
        self.room -= _COST[tag] + _ITEM_COST[tag] * count
        if self.room < 0:
            raise TooLargeError(f"larger than {MAX_MEMORY} bytes in memory")
        if tag == 0x64:  # d
            pairs = [(self.value(depth + 1), self.value(depth + 1)) for _ in range(count)]
            _check_keys([key for key, _ in pairs])
            table = dict(pairs)
            if len(table) != count:
                raise WireError("a dictionary that holds a key twice")
            return table
        items = [self.value(depth + 1) for _ in range(count)]
        if tag == 0x6C:  # l
            return items
        if tag == 0x74:  # t
            return tuple(items)
        _check_keys(items)
        members = frozenset(items) if tag == 0x7A else set(items)
        if len(members) != count:
            raise WireError("a set that holds a member twice")
        return members

    def _length(self) -> int:
        return int(_LENGTH.unpack(self._take(4))[0])

    def _text(self) -> str:
        return self._take(self._length()).decode("utf-8", "surrogatepass")

    def _take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise WireError("cut off")
        self.at += size
        return self.data[self.at - size : self.at]


_CONTAINERS = frozenset(b"ltezd")
_COST = {tag: 232 if tag in b"ez" else 72 for tag in b"ltezd"}
_ITEM_COST = {tag: 40 + (100 if tag in b"ezd" else 8) for tag in b"ltezd"}
"""Bytes of a container and of each of its items."""


def _check_keys(keys: list[object]) -> None:
    """Refuse keys that are not hashable, or so alike in their hashes that a table of them would take forever."""
    try:
        different = len({hash(key) for key in keys})
    except TypeError as error:
        raise WireError("a key that cannot be one") from error
    if len(keys) - different > MAX_COLLISIONS:
        raise WireError("keys made to collide")
