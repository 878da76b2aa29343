"""Modules and classes of the standard library, which both sides have."""

from __future__ import annotations

import sys
from typing import Any

from pidistill_code.inside.contents import BrokenError

_NO_MODULES = frozenset({"antigravity", "this", "idlelib", "turtledemo", "test", "__main__"})


def is_library(module: str) -> bool:
    """Whether it is a module of the standard library."""
    return module.partition(".")[0] in sys.stdlib_module_names - _NO_MODULES


def standard_module(name: str) -> Any:
    """A module of the standard library, by name."""
    if not is_library(name):
        raise BrokenError(f"no module {name!r:.100} crosses")
    __import__(name)
    return sys.modules[name]


def is_standard(item: Any) -> bool:
    """Whether a class is the standard library's own, under its own name."""
    module, name = item.__module__, item.__qualname__
    if type(module) is not str or not is_library(module):
        return False
    return getattr(sys.modules.get(module), name, None) is item
