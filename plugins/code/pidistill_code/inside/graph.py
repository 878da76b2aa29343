"""Values of two processes as one graph: what crosses keeps its identity, and what is changed is changed on both sides.

A message is plain data, so it can be passed on by whoever trusts neither side. Scalars cross as they are; everything
else is a node in a flat list, so no nesting is too deep. A list, dictionary, set or bytearray, or a queue, a counter
and what else of the library is like these (`MUTABLE`), has a number that both
sides know: whoever gets it a second time finds the object that is there already, with its content brought up to date.
So a function that sorts its argument sorts the caller's list, and one that returns its argument returns that very
object. An instance of a subclass of `list`, `dict` or `set` may be one of these, too (`fills`): it has the class's
stand-in for a class, and its content is the same on both sides. Well-known values of the standard library cross by
value (`KNOWN`). Any other object stays where it is, and
the other side has a stand-in for it (`remote`).

Both sides run this file. Nothing in a message is executed or looked up by name but what is in `KNOWN`.
"""

from __future__ import annotations

import array
import collections
import copy
import sys
from types import TracebackType
from typing import Any

SCALARS = frozenset((type(None), bool, int, float, complex, str, bytes))
MUTABLE: dict[str, Any] = {
    "l": list,
    "d": dict,
    "e": set,
    "a": bytearray,
    "q": collections.deque,
    "o": collections.OrderedDict,
    "f": collections.defaultdict,
    "n": collections.Counter,
    "y": array.array,
}
_PLAIN: tuple[Any, ...] = (list, dict, set)
"""Whose subclasses' instances may cross as they do."""
_PAIRS = frozenset({dict, collections.OrderedDict, collections.defaultdict, collections.Counter})
_TAGS = {kind: tag for tag, kind in MUTABLE.items()}
_MOST_KEPT = 20_000
"""Objects that are known to both sides. A program that makes more is none that a test can be about."""
_MOST_FILLED = 2_000
"""Objects beside which instances of subclasses become known to both sides: these are kept."""


class BrokenError(BaseException):
    """A message that the other side cannot have made in good faith. No test may catch it."""


def _date(value: Any) -> tuple[Any, ...]:
    return value.year, value.month, value.day


def _time(value: Any) -> tuple[Any, ...]:
    zone = value.tzinfo
    if zone is not None and f"{type(zone).__module__}.{type(zone).__qualname__}" != "datetime.timezone":
        raise TypeError("a time zone with rules does not cross")
    parts = (value.hour, value.minute, value.second, value.microsecond)
    return parts if zone is None else (*parts, zone)


KNOWN: dict[str, Any] = {
    "builtins.range": lambda v: (v.start, v.stop, v.step),
    "builtins.slice": lambda v: (v.start, v.stop, v.step),
    "decimal.Decimal": lambda v: (str(v),),
    "fractions.Fraction": lambda v: (v.numerator, v.denominator),
    "datetime.date": _date,
    "datetime.datetime": lambda v: _date(v) + _time(v),
    "datetime.time": _time,
    "datetime.timezone": lambda v: (v.utcoffset(None), v.tzname(None)),
    "pathlib.PurePosixPath": lambda v: (str(v),),
    "pathlib.PosixPath": lambda v: (str(v),),
    "datetime.timedelta": lambda v: (v.days, v.seconds, v.microseconds),
    "collections.OrderedDict": lambda v: (tuple(v.items()),),
    "collections.Counter": lambda v: (tuple(v.items()),),
    "collections.defaultdict": lambda v: (v.default_factory, tuple(v.items())),
    "collections.deque": lambda v: (tuple(v), v.maxlen),
    "collections.UserList": lambda v: (tuple(v.data),),
    "collections.UserDict": lambda v: (tuple(v.data.items()),),
    "collections.UserString": lambda v: (str(v.data),),
    "collections.ChainMap": lambda v: tuple(v.maps),
    "uuid.UUID": lambda v: (v.hex,),
    "array.array": lambda v: (v.typecode, tuple(v)),
    "re.Pattern": lambda v: (v.pattern, v.flags),
}
"""Classes of the standard library whose instances cross by value: name -> what they are made of, in tuples: these are
whole when they are made, while a list may be filled later."""
_MAKERS = {"re.Pattern": "compile"}
"""What makes them, where it is not the class."""
_PLAIN_CLASSES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (int, float, complex, bool, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, object,
                 type, type(None))
}  # fmt: skip

