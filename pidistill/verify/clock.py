"""One shared page per worker that says which submission is being worked on, and since when.

The worker writes it before and after each submission (under a microsecond, no system call but the clock's); the host
reads it when it looks whether a budget is used up, and once more after a worker's death, to tell who was at fault.
Both sides read the same monotonic clock. A reader never sees a new ticket with an old time, because the time is written
first; the other mixture only makes a submission look younger than it is, and the host looks again.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
import time

_SIZE = mmap.PAGESIZE
_TICKET = struct.Struct("<Q")
_SINCE = struct.Struct("<d")
_SINCE_AT = 8


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

    def start(self, ticket: int) -> float:
        """Work on `ticket` begins now; returns the time."""
        now = time.monotonic()
        _SINCE.pack_into(self._page, _SINCE_AT, now)
        _TICKET.pack_into(self._page, 0, ticket)
        return now

    def stop(self) -> None:
        """No submission is being worked on."""
        _TICKET.pack_into(self._page, 0, 0)

    def read(self) -> tuple[int, float]:
        """(ticket, monotonic time in seconds since when)."""
        ticket: int = _TICKET.unpack_from(self._page, 0)[0]
        since: float = _SINCE.unpack_from(self._page, _SINCE_AT)[0]
        return ticket, since

    def close(self) -> None:
        """Unmap the page."""
        self._page.close()
