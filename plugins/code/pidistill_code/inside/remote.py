"""The requests by which two processes use each other's objects.

`Peer` is one side. It sends a request and waits; what comes first may be a request of the other side, which it serves
before it waits on, so a function that is called can call back. Requests name objects by number and operations out of a
short list (the methods `_do_...`); nothing else can be asked for. The side of the tests is `guarded`: what is asked of
its objects is looked at (`guard`), and what objects of the other side say is not simply believed (`beliefs`).

What comes from the other side is data, or an exception that was raised there; whatever else goes wrong is a
`BrokenError`, which no test takes for its own.
"""

from __future__ import annotations

import builtins
import copy
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from pidistill_code.inside.contents import SCALARS, BrokenError
from pidistill_code.inside.data import plain_data
from pidistill_code.inside.guard import check_copy, check_name, check_target, is_hint, is_shape, seen_as
from pidistill_code.inside.names import FORWARDED, is_special, own
from pidistill_code.inside.objects import Objects
from pidistill_code.inside.steps import Tasks, run_coroutine

_RETURNS = {"__bool__": bool, "__len__": int, "__str__": str, "__repr__": str, "__hash__": int, "__contains__": bool}


_FRAMES, _DEEPEST = 30, 450
"""Of ours, and of the interpreter's own calls, between a call of the other side and what that calls here, at most; and
how many such calls within each other are not to count them: about as many as Python's own limit lets through."""


