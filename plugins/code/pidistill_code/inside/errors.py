"""Exceptions of the other side. Each is one here as well, so that it can be raised, caught and told by its class.

An exception of a class of the other side's own is made there, whoever asks for it, and what it has and says is asked
for there; here it has its arguments and its cause. One of the interpreter's is made anew, once, with all that it has.
"""

from __future__ import annotations

from typing import Any

from pidistill_code.inside.contents import BrokenError
from pidistill_code.inside.names import FORWARDED, PROGRAM, is_special, own
from pidistill_code.inside.standins import derived

_SHOWN = frozenset({"__dataclass_fields__", "__match_args__"})
"""Special attributes of classes that are theirs."""
_FIELDS = frozenset({"args"})
"""What an exception has on both sides."""


def held(error: BaseException, name: str) -> object:
    """What an exception has itself under a name: nobody else is asked while it is told."""
    try:
        return BaseException.__getattribute__(error, name)
    except AttributeError:
        return None


def handle_of(error: BaseException) -> Any:
    """What stands here for the exception that it is there; None for one that there is not there."""
    return vars(error).get("_remote_handle")


class ErrorClass(type):
    """A class of exceptions of the other side."""

    def __new__(meta, name: str, bases: tuple[type, ...], members: dict[str, Any], **how: object) -> Any:
        """One that tests derive from it is made there, as `RemoteClass` has it."""
        base = next((base for base in bases if isinstance(base, ErrorClass)), None)
        peer = own(base).get("_remote_side") if base is not None else None
        if peer is None or "_remote_class" in members or not peer.has_tests:
            return super().__new__(meta, name, bases, members, **how)
        return derived(peer, name, bases, members, how)

    def __init__(cls, *_: object, **__: object) -> None:
        """It has been made."""

    def __call__(cls, *args: object, **kwargs: object) -> Any:
        if "_remote_class" not in own(cls):  # derived from it here
            return super().__call__(*args, **kwargs)
        made = own(cls)["_remote_side"].request("call", cls, list(args), kwargs)
        if not isinstance(made, BaseException):
            raise TypeError(f"calling {cls.__name__} should have returned an exception")
        return made

    def __getattr__(cls, name: str) -> object:
        asked = not is_special(name) or name in _SHOWN
        if not asked or name[:8] == "_remote_" or "_remote_class" not in own(cls):
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        return own(cls)["_remote_side"].attribute(cls, name)

    def __setattr__(cls, name: str, value: object) -> None:
        if is_special(name) or "_remote_class" not in own(cls):
            super().__setattr__(name, value)
        else:
            own(cls)["_remote_side"].request("set", cls, name, value)


def error_class(peer: Any, number: int, name: str, bases: list[Any], names: list[str], doc: str | None) -> type:
    """What stands for a class of exceptions that has special methods of those `names` of its own."""
    if not bases or not all(isinstance(base, type) and issubclass(base, BaseException) for base in bases):
        raise BrokenError("an exception without a base")
    members: dict[str, Any] = {dunder: _asked(dunder) for dunder in FORWARDED.intersection(names)}
    for base in bases:
        members.update({field: _asked_field(field, base) for field in dir(base) if _is_field(base, field)})
    members.update(__str__=_text, __getattr__=_attribute, __setattr__=_set, __delattr__=_delete, __module__=PROGRAM)
    members.update(__copy__=lambda error: _copied(error, False), __deepcopy__=lambda error, _: _copied(error, True))
    members.update(add_note=_add_note, _remote_class=number, _remote_side=peer, __doc__=doc)
    if "__eq__" in members:
        members.setdefault("__hash__", None)
    return ErrorClass(name, tuple(bases), members)


def _asked(name: str) -> Any:
    """A special method of its own."""

    def method(self: Any, *args: object) -> object:
        handle = handle_of(self)
        if handle is None:
            return NotImplemented
        others = [(isinstance(item, BaseException) and handle_of(item)) or item for item in args]
        return handle._remote_peer.operate(handle, name, tuple(others))

    return method


def _is_field(base: type, name: str) -> bool:
    """Whether the interpreter keeps it in an exception: the code of a `SystemExit`, say."""
    return not is_special(name) and name not in _FIELDS and hasattr(getattr(base, name), "__set__")


def _asked_field(name: str, base: type) -> property:
    def field(self: Any) -> object:
        handle = handle_of(self)
        return getattr(base, name).__get__(self) if handle is None else getattr(handle, name)

    return property(field)


def _copied(error: BaseException, deep: bool) -> object:
    handle = handle_of(error)
    if handle is None:
        raise TypeError(f"a {type(error).__name__} that cannot be copied")
    return handle._remote_peer.request("copy", handle, deep)


def _delete(self: Any, name: str) -> None:
    handle = None if is_special(name) else handle_of(self)
    if handle is None:
        object.__delattr__(self, name)
    else:
        delattr(handle, name)


def _add_note(self: Any, note: object) -> None:
    BaseException.add_note(self, note)  # type: ignore[arg-type]
    handle = handle_of(self)
    if handle is not None:
        handle._remote_peer.request("note", handle, note)


def _text(self: Any) -> str:
    handle = handle_of(self)
    if handle is None:
        return BaseException.__str__(self)
    text: str = handle._remote_peer.operate(handle, "__str__", ())
    return text


def _attribute(self: Any, name: str) -> object:
    if name in _SHOWN:
        return getattr(type(self), name)
    handle = None if is_special(name) or name[:8] == "_remote_" else handle_of(self)
    if handle is None:
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
    return getattr(handle, name)


def _set(self: Any, name: str, value: object) -> None:
    handle = None if is_special(name) else handle_of(self)
    if handle is not None:
        setattr(handle, name, value)
    if handle is None or name in _FIELDS:
        object.__setattr__(self, name, value)


def made_error(kind: Any, args: tuple[Any, ...], standard: bool) -> BaseException:
    """An exception; `standard` ones, of the interpreter, are made as usual, since some carry more than `args`."""
    if not (isinstance(kind, type) and issubclass(kind, BaseException) and type(args) is tuple):
        raise BrokenError("an exception of no class")
    makers = (kind, lambda *given: kind.__new__(kind, *given)) if standard else (
        lambda *given: kind.__new__(kind, *given),)  # fmt: skip
    for make in makers:
        try:
            return make(*args)
        except TypeError:
            continue
    group = issubclass(kind, BaseExceptionGroup)  # which is never empty
    made: BaseException = kind.__new__(kind, *(("", [Exception()]) if group else ()))
    for base in kind.__mro__:
        if base in (SystemExit, StopIteration):
            base.__init__(made, *args)
            break
    return made


def with_notes(error: BaseException, attributes: dict[Any, Any], came: Any) -> BaseException:
    """`error` with the notes that it has on the other side, and what it came of."""
    notes = attributes.get("__notes__")
    if type(notes) is list and all(type(note) is str for note in notes):
        error.__notes__ = notes
    cause, context, suppress = came
    error.__cause__ = cause if isinstance(cause, BaseException) else None
    if isinstance(context, BaseException):
        error.__context__ = context
    error.__suppress_context__ = suppress is True
    return error


def with_trace(args: list[Any]) -> list[Any]:
    """What a context manager is told when it is left: with a traceback, which does not cross, of an exception."""
    match args:
        case [kind, BaseException() as error, None]:
            try:
                raise error
            except BaseException:  # noqa: BLE001 - to have been raised
                return [kind, error, error.__traceback__]
    return args
