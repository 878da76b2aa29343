"""The process that will run the next program: forked and confined before that program is known.

Making it takes longer than running many a program, so it is done while the trusted side judges the program before. It
is forked when all of that program's processes are dead and its files are wiped, and messages are in no fork's memory;
so it inherits nothing of it. It has its limits, its descriptors and its place, says so on its bell, and waits for its
first request.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the enumerations that `signal` puts around it would be a third of it
import os
import resource
import select
import signal

from pidistill_sandboxes.inside import census, child, confine
from pidistill_sandboxes.inside.scratch import last_pid

_READY_S = 30.0
_OWN_PROCESSES = 2
"""Of the same user at most: the server, and the doorkeeper outside."""
_REQUESTS, _ANSWERS, _BELL = 3, 4, 5
"""Descriptors inside."""
_READY = b"!"
_SIGINT, _SIGKILL = int(signal.SIGINT), int(signal.SIGKILL)


class Limits:
    """What a program may use: what the server looks after, and what the kernel does."""

    __slots__ = ("answer_bytes", "call_s", "memory_bytes", "output_bytes", "program_s", "rlimits")

    def __init__(self, told: dict[str, int]) -> None:
        """From `pidistill.sandbox.Limits` as a dictionary."""
        self.call_s: float = told["call_s"]
        self.program_s: float = told["program_s"]
        self.memory_bytes, self.output_bytes, self.answer_bytes = (
            told[name] for name in ("memory_bytes", "output_bytes", "answer_bytes")
        )
        self.rlimits = confine.limits(
            told["memory_bytes"],
            told["processes"] + _OWN_PROCESSES,
            told["file_bytes"],
            told["open_files"],
            int(told["program_s"] * 4) + 1,
        )


class Standby:
    """A waiting process and our ends of its pipes. `limits` are those that its program must have."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        _nothing()
        requests, self.requests = os.pipe()
        self.answers, answers = os.pipe()
        self.bell, bell = os.pipe()
        self.stdout, stdout = os.pipe()
        self.stderr, stderr = os.pipe()
        self.alone = False
        """Once it is killed: whether there has been no other process or thread beside it."""
        self._status: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            try:
                _become(requests, answers, bell, stdout, stderr, limits.rlimits)
                child.run(_REQUESTS, _ANSWERS, _BELL, limits.answer_bytes)
            finally:
                os._exit(70)  # nothing may run on in a copy of the server
        for fd in (requests, answers, bell, stdout, stderr):
            os.close(fd)
        for fd in (self.requests, self.answers, self.bell, self.stdout, self.stderr):
            os.set_blocking(fd, False)
        self.exit_fd = os.pidfd_open(self.pid)
        try:
            self.delay_fd: int | None = census.opened(f"{self.pid}/schedstat")
        except FileNotFoundError:  # a kernel built without it: then waiting counts
            self.delay_fd = None

    def wait(self) -> None:
        """Until it is ready. Raises `OSError` where it does not become so: our trouble, not a program's."""
        ready, _, _ = select.select([self.bell, self.exit_fd], [], [], _READY_S)
        if self.bell not in ready or self.exit_fd in ready or os.read(self.bell, 1) != _READY:
            raise OSError("the process that was to run a program has ended before it")

    def kill(self) -> None:
        """Kill it, and every other process but this one. They are gone once they have been reaped.

        The kernel looks through all processes of the machine for those it is to kill. Nobody else is there where the
        number given last is still this one's: it is given before a new process is made, and one that is killed makes
        none.
        """
        os.kill(self.pid, _SIGKILL)
        self.alone = last_pid() == self.pid
        if not self.alone:
            _kill_all()

    def reap(self) -> int:
        """Wait until all that was killed is gone; how it ended, negative for a signal. May be called twice."""
        if self._status is None:
            if self.alone:
                self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            else:
                self._status = _reap(self.pid)
        return self._status

    def close(self) -> None:
        """Close our ends."""
        for fd in (self.requests, self.answers, self.bell, self.stdout, self.stderr, self.exit_fd, self.delay_fd):
            if fd is not None:
                os.close(fd)

    def discard(self) -> None:
        """End it unused."""
        self.kill()
        self.reap()
        self.close()


def _become(requests: int, answers: int, bell: int, stdout: int, stderr: int, rlimits: confine.Rlimits) -> None:
    """In the forked process: its own descriptors and limits."""
    for fd, to in ((_nothing(), 0), (stdout, 1), (stderr, 2)):
        os.dup2(fd, to)
    for fd, to in ((requests, _REQUESTS), (answers, _ANSWERS), (bell, _BELL)):
        os.dup2(fd, to, inheritable=False)
    os.closerange(_BELL + 1, 256)
    os.setpgid(0, 0)  # a session of its own would cost milliseconds where the kernel groups processes by session
    for which, value in rlimits:
        resource.setrlimit(which, value)
    _signal.signal(_SIGINT, _signal.default_int_handler)
    os.write(_BELL, _READY)


_nothings: list[int] = []
"""A descriptor of `/dev/null`. It is kept, and so are all numbers that it has in a program's process."""


def _nothing() -> int:
    """Nothing to read, which comes behind the numbers that a program's own descriptors get."""
    while not _nothings or _nothings[-1] <= _BELL:
        _nothings.append(os.open("/dev/null", os.O_RDWR))
    return _nothings[-1]


# --- Clearing away --------------------------------------------------------------------------------------------------


def _kill_all() -> None:
    """Kill every process but this one, which is process 1."""
    try:  # noqa: SIM105 - contextlib's way touches more memory, which is copied for every program
        os.kill(-1, _SIGKILL)
    except ProcessLookupError:
        pass


def _reap(first: int) -> int:
    """Wait until every process that was killed is gone; how `first` ended, negative for a signal.

    A process that forks while it is killed leaves children that the next round finds; they come to this process when
    their parent is gone.
    """
    status = 0
    while True:
        try:
            pid, code = os.waitpid(-1, 0)
        except ChildProcessError:
            return status
        if pid == first:
            status = os.waitstatus_to_exitcode(code)
        _kill_all()
