"""Running a suite: every cell is tried, what fails is said, and running again does what is left and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pidistill.cli.main import run
from pidistill.errors import StoreError
from pidistill.plugins import get_manager
from pidistill.progress import Quiet
from pidistill.store.store import Store
from pidistill.suite.board import Board, Journal
from pidistill.suite.compare import run_comparison
from pidistill.suite.driver import Driven, run_suite
from pidistill.suite.executors.local import LocalExecutor
from pidistill.suite.file import read_suite
from pidistill.suite.matrix import cells
from pidistill.suite.registry import register
from pidistill.suite.shown import suite_report
from tests.suite.world import ROOT, write_suite

pytestmark = pytest.mark.usefixtures("sums")


def drive(file: Path, **how: bool) -> Driven:
    suite = read_suite(file)
    return run_suite(suite, lambda: LocalExecutor(suite.running, suite.needs), get_manager(), Quiet(), **how)


def states(board: Board) -> dict[str, int]:
    return {state: count for state, count in board.counts().items() if count}


def started(driven: Driven) -> list[str]:
    lines = Journal(driven.registration.folder).lines()
    last = max(place for place, line in enumerate(lines) if line["event"] == "driving")
    return [line["cell"] for line in lines[last:] if line["event"] == "started"]


def scores(store: Path) -> dict[str, Any]:
    """What each cell came to, whoever paid."""
    found = {}
    with Store(store, read_only=True) as opened:
        for name in opened.cells.names():
            summary = opened.summary(name)
            assert summary is not None
            training = summary["scores"]["training"]
            found[name] = {**summary["scores"], "training": {**training, "rollouts_made": 0, "rollouts_reused": 0}}
    return found


def nothing_twice(store: Path) -> bool:
    with Store(store, read_only=True) as opened:
        return opened.rollouts.duplicates == 0 == opened.verdicts.duplicates and not opened.damage()


@pytest.mark.slow
def test_four_processes_come_to_what_one_comes_to_and_make_nothing_twice(tmp_path: Path) -> None:
    file = write_suite(tmp_path, workers=4)
    driven = drive(file)
    assert states(driven.board) == {"finished": 6}
    configs = [replace_store(cell.arm.config, tmp_path / "alone") for cell in driven.cells if cell.seed == 0]
    run_comparison([config.model_copy(update={"seeds": (0, 1, 2)}) for config in configs], None, Quiet())
    assert scores(tmp_path / "store") == scores(tmp_path / "alone")
    assert nothing_twice(tmp_path / "store")
    again = drive(file)
    assert states(again.board) == {"finished": 6} and started(again) == []


def replace_store(config: Any, store: Path) -> Any:
    return config.model_copy(update={"store": store})


FAILURES = {
    "raise": "ZeroDivisionError: the engine divided by zero",
    "kill": "Its process was ended by SIGKILL (out of memory?).",
    "memory": "MiB of the 500 that needs.memory_mb allows.",
}


@pytest.mark.slow
def test_a_cell_that_fails_is_said_with_reason_and_log_and_the_next_run_tries_just_that_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trigger = tmp_path / "trigger"
    moods = ["well", *FAILURES]
    file = write_suite(
        tmp_path, axes=f"engine.options.mood = {json.dumps(moods)}",
        settings=f"engine.options.trigger = {json.dumps(str(trigger))}\n", workers=2,
        rest='retries = 0\n[needs]\nmemory_mb = 500\n[[exclude]]\nseed = "1-2"\n[[exclude]]\nrecipe = "rejection"',
    )  # fmt: skip
    trigger.touch()
    assert run(["suite", "run", str(file)]) == 1
    told = capsys.readouterr()
    assert "1 finished, 3 failed." in told.err and "Registered" in told.out
    assert run(["suite", "status", str(file), "--json"]) == 0
    board = json.loads(capsys.readouterr().out)
    failed = {
        cell["arm"].partition("mood=")[2].rstrip("]"): cell for cell in board["cells"] if cell["state"] == "failed"
    }
    assert failed.keys() == FAILURES.keys()
    for mood, reason in FAILURES.items():
        assert reason in failed[mood]["reason"], failed[mood]["reason"]
        assert failed[mood]["reason"] in told.err and failed[mood]["log"] in told.err
        assert "--- 20" in Path(failed[mood]["log"]).read_text()
    assert "Traceback" in Path(failed["raise"]["log"]).read_text()
    trigger.unlink()
    assert run(["suite", "run", str(file)]) == 0
    capsys.readouterr()
    suite = read_suite(file)
    journal = Journal(next((tmp_path / "store" / "suites").iterdir()))
    lines = journal.lines()
    last = max(place for place, line in enumerate(lines) if line["event"] == "driving")
    assert {line["cell"] for line in lines[last:] if line["event"] == "started"} == {
        cell["id"] for cell in failed.values()
    }
    assert len(cells(suite)) == 4


def test_a_bad_configuration_is_a_failed_cell_and_stops_nothing(tmp_path: Path) -> None:
    file = write_suite(
        tmp_path,
        rest='[[include]]\nrecipe = "star-goold"\nseed = 0\n'
        '[[include]]\ndomain = "nowhere"\nrecipe = "retry"\nseed = 0',
    )  # fmt: skip
    driven = drive(file)
    assert states(driven.board) == {"finished": 6, "failed": 2}
    reasons = [square.reason for square in driven.board.of("failed")]
    assert "Unknown recipe 'star-goold'. Did you mean 'star-gold'?" in reasons[0]
    assert "Unknown domain 'nowhere'." in reasons[1] and "pidistill plugins" in reasons[1]


@pytest.mark.slow
def test_a_verifier_outage_is_one_cells_failure_and_what_was_not_judged_is_tried_again(tmp_path: Path) -> None:
    sums = tmp_path / "sums"
    sums.write_text(" ".join(f"{n}+{n}" for n in (*range(1, 41), *range(100, 130))))
    file = write_suite(
        tmp_path, axes="verify.options.x = [0, 1]",
        rest='[[exclude]]\nseed = "1-2"\n[[exclude]]\nrecipe = "rejection"\n[[overrides]]\n'
        f'when = {{verify.options.x = 1}}\nset = {{verify.options.sums = {json.dumps(str(sums))}}}',
    )  # fmt: skip
    driven = drive(file)
    assert states(driven.board) == {"finished": 1, "failed": 1}
    (bad,) = driven.board.of("failed")
    assert "lights went out" in bad.reason and bad.log is not None and bad.log.is_file()
    sums.write_text("103+103")  # a single one cannot be judged: the cell ends, and is not done with
    driven = drive(file)
    assert states(driven.board) == {"finished": 1, "invalid": 1} and started(driven) == [bad.cell.id]
    assert "could not be judged (ERROR)" in driven.board.of("invalid")[0].reason
    sums.write_text("")
    driven = drive(file)
    assert states(driven.board) == {"finished": 2} and started(driven) == [bad.cell.id]


@pytest.mark.slow
def test_a_process_that_is_lost_is_tried_again_in_one_of_its_own(tmp_path: Path) -> None:
    trigger = tmp_path / "trigger"
    file = write_suite(
        tmp_path, settings=f'engine.options.mood = "kill"\nengine.options.trigger = {json.dumps(str(trigger))}',
        workers=1, rest='retries = 1\n[[exclude]]\nseed = "1-2"',
    )  # fmt: skip
    trigger.touch()
    driven = drive(file)
    assert states(driven.board) == {"failed": 2}
    assert started(driven) == [c.id for c in driven.cells for _ in range(2)]
    trigger.unlink()
    assert states(drive(file).board) == {"finished": 2}


def descendants_of(site: Path) -> list[int]:
    """Live processes whose command line names the plugin's folder: those that run cells, and their workers."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str(site).encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_end_of_the_driver_leaves_no_process_and_loses_no_finished_cell(
    tmp_path: Path, sums: Path, number: signal.Signals
) -> None:
    file = write_suite(tmp_path, settings='engine.options.mood = "slow"')
    end_in_the_middle(file, sums, number)
    deadline = time.monotonic() + 20
    while descendants_of(sums) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert descendants_of(sums) == []
    done = finished_in(file)
    driven = drive(file)
    assert states(driven.board) == {"finished": 6}
    assert not done & set(started(driven)) and nothing_twice(tmp_path / "store")


