"""The process that will run the next program: forked and confined before that program is known.

Making it takes longer than running many a program, so it is done while the trusted side judges the program before. It
is forked when all of that program's processes are dead and its files and messages are wiped, so it inherits nothing of
it. It has its limits, its descriptors and its place, says so on its bell, and waits for its first request.
"""

from __future__ import annotations

import gc
import os
import select
import signal
from collections.abc import Callable

from pidistill_sandboxes.inside import child, confine

_READY_S = 30.0
_REQUESTS, _ANSWERS, _BELL = 3, 4, 5
"""Descriptors inside."""
READY = b"!"


class Standby:
    """A waiting process and our ends of its pipes. `limits` are those that its program must have.

    `forget` is called in the new process before all else, to wipe what it must not have of the server's memory.
    """

    def __init__(self, limits: dict, forget: Callable[[], None]) -> None:  # type: ignore[type-arg]
        self.limits = limits
        requests, self.requests = os.pipe()
        self.answers, answers = os.pipe()
        self.bell, bell = os.pipe()
        self.stdout, stdout = os.pipe()
        self.stderr, stderr = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _become(requests, answers, bell, stdout, stderr, limits, forget)
        for fd in (requests, answers, bell, stdout, stderr):
            os.close(fd)
        for fd in (self.requests, self.answers, self.bell, self.stdout, self.stderr):
            os.set_blocking(fd, False)
        self.exit_fd = os.pidfd_open(self.pid)
        try:
            self.delay_fd: int | None = os.open(f"/proc/{self.pid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:  # a kernel built without it: then waiting counts
            self.delay_fd = None

    def wait(self) -> None:
        """Until it is ready. Raises `OSError` where it does not become so: our trouble, not a program's."""
        ready, _, _ = select.select([self.bell, self.exit_fd], [], [], _READY_S)
        if self.bell not in ready or self.exit_fd in ready or os.read(self.bell, 1) != READY:
            raise OSError("the process that was to run a program has ended before it")

    def close(self) -> None:
        """Close our ends."""
        for fd in (self.requests, self.answers, self.bell, self.stdout, self.stderr, self.exit_fd, self.delay_fd):
            if fd is not None:
                os.close(fd)

    def discard(self) -> None:
        """End it unused."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.close()


def _become(requests: int, answers: int, bell: int, stdout: int, stderr: int, limits: dict,  # type: ignore[type-arg]
            forget: Callable[[], None]) -> None:  # fmt: skip
    """In the forked process: its own descriptors and limits, then the program."""
    try:
        forget()
        null = os.open("/dev/null", os.O_RDWR)
        for fd, to in ((requests, 30), (answers, 31), (bell, 32), (null, 0), (stdout, 1), (stderr, 2)):
            os.dup2(fd, to)
        for fd, to in ((30, _REQUESTS), (31, _ANSWERS), (32, _BELL)):
            os.dup2(fd, to, inheritable=False)
        os.closerange(_BELL + 1, 256)
        os.setpgid(0, 0)  # a session of its own would cost milliseconds where the kernel groups processes by session
        confine.limit(
            limits["memory_bytes"],
            limits["processes"] + 2,
            limits["file_bytes"],
            limits["open_files"],
            int(limits["program_s"] * 4) + 1,
        )
        signal.signal(signal.SIGINT, signal.default_int_handler)
        gc.enable()
        os.write(_BELL, READY)
        child.run(_REQUESTS, _ANSWERS, _BELL, limits["answer_bytes"])
    except BaseException:  # noqa: BLE001 - nothing may run on in a copy of the server
        os._exit(70)
