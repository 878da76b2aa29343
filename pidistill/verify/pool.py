"""The verification pool: every submission gets exactly one verdict, whatever the verifier or the candidate does.

Worker processes (`worker.py`) judge in batches; the host watches them from one thread and never blocks on any. One that
overruns the budget of time or memory on a submission is killed and that submission is a TIMEOUT; one that dies on a
submission makes it an ERROR; everything else the worker held is sent again. Who was at fault is read from the page that
the worker keeps (`clock.py`), not guessed. A verdict does not depend on order, batch or neighbours:

* a verifier with a `verify_many` of its own may be working on any completion of the group when it overruns or dies, so
  the group is judged again one by one before anyone is blamed;
* a worker may have been near its memory limit before, so a submission is blamed for memory only in a fresh worker;
* more than the budget is TIMEOUT, also where the verifier came back before the host looked.

Limits are enforced while somebody iterates over `verify`. Which verifier is opened is `opener.py`'s business, which
processes there are `crew.py`'s, what is sent next `schedule.py`'s; keeping verdicts is the store's.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from types import TracebackType
from typing import Self, cast

from pidistill.errors import UsageError, VerifierError
from pidistill.records import Problem, Status, Verdict
from pidistill.verify.crew import Crew
from pidistill.verify.opener import Opener
from pidistill.verify.process import Message, WorkerProcess
from pidistill.verify.schedule import Plan
from pidistill.verify.worker import Row

_TICK_S = 0.1
"""How often budgets are looked at; more often where the budget is under a second."""
_OPEN_ATTEMPTS = 3
"""Workers that may fail to open in a row before the verifier counts as broken."""
_EXIT_TICK_S = 0.005
"""How often a worker is looked at that has closed its results stream and is about to exit."""
_EXIT_S = 1.0
"""How long a worker may live after it has closed its results stream."""
_WORN_SHARE = 0.75
"""Between batches a worker above this share of its memory limit is replaced."""


class _End(Enum):
    """Why a worker is buried."""

    DIED = auto()
    SILENT = auto()
    """It lives, but has closed its results stream: something that it judged before, or judges now, did that."""
    BUDGET = auto()
    MEMORY = auto()
    STUCK = auto()
    """It has waited too long, off the clock, for something that is not the submission's."""


