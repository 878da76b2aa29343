"""What a worker process does to itself before it runs a verifier: die with its host, and die first.

The host holds the write end of a pipe and never writes. On Linux the kernel is asked to send SIGKILL to the worker's
whole process group once that end closes, which happens however the host dies, and needs no thread and no help from C
code that sits on the interpreter lock. (PR_SET_PDEATHSIG would fire when the host's *thread* that made the worker
ends, and would leave the worker's own children behind.) Elsewhere a thread waits for the end of the pipe.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import sys
import threading

_F_SETSIG = 10
"""Linux's number; the module `fcntl` of Python 3.11 does not name it."""


def die_with_host(life_fd: int) -> None:
    """Kill this process group when the other end of the pipe `life_fd` closes. The process must lead its group."""
    os.set_inheritable(life_fd, False)
    if sys.platform == "linux":
        fcntl.fcntl(life_fd, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(life_fd, _F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(life_fd, fcntl.F_SETFL, fcntl.fcntl(life_fd, fcntl.F_GETFL) | os.O_ASYNC)
        poll = select.poll()  # select() cannot take descriptors above 1023
        poll.register(life_fd, select.POLLIN)
        if poll.poll(0):  # the host was gone before the kernel was asked
            os._exit(1)
    else:
        threading.Thread(target=_wait_and_kill, args=(life_fd,), daemon=True).start()


def _wait_and_kill(life_fd: int) -> None:
    os.read(life_fd, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def die_first() -> None:
    """Where memory runs out, have the kernel take this process and not the host with its model."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("900")
