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
from collections.abc import Container, Iterable, Iterator
from typing import Any

from pidistill_code.inside.contents import SCALARS
from pidistill_code.inside.names import own
from pidistill_code.inside.standins import is_remote

CONTAINERS = (list, dict, set, frozenset, tuple)
_FIXED = (tuple, frozenset)
_PLAIN = (list, collections.OrderedDict, dict, set, *_FIXED, collections.deque, bytearray, array.array)
"""Classes whose instances, and those of classes derived from them, hold items."""
_SINGLE = (bool, int, float, str, type(None))
_NONE = object()
_STREAMS = (io.StringIO, io.BytesIO)
_METHODS = (types.MethodType, types.BuiltinMethodType)
_OTHERS = (collections.UserList, collections.UserDict, types.SimpleNamespace, types.FunctionType)
_HOLDING = frozenset({*_PLAIN, *_STREAMS, *_OTHERS, collections.defaultdict, collections.Counter, functools.partial})
_OPEN_MODULES = frozenset({"queue", "argparse", "configparser"})
"""Of the library, whose objects keep what they hold in fields."""
_WRAPPED = {staticmethod: ("__func__",), classmethod: ("__func__",), property: ("fget", "fset", "fdel")}
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
    if kind.__module__ in _OPEN_MODULES:
        return not isinstance(item, type) and not is_remote(kind)
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
    if kind is types.SimpleNamespace or (kind.__module__ in _OPEN_MODULES and not is_remote(kind)):
        return list(vars(item).items())
    if kind is types.FunctionType:
        return [*vars(item).items(), *_around(item)]
    if _is_class(item):
        return [pair for pair in own(item).items() if pair[0][:2] != "__" and not _is_code(pair[1])]
    return fields(item)


def _is_code(value: Any) -> bool:
    return hasattr(type(value), "__get__") and not is_of_tests(value)


def _around(function: Any) -> Iterator[tuple[str, Any]]:
    """Variables of the code around a function, and those of the tests' module that it speaks of and that hold something
    or count."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # it has no value yet
            continue
    for name in _names_in(function.__code__):
        value = function.__globals__.get(name, _NONE)
        if type(value) in _SINGLE or holds_something(value):
            yield name, value


def _names_in(code: types.CodeType) -> Iterator[str]:
    """Names that it speaks of, also in what is defined or looped over within it."""
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from _names_in(part)


def _functions(kind: type) -> Iterator[types.FunctionType]:
    """The methods that a class of the tests has itself."""
    for value in own(kind).values():
        for found in [getattr(value, name) for name in _WRAPPED.get(type(value), ())] or [value]:
            if type(found) is types.FunctionType and holds_something(found):
                yield found


def items(item: Any) -> list[Any] | None:
    """What `item` holds in an order of its own; None where it is no container."""
    kind = type(item)
    if isinstance(item, _STREAMS):
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


def put_back(item: Any, held: tuple[list[Any], dict[str, Any]], only: Container[str] | None = None) -> None:
    """Have `item` hold again what it held, or `only` what it held under some names."""
    before, names = held
    if items(item) is not None and only is None:
        _fill(item, before)
    now = dict(named(item))
    for name in differing(names, now):
        if only is None or name in only:
            _set(item, name, *([names[name]] if name in names else []))


def _fill(item: Any, held: list[Any]) -> None:
    kind = type(item)
    if isinstance(item, _STREAMS):
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
    if kind is types.FunctionType:
        found += [("", part) for part in (*(item.__defaults__ or ()), *(item.__kwdefaults__ or {}).values())]
    elif _is_class(item):
        found += [("", part) for part in (*_functions(item), *item.__bases__)]
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
