"""What objects of the tests hold: how to see that it has changed, and how to put it back.

All of it is one level deep: fields of objects and of classes, items of lists and the like, the text of a stream, what a
function has around it. What these hold in turn are objects of their own (`reached`).
"""

from __future__ import annotations

import array
import collections
import functools
import io
import operator
import types
from collections.abc import Iterable, Iterator
from typing import Any

from pidistill_code.inside.graph import SCALARS
from pidistill_code.inside.standins import is_remote, own

CONTAINERS = (list, dict, set, frozenset, tuple)
_FIXED = (tuple, frozenset)
_PLAIN = (list, collections.OrderedDict, dict, set, *_FIXED, collections.deque, bytearray, array.array)
"""Classes whose instances, and those of classes derived from them, hold items."""
_STREAMS = (io.StringIO, io.BytesIO)
_METHODS = (types.MethodType, types.BuiltinMethodType)
_OTHERS = (collections.UserList, collections.UserDict, types.SimpleNamespace, types.FunctionType)
_HOLDING = frozenset({*_PLAIN, *_STREAMS, *_OTHERS, collections.defaultdict, collections.Counter, functools.partial})
MOST_LOOKED_AT = 100_000
"""Objects that are followed from one."""


def is_of_tests(item: Any) -> bool:
    """Whether it is an object of a class of the tests."""
    return type(item).__module__ == "__main__" and not is_remote(type(item)) and not isinstance(item, type)


def holds_something(item: Any) -> bool:
    """Whether it may be changed, or hold what may be."""
    kind = type(item)
    if kind in SCALARS:
        return False
    if kind in _METHODS:
        return holds_something(item.__self__)
    if kind in _HOLDING:
        return kind is not types.FunctionType or item.__module__ == "__main__"
    return is_of_tests(item) or _is_class(item)


def _is_class(item: Any) -> bool:
    return isinstance(item, type) and item.__module__ == "__main__" and not is_remote(item)


def fields(item: Any) -> list[tuple[str, Any]]:
    """Fields of an object of a class of the tests."""
    if not is_of_tests(item):
        return []
    found = list(getattr(item, "__dict__", {}).items())
    for kind in type(item).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name[:2] == "__" and name[-2:] != "__":  # as Python keeps a private one
                name = f"_{kind.__name__.lstrip('_')}{name}"
            if name not in ("__dict__", "__weakref__") and hasattr(item, name):
                found.append((name, getattr(item, name)))
    return found


def named(item: Any) -> list[tuple[str, Any]]:
    """What `item` holds under names."""
    kind = type(item)
    if kind is types.SimpleNamespace:
        return list(vars(item).items())
    if kind is types.FunctionType:
        return [*vars(item).items(), *(("", part) for part in item.__defaults__ or ()), *_around(item)]
    if _is_class(item):
        return [pair for pair in own(item).items() if pair[0][:2] != "__" and not _is_code(pair[1])]
    return fields(item)


def _is_code(value: Any) -> bool:
    return isinstance(value, types.FunctionType) or hasattr(type(value), "__get__")


