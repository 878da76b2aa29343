"""The process that will run the next program: forked and confined before that program is known.

Making it takes longer than running many a program, so it is done while the trusted side judges the program before. It
is forked when all of that program's processes are dead and its files are gone. It has its limits, its channels and its
place, says so on its bell, and waits for its first request.
"""

from __future__ import annotations

import os
import select
import signal
import socket

from pidistill_sandboxes.inside import zygote

_READY_S = 30.0


class Zygote:
    """The server's end of the line to process 1. `OSError` where process 1 cannot do as it is told."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        if line.recv(len(zygote.READY)) != zygote.READY:
            raise OSError("process 1 has not become ready")

    def order(self, limits: bytes, fds: tuple[int, ...]) -> None:
        """Have a process forked that has these channels; `collect` has its number."""
        self._line.sendmsg([limits], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, zygote.FDS.pack(*fds))])

    def collect(self) -> int:
        """The number of the process that was ordered."""
        pid: int = zygote.PID.unpack(self._line.recv(zygote.PID.size))[0]
        if pid < 0:
            raise OSError(-pid, f"no process for a program: {os.strerror(-pid)}")
        return pid

    def kill_all(self) -> tuple[int, float, int]:
        """Kill every process but ours. The first one's status, processor seconds of all, largest resident size."""
        os.kill(-1, signal.SIGKILL)
        self._line.send(b"reap")
        return zygote.USAGE.unpack(self._line.recv(zygote.USAGE.size))


class Standby:
    """A waiting process and our ends of its pipes. `limits` are those that its program must have."""

    def __init__(self, forker: Zygote, limits: dict) -> None:  # type: ignore[type-arg]
        self.zygote, self.limits = forker, limits
        requests, self.requests = os.pipe()
        self.answers, answers = os.pipe()
        self.bell, bell = os.pipe()
        self.stdout, stdout = os.pipe()
        self.stderr, stderr = os.pipe()
        theirs = (requests, answers, bell, stdout, stderr)
        forker.order(_packed(limits), theirs)
        for fd in theirs:
            os.close(fd)
        for fd in (self.requests, self.answers, self.bell, self.stdout, self.stderr):
            os.set_blocking(fd, False)

    def wait(self) -> None:
        """Until it is ready. Raises `OSError` where it does not become so: our trouble, not a program's."""
        self.pid = self.zygote.collect()
        self.exit_fd = os.pidfd_open(self.pid)
        try:
            self.delay_fd: int | None = os.open(f"/proc/{self.pid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:  # a kernel built without it: then waiting counts
            self.delay_fd = None
        ready, _, _ = select.select([self.bell, self.exit_fd], [], [], _READY_S)
        if self.bell not in ready or self.exit_fd in ready or os.read(self.bell, 1) != zygote.READY:
            raise OSError("the process that was to run a program has ended before it")

    def close(self) -> None:
        """Close our ends."""
        for fd in (self.requests, self.answers, self.bell, self.stdout, self.stderr, self.exit_fd, self.delay_fd):
            if fd is not None:
                os.close(fd)

    def discard(self) -> None:
        """End it unused."""
        self.wait()
        self.zygote.kill_all()
        self.close()


def _packed(limits: dict) -> bytes:  # type: ignore[type-arg]
    return zygote.LIMITS.pack(
        limits["memory_bytes"],
        limits["processes"],
        limits["file_bytes"],
        limits["open_files"],
        int(limits["program_s"] * 4) + 1,
        limits["answer_bytes"],
    )
