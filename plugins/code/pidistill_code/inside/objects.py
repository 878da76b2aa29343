"""Objects that stay where they are: what the other side is told of each, and what stands here for those of the other
side.

An object has a number, and tells its class, so that a class of the other side has one stand-in, of which all stand-ins
for its instances are instances. Exceptions are made anew, with all that they carry. An instance of a class that the
problem's preamble defines on both sides counts as one of this side's class; members of its enumerations are the
members here.
"""

from __future__ import annotations

import sys
from typing import Any

from pidistill_code.inside.errors import held, made_error, of_error, text_of, told_text
from pidistill_code.inside.graph import KNOWN, BrokenError, Graph
from pidistill_code.inside.guard import ShownField, check_class
from pidistill_code.inside.standins import (
    FORWARDED,
    Method,
    Remote,
    RemoteClass,
    class_of,
    get,
    is_remote,
    is_special,
    kind_of,
    own,
)  # fmt: skip
from pidistill_code.inside.steps import awaited, generated

BASES = {"int": int, "float": float, "complex": complex, "str": str, "bytes": bytes, "list": list, "tuple": tuple,
         "dict": dict, "set": set, "frozenset": frozenset}  # fmt: skip
_HOLDERS = {"UserList": list, "UserDict": dict, "UserString": str}
"""Classes of `collections` that hold data of a plain type."""
_NO_MODULES = frozenset({"antigravity", "this", "idlelib", "turtledemo", "test", "__main__"})
_OWN_WAYS = frozenset({"__str__", "__repr__", "__format__", "__missing__"})
"""Of a subclass of a plain type, what is asked for: how it writes itself, and what it has in place of what it lacks."""
_MOST_OBJECTS = 200_000
_CARRIED = ("filename", "filename2", "name")
"""What exceptions of the interpreter have beside their arguments."""
_HEAP_TYPE = 1 << 9
_ABSTRACT = 1 << 20


def standard_module(name: str) -> Any:
    """A module of the standard library, by name."""
    if name.partition(".")[0] not in sys.stdlib_module_names - _NO_MODULES:
        raise BrokenError(f"no module {name!r:.100} crosses")
    __import__(name)
    return sys.modules[name]


def is_standard(item: Any) -> bool:
    """Whether a class is the standard library's own, under its own name."""
    module, name = item.__module__, item.__qualname__
    if type(module) is not str or module.partition(".")[0] not in sys.stdlib_module_names - _NO_MODULES:
        return False
    return getattr(sys.modules.get(module), name, None) is item


def _special(kind: Any, base: type = object) -> list[str]:
    """Special methods of the instances of `kind`, other than those of `base`; what its metaclass has is not theirs."""
    return sorted(name for name in FORWARDED if _defined(kind, name) is not _defined(base, name))


def _own_ways(kind: Any, base: Any) -> list[str]:
    """By which methods of its own an instance of a subclass of `base` writes itself, or finds what it does not hold."""
    return sorted(name for name in _OWN_WAYS if _defined(kind, name) is not _defined(base, name))


def _defined(kind: Any, name: str) -> Any:
    return next((own(base)[name] for base in type.__getattribute__(kind, "__mro__") if name in own(base)), None)


def base_named(name: str, load: bool = False) -> Any:
    """The class whose content a subclass's instances hold; one of `collections` is known where that is loaded."""
    if name in BASES:
        return BASES[name]
    if name not in _HOLDERS:
        raise BrokenError("a base of no known name")
    return getattr(__import__("collections") if load else sys.modules.get("collections"), name, None)


