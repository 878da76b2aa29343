"""Data of subclasses of plain types: what of it crosses, and what stands for it on the other side.

What stands for an instance of such a class is data all the same, so that the interpreter takes it for what it is: text
that can be joined, a number that counts, a list that can be a heap. Where its content can change it is kept the same on
both sides (`graph`), and all that its class does in ways of its own is done where the class is. Where it cannot, it
counts as its content, and writes itself, and finds what it does not hold, by methods of its own; of a class that the
tests name more is the class's, whatever it does otherwise than its base.
"""

from __future__ import annotations

import collections
import functools
import sys
from typing import Any

from pidistill_code.inside.contents import PAIRS, PLAIN, BrokenError
from pidistill_code.inside.names import FORWARDED, IN_PLACE, JUDGING, NUMERIC, PROGRAM, SIDES, is_special, own
from pidistill_code.inside.standins import RemoteClass, is_remote

BASES: dict[str, Any] = {
    "int": int, "float": float, "complex": complex, "str": str, "bytes": bytes, "tuple": tuple, "frozenset": frozenset,
    **{kind.__name__: kind for kind in PLAIN},
}  # fmt: skip
HOLDERS = {"UserList": list, "UserDict": dict, "UserString": str}
"""Classes of `collections` that hold data of a plain type."""
OWN_WAYS = frozenset({"__str__", "__repr__", "__format__", "__missing__", "__call__"})
"""Of a subclass of a plain type, what is asked for: how it writes itself, what it has in place of what it lacks, and
what it does where it is called."""
BELIEVED = SIDES | NUMERIC
"""What an object of a class that the tests name is asked for, whether or not its class has another."""
SETTING = frozenset({"__setattr__", "__delattr__"})
FILLED = frozenset({*(kind.__name__ for kind in PLAIN), *HOLDERS})
"""Plain types whose content changes."""
_METHODS = (staticmethod, classmethod)


def own_ways(kind: Any, base: Any) -> list[str]:
    """Names of the methods that instances of a subclass of `base` have of its own where those of `base` have others;
    with a dot in front, of what is no method there, as the field `count` of a named tuple."""
    names = FORWARDED.union(name for name in dir(base) if not is_special(name)) | SETTING
    own = ((name, defined(kind, name)) for name in names)
    return sorted(
        name if is_special(name) or callable(there) or isinstance(there, _METHODS) else f".{name}"
        for name, there in own
        if there is not defined(base, name)
    )


def defined(kind: Any, name: str) -> Any:
    """What a class has under a name, itself or from a base; None where it has nothing."""
    return next((own(base)[name] for base in type.__getattribute__(kind, "__mro__") if name in own(base)), None)


def special_ways(kind: Any, base: type = object) -> list[str]:
    """Special methods of the instances of `kind`, other than those of `base`; what its metaclass has is not theirs."""
    return sorted(name for name in FORWARDED if defined(kind, name) is not defined(base, name))


def ways_here(ways: list[str], base: str, asked: bool | None) -> frozenset[str]:
    """What the tests ask an instance of a subclass of `base` for; None for `asked` where the program asks.

    Where they name its class that is all it does in ways of its own, and what says something about other data. Where
    they do not, and its content cannot change, it counts as its content: besides how it writes itself, it is asked for
    operators alone, which are believed as little as those of any object beside data.
    """
    own = frozenset(ways)
    if asked:
        return own | BELIEVED.intersection(vars(base_named(base)) if base in FILLED else dir(base_named(base)))
    if base in FILLED:
        return own
    asked_for = OWN_WAYS if asked is None else OWN_WAYS | BELIEVED
    return frozenset(way for way in own if way[0] == "." or way in asked_for)


def base_named(name: str, load: bool = False) -> Any:
    """The class whose content a subclass's instances hold; one of `collections` is known where that is loaded."""
    if name in BASES:
        return BASES[name]
    if name not in HOLDERS:
        raise BrokenError("a base of no known name")
    return getattr(__import__("collections") if load else sys.modules.get("collections"), name, None)


