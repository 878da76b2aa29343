"""One Node process that runs the trusted Lean program: requests in, replies out, its time and its memory.

`worker.js` says how the process puts its memory back after a request. This module starts it, asks it one thing at a
time, and counts the time that its main thread has computed, so that other work on the machine makes no proof slow. What
the requests mean, and when a process is replaced, is left to `wasm.py`.
"""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from pidistill.errors import VerifierError
from pidistill_lean import setup
from pidistill_lean.protocol import LeanDied, LeanTimeout
from pidistill_lean.runtimes import program

WALL_FACTOR = 10.0
"""A request may take this much of its budget by the wall clock: a process that waits for its turn is not slow."""
STILL_S = 3.0
"""A process that rests for this long, and its budget, waits for what will not come."""
_RESTING = 0.5
"""It rests where its threads compute, or wait for their turn, for less than this part of the time. Asleep it is 0.1."""
INTERRUPT_LIMIT_S = 5.0
"""For a process to stop with what it computes: it does so at the next turn of whatever loop it is in."""
_AGAIN_S = 0.5
"""After which it is told to stop once more: where it had not begun when it was told, it has not heard it."""
REST_LIMIT_S = 90.0
"""For a process to come to rest behind an answer; it gives up by itself before that."""
_TAIL_BYTES = 4000
_LONGEST_REPLY = 64 << 20


class NotPutBackError(LeanDied):
    """The process could not be made as new after the request before; another one may be asked the same."""


class AskedInVainError(NotPutBackError):
    """The request was ended by an interrupt for the one before, which had just been answered. It may be asked again."""


