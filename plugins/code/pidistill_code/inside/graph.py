"""Values of two processes as one graph: what crosses keeps its identity, and what is changed is changed on both sides.

A message is plain data, so it can be passed on by whoever trusts neither side. Scalars cross as they are; everything
else is a node in a flat list, so no nesting is too deep. A list, dictionary, set or bytearray, or a queue, a counter
and what else of the library is like these (`contents`), has a number that both sides know: whoever gets it a second
time finds the object that is there already, with its content brought up to date. So a function that sorts its argument
sorts the caller's list, and one that returns its argument returns that very object. An instance of a subclass of
one of these (`contents.PLAIN`) may be one, too (`Side.fills`): it has the class's stand-in for a class, and its
content is the same on both sides. Well-known values of the standard library cross by value (`known`). Any other object
stays where it is, and the other side has a stand-in for it (`remote`).

Both sides run this file. Nothing in a message is executed or looked up by name but what is in `KNOWN`.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from pidistill_code.inside.contents import (
    MUTABLE,
    PLAIN,
    SCALARS,
    TAGS,
    BrokenError,
    base_of,
    content_of,
    empty_of,
    fill,
    is_as_it_was,
    maker_of,
    parts_of,
    plain_copy,
    put_back,
    snapshot_of,
)
from pidistill_code.inside.known import CONSTANTS, KNOWN, PLAIN_CLASSES, class_at

_MOST_KEPT = 20_000
"""Objects that are known to both sides. A program that makes more is none that a test can be about."""
_MOST_FILLED = 10_000
"""Objects beside which instances of subclasses become known to both sides: these are kept."""


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


class Side:
    """What a graph asks of whose it is: of objects that do not cross, and to take note of what does."""

    notes_changes = False
    """Whether it is told of what the other side changes of its objects."""

    def stay(self, item: Any, slot: Any) -> tuple[object, ...]:
        """What the other side is told of an object that stays where it is."""
        raise BrokenError("an object that does not cross")

    def stand_in(self, told: Any, value: Any) -> object:
        """What stands here for the object of which this was told."""
        raise BrokenError("an object that does not cross")

    def fills(self, kind: Any) -> bool:
        """Whether instances of a subclass of a list and the like cross as those do."""
        return False

    def told_filled(self, item: Any, slot: Any) -> Any:
        """What the other side makes such an instance with, in a tuple, or the number of the one that is there."""
        return ()

    def is_handed(self, item: object) -> bool:
        """Whether such an instance of this side is kept for as long as the other side may ask for it."""
        return False

    def own_at(self, number: int) -> Any:
        """The one of that number."""
        raise BrokenError("an object that was never sent")

    def contents_changed(self, item: Any, before: Any) -> None:
        """Told of an object of this side that the other has changed, and a copy of it as it was."""

    def first_given(self, known_as: str | int, item: Any) -> None:
        """Told of an object of this side that the other is given for the first time, and what both know it as."""


class Graph:
    """One side of it, that of `side`."""

    def __init__(self, letter: str, side: Side) -> None:
        self._letter, self._side = letter, side
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
            if kind in TAGS or self._crosses_filled(kind, item):
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
            if id(known) not in done and name not in self._being_filled and not is_as_it_was(known, self._seen[name]):
                slot(known)
        while waiting:
            place, item = waiting.pop()
            name = self._named(item)
            self._seen[name] = snapshot_of(item)
            base = base_of(type(item))
            filled = bytes(item) if base is bytearray else [slot(part) for part in parts_of(item)]
            told = slot(maker_of(item)) if base is type(item) else self._side.told_filled(item, slot)
            nodes[place] = (TAGS[base], name, filled, told)
        return root, nodes

    def _crosses_filled(self, kind: Any, item: object) -> bool:
        """Whether an instance of a subclass crosses as an instance of its base does."""
        if not issubclass(kind, PLAIN):
            return False
        if id(item) in self._names:
            return True
        return len(self._shared) < _MOST_FILLED and self._side.fills(kind)

    def _other(self, kind: Any, item: Any, slot: Any) -> tuple[object, ...]:
        for constant, known in CONSTANTS.items():
            if item is known:
                return ("k", constant)
        name = item.__name__ if kind is type else ""
        if name and PLAIN_CLASSES.get(name) is item:
            return ("c", f"builtins.{name}")
        path = _path(kind)
        if path in KNOWN and getattr(sys.modules.get(kind.__module__), kind.__qualname__, None) is kind:
            try:
                return ("x", path, [slot(part) for part in KNOWN[path](item)])
            except TypeError:
                pass
        return ("p", *self._side.stay(item, slot))

    def _named(self, item: object) -> str:
        name = self._names.get(id(item))
        if name is None:
            self._serial += 1
            name = f"{self._letter}{self._serial}"
            self._keep(name, item)
            self._side.first_given(name, item)
        return name

    def _keep(self, name: str, item: object) -> None:
        if len(self._shared) >= _MOST_KEPT:
            raise BrokenError("more objects than can be kept")
        if id(item) in self._names:  # the other side has let go of it under that name
            self._drop(self._names[id(item)])
        self._shared[name] = item
        self._names[id(item)] = name

    def _forget(self) -> None:
        """Let go of own objects that nobody else here holds: the other side gets them under a new name."""
        if len(self._shared) < 64:
            return
        for name in list(self._shared):
            known = self._shared[name]
            if sys.getrefcount(known) == 3 + self._side.is_handed(known):
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
        before = [(item, plain_copy(item)) for node, item in filling if self._is_own(node[1])]
        names = {node[1] for node, _ in filling} - self._being_filled
        self._being_filled |= names
        try:
            for node, item in filling:
                if node[0] == "f":
                    item.default_factory = value(node[3])
                fill(item, node[2], value, self.watched.get(id(item)))
        finally:
            self._being_filled -= names
        found = value(root)
        for node, item in filling:
            self._seen[node[1]] = snapshot_of(item)
        for item, held in before:
            if content_of(item) != content_of(held):
                self._side.contents_changed(item, held)
        return found

    def has_changes(self) -> bool:
        """Whether something has changed here since both sides last agreed."""
        return not all(is_as_it_was(known, self._seen[name]) for name, known in self._shared.items())

    @property
    def is_filling(self) -> bool:
        """Whether a message is being read, in the middle of which the other side was asked for something."""
        return bool(self._being_filled)

    def name_of(self, item: Any) -> str | None:
        """What both sides know a list, dictionary, set or bytearray as."""
        return self._names.get(id(item))

    def _is_own(self, name: str) -> bool:
        return self._side.notes_changes and name.startswith(self._letter)

    def put_back(self, item: Any, held: Any) -> None:
        """Have an object of this side hold again what it held. The other side keeps what it has made of it, until it is
        told of the object anew."""
        put_back(item, held)
        if id(item) in self._names:
            self._seen[self._names[id(item)]] = snapshot_of(item)

    def _object(self, node: Any, value: Any) -> Any:
        tag, name, _, made_with = node
        item = self._shared.get(name)
        if item is None:
            if type(name) is not str:
                raise BrokenError("an object without a name")
            forgotten = name[1:].isdecimal() and int(name[1:]) <= self._serial  # let go of here, but not there
            if name.startswith(self._letter) and not forgotten:
                raise BrokenError("an object that was never sent")
            derived = type(made_with) is tuple and MUTABLE[tag] in PLAIN
            if derived and len(made_with) == 1 and name.startswith(self._letter):
                item = self._side.own_at(made_with[0])
            elif derived:
                item = self._side.stand_in(("filled", *made_with), value)
            else:
                item = empty_of(tag, made_with)
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
                return CONSTANTS[name]
            case ("c", str(path)):
                return class_at(path)
            case ("x", "collections.Counter" as path, [part]):
                return class_at(path)(dict(value(part)))
            case ("x", str(path), list(parts)):
                return class_at(path)(*[value(part) for part in parts])
            case ("p", *told):
                return self._side.stand_in(told, value)
        raise BrokenError("a node of no known kind")