class Objects:
    """What one side knows of its own objects that the other side uses, and of that side's."""

    def __init__(self, letter: str, guarded: bool) -> None:
        self._guarded = self.has_tests = guarded
        self.graph = Graph(letter, self._stay, self._stand_in)
        self._own: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._told: set[int] = set()
        """Numbers of classes that the other side has been told of."""
        self._remotes: dict[int, Any] = {}
        self._kinds: dict[Any, type] = {}
        self._drivers: dict[int, Any] = {}
        self._local: dict[int, int] = {}
        self.shared: dict[str, Any] = {}
        """Classes that the preamble defines on both sides."""
        self.asked: set[int] = set()
        """Numbers of the classes that the tests name."""

    def mentioned(self, name: str) -> bool:
        """Whether the test speaks of the class of that name."""
        return False

    def namesake(self, name: str) -> Any:
        """A class of this side's own program with the name of one of the other side's."""
        return None

    def is_handed(self, item: object) -> bool:
        """Whether the other side has been told of it."""
        number = self._numbers.get(id(item))
        return number is not None and self._own[number] is item

    def is_asked(self, remote: Any) -> bool:
        """Whether an object is an instance of a class that the tests name, or such a class."""
        kinds = (remote, *type.mro(type(remote))) if isinstance(remote, type) else type(remote).__mro__
        return any(own(kind).get("_remote_number") in self.asked for kind in kinds)

    def _number(self, item: object) -> int:
        number = self._numbers.get(id(item))
        if number is None:
            if len(self._own) >= _MOST_OBJECTS:
                raise BrokenError("more objects than can be kept")
            number = self._numbers[id(item)] = len(self._own)
            self._own.append(item)
        return number

    # --- Out

    def _stay(self, item: Any, slot: Any) -> tuple[object, ...]:
        kind = type(item)
        if is_remote(kind):
            return ("yours", item._remote_number)
        if "_remote_peer" in own(kind):
            return ("yours", item.__dict__["_handle"]._remote_number)
        if issubclass(kind, BaseException):
            carried = tuple((name, held(item, name)) for name in _CARRIED if type(held(item, name)) is str)
            kept = [
                pair for pair in vars(item).items() if pair[0] not in ("__notes__", "_remote_handle", "_remote_text")
            ]
            noted = [str(note)[:2000] for note in getattr(item, "__notes__", ())]
            parts = (
                kind,
                tuple(item.args),
                (*carried, *kept, *([("__notes__", noted)] if noted else ())),
                item.__cause__,
            )
            number = None if is_standard(kind) or "_remote_class" in vars(kind) else self._number(item)
            return ("error", *map(slot, parts), text_of(item), number)
        if isinstance(item, type):
            return self._class(item, slot)
        if kind is type(sys) and item.__name__.partition(".")[0] in sys.stdlib_module_names - _NO_MODULES:
            return ("module", item.__name__)
        if self.shared.get(kind.__qualname__) is kind and item in getattr(kind, "__members__", {}).values():
            return ("member", kind.__qualname__, item.name)
        if kind.__name__ in ("coroutine", "generator") and kind.__module__ == "builtins":
            number = self._local.get(id(item))
            return (kind.__name__, self._number(item)) if number is None else ("yours", number)
        if kind is ShownField:
            return ("field", *item.told)
        if not self._guarded:
            named = self._named(kind, item, slot)
            if named:
                return named
        made = slot(kind) if kind.__flags__ & _HEAP_TYPE and not is_standard(kind) else None
        told = (self._number(item), made, str(kind.__module__)[:200], str(kind.__qualname__)[:200], _special(kind))
        for name, base in BASES.items():
            if issubclass(kind, base):
                return ("sub", *told, name, slot(plain(item, base)), _own_ways(kind, base))
        for name, base in _HOLDERS.items():
            data: Any = vars(item).get("data") if base_named(name) in kind.__mro__ else None
            if type(data) in (base,):
                return ("sub", *told, name, slot(plain(data, base)), _own_ways(kind, base_named(name)))
        return ("object", *told)

    def _named(self, kind: Any, item: Any, slot: Any) -> tuple[object, ...] | None:
        """Objects of a program that tests look into."""
        owner = getattr(item, "__self__", None) if kind.__name__ in ("method", "builtin_function_or_method") else None
        if owner is not None and kind.__name__ == "method" and not _crosses(owner):
            return ("method", slot(owner), item.__name__)
        if kind.__module__ == "types" and kind.__name__ == "SimpleNamespace" and is_standard(kind):
            return ("namespace", slot(dict(vars(item))))
        if kind.__module__ == "dataclasses" and kind.__name__ == "Field" and is_standard(kind):
            flags = (item.init, item.repr, item.hash, item.compare, item.kw_only)
            return ("field", item.name, slot(item.type), item._field_type.name, flags)
        return None

    def _class(self, item: Any, slot: Any) -> tuple[object, ...]:
        if is_standard(item):
            return ("standard", item.__module__, item.__qualname__)
        if issubclass(item, BaseException):
            name = item.__qualname__
            if self.shared.get(name) is item:
                return ("shared", name)
            if "_remote_class" in vars(item):
                return ("yours", vars(item)["_remote_class"])
            bases = [slot(base) for base in item.__bases__ if issubclass(base, BaseException)]
            return ("error-class", self._number(item), item.__name__, bases)
        number = self._number(item)
        if number in self._told:
            return ("theirs", number)
        self._told.add(number)
        order = [slot(base) for base in item.__mro__[1:-1] if base.__qualname__ != "Generic"]
        shared = self.shared.get(item.__qualname__) is item
        return ("class", number, str(item.__name__)[:200], str(item.__module__)[:200], _special(item),
                _special(type(item), type), order, bool(item.__flags__ & _ABSTRACT), shared)  # fmt: skip

    # --- In

    def _stand_in(self, told: Any, value: Any) -> object:
        match told:
            case ["yours", int(number)]:
                if not 0 <= number < len(self._own):
                    raise BrokenError("an object that was never sent")
                return self._own[number]
            case ["theirs", int(number)]:
                return self._remotes[number]
            case ["standard", str(module), str(name)]:
                if self._guarded and not self.mentioned(name):
                    check_class(module)
                found = getattr(standard_module(module), name, None)
                if not isinstance(found, type):
                    raise BrokenError("no class of the standard library")
                return found
            case ["module", str(name)]:
                return standard_module(name)
            case ["shared", str(name)]:
                return self.shared[name]
            case ["member", str(name), str(member)]:
                return self.shared[name].__members__[member]
            case ["namespace", content]:
                return type(sys.implementation)(**value(content))
            case ["field", str(name), kind, str(how), tuple(flags)]:
                return _field(name, value(kind), how, flags)
            case ["error", kind, args, attributes, cause, str(text), None | int() as number]:
                error = self._error(value(kind), value(args), value(attributes), text)
                if number is not None:
                    vars(error)["_remote_handle"] = self.remote(number, "?", "error", [])
                reason = value(cause)
                error.__cause__ = reason if isinstance(reason, BaseException) else None
                return error
            case ["error-class", int(number), str(name), list(bases)]:
                return self._error_class(number, name, [value(base) for base in bases])
            case ["method", owner, str(name)]:
                return Method(self, value(owner), name)
            case ["coroutine" | "generator" as kind, int(number)]:
                return self._driven(number, kind)
            case ["class", int(number), str(name), str(module), list(names), list(meta), list(order), bool(), bool()]:
                return self._remote_class(number, name, module, names, meta, [value(base) for base in order], *told[7:])
            case ["object", int(number), made, str(module), str(kind), list(names)]:
                return self.remote(number, module, kind, names, value(made))
            case ["sub", int(number), made, str(module), str(kind), list(names), str(base), content, list(ways)]:
                made = value(made)
                if made is not None and self.is_asked(made):
                    return self.remote(number, module, kind, names, made, plain=True)
                return self._subclass(number, kind, base, value(content), made, _OWN_WAYS.intersection(ways))
        raise BrokenError("an object of no known kind")

    def _driven(self, number: int, kind: str) -> object:
        """A generator or coroutine of this side that has the other side's do its steps."""
        if number not in self._drivers:
            remote = self.remote(number, "builtins", kind, [])
            made = awaited(self, remote) if kind == "coroutine" else generated(self, remote)
            self._drivers[number] = made
            self._local[id(made)] = number
        return self._drivers[number]

    def _error(self, kind: Any, args: Any, attributes: Any, text: str) -> BaseException:
        if not (isinstance(kind, type) and issubclass(kind, BaseException) and type(args) is tuple):
            raise BrokenError("an exception of no class")
        error = made_error(kind, args, is_standard(kind))
        error.args = args
        for name, item in dict(attributes).items():
            if not name.startswith("__"):
                setattr(error, name, item)
            elif name == "__notes__" and type(item) is list and all(type(note) is str for note in item):
                error.__notes__ = item
        if "_remote_class" in vars(kind):
            error._remote_text = text  # type: ignore[attr-defined]
        return error

    def _error_class(self, number: int, name: str, bases: list[Any]) -> type:
        if number not in self._remotes:
            if not bases or not all(isinstance(base, type) and issubclass(base, BaseException) for base in bases):
                raise BrokenError("an exception without a base")
            members = {"_remote_class": number, "__str__": told_text, "__module__": "candidate",
                       "__getattr__": of_error}  # fmt: skip
            self._remotes[number] = type(name, tuple(bases), members)
        return self._remotes[number]  # type: ignore[no-any-return]

    def _remote_class(
        self, number: int, name: str, module: str, names: Any, meta: Any, order: Any, abstract: bool, shared: bool
    ) -> Any:
        if number not in self._remotes:
            if not all(isinstance(base, type) for base in order):
                raise BrokenError("a base that is no class")
            face = self.shared.get(name) if shared else None
            made = class_of(self, number, name, module, frozenset(names) & FORWARDED, frozenset(meta) & FORWARDED,
                            order, face)  # fmt: skip
            if abstract:
                made.__abstractmethods__ = frozenset({"?"})
            self._remotes[number] = made
        return self._remotes[number]

    def _subclass(self, number: int, name: str, base: str, content: object, made: Any, ways: frozenset[str]) -> object:
        """Data of a subclass of a plain type: data of a subclass here, whose other attributes are asked for, and that
        writes itself, and finds what it does not hold, by its own `ways`."""
        kind = self._kinds.get((name, base, made, ways))
        if kind is None:
            members: dict[str, Any] = {"__getattr__": get, "_remote_peer": None, "__module__": "candidate"}
            members.update({way: _forwarded(way) for way in ways}, __setattr__=_set, __delattr__=_delete)
            plain_kind = base_named(base, True)
            calls = {"__call__": lambda _, *args, **kwargs: made(*args, **kwargs), "__getattr__": _of_class(made)}
            # another one is made where its class is, which has what all of them have
            meta: Any = type("made", (type(plain_kind),), calls if made is not None else {})
            kind = self._kinds[name, base, made, ways] = meta(name.rpartition(".")[2], (plain_kind,), members)
        make: Any = kind
        filled = base in ("list", "dict", "set", *_HOLDERS)
        item = type.__call__(make, content) if filled else make.__new__(make, content)
        item.__dict__.update(_peer=self, _handle=self.remote(number, "?", name, []))
        return item

    def remote(self, number: int, module: str, kind: str, names: Any, made: Any = None, plain: bool = False) -> Any:
        """What stands for the object of that number."""
        known = self._remotes.get(number)
        if known is None:
            if made is None:
                key = (module, kind, frozenset(names) & FORWARDED)
                if key not in self._kinds:
                    self._kinds[key] = kind_of(kind.rpartition(".")[2], *key[::2])
                made = self._kinds[key]
            elif not isinstance(made, RemoteClass):
                raise BrokenError("an object of a class that is none")
            known = self._remotes[number] = Remote.__new__(made)
            for name, item in (("peer", self), ("number", number), ("plain", plain)):
                object.__setattr__(known, f"_remote_{name}", item)
        return known


