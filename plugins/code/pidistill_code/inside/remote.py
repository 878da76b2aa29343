"""Objects of another process: stand-ins for them, and the requests by which two processes use each other's objects.

`Peer` is one side. It sends a request and waits; what comes first may be a request of the other side, which it serves
before it waits on, so a function that is called can call back. Requests name objects by number and operations out of a
short list; nothing else can be asked for.

The side of the tests is `guarded`: there, no object of the other side takes part in a comparison or in arithmetic with
data of this one, for it could say that it equals anything. Only instances of classes that the tests name are excepted,
and equality with those is believed where they are not equal to everything. What comes from the other side is data, or
an exception that was raised there; whatever else goes wrong is a `BrokenError`, which no test takes for its own.
"""

from __future__ import annotations

import builtins
import os
import sys
from typing import Any

from pidistill_code.inside.graph import KNOWN, BrokenError, Graph
from pidistill_code.inside.guard import check_class, check_name, check_set, check_target, is_sign
from pidistill_code.inside.standins import AS_NUMBER, FORWARDED, NUMERIC, ORDERING, SIDES, Method, get, kind_of

_BASES = {"int": int, "float": float, "complex": complex, "str": str, "bytes": bytes, "list": list, "tuple": tuple,
          "dict": dict, "set": set, "frozenset": frozenset}  # fmt: skip
_NO_MODULES = frozenset({"antigravity", "this", "idlelib", "turtledemo", "test", "__main__"})
_RETURNS = {"__bool__": bool, "__len__": int, "__str__": str, "__repr__": str, "__hash__": int, "__contains__": bool}
_MOST_OBJECTS = 200_000


def _info(item: Any) -> tuple[str, str, list[str]]:
    kind = type(item)
    names = [name for name in FORWARDED if getattr(kind, name, None) is not getattr(object, name, None)]
    return str(kind.__module__)[:200], str(kind.__qualname__)[:200], sorted(names)


def standard_module(name: str) -> Any:
    """A module of the standard library, by name."""
    if name.partition(".")[0] not in sys.stdlib_module_names - _NO_MODULES:
        raise BrokenError(f"no module {name!r:.100} crosses")
    __import__(name)
    return sys.modules[name]


def _is_standard(item: Any) -> bool:
    """Whether a class is the standard library's own, under its own name."""
    module, name = item.__module__, item.__qualname__
    if type(module) is not str or module.partition(".")[0] not in sys.stdlib_module_names - _NO_MODULES:
        return False
    return getattr(sys.modules.get(module), name, None) is item


