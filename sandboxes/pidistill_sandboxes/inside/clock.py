"""A program's own time: the processor time of its first thread, and what it idles beyond a few seconds.

A busy machine makes nobody late. A program of several processes or threads pays for all their processor time, and
there is a bound on its wall clock.
"""

from __future__ import annotations

import os
import time

from pidistill_sandboxes.inside import census
from pidistill_sandboxes.inside.standby import Standby

CROWDED_FACTOR = 5
"""A program of several processes or threads may take this many times its own time on the wall clock, and no more."""
STARVED_FACTOR, STARVED_S = 20, 20
"""A program may wait for a processor this many times its own time, and so many seconds more. Then it is our trouble."""
_WAIT_S = 0.005
"""Between two looks at a program that may soon be late."""
_IDLE_S = 2.0
"""A program may wait so long in all, for anything but a processor, before that counts as its own time."""


class Clock:
    """It runs from `start` to `stop`; a second `start` counts what it says and starts it anew."""

    def __init__(self, process: Standby) -> None:
        self._process, self._limits = process, process.limits
        self.active_s = 0.0
        """Own time that has been counted."""
        self.check_at = 0.0
        """When the program may be late."""
        self.crowded = False
        """Whether it has been seen with more than one process or thread."""
        self._started_at = self._ran_then = self._delay_then = 0.0
        self._idle_s = self._cpu_then = 0.0
        self._more_s = 0.0

    def start(self, more_s: float) -> None:
        """From now on the program has the time of a call, and `more_s` more."""
        now, times = time.monotonic(), self._times()
        if self._started_at:
            self._count(now, times)
        self._started_at, (self._ran_then, self._delay_then), self._more_s = now, times, more_s
        self.check_at = now + self._allowed_s()
        self._cpu_then = census.cpu_s() if self.crowded else 0.0

    def stop(self) -> None:
        """Count what it says."""
        self._count(time.monotonic(), self._times())
        self._started_at = 0.0

    def look(self, now: float) -> str:
        """Whether the program is late: `timeout`, `starved` where it got no processor for long, else nothing.

        One that waits for a processor is not late: the kernel counts a wait only when it is over.
        """
        times = self._times()
        own_s, _ = self._own_time(now, times)
        allowed_s = self._allowed_s()
        left_s = allowed_s - own_s
        computed = times[0] - self._ran_then >= allowed_s
        if left_s <= 0 and (computed or self.crowded or not census.is_running(self._process.pid)):
            return "timeout"
        if now - self._started_at > allowed_s * STARVED_FACTOR + STARVED_S:
            return "starved"
        self.check_at = now + max(_WAIT_S, left_s / (CROWDED_FACTOR if self.crowded else 1))
        return ""

    def _allowed_s(self) -> float:
        """Own time that may pass before the next answer, or the next look at answers."""
        return float(min(self._limits.call_s, self._limits.program_s - self.active_s)) + self._more_s

    def _count(self, now: float, times: tuple[float, float]) -> None:
        own_s, idle_s = self._own_time(now, times)
        self.active_s += own_s
        self._idle_s += idle_s

    def _own_time(self, now: float, times: tuple[float, float]) -> tuple[float, float]:
        """Seconds since the start that count, and those in which it neither ran nor waited for a processor.

        The latter count once there have been `_IDLE_S` of them in all: what else keeps a program, such as a page that
        is read, is not told apart from sleeping.
        """
        ran, delay_s = times
        ran -= self._ran_then
        idle_s = max(0.0, now - self._started_at - (delay_s - self._delay_then) - ran)
        own_s = ran + max(0.0, self._idle_s + idle_s - _IDLE_S) - max(0.0, self._idle_s - _IDLE_S)
        if self.crowded:
            own_s = max(own_s, census.cpu_s() - self._cpu_then, (now - self._started_at) / CROWDED_FACTOR)
        return own_s, idle_s

    def _times(self) -> tuple[float, float]:
        """Seconds that the program's first thread has run, and has been ready to run but waiting for a processor."""
        if self._process.delay_fd is None:
            return 0.0, 0.0
        try:
            ran, delayed, _ = os.pread(self._process.delay_fd, 200, 0).split()
        except (OSError, ValueError):
            return self._ran_then, self._delay_then
        return int(ran) / 1e9, int(delayed) / 1e9