class VerifierPool:
    """Worker processes that judge submissions. Use it as a context manager, or call `close`.

    Workers start when there is work for them and stay for the next call. One `verify` runs at a time.
    """

    def __init__(
        self,
        opener: Opener,
        *,
        workers: int = 0,
        budget_s: float = 10.0,
        memory_mb: int = 4096,
        recycle_after: int = 20_000,
        open_timeout_s: float = 300.0,
    ) -> None:
        """`workers` 0 is one per core, at most 8; the other limits are those of `config.VerifyConfig`.

        `open_timeout_s` is how long a worker may take to open its verifier, in seconds.
        """
        if workers < 0 or recycle_after < 1 or not (budget_s > 0 and memory_mb > 0 and open_timeout_s > 0):
            raise UsageError(
                f"A verification pool cannot have workers={workers}, budget_s={budget_s}, memory_mb={memory_mb}, "
                f"recycle_after={recycle_after}, open_timeout_s={open_timeout_s}.",
                "Workers may be 0 (one per core); all others must be positive. See the [verify] table.",
            )
        self.opener = opener
        self.workers = workers or min(8, _cores())
        self.budget_s = budget_s
        self.memory_mb = memory_mb
        self.recycle_after = recycle_after
        self.open_timeout_s = open_timeout_s
        self._tick_s = min(_TICK_S, budget_s / 10)
        self._looked_at = 0.0
        self._identity: str | None = None
        self._open_failures = 0
        self._running = False
        self._crew = Crew(opener)
        self._finalizer = weakref.finalize(self, self._crew.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End all workers and what they started. Idle ones close their verifiers; busy ones are killed."""
        self._finalizer()

    # --- What callers use -------------------------------------------------------------------------------------------

    @property
    def identity(self) -> str:
        """Identity of the verifier, asked of the first worker. Raises `VerifierError` where it cannot be opened."""
        if self._identity is None:
            self._check_idle()
            nothing = Plan([], self.workers)
            while self._identity is None:
                if not self._crew.live:
                    self._crew.hire()
                self._step(nothing)
        return self._identity

    def verify(self, items: Sequence[tuple[Problem, str]]) -> Iterator[tuple[int, Verdict]]:
        """Yield (index into `items`, verdict), each index once, as the verdicts come in.

        Submissions of equal problem and completion are judged once. Raises `VerifierError` where the verifier cannot be
        opened, `UsageError` where another `verify` of this pool has not come to its end.
        """
        self._check_idle()
        self._running = True
        plan = Plan(items, self.workers)
        try:
            while not plan.done:
                self._check_open()
                self._staff(plan)
                for worker in self._crew.live:
                    self._feed(worker, plan)
                if not plan.verdicts:
                    self._step(plan)
                while plan.verdicts:
                    yield plan.verdicts.popleft()
        finally:
            self._running = False
            for worker in [w for w in self._crew.live if w.inflight]:  # the caller stopped early
                self._crew.dismiss(worker)

    def verify_all(self, items: Sequence[tuple[Problem, str]]) -> list[Verdict]:
        """The verdicts of `items`, in their order."""
        verdicts = dict(self.verify(items))
        return [verdicts[index] for index in range(len(items))]

    def _check_open(self) -> None:
        if not self._finalizer.alive:
            raise UsageError("This verification pool is closed.", "Open a new VerifierPool.")

    def _check_idle(self) -> None:
        self._check_open()
        if self._running:
            raise UsageError(
                "This verification pool is already verifying.",
                "Finish or close that iterator first, or open a second pool.",
            )

    # --- One turn ---------------------------------------------------------------------------------------------------

    def _staff(self, plan: Plan) -> None:
        """Replace workers that have done their share, and start as many as there is work for."""
        crew = self._crew
        idle = [w for w in crew.live if w.ready and not w.inflight]
        for worker in idle:
            if worker.has_exited():
                crew.dismiss(worker)
            elif self._is_worn(worker):
                crew.retire(worker)
        if plan.fresh and all(w.sent for w in crew.live):
            idle = [w for w in crew.live if w.ready and not w.inflight]
            if len(crew.live) >= self.workers and idle:
                crew.retire(idle[0])
            if len(crew.live) < self.workers:
                crew.hire()
        busy = sum(1 for w in crew.live if w.inflight)
        while len(crew.live) < min(self.workers, busy + plan.waiting):
            crew.hire()

    def _is_worn(self, worker: WorkerProcess) -> bool:
        used_up = worker.judged > 0 and worker.resident_mb > _WORN_SHARE * self.memory_mb
        return used_up or worker.sent >= self.recycle_after

    def _feed(self, worker: WorkerProcess, plan: Plan) -> None:
        if not worker.ready or len(worker.batch_ends) >= plan.depth or self._is_worn(worker):
            return
        batch = plan.take(fresh=worker.sent == 0, most=self.recycle_after - worker.sent)
        if not batch:
            return
        message = []
        for pickled, indices in batch:
            worker.inflight.update(dict.fromkeys(indices, indices))
            worker.sent += len(indices)
            message.append((pickled, [i + 1 for i in indices], [plan.items[i][1] for i in indices]))
        worker.batch_ends.append(batch[-1][1][-1])
        worker.send(message)
        self._crew.watch_writing(worker)

    def _step(self, plan: Plan) -> None:
        """Wait until something happens, at most one tick, and deal with it."""
        tick_s = _EXIT_TICK_S if any(w.stream_ended_at for w in self._crew.live) else self._tick_s
        for worker in self._crew.wait(tick_s):
            messages, ended = worker.receive()
            for message in messages:
                self._hear(worker, message, plan)
            if ended and worker in self._crew.live:
                self._crew.stop_listening(worker)
                tick_s = 0.0
        now = time.monotonic()
        if now - self._looked_at >= tick_s:
            self._looked_at = now
            for worker in list(self._crew.live):
                self._inspect(worker, now, plan)
            self._crew.see_off()

    def _hear(self, worker: WorkerProcess, message: Message, plan: Plan) -> None:
        if isinstance(message, list):
            for row in message:
                self._record(worker, row, plan)
        elif message[0] == "ready":
            _, identity, worker.judges_ahead = cast(tuple[str, str, bool], message)
            self._admit(worker, identity)
        else:
            self._count_open_failure(worker, message[1])

    def _admit(self, worker: WorkerProcess, identity: str) -> None:
        """A worker has opened its verifier."""
        name = f"The verifier of domain {self.opener.domain!r}"
        if self._identity not in (None, identity):
            self._crew.dismiss(worker)
            raise VerifierError(
                f"{name} opened as {identity}, and before as {self._identity}.",
                "Its fingerprint() must be the same in every process; or its files have changed since.",
            )
        if (size := worker.measure()) > self.memory_mb:
            self._crew.dismiss(worker)
            raise VerifierError(
                f"{name} takes {size:.0f} MiB before any work, above its limit of {self.memory_mb} MiB.",
                f"Try: --set verify.memory_mb={int(2 * size)}",
            )
        self._identity, worker.ready, self._open_failures = identity, True, 0

    def _record(self, worker: WorkerProcess, row: Row, plan: Plan) -> None:
        ticket, measured_s, status, score, answer, reason, diagnostics, seconds, verifier = row
        index = ticket - 1
        group = worker.inflight.pop(index)
        worker.judged += 1
        if index == worker.batch_ends[0]:
            worker.batch_ends.popleft()
        plan.note_seconds(measured_s)
        if measured_s <= self.budget_s:
            plan.finish(index, Verdict(Status(status), score, answer, reason, diagnostics, seconds, verifier))
        elif worker.judges_ahead and len(group) > 1:
            plan.put_back([index], alone=True)
        else:
            plan.finish(index, self._timeout(measured_s))

    # --- Budgets and deaths -----------------------------------------------------------------------------------------

    def _inspect(self, worker: WorkerProcess, now: float, plan: Plan) -> None:
        ticket, since = worker.clock.read()
        ended_s = 0.0 if worker.stream_ended_at is None else now - worker.stream_ended_at
        if worker.has_exited():
            self._bury(worker, _End.DIED, plan)
        elif ended_s > _EXIT_S:
            self._bury(worker, _End.SILENT, plan)
        elif worker.stream_ended_at is not None:
            return  # the process is about to end
        elif not worker.ready:
            if now - since + worker.clock.stopped_s() > self.open_timeout_s:
                self._bury(worker, _End.BUDGET, plan)
        elif worker.inflight:
            over_memory = worker.measure() > self.memory_mb
            if ticket and worker.clock.stopped_s() > self.open_timeout_s:
                self._bury(worker, _End.STUCK, plan)
            elif ticket and (over_memory or now - since > self.budget_s) and worker.clock.read() == (ticket, since):
                self._bury(worker, _End.MEMORY if over_memory else _End.BUDGET, plan)

    def _bury(self, worker: WorkerProcess, end: _End, plan: Plan) -> None:
        """End a worker that is dead or must die, and settle what it held."""
        now = time.monotonic()
        worker.kill()
        for message in worker.last_messages():
            self._hear(worker, message, plan)
        if worker not in self._crew.live:  # its last words were that it cannot open its verifier
            return
        if not worker.ready:
            slow = f" after more than {self.open_timeout_s:g} s of opening" if end is _End.BUDGET else ""
            self._count_open_failure(worker, f"{worker.log_tail()}\n{worker.ending()}{slow}")
            return
        ticket, since = worker.clock.read()
        left, index = dict(worker.inflight), ticket - 1
        if index in left and end is not _End.SILENT:
            suspects = left[index]
            if not worker.judges_ahead or len(suspects) == 1:
                suspects = [index]
                self._blame(worker, index, end, now - since, plan)
            else:
                plan.put_back([i for i in suspects if i in left], alone=True)
        else:  # not while one was worked on: suspects are tried again alone, and blamed the second time
            suspects = list(left) if end is _End.SILENT else [i for i in next(iter(left.values()), []) if i in left]
            how = "the worker closed its pipes" if end is _End.SILENT else f"{worker.ending()} between submissions"
            for i in [i for i in suspects if i in plan.alone]:
                plan.finish(i, self._error(how, worker))
            plan.put_back([i for i in suspects if i not in plan.alone], alone=True)
        plan.put_back([i for i in left if i not in set(suspects)])
        self._crew.dismiss(worker)

    def _blame(self, worker: WorkerProcess, index: int, end: _End, used_s: float, plan: Plan) -> None:
        """The worker ended while it was surely working on this."""
        if end is _End.DIED:
            plan.finish(index, self._error(worker.ending(), worker, used_s))
        elif end is _End.STUCK:
            reason = f"the verifier waited more than {self.open_timeout_s:g} s for its sandbox"
            plan.finish(index, self._error(reason, worker, used_s))
        elif end is _End.BUDGET and used_s > self.budget_s:
            plan.finish(index, self._timeout(used_s))
        elif end is _End.BUDGET:  # the overdue one came to its end just before the kill; this one came after it
            plan.put_back([index])
        elif worker.judged > 0:
            plan.put_back([index], alone=True, fresh=True)
        else:
            reason = f"more than {self.memory_mb} MiB of memory"
            plan.finish(index, Verdict(Status.TIMEOUT, reason=reason, seconds=used_s, verifier=self.identity))

    def _timeout(self, seconds: float) -> Verdict:
        reason = f"more than {self.budget_s:g} s"
        return Verdict(Status.TIMEOUT, reason=reason, seconds=seconds, verifier=self.identity)

    def _error(self, reason: str, worker: WorkerProcess, seconds: float = 0.0) -> Verdict:
        said = worker.log_tail()
        return Verdict(Status.ERROR, reason=reason, diagnostics=said, seconds=seconds, verifier=self.identity)

    def _count_open_failure(self, worker: WorkerProcess, why: str) -> None:
        self._crew.dismiss(worker)
        self._open_failures += 1
        if self._open_failures >= _OPEN_ATTEMPTS:
            self._open_failures = 0
            lines = why.strip().splitlines()[-15:]
            tail = f" {lines[0]}" if len(lines) == 1 else "".join(f"\n    {line}" for line in lines)
            raise VerifierError(
                f"The verifier of domain {self.opener.domain!r} cannot be opened, {_OPEN_ATTEMPTS} tries:{tail}",
                "See whether its package and what it needs are installed: pidistill plugins; pidistill doctor",
            )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
