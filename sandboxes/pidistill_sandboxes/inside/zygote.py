"""Process 1 of a sandbox: forks the processes that run programs, and reaps them. It talks to the server alone.

No byte of a program or of its arguments is ever in its memory, so what is forked from it holds nothing of another
program. It does little, because each page that it or its fork writes to has to be copied; the server, which does the
rest, is a process of its own for that reason. Process 1 cannot be signalled from inside, and `confine.shield` gives
the server, which is there before all programs, the same protection.

A message is one packet. One with five descriptors and `LIMITS`: fork a process that has these channels and limits; the
answer is `PID`, a negative error number where that fails. One without: the program has been killed, reap all of it;
the answer is `USAGE`.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # without the enumerations, which would be most of `_become`
import os
import resource
import signal
import socket
import struct
from typing import NoReturn

from pidistill_sandboxes.inside import child, confine

LIMITS = struct.Struct("<6q")
"""Bytes of memory, processes, bytes of a file, open files, processor seconds, bytes of an answer."""
FDS = struct.Struct("@5i")
"""A program's channels: requests, answers, bell, output, errors."""
PID = struct.Struct("<i")
USAGE = struct.Struct("<idq")
"""How the program's first process ended (negative: by that signal), processor seconds and largest resident size."""
READY = b"!"
_LINE = 3
_REQUESTS, _ANSWERS, _BELL = 3, 4, 5
"""Descriptors inside a program; 0 to 2 are the usual ones."""
_OWN_PROCESSES = 3
"""Of the same user at most: this one, the server, and the doorkeeper outside."""
_SIGINT, _SIGKILL = int(signal.SIGINT), int(signal.SIGKILL)


def run(line: socket.socket, server: int) -> NoReturn:
    """Serve until the server, process number `server`, is gone."""
    null = os.open("/dev/null", os.O_RDWR)
    for fd, place in ((null, 0), (null, 1), (line.fileno(), _LINE)):
        os.dup2(fd, place)
    os.closerange(_LINE + 1, 256)
    line.detach()
    line = socket.socket(fileno=_LINE)
    confine.shield(server)
    line.send(READY)
    known, answer_bytes, first = b"", 0, 0
    rlimits: confine.Rlimits = []
    space = socket.CMSG_SPACE(FDS.size)
    with open("/proc/loadavg", "rb", buffering=0) as load:
        while True:
            data, rights, _, _ = line.recvmsg(LIMITS.size, space)
            if not data:
                os._exit(0)
            if not rights:
                line.send(_reap(first, server, load.fileno()))
                continue
            if data != known:
                known, (rlimits, answer_bytes) = data, _unpacked(data)
            fds = FDS.unpack(rights[0][2])
            first = _fork(fds, rlimits, answer_bytes)
            for fd in fds:
                os.close(fd)
            line.send(PID.pack(first))


def _unpacked(data: bytes) -> tuple[confine.Rlimits, int]:
    memory_bytes, processes, file_bytes, open_files, cpu_s, answer_bytes = LIMITS.unpack(data)
    return confine.limits(memory_bytes, processes + _OWN_PROCESSES, file_bytes, open_files, cpu_s), answer_bytes


def _fork(fds: tuple[int, ...], rlimits: confine.Rlimits, answer_bytes: int) -> int:
    try:
        pid = os.fork()
    except OSError as error:
        return -(error.errno or 1)
    if pid == 0:
        try:
            _become(fds, rlimits)
            child.run(_REQUESTS, _ANSWERS, _BELL, answer_bytes)
        finally:
            os._exit(70)  # nothing may run on in a copy of this process
    return pid


def _become(fds: tuple[int, ...], rlimits: confine.Rlimits) -> None:
    """In the forked process: its channels and limits. `fds` lie above their places, in the same order."""
    requests, answers, bell, stdout, stderr = fds
    os.dup2(requests, _REQUESTS, inheritable=False)
    os.dup2(answers, _ANSWERS, inheritable=False)
    os.dup2(bell, _BELL, inheritable=False)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.closerange(_BELL + 1, stderr + 1)
    os.setpgid(0, 0)  # a session of its own would cost milliseconds where the kernel groups processes by session
    for which, value in rlimits:
        resource.setrlimit(which, value)
    _signal.signal(_SIGINT, _signal.default_int_handler)
    os.write(_BELL, READY)


def _reap(first: int, server: int, load: int) -> bytes:
    """Wait for all processes but ours. What the server's kill may have missed is killed here."""
    status, cpu_s, peak = 0, 0.0, 0
    while True:
        pid, code, usage = os.wait4(-1, 0)  # the first one is there: only here is it waited for
        if pid == server:
            os._exit(0)
        cpu_s += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss * 1024)
        if pid == first:
            status = os.waitstatus_to_exitcode(code)
            if int(os.pread(load, 100, 0).split()[4]) == first:  # the last number given: there were no others
                return USAGE.pack(status, cpu_s, peak)
        others = {int(name) for name in os.listdir("/proc") if name.isdigit()} - {1, server}
        if not others:
            return USAGE.pack(status, cpu_s, peak)
        for other in others:
            try:
                os.kill(other, _SIGKILL)
            except ProcessLookupError:
                continue