class Peer:
    """One side. `exchange` sends a message and gives the next one; `effects` and `take` are what goes with each."""

    def __init__(self, letter: str, exchange: Any, effects: Any, take: Any, guarded: bool) -> None:
        self._exchange, self._effects, self._take, self._guarded = exchange, effects, take, guarded
        self._graph = Graph(letter, self._stay, self._stand_in)
        self._own: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._remotes: dict[int, Any] = {}
        self._kinds: dict[Any, type] = {}
        self._drivers: dict[int, Any] = {}
        self._local: dict[int, int] = {}
        self.asked: set[int] = set()
        """Numbers of the classes that the tests name."""
        self.raised: list[BaseException] = []
        """Exceptions that came from the other side, the last few."""

    def mentioned(self, name: str) -> bool:
        """Whether the test speaks of the exception of that name."""
        return False

    # --- Messages

    def request(self, op: str, *args: object) -> Any:
        """Have the other side do it. Raises what it raised there."""
        root, nodes = self._graph.pack([op, *args])
        incoming = self._exchange(("ask", root, nodes, self._effects()))
        while True:
            match incoming:
                case ("ask", root, nodes, effects):
                    self._take(effects)
                    incoming = self._exchange(self.serve(root, nodes))
                case ("value", root, nodes, effects):
                    self._take(effects)
                    return self._graph.unpack(root, nodes)
                case ("raise", root, nodes, effects):
                    self._take(effects)
                    error = self._graph.unpack(root, nodes)
                    if not isinstance(error, BaseException):
                        raise BrokenError("raised what is no exception")
                    if self._guarded and is_sign(error, op, args, self.mentioned):
                        raise BrokenError(f"raised {type(error).__name__}, which tests take for a sign of their own")
                    self.raised = [*self.raised[-7:], error]
                    raise error
                case _:
                    raise BrokenError("a message of no known kind")

    def serve(self, root: object, nodes: object) -> tuple[object, ...]:
        """The message that answers a request."""
        request: Any = self._graph.unpack(root, nodes)
        try:
            op, args = request[0], request[1:]
            if type(op) is not str or type(args) is not list or not op.isalpha():
                raise BrokenError("a request of no known kind")
            value = getattr(self, f"_do_{op}")(*args)
            return ("value", *self._graph.pack(value), self._effects())
        except BrokenError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever is raised here is raised there
            return ("raise", *self._graph.pack(error.with_traceback(None)), self._effects())

    # --- What can be asked for

    def _check(self, target: Any) -> None:
        """Whose objects a program may use: there, those that were handed over; here, all of its own."""
        if self._guarded:
            number = self._numbers.get(id(target))
            check_target(target, number is not None and self._own[number] is target)

    def _do_call(self, target: Any, args: Any, kwargs: Any) -> object:
        self._check(target)
        return target(*args, **kwargs)

    def _do_method(self, target: Any, name: str, args: Any, kwargs: Any) -> object:
        self._check(target)
        if self._guarded and name in FORWARDED and not isinstance(target, type):
            return self._do_op(target, name, args)
        if self._guarded:
            check_name(target, name)
        return getattr(target, name)(*args, **kwargs)

    def _do_op(self, target: Any, name: str, args: Any) -> object:
        self._check(target)
        if name not in FORWARDED:
            raise BrokenError("an operation of no known name")
        return getattr(type(target), name)(target, *args)

    def _do_get(self, target: Any, name: str) -> object:
        self._check(target)
        if not self._guarded:
            return getattr(target, name)
        check_name(target, name)
        value = getattr(target, name)
        if name.startswith("__") and value is not None and not isinstance(value, str):
            raise AttributeError(name)
        return value

    def _do_content(self, item: Any) -> object:
        """What an instance of a subclass of a plain type holds."""
        self._check(item)
        for base in _BASES.values():
            if isinstance(item, base):
                content: Any = _plain(item, base)
                make: Any = base
                return make(content) if base in (list, dict, set, frozenset, tuple) else content
        raise BrokenError("content of what has none")

    def _do_set(self, target: Any, name: str, value: object) -> None:
        self._check(target)
        if self._guarded:
            check_set(target, name)
        setattr(target, name, value)

    def _do_isinstance(self, item: Any, kind: Any) -> bool:
        return isinstance(item, kind)

    def _do_issubclass(self, item: Any, kind: Any) -> bool:
        return isinstance(item, type) and issubclass(item, kind)

    def _do_signature(self, target: Any) -> object:
        self._check(target)
        parameters = __import__("inspect").signature(target).parameters.values()
        return [(item.name, int(item.kind), item.default is not item.empty) for item in parameters]

    def _do_await(self, item: Any) -> object:
        self._check(item)
        return run_coroutine(item)

    def _do_read(self, how: str, *args: Any) -> object:
        """Standard input, which the tests may have replaced."""
        if how == "input":
            return builtins.input(*args)
        if how not in ("read", "readline"):
            raise BrokenError("no way to read")
        return getattr(sys.stdin, how)(*args)

    # --- Objects that stay

    def _number(self, item: object) -> int:
        number = self._numbers.get(id(item))
        if number is None:
            if len(self._own) >= _MOST_OBJECTS:
                raise BrokenError("more objects than can be kept")
            number = self._numbers[id(item)] = len(self._own)
            self._own.append(item)
        return number

    def _is_numbered(self, item: Any) -> bool:
        """Whether an object stays where it is, so that a method of it can be asked for there."""
        kind = item if isinstance(item, type) else type(item)
        path = f"{kind.__module__}.{kind.__qualname__}"
        return not (_is_standard(kind) or path in KNOWN or issubclass(kind, BaseException))

    def _stay(self, item: Any, slot: Any) -> tuple[object, ...]:
        kind = type(item)
        number = getattr(kind, "_remote_peer", None) and item._remote_number
        if number is not None:
            return ("yours", number)
        handle = getattr(item, "__dict__", {}).get("_handle") if "_remote_peer" in vars(kind) else None
        if handle is not None:
            return ("yours", handle._remote_number)
        if issubclass(kind, BaseException):
            parts = (kind, tuple(item.args), tuple(vars(item).items()), item.__cause__)
            return ("error", *map(slot, parts), _text(item))
        if isinstance(item, type) and issubclass(item, BaseException):
            if _is_standard(item):
                return ("standard", item.__module__, item.__qualname__)
            if getattr(item, "_remote_class", None) is not None and "_remote_class" in vars(item):
                return ("yours", vars(item)["_remote_class"])
            bases = [slot(base) for base in item.__bases__ if issubclass(base, BaseException)]
            return ("error-class", self._number(item), item.__name__, bases)
        if kind is type(sys) and item.__name__.partition(".")[0] in sys.stdlib_module_names - _NO_MODULES:
            return ("module", item.__name__)
        if isinstance(item, type) and _is_standard(item):
            return ("standard", item.__module__, item.__qualname__)
        owner = getattr(item, "__self__", None) if kind.__name__ in ("method", "builtin_function_or_method") else None
        if owner is not None and kind.__name__ == "method" and self._is_numbered(owner):
            return ("method", slot(owner), item.__name__)
        if kind.__name__ in ("coroutine", "generator") and kind.__module__ == "builtins":
            number = self._local.get(id(item))
            return (kind.__name__, self._number(item)) if number is None else ("yours", number)
        told = (
            self._number(item),
            *_info(item),
            [self._numbers[id(base)] for base in kind.__mro__ if id(base) in self._numbers],
        )
        if isinstance(item, type):
            return (
                "class",
                *told,
                item.__name__,
                [self._numbers[id(base)] for base in item.__mro__[1:] if id(base) in self._numbers],
            )
        for name, base in _BASES.items():
            if issubclass(kind, base):
                return ("sub", *told, name, slot(_plain(item, base)))
        return ("object", *told)

    def _stand_in(self, told: Any, value: Any) -> object:
        match told:
            case ["yours", int(number)]:
                if not 0 <= number < len(self._own):
                    raise BrokenError("an object that was never sent")
                return self._own[number]
            case ["standard", str(module), str(name)]:
                if self._guarded and not self.mentioned(name):
                    check_class(module)
                found = getattr(standard_module(module), name, None)
                if not isinstance(found, type):
                    raise BrokenError("no class of the standard library")
                return found
            case ["module", str(name)]:
                return standard_module(name)
            case ["error", kind, args, attributes, cause, str(text)]:
                error = self._error(value(kind), value(args), value(attributes), text)
                reason = value(cause)
                error.__cause__ = reason if isinstance(reason, BaseException) else None
                return error
            case ["error-class", int(number), str(name), list(bases)]:
                return self._error_class(number, name, [value(base) for base in bases])
            case ["method", owner, str(name)]:
                return Method(self, value(owner), name)
            case ["coroutine" | "generator" as kind, int(number)]:
                return self._driven(number, kind)
            case ["class", int(number), str(module), str(kind), list(names), list(bases), str(name), list(_)]:
                return self._remote(number, module, kind, names, bases, name)
            case ["object", int(number), str(module), str(kind), list(names), list(bases)]:
                return self._remote(number, module, kind, names, bases)
            case ["sub", int(number), str(module), str(kind), list(names), list(bases), str(base), content]:
                if self.asked.intersection(bases):
                    return self._remote(number, module, kind, names, bases, plain=True)
                return self._subclass(number, kind, base, value(content))
        raise BrokenError("an object of no known kind")

    def _driven(self, number: int, kind: str) -> object:
        """A generator or coroutine of this side that has the other side's do its steps."""
        if number not in self._drivers:
            remote = self._remote(number, "builtins", kind, [], [])
            made = self._awaited(remote) if kind == "coroutine" else self._generated(remote)
            self._drivers[number] = made
            self._local[id(made)] = number
        return self._drivers[number]

    def _generated(self, remote: object) -> Any:
        step: tuple[str, list[object]] = ("send", [None])
        while True:
            try:
                item = self.request("method", remote, *step, {})
            except StopIteration as end:
                return end.value
            try:
                step = ("send", [(yield item)])
            except GeneratorExit:
                self.request("method", remote, "close", [], {})
                raise
            except BrokenError:
                raise
            except BaseException as error:  # noqa: BLE001 - it is thrown into the generator
                step = ("throw", [error])

    async def _awaited(self, remote: object) -> object:
        return self.request("await", remote)

    def _error(self, kind: Any, args: Any, attributes: Any, text: str) -> BaseException:
        if not (isinstance(kind, type) and issubclass(kind, BaseException) and type(args) is tuple):
            raise BrokenError("an exception of no class")
        try:
            error = kind.__new__(kind, *args)
        except TypeError:
            error = kind.__new__(kind)
        error.args = args
        for name, item in dict(attributes).items():
            if not name.startswith("__"):
                setattr(error, name, item)
        if "_remote_class" in vars(kind):
            error._remote_text = text  # type: ignore[attr-defined]
        else:
            _fill_error(error, args)
        return error

    def _error_class(self, number: int, name: str, bases: list[Any]) -> type:
        if number not in self._remotes:
            if not bases or not all(isinstance(base, type) and issubclass(base, BaseException) for base in bases):
                raise BrokenError("an exception without a base")
            members = {"_remote_class": number, "__str__": _told_text, "__module__": "candidate"}
            self._remotes[number] = type(name, tuple(bases), members)
        return self._remotes[number]  # type: ignore[no-any-return]

    def _subclass(self, number: int, name: str, base: str, content: object) -> object:
        kind = self._kinds.get((name, base))
        if kind is None:
            members = {"__getattr__": get, "_remote_peer": None, "__module__": "candidate"}
            kind = self._kinds[(name, base)] = type(name.rpartition(".")[2], (_BASES[base],), members)
        make: Any = kind
        made = make(content) if base in ("list", "dict", "set") else make.__new__(make, content)
        made.__dict__.update(_peer=self, _handle=self._remote(number, "?", name, [], []))
        return made

    def _remote(
        self, number: int, module: str, kind: str, names: Any, bases: Any, name: str = "", plain: bool = False
    ) -> Any:
        known = self._remotes.get(number)
        if known is None:
            forwarded = frozenset(names) & FORWARDED
            key = (module, kind, forwarded, bool(name))
            if key not in self._kinds:
                self._kinds[key] = kind_of(kind.rpartition(".")[2], module, forwarded, bool(name))
            known = self._remotes[number] = self._kinds[key]()
            values = {
                "_remote_peer": self,
                "_remote_number": number,
                "_remote_bases": frozenset(bases),
                "_remote_name": name,
                "_remote_plain": plain,
            }
            for attribute, item in values.items():
                object.__setattr__(known, attribute, item)
        return known

    # --- What stand-ins do

    def operate(self, remote: Any, name: str, args: tuple[object, ...]) -> object:
        """An operator or another special method of an object of the other side."""
        bare = self._guarded and not all(getattr(type(item), "_remote_peer", None) for item in args)
        asked = bool(self.asked & remote._remote_bases)
        believed = asked and self.believes(name)
        if bare and not believed and name in SIDES:
            return self._beside_data(remote, name, args, asked)
        if self._guarded and not (believed or (asked and name not in AS_NUMBER)) and name in NUMERIC:
            raise BrokenError(f"{name} of an object of the candidate's own")
        result = self.request("op", remote, name, list(args))
        if name in _RETURNS and type(result) is not _RETURNS[name]:
            raise TypeError(f"{name} returned {type(result).__name__}")
        if self._guarded and name == "__eq__" and result is not NotImplemented:
            if type(result) is not bool:
                raise BrokenError("an equality that is neither true nor false")
            if result and self._is_equal(remote, os.urandom(16).hex()):
                raise BrokenError("an object that is equal to everything")
        return result

    def believes(self, name: str) -> bool:
        """Whether the task is about what this special method of its classes says of data."""
        return True

    def check_predicate(self, remote: Any, name: str) -> None:
        """Raise `BrokenError` where an object poses as data that could say this of other data."""
        if self._guarded and not self.asked & remote._remote_bases:
            raise BrokenError(f"{name} of an object of the candidate's own")

    def _beside_data(self, remote: Any, name: str, args: tuple[Any, ...], asked: bool) -> object:
        """An operator between an object of the other side and data, of which the object does not decide the outcome."""
        if name == "__contains__":
            if not hasattr(type(remote), "__iter__"):
                raise BrokenError("__contains__ of an object of the candidate's own")
            return any(item is args[0] or item == args[0] for item in remote)
        if remote._remote_plain:
            content = self.request("content", remote)
            if type(content) not in _BASES.values():
                raise BrokenError("content that is none")
            return getattr(content, name, lambda *_: NotImplemented)(*args)
        if name in ("__eq__", "__ne__"):
            return NotImplemented
        if asked and name not in ORDERING:
            result = self.request("op", remote, name, list(args))
            if result is NotImplemented or getattr(type(result), "_remote_peer", None):
                return result
        raise BrokenError(f"{name} of an object of the candidate's own")

    def _is_equal(self, remote: object, other: object) -> bool:
        try:
            return self.request("op", remote, "__eq__", [other]) is True
        except BrokenError:
            raise
        except Exception:  # noqa: BLE001 - it looks for fields that only its own kind has
            return False


