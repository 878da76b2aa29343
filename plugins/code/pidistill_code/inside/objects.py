"""Objects that stay where they are: what the other side is told of each, and what stands here for those of the other
side.

An object has a number, and tells its class, so that a class of the other side has one stand-in, of which all stand-ins
for its instances are instances. An instance of a class that the problem's preamble defines on both sides counts as one
of this side's class; members of its enumerations are the members here. Exceptions have a file of their own, and so have
data of subclasses.
"""

from __future__ import annotations

import sys
import weakref
from typing import Any

from pidistill_code.inside.contents import BrokenError, base_of, maker_of
from pidistill_code.inside.data import (
    FILLED,
    HOLDERS,
    OWN_WAYS,
    SETTING,
    class_of_data,
    defined,
    made_data,
    own_ways,
    plain_data,
    special_ways,
    ways_here,
)  # fmt: skip
from pidistill_code.inside.errors import error_class
from pidistill_code.inside.exceptions import Exceptions
from pidistill_code.inside.graph import Graph, Side
from pidistill_code.inside.guard import ShownField, check_class
from pidistill_code.inside.known import KNOWN
from pidistill_code.inside.library import is_library, is_standard, standard_module
from pidistill_code.inside.methods import Method
from pidistill_code.inside.names import FORWARDED, HEAP_TYPE, own
from pidistill_code.inside.standins import Remote, RemoteClass, class_of, is_remote, kind_of
from pidistill_code.inside.steps import awaited, generated

_MOST_OBJECTS = 200_000
_ABSTRACT = 1 << 20


