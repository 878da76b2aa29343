"""What the side of the tests believes of objects of the other side.

An object may say that it equals anything, that a difference is nothing, that the text it stands for begins with
whatever was asked. So no object takes part in a comparison, in arithmetic or in a method of plain data that is told
data of the tests, unless that is what the task is about. Where there is a reference, that is what the reference's
objects did at the same place of the same test when it was tried, and no more often: a place is an instruction of the
test code, which may be in a loop. Without one it is what a class that the tests name is used for, as far as it can be
read from the task (`classes`). Equality is believed of nothing that is equal to a random text, too.
"""

from __future__ import annotations

import os
import sys
import types
from collections import abc, deque
from collections.abc import Callable, Iterator
from typing import Any

from pidistill_code.inside.changes import Handing
from pidistill_code.inside.contents import PLAIN, BrokenError
from pidistill_code.inside.data import BASES, defined, is_data
from pidistill_code.inside.failures import place
from pidistill_code.inside.holding import checked_way
from pidistill_code.inside.names import (
    AS_NUMBER,
    HEAP_TYPE,
    IN_PLACE,
    JUDGING,
    NUMERIC,
    ORDERING,
    SIDES,
    TELLING,
    own,
)
from pidistill_code.inside.shapes import LOOKED_AT, UNKNOWN, Look, is_alike, look_at
from pidistill_code.inside.standins import Remote, RemoteClass, is_remote

_MOST_LOOKS = 8
"""At the shape of one object."""


def _face_of(kind: type) -> Any:
    return own(kind).get("_remote_face") if Remote in type.__getattribute__(kind, "__mro__") else None


_FAMILIES = {
    **dict.fromkeys(("__eq__", "__ne__"), "equality"),
    **dict.fromkeys(ORDERING, "order"),
    **dict.fromkeys(AS_NUMBER | {"__round__", "__trunc__", "__floor__", "__ceil__"}, "number"),
}
"""Special methods of which Python takes one for another."""


def family(name: str) -> str:
    """Name of the special methods that do what `name` does."""
    if name[2:3] in "ri" and f"__{name[3:]}" in SIDES:
        return f"__{name[3:]}"
    return _FAMILIES.get(name, name)


