"""Lists, dictionaries, sets and what of the library is like these: what such an object holds, one level deep, and how
it comes to hold something else. An instance of a subclass is read and filled past what its class makes of that.
"""

from __future__ import annotations

import array
import collections
import copy
import operator
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
PLAIN: tuple[Any, ...] = (collections.OrderedDict, collections.Counter, collections.deque, list, dict, set)
"""Whose subclasses' instances may cross as they do; those that are derived from others stand before these."""
_BUFFERS = frozenset({bytearray, array.array})
"""Which hold no objects."""
PAIRS = frozenset({dict, collections.OrderedDict, collections.defaultdict, collections.Counter})
TAGS = {kind: tag for tag, kind in MUTABLE.items()}


class BrokenError(BaseException):
    """A message that the other side cannot have made in good faith. No test may catch it."""


def base_of(kind: Any) -> Any:
    """Which of the classes whose instances cross filled it is, or is derived from; None for neither."""
    return kind if kind in TAGS else next((base for base in PLAIN if issubclass(kind, base)), None)


def parts_of(item: Any) -> list[Any]:
    """What `item` holds, past what a subclass makes of it."""
    base = base_of(type(item))
    return [part for pair in base.items(item) for part in pair] if base in PAIRS else list(base.__iter__(item))


def content_of(item: Any) -> Any:
    """What `item` holds, one level deep, so that a change is seen: scalars by type and value, others by identity."""
    if type(item) is bytearray:
        return bytes(item)
    return [(type(part), repr(part) if type(part) in (float, complex) else part) if type(part) in SCALARS else id(part)
            for part in parts_of(item)]  # fmt: skip


def snapshot_of(item: Any) -> Any:
    """What `item` holds, one level deep, to see by whether it has changed."""
    base = base_of(type(item))
    if base in _BUFFERS:
        return bytes(item)
    return (tuple(base.keys(item)), tuple(base.values(item))) if base in PAIRS else tuple(base.__iter__(item))


def is_as_it_was(item: Any, before: Any) -> bool:
    """Whether `item` holds the very objects that it held."""
    base = base_of(type(item))
    if base in _BUFFERS:
        return bool(bytes(item) == before)
    if base not in PAIRS:
        return len(before) == base.__len__(item) and all(map(operator.is_, base.__iter__(item), before))
    keys, values = before
    same = len(keys) == base.__len__(item) and all(map(operator.is_, base.keys(item), keys))
    return same and all(map(operator.is_, base.values(item), values))


def plain_copy(item: Any) -> Any:
    """A copy of it; of an instance of a subclass, one of its base."""
    base = base_of(type(item))
    if base is type(item):
        return copy.copy(item)
    if base in PAIRS:
        return base(dict(base.items(item)))  # of pairs, a counter would count these
    return base(base.__iter__(item))


def maker_of(item: Any) -> Any:
    """What an object is made with beside its content."""
    match item:
        case collections.deque():
            return item.maxlen
        case collections.defaultdict():
            return item.default_factory
        case array.array():
            return item.typecode
    return None


def empty_of(tag: str, made_with: Any) -> Any:
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


def fill(item: Any, parts: Any, value: Any, watch: Any = None) -> None:
    if type(item) is bytearray:
        if type(parts) is not bytes:
            raise BrokenError("a bytearray that holds no bytes")
        if item != parts:
            item[:] = parts
        return
    if type(parts) is not list:
        raise BrokenError("parts that are no list")
    found: Any = [value(part) for part in parts]
    held, base = parts_of(item), base_of(type(item))
    if base is set:
        if set(held) != set(found) or len(held) != len(found):
            put_back(item, found)
    elif len(held) != len(found) or any(a is not b for a, b in zip(held, found, strict=True)):
        pairs: Any = dict(zip(found[::2], found[1::2], strict=True)) if base in PAIRS else found
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
    elif base in PAIRS:
        base.clear(item)
        for key, value in held.items():  # a counter's `update` adds
            base.__setitem__(item, key, value)
    else:
        base.clear(item)
        (base.extend if base is collections.deque else base.update)(item, held)
