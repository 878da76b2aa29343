"""What the side of the tests makes of a program's effects: it does here what the program has done there."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pidistill_code.inside.effects import (
    FOLDER,
    STREAMS,
    Files,
    Printed,
    Text,
    are_single,
    folder_now,
    set_context,
    set_variable,
    take_files,
)
from pidistill_code.inside.errors import made_error
from pidistill_code.inside.library import is_standard

_STEERING = re.compile(r"PYTHON|LD_|DYLD_|PATH$|BASH_ENV$|ENV$|IFS$")
"""Variables that say what is run."""
_RUN = re.compile(r"\.(?:py[ciwz]?|pth|so|sh|egg|zip)\b|^__pycache__$|^\.")
"""Names of files that something may be run from."""
_ASKS_FOR_FOLDER = re.compile(r"\b(?:get)?cwd\b|chdir")
_LEVELS = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}
_ABOVE = (Exception, BaseException, object)
"""What warnings are, beside warnings."""
_chdir = os.chdir
"""As it is before tests put another in its place."""


class Witness(Printed):
    """The side of the tests: does here what the program has done there.

    What decides which code a process runs that tests start is not the program's: of the environment only what the tests
    speak of by name is taken over, and of files that Python would run only those whose name they hold.
    """

    def __init__(self) -> None:
        super().__init__()
        self._files = Files()
        self._home = folder_now()
        self._catches: tuple[str, ...] = ()
        """Which streams the program has replaced, as its last message says."""
        self._replaced: dict[str, tuple[Any, Any]] = {}
        """By its name, what is here in the place of a stream, and that stream, until the program has its own again."""
        self.allows: Any = None
        """Says what a program may set of this process."""
        self.unpack: Any = None
        """What makes a class of nodes."""
        self.text = ""
        """Of the tests."""

    def give(self) -> list[tuple[object, ...]]:
        """Files that the test code has laid out, and what it has printed for the program."""
        told, self._told = self._told, []
        return told + self._files.changes()

    @contextmanager
    def caught(self) -> Iterator[None]:
        """While code of the tests runs for the program."""
        replaced = self._replace()
        try:
            yield
        finally:
            _put_back(replaced)

    def catch(self) -> None:
        """Have what the tests print themselves go to where the program would have it, until it says otherwise."""
        if self._catches and not self._replaced:
            self._replaced = self._replace()

    def let_go(self) -> None:
        """No longer."""
        replaced, self._replaced = self._replaced, {}
        _put_back(replaced)

    def catches(self) -> bool:
        """Whether the program has replaced a stream."""
        return bool(self._catches)

    def _replace(self) -> dict[str, tuple[Any, Any]]:
        replaced = {STREAMS[kind]: (Text(self, kind), getattr(sys, STREAMS[kind])) for kind in self._catches}
        for name, (stream, _) in replaced.items():
            setattr(sys, name, stream)
        return replaced

    def take(self, told: Any) -> None:
        """What a message says of effects. What is no such thing is passed over."""
        take_files(self._files, [entry for entry in told if not self._would_run(entry)])
        self._catches = ()
        for entry in told:
            match entry:
                case ("catches", *kinds):
                    self._catches = tuple(kind for kind in STREAMS if kind in kinds)
        if not self._catches:
            self.let_go()
        for entry in told:
            match entry:
                case ("out", str(text)):
                    sys.stdout.write(text)
                case ("err", str(text)):
                    sys.stderr.write(text)
                case ("variable", str(name), None | str() as value) if self._speaks_of(name):
                    set_variable(name, value)
                case ("log", str(name), int(level), str(text), message, args):
                    _log(name, level, text, message, args)
                case ("warning", str(text), root, nodes, int(line)):
                    _warn(text, self.unpack(root, nodes), line)
                case ("in", str(folder)) if _ASKS_FOR_FOLDER.search(self.text):
                    self._go_to(folder)
                case ("seed", None | int() | float() | str() | bytes() as value) if self.allows("seed"):
                    seed = __import__("random").seed
                    getattr(seed, "__wrapped__", seed)(value)
                case ("context", dict(found)) if self.allows("context"):
                    set_context(found)

    def _go_to(self, folder: str) -> None:
        if folder == self._home or (f"{folder}/".startswith(f"{FOLDER}/") and ".." not in folder.split("/")):
            try:
                _chdir(folder)
            except OSError:  # it is not there any more
                return

    def _speaks_of(self, name: str) -> bool:
        return re.search(rf"\b{re.escape(name)}\b", self.text) is not None and not _STEERING.match(name)

    def _would_run(self, entry: Any) -> bool:
        match entry:
            case ("file" | "folder", str(path), *_):
                name = path.rsplit("/", 1)[-1]
                return _RUN.search(name) is not None and name not in self.text
        return False


def _put_back(replaced: dict[str, tuple[Any, Any]]) -> None:
    for name, (stream, before) in replaced.items():
        if getattr(sys, name) is stream:
            setattr(sys, name, before)


def _log(name: str, level: int, text: str, message: object, args: Any) -> None:
    """Log `text` here, by the method that was called there as far as that is known: tests may have replaced it. It is
    told in the parts that it was made of, if it is made of them here as well."""
    logger: Any = __import__("logging").getLogger(name)
    said: tuple[Any, ...] = ("%s", text)
    if type(message) is str and are_single(args) and _made_of(message, args) == text:
        said = (message, *args)
    if level in _LEVELS:
        getattr(logger, _LEVELS[level])(*said)
    else:
        logger.log(level, *said)


def _made_of(message: str, args: tuple[Any, ...]) -> str | None:
    try:
        return message % args if args else message
    except (TypeError, ValueError, OverflowError, MemoryError, LookupError):
        return None


def _warn(text: str, category: Any, line: int) -> None:
    """Warn here. A category of the program's is a warning, and nothing else that a test runner looks for."""
    kinds = category.__mro__ if isinstance(category, type) else ()
    if Warning not in kinds or not all(issubclass(kind, Warning) or kind in _ABOVE for kind in kinds):
        category = UserWarning
    made: Any = made_error(category, (text,), is_standard(category))
    warnings.warn_explicit(made, None, "candidate.py", line)