def plain_data(item: Any) -> tuple[str, Any, Any, Any] | None:
    """Of an instance of a subclass of a plain type, or of a class of `collections` that holds data: the name of that
    base and the base, and what makes plain data, of what; None where it is no such instance."""
    kind = type(item)
    for name, base in BASES.items():
        if issubclass(kind, base):
            return name, base, _of_pairs(base) if base in PAIRS else base, plain(item, base)
    for name, base in HOLDERS.items():
        data: Any = vars(item).get("data") if base_named(name) in kind.__mro__ else None
        if type(data) in (base,):
            return name, base_named(name), base, plain(data, base)
    return None


def plain(item: Any, base: Any) -> object:
    """The content of an instance of a subclass of `base`, past all that the subclass overrides."""
    if base in (int, float, complex):
        return base.__pos__(item)
    if base in (str, bytes):
        return base.__getitem__(item, slice(None)) if type(item) is base else base.__add__(base(), item)
    return tuple(base.items(item) if base in PAIRS else base.__iter__(item))


def _of_pairs(base: Any) -> Any:
    """What makes a dictionary of pairs, which a counter would count."""
    return lambda pairs: base(dict(pairs))


def class_of_data(name: str, base: str, made: Any, ways: frozenset[str]) -> Any:
    """The class of what stands for data of a subclass of `base`, `made` here or None, with methods of its own."""
    plain_kind = base_named(base, True)
    plains = _of_plain(plain_kind) if base in FILLED and base not in HOLDERS else frozenset()
    members: dict[str, Any] = {way.lstrip("."): _forwarded(way, plain_kind if way in plains else None) for way in ways}
    members.setdefault("__hash__", plain_kind.__hash__)
    members.update(__getattr__=_get, __setattr__=_set, __delattr__=_delete, __module__=PROGRAM, _remote_peer=None)
    members.update(
        __copy__=_copy, __deepcopy__=_deep_copy, __dict__=property(lambda item: item._remote_object.__dict__)
    )
    if made is not None:
        members.update(__class__=property(lambda _: _taken_for(made)), _remote_kind=made)
    calls = {"__call__": lambda _, *args, **kwargs: made(*args, **kwargs), "__getattr__": _of_class(made)}
    # another one is made where its class is, which has what all of them have
    calls.update({name: _of_meta(made, name) for name in _OF_ENUMS if hasattr(type(made), name)})
    meta: Any = type("made", (type(plain_kind),), calls if made is not None else {})
    return meta(name.rpartition(".")[2], (_with_fields(plain_kind),), members)


@functools.lru_cache(maxsize=32)
def _with_fields(kind: Any) -> Any:
    """A class derived from a plain one whose instances have fields of their own, whatever `__dict__` says of them."""
    return type(kind)(kind.__name__, (kind,), {})


def _taken_for(kind: Any) -> Any:
    """What `isinstance` takes data of a class for: that class, or what it has of the library's and the preamble's."""
    face = type.__getattribute__(kind, "_remote_face")
    known = face is not None and any(base.__module__ != "builtins" for base in face.__mro__[1:-1])
    return face if known else seen_class(kind)


def seen_class(kind: Any) -> Any:
    """A class of the other side's, or that of this side which is the same."""
    face, peer = type.__getattribute__(kind, "_remote_face"), type.__getattribute__(kind, "_remote_peer")
    return face if face is not None and peer is not True and face in peer.shared.values() else kind


def made_data(kind: Any, base: str, content: Any, peer: Any, handle: Any) -> Any:
    """One of a class that `class_of_data` has made; where it is filled later, `content` is what it is made with."""
    if base in HOLDERS and type(content) is not HOLDERS[base]:
        raise BrokenError("content of another type")
    if base == "deque":
        item = kind.__new__(kind)
        collections.deque.__init__(item, (), content)
    elif base in FILLED and base not in HOLDERS:
        item = type.__call__(kind, content) if content else kind.__new__(kind)
    else:
        item = kind.__new__(kind, *(() if base in HOLDERS else (content,)))
    object.__setattr__(item, "_remote_side", peer)
    object.__setattr__(item, "_remote_object", handle)
    return item


