"""One program, as process 1 sees it: pass bytes both ways, watch the limits, kill and clear away.

The clock (`clock`) runs from a request's first byte to its answer's last.

Requests come in a batch; the next is passed on when all answers to the one before are complete. One that is to have
several answers has them looked at when the program rings, and when it is overdue. The clock then starts anew with each
look, so a call has at most `child.COMPANY_S` more than it should.
"""

from __future__ import annotations

import os
import select
import struct
import time

from pidistill_sandboxes.inside import census, channel, child
from pidistill_sandboxes.inside.clock import Clock
from pidistill_sandboxes.inside.scratch import Scratch
from pidistill_sandboxes.inside.standby import Standby

_BATCH = struct.Struct("<BI")
_REQUEST = struct.Struct("<II")
_THEN_END, _SCRIPT = 1, 2
"""Of a batch: end the program with its last answer; it is a script, whose input is a file of its own."""
_TICK_S = 0.05
_EXIT_S = 0.5
_SHARED_BYTES = 16 << 20
"""What a fork of the server counts as resident before it has done anything."""
_MAX_FILES = 5000
"""In each writable folder: each takes the kernel's memory. Where the mount can be told so it stops at 4,096 itself."""
_LEAST_ROOM = 1 << 12
_NEVER = float("inf")


