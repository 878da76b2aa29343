"""Copies of what an answer holds, where that is to be put back: all the rest of the answer is itself."""

from __future__ import annotations

import collections
import copy
from collections.abc import Iterator
from typing import Any

from pidistill_code.inside.contents import MUTABLE, SCALARS
from pidistill_code.inside.states import CONTAINERS, MOST_LOOKED_AT, fields, is_of_tests, items

_DATA = frozenset({*CONTAINERS, *MUTABLE.values()})


def as_it_is(found: Any, changed: list[Any], objects: bool = True) -> Any:
    """`found`, with copies in the place of `changed` objects and of all that holds one; the rest is what it was.

    Without `objects` those of the tests are what they are, and only lists and the like are copied.
    """
    if type(found) in SCALARS:
        return found
    held: dict[int, Any] = {id(found): found}
    holders: dict[int, list[int]] = {}
    waiting = [found]
    while waiting:
        item = waiting.pop()
        for part in _parts(item):
            holders.setdefault(id(part), []).append(id(item))
            if id(part) not in held:
                held[id(part)] = part
                waiting.append(part)
        if len(held) > MOST_LOOKED_AT:
            return found
    reaching = [id(item) for item in changed if id(item) in held]
    copied: dict[int, Any] = {}
    for number in reaching:  # which grows
        if number not in copied and (objects or not is_of_tests(held[number])):
            copied[number] = _shell(held[number])
            reaching += holders.get(number, [])

    def now(item: Any) -> Any:
        if id(item) in copied and type(item) in (tuple, frozenset) and copied[id(item)] is item:
            copied[id(item)] = type(item)([now(part) for part in item])
        return copied.get(id(item), item)

    for number in list(copied):
        _fill(copied[number], held[number], now)
    return now(found)


def _parts(item: Any) -> Iterator[Any]:
    """What data and objects of the tests hold that may be changed, or hold such."""
    found = items(item) if type(item) in _DATA else [value for _, value in fields(item)]
    return (part for part in found or () if type(part) in _DATA or is_of_tests(part))


def _shell(item: Any) -> Any:
    """A copy of `item`, to be filled; of a tuple, which is made last, `item` itself."""
    if type(item) in (tuple, frozenset):
        return item
    if is_of_tests(item) and not isinstance(item, CONTAINERS):
        try:
            made = object.__new__(type(item))
        except TypeError:  # it is made in another way
            return item
        for name, value in fields(item):
            object.__setattr__(made, name, value)
        return made
    return copy.copy(item)


def _fill(made: Any, item: Any, now: Any) -> None:
    if made is item or type(item) is bytearray:
        return
    match item:
        case list():
            made[:] = map(now, item)
        case collections.deque():
            made.clear()
            made.extend(map(now, item))
        case dict():
            made.clear()
            for key, value in item.items():  # a counter's `update` adds
                made[now(key)] = now(value)
        case set():
            made.clear()
            made.update(map(now, item))
        case _:
            for name, value in fields(item):
                object.__setattr__(made, name, now(value))
