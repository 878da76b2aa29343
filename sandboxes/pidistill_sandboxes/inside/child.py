"""The process that runs one candidate's program: load it, answer calls. It decides nothing and is believed nothing.

Requests and answers are frames: a length in four bytes, then one value as `wire` writes it.

    ("load", source, stdin or None)                  -> ("value", None, None) | ("raised", type, message, traceback)
    ("call", function, args, kwargs, return args?)   -> ("value", value, args or None) | ("raised", ...)

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
import threading
import types

from pidistill_sandboxes.inside import wire

FILE = "candidate.py"
MODULE = "candidate"
_LENGTH = struct.Struct("<I")
_CHUNK = 1 << 16
_REHEARSALS = 20
"""Enough for the interpreter to specialise the code."""
_MAX_MESSAGE, _MAX_TRACEBACK, _MAX_FRAMES = 2000, 8000, 20


def run(requests: int, answers: int, answer_bytes: int) -> None:
    """Answer until the channel closes. Never returns."""
    load = _receive(requests)
    module, reply = _load(load[1], load[2])
    _send(answers, reply, answer_bytes)
    while True:
        _, function, args, kwargs, return_args = _receive(requests)
        _send(answers, _call(module, function, args, kwargs, return_args), answer_bytes)


def rehearse() -> None:
    """Do in the server what each child does, so that children are forked with all of it warm."""
    source = "def f(x):\n    return [x]\n"
    for _ in range(_REHEARSALS):
        module, reply = _load(source, None)
        for message in (("load", source, None), reply, ("call", "f", (1, [2.0], {"a": None}), {}, False)):
            wire.decode(wire.encode(message, foreign=True))
        wire.encode(_call(module, "f", (1,), {}, False), foreign=True)
    del sys.modules[MODULE]
    linecache.clearcache()


def _receive(fd: int) -> tuple:  # type: ignore[type-arg]
    data = bytearray(os.read(fd, _CHUNK))
    while len(data) < 4 or len(data) < 4 + _LENGTH.unpack_from(data)[0]:
        piece = os.read(fd, _CHUNK if len(data) < _CHUNK else _LENGTH.unpack_from(data)[0])
        if not piece:
            os._exit(0)
        data += piece
    return wire.decode(memoryview(data)[4:])  # type: ignore[return-value]


def _send(fd: int, reply: tuple[object, ...], limit: int) -> None:
    try:
        data = wire.encode(reply, foreign=True, limit=limit)
    except wire.TooLargeError:
        data = wire.encode(("value", _Oversize(), None), foreign=True)
    except Exception as error:  # noqa: BLE001 - an object that cannot be read is the candidate's
        data = wire.encode(_raised(error), foreign=True)
    view = memoryview(_LENGTH.pack(len(data)) + data)
    while view:
        view = view[os.write(fd, view) :]


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
    threading._shutdown()  # type: ignore[attr-defined]  # as an interpreter does: threads, then exit functions
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