_CONSTANTS: dict[str, Any] = {"NotImplemented": NotImplemented, "Ellipsis": ...}


def class_at(path: str) -> Any:
    """The class or constructor of that name, where it may cross."""
    module, _, name = path.rpartition(".")
    if path not in KNOWN and not (module == "builtins" and name in _PLAIN_CLASSES):
        raise BrokenError(f"no class {path!r:.100} crosses")
    if module == "builtins" and name in _PLAIN_CLASSES:
        return _PLAIN_CLASSES[name]
    __import__(module)
    return getattr(sys.modules[module], _MAKERS.get(path, name))


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


class Graph:
    """One side of it. `stay` says of an object that does not cross what the other side is told, and `stand_in` makes of
    that what stands for it here."""

    def __init__(self, letter: str, stay: Any, stand_in: Any) -> None:
        self._letter, self._stay, self._stand_in = letter, stay, stand_in
        self.fills: Any = None
        """What says of a subclass of a list and the like whether its instances cross as those do; None for no."""
        self.class_of: Any = None
        """What tells the other side, in place of what lists are made with, what to make such an instance with."""
        self._serial = 0
        self._shared: dict[str, Any] = {}
        self._names: dict[int, str] = {}
        self._seen: dict[str, Any] = {}
        """Shared objects as they were when both sides last agreed, one level deep."""
        self._being_filled: set[str] = set()
        """Names of those that hold nothing yet, or not all: their keys may have hashes that the other side is asked
        for."""
        self.watched: dict[int, Any] = {}
        """By the number of a dictionary: what is told a name, and its new value if any, before that is changed here."""
        self.on_change: Any = None
        """What is told an object of this side that the other has changed, and what it held before."""
        self.on_name: Any = None
        """What is told the name of an object of this side, and the object, when the other is first given it."""

    # --- Out

    def pack(self, value: object) -> tuple[object, list[object]]:
        """`value` and the nodes that it and everything that has changed are made of."""
        nodes: list[Any] = []
        done: dict[int, int] = {}
        waiting: list[tuple[int, Any]] = []

        def slot(item: object) -> object:
            kind = type(item)
            if kind in SCALARS:
                return item
            if kind is TracebackType:  # what it leads to is nobody else's
                return None
            if id(item) in done:
                return (done[id(item)],)
            if kind in _TAGS or self._crosses_filled(kind, item):
                place = done[id(item)] = len(nodes)
                nodes.append(None)
                waiting.append((place, item))
                return (place,)
            if kind is tuple or kind is frozenset:
                node: Any = ("t" if kind is tuple else "z", [slot(part) for part in item])  # type: ignore[attr-defined]
            else:
                node = self._other(kind, item, slot)
            place = done[id(item)] = len(nodes)
            nodes.append(node)
            alive.append(item)
            return (place,)

        alive: list[object] = []  # or another object may get the number of one that is gone
        root = slot(value)
        self._forget()
        for name, known in list(self._shared.items()):
            if id(known) not in done and name not in self._being_filled and _content(known) != self._seen[name]:
                slot(known)
        while waiting:
            place, item = waiting.pop()
            name = self._named(item)
            self._seen[name] = _content(item)
            base = base_of(type(item))
            filled = bytes(item) if base is bytearray else [slot(part) for part in _parts(item)]
            told = slot(_made_with(item)) if base is type(item) else self._told(name, item, slot)
            nodes[place] = (_TAGS[base], name, filled, told)
        return root, nodes

    def _crosses_filled(self, kind: Any, item: object) -> bool:
        """Whether an instance of a subclass crosses as an instance of its base does."""
        if not issubclass(kind, _PLAIN):
            return False
        if id(item) in self._names:
            return True
        return self.fills is not None and len(self._shared) < _MOST_FILLED and self.fills(kind, base_of(kind))

    def _told(self, name: str, item: object, slot: Any) -> object:
        """What the other side makes one of that class with: nothing where the class is there."""
        return self.class_of(item, slot) if name.startswith(self._letter) else None

    def _other(self, kind: Any, item: Any, slot: Any) -> tuple[object, ...]:
        for constant, known in _CONSTANTS.items():
            if item is known:
                return ("k", constant)
        name = item.__name__ if kind is type else ""
        if name and _PLAIN_CLASSES.get(name) is item:
            return ("c", f"builtins.{name}")
        path = _path(kind)
        if path in KNOWN and getattr(sys.modules.get(kind.__module__), kind.__qualname__, None) is kind:
            try:
                return ("x", path, [slot(part) for part in KNOWN[path](item)])
            except TypeError:
                pass
        return ("p", *self._stay(item, slot))

    def _named(self, item: object) -> str:
        name = self._names.get(id(item))
        if name is None:
            self._serial += 1
            name = f"{self._letter}{self._serial}"
            self._keep(name, item)
            if self.on_name is not None:
                self.on_name(name, item)
        return name

    def _keep(self, name: str, item: object) -> None:
        if len(self._shared) >= _MOST_KEPT:
            raise BrokenError("more objects than can be kept")
        self._shared[name] = item
        self._names[id(item)] = name

    def _forget(self) -> None:
        """Let go of own objects that nobody else here holds: the other side gets them under a new name."""
        if len(self._shared) < 64:
            return
        for name in list(self._shared):
            if sys.getrefcount(self._shared[name]) == 2:
                self._drop(name)

    def _drop(self, name: str) -> None:
        item = self._shared.pop(name)
        del self._names[id(item)]
        self.watched.pop(id(item), None)
        self._seen.pop(name, None)

    # --- In

    def unpack(self, root: object, nodes: object) -> object:
        """The value of a message. Raises `BrokenError` for what `pack` cannot have made."""
        try:
            return self._unpacked(root, nodes)
        except Exception as error:  # noqa: BLE001 - whatever making a value of it raises is no exception of a test's
            raise BrokenError(f"a message that cannot be read: {type(error).__name__}: {error}") from None

    def _unpacked(self, root: object, nodes: Any) -> object:
        if type(nodes) is not list:
            raise BrokenError("nodes that are no list")
        made: dict[int, Any] = {}
        filling: list[tuple[Any, Any]] = []

        def value(part: object) -> Any:
            if type(part) is not tuple:
                if type(part) not in SCALARS:
                    raise BrokenError("a part that is no scalar")
                return part
            (place,) = part
            if place not in made:
                made[place] = self._made(nodes[place], value)
            return made[place]

        for place, node in enumerate(nodes):
            if node[0] in MUTABLE:
                made[place] = self._object(node, value)
                filling.append((node, made[place]))
        before = [(item, _plain_copy(item)) for node, item in filling if self._is_own(node[1])]
        names = {node[1] for node, _ in filling} - self._being_filled
        self._being_filled |= names
        try:
            for node, item in filling:
                if node[0] == "f":
                    item.default_factory = value(node[3])
                _fill(item, node[2], value, self.watched.get(id(item)))
        finally:
            self._being_filled -= names
        found = value(root)
        for node, item in filling:
            self._seen[node[1]] = _content(item)
        for item, held in before:
            if _content(item) != _content(held):
                self.on_change(item, held)
        return found

    @property
    def is_filling(self) -> bool:
        """Whether a message is being read, in the middle of which the other side was asked for something."""
        return bool(self._being_filled)

    def name_of(self, item: Any) -> str | None:
        """What both sides know a list, dictionary, set or bytearray as."""
        return self._names.get(id(item))

    def _is_own(self, name: str) -> bool:
        return self.on_change is not None and name.startswith(self._letter)

    def put_back(self, item: Any, held: Any) -> None:
        """Have an object of this side hold again what it held. The other side keeps what it has made of it, until it is
        told of the object anew."""
        put_back(item, held)
        if id(item) in self._names:
            self._seen[self._names[id(item)]] = _content(item)

    def _object(self, node: Any, value: Any) -> Any:
        tag, name, _, made_with = node
        item = self._shared.get(name)
        if item is None:
            if type(name) is not str:
                raise BrokenError("an object without a name")
            forgotten = name[1:].isdecimal() and int(name[1:]) <= self._serial  # let go of here, but not there
            if name.startswith(self._letter) and not forgotten:
                raise BrokenError("an object that was never sent")
            is_told = tag in "lde" and type(made_with) is tuple
            item = self._stand_in(("filled", *made_with), value) if is_told else _empty(tag, made_with)
            self._keep(name, item)
        if base_of(type(item)) is not MUTABLE[tag]:
            raise BrokenError("an object of another type")
        return item

    def _made(self, node: Any, value: Any) -> object:
        match node:
            case ("t", list(parts)):
                return tuple([value(part) for part in parts])
            case ("z", list(parts)):
                return frozenset([value(part) for part in parts])
            case ("k", "NotImplemented" | "Ellipsis" as name):
                return _CONSTANTS[name]
            case ("c", str(path)):
                return class_at(path)
            case ("x", "collections.Counter" as path, [part]):
                return class_at(path)(dict(value(part)))
            case ("x", str(path), list(parts)):
                return class_at(path)(*[value(part) for part in parts])
            case ("p", *told):
                return self._stand_in(told, value)
        raise BrokenError("a node of no known kind")