class Run:
    """One program, from its first request to the last of its processes."""

    def __init__(self, process: Standby, line: channel.Line, outbox: memoryview, scratch: Scratch) -> None:
        self.process, self.limits = process, process.limits
        self.line = line
        self.scratch = scratch
        """What programs may write to, put back after each."""
        self.script = self.stale = False
        """Whether the next program would find traces of this one that nobody can put back."""
        self.outbox = outbox
        """Room for the head of a frame, then answers that have not been passed on."""
        self.unsent = 0
        """Bytes of answers in it."""
        self.reason = ""
        """Why it ended: end, timeout, starved, memory, exited, tampered."""
        self.note = ""
        self.truncated = False
        self.outputs = {process.stdout: b"O", process.stderr: b"o"}
        self.kept = {b"O": 0, b"o": 0}
        self.then_end = False
        self.coming: list[tuple[int, int]] = []
        """Size and answers of the batch's requests that the program must not have yet, the next one last."""
        self.forward_left = 0
        """Bytes of what it may have that it has not been sent."""
        self.asked, self.rings = 0, False
        """Answers that it owes, and whether it rings for them. The clock runs while it owes one."""
        self.answer_head = b""
        self.answer_left = 0
        self.clock = Clock(process)
        self.poll = select.poll()
        for fd in (process.stdout, process.stderr, process.exit_fd):
            self.poll.register(fd, select.POLLIN)
        self.watched: dict[int, int] = {}

    def serve(self) -> None:
        """Until the end, then send the outcome."""
        self._take_frame()
        next_tick = time.monotonic() + _TICK_S
        while not self.reason:
            self._watch()
            wait = min(next_tick, self._deadline()) - time.monotonic()
            events = dict(self.poll.poll(max(0.0, wait) * 1000 + 0.5))
            self._heed(events)
            now = time.monotonic()
            if now >= self._deadline():
                self._check_time(now)
            if now >= next_tick:
                self._take_census()
                next_tick = now + _TICK_S
        self._finish()

    def _watch(self) -> None:
        """Tell the poll what matters now, besides output and the end of the process."""
        process, line = self.process, self.line
        wanted = {}
        if self.asked and self.rings:
            wanted[process.bell] = select.POLLIN
        if not self.asked or not self.rings or self.answer_head:
            wanted[process.answers] = select.POLLIN
        if self.forward_left and line.held:
            wanted[process.requests] = select.POLLOUT
            wanted[channel.TRUSTED_IN] = 0
        else:  # of a batch that waits, only whether the trusted side is still there
            wanted[channel.TRUSTED_IN] = 0 if self.coming and not self.forward_left else select.POLLIN
        if wanted != self.watched:
            for fd in self.watched.keys() - wanted.keys():
                self.poll.unregister(fd)
            for fd, mask in wanted.items():
                self.poll.register(fd, mask)
            self.watched = wanted

    def _heed(self, events: dict[int, int]) -> None:
        process = self.process
        for fd in self.outputs:
            if fd in events and not self._take_output(fd):
                self.poll.unregister(fd)
        if process.exit_fd in events:
            self._take_answers()  # what the pipe holds still counts
            self._stop("exited")
        elif process.bell in events or process.answers in events:
            self._hear(events)
        if self.reason:
            return
        if process.requests in events:
            self._feed()
        elif channel.TRUSTED_IN in events:
            if not events[channel.TRUSTED_IN] & select.POLLIN:
                os._exit(0)  # the trusted side is gone
            self.line.fill()
        if self.forward_left:
            self._feed()
        elif self.line.held and not self.coming:
            self._take_frame()

    def _hear(self, events: dict[int, int]) -> None:
        """Answers, or the end of the channel."""
        open_still = True
        if self.process.bell in events:
            try:  # noqa: SIM105 - as in `standby._kill_all`
                open_still = os.read(self.process.bell, 1 << 12) != b""
            except BlockingIOError:
                pass
        before = self.asked
        if not (self._take_answers() and open_still) and not self.reason:
            self._closed()
        elif self.rings and self.asked and self.asked != before:
            self._start_clock()

    def _closed(self) -> None:
        """The program has closed a channel: because it ends, which is seen within `_EXIT_S`, or by its own doing."""
        if not select.select([self.process.exit_fd], [], [], _EXIT_S)[0]:
            self._stop("tampered", "the program closed its end of the channel")

    def _stop(self, reason: str, note: str = "") -> None:
        self.reason = self.reason or reason
        self.note = self.note or note

    # --- Passing on

    def _take_frame(self) -> None:
        """Begin a batch, or end the program, whatever it is doing."""
        kind, _ = self.line.header()
        if kind != b"F":
            self._stop("end")
            return
        flags, count = _BATCH.unpack(self.line.read(_BATCH.size))
        self.then_end, self.script = bool(flags & _THEN_END), bool(flags & _SCRIPT) or self.script
        self.coming = list(_REQUEST.iter_unpack(self.line.read(_REQUEST.size * count)))[::-1]
        self._next_request()

    def _next_request(self) -> None:
        self.forward_left, self.asked = self.coming.pop()
        self.rings = self.asked > 1
        self._start_clock()
        self._feed()

    def _feed(self) -> None:
        """Pass on what is here, as far as the program's pipe has room and the program may have it."""
        try:
            while self.forward_left and self.line.held:
                count = os.write(self.process.requests, self.line.peek(self.forward_left))
                self.line.advance(count)
                self.forward_left -= count
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._closed()

    def _take_answers(self) -> bool:
        """Take in what there is. False at the end of the file."""
        while not self.reason:
            start = channel.HEAD_BYTES + self.unsent
            if len(self.outbox) - start < _LEAST_ROOM:
                self._pass_on()
                continue
            try:
                count = os.readv(self.process.answers, [self.outbox[start:]])
            except BlockingIOError:
                break
            if count == 0:
                return False
            if not self.asked or (self.forward_left and not self.rings):
                self._stop("tampered", "an answer that nobody asked for")
            elif not self._count(self.outbox[start : start + count]):
                self._stop("tampered", "more than one answer, or one over the limit")
            else:
                self.unsent += count
                self._go_on()
            if count < len(self.outbox) - start:
                break
        return True

    def _count(self, data: memoryview) -> bool:
        """Count `data` into the answers that are owed. False where it does not fit."""
        at = 0
        while at < len(data):
            if not self.asked:
                return False
            need = 4 - len(self.answer_head)
            if need:
                self.answer_head += bytes(data[at : at + need])
                at = min(at + need, len(data))
                if len(self.answer_head) < 4:
                    break
                self.answer_left = int.from_bytes(self.answer_head, "little")
                if self.answer_left > self.limits.answer_bytes + 1024:
                    return False
            step = min(self.answer_left, len(data) - at)
            at += step
            self.answer_left -= step
            if not self.answer_left:
                self.answer_head = b""
                self.asked -= 1
        return True

    def _go_on(self) -> None:
        """After answers that fit: the next request, or nothing more to do."""
        if self.asked:
            return
        if self.coming:
            self._next_request()
            return
        self.clock.stop()
        if self.then_end:
            self._stop("end")
        else:
            self._pass_on()

    def _pass_on(self, kind: bytes = b"", content: bytes = b"") -> None:
        """Send the answers that have come, and with them another frame."""
        parts: list[bytes | memoryview] = []
        if self.unsent:
            self.outbox[: channel.HEAD_BYTES] = channel.head(b"A", self.unsent)
            parts.append(self.outbox[: channel.HEAD_BYTES + self.unsent])
        if kind:
            parts += [channel.head(kind, len(content)), content]
        channel.send(*parts)
        self.unsent = 0

    def _take_output(self, fd: int) -> bool:
        """Pass on what is kept, throw away the rest. False at the end of the file."""
        start = channel.HEAD_BYTES + self.unsent
        if len(self.outbox) - start < _LEAST_ROOM:
            self._pass_on()
            start = channel.HEAD_BYTES
        try:
            count = os.readv(fd, [self.outbox[start:]])
        except BlockingIOError:
            return True
        if count == 0:
            return False
        kind = self.outputs[fd]
        room = self.limits.output_bytes - self.kept[kind]
        if kind == b"O":  # debugging on standard error is nobody's trouble
            self.truncated = self.truncated or count > room
        if room > 0:
            channel.send_frame(kind, self.outbox[start : start + min(count, room)])
        self.kept[kind] += min(count, max(room, 0))
        return True

    # --- Limits

    def _start_clock(self) -> None:
        self.clock.start(child.COMPANY_S if self.rings else 0.0)

    def _deadline(self) -> float:
        return self.clock.check_at if self.asked else _NEVER

    def _check_time(self, now: float) -> None:
        """Whether it is late."""
        self._take_census()
        late = self.clock.look(now)
        if late == "timeout" and self.rings:  # what was answered before the call that is late counts
            self._take_answers()
        if late:
            self._stop(late)

    def _take_census(self) -> None:
        """How much memory, how many files, and whether there is more than one process or thread.

        What processes share with the server is counted for each of them, and allowed for.
        """
        total, count = census.resident()
        if total > self.limits.memory_bytes + max(0, count - 1) * _SHARED_BYTES:
            self._stop("memory")
        for folder in self.scratch.folders:
            room = os.statvfs(folder)
            if room.f_files - room.f_ffree > _MAX_FILES:
                self._stop("memory", "too many files")
        if not self.clock.crowded and (count > 1 or census.threads(self.process.pid) > 1):
            self.clock.crowded = True

    # --- The end

    def _finish(self) -> None:
        """Kill it and say so. The trusted side need not wait until all of it is dead; the next program does."""
        if self.asked:
            self.clock.stop()
        self.process.kill()
        status = self.process.reap() if self.reason == "exited" else 0
        if self.reason == "end" and not self.asked and self._left_over():
            self.reason, self.note = "tampered", "an answer that nobody asked for"
        for fd, kind in self.outputs.items():
            before = -1
            while before != (kept := self.kept[kind]) and self._take_output(fd):
                before = kept  # killed as it is, it writes no more: no progress means that all has been read
        self.line.skip(self.forward_left + sum(size for size, _ in self.coming))
        self.stale = self.clock.crowded or not self.process.alone or self.scratch.is_touched()
        numbers = channel.OUTCOME.pack(self.truncated, self.stale, status, self.clock.active_s)
        self._pass_on(b"X", numbers + f"{self.reason}\0{self.note}".encode())
        self.process.close()

    def _left_over(self) -> bool:
        try:
            return os.read(self.process.answers, 1) != b""
        except BlockingIOError:
            return False
