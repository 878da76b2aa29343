"""The process that runs one candidate's program: load it, answer calls. It decides nothing and is believed nothing.

Requests and answers are frames: a length in four bytes, then the request as `wire.pack` writes it, or the answer as
`wire.encode` does.

    source, its code or None, stdin or None, call, ...   once   -> ("value", None, None) | ("raised", type, message,
    call, ...                                                      traceback); and for each call
    call: function, args, kwargs, return args?       -> ("value", value, args or None) | ("raised", ...)

The answers to one request may wait for one another: they are written at once, so that none is lost when the program is
killed, but the server is only woken, by a byte on the bell, for the last one, when there is much to read, and when
`COMPANY_S` have passed. A request with one answer needs no bell.

While a call is under way, code in this process may `exchange` an answer for the next request: so a function that is
called can call back, as the code plugin's test code does.

The candidate's code shares this process and can do to it what it likes; the trusted side treats every frame as the
candidate's own words. What is careful here is careful for honest programs: output is flushed after each call, an
exception's text is cut to size, a value too large is described instead.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _thread
import atexit
import builtins
import functools
import gc
import marshal
import os
import resource
import struct
import sys
import time
import types
from collections.abc import Callable

from pidistill_sandboxes.inside import wire

FILE = "candidate.py"
MODULE = "candidate"
COMPANY_S = 0.005
"""How long an answer may wait for others before the server is told of it."""
_LENGTH = struct.Struct("<I")
_CHUNK = 1 << 13
_MOST_UNREAD = 1 << 15
"""Bytes that may wait in the pipe, which has room for twice as many."""
_BEGINNING = 1 << 12
_REHEARSALS = 20
"""Enough for the interpreter to specialise the code."""
_CHILDREN_S = 1.0
"""How long a script's children may live on: a daemon would hold it up for ever."""
_now, _sleep = time.monotonic, time.sleep  # programs replace them
_out = sys.stdout
"""What standard output was before a program has replaced it; what it holds is flushed at the end all the same."""
_CAUGHT = (_signal.SIGHUP, _signal.SIGINT, _signal.SIGUSR1, _signal.SIGUSR2, _signal.SIGALRM, _signal.SIGTERM,
           _signal.SIGVTALRM, _signal.SIGPROF)  # fmt: skip
_MAX_MESSAGE, _MAX_TRACEBACK, _MAX_FRAMES = 2000, 8000, 20


def run(requests: int, answers: int, bell: int, answer_bytes: int) -> None:
    """Answer until the channel closes. Never returns."""
    inbox, outbox = _Inbox(requests), _Outbox(answers, bell, answer_bytes)
    _line[:] = inbox, outbox
    source, code, stdin, *first = inbox.next()
    calls = tuple(first)
    outbox.expect(1 + len(calls))
    own = os.getpid()
    module, reply = _load(source, code, stdin)
    _end_a_copy(own, reply)
    if stdin is not None:
        _wait_for_children()
    outbox.send(reply)
    loaded = reply[0] == "value"
    while True:
        for call in calls:  # where it did not load nobody reads what is said
            reply = _call(module, *call) if loaded else ("value", None, None)
            _end_a_copy(own, reply)
            outbox.send(reply)
        calls = inbox.next()
        outbox.expect(len(calls))


def _end_a_copy(own: int, reply: tuple[object, ...]) -> None:
    """End here if this is not the process that was asked, but one that the program has forked and not ended."""
    if os.getpid() == own:
        return
    kind, name, message, *_ = reply
    if kind == "value":
        os._exit(0)
    code = str(message).strip() if name == "SystemExit" else ""
    os._exit(int(code) & 0xFF if code.isdecimal() else 1)


def _wait_for_children() -> None:
    """For a while: what they print belongs to a script's output, which ends when all of them have."""
    until = _now() + _CHILDREN_S
    while _now() < until:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                _sleep(0.002)
        except ChildProcessError:
            return


_line: list = []  # type: ignore[type-arg]