def base_of(kind: Any) -> Any:
    """Which of the classes whose instances cross filled it is, or is derived from; None for neither."""
    return kind if kind in _TAGS else next((base for base in _PLAIN if issubclass(kind, base)), None)


def _parts(item: Any) -> list[Any]:
    """What `item` holds, past what a subclass makes of it."""
    base = base_of(type(item))
    return [part for pair in base.items(item) for part in pair] if base in _PAIRS else list(base.__iter__(item))


def _content(item: Any) -> Any:
    """What `item` holds, one level deep, so that a change is seen: scalars by type and value, others by identity."""
    if type(item) is bytearray:
        return bytes(item)
    return [(type(part), repr(part) if type(part) in (float, complex) else part) if type(part) in SCALARS else id(part)
            for part in _parts(item)]  # fmt: skip


def _plain_copy(item: Any) -> Any:
    """A copy of it; of an instance of a subclass, one of its base."""
    base = base_of(type(item))
    return copy.copy(item) if base is type(item) else base(base.items(item) if base is dict else base.__iter__(item))


def _made_with(item: Any) -> Any:
    """What an object is made with beside its content."""
    match item:
        case collections.deque():
            return item.maxlen
        case collections.defaultdict():
            return item.default_factory
        case array.array():
            return item.typecode
    return None


