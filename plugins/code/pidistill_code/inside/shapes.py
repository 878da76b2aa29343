"""Whether an object of a program's own class is one sequence: its length, its items and its places agree.

A list has no choice. A class may say that it is of the length that a test expects and have no items, or give sorted
items by number and others in a loop, or be one thing when it is looked at and another when it is used. So what it is
asked for is answered by what the look has found, for as long as nothing else is asked of the program. Looked at is what
no test names as a class of the task's, for such a class may mean by these methods what it likes; nor a mapping, nor an
iterator, which going through uses up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pidistill_code.inside.contents import BrokenError
from pidistill_code.inside.standins import is_remote

_MOST_ITEMS = 100
"""That are looked at; each costs a request."""
LOOKED_AT = frozenset({"__len__", "__iter__", "__getitem__", "__contains__", "__reversed__"})
UNKNOWN: Any = object()
"""The answer to what a look has not found."""


class Look(NamedTuple):
    """What an object has been found to be."""

    size: int
    items: list[Any]
    placed: bool
    """Whether they have numbers."""

    def answer(self, name: str, args: tuple[Any, ...]) -> Any:
        """What the object says to this special method, as far as that is known."""
        if name == "__len__":
            return self.size
        if len(self.items) != self.size:
            return UNKNOWN
        match name, args:
            case "__iter__", ():
                return self.items
            case "__getitem__", (place,) if self.placed and type(place) is int and -self.size <= place < self.size:
                return self.items[place]
        return UNKNOWN

    def checked(self, got: Any, args: tuple[Any, ...]) -> Any:
        """A part of it that the object gives. Raise `BrokenError` where it has other items than are there."""
        if self.placed and len(self.items) == self.size and type(args[0]) is slice and type(got) in (list, tuple, str):
            part = self.items[args[0]]
            if len(part) != len(got) or not all(map(is_alike, part, got)):
                raise BrokenError("an object whose parts have other items")
        return got

    def contradicts(self, before: Look | None) -> bool:
        """Whether it has as many items as `before`, and others."""
        return (
            before is not None
            and len(before.items) == len(self.items)
            and not all(map(is_alike, before.items, self.items))
        )


def look_at(peer: Any, remote: Any) -> Look | None:
    """What `remote` is, where it is a sequence. Raise `BrokenError` where its length, items and places contradict each
    other."""
    kind = type(remote)
    indexed = hasattr(kind, "__getitem__")
    if not hasattr(kind, "__len__") or not (indexed or hasattr(kind, "__iter__")):
        return None
    size = peer.request("op", remote, "__len__", [])
    if type(size) is not int:
        return None
    iterator = peer.request("op", remote, "__iter__", []) if hasattr(kind, "__iter__") else remote
    if iterator is remote and not indexed:  # which going through uses up
        return None
    items = _items(iterator if iterator is not remote else _placed(peer, remote, size))
    if len(items) != min(size, _MOST_ITEMS + 1):
        raise BrokenError(f"an object of length {size} with {len(items)} items")
    placed = indexed and not _is_mapping(peer, remote, items) and _are_placed(peer, remote, items)
    return Look(size, items, placed)


def _placed(peer: Any, remote: Any, size: int) -> Iterator[Any]:
    """What it has at each place."""
    for place in range(size):
        yield peer.request("op", remote, "__getitem__", [place])


def _are_placed(peer: Any, remote: Any, items: list[Any]) -> bool:
    """Whether the object has its items by number."""
    numbered = all(type(item) is int for item in items)
    for place, item in enumerate(items):
        try:
            found = peer.request("op", remote, "__getitem__", [place])
        except (LookupError, TypeError, AttributeError):
            return False
        if numbered and type(found) is not int:
            return False  # they may be keys
        if not is_alike(found, item):
            raise BrokenError("an object that has other items by number than in a loop")
    return True


def is_alike(one: Any, other: Any) -> bool:
    """Whether both are the same data; objects of a program's may be anything."""
    if is_remote(type(one)) or is_remote(type(other)) or one is other:
        return True
    return bool(one == other) or (one != one and other != other)


def _items(iterator: Any) -> list[Any]:
    found: list[Any] = []
    for item in iterator:
        found.append(item)
        if len(found) > _MOST_ITEMS:
            break
    return found


def _is_mapping(peer: Any, remote: Any, keys: list[Any]) -> bool:
    """Whether it has keys, and something under each of them."""
    try:
        if not callable(peer.request("get", remote, "keys")):
            return False
        for key in keys:
            peer.request("op", remote, "__getitem__", [key])
    except (AttributeError, LookupError, TypeError):
        return False
    return True
