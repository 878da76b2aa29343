"""The workers of a pool: who is there, who is on the way out, and the selector that wakes the host for them.

Starting, retiring and ending processes is done here; what they are sent and when one must be killed is the pool's.
"""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Iterator
from typing import cast

from pidistill.verify.opener import Opener
from pidistill.verify.process import WorkerProcess, end_all

CLOSE_GRACE_S = 5.0
"""How long a worker may take to close its verifier."""


class Crew:
    """Live workers, and those that were asked to go."""

    def __init__(self, opener: Opener) -> None:
        self.opener = opener
        self.live: list[WorkerProcess] = []
        self._leaving: list[WorkerProcess] = []
        self._selector = selectors.DefaultSelector()
        self._owner_pid = os.getpid()

    def hire(self) -> None:
        """Start a worker. It is not ready before it has said so."""
        worker = WorkerProcess(self.opener)
        self.live.append(worker)
        worker.clock.start(0)  # when it began to open its verifier
        self._selector.register(worker.results, selectors.EVENT_READ, worker)

    def retire(self, worker: WorkerProcess) -> None:
        """Let an idle worker close its verifier and go, without waiting for it."""
        self._forget(worker)
        worker.finish()
        worker.clock.start(0)  # when it was asked to go
        self._leaving.append(worker)

    def dismiss(self, worker: WorkerProcess) -> None:
        """End a worker now."""
        self._forget(worker)
        worker.close()

    def wait(self, timeout_s: float) -> Iterator[WorkerProcess]:
        """Wait until something happens, at most `timeout_s`; yield the workers that have sent something or ended."""
        for key, _ in self._selector.select(timeout_s):
            worker = cast(WorkerProcess, key.data)
            if worker not in self.live:
                continue
            if key.fd == worker.results:
                yield worker
            else:
                worker.flush()
                self.watch_writing(worker)

    def watch_writing(self, worker: WorkerProcess) -> None:
        """To be called after a worker was sent something: the rest is written when its pipe takes it."""
        watched = worker.requests in self._selector.get_map()
        if worker.wants_to_write and not watched:
            self._selector.register(worker.requests, selectors.EVENT_WRITE, worker)
        elif watched and not worker.wants_to_write:
            self._selector.unregister(worker.requests)

    def stop_listening(self, worker: WorkerProcess) -> None:
        """Its results stream has ended."""
        worker.stream_ended_at = time.monotonic()
        self._selector.unregister(worker.results)

    def see_off(self) -> None:
        """Free workers that have gone, and kill those that were asked to go and do not."""
        now = time.monotonic()
        for worker in [w for w in self._leaving if w.has_exited() or now - w.clock.read()[1] > CLOSE_GRACE_S]:
            self._leaving.remove(worker)
            worker.close()

    def close(self) -> None:
        """End everybody: the idle may close their verifiers, the busy are killed. Done by nobody but the owner."""
        if os.getpid() != self._owner_pid:  # a forked copy of the host must not end the host's workers
            return
        self._selector.close()
        workers = [*self.live, *self._leaving]
        self.live.clear()
        self._leaving.clear()
        for worker in workers:
            if worker.inflight:
                worker.kill()
        end_all(workers, CLOSE_GRACE_S)

    def _forget(self, worker: WorkerProcess) -> None:
        self.live.remove(worker)
        for fd in (worker.results, worker.requests):
            if fd in self._selector.get_map():
                self._selector.unregister(fd)
