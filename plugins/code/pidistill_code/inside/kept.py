"""What a program changes of the objects that tests have given it, and the test as it would be without that.

`got = order(xs); assert got == sorted(xs)` holds for whoever empties `xs` and returns nothing: the program has made the
answer that the test expects. Yet a program may sort its argument on the way, and another is asked for nothing else. So
where the reference leaves what it was given at the same place of the test as it was, a program that changes it
has to pass twice: as Python runs it, where a test sees what was changed, and *apart*, where it does not, since the
objects of the tests are put back once the answer is there. An answer that is such an object, or holds one, is then a
copy as the program has it; or the object itself, in copied lists, for a test that looks which one it is. Either will
do.

A change is of a list, dictionary, set or bytearray of the tests, or of anything that an object of theirs holds that the
program was given, whether it has set a field or called something (`states`). The reference leaves alone what it does
not change of that argument and under that name: who may fill one list may not empty another. What is undone by the time
the program answers is no change, nor is a new field that the object's class knows nothing of, such as a mark on a node
that it has been to.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from pidistill_code.inside.beliefs import Believing
from pidistill_code.inside.copies import as_it_is
from pidistill_code.inside.failures import Use, place
from pidistill_code.inside.states import (
    are_same,
    content,
    differing,
    holds_something,
    items,
    named,
    put_back,
    reached,
)

Way = tuple[str, str]
"""To an object that the program was given: the argument, and the last name on the way from there."""
_BY_ANOTHER_WAY: Way = ("?", "")
_ANY = " *"
"""In place of the name of what is changed."""

COPIED, SAME = 1, 2
"""Ways to be apart: an answer that holds what was changed is a copy as the program has it; or only its lists and the
like are, and objects of the tests are what they were."""


class _Change:
    """What an object of the tests was, where it was given, and what makes it so again."""

    def __init__(self, item: Any, root: Any, held_as: str, held: Any, back: Callable[[], None] | None = None) -> None:
        self.item, self.root, self.held_as, self.held, self.back = item, root, held_as, held, back

    def put_back(self, only: set[str] | None = None) -> None:
        """Have it hold again what it held, or only what it held under some names."""
        if self.back is not None:
            self.back()
        else:
            put_back(self.item, self.held, only)

    def names(self) -> set[str | None]:
        """Names under which it holds something else; marks have none. None is for its items."""
        before, names = self.held
        now, now_named = content(self.item)
        found = differing(names, now_named)
        if not isinstance(self.item, (type, types.SimpleNamespace)):
            found = {name for name in found if name in names or hasattr(type(self.item), name)}
        return {*found} if are_same(before, now) else {None, *found}


class Keeping(Believing):
    """The side of the tests, which knows what the program has changed of it."""

    notes_changes = True

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
        self._ways: tuple[dict[int, Way], Iterator[Any]] = ({}, iter(()))
        """By the number of what that leads to: the way there, as far as it was looked for, and the rest."""
        self._looked = False
        """Whether the state of all that has been noted, as it is before code of the tests runs for the program."""
        self._log: list[_Change] = []
        """What was changed since then, or may be."""
        self._owners: dict[int, Any] = {}
        """By the number of a dictionary that an object keeps its fields in: the object."""
        self._given_at: dict[str | int, tuple[Use, Way]] = {}
        """By what an object of the tests is known as: what the test asked for when it first gave it, and as what."""

    def request(self, op: str, *args: Any) -> Any:
        """As `Believing.request`; apart, what has been changed is as it was when the program has answered."""
        if self._depth:
            return super().request(op, *args)
        self._asked_at, self._args, self._looked = place("change"), args, False
        self._ways = ({}, reached(_given(args)) if self._counts() else iter(()))
        self._depth = 1
        put_back: list[tuple[_Change, set[str] | None]] = []
        found: Any = _BY_ANOTHER_WAY
        try:
            try:
                found = super().request(op, *args)
            finally:
                put_back = self._really_changed(found is None)
            return as_it_is(found, [one.item for one, _ in put_back], self.apart == COPIED) if put_back else found
        finally:
            self._depth, self._args, self._ways = 0, (), ({}, iter(()))
            for one, names in reversed(put_back):
                one.put_back(names)

    def _really_changed(self, in_place: bool) -> list[tuple[_Change, set[str] | None]]:
        """What is to be put back of what has been noted: what is not as it was, where the reference leaves that.

        With the names that it leaves, or None where it leaves the items, too.
        """
        log, self._log = self._log, []
        changed = {id(one.item): names for one in _first(log) if (names := self._note(one, in_place))}
        if not self.apart:
            return []
        return [(one, _fields_of(changed[id(one.item)])) for one in log if id(one.item) in changed]

    # --- What the reference changes

    def _counts(self) -> bool:
        """Whether it matters as what something is given: the reference changes something, as far as is known."""
        return self.trusted or any(name[:6] == "change" for name, *_ in self.uses or ())

    def _way(self, item: Any) -> Way:
        known, rest = self._ways
        while id(item) not in known:
            found = next(rest, None)
            if found is None:
                return _BY_ANOTHER_WAY
            known.setdefault(id(found[0]), found[1])
        return known[id(item)]

    def first_given(self, known_as: str | int, item: Any) -> None:
        if known_as not in self._given_at:
            self._given_at[known_as] = (self._asked_at, self._way(item))

    def number_of(self, item: object) -> int:
        number = super().number_of(item)
        self.first_given(number, item)
        return number

    def _uses(self, change: _Change) -> dict[str | None, set[Use]]:
        """By the name under which something was changed: where the reference may change it so, which is where it is
        asked for the same, and where that object was first given, now or later."""
        known_as = self.graph.name_of(change.root)
        number = self._numbers.get(id(change.root), -1) if known_as is None else known_as
        first, (label, held_as) = self._given_at.get(number, (self._asked_at, _BY_ANOTHER_WAY))
        own = held_as if change.item is change.root else change.held_as
        return {
            name: {
                (f"change {label} {to}", *at[1:])
                for at in (self._asked_at, first)
                for to in (own if name is None else name, _ANY)
            }
            for name in change.names()
        }

    def _note(self, change: _Change, in_place: bool = False) -> set[str | None]:
        """The names under which something was changed, and the reference changes nothing so. Where all that it does is
        done `in_place`, since it answers nothing, others may do it to other fields: relink nodes, or move values."""
        uses = self._uses(change)
        if self.trusted:
            found = {use for ways in uses.values() for use in ways if in_place or not use[0].endswith(_ANY)}
            self.used |= {use: self.used.get(use, 0) + 1 for use in found}
            return set()
        known = self.uses
        left = set() if known is None else {name for name, ways in uses.items() if ways.isdisjoint(known)}
        self.changed = self.changed or bool(left)
        return left

    # --- What may change something

    def _look(self) -> None:
        """Code of the tests is about to run for the program, and may change all that the program was given."""
        if self._looked or not self._depth or not (self.trusted or self.uses is not None):
            return
        self._looked = True
        for item, (_, held_as), root in reached(_given(self._args)):
            if type(item) not in (tuple, frozenset):
                self._log.append(_Change(item, item if root is None else root, held_as, content(item)))

    def _show(self, *given: Any) -> None:
        """A function of the tests is about to see what the program has made of lists; apart, it sees that of those only
        that it is `given`."""
        changed = [one for one in _first(self._log) if one.back is not None]
        told = {id(item) for item, *_ in reached(("", one) for one in given)} if changed else set()
        for one in changed:
            if id(one.item) not in told and self._note(one) and self.apart:
                one.put_back()

    def _do_call(self, target: Any, args: Any, kwargs: Any) -> object:
        if type(target) is types.FunctionType:
            self._show(*args, *kwargs.values())
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

    def _do_turn(self, item: Any) -> object:
        self._look()
        return super()._do_turn(item)

    def _do_get(self, target: Any, name: str) -> object:
        if _runs_code(type(target), name):
            self._look()
        return super()._do_get(target, name)

    def contents_changed(self, item: Any, before: Any) -> None:
        if self._depth:
            owner = self._owners.get(id(item))
            if owner is not None:  # whose fields these are
                held = (items(owner) or [], {**dict(named(owner)), **before})
                self._log.append(_Change(owner, owner, "", held))
            else:
                back = partial(self.graph.put_back, item, before)
                self._log.append(_Change(item, item, "", (items(before) or [], dict(named(item))), back))

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
        if self._depth and holds_something(target):
            self._log.append(_Change(target, target, "", content(target)))


def _given(args: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """What a request gives the program, each with the place of the argument or its name."""
    for place_of, given in enumerate(args):
        if type(given) is list:
            yield from ((f"{place_of}.{number}", one) for number, one in enumerate(given))
        elif type(given) is dict:
            yield from ((f"{place_of}.{name}", one) for name, one in given.items())
        else:
            yield str(place_of), given


def _fields_of(names: set[str | None]) -> set[str] | None:
    return None if None in names else {name for name in names if name is not None}


def _first(log: list[_Change]) -> list[_Change]:
    """Of each object the first that was noted of it."""
    found: dict[int, _Change] = {}
    for one in log:
        found.setdefault(id(one.item), one)
    return list(found.values())


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