class Objects(Side):
    """What one side knows of its own objects that the other side uses, and of that side's."""

    def __init__(self, letter: str, guarded: bool) -> None:
        self._guarded = self.has_tests = guarded
        self.graph = Graph(letter, self)
        self._own: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._told: set[int] = set()
        """Numbers of classes that the other side has been told of."""
        self._remotes: dict[int, Any] = {}
        self._kinds: dict[Any, type] = {}
        self._exceptions = Exceptions(self)
        self._kept_data: dict[int, object] = {}
        """Data of subclasses whose content does not change, or is held in a list or dictionary of its own."""
        self._known_ways: dict[Any, list[str]] = {}
        self._filled: Any = weakref.WeakValueDictionary()
        """Lists, dictionaries and sets of subclasses, by their number."""
        self._tuples: dict[int, int] = {}
        """Numbers there of tuples of a class that both sides have."""
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
        errors = getattr(remote, "_remote_error", None)
        return any(own(kind).get("_remote_number") in self.asked for kind in kinds) or (
            errors is not None and any(own(kind).get("_remote_class") in self.asked for kind in errors.__mro__)
        )

    @property
    def count(self) -> int:
        """Of the objects of this side that the other one knows."""
        return len(self._own)

    def number_of(self, item: object) -> int:
        """What the other side knows an object of this side as."""
        number = self._numbers.get(id(item))
        if number is None:
            if len(self._own) >= _MOST_OBJECTS:
                raise BrokenError("more objects than can be kept")
            number = self._numbers[id(item)] = len(self._own)
            self._own.append(item)
        return number

    def own_at(self, number: int) -> Any:
        """The object of this side of that number."""
        if not 0 <= number < len(self._own):
            raise BrokenError("an object that was never sent")
        return self._own[number]

    # --- Out

    def stay(self, item: Any, slot: Any) -> tuple[object, ...]:
        kind = type(item)
        if is_remote(kind):
            return ("yours", item._remote_number)
        if "_remote_peer" in own(kind):
            return ("yours", item._remote_object._remote_number)
        if issubclass(kind, BaseException):
            return self._exceptions.told(kind, item, slot)
        if isinstance(item, type):
            return self._class(item, slot)
        if kind is type(sys) and is_library(item.__name__):
            return ("module", item.__name__)
        if self.shared.get(kind.__qualname__) is kind and item in getattr(kind, "__members__", {}).values():
            return ("member", kind.__qualname__, item.name)
        if hasattr(kind, "_flag_mask_") and self.shared.get(kind.__qualname__) is kind and type(item.value) is int:
            return ("flags", kind.__qualname__, item.value)
        if issubclass(kind, tuple) and not kind.__dictoffset__ and self.shared.get(kind.__qualname__) is kind:
            if id(item) in self._tuples:
                return ("yours", self._tuples[id(item)])
            return ("tuple", kind.__qualname__, slot(tuple(tuple.__iter__(item))), self.number_of(item))
        if is_standard(kind) and any(item is member for member in getattr(kind, "__members__", {}).values()):
            return ("constant", kind.__module__, kind.__qualname__, item.name)
        if kind.__name__ in ("coroutine", "generator") and kind.__module__ == "builtins":
            number = self._local.get(id(item))
            return (kind.__name__, self.number_of(item)) if number is None else ("yours", number)
        if kind is ShownField:
            name, hint, *rest = item.told
            return ("field", name, slot(hint), *rest)
        if kind is Method:
            return ("bound", slot(item._owner), item.__name__)
        if not self._guarded:
            named = self._named(kind, item, slot)
            if named:
                return named
        told = self._told_object(kind, item, slot)
        data = plain_data(item)
        if data is not None:
            name, base, _, content = data
            content = vars(item)["data"] if name in HOLDERS else content
            return ("sub", *told, name, slot(content), self._ways_known(kind, base, own_ways))
        return ("object", *told)

    def fills(self, kind: Any) -> bool:
        """Whether instances of a subclass of a list and the like are such on both sides. Of what the library keeps for
        the tests a program has copies."""
        there = "_remote_peer" in own(kind) or is_remote(kind)
        return not there and not (self._guarded and is_library(kind.__module__))

    def _told_object(self, kind: Any, item: Any, slot: Any) -> tuple[Any, ...]:
        made = slot(kind) if kind.__flags__ & HEAP_TYPE and not is_standard(kind) else None
        names = self._ways_known(kind, object, special_ways)
        return self.number_of(item), made, str(kind.__module__)[:200], str(kind.__qualname__)[:200], names

    def _ways_known(self, kind: Any, base: Any, ways: Any) -> list[str]:
        """`ways` of a class; what it was found to be when the other side was first told of one of its instances."""
        if (kind, ways) not in self._known_ways:
            self._known_ways[kind, ways] = ways(kind, base)
        return self._known_ways[kind, ways]

    def told_filled(self, item: Any, slot: Any) -> Any:
        """Its class, with the methods that are its own."""
        kind, base = type(item), base_of(type(item))
        if "_remote_peer" in own(kind):
            return (item._remote_object._remote_number,)
        ways = self._ways_known(kind, base, own_ways)
        length = maker_of(item) if base.__name__ == "deque" else None
        return (*self._told_object(kind, item, slot), base.__name__, ways, length)

    def _named(self, kind: Any, item: Any, slot: Any) -> tuple[object, ...] | None:
        """Objects of a program that tests look into."""
        owner = getattr(item, "__self__", None) if kind.__name__ in ("method", "builtin_function_or_method") else None
        if (
            owner is not None
            and kind.__name__ == "method"
            and not _crosses(owner)
            and not is_remote(type(item.__func__))
            and _is_under_its_name(owner, item)
        ):
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
            told = None if self._guarded else own(item).get("__doc__")
            told = told if type(told) is str else None
            return ("error-class", self.number_of(item), item.__name__, bases, special_ways(item, BaseException), told)
        number = self.number_of(item)
        if number in self._told:
            return ("theirs", number)
        self._told.add(number)
        order = [slot(base) for base in item.__mro__[1:-1] if base.__qualname__ != "Generic"]
        shared = self.shared.get(item.__qualname__) is item
        return ("class", number, str(item.__name__)[:200], str(item.__module__)[:200], special_ways(item),
                special_ways(type(item), type), order, bool(item.__flags__ & _ABSTRACT), shared)  # fmt: skip

    # --- In

    def stand_in(self, told: Any, value: Any) -> object:
        match told:
            case ["yours", int(number)]:
                return self.own_at(number)
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
            case ["flags", str(name), int(flags)] if hasattr(self.shared[name], "_flag_mask_"):
                return self.shared[name](flags)
            case ["tuple", str(name), content, int(number)]:
                kind, items = self.shared[name], value(content)
                if not issubclass(kind, tuple) or type(items) is not tuple:
                    raise BrokenError("a tuple that is none")
                if number not in self._kept_data:
                    made = self._kept_data[number] = tuple.__new__(kind, items)
                    self._tuples[id(made)] = number
                return self._kept_data[number]
            case ["constant", str(module), str(name), str(member)]:
                if self._guarded and not self.mentioned(name):
                    check_class(module)
                return getattr(standard_module(module), name).__members__[member]
            case ["namespace", content]:
                return type(sys.implementation)(**value(content))
            case ["field", str(name), kind, str(how), tuple(flags)]:
                return _field(name, value(kind), how, flags)
            case ["error", kind, args, attributes, came, None | int() as number]:
                return self._exceptions.made(value(kind), value(args), dict(value(attributes)), value(came), number)
            case ["back", int(number), attributes, came]:
                return self._exceptions.back(self.own_at(number), dict(value(attributes)), value(came))
            case ["error-class", int(number), str(name), list(bases), list(names), None | str() as told_of]:
                if number not in self._remotes:
                    self._remotes[number] = error_class(self, number, name, [*map(value, bases)], names, told_of)
                return self._remotes[number]
            case ["method", owner, str(name)]:
                return Method(self, value(owner), name)
            case ["bound", owner, str(name)] if not self._guarded:
                return getattr(value(owner), name)
            case ["coroutine" | "generator" as kind, int(number)]:
                return self._driven(number, kind)
            case ["class", int(number), str(name), str(module), list(names), list(meta), list(order), bool(), bool()]:
                return self._remote_class(number, name, module, names, meta, [value(base) for base in order], *told[7:])
            case ["object", int(number), made, str(module), str(kind), list(names)]:
                return self.remote(number, module, kind, names, value(made))
            case ["filled", int(number), made, str(module), str(kind), list(names), str(base), list(ways), length]:
                found = self._filled.get(number)
                if found is None:
                    if length is not None and (base != "deque" or type(length) is not int or length < 0):
                        raise BrokenError("an object that is made with nothing known")
                    told = number, module, kind, names, value(made)
                    found = self._data(told, base, length, self._ways_of(ways, base, told[-1]) - SETTING)
                    self._filled[number] = found
                return found
            case ["sub", int(number), made, str(module), str(kind), list(names), str(base), content, list(ways)]:
                made = value(made)
                found = self._ways_of(ways, base, made)
                copied = not self._guarded and is_library(module)  # a mock's list of calls, say
                if not copied and base in FILLED and (base not in HOLDERS or not found <= OWN_WAYS):
                    return self.remote(number, module, kind, names, made, plain=True)
                told = number, module, kind, names, made
                return self._data(told, base, value(content), found - SETTING)
        raise BrokenError("an object of no known kind")

    def _ways_of(self, ways: list[str], base: str, made: Any) -> frozenset[str]:
        asked = made is not None and self.is_asked(made)
        return ways_here(ways, base, asked if self._guarded else None)

    def _driven(self, number: int, kind: str) -> object:
        """A generator or coroutine of this side that has the other side's do its steps."""
        if number not in self._drivers:
            remote = self.remote(number, "builtins", kind, [])
            made = awaited(self, remote) if kind == "coroutine" else generated(self, remote)
            self._drivers[number] = made
            self._local[id(made)] = number
        return self._drivers[number]

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

    def _data(self, told: Any, base: str, content: object, ways: frozenset[str]) -> object:
        """What stands for data of a subclass of a plain type, by `ways` of its own."""
        number, module, name, names, made = told
        if number not in self._kept_data:
            key = name, base, made, ways
            if key not in self._kinds:
                self._kinds[key] = class_of_data(*key)
            handle = self.remote(number, module, name, names, made, plain=True)
            item = made_data(self._kinds[key], base, content, self, handle)
            if base in FILLED and base not in HOLDERS:
                return item  # the graph keeps it
            self._kept_data[number] = item
        if base in HOLDERS:
            object.__setattr__(self._kept_data[number], "data", content)
        return self._kept_data[number]

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


def _is_under_its_name(owner: Any, method: Any) -> bool:
    """Whether who looks up the name of a method of `owner` finds that method."""
    kind = owner if isinstance(owner, type) else type(owner)
    found = defined(kind, method.__name__)
    return method.__func__ in (found, getattr(found, "__func__", None)) or isinstance(owner, type)


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
