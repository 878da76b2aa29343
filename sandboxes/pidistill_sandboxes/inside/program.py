"""One program, as process 1 sees it: fork, pass bytes both ways, watch the limits, kill and clear away.

The clock runs from a request's first byte to its answer's last. Time that the process was ready to run but waited for a
processor is taken off before it is called overdue: a busy machine makes nobody late. A program of several processes or
threads could keep itself waiting, so all its processor time counts, and there is a bound on the wall clock.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import select
import signal
import time

from pidistill_sandboxes.inside import channel, child, confine

_TICK_S = 0.05
_SHARED_BYTES = 16 << 20
"""What a fork of the server counts as resident before it has done anything."""
_MAX_FILES = 5000
"""In each writable folder: each takes the kernel's memory. Where the mount can be told so it stops at 4,096 itself."""
_PAGE_BYTES, _TICKS_PER_S = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
_TIMES, _THREADS = slice(10, 14), 16
"""Where `/proc/<pid>/stat` has the four processor times and the number of threads, counted from its fourth field."""
_CROWDED_FACTOR = 5
"""A program of several processes or threads may take this many times its own time on the wall clock, and no more."""
_STARVED_FACTOR, _STARVED_S = 20, 20
"""A program may wait for a processor this many times its own time, and so many seconds more. Then it is our trouble."""


