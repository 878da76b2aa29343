"""The process that runs one candidate's program: load it, answer calls. It decides nothing and is believed nothing.

Requests and answers are frames: a length in four bytes, then one value as `wire` writes it.

    ("load", source, stdin or None, ahead)           -> ("value", None, None) | ("raised", type, message, traceback)
    ("call", function, args, kwargs, return args?)   -> ("value", value, args or None) | ("raised", ...)

`ahead` says how many calls come without waiting for answers. Their answers may wait for one another, too: they are
written at once, so that none is lost when the program is killed, but the server is only woken, by a byte on the bell,
for the last one, when there is much to read, and when `COMPANY_S` have passed.

The candidate's code shares this process and can do to it what it likes; the trusted side treats every frame as the
candidate's own words. What is careful here is careful for honest programs: output is flushed after each call, an
exception's text is cut to size, a value too large is described instead.
"""

from __future__ import annotations

import atexit
import contextlib
import linecache
import os
import struct
import sys
import time
import types

from pidistill_sandboxes.inside import wire

FILE = "candidate.py"
MODULE = "candidate"
COMPANY_S = 0.005
"""How long an answer may wait for others before the server is told of it."""
_LENGTH = struct.Struct("<I")
_CHUNK = 1 << 16
_MOST_UNREAD = 1 << 15
"""Bytes that may wait in the pipe, which has room for twice as many."""
_BEGINNING = 1 << 12
_REHEARSALS = 20
"""Enough for the interpreter to specialise the code."""
_now = time.monotonic  # programs replace it
_MAX_MESSAGE, _MAX_TRACEBACK, _MAX_FRAMES = 2000, 8000, 20


def run(requests: int, answers: int, bell: int, answer_bytes: int) -> None:
    """Answer until the channel closes. Never returns."""
    inbox, outbox = _Inbox(requests), _Outbox(answers, bell, answer_bytes)
    _, source, stdin, ahead = inbox.next()
    outbox.ahead = ahead and ahead + 1
    module, reply = _load(source, stdin)
    outbox.send(reply)
    while reply[0] == "value":
        _, function, args, kwargs, return_args = inbox.next()
        outbox.send(_call(module, function, args, kwargs, return_args))
    while True:  # nothing can be called, and nobody reads what is said of calls that were sent ahead
        inbox.next()
        outbox.send(("value", None, None))


def rehearse() -> None:
    """Do in the server what each child does, so that children are forked with all of it warm."""
    source = "def f(x):\n    return [x]\n"
    messages: tuple[object, ...] = (
        ("load", source, None, 2),
        ("call", "f", (1, [2.0], {"a": None}), {}, False),
    )
    out_r, out_w = os.pipe()
    in_r, in_w = os.pipe()
    inbox, outbox = _Inbox(in_r), _Outbox(out_w, out_w, _CHUNK)
    for _ in range(_REHEARSALS):
        module, reply = _load(source, None)
        for message in messages:
            data = wire.encode(message)
            os.write(in_w, _LENGTH.pack(len(data)) + data)
            inbox.next()
        for ahead in (2, 0):
            outbox.ahead = ahead
            outbox.send(reply)
        outbox.send(_call(module, "f", (1,), {}, False))
        os.read(out_r, _CHUNK)
    for fd in (out_r, out_w, in_r, in_w):
        os.close(fd)
    del sys.modules[MODULE]
    linecache.clearcache()


