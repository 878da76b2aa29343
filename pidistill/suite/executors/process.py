"""The host's handle on one process that runs cells: start it, give it a job, hear what came of it, end it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pidistill.suite.executors.job import Job, Result
from pidistill.verify.frames import FrameBuffer, decode_plain, encode

BOOT = (
    "import sys; fds, sys.path[:], sys.argv[1:] = sys.argv[1:4], sys.argv[4:], []; "
    "from pidistill.suite.executors.worker import main; main(*map(int, fds))"
)
"""Run by a bare interpreter, so that the caller's `__main__` is never imported again."""
_TAIL_BYTES = 4096
_KILL_WAIT_S = 30.0
_EXIT_WAIT_S = 10.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class CellProcess:
    """A process for cells of one group. It leads a session of its own and ends with its host."""

    def __init__(self, first: Job, environment: Mapping[str, str], memory_mb: int = 0) -> None:
        """Start the process; `start` gives it a job. `memory_mb`: what it may take, 0 where there is no limit."""
        self.group = first.group
        self.job: Job | None = None
        self.ran = 0
        """Jobs that it was given."""
        self._memory_mb = memory_mb
        self._too_large = 0.0
        self._buffer = FrameBuffer()
        requests_read, self._requests = os.pipe()
        self._results, results_write = os.pipe()
        life_read, self._life = os.pipe()
        theirs = (requests_read, results_write, life_read)
        first.log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with first.log.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", BOOT, *map(str, theirs), *(path or os.getcwd() for path in sys.path)],
                    pass_fds=theirs, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(environment),
                    cwd=first.cwd if first.cwd.is_dir() else None, start_new_session=True,
                )  # fmt: skip
        finally:
            for fd in theirs:
                os.close(fd)
        self.pid = self._process.pid

    def start(self, job: Job) -> None:
        """Give it a job. It must be idle."""
        assert self.job is None and job.group == self.group
        self.job = job
        self.ran += 1
        with contextlib.suppress(BrokenPipeError):  # it is gone, which `result` says
            body = memoryview(encode(job))
            while body:
                body = body[os.write(self._requests, body) :]

    def fileno(self) -> int:
        """Readable when there may be a result."""
        return self._results

    def result(self) -> Result | None:
        """What came of the job, once `fileno` is readable; None where there is more to wait for."""
        assert self.job is not None
        piece = os.read(self._results, 1 << 20)
        bodies = self._buffer.feed(piece)
        if bodies:
            told: Any = decode_plain(bodies[0])
            return self._done(told["status"], told.get("reason", ""), told.get("facts", {}))
        if piece:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_WAIT_S)  # the stream ends a moment before the process says how it ended
        return self.end()

    def end(self) -> Result:
        """End the process, and say what that means for its job."""
        job = self.job
        assert job is not None
        self.close()
        code = self._process.returncode
        if self._too_large:
            reason = (
                f"Its process took {self._too_large:,.0f} MiB of the {self._memory_mb:,} that needs.memory_mb allows."
            )
            return self._done("lost", reason, {})
        if code < 0:
            known = {s.value: s.name for s in signal.Signals}
            reason = f"Its process was ended by {known.get(-code, f'signal {-code}')}"
            return self._done("lost", reason + (" (out of memory?)." if -code == signal.SIGKILL else "."), {})
        return self._done("failed", last_line(job.log) or f"Its process exited with status {code}.", {})

    def check_memory(self) -> Result | None:
        """End the process where it takes more than it may."""
        if not self._memory_mb or self.job is None:
            return None
        with contextlib.suppress(OSError, IndexError, ValueError):
            pages = int(Path(f"/proc/{self.pid}/statm").read_bytes().split()[1])
            if (taken := pages * _PAGE_BYTES / (1 << 20)) > self._memory_mb:
                self._too_large = taken
                return self.end()
        return None

    def close(self) -> None:
        """Kill the process and its group, and free every descriptor. May be called twice."""
        if self._life < 0:
            return
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(_KILL_WAIT_S)
        for fd in (self._requests, self._results, self._life):
            os.close(fd)
        self._life = -1

    @property
    def closed(self) -> bool:
        """Whether it was ended."""
        return self._life < 0

    def _done(self, status: Any, reason: str, facts: Mapping[str, Any]) -> Result:
        job, self.job = self.job, None
        assert job is not None
        return Result(job, status, reason, facts, alone=self.ran == 1)


def last_line(log: Path) -> str:
    """The last line of a log that says something: of a traceback, the error."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    text = lines[-1] if lines and not lines[-1].startswith("--- ") else ""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)[:400]