class Peer(Objects):
    """One side. `exchange` sends a message and gives the next one; `effects` and `take` are what goes with each."""

    def __init__(self, letter: str, exchange: Any, effects: Any, take: Any, guarded: bool) -> None:
        super().__init__(letter, guarded)
        self._exchange, self._effects, self._take = exchange, effects, take
        self._depth_of_calls = 0
        self.served = 0
        """How often the other side has asked for something."""
        self._tasks = Tasks()

    # --- Messages

    def request(self, op: str, *args: object) -> Any:
        """Have the other side do it. Raises what it raised there."""
        with self.asking():
            return self._request(op, args)

    def _request(self, op: str, args: tuple[Any, ...]) -> Any:
        root, nodes = self.graph.pack([op, *args])
        incoming = self._exchange(("ask", root, nodes, self._effects()))
        while True:
            match incoming:
                case ("ask", root, nodes, effects):
                    self._take(effects)
                    with self._deeper():
                        answer = self.serve(root, nodes)
                    incoming = self._exchange(answer)
                case ("value", root, nodes, effects):
                    self._take(effects)
                    return self.graph.unpack(root, nodes)
                case ("raise", root, nodes, effects):
                    self._take(effects)
                    error = self.graph.unpack(root, nodes)
                    if not isinstance(error, BaseException):
                        raise BrokenError("raised what is no exception")
                    raise self.raised_here(error, op, args)
                case _:
                    raise BrokenError("a message of no known kind")

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        """As deep a recursion as there would be without us."""
        more = _FRAMES if self._depth_of_calls < _DEEPEST else 0
        self._depth_of_calls += 1
        sys.setrecursionlimit(sys.getrecursionlimit() + more)
        try:
            yield
        finally:
            sys.setrecursionlimit(max(sys.getrecursionlimit() - more, 1))
            self._depth_of_calls -= 1

    def asking(self) -> Any:
        """What a request is made in: a program's threads take turns."""
        return nullcontext()

    def serving(self) -> Any:
        """What a request of the other side is done in."""
        return nullcontext()

    def has_served(self) -> None:
        """Called where what the other side has asked for is done."""

    def raised_here(self, error: BaseException, op: str, args: tuple[Any, ...]) -> BaseException:
        """What is raised here where a request has raised `error`."""
        return error

    def fails_here(self, error: BaseException) -> None:
        """Called where what the other side has asked for has raised `error` here."""

    def serve(self, root: object, nodes: object) -> tuple[object, ...]:
        """The message that answers a request."""
        self.served += 1
        request: Any = self.graph.unpack(root, nodes)
        try:
            op, args = request[0], request[1:]
            if type(op) is not str or type(args) is not list or not op.isalpha():
                raise BrokenError("a request of no known kind")
            with self.serving():
                try:
                    value = getattr(self, f"_do_{op}")(*args)
                finally:
                    self.has_served()
            return ("value", *self.graph.pack(value), self._effects())
        except BrokenError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever is raised here is raised there
            self.fails_here(error)
            return ("raise", *self.graph.pack(error.with_traceback(None)), self._effects())

    # --- What stand-ins do

    def own_way(self, item: Any, kind: Any, name: str, args: Any, kwargs: Any, own: Callable[..., Any]) -> Any:
        """What data of a class of the other side's does in a way of its own, `own`, where a `kind` has another."""
        return own(*args)

    def attribute(self, remote: Any, name: str) -> object:
        """An attribute of an object of the other side."""
        return self.request("get", remote, name)

    def operate(self, remote: Any, name: str, args: tuple[object, ...]) -> object:
        """An operator or another special method of an object of the other side."""
        result = self.request("op", remote, name, list(args))
        if name in _RETURNS and type(result) is not _RETURNS[name]:
            raise TypeError(f"{name} returned {type(result).__name__}")
        return result

    # --- What can be asked for

    def _check(self, target: Any) -> None:
        """Whose objects a program may use: there, those that were handed over; here, all of its own."""
        if self._guarded:
            check_target(target, self.is_handed(target))

    def _check_change(self, target: Any, name: str, *values: object) -> None:
        """Whether a program may set `name` of `target`, or delete it where there are no `values`."""
        self._check(target)

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
        return _special(target, name)(*args)

    def _do_get(self, target: Any, name: str) -> object:
        self._check(target)
        if not self._guarded:
            value = getattr(target, name)
            return dict(value) if name == "__dict__" and isinstance(target, type) else value
        if is_shape(target, name):
            return self._watched_fields(target, seen_as(target, name))
        if self.shows(target, name):
            return getattr(target, name)
        check_name(target, name)
        value = getattr(target, name)
        if is_special(name) and value is not None and not isinstance(value, str):
            raise AttributeError(name)
        return value

    def _watched_fields(self, target: Any, seen: Any) -> object:
        """Fields of an object that a program may change as a dictionary: as if it had set each of them."""
        if type(seen) is dict and seen is getattr(target, "__dict__", None):
            self.graph.watched[id(seen)] = lambda name, *values: self._check_change(target, name, *values)
        return seen

    def _do_dir(self, target: Any) -> list[str]:
        self._check(target)
        return [str(name) for name in dir(target)]

    def _do_set(self, target: Any, name: str, value: object) -> None:
        self._check_change(target, name, value)
        if isinstance(target, type) and getattr(type(value), "_remote_face", None) is types.FunctionType:
            value = _bound(value)  # as a function it is a method there
        if isinstance(target, type):
            value = self.member(name, value)
        setattr(target, name, value)

    def _do_delete(self, target: Any, name: str) -> None:
        self._check_change(target, name)
        delattr(target, name)

    def _do_note(self, error: Any, note: Any) -> None:
        self._check(error)
        BaseException.add_note(error, note)

    def _do_touch(self, error: Any) -> None:
        """It came with what has been noted of it."""

    def _do_copy(self, target: Any, deep: bool) -> object:
        self._check(target)
        if self._guarded:
            check_copy(target)
        return copy.deepcopy(target) if deep else copy.copy(target)

    def _do_content(self, item: Any) -> object:
        """What an instance of a subclass of a plain type holds."""
        self._check(item)
        found = plain_data(item)
        if found is None:
            raise BrokenError("content of what has none")
        _, _, make, content = found
        return make(content)

    def _do_isinstance(self, item: Any, kind: Any) -> bool:
        return isinstance(item, kind)

    def _do_issubclass(self, item: Any, kind: Any) -> bool:
        return isinstance(item, type) and issubclass(item, kind)

    def _do_signature(self, target: Any) -> object:
        """Parameters, and what is returned; of the tests' functions, only those defaults that are single values, and
        those annotations that are classes or text."""
        self._check(target)
        found, signature = [], __import__("inspect").signature(target)

        def hint(key: str, said: object) -> dict[str, object]:
            return {key: said} if said is not signature.empty and (not self._guarded or is_hint(said)) else {}

        for item in signature.parameters.values():
            told = hint("annotation", item.annotation)
            if item.default is not item.empty:
                told["default"] = item.default if not self._guarded or type(item.default) in SCALARS else None
            found.append((item.name, int(item.kind), told))
        return found, hint("return_annotation", signature.return_annotation)

    def _do_derive(self, name: str, bases: Any, members: Any, how: Any) -> type:
        """A class of the other side's that is derived from one of this side."""
        return self.derive(name, bases, {item: _member(value) for item, value in members.items()}, how)

    def derive(self, name: str, bases: Any, members: dict[str, Any], how: Any) -> type:
        """Make it, if it may be."""
        return types.new_class(name, tuple(bases), dict(how), lambda space: space.update(members))

    def shows(self, target: Any, name: str) -> bool:
        """Whether the other side may read this special attribute, a method, which another is to be put around."""
        return False

    def member(self, name: str, value: Any) -> Any:
        """What a member of a class of this side becomes that the other side has made."""
        return value

    def _check_super(self, kind: Any, name: str) -> None:
        """Whether the other side may ask for what the bases of a class of this side have."""

    def _do_super(self, kind: Any, owner: Any, name: str, args: Any, kwargs: Any) -> object:
        self._check(owner)
        self._check_super(kind, name)
        return getattr(super(kind, owner), name)(*args, **kwargs)

    def _do_await(self, item: Any) -> object:
        self._check(item)
        return run_coroutine(item)

    def _do_turn(self, item: Any) -> object:
        self._check(item)
        return self._tasks.turn(item)

    def _do_cancel(self, item: Any) -> None:
        self._check(item)
        self._tasks.cancel(item)

    def _do_read(self, how: str, *args: Any) -> object:
        """Standard input, which the tests may have replaced."""
        if how == "input":
            return builtins.input(*args)
        if how not in ("read", "readline"):
            raise BrokenError("no way to read")
        return getattr(sys.stdin, how)(*args)


def _special(target: Any, name: str) -> Any:
    """The special method of that name, as the interpreter finds it: not the instance's own."""
    for kind in type(target).__mro__:
        if name in own(kind):
            found = own(kind)[name]
            return found.__get__(target, type(target)) if hasattr(type(found), "__get__") else found
    raise AttributeError(name)


def _member(told: Any) -> object:
    how, value = told[:2]
    match how:
        case "function":
            return _bound(value)
        case "property":
            return property(*[item and _bound(item) for item in told[1:]])
        case "staticmethod":
            return staticmethod(value)
        case "classmethod":
            return classmethod(_bound(value))
    return value


def _bound(function: Any) -> Any:
    def method(self: Any, *args: object, **kwargs: object) -> object:
        return function(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = str(function.__name__)
    return method
