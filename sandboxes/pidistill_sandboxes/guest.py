"""Starting the code inside: a Python process somewhere, the text of `inside/` sent to it, and the line to talk over.

The interpreter needs no files of ours: it is started with a few lines on its command line that read the rest from
standard input, as text, or compiled where it is the one that runs this. So the same server runs in namespaces, in
bubblewrap and in a container with whatever Python it has.
"""

from __future__ import annotations

import marshal
import os
import select
import struct
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from types import CodeType
from typing import IO, ClassVar

from pidistill.errors import SandboxError
from pidistill.records import JSON
from pidistill_sandboxes.inside import wire

_HEADER = struct.Struct("<cI")
_MODULES = (
    "wire",
    "confine",
    "census",
    "rooms",
    "channel",
    "child",
    "scratch",
    "standby",
    "clock",
    "program",
    "memory",
    "server",
)
_CHUNK = 1 << 16
_LONGEST_FRAME = 1 << 20
_READY_S = 60.0

_READ = """
import marshal, os, sys, types
def read(fd, n):
    data = b""
    while len(data) < n:
        piece = os.read(fd, n - len(data))
        if not piece: os._exit(0)
        data += piece
    return data
def receive(fd): return marshal.loads(read(fd, int.from_bytes(read(fd, 4), "little")))
"""
_COMPILE = """
theirs, ours = os.pipe()
if os.fork() == 0:
    modules, config = receive(0)
    codes = [(name, compile(text, "<%s>" % name, "exec", optimize=2)) for name, text in modules]
    data = marshal.dumps((codes, config))
    data = len(data).to_bytes(4, "little") + data
    while data: data = data[os.write(ours, data):]
    os._exit(0)
os.close(ours)
"""
"""In a process of its own, since what the compiler leaves in memory would slow down every fork."""
_BEGIN = """
hook, os.register_at_fork = os.register_at_fork, lambda **hooks: None
import random
random.seed(0)
os.register_at_fork = hook
import bisect, collections, copy, functools, heapq, itertools, math, operator, re, string, typing
codes, config = receive(theirs)
if theirs:
    os.close(theirs)
    os.wait()
for name, code in codes:
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = []
    exec(code, module.__dict__)
    parent, _, last = name.rpartition(".")
    if parent: setattr(sys.modules[parent], last, module)
del codes, code
sys.modules[name].main(config)
"""
"""The modules that programs import most come before any code of ours, so that what the server uses lies together and a
fork has fewer pages to copy. Each costs every fork a little, so those that few programs import are not here; nor is
`threading`, nor what imports it, whose work in a forked process takes longer than importing it. `random` is loaded
without the hook that would seed it anew in each fork: that costs as much as half a fork, and verdicts must not differ
from time to time."""
_FLAGS = ("-s", "-S", "-P", "-B", "-X", "utf8", "-c")
"""No site packages, no user packages, no current folder on the path. `-E` is not there because of the hash seed."""
PYTHON_FLAGS = (*_FLAGS, f"{_READ}{_COMPILE}{_BEGIN}")
"""Of whatever Python there is: it compiles what it is sent as text."""
HOST_PYTHON_FLAGS = (*_FLAGS, f"{_READ}theirs = 0{_BEGIN}")
"""Of the interpreter that runs this: it is sent what has been compiled out here, once for all guests."""
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "MALLOC_ARENA_MAX": "2",
    "LD_BIND_NOW": "1",
}
"""All that the inside sees of an environment. The fixed hash seed makes a program's verdict the same every time. The
linker binds all names at once, before the first fork, and not anew in each (programs do not see that wish)."""


class LostError(SandboxError):
    """The server inside is gone, or does not talk sense any more. A new one may do better."""


def bundle(config: Mapping[str, JSON], compiled: bool) -> bytes:
    """What a guest reads first: the modules of `inside/`, compiled or as text, and the server's configuration."""
    data = marshal.dumps((_codes() if compiled else _texts(), dict(config)))
    return len(data).to_bytes(4, "little") + data


@cache
def _texts() -> list[tuple[str, str]]:
    package = "pidistill_sandboxes"
    folder = resources.files(f"{package}.inside")
    texts = [(package, ""), (f"{package}.inside", "")]
    return texts + [(f"{package}.inside.{name}", folder.joinpath(f"{name}.py").read_text()) for name in _MODULES]


@cache
def _codes() -> list[tuple[str, CodeType]]:
    return [(name, compile(text, f"<{name}>", "exec", dont_inherit=True, optimize=2)) for name, text in _texts()]