def exchange(value: object) -> tuple:  # type: ignore[type-arg]
    """Answer the call that is under way with `value` and wait for the next one: its positional arguments."""
    inbox, outbox = _line
    # a timer of the program's goes off when it is back: it would leave the other side's answer unread
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _CAUGHT)
    try:
        outbox.send(("value", value, None))
        ((_function, args, _kwargs, _return_args),) = inbox.next()
        outbox.expect(1)
    finally:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
    return args  # type: ignore[no-any-return]


class _Quitter:
    """`exit` and `quit`, which an interpreter has from `site`, and this one would not have."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Use {self.name}() or Ctrl-D (i.e. EOF) to exit"

    def __call__(self, code: object = None) -> None:
        try:  # noqa: SIM105 - contextlib is not here yet
            sys.stdin.close()
        except Exception:  # noqa: BLE001 - the candidate may have replaced it
            pass
        raise SystemExit(code)


def add_quitters() -> None:
    """Give programs `exit` and `quit`."""
    for name in ("exit", "quit"):
        setattr(builtins, name, _Quitter(name))


def bound_stacks() -> None:
    """Let threads have a stack of half a program's memory at most: programs ask for more than they use.

    The memory that is mapped is what is bounded, used or not.
    """
    set_size = _thread.stack_size

    def stack_size(size: int = 0) -> int:
        most = resource.getrlimit(resource.RLIMIT_AS)[0] // 2
        return set_size(min(size, most) if most > 0 else size)

    _thread.stack_size = stack_size


def rehearse() -> None:
    """Do what each program's process does, so that they are forked with all of it warm."""
    source = "def f(x):\n    return [x]\n"
    compiled = marshal.dumps(compile(source, FILE, "exec"), 2)
    request = wire.pack((source, compiled, None, ("f", (1,), {}, False)))
    out_r, out_w = os.pipe()
    in_r, in_w = os.pipe()
    inbox, outbox = _Inbox(in_r), _Outbox(out_w, out_w, _CHUNK)
    for _ in range(_REHEARSALS):
        os.write(in_w, _LENGTH.pack(len(request)) + request)
        source, code, stdin, *calls = inbox.next()
        module, reply = _load(source, code, stdin)
        for answers in (2, 1):
            outbox.expect(answers)
            outbox.send(reply)
            outbox.send(_call(module, *calls[0]))
        os.read(out_r, _CHUNK)
    for fd in (out_r, out_w, in_r, in_w):
        os.close(fd)
    del sys.modules[MODULE]


