"""The host's handle on one worker process: start it, talk to it without ever blocking, look at it, end it.

What to send, whom to blame and when to kill is the pool's to decide (`pool.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from typing import TypeAlias, cast

from pidistill.verify.clock import Clock
from pidistill.verify.frames import FrameBuffer, decode_plain, encode
from pidistill.verify.opener import Opener
from pidistill.verify.worker import Row

_READ_BYTES = 1 << 20
_LOG_BYTES = 1 << 20
"""What a verifier prints is cut back to nothing when it grows past this."""
_TAIL_BYTES = 4096
_KILL_WAIT_S = 30.0
_EXIT_POLL_S = 0.005
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

BOOT = (
    "import sys; fds, sys.path[:], sys.argv[1:] = sys.argv[1:5], sys.argv[5:], []; "
    "from pidistill.verify.worker import main; main(*map(int, fds))"
)
"""Run by a bare interpreter, so the caller's `__main__` (script, notebook, REPL) is never imported again."""

Message: TypeAlias = "tuple[str, str, bool] | tuple[str, str] | list[Row]"
"""What a worker sends, see `worker.py`."""


class WorkerProcess:
    """One worker. The pool keeps its bookkeeping of what is in flight here, too."""

    def __init__(self, opener: Opener) -> None:
        """Start the process; it opens its verifier in its own time and then sends `ready` or `failed`."""
        self.inflight: dict[int, list[int]] = {}
        """Item index -> all indices of its group (one problem in one batch), in the order sent."""
        self.batch_ends: deque[int] = deque()
        """Index of the last item of each batch sent and not yet wholly answered."""
        self.judged = 0
        """Verdicts given since the start."""
        self.sent = 0
        """Submissions sent since the start."""
        self.resident_mb = 0.0
        """Resident size in MiB when last looked at."""
        self.ready = False
        self.judges_ahead = False
        self.stream_ended_at: float | None = None
        """When its results stream ended; the process itself ends a moment later."""
        opening = encode(opener)
        self._outgoing: deque[memoryview] = deque()
        self._buffer = FrameBuffer()
        requests_read, self.requests = os.pipe()
        self.results, results_write = os.pipe()
        life_read, self._life = os.pipe()
        self.clock, clock_fd = Clock.create()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        fcntl.fcntl(self._log, fcntl.F_SETFL, fcntl.fcntl(self._log, fcntl.F_GETFL) | os.O_APPEND)
        theirs = (requests_read, results_write, clock_fd, life_read)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", BOOT, *map(str, theirs), *(path or os.getcwd() for path in sys.path)],
                pass_fds=theirs,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                env=_environment(),
                start_new_session=True,
            )
        finally:
            for fd in theirs:
                os.close(fd)
        self.pid = self._process.pid
        self._statm = _open_statm(self.pid)
        os.set_blocking(self.requests, False)
        os.set_blocking(self.results, False)
        self._outgoing.append(memoryview(opening))
        self.flush()

    # --- Talking ----------------------------------------------------------------------------------------------------

    def send(self, value: object) -> None:
        """Queue `value` as a frame and write what the pipe takes now."""
        self._outgoing.append(memoryview(encode(value)))
        self.flush()

    def flush(self) -> None:
        """Write what the pipe takes now. A worker that is gone is noticed elsewhere."""
        try:
            while self._outgoing:
                rest = self._outgoing[0][os.write(self.requests, self._outgoing[0]) :]
                if rest:
                    self._outgoing[0] = rest
                else:
                    self._outgoing.popleft()
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._outgoing.clear()

    @property
    def wants_to_write(self) -> bool:
        return bool(self._outgoing)

    def receive(self) -> tuple[list[Message], bool]:
        """(messages that have arrived whole, whether the stream has ended)."""
        try:
            piece = os.read(self.results, _READ_BYTES)
        except BlockingIOError:
            return [], False
        return self._messages(piece), not piece

    def last_messages(self) -> list[Message]:
        """All that a dead worker has still sent."""
        messages: list[Message] = []
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self.results, _READ_BYTES):
                messages += self._messages(piece)
        return messages

    def _messages(self, piece: bytes) -> list[Message]:
        try:
            return [cast(Message, decode_plain(body)) for body in self._buffer.feed(piece)]
        except pickle.UnpicklingError as error:
            raise AssertionError(f"worker {self.pid} broke the protocol: {error}") from error

    # --- Looking ----------------------------------------------------------------------------------------------------

    def has_exited(self) -> bool:
        """Whether the process has ended. It is not reaped, so its process group can still be named."""
        if self._process.returncode is not None:
            return True
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def measure(self) -> float:
        """Resident size in MiB, 0 where the system does not tell; also keeps the log short."""
        with contextlib.suppress(OSError):
            if os.fstat(self._log.fileno()).st_size > _LOG_BYTES:
                os.ftruncate(self._log.fileno(), 0)
        if self._statm is not None:
            with contextlib.suppress(OSError, IndexError):
                self.resident_mb = int(os.pread(self._statm, 200, 0).split()[1]) * _PAGE_BYTES / (1 << 20)
        return self.resident_mb

    def log_tail(self) -> str:
        """The last lines that the worker wrote to its standard output or error."""
        size = os.fstat(self._log.fileno()).st_size
        tail = os.pread(self._log.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES)).decode("utf-8", "replace")
        return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in tail).strip()

    def ending(self) -> str:
        """How the process ended, for a person. Only after `kill`."""
        code = self._process.returncode
        if code >= 0:
            return f"the worker exited with status {code}"
        name = signal.Signals(-code).name if -code in {s.value for s in signal.Signals} else f"signal {-code}"
        return f"the worker was ended by {name}" + (" (out of memory?)" if -code == signal.SIGKILL else "")

    # --- Ending -----------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Ask the worker to close its verifier and exit, once it has read what was sent."""
        if self.requests >= 0:
            os.close(self.requests)
            self.requests = -1

    def kill(self) -> None:
        """End the process and its group now, and reap it."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait(_KILL_WAIT_S)

    def close(self) -> None:
        """Kill, and free every descriptor. May be called twice."""
        if self._life < 0:
            return
        try:
            self.kill()
        finally:
            self.finish()
            for fd in (self.results, self._life, self._statm):
                if fd is not None:
                    os.close(fd)
            self._life = -1
            self._log.close()
            self.clock.close()


def end_all(workers: list[WorkerProcess], grace_s: float) -> None:
    """Let every worker close its verifier, kill those that take longer than `grace_s` seconds, and free all."""
    try:
        for worker in workers:
            worker.finish()
        deadline = time.monotonic() + grace_s
        for worker in workers:
            while worker.ready and not worker.has_exited() and time.monotonic() < deadline:
                time.sleep(_EXIT_POLL_S)
    finally:
        for worker in workers:
            worker.close()


def _open_statm(pid: int) -> int | None:
    try:
        return os.open(f"/proc/{pid}/statm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _environment() -> dict[str, str]:
    """The host's, with what makes verdicts repeatable (set order) and workers good neighbours (one thread each)."""
    return {"OMP_NUM_THREADS": "1", **os.environ, "PYTHONHASHSEED": "0"}