class Guest(ABC):
    """A running server inside, and the two descriptors that lead to it."""

    compiled: ClassVar[bool] = False
    """Whether it is the interpreter that runs this, started with `HOST_PYTHON_FLAGS`."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd, self._write_fd = read_fd, write_fd
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)
        self._inbox = bytearray()
        self._poll_in, self._poll_both = select.poll(), select.poll()
        self._poll_in.register(read_fd, select.POLLIN)
        self._poll_both.register(read_fd, select.POLLIN)
        self._poll_both.register(write_fd, select.POLLOUT | (select.POLLIN if read_fd == write_fd else 0))
        self.walls: Mapping[str, str] = {}
        """Mechanism -> '' where it is in force, or why it is not. From the server's own report."""
        self.python = ""
        """Version of the interpreter inside."""
        self.bytecode = b""
        """The mark of its bytecode, as a compiled file begins with."""

    @abstractmethod
    def kill(self) -> None:
        """End it and all inside, and close the descriptors. May be called twice."""

    @abstractmethod
    def last_words(self) -> str:
        """What it wrote to standard error, for messages about its death."""

    def begin(self, config: Mapping[str, JSON]) -> None:
        """Send the code and wait until the server is ready. Raises `SandboxError` naming what is missing."""
        try:
            self.send(bundle(config, self.compiled))
            kind, content = self.receive(time.monotonic() + _READY_S)
            report = wire.decode(content)
        except (LostError, wire.WireError) as error:
            raise LostError(f"The server inside did not start: {self.last_words() or error}") from error
        match kind, report:
            case b"R", {"walls": dict(walls), "python": str(python), "bytecode": bytes(bytecode)}:
                self.walls, self.python, self.bytecode = walls, python, bytecode
            case b"R", {"missing": dict(missing)}:
                raise SandboxError("; ".join(f"{what}: {why}" for what, why in missing.items()))
            case _:
                raise SandboxError("malformed start")

    def send(self, data: bytes | bytearray, patience_s: float = _READY_S) -> None:
        """Write all of `data`, taking in what comes meanwhile, so that neither side waits for the other for ever.

        Raises `LostError` where nothing of it is taken for `patience_s` seconds.
        """
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._write_fd, view) :]
            except BlockingIOError:
                events = dict(self._poll_both.poll(patience_s * 1000))
                if not events:
                    raise LostError("The server inside takes no more input.") from None
                if events.get(self._read_fd, 0) & select.POLLIN:
                    self._take()
            except OSError as error:
                raise LostError(f"The server inside is gone ({error}).") from error

    def receive(self, deadline: float) -> tuple[bytes, bytes]:
        """The next frame, as (kind, content). `deadline` is on the monotonic clock. Raises `LostError`."""
        inbox = self._inbox
        while True:
            if len(inbox) >= _HEADER.size:
                kind, size = _HEADER.unpack_from(inbox)
                if size > _LONGEST_FRAME:
                    raise LostError("The server inside sent a frame that is too long.")
                if len(inbox) >= _HEADER.size + size:
                    content = bytes(inbox[_HEADER.size : _HEADER.size + size])
                    del inbox[: _HEADER.size + size]
                    return kind, content
            if not self._poll_in.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise LostError("The server inside does not answer.")
            self._take()

    def _take(self) -> None:
        try:
            data = os.read(self._read_fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            raise LostError(f"The server inside is gone ({error}).") from error
        if not data:
            raise LostError("The server inside has ended.")
        self.arrived(data)

    def arrived(self, data: bytes) -> None:
        """Bytes read from the line. Overridden where other things than frames travel on it."""
        self._inbox += data


class ProcessGuest(Guest):
    """A server that is a child process of this one, with pipes."""

    compiled: ClassVar[bool] = True

    def __init__(self, command: Sequence[str], user: int | None = None, pass_fds: Sequence[int] = ()) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `kill`
        identity: dict[str, object] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        try:
            self._process = subprocess.Popen(  # type: ignore[call-overload]
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0, cwd="/",
                env=ENVIRONMENT, start_new_session=True, pass_fds=pass_fds, **identity,
            )  # fmt: skip
        except OSError as error:
            self._errors.close()
            raise SandboxError(f"Cannot run {command[0]}: {error}") from error
        super().__init__(self._process.stdout.fileno(), self._process.stdin.fileno())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            stream.close()

    def last_words(self) -> str:
        if self._errors.closed:
            return ""
        self._errors.seek(0)
        lines = self._errors.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""


def host_python() -> str:
    """The interpreter itself, not a virtual environment's link to it."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))