def _plain(item: Any, base: Any) -> object:
    """The content of an instance of a subclass of `base`, past all that the subclass overrides."""
    if base in (int, float, complex):
        return base.__pos__(item)
    if base in (str, bytes):
        return base.__getitem__(item, slice(None)) if type(item) is base else base.__add__(base(), item)
    return tuple(base.items(item) if base is dict else base.__iter__(item))


def _text(error: BaseException) -> str:
    try:
        return str(error)[:2000]
    except Exception:  # noqa: BLE001 - its class is foreign
        return ""


def _told_text(self: Any) -> str:
    return getattr(self, "_remote_text", None) or BaseException.__str__(self)


def _fill_error(error: Any, args: tuple[Any, ...]) -> None:
    """What the exceptions that carry more than `args` are made of."""
    if isinstance(error, SystemExit):
        code: Any = args[0] if len(args) == 1 else (args or None)
        error.code = code
    elif isinstance(error, StopIteration):
        error.value = args[0] if args else None


def run_coroutine(item: Any) -> object:
    """Run it to its end, in a loop of its own: in another thread where this one has a loop that runs."""
    import asyncio

    async def wait() -> object:
        return await item

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    import threading

    found: list[Any] = []

    def run() -> None:
        try:
            found.append((True, asyncio.run(wait())))
        except BaseException as error:  # noqa: BLE001 - raised below
            found.append((False, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    worked, value = found[0]
    if not worked:
        raise value
    return value


def is_builtin(name: str) -> bool:
    """Whether `name` is one of the interpreter's own."""
    return hasattr(builtins, name)
