"""What stands here for objects of the other side: instances and classes whose special methods are requests.

A class is made for each of the other side's classes, with those special methods that it has, so that `callable`,
`iter` and the abstract base classes say of a stand-in what they say of the object.
"""

from __future__ import annotations

from typing import Any

JUDGING = frozenset(
    f"__{mark}{name}__"
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul", "and", "or", "xor",
                 "lshift", "rshift")
    for mark in ("", "r", "i")
) | {"__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"}  # fmt: skip
_OTHERS = frozenset(
    f"__{name}__"
    for name in ("call", "len", "getitem", "setitem", "delitem", "iter", "next", "contains", "enter", "exit", "bool",
                 "int", "float", "index", "complex", "abs", "neg", "pos", "invert", "round", "reversed", "str", "repr",
                 "format", "hash", "fspath", "bytes", "trunc", "floor", "ceil", "aiter", "anext", "aenter", "aexit",
                 "await")
)  # fmt: skip
FORWARDED = JUDGING | _OTHERS
ORDERING = frozenset({"__lt__", "__le__", "__gt__", "__ge__"})
SIDES = JUDGING | {"__contains__"}
"""Special methods that are told the other side of an operator."""
AS_NUMBER = frozenset({"__float__", "__int__", "__index__", "__complex__"})
NUMERIC = AS_NUMBER | {"__abs__", "__neg__", "__pos__", "__invert__", "__round__", "__trunc__", "__floor__", "__ceil__"}
"""Those by which an object counts as a number, which it may do each time as another one."""
_PREDICATES = frozenset({"startswith", "endswith", "issubset", "issuperset", "isdisjoint"})
"""Methods of plain data that say something about other data."""


class Method:
    """A method of an object of the other side."""

    def __init__(self, peer: Any, owner: Any, name: str) -> None:
        self._peer, self._owner, self.__name__ = peer, owner, name

    @property
    def __self__(self) -> Any:
        return self._owner

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._peer.request("method", self._owner, self.__name__, list(args), kwargs)

    def __getattr__(self, name: str) -> object:
        return self._peer.request("get", self._peer.request("get", self._owner, self.__name__), name)


def get(self: Any, name: str) -> object:
    if name.startswith("_remote_") or (name.startswith("__") and name.endswith("__")):
        raise AttributeError(name)
    return self._peer.request("get", self._handle, name)


class _Remote:
    """An object of the other side."""

    _remote_peer: Any = True

    def __getattr__(self, name: str) -> object:
        if name.startswith("_remote_"):
            raise AttributeError(name)
        if name in _PREDICATES:
            self._remote_peer.check_predicate(self, name)
        return self._remote_peer.request("get", self, name)

    def __setattr__(self, name: str, value: object) -> None:
        self._remote_peer.request("set", self, name, value)

    def __hash__(self) -> int:
        return id(self) >> 4


class RemoteClass(_Remote):
    """A class of the other side."""

    def __instancecheck__(self, item: object) -> bool:
        return bool(getattr(type(item), "_remote_peer", None) or "_handle" in getattr(item, "__dict__", ())) and bool(
            self._remote_peer.request("isinstance", getattr(item, "_handle", item), self)
        )

    def __subclasscheck__(self, item: object) -> bool:
        return bool(self._remote_peer.request("issubclass", item, self))


def _forward(name: str) -> Any:
    def method(self: Any, *args: object) -> object:
        return self._remote_peer.operate(self, name, args)

    return method


def _call(self: Any, *args: object, **kwargs: object) -> object:
    return self._remote_peer.request("call", self, list(args), kwargs)


def _signature(self: Any) -> Any:
    inspect = __import__("inspect")
    told = self._remote_peer.request("signature", self)
    kinds = list(inspect._ParameterKind)
    extra: dict[bool, dict[str, object]] = {True: {"default": None}, False: {}}
    return inspect.Signature([inspect.Parameter(name, kinds[kind], **extra[more]) for name, kind, more in told])


def _hash(self: Any) -> Any:
    peer = self._remote_peer
    return peer.operate(self, "__hash__", ()) if peer.asked & self._remote_bases else id(self) >> 4


def kind_of(name: str, module: str, forwarded: frozenset[str], is_class: bool) -> type:
    members: dict[str, Any] = {dunder: _forward(dunder) for dunder in forwarded}
    members["__hash__"] = _hash if "__hash__" in forwarded else _Remote.__hash__
    members["__module__"] = module
    members["__doc__"] = property(lambda self: self._remote_peer.request("get", self, "__doc__"))
    if "__call__" in forwarded:
        members["__call__"] = _call
        members["__signature__"] = property(_signature)
    return type(name, (RemoteClass if is_class else _Remote,), members)