def _set(self: Any, name: str, value: object) -> None:
    if "_handle" in self.__dict__:
        self._peer.request("set", self._handle, name, value)
    else:  # it is being made
        object.__setattr__(self, name, value)


def _delete(self: Any, name: str) -> None:
    self._peer.request("delete", self.__dict__["_handle"], name)


def _forwarded(name: str) -> Any:
    def method(self: Any, *args: object) -> object:
        return self._peer.operate(self.__dict__["_handle"], name, args)

    return method


def _crosses(item: Any) -> bool:
    """Whether an object crosses by value, so that its methods can only be used where they are."""
    kind = item if isinstance(item, type) else type(item)
    path = f"{kind.__module__}.{kind.__qualname__}"
    return is_standard(kind) or path in KNOWN or issubclass(kind, BaseException)


def _field(name: str, kind: object, how: str, flags: tuple[Any, ...]) -> object:
    dataclasses: Any = standard_module("dataclasses")
    init, shows, hashed, compare, kw_only = flags
    made = dataclasses.field(init=init, repr=shows, hash=hashed, compare=compare, kw_only=kw_only)
    made.name, made.type = name, kind
    if how not in ("_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR"):
        raise BrokenError("a field of no known kind")
    made._field_type = getattr(dataclasses, how)
    return made


def plain(item: Any, base: Any) -> object:
    """The content of an instance of a subclass of `base`, past all that the subclass overrides."""
    if base in (int, float, complex):
        return base.__pos__(item)
    if base in (str, bytes):
        return base.__getitem__(item, slice(None)) if type(item) is base else base.__add__(base(), item)
    return tuple(base.items(item) if base is dict else base.__iter__(item))


def _of_class(made: Any) -> Any:
    """What looks up what the class `made` of the other side has beside its instances' content."""

    def found(_: Any, name: str) -> object:
        if is_special(name) or name[:8] == "_remote_":
            raise AttributeError(name)
        return getattr(made, name)

    return found