class Process:
    """A Lean that answers requests. `state` says what became of its memory after the last one."""

    def __init__(self, node: Path, installation: setup.Installation) -> None:
        self.memory_bytes = 0
        self.asked = 0
        """Requests, since it was last set to 0."""
        self._answered = True
        """Whether it is ready for a request."""
        self._wanted = "clean"
        """What it says when it is, behind its answer to the last one."""
        self._behind: str | None = None
        """What it has yet to say before its answer."""
        self._lost = False
        """Whether it has said that its memory could neither be put back nor kept."""
        self._before = 0.0
        """Its processor time when the last request was sent."""
        folder = program.compiled(node, installation)
        try:
            self.popen = subprocess.Popen(
                program.command(node, installation, folder, "-j1", "--run", "/program/Main.lean"),
                env=program.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise VerifierError(f"Node does not start: {error}", f"Try: {setup.SETUP_COMMAND}") from error
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._tail = b""
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read, self._drain)]
        for thread in self._threads:
            thread.start()

    def wait_until_ready(self, limit_s: float) -> None:
        """Wait for the program's start. Raises `LeanTimeout` and `LeanDied`."""
        self._expect("ready", time.monotonic() + limit_s)

    def usable(self, limit_s: float = REST_LIMIT_S) -> bool:
        """Whether it can be asked: it lives, and its memory was put back, or kept, after the last request."""
        if self._lost or self.popen.poll() is not None:
            return False
        if not self._answered:
            try:
                self._expect(self._wanted, time.monotonic() + limit_s)
            except LeanTimeout:
                return False
            except LeanDied:
                self._lost = True
                return False
            self._answered = True
        return True

    def may_be_asked(self) -> bool:
        """Whether nothing is known against it yet: what it is asked before it is `usable` it reads when it is."""
        return self.usable(0.0) or not (self._lost or self.popen.poll() is not None)

    def learns(self, request: dict[str, Any], limit_s: float) -> bool:
        """Whether the process has learnt, from a request of our own, how its threads rest, and so can put memory back.

        Where it has not, it kept what it did, and may be asked to again. Raises `LeanTimeout` and `LeanDied`.
        """
        self.ask(request, limit_s, letter="L")
        try:
            word, _ = self._next(REST_LIMIT_S)
        except queue.Empty:
            raise LeanTimeout("its threads do not come to rest") from None
        if word not in ("clean", "again"):
            raise LeanDied(f"its memory cannot be put back: {self.last_words()}")
        self._answered = True
        return word == "clean"

    def ask(
        self, request: dict[str, Any], budget_s: float, *, keep: bool = False, letter: str = "R"
    ) -> tuple[dict[str, Any], float]:
        """The reply to one request, and the seconds of processor time that it took; `keep` keeps what it did.

        Raises `LeanTimeout` where the budget is used up, `LeanDied` where Lean ended, `NotPutBackError` where it could
        not be made as new and has not read the request, and `AskedInVainError` where another one ended it.
        """
        self.begin(request, keep=keep, letter=letter)
        return self.finish(budget_s)

    def begin(self, request: dict[str, Any], *, keep: bool = False, letter: str = "R") -> None:
        """Send a request, and leave the reply to `finish`, which must be the next that it is asked.

        One that has yet to be put back, or kept, reads the request when it has been.
        """
        self._behind = None if self._answered else self._wanted
        line = json.dumps(request, ensure_ascii=False).encode("utf-8", "replace")
        self._before = self.processor_s()
        self.asked += 1
        self._answered, self._wanted = False, "kept" if keep else "clean"
        assert self.popen.stdin is not None
        try:
            self.popen.stdin.write(("K" if keep else letter).encode() + b" " + line + b"\n")
            self.popen.stdin.flush()
        except OSError as error:
            raise (LeanDied if self._behind is None else NotPutBackError)(self._epitaph()) from error

    def finish(self, budget_s: float) -> tuple[dict[str, Any], float]:
        """The reply to the request that was begun, as `ask` gives it."""
        behind, self._behind = self._behind, None
        if behind is not None:
            try:
                self._expect(behind, time.monotonic() + REST_LIMIT_S)
            except (LeanDied, LeanTimeout) as error:
                self._lost = True
                raise NotPutBackError(str(error)) from error
            self._before = self.processor_s()  # what it took to put memory back is nobody's
        _, text = self._reply(self._before, budget_s)
        try:
            reply = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise LeanDied(f"Lean's reply cannot be read: {error}") from error
        if not isinstance(reply, dict):
            raise LeanDied("Lean's reply is no object")
        if reply.get("event") == "interrupted":
            raise AskedInVainError("it was interrupted")
        if reply.get("event") != "done":
            raise LeanDied(f"Lean gave up on the request: {str(reply.get('text', ''))[:300]}")
        return reply, max(0.0, self.processor_s() - self._before)

    def interrupted(self) -> bool:
        """End what it computes, of which the answer has not come; whether it has stopped. Then it may be asked again.

        What the request did is put back, as after an answer. A request whose work is kept cannot be interrupted.
        """
        if self._wanted != "clean":
            return False
        deadline = time.monotonic() + INTERRUPT_LIMIT_S
        while time.monotonic() < deadline:
            self.popen.send_signal(signal.SIGINT)
            try:
                self._expect("answer", min(deadline, time.monotonic() + _AGAIN_S))
            except LeanTimeout:
                continue
            except LeanDied:
                break
            return True  # also where it is that of the request, which had just been ready
        self._lost = True
        return False

    def told(self) -> bool:
        """Whether the reply to what was begun, or what followed the last one, is there to be read."""
        return self._lines.qsize() > (self._behind is not None)

    def processor_s(self) -> float:
        """Seconds that the main thread has computed, which is where Lean runs; compiling is done by others."""
        pid = self.popen.pid
        try:
            return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9
        except (OSError, ValueError, IndexError):
            return time.monotonic()  # where there is no such file, the wall clock has to do

    def _active_s(self) -> float:
        """Seconds that its threads have computed or waited for their turn, which is what they do on a busy machine."""
        total = 0
        try:
            for thread in Path(f"/proc/{self.popen.pid}/task").iterdir():
                with contextlib.suppress(OSError):  # it has just ended
                    computed, waited, *_ = (thread / "schedstat").read_text().split()
                    total += int(computed) + int(waited)
        except (OSError, ValueError):
            return time.monotonic()
        return total / 1e9

    def last_words(self) -> str:
        """The last line that it wrote to its standard error."""
        lines = self._tail.decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def end(self) -> None:
        """Kill it and wait until it is gone."""
        self.popen.kill()
        self.popen.wait()
        for thread in self._threads:
            thread.join(timeout=10)
        for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                pass  # bytes that could not be written any more

    def _reply(self, before: float, budget_s: float) -> tuple[str, bytes]:
        began = time.monotonic()
        wait_s = budget_s
        active, since = self._active_s(), began
        while True:
            try:
                return self._next(wait_s)
            except queue.Empty:
                pass
            now, used, busy = time.monotonic(), self.processor_s(), self._active_s()
            if busy - active >= _RESTING * (now - since):
                active, since = busy, now
            if used - before >= budget_s or now - began >= WALL_FACTOR * budget_s or now - since >= budget_s + STILL_S:
                raise LeanTimeout(f"no answer within {budget_s:g} s")
            wait_s = min(max(0.02, budget_s - (used - before)), 1.0)

    def _expect(self, wanted: str, deadline: float) -> None:
        try:
            word, _ = self._next(max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise LeanTimeout(f"not {wanted} in time") from None
        if word != wanted:
            raise LeanDied(f"it is {word!r}, not {wanted!r}")

    def _next(self, wait_s: float) -> tuple[str, bytes]:
        raw = self._lines.get(timeout=wait_s)
        if raw is None:
            raise LeanDied(self._epitaph())
        memory, _, rest = raw.removeprefix(b"@@").partition(b" ")
        word, _, text = rest.partition(b" ")
        self.memory_bytes = int(memory) if memory.isdigit() else 0
        return word.decode("ascii", "replace"), text

    def _read(self) -> None:
        assert self.popen.stdout is not None
        while line := self.popen.stdout.readline(_LONGEST_REPLY):
            if line.startswith(b"@@"):  # all else is the build's own chatter
                self._lines.put(line)
        self._lines.put(None)

    def _drain(self) -> None:
        assert self.popen.stderr is not None
        for line in self.popen.stderr:
            self._tail = (self._tail + line)[-_TAIL_BYTES:]

    def _epitaph(self) -> str:
        try:
            code: int | None = self.popen.wait(timeout=10)
        except subprocess.TimeoutExpired:
            code = None
        self._threads[1].join(timeout=2)
        said = self.last_words()
        return f"the process ended with code {code}" + (f": {said}" if said else "")
