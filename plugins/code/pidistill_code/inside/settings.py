"""What tests set of the process that a program would share with them: functions of the library that they replace, the
program's globals, the environment, the decimal context. The program is told of it before it is asked for anything, and
told again once it is as it was, in a later test as well.

What a program sets of these the tests see only where it gives them no say in what they test. A global that it binds
anew is its own. Its folder counts for tests that ask for theirs. The decimal context and the seed of random numbers say
what tests work out and draw, so of a program that sets these where the reference does not nothing is taken over.
"""

from __future__ import annotations

import os
import re
import sys
import types
from typing import Any

from pidistill_code.inside.catching import catches_all
from pidistill_code.inside.contents import BrokenError
from pidistill_code.inside.effects import context
from pidistill_code.inside.kept import Keeping
from pidistill_code.inside.library import standard_module

_PATH = re.compile(r"\b[a-z_]\w*(?:\.\w+)+")
_PAIR = re.compile(r"\b([a-z_][\w.]*)[ \t]*,[ \t]*[\"'](\w+)[\"']")
_NOT_PATCHED = frozenset({"unittest", "builtins.input", "builtins.__import__"})
_AROUND = re.compile(r"environ|setenv|delenv|putenv|argv|chdir")
_REPLACES = re.compile(r"patch|\bsetattr\b|^[ \t]*[a-z_]\w*(?:\.\w+)+[ \t]*=(?!=)", re.MULTILINE)
"""How tests put something in the place of things."""
_NONE: Any = object()


def _patchable(text: str) -> dict[tuple[str, str], Any]:
    """Functions and classes of the library that tests name where they put something in the place of things, as they
    are: `"time.monotonic"`, and `os, "getcwd"`; also by way of the program, as `"solution.time.monotonic"`."""
    found: dict[tuple[str, str], Any] = {}
    paths = {*_PATH.findall(text), *(f"{module}.{name}" for module, name in _PAIR.findall(text))}
    for path in {*paths, *(path.partition(".")[2] for path in paths)}:
        module, _, name = path.rpartition(".")
        if path in _NOT_PATCHED or module.partition(".")[0] in _NOT_PATCHED:
            continue
        try:
            there = standard_module(module)
        except (BrokenError, ImportError):
            continue
        item = getattr(there, name, None)
        if callable(item):
            found[there.__name__ if module != "os.path" else module, name] = item
    return found


def _around() -> tuple[dict[str, str], list[str], str]:
    return dict(os.environ), [str(item) for item in sys.argv], os.getcwd()


def is_fixed(item: Any) -> bool:
    """Whether a global is one that programs do not bind anew: a function, a class or a module."""
    face = getattr(type(item), "_remote_face", None)
    return isinstance(item, type | types.ModuleType) or face is types.FunctionType


class Settings(Keeping):
    """The side of the tests, which tells the program what they have set."""

    def __init__(self, exchange: Any, effects: Any, take: Any) -> None:
        super().__init__(exchange, effects, take)
        self._now: dict[tuple[str, str], Any] = {}
        """What is in the place of functions that tests may replace, as the program was told."""
        self._patchable: dict[tuple[str, str], Any] = {}
        """What they are."""
        self._around = _around()
        self._sets_around = False
        self._context: dict[str, Any] = {}
        """The decimal context as it was at first; nothing where no test is about numbers that have one."""
        self._told_context: dict[str, Any] = {}
        self._space: dict[str, Any] = {}
        self._watched: dict[str, Any] = {}
        """Globals of the program, as the tests have them."""
        self.settable: frozenset[str] = frozenset()
        """Those which are the program's even once the tests have set them."""
        self.own: frozenset[str] = frozenset()
        """Those which the tests make themselves: nobody can tell from a number there whose it is."""

    def allows(self, what: str) -> bool:
        """Whether the program, which has done so, may set `what` of the tests' process: it may where the reference
        does."""
        self.used[what, "", -1] = 1
        return self.may_set(what)

    def may_set(self, what: str) -> bool:
        """Whether it might."""
        return self.trusted or (self.uses is not None and (what, "", -1) in self.uses)

    # --- What tests may set

    def look_at_settings(self) -> None:
        """Note what the test may set, before it runs."""
        if _REPLACES.search(self.text):
            for key, item in _patchable(self.text).items():
                self._patchable.setdefault(key, item)
                self._now.setdefault(key, item)
        self._sets_around = self._sets_around or _AROUND.search(self.text) is not None
        if "decimal" in self.text and not self._context:
            self._context = context()

    def settle(self) -> None:
        """See `Believing`."""
        self.tell_settings()

    def tell_settings(self) -> None:
        """Tell the program what has changed."""
        for key, before in self._now.items():
            now = getattr(sys.modules.get(key[0]), key[1], None)
            if now is not before:
                self._now[key] = now
                super().request("patch", *key, None if now is self._patchable[key] else now)
        if self._sets_around:
            self._tell_around()
        if self._context:
            now = context()
            changed = {name: now[name] for name in now if now[name] != self._context[name]}
            if changed != self._told_context:
                self._told_context = changed
                super().request("context", changed)
        if self._watched:
            self._tell_globals()

    def _tell_around(self) -> None:
        now, before = _around(), self._around
        if now != before:
            self._around = now
            names = {name for name, _ in now[0].items() ^ before[0].items()}
            changed = {name: now[0].get(name) for name in sorted(names)}
            super().request("around", changed, *now[1:])

    def _tell_globals(self) -> None:
        for name, item in list(self._watched.items()):
            now = self._space.get(name, _NONE)
            if now is item:
                continue
            if name not in self.settable:
                del self._watched[name]  # it is one of the tests' own now
            elif now is not _NONE:
                self._watched[name] = now
                super().request("rebind", name, now)

    # --- The program's globals

    def names(self, names: list[str]) -> dict[str, Any]:
        """What the program has under these names."""
        return self._of(names, self.request("names", names))

    def _of(self, names: Any, told: dict[str, Any]) -> dict[str, Any]:
        found = {name: item for name, item in told.items() if name in names}
        for name, item in found.items():
            if catches_all(item):
                raise self.broke(f"{name} catches what tests fail with")
        return found

    def find(self, names: list[str], space: dict[str, Any]) -> dict[str, Any]:
        """The same for the module of a test, whose names are looked at again after each request, as those of one module
        would be: but for functions and classes, which take no part in what calls leave behind."""
        found = self.names(names)
        self._space = space
        self._watched = {name: item for name, item in found.items()
                         if name in self.settable or not (name in self.own or is_fixed(item))}  # fmt: skip
        return found

    def look_again(self) -> None:
        """The program has been at work, and may have bound its globals anew."""
        if self._watched and not self.graph.is_filling:
            for name, item in self._of(self._watched, super().request("names", list(self._watched))).items():
                if self._space.get(name, _NONE) is self._watched[name]:
                    self._space[name] = self._watched[name] = item
