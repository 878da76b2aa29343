"""What a program changes of the objects that tests have given it, and the test as it would be without that.

`got = order(xs); assert got == sorted(xs)` holds for whoever empties `xs` and returns nothing: the program has made the
answer that the test expects. Yet a program may sort its argument on the way, and another is asked for nothing else. So
where the reference leaves what it was given at the same place of the test as it was, a program that changes it
has to pass twice: as Python runs it, where a test sees what was changed, and *apart*, where it does not, since the
objects of the tests are put back once the answer is there. An answer that is such an object, or holds one, is then a
copy as the program has it; or the object itself, for a test that looks which one it is. Either will do.

A change is of a list, dictionary, set or bytearray of the tests, or of what an object of theirs holds that the program
was given, whether it has set a field or called a method. What it has undone by the time it answers is none, nor is a
new field that the object's class knows nothing of, such as a mark on a node that it has been to.
"""

from __future__ import annotations

import copy
import operator
import types
from collections.abc import Iterator
from functools import partial
from typing import Any

from pidistill_code.inside.beliefs import Believing, Use, place
from pidistill_code.inside.graph import SCALARS, put_back
from pidistill_code.inside.standins import is_remote

_CONTAINERS = (list, dict, set, frozenset, tuple)
_MOST_LOOKED_AT = 100_000
"""Objects that an answer may hold for a copy to be made of it."""


COPIED, SAME = 1, 2
"""Ways to be apart: an answer that holds what was changed is a copy as the program has it, or is what it was."""


class _Change:
    """What an object of the tests was, and what makes it so again."""

    def __init__(self, item: Any, root: Any, is_as_before: Any, put_back: Any) -> None:
        self.item, self.root, self.is_as_before, self.put_back = item, root, is_as_before, put_back


class Keeping(Believing):
    """The side of the tests, which knows what the program has changed of it."""

    def __init__(self, exchange: Any, effects: Any, take: Any) -> None:
        super().__init__(exchange, effects, take)
        self.apart = 0
        """Whether what the program changes is put back, and what an answer is then: 0, `COPIED` or `SAME`."""
        self.changed = False
        """Whether the program has changed what the reference leaves as it is."""
        self._depth = 0
        self._asked_at: Use = ("change", "", -1)
        """Where the test has asked the program for something."""
        self._args: Any = ()
        """What it has been given for that."""
        self._looked = False
        """Whether the state of all that has been noted, as it is before code of the tests runs for the program."""
        self._log: list[_Change] = []
        """What was changed since then, or may be."""
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
        self._asked_at, self._args, self._looked = place("change"), args, False
        self._depth = 1
        put_back: list[_Change] = []
        try:
            try:
                found = super().request(op, *args)
            finally:
                put_back = self._really_changed()
            return as_it_is(found, [one.item for one in put_back]) if put_back and self.apart == COPIED else found
        finally:
            self._depth, self._args = 0, ()
            for one in reversed(put_back):
                one.put_back()

    def _really_changed(self) -> list[_Change]:
        """What is to be put back of what has been noted: what is not as it was, where the reference leaves that."""
        log, self._log = self._log, []
        first: dict[int, _Change] = {}
        for one in log:
            first.setdefault(id(one.item), one)
        changed = {number for number, one in first.items() if not one.is_as_before()}
        for number in changed:
            self._note(first[number])
        if not self.apart:
            return []
        return [one for one in log if id(one.item) in changed and not self._may_change(one)]

    def _number(self, item: object) -> int:
        number = super()._number(item)
        self._given_at.setdefault(number, self._asked_at)
        return number

    def _uses(self, change: _Change) -> set[Use]:
        """Where the reference may change it: what was given there, now or later, or anything that is asked for."""
        name = self.graph.name_of(change.root)
        known = self._numbers.get(id(change.root), -1) if name is None else name
        return {self._asked_at, self._given_at.get(known, self._asked_at)}

    def _may_change(self, change: _Change) -> bool:
        return self.trusted or self.uses is None or not self._uses(change).isdisjoint(self.uses)

    def _note(self, change: _Change) -> None:
        if self.trusted:
            self.used |= {use: self.used.get(use, 0) + 1 for use in self._uses(change)}
        elif not self._may_change(change):
            self.changed = True

    # --- What may change something

    def _look(self) -> None:
        """Code of the tests is about to run for the program, and may change all that the program was given."""
        if self._looked or not self._depth or not (self.trusted or self.uses is not None):
            return
        self._looked = True
        for item, root, before, held in _states(self._args):
            self._log.append(_Change(item, root, partial(_holds, item, before), partial(_put_back, item, held)))

    def _do_call(self, target: Any, args: Any, kwargs: Any) -> object:
        self._look()
        return super()._do_call(target, args, kwargs)

    def _do_method(self, target: Any, name: str, args: Any, kwargs: Any) -> object:
        self._look()
        return super()._do_method(target, name, args, kwargs)

    def _do_op(self, target: Any, name: str, args: Any) -> object:
        if name not in ("__eq__", "__hash__") or name in _own_names(type(target)):
            self._look()
        return super()._do_op(target, name, args)

    def _do_super(self, kind: Any, owner: Any, name: str, args: Any, kwargs: Any) -> object:
        self._look()
        return super()._do_super(kind, owner, name, args, kwargs)

    def _do_await(self, item: Any) -> object:
        self._look()
        return super()._do_await(item)

    def _do_get(self, target: Any, name: str) -> object:
        if _runs_code(type(target), name):
            self._look()
        return super()._do_get(target, name)

    def _contents_changed(self, item: Any, before: Any) -> None:
        if self._depth:
            root = self._owners.get(id(item), item)
            holds = partial(_holds, item, _content(before))
            self._log.append(_Change(item, root, holds, partial(self.graph.put_back, item, before)))

    def _watched_fields(self, target: Any, seen: Any) -> object:
        if type(seen) is dict and seen is getattr(target, "__dict__", None):
            self._owners[id(seen)] = target
        return super()._watched_fields(target, seen)

    def _do_set(self, target: Any, name: str, value: object) -> None:
        self._field_may_change(target)
        if _runs_code(type(target), name):
            self._look()
        super()._do_set(target, name, value)

    def _do_delete(self, target: Any, name: str) -> None:
        self._field_may_change(target)
        if _runs_code(type(target), name):
            self._look()
        super()._do_delete(target, name)

    def _field_may_change(self, target: Any) -> None:
        if self._depth and _is_of_tests(target):
            held = _fields(target)
            self._log.append(_Change(
                target, target, partial(_only_marked, target, held), partial(_put_back, target, held)))  # fmt: skip


