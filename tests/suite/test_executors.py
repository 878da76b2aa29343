"""Executors deal out what a machine has, and the board hears from the processes that run cells."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from pidistill.plugins import get_manager
from pidistill.progress import Quiet
from pidistill.recipes import run_config
from pidistill.store.store import Store
from pidistill.suite.board import Journal, read_board
from pidistill.suite.driver import run_suite
from pidistill.suite.executors import local, worker
from pidistill.suite.executors.job import Job, Result
from pidistill.suite.executors.local import LocalExecutor, environment, visible_gpus
from pidistill.suite.executors.process import last_line
from pidistill.suite.file import Needs, Running, read_suite
from pidistill.suite.matrix import cells
from pidistill.suite.planned import Planned
from pidistill.suite.registry import RegisteredCell
from tests.suite.world import write_suite


def job(name: str, group: str, folder: Path, **how: Any) -> Job:
    return Job(Planned(run_config("retry", "math"), 0, name), name, group, folder, **how)


class Quick:
    """A process that is done with each job at once."""

    made: list[tuple[str, str]] = []  # noqa: RUF012

    def __init__(self, first: Job, environment: dict[str, str], memory_mb: int = 0) -> None:
        Quick.made.append((first.group, environment.get("CUDA_VISIBLE_DEVICES", "")))
        self.group, self.pid, self.job, self.closed = first.group, len(Quick.made), None, False

    def start(self, job: Job) -> None:
        self.job = job  # type: ignore[assignment]

    def done(self) -> None:
        self.job = None

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    Quick.made = []
    monkeypatch.setattr(local, "CellProcess", Quick)
    return Quick.made


def test_each_process_gets_gpus_of_its_own_and_gives_them_back(
    tmp_path: Path, quick: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0, 3,GPU-5,6,7")
    assert visible_gpus() == ["0", "3", "GPU-5", "6", "7"]
    executor = LocalExecutor(Running(workers=9), Needs(gpus=2.0))
    assert executor.workers == 2
    assert executor.start(job("a", "one", tmp_path)) and executor.start(job("b", "one", tmp_path))
    assert not executor.start(job("c", "one", tmp_path))
    assert [gpus for _, gpus in quick] == ["0,3", "GPU-5,6"]
    executor._processes[0].done()  # type: ignore[attr-defined]
    assert executor.start(job("c", "other", tmp_path))
    assert quick[2] == ("other", "7,0"), "one of another group takes the place of an idle one, and its GPUs"
    executor.close()


def test_a_process_runs_the_cells_of_its_group_and_a_fresh_job_gets_one_of_its_own(
    tmp_path: Path, quick: list[tuple[str, str]]
) -> None:
    executor = LocalExecutor(Running(workers=1), Needs())
    for number in range(3):
        assert executor.start(job(f"a{number}", "one", tmp_path))
        executor._processes[0].done()  # type: ignore[attr-defined]
    assert len(quick) == 1
    assert executor.start(job("a3", "one", tmp_path, fresh=True))
    assert len(quick) == 2 and len(executor._processes) == 1
    executor.close()


def test_a_cell_has_as_many_threads_as_it_needs_cores_unless_the_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert environment(Needs(cpus=4.0))["OMP_NUM_THREADS"] == "4"
    assert environment(Needs(cpus=0.5))["OMP_NUM_THREADS"] == "1"
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert environment(Needs(cpus=4.0))["OMP_NUM_THREADS"] == "3"


def test_the_board_says_how_far_a_running_cell_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "TELL_EVERY_S", 0.0)
    cell, folder = RegisteredCell("a-cell", "retry", "math", "embedded", 0), tmp_path / "suites" / "s-1"
    with Store(tmp_path):
        folder.mkdir(parents=True)
    journal, told = Journal(folder), worker.FileProgress()
    a_job = job("a-cell", "one", folder)
    with journal.driving(2, "local"):
        journal.say("a-cell", "started")
        a_job.progress.parent.mkdir()
        a_job.progress.write_text('{"task": "of a process that was killed"}')
        told.begin(a_job.progress)
        assert read_board(folder, [cell], tmp_path).of("running")[0].progress == {}
        with told.task("rollouts", 8) as task:
            task.advance(3)
            (running,) = read_board(folder, [cell], tmp_path).of("running")
        assert (running.progress["task"], running.progress["done"], running.progress["total"]) == ("rollouts", 3, 8)
        assert running.started_at is not None and time.time() - running.started_at < 60
        told.end()
        assert read_board(folder, [cell], tmp_path).driver is not None
    board = read_board(folder, [cell], tmp_path)
    assert board.driver is None and board.counts()["waiting"] == 1, "nobody runs it any more"


def test_a_torn_or_foreign_line_of_the_journal_is_passed_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.say("a", "failed", reason="It broke.")
    with (tmp_path / "board.jsonl").open("ab") as file:
        file.write(b'{"at": 1, "cell": 3}\n[]\nnull\n\xff\xfe\n{"at": 1, "cell": "a", "event": "fini')
    assert [line["event"] for line in journal.lines()] == ["failed"]
    with journal.driving(1, "local"):
        journal.say("b", "finished")
    assert [line["cell"] for line in journal.lines()] == ["a", "", "b"]


def test_the_reason_of_a_crash_is_the_last_line_of_the_log_that_says_something(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_line(log) == ""
    log.write_text("--- 2026-01-01 process 3 on here\n")
    assert last_line(log) == "", "where nothing was printed there is no reason"
    log.write_bytes(b"--- here\nTraceback\n" + b"x" * 9000 + b"\nValueError: \x1b[31mno\xff\n\n")
    assert last_line(log).startswith("ValueError: ") and "\x1b" not in last_line(log)


def test_a_result_travels_as_plain_values(tmp_path: Path) -> None:
    result = Result(job("a", "one", tmp_path), "finished", facts={"seconds": 1.0})
    assert json.dumps(dict(result.facts)) == '{"seconds": 1.0}' and result.alone


class Told:
    """An executor that notes what it is given, and fails it."""

    workers = 2

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.pending: list[Job] = []

    def start(self, job: Job) -> bool:
        self.jobs.append(job)
        self.pending.append(job)
        return True

    def wait(self, timeout_s: float) -> list[Result]:
        done, self.pending = self.pending, []
        return [Result(job, "failed", "not here") for job in done]

    def close(self) -> None: ...


@pytest.mark.usefixtures("sums")
@pytest.mark.parametrize(
    ("cpus", "given", "workers"), [("1.0", 0, 1), ("0.5", 0, 1), ("4.0", 0, 4), ("4.0", 1, 1), ("1.0", 3, 3)]
)
def test_a_cell_verifies_with_the_cores_that_it_was_given_unless_it_says_otherwise(
    tmp_path: Path, cpus: str, given: int, workers: int
) -> None:
    """Two cells on two cores with a worker per core each are four, and with Lean as many GiB."""
    file = write_suite(tmp_path, rest=f"[needs]\ncpus = {cpus}")
    names = [cell.id for cell in cells(read_suite(file))]
    file.write_text(file.read_text().replace("verify.workers = 1", f"verify.workers = {given}"))
    told = Told()
    driven = run_suite(read_suite(file), lambda: told, get_manager(), Quiet())
    assert {job.planned.config.verify.workers for job in told.jobs} == {workers}
    assert len({job.group for job in told.jobs}) == 1
    assert [cell.id for cell in driven.cells] == names == [job.cell for job in told.jobs], "it is no other cell"
