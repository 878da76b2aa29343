"""What a list, a dictionary or a set of a program's own class says of what it holds.

Such an object counts as its content (`data`), and its class may do all that in a way of its own: have no items in a
loop, be sorted without a change, remove something else than it is told, say that a word it does not hold is there once.
So a method that reads is done in both ways, and they agree; one that takes something away has taken that and no more.
What is added is the class's own affair, as long as an operator does not put what it is told in the place of all that
was there. Where plain data has nothing to say, no such arguments and nothing under that key, the class alone does.
Its exceptions are its own.
"""

from __future__ import annotations

import collections
import operator
from collections.abc import Callable, Iterator
from typing import Any

from pidistill_code.inside.contents import PAIRS, BrokenError
from pidistill_code.inside.names import IN_PLACE
from pidistill_code.inside.shapes import is_alike

_ADDING = frozenset({
    "__setitem__", "append", "appendleft", "extend", "extendleft", "insert", "add", "update", "setdefault", "__iadd__",
    "__ior__",
})  # fmt: skip
_TAKING = frozenset({
    "__delitem__", "pop", "popleft", "popitem", "remove", "discard", "clear", "sort", "reverse", "rotate",
    "move_to_end", "subtract", "difference_update", "intersection_update", "symmetric_difference_update", "__isub__",
    "__iand__", "__ixor__", "__imul__",
})  # fmt: skip
_ANY_ONE = frozenset({"pop", "popleft", "popitem"})
"""What takes away whatever the class likes where it is not told what."""
_VIEWS = frozenset({"keys", "values", "items"})
_MOST_UNORDERED = 1000
"""Items without a hash that are compared in any order."""
_PLACED = (list, collections.deque)
_DATA = (collections.deque, list, tuple, dict, set, frozenset, str, bytes, int, float, complex)


def checked_way(
    item: Any, kind: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], own: Callable[..., Any]
) -> Any:
    """What `own` gives: what the class of `item`, whose content is that of a `kind`, does under `name`. Raise
    `BrokenError` where that is not what it holds."""
    args = tuple(list(arg) if hasattr(type(arg), "__next__") else arg for arg in args)  # which are read twice

    def does() -> Any:
        return own(*args)

    if name in ("__iter__", "__reversed__"):
        return _gone_through(item, kind, name, does())
    if name in _ADDING:
        return _added(item, kind, name, does)
    if name in _TAKING:
        any_one = name in _ANY_ONE and not (args or kwargs)
        return _taken_any(item, kind, name, does) if any_one else _taken(item, kind, name, args, kwargs, does)
    return _read(item, kind, name, args, kwargs, does)


def _read(
    item: Any, kind: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], own: Callable[[], Any]
) -> Any:
    before = _copy(item, kind)
    lacks = name == "get" and args and not _is_in(args[0], item, kind)
    held: Any = _UNFIT if lacks else _plainly(item, kind, name, args, kwargs)
    said = own()
    if not _is_left_of(item, before, kind):
        raise BrokenError(f"data whose {name} changes what it holds")
    if held is _UNFIT:
        return said
    goes = hasattr(type(said), "__next__")
    if goes:
        said = list(said)
    if not _is_read(held, said, name):
        held = _plainly(item, kind, name, args, kwargs)  # what was too old may be gone by now
    if not _is_read(held, said, name):
        raise BrokenError(f"data whose {name} is not of what it holds")
    if goes:
        return iter(said)
    return said if isinstance(said, _DATA) else held  # which another look does not change


def _is_read(held: Any, said: Any, name: str) -> bool:
    if name in _VIEWS:
        return hasattr(type(said), "__iter__") and _same_items(list(held), list(said))
    return _same(list(held) if hasattr(type(held), "__next__") else held, said)


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
    left = _copy(item, kind)
    taken = _plainly(left, kind, name, args, kwargs)
    result = own()
    if taken is _UNFIT:
        return result
    given = taken is None or taken is left or _same(taken, result)
    if not (given and _same(left, _copy(item, kind))):
        raise BrokenError(f"data whose {name} does something else to what it holds")
    return result


def _taken_any(item: Any, kind: Any, name: str, own: Callable[[], Any]) -> Any:
    before = _content(item, kind)
    result = own()
    given = (one[1] if name == "pop" and kind in PAIRS else one for one in before)
    if not any(is_alike(one, result) for one in given) and (before or result is not None):
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
    count, seen = 0, set()
    for one in given:
        size, count = kind.__len__(item), count + 1
        place = count - 1 if name == "__iter__" else size - count
        if kind in _PLACED:
            held = 0 <= place < size and is_alike(kind.__getitem__(item, place), one)
        else:
            held = _is_in(one, item, kind) and one not in seen
            seen.add(one)
        if not held:
            raise BrokenError("data that has other items in a loop than it holds")
        yield one
    if count != kind.__len__(item):
        raise BrokenError("data that has fewer items in a loop than it holds")


def _content(item: Any, kind: Any) -> Any:
    return list(kind.items(item)) if kind in PAIRS else list(kind.__iter__(item))


def _copy(item: Any, kind: Any) -> Any:
    """Plain data of the same content."""
    content = _content(item, kind)
    if kind is collections.deque:
        return kind(content, item.maxlen)
    return kind(dict(content)) if kind in PAIRS else kind(content)


def _is_left_of(item: Any, before: Any, kind: Any) -> bool:
    """Whether it holds what it has held, or some of that: what was asked for is put last, what is too old is dropped;
    behind all there was and under new keys there may be something new."""
    if kind not in PAIRS:
        now = _content(item, kind)
        grown = kind is not set and len(before) <= len(now) and all(map(operator.is_, _content(before, kind), now))
        return grown or all(_is_in(one, before, kind) for one in now)
    missing = object()
    old = ((dict.get(before, key, missing), value) for key, value in kind.items(item))
    return all(was is missing or was is value or is_alike(was, value) for was, value in old)


def _is_in(one: Any, item: Any, kind: Any) -> bool:
    try:
        return bool(kind.__contains__(item, one))
    except TypeError:
        return False


def _same(held: Any, said: Any) -> bool:
    """Whether both hold the same; the one is plain data."""
    if isinstance(held, dict):
        both = isinstance(said, dict) and held.keys() == dict.keys(said)
        placed = not isinstance(held, collections.OrderedDict) or not isinstance(said, collections.OrderedDict)
        ordered = placed or list(held) == list(collections.OrderedDict.keys(said))
        return both and ordered and all(is_alike(value, dict.__getitem__(said, key)) for key, value in held.items())
    if isinstance(held, (*_PLACED, tuple)) and isinstance(said, (*_PLACED, tuple)):
        ones, others = list(held), _content(said, next(base for base in (*_PLACED, tuple) if isinstance(said, base)))
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