class _Inbox:
    """Requests, taken one by one out of what has come."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._data = bytearray()
        self._at = 0

    def next(self) -> tuple:  # type: ignore[type-arg]
        need = 4
        while True:
            held = len(self._data) - self._at
            if held >= 4:
                need = 4 + _LENGTH.unpack_from(self._data, self._at)[0]
            if held >= need:
                start, self._at = self._at + 4, self._at + need
                return wire.decode(memoryview(self._data)[start : self._at])  # type: ignore[return-value]
            piece = os.read(self._fd, max(_CHUNK, need - held))
            if not piece:
                os._exit(0)
            if not held:
                self._data, self._at = bytearray(piece), 0
            else:
                self._data += piece


class _Outbox:
    """Answers on their way to the server."""

    def __init__(self, fd: int, bell: int, limit: int) -> None:
        self._fd, self._bell, self._limit = fd, bell, limit
        self.ahead = 0
        """Answers to come that may wait for one another."""
        self._unread, self._rung_at = 0, _now()

    def send(self, reply: tuple[object, ...]) -> None:
        try:
            data = wire.encode(reply, foreign=True, limit=self._limit)
        except wire.TooLargeError:
            data = wire.encode(("value", _Oversize(), None), foreign=True)
        except Exception as error:  # noqa: BLE001 - an object that cannot be read is the candidate's
            data = wire.encode(_raised(error), foreign=True)
        frame = _LENGTH.pack(len(data)) + data
        if not self.ahead:
            self._write(frame)
            return
        self.ahead -= 1
        self._unread += len(frame)
        if self._unread > _MOST_UNREAD:  # the server, woken to the beginning of a frame, reads on to its end
            self._write(frame[:_BEGINNING])
            self._ring()
            frame = frame[_BEGINNING:]
        self._write(frame)
        if not self.ahead or _now() - self._rung_at > COMPANY_S:
            self._ring()

    def _write(self, frame: bytes) -> None:
        view = memoryview(frame)
        while view:
            view = view[os.write(self._fd, view) :]

    def _ring(self) -> None:
        os.write(self._bell, b"!")
        self._unread, self._rung_at = 0, _now()


class _Oversize:
    """What the trusted side is told of, instead of an answer over the limit."""


def _load(source: str, stdin: str | None) -> tuple[types.ModuleType, tuple[object, ...]]:
    name = MODULE if stdin is None else "__main__"
    module = types.ModuleType(name)
    module.__dict__["__file__"] = FILE
    sys.modules[name] = module
    linecache.cache[FILE] = (len(source), None, source.splitlines(True), FILE)
    if stdin is not None:
        _set_stdin(stdin)
        sys.argv = [FILE]
    return module, _guarded(_execute, module, source, stdin is not None)


def _execute(module: types.ModuleType, source: str, script: bool) -> tuple[object, ...]:
    code = compile(source, FILE, "exec", dont_inherit=True)
    if not script:
        exec(code, module.__dict__)
        return ("value", None, None)
    try:
        exec(code, module.__dict__)
    except SystemExit as end:
        if end.code not in (None, 0):
            raise
    if "threading" in sys.modules:  # as an interpreter does: threads, then exit functions
        sys.modules["threading"]._shutdown()
    atexit._run_exitfuncs()
    return ("value", None, None)


def _call(module: types.ModuleType, function: str, args: tuple[object, ...], kwargs: dict[str, object],
          return_args: bool) -> tuple[object, ...]:  # fmt: skip
    def call() -> tuple[object, ...]:
        value = _find(module, function)(*args, **kwargs)
        return ("value", value, args if return_args else None)

    return _guarded(call)


def _find(module: types.ModuleType, path: str):  # type: ignore[no-untyped-def]
    target: object = module
    for part in path.split("."):
        name = part.removesuffix("()")
        if target is module and name not in module.__dict__:
            raise NameError(f"name {name!r} is not defined")
        target = getattr(target, name)
        if part.endswith("()"):
            target = target()  # type: ignore[operator]
    return target


def _guarded(function, *args) -> tuple[object, ...]:  # type: ignore[no-untyped-def]
    """What `function` returns, or the exception it raises as text; output flushed either way."""
    try:
        try:
            return function(*args)  # type: ignore[no-any-return]
        finally:
            _flush()
    except BaseException as error:  # noqa: BLE001 - whatever the candidate raises is an answer
        return _raised(error)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the candidate may have closed or replaced it
            stream.flush()


def _raised(error: BaseException) -> tuple[object, ...]:
    """An exception as three strings. Its class and its `__str__` are the candidate's and may raise, too."""
    name = wire.type_name(type(error)).removeprefix("builtins.")
    try:
        message = str.__getitem__(str(error), slice(_MAX_MESSAGE))
    except BaseException:  # noqa: BLE001
        message = ""
    try:
        lines = _traceback(error)
    except BaseException:  # noqa: BLE001
        lines = ""
    return ("raised", name, message, lines[:_MAX_TRACEBACK])


def _traceback(error: BaseException) -> str:
    """The frames within the program, innermost last; of long ones the last few."""
    found = []
    entry = error.__traceback__
    while entry is not None:
        code = entry.tb_frame.f_code
        if code.co_filename == FILE:
            text = linecache.getline(FILE, entry.tb_lineno).strip()
            found.append(f"line {entry.tb_lineno}, in {code.co_name}\n    {text[:200]}\n")
        entry = entry.tb_next
    if isinstance(error, SyntaxError) and error.filename == FILE:
        found.append(f"line {error.lineno}\n    {(error.text or '').strip()[:200]}\n")
    return "".join(found[-_MAX_FRAMES:])


def _set_stdin(text: str) -> None:
    """Make `text` standard input, through a file without a name."""
    fd = os.open("/tmp", os.O_TMPFILE | os.O_RDWR, 0o600)
    data = memoryview(text.encode("utf-8", "surrogateescape"))
    while data:
        data = data[os.write(fd, data) :]
    os.lseek(fd, 0, os.SEEK_SET)
    os.dup2(fd, 0)
    os.close(fd)
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
