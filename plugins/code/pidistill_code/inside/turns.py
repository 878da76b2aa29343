"""Turns at the one line to the tests, for a program whose threads call functions of the tests.

The two sides speak in turn, and what is asked is answered in the order of a stack: while a request of the tests is
served, whoever of the program's threads comes first may ask something of the tests, and the others wait until that is
answered; what the tests ask meanwhile is served by the thread that waits for them, and it answers only when nothing
that was asked later is open. So a thread that is still asking when the function that has started it returns is waited
for.
"""

from __future__ import annotations

import _thread
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Whose turn it is. Made of a plain lock, since `threading` may not be loaded, and takes long to."""

    def __init__(self) -> None:
        self._line = _thread.allocate_lock()
        """Held by the thread that has sent something and waits for what comes, and while it is the tests' turn."""
        self._line.acquire()
        self._open: list[object] = []
        """Requests of the tests that are being served, the latest last."""
        self._changed = _thread.allocate_lock()
        self._waiting: list[_thread.LockType] = []

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While a thread sends something and waits."""
        self._line.acquire()
        try:
            yield
        finally:
            self._line.release()

    @contextmanager
    def serving(self) -> Iterator[None]:
        """While a request of the tests is served: others may ask meanwhile, and the answer goes out in its turn."""
        mine = object()
        self._open.append(mine)
        self._line.release()
        try:
            yield
        finally:
            self._close(mine)

    def _close(self, mine: object) -> None:
        """Wait until `mine` is the latest request that is open, and hold the line."""
        while True:
            self._line.acquire()
            if self._open[-1] is mine:
                self._open.pop()
                self._wake()
                return
            ready = _thread.allocate_lock()
            ready.acquire()
            with self._changed:
                self._waiting.append(ready)
            self._line.release()
            ready.acquire()

    def _wake(self) -> None:
        with self._changed:
            waiting, self._waiting = self._waiting, []
        for ready in waiting:
            ready.release()
