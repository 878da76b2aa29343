"""Whether an object of a program's own class is one sequence: its length, its items and its places agree.

A list has no choice. A class may say that it is of the length that a test expects and have no items, or give sorted
items by number and others in a loop. Looked at is what no test names as a class of the task's, for such a class may
mean by these methods what it likes; nor a mapping, nor an iterator, which going through uses up.
"""

from __future__ import annotations

from typing import Any

from pidistill_code.inside.graph import BrokenError
from pidistill_code.inside.standins import is_remote

_MOST_ITEMS = 100
"""That are looked at; each costs a request."""
LOOKED_AT = frozenset({"__len__", "__iter__", "__getitem__", "__contains__", "__reversed__"})


def check_sequence(peer: Any, remote: Any) -> None:
    """Raise `BrokenError` where the length, the items and the places of `remote` contradict each other."""
    kind = type(remote)
    if not hasattr(kind, "__iter__") or hasattr(kind, "__next__") or not hasattr(kind, "__len__"):
        return
    size = peer.request("op", remote, "__len__", [])
    if type(size) is not int:
        return
    items = _items(peer.request("op", remote, "__iter__", []))
    if len(items) != min(size, _MOST_ITEMS + 1):
        raise BrokenError(f"an object of length {size} with {len(items)} items")
    if not hasattr(kind, "__getitem__") or _is_mapping(peer, remote):
        return
    numbered = all(type(item) is int for item in items)
    for place, item in enumerate(items):
        try:
            found = peer.request("op", remote, "__getitem__", [place])
        except (LookupError, TypeError, AttributeError):
            return  # its places have no numbers
        if numbered and type(found) is not int:
            return  # they may be keys
        if not (is_remote(type(found)) or is_remote(type(item)) or found is item or found == item or found != found):
            raise BrokenError("an object that has other items by number than in a loop")


def _items(iterator: Any) -> list[Any]:
    found: list[Any] = []
    for item in iterator:
        found.append(item)
        if len(found) > _MOST_ITEMS:
            break
    return found


def _is_mapping(peer: Any, remote: Any) -> bool:
    try:
        peer.request("get", remote, "keys")
    except AttributeError:
        return False
    return True
