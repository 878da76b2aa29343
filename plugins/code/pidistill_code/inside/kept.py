"""What a program changes of the objects that tests have given it, and the test as it would be without that.

`got = order(xs); assert got == sorted(xs)` holds for whoever empties `xs` and returns nothing: the program has made the
answer that the test expects. Yet a program may sort its argument on the way, and another is asked for nothing else. So
where the reference leaves what it was given at the same place of the test as it was, a program that changes it
has to pass twice: as Python runs it, where a test sees what was changed, and *apart*, where it does not. Apart, an
answer that is an object of the tests that was changed, or holds one, is a copy as the program has it, and the objects
of the tests are put back once it is there.

A change is of a list, dictionary, set or bytearray of the tests, or of what an object of theirs holds that the program
was given, whether it has set a field or called a method.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from pidistill_code.inside.beliefs import Believing, Use, place
from pidistill_code.inside.graph import SCALARS, put_back
from pidistill_code.inside.standins import is_remote

_CONTAINERS = (list, dict, set, frozenset, tuple)
_MOST_LOOKED_AT = 100_000
"""Objects that an answer may hold for a copy to be made of it."""


class Keeping(Believing):
    """The side of the tests, which knows what the program has changed of it."""

    def __init__(self, exchange: Any, effects: Any, take: Any) -> None:
        super().__init__(exchange, effects, take)
        self.apart = False
        """Whether what the program changes is put back."""
        self.changed = False
        """Whether the program has changed what the reference leaves as it is."""
        self._depth = 0
        self._asked_at: Use = ("change", "", -1)
        """Where the test has asked the program for something."""
        self._log: list[tuple[Any, Any]] = []
        """Objects that were changed since then, and what puts each back."""
        self._owners: dict[int, Any] = {}
        """By the number of a dictionary that an object keeps its fields in: the object."""
        self._given_at: dict[str | int, Use] = {}
        """By what an object of the tests is known as: what the test was asking for when it was first given."""
        self.graph.on_change = self._contents_changed
        self.graph.on_name = lambda name: self._given_at.setdefault(name, self._asked_at)

    def request(self, op: str, *args: Any) -> Any:
        """As `Believing.request`; apart, what has been changed is as it was when the program has answered."""
        if self._depth:
            return super().request(op, *args)
        self._asked_at = place("change")
        before = list(_states(args)) if self.trusted or self.uses is not None else []
        self._depth = 1
        try:
            try:
                found = super().request(op, *args)
            finally:
                for item, root, (state, held) in before:
                    if _state(item) != state:
                        self._changed(item, lambda item=item, held=held: _put_back(item, held), root)
            return as_it_is(found, [item for item, _ in self._log]) if self._log else found
        finally:
            self._depth = 0
            while self._log:
                _, put_back = self._log.pop()
                put_back()

    def _number(self, item: object) -> int:
        number = super()._number(item)
        self._given_at.setdefault(number, self._asked_at)
        return number

    def _changed(self, item: Any, put_back: Any, root: Any = None) -> None:
        """Note a change, which `put_back` undoes, of an object that was given by itself or as a part of `root`.

        The reference may change what was given at the same place, now or later, or anything that is asked for here.
        """
        root = item if root is None else root
        name = self.graph.name_of(root)
        known = self._given_at.get(self._numbers.get(id(root), -1) if name is None else name, self._asked_at)
        uses = {self._asked_at, known}
        if self.trusted:
            self.used |= {use: self.used.get(use, 0) + 1 for use in uses}
        if self.trusted or self.uses is None or not uses.isdisjoint(self.uses) or not self._depth:
            return
        self.changed = True
        if self.apart:
            self._log.append((item, put_back))

    def _contents_changed(self, item: Any, before: Any) -> None:
        self._changed(self._owners.get(id(item), item), lambda: self.graph.put_back(item, before))

    def _watched_fields(self, target: Any, seen: Any) -> object:
        if type(seen) is dict and seen is getattr(target, "__dict__", None):
            self._owners[id(seen)] = target
        return super()._watched_fields(target, seen)

    def _do_set(self, target: Any, name: str, value: object) -> None:
        before = _fields(target)
        super()._do_set(target, name, value)
        self._field_changed(target, before)

    def _do_delete(self, target: Any, name: str) -> None:
        before = _fields(target)
        super()._do_delete(target, name)
        self._field_changed(target, before)

    def _field_changed(self, target: Any, before: list[tuple[str, Any]]) -> None:
        if _is_of_tests(target) and before != _fields(target):
            self._changed(target, lambda: _put_back(target, before))


def _states(args: Any) -> Iterator[tuple[Any, Any, tuple[Any, Any]]]:
    """Objects of the tests in `args` and what these hold, each with the object there that it is a part of, its state
    and what that consists of."""
    seen: dict[int, Any] = {}
    waiting: list[tuple[Any, Any]] = [(args, None)]
    while waiting and len(seen) < _MOST_LOOKED_AT:
        item, root = waiting.pop()
        if id(item) in seen:
            continue
        seen[id(item)] = item
        root = item if root is None and _is_of_tests(item) else root
        if root is not None and type(item) not in (tuple, frozenset):
            yield item, root, (_state(item), _fields(item) if _is_of_tests(item) else copy.copy(item))
        waiting += [(part, root) for part in _parts(item)]


def _state(item: Any) -> Any:
    """What `item` holds, one level deep, so that a change is seen."""
    if type(item) is bytearray:
        return bytes(item)
    parts = _fields(item) if _is_of_tests(item) else item.items() if type(item) is dict else item
    flat = [part for pair in parts for part in pair] if _is_of_tests(item) or type(item) is dict else list(parts)
    return [(type(part), repr(part)) if type(part) in SCALARS else id(part) for part in flat]


def _put_back(item: Any, held: Any) -> None:
    """Have `item` hold again what it held."""
    if not _is_of_tests(item):
        put_back(item, held)
        return
    before = dict(held)
    for name, _ in _fields(item):
        if name not in before:
            object.__delattr__(item, name)
    for name, value in before.items():
        object.__setattr__(item, name, value)


def as_it_is(found: Any, changed: list[Any]) -> Any:
    """`found`, with copies in the place of `changed` objects and of all that holds one; the rest is what it was."""
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
        if len(held) > _MOST_LOOKED_AT:
            return found
    reaching = [id(item) for item in changed if id(item) in held]
    copied: dict[int, Any] = {}
    for number in reaching:  # which grows
        if number not in copied:
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
    """What `item` holds that may be changed, or hold such."""
    kind = type(item)
    if kind is dict:
        found = [part for pair in item.items() for part in pair]
    elif kind in _CONTAINERS:
        found = list(item)
    else:
        found = [value for _, value in _fields(item)]
    return (part for part in found if type(part) in _CONTAINERS or type(part) is bytearray or _is_of_tests(part))


def _is_of_tests(item: Any) -> bool:
    return type(item).__module__ == "__main__" and not is_remote(type(item)) and not isinstance(item, type)


def _fields(item: Any) -> list[tuple[str, Any]]:
    """Fields of an object of a class of the tests."""
    if not _is_of_tests(item):
        return []
    found = list(getattr(item, "__dict__", {}).items())
    for kind in type(item).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(item, name):
                found.append((name, getattr(item, name)))
    return found


def _shell(item: Any) -> Any:
    """A copy of `item`, to be filled; of a tuple, which is made last, `item` itself."""
    if type(item) in (tuple, frozenset):
        return item
    if _is_of_tests(item) and not isinstance(item, _CONTAINERS):
        try:
            made = object.__new__(type(item))
        except TypeError:  # it is made in another way
            return item
        for name, value in _fields(item):
            object.__setattr__(made, name, value)
        return made
    return copy.copy(item)


def _fill(made: Any, item: Any, now: Any) -> None:
    if made is item or type(item) is bytearray:
        return
    match item:
        case list():
            made[:] = map(now, item)
        case dict():
            made.clear()
            made.update((now(key), now(value)) for key, value in item.items())
        case set():
            made.clear()
            made.update(map(now, item))
        case _:
            for name, value in _fields(item):
                object.__setattr__(made, name, now(value))
