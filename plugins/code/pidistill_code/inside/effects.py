"""What a program does besides answering: text that it prints, warnings, what it logs, files in its folder. It goes with
each message, so that test code that looks at such things finds them where it looks.

The other way go files that the tests lay out, and what their functions print while a program that calls them has put
another stream in the place of standard output: a program may catch what a function prints.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from typing import Any

from pidistill_code.inside.contents import SCALARS

FOLDER = "/tmp"
_MOST_TEXT = 1 << 20
"""Characters of output, of all messages together."""
_LONGEST_LINE = 2000
_MOST_FILES, _LARGEST = 64, 1 << 20
"""Files that are passed on, and bytes of each."""
STREAMS = {"out": "stdout", "err": "stderr"}
_CONTEXT = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")
_open, _scandir, _join, _isdir, _makedirs, _rmdir, _unlink, _getcwd = (
    open, os.scandir, os.path.join, os.path.isdir, os.makedirs, os.rmdir, os.unlink, os.getcwd,
)  # fmt: skip
"""As they are before tests put others in their place."""


class Files:
    """The files of a folder, and which of them have changed since the other side was told."""

    def __init__(self, folder: str = FOLDER) -> None:
        self._folder = folder
        self._known: dict[str, tuple[int, int] | None] = {}

    def changes(self) -> list[tuple[object, ...]]:
        """What has been written, made and removed."""
        found = dict(self._walk("", 0))
        told: list[tuple[object, ...]] = []
        for name, state in found.items():
            if name in self._known and self._known[name] == state:
                continue
            if state is None:
                told.append(("folder", name))
            else:
                try:
                    with _open(_join(self._folder, name), "rb") as file:
                        told.append(("file", name, file.read(_LARGEST)))
                except OSError:
                    continue
        told += [("gone", name) for name in self._known if name not in found]
        self._known = found
        return told

    def _walk(self, below: str, depth: int) -> Any:
        try:
            with _scandir(_join(self._folder, below)) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)[:_MOST_FILES]
        except OSError:
            return
        for entry in listed:
            name = _join(below, entry.name)
            if entry.is_symlink():
                continue
            if entry.is_dir():
                yield name, None
                if depth < 8:
                    yield from self._walk(name, depth + 1)
            elif entry.is_file():
                state = entry.stat()
                yield name, (state.st_mtime_ns, state.st_size)

    def take(self, kind: str, name: str, content: bytes = b"") -> None:
        """Do here what was done there."""
        if name.startswith("/") or ".." in name.split("/"):
            return
        path = _join(self._folder, name)
        try:
            if kind == "folder":
                _makedirs(path, exist_ok=True)
            elif kind == "file":
                with _open(path, "wb") as file:
                    file.write(content)
            elif _isdir(path):
                _rmdir(path)
            else:
                _unlink(path)
        except OSError:
            return
        self._known = dict(self._walk("", 0))


class Text(io.TextIOBase):
    """Standard output, or standard error, that is passed on."""

    encoding = "utf-8"

    def __init__(self, effects: Any, kind: str) -> None:
        self._effects, self._kind = effects, kind
        self.buffer = _Bytes(self)

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._effects.add(self._kind, str(text))
        return len(text)


class _Bytes(io.RawIOBase):
    def __init__(self, text: Text) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._text.write(bytes(data).decode("utf-8", "replace"))
        return len(data)


class Printed:
    """Text that goes to the other side with the next message."""

    def __init__(self) -> None:
        self._told: list[tuple[object, ...]] = []
        self._room = _MOST_TEXT

    def add(self, kind: str, text: str) -> None:
        """Text that was printed."""
        text = text[: self._room]
        self._room -= len(text)
        if self._told and self._told[-1][0] == kind:
            self._told[-1] = (kind, f"{self._told[-1][1]}{text}")
        elif text:
            self._told.append((kind, text))


class Effects(Printed):
    """Of a program: collected from now on, and given away with each message."""

    def __init__(self) -> None:
        super().__init__()
        self._files = Files()
        self._variables = dict(os.environ)
        self._folder = folder_now()
        self._context: dict[str, Any] = {}
        self._listening = False
        self.pack: Any = None
        """What makes nodes of a class."""
        self._streams = {kind: Text(self, kind) for kind in STREAMS}
        for kind, name in STREAMS.items():
            setattr(sys, name, self._streams[kind])
            setattr(sys, f"__{name}__", self._streams[kind])  # which programs go back to
        warnings.resetwarnings()
        warnings.simplefilter("always")
        warnings.__dict__["showwarning"] = self._warned

    def _warned(self, message: Any, category: Any, filename: str, lineno: int, *_: object) -> None:
        self._told.append(("warning", str(message)[:2000], *self.pack(category), lineno))

    def listen(self) -> None:
        """Tell what is logged, too, whatever its level."""
        if self._listening:
            return
        self._listening = True
        logging: Any = __import__("logging")
        effects = self

        class Handler(logging.Handler):  # type: ignore[misc]
            def emit(self, record: Any) -> None:
                said = str(record.msg)[:_LONGEST_LINE], record.args if are_single(record.args) else None
                text = record.getMessage()[:_LONGEST_LINE]
                effects._told.append(("log", record.name, record.levelno, text, *said))

        root = logging.getLogger()
        root.addHandler(Handler())
        root.setLevel(1)

    def give(self) -> list[tuple[object, ...]]:
        """What there is to tell."""
        told, self._told = self._told, []
        now = dict(os.environ)
        if now != self._variables:
            names = {name for name, _ in now.items() ^ self._variables.items()}
            told += [("variable", name, now.get(name)) for name in sorted(names)]
            self._variables = now
        told += self._files.changes()
        if (folder := folder_now()) != self._folder:
            self._folder = folder
            told.append(("in", folder))
        if "decimal" in sys.modules:
            before = self._context or context(sys.modules["decimal"].DefaultContext)
            self._context = context()
            if self._context != before:
                told.append(("context", self._context))
        caught = [kind for kind, name in STREAMS.items() if getattr(sys, name) is not self._streams[kind]]
        return [*told, ("catches", *caught)] if caught else told

    def knows_context(self, now: dict[str, Any]) -> None:
        """The tests have set the decimal context so."""
        self._context = now

    def hear_seeds(self) -> None:
        """Tell what seeds random numbers, too."""
        random: Any = __import__("random")
        seed = random.seed
        if hasattr(seed, "__wrapped__"):
            return

        def told(*args: Any, **how: Any) -> None:
            seed(*args, **how)
            if len(args) == 1 and type(args[0]) in SCALARS:
                self._told.append(("seed", args[0]))

        told.__wrapped__ = seed  # type: ignore[attr-defined]
        random.seed = told

    def take(self, told: Any) -> None:
        """Files that test code has laid out, and what it has printed for the program."""
        take_files(self._files, told)
        for entry in told:
            match entry:
                case ("out" | "err" as kind, str(text)):
                    getattr(sys, STREAMS[kind]).write(text)


def set_variable(name: str, value: str | None) -> None:
    """Set a variable of the environment, or take it away."""
    try:
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    except (ValueError, OSError):  # no name that a variable can have
        return


def take_files(files: Files, told: Any) -> None:
    """The files in what is told."""
    for entry in told:
        match entry:
            case ("file", str(name), bytes(content)):
                files.take("file", name, content)
            case ("folder" | "gone" as kind, str(name)):
                files.take(kind, name)


def folder_now() -> str:
    """The folder that this process is in, "" for none."""
    try:
        return _getcwd()
    except OSError:  # it was removed
        return ""


# --- The decimal context


def context(of: Any = None) -> dict[str, Any]:
    """What the decimal context, or another one, holds."""
    decimal: Any = __import__("decimal")
    now = decimal.getcontext() if of is None else of
    traps = sorted(kind.__name__ for kind, on in now.traps.items() if on)
    return {**{name: getattr(now, name) for name in _CONTEXT}, "traps": traps}


def set_context(told: dict[Any, Any]) -> None:
    """Have it hold that, as far as it can."""
    now: Any = __import__("decimal").getcontext()
    try:
        for name in _CONTEXT:
            setattr(now, name, told[name])
        for kind in now.traps:
            now.traps[kind] = kind.__name__ in told["traps"]
    except (TypeError, ValueError, OverflowError, LookupError):  # no context has that
        return


def are_single(args: Any) -> bool:
    """Whether `args` are single values in a tuple."""
    return type(args) is tuple and all(type(item) in SCALARS for item in args)