def _around(function: Any) -> Iterator[tuple[str, Any]]:
    """Variables of the code around a function, and those of the tests' module that it speaks of and that hold something
    or count."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # it has no value yet
            continue
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if type(value) in (int, float, str) or (holds_something(value) and not _is_class(value)):
            yield name, value


def items(item: Any) -> list[Any] | None:
    """What `item` holds in an order of its own; None where it is no container."""
    kind = type(item)
    if kind in _STREAMS:
        return [True] if item.closed else [item.getvalue(), item.tell()]
    if kind in (collections.UserList, collections.UserDict):
        item = item.data
    plain: Any = next((base for base in _PLAIN if isinstance(item, base)), None)
    if plain is None:
        return None
    return (
        [part for pair in plain.items(item) for part in pair] if issubclass(plain, dict) else list(plain.__iter__(item))
    )


def content(item: Any) -> tuple[list[Any], dict[str, Any]]:
    """Its items, and what it holds under names."""
    return items(item) or [], dict(named(item))


def is_same(one: Any, other: Any) -> bool:
    """Whether both are one object, or single values that read the same."""
    return one is other or (type(one) is type(other) and type(one) in SCALARS and repr(one) == repr(other))


def are_same(ones: list[Any], others: list[Any]) -> bool:
    """As `is_same`, of each of them."""
    return len(ones) == len(others) and (all(map(operator.is_, ones, others)) or all(map(is_same, ones, others)))


def differing(before: dict[str, Any], now: dict[str, Any]) -> set[str]:
    """Names under which something else is held."""
    return {name for name in before.keys() | now.keys()
            if name not in before or name not in now or not is_same(before[name], now[name])}  # fmt: skip


def put_back(item: Any, held: tuple[list[Any], dict[str, Any]]) -> None:
    """Have `item` hold again what it held."""
    before, names = held
    if items(item) is not None:
        _fill(item, before)
    now = dict(named(item))
    for name in differing(names, now):
        _set(item, name, *([names[name]] if name in names else []))


def _fill(item: Any, held: list[Any]) -> None:
    kind = type(item)
    if kind in _STREAMS:
        if not item.closed and len(held) == 2:
            item.seek(0)
            item.truncate()
            item.write(held[0])
            item.seek(held[1])
        return
    if kind in (collections.UserList, collections.UserDict):
        item = item.data
    if isinstance(item, dict):
        plain: Any = collections.OrderedDict if isinstance(item, collections.OrderedDict) else dict
        plain.clear(item)
        for key, value in zip(held[::2], held[1::2], strict=True):
            plain.__setitem__(item, key, value)
    elif isinstance(item, set):
        set.clear(item)
        set.update(item, held)
    elif isinstance(item, collections.deque):
        collections.deque.clear(item)
        collections.deque.extend(item, held)
    elif isinstance(item, list):
        list.__setitem__(item, slice(None), held)
    elif isinstance(item, bytearray):
        item[:] = bytes(held)
    elif isinstance(item, array.array):
        item[:] = array.array(item.typecode, held)


def _set(item: Any, name: str, *value: Any) -> None:
    """Set what `item` has under `name`, or delete it."""
    if type(item) is types.FunctionType and name not in vars(item):
        cells = dict(zip(item.__code__.co_freevars, item.__closure__ or (), strict=True))
        if name in cells and value:
            cells[name].cell_contents = value[0]
        elif name in item.__globals__ and value:
            item.__globals__[name] = value[0]
        return
    owner: Any = type if isinstance(item, type) else object
    if value:
        owner.__setattr__(item, name, value[0])
    else:
        owner.__delattr__(item, name)


def parts(item: Any) -> Iterator[tuple[str, Any]]:
    """What `item` holds that may be changed or hold such, each with the name that it is held under, if any."""
    kind = type(item)
    found: list[tuple[str, Any]] = [("", part) for part in items(item) or ()] if kind not in _STREAMS else []
    if kind in _METHODS:
        found.append(("", item.__self__))
    elif kind is functools.partial:
        found += [("", part) for part in (item.func, *item.args, *item.keywords.values())]
    else:
        found += named(item)
        if is_of_tests(item):
            found.append(("", type(item)))
    return (pair for pair in found if holds_something(pair[1]))


def reached(given: Iterable[tuple[str, Any]]) -> Iterator[tuple[Any, tuple[str, str], Any]]:
    """All that what is given leads to, the nearest first: each with the label of what leads there and the last name on
    the way, and the first object of the tests on that way, if any."""
    seen: dict[int, Any] = {}
    waiting = collections.deque((item, label, "", None) for label, item in given)
    while waiting and len(seen) < MOST_LOOKED_AT:
        item, label, name, root = waiting.popleft()
        if id(item) in seen or not holds_something(item):
            continue
        seen[id(item)] = item
        if root is None and type(item) not in CONTAINERS and type(item) is not bytearray:
            root = item
        yield item, (label, name), root
        waiting += [(part, label, held_as or name, root) for held_as, part in parts(item)]
