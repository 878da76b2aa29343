"""Exceptions of the other side, which are made anew with all that they carry."""

from __future__ import annotations

from typing import Any


def text_of(error: BaseException) -> str:
    """What it says, as far as it can be asked."""
    try:
        return str(error)[:2000]
    except Exception:  # noqa: BLE001 - its class is foreign
        return ""


def held(error: BaseException, name: str) -> object:
    """What an exception has itself under a name: nobody else is asked while it is told."""
    try:
        return BaseException.__getattribute__(error, name)
    except AttributeError:
        return None


def of_error(self: Any, name: str) -> object:
    """An attribute that its class has there."""
    handle = None if name[:2] == "__" else vars(self).get("_remote_handle")
    if handle is None:
        raise AttributeError(name)
    return getattr(handle, name)


def told_text(self: Any) -> str:
    """What it said where it was raised."""
    return getattr(self, "_remote_text", None) or BaseException.__str__(self)


def made_error(kind: Any, args: tuple[Any, ...], standard: bool) -> BaseException:
    """An exception; `standard` ones, of the interpreter, are made as usual, since some carry more than `args`."""
    makers = (kind, lambda *given: kind.__new__(kind, *given)) if standard else (
        lambda *given: kind.__new__(kind, *given),)  # fmt: skip
    for make in makers:
        try:
            return make(*args)  # type: ignore[no-any-return]
        except TypeError:
            continue
    made: BaseException = kind.__new__(kind)
    for base in kind.__mro__:
        if base in (SystemExit, StopIteration):
            base.__init__(made, *args)
            break
    return made