def _only_marked(item: Any, held: list[tuple[str, Any]]) -> bool:
    """Whether an object's fields are what they were but for new ones that its class knows nothing of: marks."""
    before, now = dict(held), dict(_fields(item))
    same = all(name in now and _is_same(now[name], value) for name, value in before.items())
    return same and not any(hasattr(type(item), name) for name in now.keys() - before.keys())


def _own_names(kind: type) -> set[str]:
    """What classes of the tests among its bases define."""
    return {name for base in kind.__mro__ if base.__module__ == "__main__" for name in vars(base)}


def _runs_code(kind: type, name: str) -> bool:
    """Whether to read or set a field of that name runs code of the tests: a property, or `__getattr__`."""
    for base in kind.__mro__:
        if base.__module__ != "__main__":
            continue
        if not {"__getattr__", "__getattribute__", "__setattr__", "__delattr__"}.isdisjoint(vars(base)):
            return True
        if name in vars(base):
            plain = (types.FunctionType, types.MemberDescriptorType, classmethod, staticmethod)
            return hasattr(type(vars(base)[name]), "__get__") and not isinstance(vars(base)[name], plain)
    return False


def _states(args: Any) -> Iterator[tuple[Any, Any, list[Any], Any]]:
    """Objects of the tests in `args` and what these hold, each with the object there that it is a part of, what it
    holds one level deep, and what puts that back."""
    seen: dict[int, Any] = {}
    waiting: list[tuple[Any, Any]] = [(args, None)]
    while waiting and len(seen) < _MOST_LOOKED_AT:
        item, root = waiting.pop()
        if id(item) in seen:
            continue
        seen[id(item)] = item
        root = item if root is None and _is_of_tests(item) else root
        if root is not None and type(item) not in (tuple, frozenset):
            yield item, root, _content(item), _fields(item) if _is_of_tests(item) else copy.copy(item)
        waiting += [(part, root) for part in _parts(item)]


def _content(item: Any) -> list[Any]:
    """What `item` holds, one level deep."""
    if type(item) is bytearray:
        return [bytes(item)]
    if type(item) in _CONTAINERS and type(item) is not dict:
        return list(item)
    return [part for pair in (item.items() if type(item) is dict else _fields(item)) for part in pair]


def _holds(item: Any, before: list[Any]) -> bool:
    """Whether `item` holds what it did: the same objects, or single values that read the same."""
    now = _content(item)
    return len(now) == len(before) and (all(map(operator.is_, now, before)) or all(map(_is_same, now, before)))


def _is_same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and type(one) in SCALARS and repr(one) == repr(other))


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
    return (
        part
        for part in found
        if type(part) not in SCALARS and (type(part) in _CONTAINERS or type(part) is bytearray or _is_of_tests(part))
    )


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
            if name[:2] == "__" and name[-2:] != "__":  # as Python keeps a private one
                name = f"_{kind.__name__.lstrip('_')}{name}"
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