def finished_in(file: Path) -> set[str]:
    suite = read_suite(file)
    names = [cell.id for cell in cells(suite)]
    return {name for name in names if (suite.store / "cells" / name / "summary.json").exists()}


def end_in_the_middle(file: Path, site: Path, number: signal.Signals, *options: str) -> None:
    """Run a suite as a command, and end it with a signal when some of its cells are finished."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
    process = subprocess.Popen(
        [sys.executable, "-m", "pidistill", "suite", "run", str(file), *options], env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not finished_in(file) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None, "it was over before it could be ended"
    with pytest.raises(StoreError, match=rf"is being run by process {process.pid}"):
        drive(file)
    assert run(["suite", "status", str(file)]) == 0
    process.send_signal(number)
    assert process.wait(60) in (-signal.SIGKILL, 130)
    assert 0 < len(finished_in(file)) < 6


@pytest.mark.slow
def test_two_suites_that_share_cells_wait_for_each_other(tmp_path: Path, sums: Path) -> None:
    settings, rest = 'engine.options.mood = "slow"', '[[exclude]]\nseed = "1-2"'
    one = write_suite(tmp_path, name="one", settings=settings, rest=rest, workers=1)
    two = write_suite(tmp_path, name="two", settings=settings, rest=rest, workers=1)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(sums), str(ROOT)])}
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "pidistill", "suite", "run", str(file)], env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        for file in (one, two)
    ]  # fmt: skip
    for process in both:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told.decode()
        assert b"2 finished." in told
    assert nothing_twice(tmp_path / "store")


@pytest.mark.slow
def test_a_cell_that_began_with_other_parts_is_invalid_until_it_is_renewed(tmp_path: Path) -> None:
    file = write_suite(tmp_path, rest='[[exclude]]\nseed = "1-2"')
    name = drive(file).cells[0].id
    with Store(tmp_path / "store") as store:
        summary = store.summary(name)
        assert summary is not None
        store.write_summary(name, {**summary, "outside": {**summary["outside"], "code": {"pidistill_sums": "older"}}})
    driven = drive(file)
    assert states(driven.board) == {"finished": 1, "invalid": 1} and started(driven) == []
    assert "--renew" in driven.board.of("invalid")[0].reason
    driven = drive(file, as_is=True)
    assert states(driven.board) == {"finished": 2} and started(driven) == []
    assert [square.cell.id for square in driven.board.squares if square.facts.get("as_is")] == [name]
    with Store(tmp_path / "store", read_only=True) as store:
        report = suite_report(driven.registration, driven.cells, driven.board, store, get_manager(), None)
    assert report is not None and "1 cells were taken as they are (--as-is)" in report.meta.first[1]
    assert states(drive(file).board) == {"finished": 1, "invalid": 1}
    assert states(drive(file, renew=True).board) == {"finished": 2}


def test_the_board_is_there_before_the_suite_is_run_and_names_a_missing_executor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_suite(tmp_path)
    assert run(["suite", "status", str(file)]) == 0
    assert "6 waiting." in capsys.readouterr().out
    assert run(["suite", "run", str(file), "--workers", "0"]) == 2
    odd = write_suite(tmp_path / "odd", rest='executor = "rai"')
    assert run(["suite", "run", str(odd)]) == 2
    assert "run.executor: no executor 'rai'. Did you mean 'ray'?" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_a_plan_tells_what_is_there_and_estimates_the_rest_from_finished_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = write_suite(tmp_path, name="few", rest='[[exclude]]\nseed = "1-2"\n[[exclude]]\nrecipe = "rejection"')
    assert run(["suite", "plan", str(few)]) == 0
    assert "1 cells: 0 in the store, 1 to be run" in capsys.readouterr().out
    assert not (tmp_path / "store").exists(), "a plan makes no store"
    drive(few)
    assert run(["suite", "plan", str(write_suite(tmp_path)), "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)["cells"]
    assert [cell["finished"] for cell in planned] == [True, False, False, False, False, False]
    assert all(cell["tokens"] > 50 and cell["seconds"] > 0 and cell["estimated_from"] == 1 for cell in planned[1:])


def test_memory_and_gpus_that_this_machine_does_not_have_are_refused_in_one_line(tmp_path: Path) -> None:
    from pidistill.errors import UsageError

    for needs, said in (
        ("gpus = 99.0", "shows"),
        ("memory_mb = 999_999_999", "needs.memory_mb"),
        ("gpus = 0.5", "whole"),
    ):
        suite = read_suite(write_suite(tmp_path, rest=f"[needs]\n{needs}"))
        with pytest.raises(UsageError, match=said):
            LocalExecutor(suite.running, suite.needs)
    suite = read_suite(write_suite(tmp_path, rest="memory_mb = 1000\n[needs]\nmemory_mb = 400", workers=9))
    assert LocalExecutor(suite.running, suite.needs).workers == 2
    assert replace(suite, title="x").running == suite.running


def test_cells_that_cannot_be_compared_are_finished_all_the_same_and_the_command_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rest = """[[exclude]]
    seed = "1-2"
    [[overrides]]
    when = {recipe = "retry"}
    set = {data.evaluate.limit = 4}"""
    assert run(["suite", "run", str(write_suite(tmp_path, rest=rest))]) == 1
    told = capsys.readouterr().err
    assert "2 finished." in told and "There is no report." in told and "cannot be paired" in told


def test_an_arm_with_the_budget_of_another_waits_for_it(tmp_path: Path) -> None:
    axes = 'recipe = ["compute-matched", "retry"]\nseed = [0, 1]'
    file = write_suite(tmp_path, workers=2)
    file.write_text(file.read_text().replace('recipe = ["retry", "rejection"]\nseed = [0, 1, 2]', axes))
    driven = drive(file)
    assert states(driven.board) == {"finished": 4}, [square.reason for square in driven.board.squares]
    lines = [(line["event"], line["cell"]) for line in Journal(driven.registration.folder).lines()]
    for matched, retry in zip(driven.cells[:2], driven.cells[2:], strict=True):
        assert lines.index(("started", matched.id)) > lines.index(("finished", retry.id))
    alone = write_suite(tmp_path / "alone")
    alone.write_text(alone.read_text().replace('recipe = ["retry", "rejection"]', 'recipe = "compute-matched"'))
    driven = drive(alone)
    assert states(driven.board) == {"failed": 3}
    assert "that arm has not been run here" in driven.board.of("failed")[0].reason


def test_a_finished_suite_on_a_read_only_disk_is_reported_and_an_unfinished_one_is_not_gone_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_suite(tmp_path, rest='[[exclude]]\nseed = "1-2"')
    assert run(["suite", "run", str(file)]) == 0
    more = write_suite(tmp_path, name="more")
    capsys.readouterr()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # root may write anywhere
    assert run(["suite", "run", str(file)]) == 0
    told = capsys.readouterr()
    assert "Finished: 2." in told.out and "Written" not in told.err
    assert run(["suite", "run", str(more)]) == 1
    assert "is read-only, and 4 cells are not finished there" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_the_board_of_a_thousand_cells_is_there_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One second is what a person waits for; processor time, so that other work beside it does not count."""
    rest = '[[exclude]]\nrecipe = "retry"\n[[include]]\nrecipe = "rejection"\nseed = "0-999"'
    suite = read_suite(write_suite(tmp_path, rest=rest))
    planned = cells(suite)
    with Store(suite.store):
        registration = register(suite, planned, suite.store)
    journal = Journal(registration.folder)
    for number, cell in enumerate(planned):
        journal.say(cell.id, "started")
        if number % 10 == 3:
            journal.say(cell.id, "failed", reason="It broke.")
        elif number % 10:
            journal.say(cell.id, "finished", facts={"seconds": 1.0, "tokens_made": 10, "errors": 0})
            (suite.store / "cells" / cell.id).mkdir(parents=True)
            (suite.store / "cells" / cell.id / "summary.json").write_text("{}")
    start = time.process_time()
    assert run(["suite", "status", str(suite.path)]) == 0
    assert time.process_time() - start < 1.0
    told = capsys.readouterr().out
    assert told.startswith("100 waiting, 800 finished, 100 failed.") and "... and 80 more: --all" in told
