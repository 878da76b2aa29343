"""What a list, a dictionary or a set of a program's own class says of what it holds.

Such an object counts as its content (`data`), and its class may do all that in a way of its own: have no items in a
loop, be sorted without a change, remove something else than it is told, say that a word it does not hold is there once.
So a method that reads is done in both ways, and they agree; one that takes something away has taken that and no more.
What is added is the class's own affair, as long as an operator does not put what it is told in the place of all that
was there. Where plain data has nothing to say, no such arguments and nothing under that key, the class alone does.
Its exceptions are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pidistill_code.inside.contents import BrokenError
from pidistill_code.inside.names import IN_PLACE
from pidistill_code.inside.shapes import is_alike

_ADDING = frozenset({"__setitem__", "append", "extend", "insert", "add", "update", "setdefault", "__iadd__", "__ior__"})
_TAKING = frozenset({
    "__delitem__", "pop", "popitem", "remove", "discard", "clear", "sort", "reverse", "difference_update",
    "intersection_update", "symmetric_difference_update", "__isub__", "__iand__", "__ixor__", "__imul__",
})  # fmt: skip
_ANY_ONE = frozenset({"pop", "popitem"})
"""What takes away whatever the class likes where it is not told what."""
_VIEWS = frozenset({"keys", "values", "items"})
_MOST_UNORDERED = 1000
"""Items without a hash that are compared in any order."""
_DATA = (list, tuple, dict, set, frozenset, str, bytes, int, float, complex)


def checked_way(
    item: Any, kind: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], own: Callable[[], Any]
) -> Any:
    """What `own` gives: what the class of `item`, whose content is that of a `kind`, does under `name`. Raise
    `BrokenError` where that is not what it holds."""
    if name in ("__iter__", "__reversed__"):
        return _gone_through(item, kind, name, own())
    if name in _ADDING:
        return _added(item, kind, name, own)
    if name in _TAKING:
        any_one = name in _ANY_ONE and not (args or kwargs)
        return _taken_any(item, kind, name, own) if any_one else _taken(item, kind, name, args, kwargs, own)
    return _read(item, kind, name, args, kwargs, own)


def _read(
    item: Any, kind: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], own: Callable[[], Any]
) -> Any:
    if name == "get" and args and not _is_in(args[0], item, kind):
        return own()
    held = _plainly(item, kind, name, args, kwargs)
    said = own()
    if held is _UNFIT:
        return said
    if name in _VIEWS:
        alike = hasattr(type(said), "__iter__") and _same_items(list(held), list(said))
    else:
        alike = _same(held, said)
    if not alike:
        raise BrokenError(f"data whose {name} is not of what it holds")
    return said if isinstance(said, _DATA) else held  # which another look does not change


def _added(item: Any, kind: Any, name: str, own: Callable[[], Any]) -> Any:
    before = list(kind.__iter__(item)) if name in IN_PLACE else []
    result = own()
    if name == "setdefault" and not any(is_alike(result, value) for value in dict.values(item)):
        raise BrokenError("data that gives another default than it has set")
    if before and not any(_is_in(one, item, kind) for one in before):
        raise BrokenError(f"data whose {name} leaves nothing of what it held")
    return result


def _taken(
    item: Any, kind: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], own: Callable[[], Any]
) -> Any:
    left = kind(_content(item, kind))
    taken = _plainly(left, kind, name, args, kwargs)
    result = own()
    if taken is _UNFIT:
        return result
    if not _same(left, kind(_content(item, kind))) or (
        taken is not None and taken is not left and not _same(taken, result)
    ):
        raise BrokenError(f"data whose {name} does something else to what it holds")
    return result


def _taken_any(item: Any, kind: Any, name: str, own: Callable[[], Any]) -> Any:
    before = _content(item, kind)
    result = own()
    if before and not any(is_alike(one if name == "popitem" or kind is not dict else one[1], result) for one in before):
        raise BrokenError(f"data whose {name} gives what it has not held")
    return result


class _Fails:
    """What plain data raises an error for: only an error is right."""


_UNFIT, _FAILS = object(), _Fails()


def _plainly(item: Any, kind: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What plain data does; `_UNFIT` where it has no such use, `_FAILS` where it raises for what it does not hold."""
    if name == "__bool__":
        return kind.__len__(item) > 0
    try:
        result = getattr(kind, name)(item, *args, **kwargs)
    except TypeError:
        return _UNFIT
    except LookupError:
        return _UNFIT if name == "__getitem__" else _FAILS
    except ValueError:
        return _FAILS
    return _UNFIT if result is NotImplemented else result


def _gone_through(item: Any, kind: Any, name: str, given: Any) -> Iterator[Any]:
    """What a loop over it gives, each item as it is asked for."""
    count = 0
    for one in given:
        size, count = kind.__len__(item), count + 1
        place = count - 1 if name == "__iter__" else size - count
        if kind is list:
            held = 0 <= place < size and is_alike(list.__getitem__(item, place), one)
        else:
            held = count <= size and _is_in(one, item, kind)
        if not held:
            raise BrokenError("data that has other items in a loop than it holds")
        yield one
    if count != kind.__len__(item):
        raise BrokenError("data that has fewer items in a loop than it holds")


def _content(item: Any, kind: Any) -> Any:
    return list(kind.items(item)) if kind is dict else list(kind.__iter__(item))


def _is_in(one: Any, item: Any, kind: Any) -> bool:
    try:
        return bool(kind.__contains__(item, one))
    except TypeError:
        return False


def _same(held: Any, said: Any) -> bool:
    """Whether both hold the same; the one is plain data."""
    if isinstance(held, dict):
        both = isinstance(said, dict) and held.keys() == dict.keys(said)
        return both and all(is_alike(value, dict.__getitem__(said, key)) for key, value in held.items())
    if isinstance(held, (list, tuple)) and isinstance(said, (list, tuple)):
        ones, others = list(held), _content(said, list if isinstance(said, list) else tuple)
        return len(ones) == len(others) and all(map(is_alike, ones, others))
    return type(held) is not _Fails and is_alike(held, said)


def _same_items(held: list[Any], said: list[Any]) -> bool:
    """Whether these are the same items, in any order."""
    if len(held) != len(said):
        return False
    if all(map(is_alike, held, said)):
        return True
    if len(held) > _MOST_UNORDERED:
        return False
    left = list(said)
    for one in held:
        place = next((place for place, other in enumerate(left) if is_alike(one, other)), None)
        if place is None:
            return False
        del left[place]
    return True
