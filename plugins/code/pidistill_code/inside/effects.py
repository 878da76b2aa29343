"""What a program does besides answering: text that it prints, warnings, files in its folder. It goes with each message,
so that test code that looks at such things finds them where it looks.
"""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from typing import Any

FOLDER = "/tmp"
_MOST_TEXT = 1 << 20
"""Characters of output, of all messages together."""
_LONGEST_LINE = 2000
_STEERING = re.compile(r"PYTHON|LD_|DYLD_|PATH$|BASH_ENV$|ENV$|IFS$")
"""Variables that say what is run."""
_RUN = re.compile(r"\.(?:py[ciwz]?|pth|so|sh|egg|zip)\b|^__pycache__$|^\.")
"""Names of files that something may be run from."""
_MOST_FILES, _LARGEST = 64, 1 << 20
"""Files that are passed on, and bytes of each."""
_open, _scandir, _join, _isdir, _makedirs, _rmdir, _unlink = (
    open, os.scandir, os.path.join, os.path.isdir, os.makedirs, os.rmdir, os.unlink,
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


class _Text(io.TextIOBase):
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
    def __init__(self, text: _Text) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._text.write(bytes(data).decode("utf-8", "replace"))
        return len(data)


class Effects:
    """Of a program: collected from now on, and given away with each message."""

    def __init__(self) -> None:
        self._told: list[tuple[object, ...]] = []
        self._room = _MOST_TEXT
        self._files = Files()
        self._variables = dict(os.environ)
        sys.stdout = _Text(self, "out")
        sys.stderr = _Text(self, "err")
        warnings.resetwarnings()
        warnings.simplefilter("always")
        warnings.__dict__["showwarning"] = self._warned

    def add(self, kind: str, text: str) -> None:
        """Text that was printed."""
        text = text[: self._room]
        self._room -= len(text)
        if self._told and self._told[-1][0] == kind:
            self._told[-1] = (kind, f"{self._told[-1][1]}{text}")
        elif text:
            self._told.append((kind, text))

    def _warned(self, message: Any, category: Any, filename: str, lineno: int, *_: object) -> None:
        bases = [kind.__name__ for kind in category.__mro__ if kind.__module__ == "builtins"]
        self._told.append(("warning", str(message)[:2000], bases[0], lineno))

    def listen(self) -> None:
        """Tell what is logged, too, whatever its level."""
        logging: Any = __import__("logging")
        effects = self

        class Handler(logging.Handler):  # type: ignore[misc]
            def emit(self, record: Any) -> None:
                effects._told.append(("log", record.name, record.levelno, record.getMessage()[:_LONGEST_LINE]))

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
        return told + self._files.changes()

    def take(self, told: Any) -> None:
        """Files that test code has laid out."""
        take_files(self._files, told)


class Witness:
    """The side of the tests: does here what the program has done there.

    What decides which code a process runs that tests start is not the program's: of the environment only what the tests
    speak of by name is taken over, and of files that Python would run only those whose name they hold.
    """

    def __init__(self) -> None:
        self._files = Files()
        self.text = ""
        """Of the tests."""

    def give(self) -> list[tuple[object, ...]]:
        """Files that the test code has laid out."""
        return self._files.changes()

    def take(self, told: Any) -> None:
        """What a message says of effects. What is no such thing is passed over."""
        for entry in told:
            match entry:
                case ("out", str(text)):
                    sys.stdout.write(text)
                case ("err", str(text)):
                    sys.stderr.write(text)
                case ("variable", str(name), None | str() as value) if self._speaks_of(name):
                    set_variable(name, value)
                case ("log", str(name), int(level), str(text)):
                    __import__("logging").getLogger(name).log(level, "%s", text)
                case ("warning", str(text), str(name), int(line)):
                    category = getattr(__import__("builtins"), name, Warning)
                    if not (isinstance(category, type) and issubclass(category, Warning)):
                        category = UserWarning
                    warnings.warn_explicit(text, category, "candidate.py", line)
        take_files(self._files, [entry for entry in told if not self._would_run(entry)])

    def _speaks_of(self, name: str) -> bool:
        return re.search(rf"\b{re.escape(name)}\b", self.text) is not None and not _STEERING.match(name)

    def _would_run(self, entry: Any) -> bool:
        match entry:
            case ("file" | "folder", str(path), *_):
                name = path.rsplit("/", 1)[-1]
                return _RUN.search(name) is not None and name not in self.text
        return False


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
