"""The self-check: programs that try to break out of a sandbox, and the host's view of whether they could.

Each check runs in the sandbox as any candidate's program does, on the machine it is asked about, so the table that
comes out is measured. A check holds only where the program ran, tried, and was stopped; one that could not run does
not hold.
The programs are in `escapes.py`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pidistill.contracts import Sandbox
from pidistill.errors import SandboxError
from pidistill.sandbox import Call, Kind, Limits, Outcome, Plain, Session
from pidistill_sandboxes import escapes

_LIMITS = Limits(call_s=5.0, memory_bytes=256 << 20, processes=16, output_bytes=1 << 16)
_OVERRUN_S = 0.1


@dataclass(frozen=True)
class Bait:
    """What the host lays out for programs to find: a file, a listening socket, an environment variable, a process."""

    secret: str
    path: str
    port: int
    pid: int


def check(sandbox: Sandbox) -> Mapping[str, bool]:
    """Protection -> whether it held just now. Raises `SandboxError` where the sandbox does not open."""
    with sandbox.open() as session, _bait() as bait:
        return {name: _holds(held, session, bait) for name, held in CHECKS.items()}


def _holds(held: Callable[[Session, Bait], bool], session: Session, bait: Bait) -> bool:
    """False, too, where the sandbox did not survive its being tried."""
    try:
        return held(session, bait)
    except SandboxError:
        return False


@contextlib.contextmanager
def _bait() -> Iterator[Bait]:
    secret = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        path = Path(folder) / "secret"
        path.write_text(secret)
        os.chmod(folder, 0o755)  # a barrier of the file system's own would prove nothing about the sandbox
        path.chmod(0o666)
        yield Bait(secret, str(path), server.getsockname()[1], os.getpid())


_OF_THE_MACHINE = {"/proc/loadavg", "/proc/cpuinfo"}
"""How busy it is and how fast its processors run, where a sandbox may not mount a `/proc` of its own."""


def _stopped(source: str, *arguments: str) -> Callable[[Session, Bait], bool]:
    """A check whose program returns what it got away with: an empty list where it held."""

    def held(session: Session, bait: Bait) -> bool:
        args: list[Plain] = [getattr(bait, name) for name in arguments]
        outcome = session.run(source, [Call("attempt", args)], _LIMITS)
        return _first(outcome) == []

    return held


def _first(outcome: Outcome) -> Plain:
    """The first call's value; a text that is no result where there is none."""
    if outcome.answers and outcome.answers[0].ok:
        return outcome.answers[0].value
    return f"no result: {outcome.answers or outcome.loaded}"


def _host_files(session: Session, bait: Bait) -> bool:
    held = _stopped(escapes.READ_HOST, "path")(session, bait)
    return held and Path(bait.path).read_text() == bait.secret


def _server_survives(session: Session, bait: Bait) -> bool:
    before = _first(session.run(escapes.SERVER, [Call("attempt", ())], _LIMITS))
    session.run(escapes.SIGNAL_SERVER, [Call("attempt", ())], _LIMITS)
    after = _first(session.run(escapes.SERVER, [Call("attempt", ())], _LIMITS))
    return isinstance(before, list) and before[1:] == [1] and after == before


def _leaves_nothing(session: Session, bait: Bait) -> bool:
    left = session.run(escapes.LEAVE_BEHIND, [Call("attempt", ())], _LIMITS)
    return _first(left) == "left" and _first(session.run(escapes.FIND_LEFT, [Call("attempt", ())], _LIMITS)) == []


def _counts_nothing(session: Session, bait: Bait) -> bool:
    def read() -> Plain:
        return _first(session.run(escapes.COUNTERS, [Call("attempt", ())], _LIMITS))

    before = read()
    moved = session.run(escapes.COUNTERS, [Call("move", ())], _LIMITS)
    after = read()
    if not (isinstance(before, dict) and isinstance(after, dict) and moved.answers and moved.answers[0].ok):
        return False
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    return changed <= _OF_THE_MACHINE and _stopped(escapes.RESIDENT)(session, bait)


def _processes(session: Session, bait: Bait) -> bool:
    made = _first(session.run(escapes.FORK_MANY, [Call("attempt", (4 * _LIMITS.processes,))], _LIMITS))
    return isinstance(made, int) and 1 <= made <= _LIMITS.processes


def _memory(session: Session, bait: Bait) -> bool:
    size = 2 * _LIMITS.memory_bytes
    return _first(session.run(escapes.ONE_LARGE, [Call("attempt", (size,))], _LIMITS)) == []


def _memory_together(session: Session, bait: Bait) -> bool:
    limits = replace(_LIMITS, memory_bytes=128 << 20)
    outcome = session.run(escapes.MANY_MIDDLING, [Call("attempt", (96 << 20, 8))], limits)
    return outcome.end in (Kind.MEMORY, Kind.EXITED)


def _disk(session: Session, bait: Bait) -> bool:
    written = _first(session.run(escapes.FILL_DISK, [Call("attempt", (256 << 20,))], _LIMITS))
    return isinstance(written, int) and written < 128 << 20


def _many_files(session: Session, bait: Bait) -> bool:
    outcome = session.run(escapes.MANY_FILES, [Call("attempt", (100_000,))], _LIMITS)
    made = _first(outcome)
    return outcome.end is Kind.MEMORY or (isinstance(made, int) and 0 < made < 10_000)


def _time(session: Session, bait: Bait) -> bool:
    limits = replace(_LIMITS, call_s=0.2)
    outcome = session.run(escapes.LOOP, [Call("attempt", ())], limits)
    return outcome.end is Kind.TIMEOUT and outcome.seconds < limits.call_s + _OVERRUN_S


def _output(session: Session, bait: Bait) -> bool:
    outcome = session.run(escapes.FLOOD, [Call("attempt", ())], replace(_LIMITS, call_s=0.2))
    return outcome.truncated and len(outcome.stdout) == _LIMITS.output_bytes


CHECKS: Mapping[str, Callable[[Session, Bait], bool]] = {
    "no network": _stopped(escapes.NETWORK, "port"),
    "no files of the host": _host_files,
    "no writing but in its own /tmp": _stopped(escapes.WRITE_OUTSIDE),
    "no sight of other processes": _stopped(escapes.SEE_PROCESSES, "pid"),
    "no secrets in its environment": _stopped(escapes.ENVIRONMENT),
    "the server outlives signals": _server_survives,
    "the server's memory and descriptors are closed": _stopped(escapes.SERVER_MEMORY),
    "the server's limits are its own": _stopped(escapes.SERVER_LIMITS),
    "no mounts or namespaces": _stopped(escapes.NAMESPACES),
    "no keyring, bpf, perf, io_uring or raw devices": _stopped(escapes.KERNEL_SURFACE),
    "no privileges, and none to gain": _stopped(escapes.PRIVILEGES),
    "nothing outlives a program": _leaves_nothing,
    "nothing to read that counts": _counts_nothing,
    "bounded processes": _processes,
    "bounded memory of a process": _memory,
    "bounded memory of all": _memory_together,
    "bounded size of files": _disk,
    "bounded number of files": _many_files,
    "bounded time": _time,
    "bounded output": _output,
}
"""Every protection by name."""
