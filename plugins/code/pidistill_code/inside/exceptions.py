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
from pidistill_code.inside.standins import is_special

_CARRIED = ("filename", "filename2", "name")
"""What exceptions of the interpreter have beside their arguments."""
_MOST_NUMBERED = 20_000
"""Objects beside which exceptions of the interpreter's get a number: a program may raise one for each call."""


class Exceptions:
    """Those that a side knows of."""

    def __init__(self, objects: Any) -> None:
        self._objects = objects
        self._made: dict[int, BaseException] = {}
        """Of the other side, by their number there."""
        self._numbers: dict[int, int] = {}
        """Numbers there of those that were made anew here."""

    def told(self, kind: Any, error: Any, slot: Any) -> tuple[object, ...]:
        """What the other side is told of `error`."""
        handle = handle_of(error)
        if handle is not None:
            return ("yours", handle._remote_number)
        notes = [str(note)[:2000] for note in getattr(error, "__notes__", ())]
        noted = [("__notes__", notes)] if notes else []
        theirs = "_remote_class" in vars(kind)
        if not (theirs or is_standard(kind) or self._objects.shared.get(kind.__qualname__) is kind):
            parts = map(slot, (kind, tuple(error.args), tuple(noted), error.__cause__))
            return ("error", *parts, self._objects.number_of(error))
        carried = [(name, held(error, name)) for name in _CARRIED if type(held(error, name)) is str]
        attributes = (*carried, *(pair for pair in vars(error).items() if pair[0] != "__notes__"), *noted)
        if id(error) in self._numbers:
            return ("back", self._numbers[id(error)], slot(attributes), slot(error.__cause__))
        numbered = not theirs and (self._objects.is_handed(error) or self._objects.count < _MOST_NUMBERED)
        number = self._objects.number_of(error) if numbered else None
        return ("error", *map(slot, (kind, tuple(error.args), attributes, error.__cause__)), number)

    def made(self, kind: Any, args: Any, attributes: dict[Any, Any], cause: Any, number: int | None) -> BaseException:
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
        for name, item in attributes.items():
            if not name.startswith("__"):
                object.__setattr__(error, name, item)
        return with_notes(error, attributes, cause)

    def back(self, error: Any, attributes: dict[Any, Any], cause: Any) -> BaseException:
        """One of this side that comes back, with what it was given there."""
        if not isinstance(error, BaseException):
            raise BrokenError("an exception that was never sent")
        for name, item in attributes.items():
            if type(name) is str and not is_special(name) and not hasattr(type(error), name):
                vars(error)[name] = item
        return with_notes(error, attributes, cause)