def _empty(tag: str, made_with: Any) -> Any:
    """One of that kind that holds nothing yet."""
    if tag == "q" and (made_with is None or (type(made_with) is int and made_with >= 0)):
        return collections.deque(maxlen=made_with)
    if tag == "y" and type(made_with) is str and made_with in tuple("bBuhHiIlLqQfd"):
        return array.array(made_with)
    if tag in ("q", "y"):
        raise BrokenError("an object that is made with nothing known")
    return MUTABLE[tag]()


def _tell_changes(before: dict[Any, Any], after: dict[Any, Any], watch: Any) -> None:
    missing = object()
    for name in before.keys() | after.keys():
        now = after.get(name, missing)
        if now is not before.get(name, missing):
            watch(name, *(() if now is missing else (now,)))


def _fill(item: Any, parts: Any, value: Any, watch: Any = None) -> None:
    if type(item) is bytearray:
        if type(parts) is not bytes:
            raise BrokenError("a bytearray that holds no bytes")
        if item != parts:
            item[:] = parts
        return
    if type(parts) is not list:
        raise BrokenError("parts that are no list")
    found: Any = [value(part) for part in parts]
    held, base = _parts(item), base_of(type(item))
    if base is set:
        if set(held) != set(found) or len(held) != len(found):
            put_back(item, found)
    elif len(held) != len(found) or any(a is not b for a, b in zip(held, found, strict=True)):
        pairs: Any = dict(zip(found[::2], found[1::2], strict=True)) if base in _PAIRS else found
        if watch is not None:
            _tell_changes(item, pairs, watch)
        put_back(item, pairs)


def put_back(item: Any, held: Any) -> None:
    """Have an object of one of these kinds hold what `held` does."""
    base = base_of(type(item))
    if base is list or base is bytearray:
        base.__setitem__(item, slice(None), held)
    elif base is array.array:
        item[:] = array.array(item.typecode, held)
    elif base in _PAIRS:
        base.clear(item)
        for key, value in held.items():  # a counter's `update` adds
            base.__setitem__(item, key, value)
    else:
        base.clear(item)
        (base.extend if base is collections.deque else base.update)(item, held)
