"""Runs a suite: which cell is tried when, again, or not any more. Who runs it is an executor's.

Every cell is tried; one that fails is written down with its reason and its log, and the others go on. A suite that is
stopped at any moment, SIGKILL included, goes on when it is run again: finished cells are found in the store, failed
ones are tried once more, and what a stopped cell had made is reused. A second process that runs the same suite is
refused; another suite, or `pidistill run`, may share its cells: whoever comes second waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pidistill.budget import matched_cell
from pidistill.cell import stale
from pidistill.errors import StoreError
from pidistill.plugins import Manager
from pidistill.progress import Progress
from pidistill.store.store import Store
from pidistill.suite.board import Board, Journal, read_board
from pidistill.suite.executors.job import Executor, Job, Result, facts_of
from pidistill.suite.file import Needs, SuiteFile
from pidistill.suite.matrix import SuiteCell, cells, problems_of
from pidistill.suite.parts import group_key
from pidistill.suite.planned import look_up
from pidistill.suite.registry import Registration, read_registration, register, suite_folder

WAIT_S = 1.0
"""How often it is looked whether there is anything to do, at least."""
HELD_S = 1.0
"""After which time a cell that another process runs is looked at again."""


@dataclass(frozen=True)
class Driven:
    """What running a suite came to."""

    registration: Registration
    cells: Sequence[SuiteCell]
    board: Board
    found: Mapping[str, Mapping[str, Any]]
    """Summaries of the cells that were finished before."""


def run_suite(
    suite: SuiteFile,
    open_executor: Callable[[], Executor],
    manager: Manager,
    progress: Progress,
    *,
    renew: bool = False,
    as_is: bool = False,
) -> Driven:
    """Run the cells of a suite that are not finished. Raises `PidistillError` where the suite itself cannot be run."""
    planned, root = cells(suite), suite.store.absolute()
    with Store(suite.store) as store:
        if store.read_only:
            return _as_it_stands(suite, planned, store, manager, as_is)
        registration = register(suite, planned, suite.store)
        journal = Journal(registration.folder)
        executor = open_executor()
        try:
            with journal.driving(executor.workers, suite.running.executor):
                todo, found = _look_over(planned, store, manager, journal, renew, as_is)
                for note in filter(None, [store.damage_note()]):
                    progress.note(note)
                jobs = _jobs(todo, suite.needs, root, registration.folder.absolute(), renew, as_is)
                _Driver(executor, journal, progress, suite.running.retries, store.cells.is_held).drive(jobs)
        finally:
            executor.close()
    return Driven(registration, planned, read_board(registration.folder, registration.cells, suite.store), found)


def _as_it_stands(
    suite: SuiteFile, planned: Sequence[SuiteCell], store: Store, manager: Manager, as_is: bool
) -> Driven:
    """A suite on a disk that allows no more than reading. Raises `StoreError` where it is not finished."""
    registration = read_registration(suite_folder(suite, suite.store))
    sound = [cell.planned for cell in planned if cell.arm.config is not None]
    found, changed = look_up(sound, store, manager, renew=False, as_is=as_is)
    left = [cell.id for cell in planned if cell.id not in found or cell.id in changed]
    if registration is None or left:
        why = f"{len(left)} cells are not finished there, the first: {left[0]}" if left else "it was not run there"
        raise StoreError(f"{store.root} is read-only, and {why}.", "Name a folder that can be written: --store DIR")
    return Driven(registration, planned, read_board(registration.folder, registration.cells, suite.store), found)


def _look_over(
    planned: Sequence[SuiteCell], store: Store, manager: Manager, journal: Journal, renew: bool, as_is: bool
) -> tuple[list[SuiteCell], Mapping[str, Mapping[str, Any]]]:
    """The cells that are to be run, and the summaries of those that are finished, which are written down."""
    told = {line["cell"]: line for line in journal.lines()}
    problems = problems_of(planned, manager)
    sound = [cell for cell in planned if not problems[id(cell.arm)]]
    found, changed = look_up([cell.planned for cell in sound], store, manager, renew=renew, as_is=as_is)
    taken = set[str]()
    if as_is:
        strictly, stale_ones = look_up([cell.planned for cell in sound], store, manager, renew=False, as_is=False)
        taken = {name for name in found if name in stale_ones or name not in strictly}
    todo = []
    for cell in planned:
        if reason := problems[id(cell.arm)]:
            journal.say(cell.id, "failed", reason=reason)
        elif cell.id in changed:
            journal.say(cell.id, "invalid", reason=" ".join(str(stale({cell.id: changed[cell.id]})).split()))
        elif cell.id not in found:
            todo.append(cell)
        else:
            line = told.get(cell.id, {})
            before = line.get("facts", {}) if line.get("event") == "finished" else {}
            facts = {**before, **facts_of(found[cell.id]), "as_is": cell.id in taken}
            if facts != {"as_is": False, **before}:
                journal.say(cell.id, "finished", facts=facts)
    return todo, found


def _jobs(todo: Iterable[SuiteCell], needs: Needs, root: Path, folder: Path, renew: bool, as_is: bool) -> list[Job]:
    """The jobs of cells, those of one group together, so that live parts are opened once.

    Each has as many verification workers as it was given cores, unless its configuration names a number: cells run side
    by side, and one worker per core of the machine in each of them would be cores times as many as can work.
    """
    workers = max(1, int(needs.cpus))
    groups: dict[str, list[Job]] = {}
    keys: dict[int, tuple[str, bool]] = {}
    for cell in todo:
        assert cell.arm.config is not None
        config = cell.arm.config
        verify = config.verify.model_copy(update={"workers": config.verify.workers or workers})
        planned = replace(cell.planned, config=config.model_copy(update={"store": root, "verify": verify}))
        if id(cell.arm) not in keys:
            matches = any(stage.rollouts.matches for stage in planned.config.stages)
            keys[id(cell.arm)] = group_key(planned.config), matches
        group, matches = keys[id(cell.arm)]
        after = matched_cell(cell.planned.config, cell.seed) if matches else ""
        groups.setdefault(group, []).append(
            Job(planned, cell.id, group, folder, after, Path.cwd(), renew, as_is)
        )  # fmt: skip
    return [job for members in groups.values() for job in members]


class _Driver:
    """One pass over the jobs."""

    def __init__(
        self, executor: Executor, journal: Journal, progress: Progress, retries: int, is_held: Callable[[str], bool]
    ) -> None:
        self._executor, self._journal, self._progress, self._retries = executor, journal, progress, retries
        self._is_held = is_held
        self._waiting = list[Job]()
        self._open = set[str]()
        self._held: list[tuple[float, Job]] = []
        self._lost: dict[str, int] = {}

    def drive(self, jobs: Sequence[Job]) -> None:
        """Run all of them, until each is finished, failed or invalid."""
        self._waiting.extend(jobs)
        self._open = {job.cell for job in jobs}
        running = 0
        with self._progress.task("cells", len(jobs)) as task:
            while self._open:
                self._take_back()
                while (place := self._next(running)) is not None and self._start(self._waiting[place]):
                    del self._waiting[place]
                    running += 1
                if not running:
                    time.sleep(HELD_S / 4)  # all that is left is run by others
                    continue
                for result in self._executor.wait(WAIT_S):
                    running -= 1
                    if self._settle(result):
                        self._open.discard(result.job.cell)
                        task.advance(1)

    def _next(self, running: int) -> int | None:
        """The place of the first job whose turn it is: it waits for no cell that has still to end.

        Where nothing runs and each waits for another, the first one has its turn, and says what it lacks.
        """
        ready = next((place for place, job in enumerate(self._waiting) if job.after not in self._open), None)
        return 0 if ready is None and self._waiting and not (running or self._held) else ready

    def _take_back(self) -> None:
        """Have the cells wait for a place again that other processes ran, and do not run any more."""
        now, held = time.monotonic(), self._held
        self._held = [(at, job) for at, job in held if at > now]
        for at, job in held:
            if at <= now and self._is_held(job.cell):
                self._held.append((now + HELD_S, job))
            elif at <= now:
                self._waiting.append(job)

    def _start(self, job: Job) -> bool:
        if not self._executor.start(job):
            return False
        self._journal.say(job.cell, "started")
        return True

    def _settle(self, result: Result) -> bool:
        """Write down what came of a job; False where it is to be tried again."""
        job, told = result.job, dict[str, Any]()
        if result.status == "held":
            self._held.append((time.monotonic() + HELD_S, job))
            self._journal.say(job.cell, "held", reason=result.reason)
            return False
        if result.status == "finished":
            told["facts"] = dict(result.facts)
        else:
            told["reason"] = result.reason
        if result.status == "lost":
            if result.alone:  # what another cell had left in its process cannot be the reason
                self._lost[job.cell] = self._lost.get(job.cell, 0) + 1
            if self._lost.get(job.cell, 0) <= self._retries:
                self._journal.say(job.cell, "lost", **told)
                self._progress.note(f"{job.cell}: {result.reason} It is tried again.")
                self._waiting.insert(0, replace(job, fresh=True))
                return False
        event = "failed" if result.status == "lost" else result.status
        self._journal.say(job.cell, event, **told)
        if event != "finished":
            self._progress.note(f"{job.cell}: {event}. {result.reason} Log: {job.log}")
        return True