def is_data(item: Any) -> bool:
    """Whether it stands for data of a class of the other side's."""
    return "_remote_peer" in own(type(item)) and not is_remote(type(item))


def handle_of_data(item: Any) -> Any:
    """What stands for the object of which `item` is the data; `item` where it is no such data."""
    return item._remote_object if is_data(item) else item


def type_of(item: Any) -> Any:
    """`type` of it, as tests ask for it: the class that it stands for an instance of."""
    kind = type(item)
    if is_remote(kind):
        if issubclass(kind, RemoteClass):
            return kind if FORWARDED.intersection(own(kind)) else type
        return seen_class(kind)
    made = own(kind).get("_remote_kind")
    return kind if made is None else seen_class(made)


def class_of(item: Any) -> Any:
    """`__class__` of it, as tests read it."""
    kind = type(item)
    return type_of(item) if is_remote(kind) or "_remote_peer" in own(kind) else item.__class__


def is_subclass(kind: Any, others: Any) -> bool:
    """`issubclass` of it, as tests ask for it: also of what instances are only taken for."""
    if issubclass(kind, others):
        return True
    face = own(kind).get("_remote_face") if is_remote(type(kind)) else None
    return face is not None and issubclass(face, others)


def _get(self: Any, name: str) -> object:
    if name[:8] == "_remote_" or is_special(name):
        raise AttributeError(name)
    return self._remote_side.attribute(self._remote_object, name)


def _set(self: Any, name: str, value: object) -> None:
    self._remote_side.request("set", self._remote_object, name, value)


def _copy(self: Any) -> object:
    return self._remote_side.request("copy", handle_of_data(self), False)


def _deep_copy(self: Any, _: object) -> object:
    return self._remote_side.request("copy", handle_of_data(self), True)


def _delete(self: Any, name: str) -> None:
    self._remote_side.request("delete", self._remote_object, name)


def _of_plain(kind: Any) -> frozenset[str]:
    """What lists and the like do, of what says something of their content or changes it."""
    judging = JUDGING - IN_PLACE | {"__contains__"}
    return frozenset(dir(kind)) - judging - OWN_WAYS - SETTING - {"__hash__"} | {"__bool__"}


def _forwarded(name: str, plain: Any) -> Any:
    """A method that is its class's, and beside that one of `plain` data's."""

    def operation(self: Any, *args: object) -> object:
        def own(*args: object) -> object:
            told = tuple(map(handle_of_data, args))
            if plain is not None and name in IN_PLACE:
                return self._remote_side.request("op", self._remote_object, name, list(told))
            return self._remote_side.operate(self._remote_object, name, told)

        return own(*args) if plain is None else self._remote_side.own_way(self, plain, name, args, {}, own)

    def method(self: Any, *args: object, **kwargs: object) -> object:
        def own(*args: object) -> object:
            return getattr(self._remote_object, name)(*args, **kwargs)

        return own(*args) if plain is None else self._remote_side.own_way(self, plain, name, args, kwargs, own)

    def call(self: Any, *args: object, **kwargs: object) -> object:
        return self._remote_side.request("call", self._remote_object, list(args), kwargs)

    def field(self: Any) -> object:
        return getattr(self._remote_object, name[1:])

    if name == "__call__":
        return call
    return property(field) if name[:1] == "." else operation if is_special(name) else method


_OF_ENUMS = ("__iter__", "__len__", "__getitem__", "__contains__", "__reversed__")
"""What a class has where its members are looked at."""


def _of_meta(made: Any, name: str) -> Any:
    return lambda _, *args: getattr(type(made), name)(made, *args)


def _of_class(made: Any) -> Any:
    """What looks up what the class `made` of the other side has beside its instances' content."""

    def found(_: Any, name: str) -> object:
        if is_special(name) or name[:8] == "_remote_":
            raise AttributeError(name)
        return getattr(made, name)

    return found