class Believing(Handing):
    """The side of the tests, which believes what the task is about."""

    def __init__(self, exchange: Any, effects: Any, take: Any) -> None:
        super().__init__(exchange, effects, take)
        self.operators: frozenset[str] = frozenset()
        """Special methods, and methods of plain data, that the task is about."""
        self._looks: dict[int, tuple[int, int, int, Look | None]] = {}
        """How often the shape of each object has been looked at, and when at last, and what was found."""
        self._looking = False
        self._asked = 0
        """How often the program has been asked for anything but a look."""
        self._acts = 0
        """For anything but what a look is for."""

    def request(self, op: str, *args: Any) -> Any:
        """As `Handing.request`; what a look has found holds until then."""
        self._asked += not self._looking
        self._acts += not (self._looking or (op == "op" and args[1] in LOOKED_AT))
        return super().request(op, *args)

    def stay(self, item: Any, slot: Any) -> tuple[object, ...]:
        return super().stay(item._method if type(item) is _Told else item, slot)

    def _going_through(self, remote: Any, found: list[Any]) -> Iterator[Any]:
        """What a loop over an object gives: what it was `found` to hold, for as long as nothing else is asked of the
        program, also where that has used it up."""
        self._asked += 1
        given: Any = super().operate(remote, "__iter__", ())
        iterator = iter(given)
        for item in found:
            asked, got = self._asked, next(iterator, UNKNOWN)
            if got is not UNKNOWN and not is_alike(got, item):
                raise self.broke("an object that has other items each time")
            yield item if got is UNKNOWN else got
            if self._asked > asked + 1:
                break
        yield from iterator

    def settle(self) -> None:
        """Tell the program what it has to know before anything of it counts."""

    def _believes(self, remote: Any, name: str) -> bool:
        use = place(family(name))
        self.used[use] = self.used.get(use, 0) + 1
        if self.trusted:
            return True
        if self.uses is not None:
            return self.used[use] <= self.uses.get(use, 0)
        return name in self.operators and (self.is_asked(remote) or name in TELLING)

    def _does_own(self, remote: Any, name: str) -> bool:
        """Whether it does in its class's own way what plain data or the preamble says otherwise: where tests name the
        class, or the reference's does it there."""
        if self.is_asked(remote):
            return True
        use = place(f"way {name}")
        self.used[use] = self.used.get(use, 0) + 1
        return self.trusted or (self.uses is not None and self.used[use] <= self.uses.get(use, 0))

    def own_way(self, item: Any, kind: Any, name: str, args: Any, kwargs: Any, own: Callable[..., Any]) -> Any:
        """As `Peer.own_way`; looked at where it is not the task's."""
        if self._does_own(item._remote_object, name):
            return own(*args)
        return checked_way(item, kind, name, args, kwargs, own)

    def operate(self, remote: Any, name: str, args: tuple[Any, ...]) -> object:
        """An operator or another special method of an object of the other side."""
        shared = self._shared_way(remote, name) if name in _OF_PREAMBLE else None
        if shared is not None:
            return shared(remote, *args)
        plain = getattr(remote, "_remote_plain", False)
        data = plain and not self.is_asked(remote)  # it counts as its content, beside other such data as well
        bare = name in NUMERIC or (name in SIDES and (data or not all(is_remote(type(item)) for item in args)))
        if bare and not self._believes(remote, name):
            return self._beside_data(remote, name, args)
        known = self.trusted or (plain and isinstance(remote, dict)) or self.is_asked(remote)
        if name in LOOKED_AT and isinstance(type(remote), RemoteClass) and not known:
            look = self._look_at(remote)
            answer = look.answer(name, args) if look is not None else UNKNOWN
            if answer is not UNKNOWN:
                return answer if name != "__iter__" else self._going_through(remote, answer)
            if look is not None and name == "__getitem__":
                return look.checked(super().operate(remote, name, args), args)
        result = super().operate(remote, name, args)
        if plain and bare and result is NotImplemented:
            return self._beside_data(remote, name, args)
        if name == "__len__" and data and not self.trusted and result != len(self.content(remote)):
            raise BrokenError("data that is longer or shorter than what it holds")
        if name == "__anext__":
            self.nexts.add(getattr(result, "_remote_number", self._local.get(id(result), -1)))
        if name == "__eq__" and result is not NotImplemented:
            if type(result) is not bool:
                raise BrokenError("an equality that is neither true nor false")
            if result and any(self._is_equal(remote, probe) for probe in _probes(args[0])):
                raise BrokenError("an object that is equal to everything")
        return result

    def _shared_way(self, remote: Any, name: str) -> Any:
        """The function by which objects of a class of the preamble's do an operator: the one here, whatever the program
        has made of its own. None where they have none, or where a class that is derived from it there has another: that
        is believed as little as any, and where it says what the object holds only if `_does_own`."""
        kind = type(remote)
        faces = [face for face in map(_face_of, kind.__mro__) if face is not None]
        overridden = False
        for base in kind.__mro__ if not self.shared.keys().isdisjoint(face.__qualname__ for face in faces) else ():
            face = _face_of(base)
            if face is not None and self.shared.get(face.__qualname__) is face:
                found = defined(face, name)
                theirs = overridden and (name in SIDES | NUMERIC or self._does_own(remote, name))
                return found if isinstance(found, types.FunctionType) and not theirs else None
            overridden |= isinstance(base, RemoteClass) and name in self.request("get", base, "__dict__")
        return None

    def _look_at(self, remote: Any) -> Look | None:
        """What its shape is, until something else is asked of the program; the first few times that is."""
        self.settle()
        changed = self.graph.has_changes()
        looks, when, acts, before = self._looks.get(remote._remote_number, (0, -1, -1, None))
        if when == self._asked and not changed:
            return before
        if self._looking or looks >= _MOST_LOOKS:
            return None
        self._looking, served = True, self.served
        try:
            look = look_at(self, remote)
        except BrokenError:
            raise
        except Exception:  # noqa: BLE001 - what it raises it raises again for the test
            look = None
        finally:
            self._looking = False
        depends = self.served != served  # on more than is known here
        if acts == self._acts and not (changed or depends) and look is not None and look.contradicts(before):
            raise self.broke("an object that has other items each time")
        self._looks[remote._remote_number] = looks + 1, self._asked, self._acts, look
        self._asked += depends
        self._acts += depends
        return look

    def attribute(self, remote: Any, name: str) -> object:
        """An attribute of an object; a method that plain data has as well is told nothing unless that is believed."""
        found = super().attribute(remote, name)
        if name in TELLING and callable(found):
            return _Told(self, remote, name, found)
        return found

    def check_told(self, remote: Any, name: str) -> None:
        """Raise `BrokenError` where an object poses as data that could say this of other data."""
        asked = self.uses is None and not self.trusted and (self.is_asked(remote) or self._expects(remote, name))
        if not asked and not self._believes(remote, name):
            raise self.broke(f"{name} of an object of the candidate's own")

    def _expects(self, remote: Any, name: str) -> bool:
        """Whether an object is of a class of the library's that has such a method, and of which the test speaks."""
        kind: Any = type(remote)
        face, library = kind._remote_face, sys.modules.get(kind.__module__)
        words = kind.__name__, kind.__module__.rpartition(".")[2]
        known = face is not None and getattr(library, kind.__name__, None) is face
        return known and hasattr(face, name) and any(self.mentioned(word) for word in words)

    def broke(self, why: str) -> BrokenError:
        """The error for what is not believed."""
        return BrokenError(why)

    def _beside_data(self, remote: Any, name: str, args: tuple[Any, ...]) -> object:
        """An operator between an object of the other side and data, of which the object does not decide the outcome."""
        if name == "__contains__":
            if getattr(remote, "_remote_plain", False):
                return args[0] in self.content(remote)
            if not hasattr(type(remote), "__iter__"):
                raise BrokenError("__contains__ of an object of the candidate's own")
            return any(item is args[0] or item == args[0] for item in remote)
        kind = type(remote)
        if name in _OF_SETS and (isinstance(remote, abc.Set) or (kind.__module__, kind.__name__) in _VIEWS):
            return getattr(set(remote), name)(*args)
        mappings = isinstance(remote, abc.Mapping) and isinstance(args[0], abc.Mapping)
        if name in ("__eq__", "__ne__") and mappings and not getattr(remote, "_remote_plain", False):
            return getattr(dict(remote.items()), name)(dict(args[0].items()))
        if name in IN_PLACE and not getattr(remote, "_remote_plain", False):
            result, asked = self.request("op", remote, name, list(args)), self.is_asked(remote)
            if result is remote or (asked and is_remote(type(result))):
                return result
            if result is NotImplemented or asked:
                return NotImplemented
        if getattr(remote, "_remote_plain", False):
            combines = name in JUDGING - ORDERING and name not in ("__eq__", "__ne__")
            content = self.content(remote)
            if name in ("__eq__", "__ne__") and type(content) is deque and type(args[0]) in (list, tuple):
                return getattr(list(content), name)(list(args[0]))  # as of any sequence that says so
            if combines and type(content) in _VECTORS and all(map(_tells_nothing, args)):
                result = self.request("op", remote, name, list(args))
                if is_data(result):
                    return result
            try:
                result = getattr(content, name, lambda *_: NotImplemented)(*map(self.content, args))
            except TypeError:
                if not combines:
                    raise
                result = NotImplemented
            return self._combined(remote, name, args) if combines and result is NotImplemented else result
        if name in ("__eq__", "__ne__") and isinstance(remote, abc.Sequence) and type(args[0]) in (list, tuple):
            return getattr(list(remote), name)(list(args[0]))
        if name in ("__eq__", "__ne__"):
            return NotImplemented
        if name not in ORDERING and name not in AS_NUMBER and self.is_asked(remote):
            result = self.request("op", remote, name, list(args))
            if result is NotImplemented or is_remote(type(result)):
                return result
        raise BrokenError(f"{name} of an object of the candidate's own")

    def _combined(self, remote: Any, name: str, args: tuple[Any, ...]) -> object:
        """An operator that data has not, or not for that: it gives another of the program's, or is between such."""
        result = self.request("op", remote, name, list(args))
        theirs = result is NotImplemented or is_remote(type(result)) or is_data(result)
        if not theirs and not all(is_remote(type(item)) for item in args):
            raise self.broke(f"{name} of data of the candidate's own")
        return result

    def content(self, item: Any) -> Any:
        """What an object that is data holds; anything else as it is."""
        if not is_remote(type(item)) or not getattr(item, "_remote_plain", False):
            return item
        content = self.request("content", item)
        if type(content) not in BASES.values():
            raise BrokenError("content that is none")
        return content

    def _is_equal(self, remote: object, other: object) -> bool:
        try:
            return self.request("op", remote, "__eq__", [other]) is True
        except BrokenError:
            raise
        except Exception:  # noqa: BLE001 - it looks for fields that only its own kind has
            return False


