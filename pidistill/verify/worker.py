"""The worker process: opens the verifier, then judges what the host sends, one submission after the other.

The verifier runs on the main thread, because verifiers may use SIGALRM. Frames travel on descriptors of their own;
descriptors 1 and 2 lead to a log that only the host reads, so whatever a verifier prints cannot corrupt them. Budgets
are the host's business: the worker notes on the shared page what it works on (`clock.py`) and may be killed any time.

Host to worker: the opener, then batches `[(pickled problem, tickets, completions), ...]` until end of file.
Worker to host: `("ready", identity, judges_ahead)` or `("failed", traceback)`, then lists of rows, see `Row`.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from pidistill.contracts import Verifier
from pidistill.errors import PidistillError
from pidistill.records import Problem, Status, Verdict
from pidistill.verify import guard
from pidistill.verify.clock import Clock
from pidistill.verify.frames import encode, read_frame
from pidistill.verify.wrappers import judges_ahead

Row: TypeAlias = tuple[int, float, str, float, str | None, str, str, float, str]
"""ticket, seconds measured here, then the verdict: status, score, answer, reason, diagnostics, seconds, verifier."""

_FLUSH_S = 0.02
"""Rows wait at most this long for company."""
_FLUSH_CHARACTERS = 1 << 18


class Outbox:
    """Rows on their way to the host, sent in frames of several."""

    def __init__(self, fd: int, clock: Clock) -> None:
        self._fd = fd
        self._clock = clock
        self._rows: list[Row] = []
        self._characters = 0
        self._sent_at = time.monotonic()

    def add(self, row: Row, now: float) -> None:
        self._rows.append(row)
        self._characters += len(row[4] or "") + len(row[5]) + len(row[6])
        if now - self._sent_at > _FLUSH_S or self._characters > _FLUSH_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        self._clock.stop()  # waiting for the host to read is nobody's working time
        if self._rows:
            self.send(self._rows)
        self._rows, self._characters, self._sent_at = [], 0, time.monotonic()

    def send(self, value: object) -> None:
        view = memoryview(encode(value))
        while view:
            view = view[os.write(self._fd, view) :]


def row_of(verdict: object, ticket: int, seconds: float, identity: str) -> Row:
    """The verdict as plain values. Raises `TypeError` where a verifier gave something that is not quite a verdict."""
    if not isinstance(verdict, Verdict):
        raise TypeError(f"the verifier gave a {type(verdict).__name__}, not a Verdict")
    texts = (verdict.answer, verdict.reason, verdict.diagnostics, verdict.verifier)
    if not all(isinstance(text, str) for text in texts[1:]) or not isinstance(texts[0], str | None):
        wrong = ", ".join(type(text).__name__ for text in texts if not isinstance(text, str | None))
        raise TypeError(f"the verdict's texts hold {wrong or 'None'}, not str")
    answer, reason, diagnostics, verifier = (text if text is None else str(text) for text in texts)
    status = Status(verdict.status).value
    score, own_seconds = float(verdict.score), float(verdict.seconds)
    return (
        ticket,
        seconds,
        status,
        score,
        answer,
        reason or "",
        diagnostics or "",
        own_seconds or seconds,
        verifier or identity,
    )


def error_row(reason: str, ticket: int, seconds: float, identity: str) -> Row:
    """The row of a verdict ERROR."""
    return (ticket, seconds, Status.ERROR.value, 0.0, None, reason, "", seconds, identity)


def reason_of(error: BaseException) -> str:
    """One line: the last line of the traceback, and where it was raised."""
    last = traceback.format_exception_only(error)[-1].strip().replace("\n", " ")[:500]
    last = last.encode("utf-8", "backslashreplace").decode()  # a reason is printed
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return last
    code = frame.tb_frame.f_code
    return f"{last} (in {code.co_name}, {code.co_filename}:{frame.tb_lineno})"


class Bench:
    """Where submissions are judged: a verifier, the page it is timed on, and the way out."""

    def __init__(self, verifier: Verifier, clock: Clock, outbox: Outbox) -> None:
        self.verifier = verifier
        self.identity = verifier.identity
        self.judges_ahead = judges_ahead(verifier)
        self.clock = clock
        self.outbox = outbox

    def judge(self, pickled: bytes, tickets: Sequence[int], completions: Sequence[str]) -> None:
        """One row per ticket, whatever the verifier does short of ending the process.

        After an exception the rest is judged by a new call of `verify_many`; where the verifier works ahead the
        submission itself is first judged again alone, because the exception may be another one's.
        """
        position, alone = 0, False
        verdicts: Iterator[Verdict] | None = None
        while position < len(tickets):
            ticket = tickets[position]
            self.clock.start(ticket)
            try:
                if verdicts is None:
                    problem: Problem = pickle.loads(pickled)
                    verdicts = self._verdicts(problem, completions[position : position + 1 if alone else None])
                verdict = next(verdicts, None)
                if not self.judges_ahead:
                    signal.setitimer(signal.ITIMER_REAL, 0)  # a forgotten alarm must not hit the next submission
                row = row_of(verdict, ticket, self.clock.used_s(), self.identity)
            except BaseException as error:  # noqa: BLE001 - a plugin boundary, and SystemExit is trouble, too
                used_s, verdicts = self.clock.used_s(), None
                signal.setitimer(signal.ITIMER_REAL, 0)
                if self.judges_ahead and not alone and len(tickets) > 1:
                    alone = True
                    continue
                row = error_row(reason_of(error), ticket, used_s, self.identity)
            if alone:
                verdicts = None
            position += 1
            self.outbox.add(row, time.monotonic())
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _verdicts(self, problem: Problem, completions: Sequence[str]) -> Iterator[Verdict]:
        return iter(self.verifier.verify_many(problem, completions))


def serve(requests_fd: int, results_fd: int, clock_fd: int) -> int:
    """Judge until the host closes its end. Returns the exit status."""
    clock = Clock(clock_fd)
    clock.adopt()
    os.close(clock_fd)
    outbox = Outbox(results_fd, clock)
    with open(requests_fd, "rb", buffering=1 << 16) as requests:
        opener = read_frame(requests)
        if opener is None:
            return 0
        try:
            bench = Bench(pickle.loads(opener).open(), clock, outbox)
        except PidistillError as error:
            outbox.send(("failed", " ".join(f"{error.message} {error.hint}".split())))
            return 1
        except BaseException:  # noqa: BLE001 - a plugin boundary: the host raises VerifierError
            outbox.send(("failed", traceback.format_exc()))
            return 1
        gc.collect()
        gc.freeze()  # what opening has made stays; the collector need not look at it again and again
        outbox.send(("ready", bench.identity, bench.judges_ahead))
        while (batch := read_frame(requests)) is not None:
            for pickled, tickets, completions in pickle.loads(batch):
                bench.judge(pickled, tickets, completions)
            outbox.flush()
    bench.verifier.close()
    return 0


def main(requests_fd: int, results_fd: int, clock_fd: int, life_fd: int) -> None:
    """Entry point of the process, called by the command line that `process.py` makes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the host, which then ends the workers
    guard.die_with_host(life_fd)
    guard.die_first()
    faulthandler.enable()  # a segmentation fault then says where, in the log that the host reads
    for fd in (requests_fd, results_fd, clock_fd):
        os.set_inheritable(fd, False)
    try:
        status = serve(requests_fd, results_fd, clock_fd)
    except BrokenPipeError:
        status = 1
    sys.exit(status)