class _Inbox:
    """Requests, taken one by one out of what has come."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._rest = b""

    def next(self) -> tuple:  # type: ignore[type-arg]
        data = self._at_least(_LENGTH.size, self._rest)
        end = _LENGTH.size + _LENGTH.unpack_from(data)[0]
        if len(data) < end:
            data = self._at_least(end, data)
        self._rest = data[end:]
        return wire.unpack(data[_LENGTH.size : end])

    def _at_least(self, size: int, data: bytes) -> bytes:
        """`data` and what comes after it, until there are `size` bytes."""
        parts = [data]
        missing = size - len(data)
        while missing > 0:
            piece = os.read(self._fd, max(_CHUNK, missing))
            if not piece:
                os._exit(0)
            parts.append(piece)
            missing -= len(piece)
        return b"".join(parts)


class _Outbox:
    """Answers on their way to the server."""

    def __init__(self, fd: int, bell: int, limit: int) -> None:
        self._fd, self._bell, self._limit = fd, bell, limit
        self._expected = 0
        """Answers to come that may wait for one another."""
        self._unread, self._rung_at = 0, 0.0

    def expect(self, answers: int) -> None:
        """So many answers are asked for. A single one is waited for as it is."""
        self._expected, self._rung_at = answers if answers > 1 else 0, _now()

    def send(self, reply: tuple[object, ...]) -> None:
        try:
            data = wire.encode(reply, foreign=True, limit=self._limit)
        except wire.TooLargeError:
            data = wire.encode(("value", _Oversize(), None), foreign=True)
        except Exception as error:  # noqa: BLE001 - an object that cannot be read is the candidate's
            data = wire.encode(_raised(error), foreign=True)
        frame = _LENGTH.pack(len(data)) + data
        if not self._expected:
            self._write(frame)
            return
        self._expected -= 1
        self._unread += len(frame)
        if self._unread > _MOST_UNREAD:  # the server, woken to the beginning of a frame, reads on to its end
            self._write(frame[:_BEGINNING])
            self._ring()
            frame = frame[_BEGINNING:]
        self._write(frame)
        if not self._expected or _now() - self._rung_at > COMPANY_S:
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


class _Source:
    """The program's text, for tracebacks: a module's loader, as `linecache` knows it."""

    text = ""

    @classmethod
    def get_source(cls, _name: str) -> str:
        return cls.text


def _load(source: str, code: bytes | None, stdin: str | None) -> tuple[types.ModuleType, tuple[object, ...]]:
    name = MODULE if stdin is None else "__main__"
    module = types.ModuleType(name)
    module.__dict__.update(__file__=FILE, __loader__=_Source)
    sys.modules[name] = module
    _Source.text = source
    if stdin is not None:
        module.__dict__["__builtins__"] = builtins  # elsewhere it is their dictionary
        _set_stdin(stdin)
        sys.argv = [FILE]
    try:
        try:
            _execute(module, source, code, stdin is not None)
        finally:
            _flush()
    except BaseException as error:  # noqa: BLE001 - whatever the candidate raises is an answer
        reply = _raised(error)
    else:
        reply = ("value", None, None)
    if stdin is not None:
        _finalize(module)
    return module, reply


def _execute(module: types.ModuleType, source: str, code: bytes | None, script: bool) -> None:
    program = marshal.loads(code) if code else compile(source, FILE, "exec", dont_inherit=True)
    if not script:
        exec(program, module.__dict__)
        return
    try:
        exec(program, module.__dict__)
    except SystemExit as end:
        if end.code is not None and not (type(end.code) is int and end.code & 0xFF == 0):
            raise


def _finalize(module: types.ModuleType) -> None:
    """What an interpreter does at its end: threads, exit functions, buffers, and what only the collector flushes."""
    names = [functools.partial(module.__dict__.pop, name, None) for name in reversed(list(module.__dict__))]
    works: list[Callable[[], object]] = [_end_threads, atexit._run_exitfuncs, _flush, *names, gc.collect, _flush]
    for work in works:
        try:  # the last name first, so that what ends with an object can still use what was there before it
            work()
        except BaseException:  # noqa: BLE001 - an interpreter prints it and goes on
            continue


def _end_threads() -> None:
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()


def _call(module: types.ModuleType, function: str, args: tuple[object, ...], kwargs: dict[str, object],
          return_args: bool) -> tuple[object, ...]:  # fmt: skip
    try:
        try:
            value = _find(module, function)(*args, **kwargs)
        finally:
            _flush()
    except BaseException as error:  # noqa: BLE001 - whatever the candidate raises is an answer
        return _raised(error)
    return ("value", value, args if return_args else None)


def _find(module: types.ModuleType, path: str):  # type: ignore[no-untyped-def]
    namespace = module.__dict__
    if path in namespace:
        return namespace[path]
    target: object = module
    for part in path.split("."):
        name = part.removesuffix("()")
        if target is module and name not in namespace:
            raise NameError(f"name {name!r} is not defined")
        target = getattr(target, name)
        if part.endswith("()"):
            target = target()  # type: ignore[operator]
    return target


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, _out):
        try:  # noqa: SIM105 - contextlib's way costs more than all the rest of a call
            stream.flush()
        except Exception:  # noqa: BLE001 - the candidate may have closed or replaced it
            pass


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
    lines = _Source.text.splitlines()
    entry = error.__traceback__
    while entry is not None:
        code = entry.tb_frame.f_code
        if code.co_filename == FILE:
            text = lines[entry.tb_lineno - 1].strip() if 0 < entry.tb_lineno <= len(lines) else ""
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
    # two names, as an interpreter has: a program that wraps its buffer anew does not close it with the first of them
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", newline="\n", closefd=False)  # noqa: SIM115
    sys.__dict__["__stdin__"] = sys.stdin