_VIEWS = frozenset({("builtins", "dict_keys"), ("builtins", "dict_items")})
"""What is a set of what it gives when it is gone through, which is data, whatever calls itself so; and so is a class
derived from `collections.abc.Set`, or a mapping."""
_OF_SETS = frozenset(
    {f"__{mark}{name}__" for name in ("and", "or", "sub", "xor") for mark in ("", "r")}
    | ORDERING
    | {"__eq__", "__ne__"}
)


_VECTORS = frozenset({tuple, *PLAIN}) - {set}
"""What data of a class of its own may be that adds and multiplies in a way of its own, if that gives such data again:
it is compared by its content, and was told of no other data."""


def _tells_nothing(item: object) -> bool:
    return type(item) in (int, float, complex) or is_remote(type(item))


_OF_PREAMBLE = SIDES | NUMERIC | {"__len__", "__getitem__", "__iter__", "__reversed__", "__bool__"}
"""What objects of a class of the preamble's do as that says."""


def _probes(other: Any) -> Iterator[object]:
    """What nothing that is equal to `other` is equal to: a random text, and an object of its class that has nothing."""
    yield os.urandom(16).hex()
    kind = type(other)
    has_fields = getattr(other, "__dict__", None) or kind.__dict__.get("__slots__")
    if has_fields and kind.__flags__ & HEAP_TYPE and not is_remote(kind):
        try:
            yield object.__new__(kind)
        except TypeError:  # one with a layout of its own
            return


class _Told:
    """A method that may be told data."""

    def __init__(self, peer: Believing, owner: Any, name: str, method: Any) -> None:
        self._peer, self._owner, self.__name__, self._method = peer, owner, name, method

    def __call__(self, *args: object, **kwargs: object) -> object:
        if args or kwargs:
            self._peer.check_told(self._owner, self.__name__)
        return self._method(*args, **kwargs)

    def __getattr__(self, name: str) -> object:
        return getattr(self._method, name)
