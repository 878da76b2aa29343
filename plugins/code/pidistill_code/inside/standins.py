"""What stands here for objects of the other side: instances and classes whose special methods are requests.

For each of the other side's own classes a class is made here, with those special methods that it has and the same
order of bases, so that `type`, `isinstance`, `issubclass`, `callable`, `iter` and the abstract base classes say of a
stand-in what they say of the object.
"""

from __future__ import annotations

import builtins
import sys
import types
from typing import Any

from pidistill_code.inside.known import KNOWN
from pidistill_code.inside.methods import signature_of
from pidistill_code.inside.names import FORWARDED, HEAP_TYPE, ORDERING, PROGRAM, is_special, own
from pidistill_code.inside.steps import awaited

DATA = (int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, BaseException, type)
"""What is told by its content, or otherwise than as an object that stays where it is."""
_FACES = {"builtins.function": types.FunctionType, "builtins.staticmethod": staticmethod,
          "builtins.classmethod": classmethod, "builtins.property": property}  # fmt: skip
_ASKED_FOR = frozenset(
    {"__dict__", "__init__", "__doc__", "__annotations__", "__code__", "__defaults__", "__subclasses__"}
)
"""Special attributes that are the object's own, although everything here has one as well."""


class Remote:
    """An object of the other side. It has no annotations, which would seem to be those of each class there."""

    _remote_peer = True  # type: Any
    _remote_face = None  # type: Any  # what `isinstance` takes it for besides
    _remote_error = None  # type: Any  # the class of the exception that this stands for

    def __getattribute__(self, name: str) -> Any:
        if name[:8] == "_remote_":
            return object.__getattribute__(self, name)
        if name == "__class__":
            return object.__getattribute__(self, "_remote_face") or type(self)
        if is_special(name) and name not in _ASKED_FOR:
            return object.__getattribute__(self, name)
        return object.__getattribute__(self, "_remote_peer").attribute(self, name)

    def __getattr__(self, name: str) -> object:
        if name[:8] == "_remote_" or name == "__globals__":  # as of a method: the names of a module stay with it
            raise AttributeError(name)
        if is_special(name) and self._remote_face in self._remote_peer.shared.values():
            return getattr(self._remote_face, name)
        return self._remote_peer.attribute(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        self._remote_peer.request("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._remote_peer.request("delete", self, name)

    def __hash__(self) -> int:
        return id(self) >> 4

    def __dir__(self) -> Any:
        return self._remote_peer.request("dir", self)

    def __copy__(self) -> object:
        return self._remote_peer.request("copy", self, False)

    def __deepcopy__(self, _: object) -> object:
        return self._remote_peer.request("copy", self, True)


class RemoteClass(type):
    """A class of the other side."""

    _remote_peer: Any = True
    _remote_order: Any = ()
    """While one is made: what comes between it and `Remote` in the order of its bases."""
    _remote_shared: Any = ()
    """And behind `Remote`: classes of this side that are the same as bases of it."""
    _remote_made = True
    """False while one is made: then nothing of it is asked for."""

    def __new__(meta, name: str, bases: tuple[type, ...], members: dict[str, Any], /, **how: object) -> Any:
        """A class of this side that is derived from one of the other side's: made there, its functions stay here."""
        peer = next(base for base in bases if isinstance(base, RemoteClass))._remote_peer
        return derived(peer, name, bases, members, how)

    def mro(cls) -> list[type]:
        return [cls, *RemoteClass._remote_order, Remote, *RemoteClass._remote_shared, object]

    def __getattribute__(cls, name: str) -> Any:
        if name == "__signature__":
            return _signature(cls)
        if name in ("__bases__", "__base__") and RemoteClass._remote_made:
            peer = type.__getattribute__(cls, "_remote_peer")
            if peer is not True and peer.has_tests:
                return peer.attribute(cls, name)
        if name[:8] == "_remote_" or (is_special(name) and name not in _ASKED_FOR):
            found = type.__getattribute__(cls, name)
            # who asks whether the class has an order is told what the other side's has
            return getattr(object, name) if name in ORDERING and hasattr(found, "_remote_added") else found
        if not RemoteClass._remote_made:
            return type.__getattribute__(cls, name)
        found = type.__getattribute__(cls, "_remote_peer").attribute(cls, name)
        if name == "__dict__":  # where the abstract base classes look for special methods
            found = {**found, **{item: own(cls)[item] for item in own(cls)["_remote_forwarded"] if item in own(cls)}}
        return found

    def __getattr__(cls, name: str) -> object:
        unknown = name in ("__copy__", "__deepcopy__", "__abstractmethods__")
        if unknown or name[:8] == "_remote_" or not RemoteClass._remote_made:
            raise AttributeError(name)
        if is_special(name) and cls._remote_face in cls._remote_peer.shared.values():
            return getattr(cls._remote_face, name)
        return cls._remote_peer.attribute(cls, name)

    def __setattr__(cls, name: str, value: object) -> None:
        if name[:8] == "_remote_" or name == "__abstractmethods__" or not RemoteClass._remote_made:
            type.__setattr__(cls, name, value)
        else:
            cls._remote_peer.request("set", cls, name, value)
            if name in FORWARDED and cls._remote_peer.has_tests:
                forwarded = own(cls)["_remote_forwarded"] | {name}
                type.__setattr__(cls, "_remote_forwarded", forwarded)
                type.__setattr__(cls, name, None if value is None else _forward(name))
            if name in ORDERING and not cls._remote_peer.has_tests and name not in own(cls)["_remote_forwarded"]:
                type.__setattr__(cls, name, value)  # for the program's own comparisons, and no other

    def __delattr__(cls, name: str) -> None:
        cls._remote_peer.request("delete", cls, name)

    def __dir__(cls) -> Any:
        return cls._remote_peer.request("dir", cls)

    def __call__(cls, *args: object, **kwargs: object) -> object:
        return cls._remote_peer.request("call", cls, list(args), kwargs)

    def __instancecheck__(cls, item: object) -> bool:
        if type.__instancecheck__(cls, item):
            return True
        kind = type(item)
        handle = item._remote_object if "_remote_peer" in own(kind) and not is_remote(kind) else None  # type: ignore[attr-defined]
        if handle is None and not is_remote(kind):
            return False
        return bool(cls._remote_peer.request("isinstance", item if handle is None else handle, cls))

    def __subclasscheck__(cls, item: object) -> bool:
        if type.__subclasscheck__(cls, item):  # type: ignore[arg-type]
            return True
        return is_remote(type(item)) and bool(cls._remote_peer.request("issubclass", item, cls))


_NOT_DERIVED = frozenset({"__module__", "__qualname__", "__dict__", "__weakref__"})


def derived(peer: Any, name: str, bases: tuple[type, ...], members: dict[str, Any], how: Any) -> Any:
    """A class that is derived here from one of the other side's: it is made there, and its functions stay here."""
    cell = members.pop("__classcell__", None)
    told = {item: _member(value) for item, value in members.items() if item not in _NOT_DERIVED}
    if not peer.has_tests:
        builtins.super = super_of  # type: ignore[assignment, misc]
    made = peer.request("derive", name, list(bases), told, how)
    if cell is not None:
        cell.cell_contents = made
    return made


def _member(value: Any) -> tuple[object, ...]:
    """A member of a class as the other side makes one."""
    kind = type(value)
    if kind is property:
        return ("property", value.fget, value.fset)
    if kind in (staticmethod, classmethod):
        return (kind.__name__, value.__func__)
    return ("function" if kind is types.FunctionType else "value", value)


class Super:
    """`super()` in a class of this side that is derived from one of the other side's."""

    def __init__(self, peer: Any, kind: Any, owner: Any) -> None:
        self._told = peer, kind, owner

    def __getattribute__(self, name: str) -> Any:
        peer, kind, owner = object.__getattribute__(self, "_told")
        return lambda *args, **kwargs: peer.request("super", kind, owner, name, list(args), kwargs)


_super = super


def super_of(*given: Any) -> Any:
    """`super`, which in a class that is derived from one of the other side's asks there."""
    if not given:
        frame = sys._getframe(1)
        given = frame.f_locals.get("__class__"), frame.f_locals[frame.f_code.co_varnames[0]]
    if is_remote(type(given[0])):
        return Super(given[0]._remote_peer, *given)
    if isinstance(given[0], type) and "_remote_side" in own(given[0]):  # of exceptions
        return Super(own(given[0])["_remote_side"], *given)
    return _super(*given)


def pass_on_fields(item: Any) -> None:
    """Set on the other side what was set of a stand-in past its class, as `object.__setattr__` does for frozen data
    classes."""
    if is_remote(type(item)) and not isinstance(item, type):
        fields = object.__getattribute__(item, "__dict__")
        for name in [name for name in fields if name[:8] != "_remote_"]:
            item._remote_peer.request("put", item, name, fields.pop(name))


def is_remote(kind: Any) -> bool:
    """Whether instances of `kind` stand for objects of the other side: classes made here for subclasses do not."""
    return issubclass(kind, RemoteClass) or Remote in type.__getattribute__(kind, "__mro__")


def _forward(name: str) -> Any:
    def method(self: Any, *args: object) -> object:
        return self._remote_peer.operate(self, name, args)

    return method


def _ordered(name: str) -> Any:
    """For objects of a class that has no such comparison: that of the program's own class of the same name, to which it
    may have been added, as to the nodes of a list that go into a heap."""

    def method(self: Any, other: object) -> object:
        kind = type(self)
        face = kind._remote_face or kind._remote_peer.namesake(kind.__name__)
        return NotImplemented if face is None else getattr(face, name)(self, other)

    method._remote_added = True  # type: ignore[attr-defined]
    return method


def _call(self: Any, *args: object, **kwargs: object) -> object:
    return self._remote_peer.request("call", self, list(args), kwargs)


def _await(self: Any) -> Any:
    return awaited(self._remote_peer, self).__await__()


def _bind(self: Any, owner: Any, kind: Any = None) -> Any:
    return self if owner is None else types.MethodType(self, owner)


def _signature(self: Any) -> Any:
    return signature_of(self._remote_peer, self)


_BASIC = frozenset(
    {"__getattribute__", "__getattr__", "__setattr__", "__delattr__", "__dir__", "__copy__", "__deepcopy__"}
)


def kind_of(name: str, module: str, forwarded: frozenset[str]) -> type:
    """The class of what stands for objects of a class that is not told: functions, and what the library makes."""
    face = _FACES.get(f"{module}.{name}") or _of_library(module, name)
    members = _members(module, forwarded, face)
    if {"__call__", "__get__"} <= forwarded:  # a function, which says so of itself
        members["__module__"] = PROGRAM
    return type(name, (Remote,), members)


def _of_library(module: str, name: str) -> type | None:
    """The library's class of that name, where it is loaded here and its instances do not cross by value."""
    known = module.partition(".")[0] in sys.stdlib_module_names - {"builtins", "__main__"}
    found = getattr(sys.modules.get(module), name, None) if known and f"{module}.{name}" not in KNOWN else None
    return found if isinstance(found, type) and not issubclass(found, DATA) else None


def _members(module: str, forwarded: frozenset[str], face: Any) -> dict[str, Any]:
    members: dict[str, Any] = {dunder: _forward(dunder) for dunder in forwarded}
    if "__hash__" not in forwarded:
        members["__hash__"] = Remote.__hash__
    # before what its bases of the library have of these
    members.update({name: value for name, value in vars(Remote).items() if name in _BASIC and name not in members})
    members.update(__module__=module, _remote_face=face)
    if face is types.FunctionType:
        members["__get__"] = _bind
    if "__call__" in forwarded:
        members["__call__"] = _call
        members["__signature__"] = property(_signature)
    if "__await__" in forwarded:
        members["__await__"] = _await
    return members


def class_of(
    peer: Any, number: int, name: str, module: str, forwarded: frozenset[str], meta: frozenset[str], order: Any,
    face: Any,
) -> Any:  # fmt: skip
    """What stands for a class: `forwarded` are the special methods of its instances, `meta` its own, `order` its bases
    in their order, of which one with a layout of its own (a list, say) can only be what `isinstance` takes it for."""
    kind: Any = type("type", (RemoteClass,), {dunder: _forward(dunder) for dunder in meta - _OF_TYPE})
    layouts = [base for base in order if not is_remote(base) and _has_layout(base)]
    if face is None and layouts:
        bases = [own(base)["_remote_face"] if is_remote(base) else base for base in order]
        face = _faced(name, module, [base for base in bases if base is not None])
    members = _members(module, forwarded, face)
    members.update(_remote_peer=peer, _remote_number=number, _remote_forwarded=forwarded)
    if not peer.has_tests:
        members.update({dunder: _ordered(dunder) for dunder in ORDERING - forwarded})
    remotes = [base for base in order if is_remote(base)]
    shared = _shared_bases(peer, [face, *(own(base)["_remote_face"] for base in remotes)])
    if any("__del__" in own(base) for base in shared):
        members["__del__"] = lambda _: None
    plain = [base for base in order if base not in layouts and base not in shared]
    for bases, behind in ((plain, shared), (plain, []), (remotes, [])):
        RemoteClass._remote_order, RemoteClass._remote_shared, RemoteClass._remote_made = bases, behind, False
        try:
            return type.__new__(kind, name, (Remote,), dict(members))
        except TypeError:  # a base with a layout after all
            continue
        finally:
            RemoteClass._remote_order, RemoteClass._remote_shared, RemoteClass._remote_made = (), (), True
    raise TypeError(f"no class can stand for {name}")


def _shared_bases(peer: Any, faces: list[Any]) -> list[type]:
    """Classes of this side that are the same as some of the other side's, with their bases."""
    known = [face for face in faces if face is not None and face in peer.shared.values()]
    return list(dict.fromkeys(base for face in known for base in face.__mro__[:-1]))


_OF_TYPE = frozenset({"__call__", "__hash__", "__eq__", "__ne__", "__or__", "__ror__"})


class _Face(type):
    """Of a class that is never made an instance of: of the library's classes that a class is derived from."""

    _remote_order: Any = ()

    def mro(cls) -> list[type]:
        return [cls, *_Face._remote_order, object]


def _faced(name: str, module: str, order: list[type]) -> type | None:
    solid = next(base for base in order if not base.__flags__ & HEAP_TYPE)
    for bases in (order, [base for base in order if base is solid or not _has_layout(base)]):
        _Face._remote_order = bases
        try:
            return type.__new__(_Face, name, (solid,), {"__module__": module})
        except TypeError:  # one that adds to the layout of another
            continue
        finally:
            _Face._remote_order = ()
    return None


def _has_layout(base: type) -> bool:
    return any(not kind.__flags__ & HEAP_TYPE for kind in base.__mro__[:-1])