class Run:
    """One program, from fork to the last of its processes."""

    def __init__(self, limits: dict, buffer: memoryview, scratch: list[str]) -> None:  # type: ignore[type-arg]
        self.limits = limits
        self.scratch = scratch
        """Folders that programs may write to, emptied after each."""
        self.inbox, self.outbox = buffer[: len(buffer) // 2], buffer[len(buffer) // 2 :]
        self.reason = ""
        """Why it ended: end, timeout, starved, memory, exited, tampered."""
        self.note = ""
        self.truncated = False
        self.kept = {b"O": 0, b"o": 0}
        self.forward_left = 0
        """Bytes of the present request that are still to come from the trusted side."""
        self.pending = self.inbox[:0]
        """Bytes that the program's pipe had no room for."""
        self.answer_head = b""
        self.answer_left = 0
        self.asked = False
        """Whether the clock runs: a request is under way and its answer is not complete."""
        self.asked_at = 0.0
        self.delay_then, self.delayed_s = 0.0, 0.0
        self.active_s = 0.0
        self.crowded, self.cpu_then = False, 0.0
        """Whether it has been seen with more than one process or thread, and the processor time at the request."""
        self._fork()

    def _fork(self) -> None:
        requests, self.requests = os.pipe()
        self.answers, answers = os.pipe()
        self.stdout, stdout = os.pipe()
        self.stderr, stderr = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _become_child(requests, answers, stdout, stderr, self.limits)
        for fd in (requests, answers, stdout, stderr):
            os.close(fd)
        for fd in (self.requests, self.answers, self.stdout, self.stderr):
            os.set_blocking(fd, False)
        self.exit_fd = os.pidfd_open(self.pid)
        try:
            self.delay_fd: int | None = os.open(f"/proc/{self.pid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:  # a kernel built without it: then waiting counts
            self.delay_fd = None
        self.outputs = {self.stdout: b"O", self.stderr: b"o"}

    def serve(self) -> None:
        """Until the end, then send the outcome."""
        poll = select.poll()
        for fd in (0, self.answers, self.stdout, self.stderr, self.exit_fd):
            poll.register(fd, select.POLLIN)
        listening = True
        next_tick = time.monotonic() + _TICK_S
        while not self.reason:
            wait = min(next_tick, self._deadline()) - time.monotonic()
            events = dict(poll.poll(max(0.0, wait) * 1000 + 0.5))
            if self.answers in events and not self._take_answer():
                poll.unregister(self.answers)
                if not select.select([self.exit_fd], [], [], _TICK_S)[0]:
                    self._stop("tampered", "the program closed its end of the channel")
            for fd in (self.stdout, self.stderr):
                if fd in events and not self._take_output(fd):
                    poll.unregister(fd)
            if self.exit_fd in events:
                self._drain_answer()
                self._stop("exited")
            elif self.requests in events:
                self._flush_pending()
            elif 0 in events:
                self._take_request()
            now = time.monotonic()
            if now >= self._deadline():
                self._check_time(now)
            if now >= next_tick:
                self._take_census()
                next_tick = now + _TICK_S
            if bool(self.pending) == listening:
                listening = not listening
                if listening:
                    poll.unregister(self.requests)
                    poll.register(0, select.POLLIN)
                else:
                    poll.unregister(0)
                    poll.register(self.requests, select.POLLOUT)
        self._finish()

    def _stop(self, reason: str, note: str = "") -> None:
        self.reason = self.reason or reason
        self.note = self.note or note

    # --- Passing on

    def _take_request(self) -> None:
        if not self.forward_left:
            kind, size = channel.header()
            if kind != b"F":
                self._stop("end")
                return
            self.forward_left = size
            self.asked, self.asked_at = True, time.monotonic()
            self.delay_then, self.delayed_s = self._delay_s(), 0.0
            self.cpu_then = self._cpu_s() if self.crowded else 0.0
        count = channel.take(self.inbox[: min(self.forward_left, len(self.inbox))])
        self.forward_left -= count
        self.pending = self.inbox[:count]
        self._flush_pending()

    def _flush_pending(self) -> None:
        try:
            while self.pending:
                self.pending = self.pending[os.write(self.requests, self.pending) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._stop("tampered", "the program closed its end of the channel")

    def _take_answer(self) -> bool:
        """Pass on what there is. False at the end of the file."""
        try:
            count = os.readv(self.answers, [self.outbox])
        except BlockingIOError:
            return True
        if count == 0:
            return False
        if not self.asked or self.forward_left or self.pending:
            self._stop("tampered", "an answer that nobody asked for")
            return True
        if self._over_the_answer(self.outbox[:count]):
            self._stop("tampered", "more than one answer, or one over the limit")
            return True
        channel.send(b"A", self.outbox[:count])
        if len(self.answer_head) == 4 and self.answer_left == 0:
            self.answer_head = b""
            self._stop_clock()
        return True

    def _over_the_answer(self, data: memoryview) -> bool:
        """Count `data` into the present answer. True where it does not fit."""
        need = 4 - len(self.answer_head)
        if need:
            self.answer_head += bytes(data[:need])
            data = data[need:]
            if len(self.answer_head) == 4:
                self.answer_left = int.from_bytes(self.answer_head, "little")
                if self.answer_left > self.limits["answer_bytes"] + 1024:
                    return True
        self.answer_left -= len(data)
        return self.answer_left < 0

    def _drain_answer(self) -> None:
        """The process is gone, but its answer may be in the pipe still."""
        before = None
        while self.asked and not self.reason and before != (self.answer_head, self.answer_left):
            before = self.answer_head, self.answer_left
            if not self._take_answer():
                return

    def _take_output(self, fd: int) -> bool:
        """Pass on what is kept, throw away the rest. False at the end of the file."""
        try:
            count = os.readv(fd, [self.outbox])
        except BlockingIOError:
            return True
        if count == 0:
            return False
        kind = self.outputs[fd]
        room = self.limits["output_bytes"] - self.kept[kind]
        self.truncated = self.truncated or count > room
        if room > 0:
            channel.send(kind, self.outbox[: min(count, room)])
        self.kept[kind] += min(count, max(room, 0))
        return True

    # --- Limits

    def _deadline(self) -> float:
        if not self.asked:
            return float("inf")
        return self.asked_at + self.delayed_s + self._allowed_s()

    def _allowed_s(self) -> float:
        """Own time that the present request may take."""
        return float(min(self.limits["call_s"], self.limits["program_s"] - self.active_s))

    def _delay_s(self) -> float:
        """Seconds that the program's first thread has been ready to run, but waiting for a processor."""
        if self.delay_fd is None:
            return 0.0
        try:
            return int(os.pread(self.delay_fd, 200, 0).split()[1]) / 1e9
        except (OSError, IndexError):
            return self.delay_then

    def _check_time(self, now: float) -> None:
        """A program of one thread may have waited for others; one of many has itself to wait for, and pays for all."""
        self.delayed_s = self._delay_s() - self.delay_then
        self._take_census()
        own_s = now - self.asked_at - self.delayed_s
        if self.crowded:
            own_s = max(own_s, self._cpu_s() - self.cpu_then, (now - self.asked_at) / _CROWDED_FACTOR)
        if own_s >= self._allowed_s():
            self._stop("timeout")
        elif now - self.asked_at > self._allowed_s() * _STARVED_FACTOR + _STARVED_S:
            self._stop("starved")
        elif self.crowded:
            self.delayed_s = now - self.asked_at - own_s

    def _stop_clock(self) -> None:
        if self.asked:
            self.asked = False
            self.active_s += max(0.0, time.monotonic() - self.asked_at - (self._delay_s() - self.delay_then))

    def _take_census(self) -> None:
        """How much memory, how many files, and whether there is more than one process or thread.

        What processes share with the server is counted for each of them, and allowed for.
        """
        total, count = 0, 0
        for name in self._processes():
            try:
                with open(f"/proc/{name}/statm", "rb", buffering=0) as file:
                    fields = file.read(200).split()
            except OSError:
                continue
            total += (int(fields[1]) - int(fields[2])) * _PAGE_BYTES
            count += 1
        if total > self.limits["memory_bytes"] + max(0, count - 1) * _SHARED_BYTES:
            self._stop("memory")
        for folder in self.scratch:
            room = os.statvfs(folder)
            if room.f_files - room.f_ffree > _MAX_FILES:
                self._stop("memory", "too many files")
        if not self.crowded and (count > 1 or self._stat(str(self.pid))[_THREADS] > 1):
            self.crowded = True

    def _processes(self) -> list[str]:
        return [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]

    def _stat(self, name: str) -> list[int]:
        """`/proc/<pid>/stat` from the fourth field on; zeros where the process is gone."""
        try:
            with open(f"/proc/{name}/stat", "rb", buffering=0) as file:
                return [int(field) for field in file.read(1000).rpartition(b")")[2].split()[1:]]
        except OSError:
            return [0] * 50

    def _cpu_s(self) -> float:
        """Processor time of all processes, the dead ones that were waited for among them."""
        return sum(sum(self._stat(name)[_TIMES]) for name in self._processes()) / _TICKS_PER_S

    # --- The end

    def _finish(self) -> None:
        self._stop_clock()
        status, cpu_s, peak = self._kill_all()
        for fd in (self.stdout, self.stderr):
            before = -1
            while before != (kept := self.kept[self.outputs[fd]]) and self._take_output(fd):
                before = kept  # nobody writes any more: no progress means that it is empty, or over the limit
        for used in (self.requests, self.answers, self.stdout, self.stderr, self.exit_fd, self.delay_fd):
            if used is not None:
                os.close(used)
        channel.skip(self.forward_left, self.inbox)
        try:
            for folder in self.scratch:
                empty(folder)
            worn = ""
        except OSError as error:
            worn = str(error)
        outcome = {
            "reason": self.reason,
            "note": self.note,
            "status": status,
            "seconds": self.active_s,
            "cpu_s": cpu_s,
            "peak_bytes": peak,
            "truncated": self.truncated,
            "worn": worn,
        }
        channel.send(b"X", json.dumps(outcome).encode())
        if worn:  # a later program must not find what this one has left, so there is none
            os._exit(0)

    def _kill_all(self) -> tuple[int, float, int]:
        """Kill and reap every other process. The first one's status, processor seconds of all, largest resident size.

        A process that forks while it is killed leaves children that the next round finds; they come to this process
        when their parent is gone.
        """
        first, cpu_s, peak = 0, 0.0, 0
        while True:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
            try:
                pid, status, usage = os.wait4(-1, 0)
            except ChildProcessError:
                return first, cpu_s, peak
            cpu_s += usage.ru_utime + usage.ru_stime
            peak = max(peak, usage.ru_maxrss * 1024)
            if pid == self.pid:
                first = os.waitstatus_to_exitcode(status)


def _become_child(requests: int, answers: int, stdout: int, stderr: int, limits: dict) -> None:  # type: ignore[type-arg]
    """In the forked process: its own descriptors and limits, then the program."""
    try:
        null = os.open("/dev/null", os.O_RDWR)
        for fd, to in ((requests, 30), (answers, 31), (null, 0), (stdout, 1), (stderr, 2)):
            os.dup2(fd, to)
        os.dup2(30, 3, inheritable=False)
        os.dup2(31, 4, inheritable=False)
        os.closerange(5, 256)
        os.setpgid(0, 0)  # a session of its own would cost milliseconds where the kernel groups processes by session
        confine.limit(
            limits["memory_bytes"],
            limits["processes"] + 2,
            limits["file_bytes"],
            limits["open_files"],
            int(limits["program_s"] * 4) + 1,
        )
        signal.signal(signal.SIGINT, signal.default_int_handler)
        random.seed(0)  # the module seeds itself anew after a fork, and verdicts would differ from time to time
        gc.enable()
        child.run(3, 4, limits["answer_bytes"])
    except BaseException:  # noqa: BLE001 - before the program is loaded this is ours, and told by the exit code
        os._exit(70)


def empty(folder: str) -> None:
    """Remove all that is in `folder`. What lies deep is first moved up, so no depth is too deep."""
    serial = 0
    while True:
        with os.scandir(folder) as entries:
            found = list(entries)
        if not found:
            return
        for entry in found:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            os.chmod(entry.path, 0o700)
            for name in os.listdir(entry.path):
                inner = os.path.join(entry.path, name)
                if os.path.isdir(inner) and not os.path.islink(inner):
                    os.chmod(inner, 0o700)
                    serial += 1
                    os.rename(inner, os.path.join(folder, f".{serial}.{time.monotonic_ns()}"))
                else:
                    os.unlink(inner)
            os.rmdir(entry.path)
