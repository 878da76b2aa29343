"""Exceptions as they cross: what the other side is told of one, and what is made of that.

One of a class of its own side's stays there, and has a number as any object. One of the interpreter's, or of a class
that both sides have, is made anew with all that it carries; it has a number, too, so that it is one exception wherever
it comes from, and the first one again when it comes back.
"""

from __future__ import annotations

from typing import Any

from pidistill_code.inside.contents import BrokenError
from pidistill_code.inside.data import special_ways
from pidistill_code.inside.errors import ErrorClass, handle_of, held, made_error, with_notes
from pidistill_code.inside.library import is_standard
from pidistill_code.inside.names import is_special

_CARRIED = ("filename", "filename2", "name")
"""What exceptions of the interpreter have beside their arguments."""
_MOST_NUMBERED = 20_000
"""Objects beside which exceptions of the interpreter's get a number: a program may raise one for each call."""

_MOST_LOOKED_AT = 8
"""Exceptions, the last that came, of which something may be noted here."""


class Exceptions:
    """Those that a side knows of."""

    def __init__(self, objects: Any) -> None:
        self._objects = objects
        self._made: dict[int, BaseException] = {}
        """Of the other side, by their number there."""
        self._numbers: dict[int, int] = {}
        """Numbers there of those that were made anew here."""
        self._telling: set[int] = set()
        self._last: list[tuple[BaseException, object]] = []
        """The last of them, with what was noted of each."""

    def told(self, kind: Any, error: Any, slot: Any) -> tuple[object, ...]:
        """What the other side is told of `error`."""
        handle = handle_of(error)
        if handle is not None:
            return ("yours", handle._remote_number)
        notes = _notes(error)
        noted = [("__notes__", notes)] if notes else []
        theirs = "_remote_class" in vars(kind)
        if not (theirs or is_standard(kind) or self._objects.shared.get(kind.__qualname__) is kind):
            parts = map(slot, (kind, tuple(error.args), tuple(noted)))
            return ("error", *parts, self._came_of(error, slot), self._objects.number_of(error))
        carried = [(name, held(error, name)) for name in _CARRIED if type(held(error, name)) is str]
        attributes = (*carried, *(pair for pair in vars(error).items() if pair[0] != "__notes__"), *noted)
        if id(error) in self._numbers:
            return ("back", self._numbers[id(error)], slot(attributes), self._came_of(error, slot))
        numbered = not theirs and (self._objects.is_handed(error) or self._objects.count < _MOST_NUMBERED)
        number = self._objects.number_of(error) if numbered else None
        parts = map(slot, (kind, tuple(error.args), attributes))
        return ("error", *parts, self._came_of(error, slot), number)

    def _came_of(self, error: BaseException, slot: Any) -> object:
        """Its cause and, of a program's, what was handled when it was raised; each but where that leads back."""
        self._telling.add(id(error))
        found = [error.__cause__, None if self._objects.has_tests else error.__context__]
        told = [None if id(one) in self._telling else one for one in found]
        came = slot((*told, error.__suppress_context__))
        self._telling.discard(id(error))
        return came

    def made(self, kind: Any, args: Any, attributes: dict[Any, Any], came: Any, number: int | None) -> BaseException:
        """What an exception of the other side is here."""
        error = None if number is None else self._made.get(number)
        if error is None or type(error) is not kind:
            error = made_error(kind, args, is_standard(kind))
        object.__setattr__(error, "args", args)
        if number is not None:
            self._made[number] = error
            if isinstance(kind, ErrorClass):
                handle = self._objects.remote(number, "?", "error", special_ways(kind))
                vars(error)["_remote_handle"] = handle
                object.__setattr__(handle, "_remote_error", kind)
            else:
                self._numbers[id(error)] = number
                self._last = [*(one for one in self._last if one[0] is not error), (error, None)][-_MOST_LOOKED_AT:]
        for name, item in attributes.items():
            if not name.startswith("__"):
                object.__setattr__(error, name, item)
        with_notes(error, attributes, came)
        self._last = [(one, _noted(one) if one is error else noted) for one, noted in self._last]
        return error

    def changed(self) -> list[BaseException]:
        """Those of which something was noted here since the other side was told."""
        found = [one for one, noted in self._last if _noted(one) != noted]
        self._last = [(one, _noted(one)) for one, _ in self._last]
        return found

    def back(self, error: Any, attributes: dict[Any, Any], came: Any) -> BaseException:
        """One of this side that comes back, with what it was given there."""
        if not isinstance(error, BaseException):
            raise BrokenError("an exception that was never sent")
        for name, item in attributes.items():
            if type(name) is str and not is_special(name) and not hasattr(type(error), name):
                vars(error)[name] = item
        return with_notes(error, attributes, came)


def _noted(error: BaseException) -> object:
    return _notes(error), [(name, id(item)) for name, item in vars(error).items()]


def _notes(error: BaseException) -> list[str]:
    found = held(error, "__notes__")  # past a `__getattr__` of its own
    return [str(note)[:2000] for note in found] if isinstance(found, list) else []
