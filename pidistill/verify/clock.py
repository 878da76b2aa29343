"""One shared page per worker that says which submission is being worked on, and since when.

The worker writes it before and after each submission (under a microsecond, no system call but the clock's); the host
reads it when it looks whether a budget is used up, and once more after a worker's death, to tell who was at fault.
Both sides read the same monotonic clock. A reader never sees a new ticket with an old time, because the time is written
first; the other mixture only makes a submission look younger than it is, and the host looks again.

What is no work on the submission, such as starting a sandbox anew that was lost, is taken off: `authoring.clock`. Else
trouble of ours could end as a TIMEOUT, which is the candidate's and is kept.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pidistill.authoring.clock import keep_time

_SIZE = mmap.PAGESIZE
_TICKET = struct.Struct("<Q")
_SINCE = struct.Struct("<d")
_SINCE_AT, _STOPPED_AT = 8, 16


class Clock:
    """The page. `ticket` is 0 while no submission is being worked on."""

    def __init__(self, fd: int) -> None:
        """Map the page behind `fd`, which may be closed afterwards."""
        self._page = mmap.mmap(fd, _SIZE)

    @staticmethod
    def create() -> tuple[Clock, int]:
        """A new page, and the descriptor that a worker maps it by."""
        if hasattr(os, "memfd_create"):
            fd = os.memfd_create("pidistill-clock", os.MFD_CLOEXEC)
        else:  # not Linux
            with tempfile.TemporaryFile() as file:
                fd = os.dup(file.fileno())
        os.ftruncate(fd, _SIZE)
        return Clock(fd), fd

    def start(self, ticket: int) -> None:
        """Work on `ticket` begins now."""
        now = time.monotonic()
        _SINCE.pack_into(self._page, _STOPPED_AT, 0.0)
        _SINCE.pack_into(self._page, _SINCE_AT, now)
        _TICKET.pack_into(self._page, 0, ticket)

    def stop(self) -> None:
        """No submission is being worked on."""
        _TICKET.pack_into(self._page, 0, 0)

    def read(self) -> tuple[int, float]:
        """(ticket, monotonic time in seconds since when). While the clock is stopped that time moves on with it."""
        ticket: int = _TICKET.unpack_from(self._page, 0)[0]
        since: float = _SINCE.unpack_from(self._page, _SINCE_AT)[0]
        return ticket, since + self.stopped_s()

    def stopped_s(self) -> float:
        """For how long the clock has been stopped, in seconds; 0 while it runs."""
        at: float = _SINCE.unpack_from(self._page, _STOPPED_AT)[0]
        return max(0.0, time.monotonic() - at) if at else 0.0

    def used_s(self) -> float:
        """Seconds of work on the present submission so far."""
        return time.monotonic() - self.read()[1]

    def adopt(self) -> None:
        """Make this the clock of `off_the_clock` in this process: its own worker's."""
        keep_time(self.stopped)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The clock stands still meanwhile. Within itself it does nothing."""
        if self.stopped_s():
            yield
            return
        at = time.monotonic()
        _SINCE.pack_into(self._page, _STOPPED_AT, at)
        try:
            yield
        finally:
            since: float = _SINCE.unpack_from(self._page, _SINCE_AT)[0]
            if self.stopped_s():  # else another submission was begun meanwhile
                _SINCE.pack_into(self._page, _SINCE_AT, since + time.monotonic() - at)
            _SINCE.pack_into(self._page, _STOPPED_AT, 0.0)

    def close(self) -> None:
        """Unmap the page."""
        self._page.close()
