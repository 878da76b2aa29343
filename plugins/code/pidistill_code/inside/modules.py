"""Modules that stand for the candidate's program where tests import from it, or patch something in it."""

from __future__ import annotations

import sys
import types
from typing import Any

from pidistill_code.inside.settings import Settings, is_fixed


class _Stand(types.ModuleType):
    """What is read, set and deleted of it is the program's. Only functions and classes are kept here."""

    def __init__(self, name: str, room: Settings) -> None:
        super().__init__(name)
        self.__dict__.update(__path__=[], __room__=room)

    def __getattr__(self, name: str) -> Any:
        there = {} if name[:2] == "__" else self.__room__.names([name])
        if name not in there:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return there[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name[:2] == "__" or isinstance(value, _Stand):
            super().__setattr__(name, value)
            return
        self.__dict__.pop(name, None)
        self.__room__.request("rebind", name, value)

    def __delattr__(self, name: str) -> None:
        self.__dict__.pop(name, None)
        self.__room__.request("unbind", name)


def add_module(name: str, room: Settings, found: dict[str, Any]) -> None:
    """The module of that name, with the packages that it seems to be in."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        path = ".".join(parts[:end])
        module = sys.modules[path] = _Stand(path, room)
        module.__dict__.update({item: value for item, value in found.items() if is_fixed(value)})
        if end > 1:
            setattr(sys.modules[".".join(parts[: end - 1])], parts[end - 1], module)
