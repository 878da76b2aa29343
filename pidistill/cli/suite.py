"""`pidistill suite`: a matrix of cells from a file: what it comes to, run it, see how far it is. Thin."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pidistill.cli.options import json_option
from pidistill.cli.output import line, stderr, stdout, warn_of_problems

if TYPE_CHECKING:
    from rich.console import Console

    from pidistill.report.model import Rows
    from pidistill.suite.board import Board
    from pidistill.suite.executors.job import Executor
    from pidistill.suite.file import SuiteFile

EXIT_FAILED = 1
SHOWN = 20
"""Cells of a state that are listed one by one, without --all."""

file_argument = click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
store_option = click.option(
    "--store", type=click.Path(path_type=Path, file_okay=False), help="Folder of the store.  [default: the file's]"
)
all_option = click.option("--all", "everything", is_flag=True, help=f"List every cell, not the first {SHOWN}.")


@click.group("suite")
def command() -> None:
    """Plan and run a suite: every cell of a file's axes, resumable, on one machine or a Ray cluster."""


@command.command("plan")
@file_argument
@store_option
@all_option
@json_option
def plan(file: Path, store: Path | None, everything: bool, as_json: bool) -> None:
    """Say what a suite comes to: its cells, what is in the store already, and what the rest will take.

    Opens no model. Tokens and time are estimated from finished cells of the same arm, or else of the same domain and
    model; where none is finished, nothing is guessed.
    """
    from pidistill.plugins import get_manager
    from pidistill.suite.plan import plan_suite

    manager = get_manager()
    warn_of_problems(manager)
    suite = _read(file, store)
    planned = plan_suite(suite, manager)
    if as_json:
        click.echo(json.dumps(planned.to_json(), indent=2))
        return
    console = stdout()
    _print_rows(console, planned.rows())
    for text in planned.lines():
        line(console, text)
    _list(console, [f"{cell}: {reason}" for cell, reason in planned.problems.items()], everything, "yellow")
    if everything:
        for cell in planned.cells:
            line(console, f"{'in the store' if cell.id in planned.finished else 'to be run':12}  {cell.id}")


@command.command("run")
@file_argument
@store_option
@click.option(
    "--executor", type=click.Choice(["local", "ray"]), help="Who runs cells.  [default: the file's, or local]"
)
@click.option("--workers", type=click.IntRange(min=1), help="Cells at the same time.  [default: as many as fit]")
@click.option("--address", help="Of a Ray cluster, such as auto.  [default: the file's]")
@click.option(
    "--renew", is_flag=True, help="Run cells anew whose model, verifier, data or packages have changed since."
)
@click.option("--as-is", is_flag=True, help="Take finished cells though their verifier or packages have changed since.")
@json_option
def run(
    file: Path,
    store: Path | None,
    executor: str | None,
    workers: int | None,
    address: str | None,
    renew: bool,
    as_is: bool,
    as_json: bool,
) -> None:
    """Run the cells of a suite that are not finished, and report on all of them.

    The suite is registered in the store before it runs. Running it again resumes. A cell that fails is shown with its
    reason and its log, the others go on, the exit code is 1, and running again tries just that one.

    \b
        pidistill suite run arms.toml
        pidistill suite run arms.toml --executor ray --address auto
    """
    from pidistill.cli.progress import show_progress
    from pidistill.errors import DataError
    from pidistill.plugins import get_manager
    from pidistill.store.store import Store
    from pidistill.suite.driver import run_suite
    from pidistill.suite.shown import suite_report

    manager = get_manager()
    warn_of_problems(manager)
    suite = _read(file, store)
    given = {"executor": executor, "workers": workers, "address": address}
    running = suite.running.model_copy(update={name: value for name, value in given.items() if value is not None})
    suite = replace(suite, running=running)
    with show_progress() as progress:
        driven = run_suite(suite, _executor(suite), manager, progress, renew=renew, as_is=as_is)
    folder = suite.store / "reports" / driven.registration.name
    written = os.access(suite.store, os.W_OK)
    report, why = None, ""
    with Store(suite.store, read_only=True) as opened:
        try:
            report = suite_report(
                driven.registration, driven.cells, driven.board, opened, manager, folder if written else None,
                driven.found,
            )  # fmt: skip
        except DataError as error:  # what is finished cannot be compared; what did not finish is told all the same
            why = f"There is no report. {' '.join(str(error).split())}"
    if report is not None and as_json:
        click.echo(json.dumps(report.to_json(), indent=2))
    elif report is not None:
        report.print(stdout())
        for name in ("index.html", "picture.png") if written else ():
            line(stderr(), f"Written: {folder / name}")
    _print_board(stderr(), driven.board, everything=False)
    if why:
        line(stderr(), why, "yellow")
    if driven.board.of("failed", "invalid"):
        line(stderr(), f"To try again what did not end well: pidistill suite run {file}", "yellow")
    if why or driven.board.of("failed", "invalid"):
        click.get_current_context().exit(EXIT_FAILED)


@command.command("status")
@file_argument
@store_option
@all_option
@click.option("--watch", is_flag=True, help="Show it again every two seconds, until nothing runs.")
@json_option
def status(file: Path, store: Path | None, everything: bool, watch: bool, as_json: bool) -> None:
    """Show the board of a suite: waiting, running with progress, finished, invalid, failed with reason.

    Reads small files of the store alone, while the suite runs or after it. Invalid: what was finished or begun with
    other parts than are installed now, or holds completions that could not be judged.
    """
    suite = _read(file, store)
    while True:
        board = _board(suite)
        if as_json:
            click.echo(json.dumps(board_json(board), indent=2))
        else:
            if watch:
                click.clear()
            _print_board(stdout(), board, everything)
        if not watch or board.driver is None:
            return
        time.sleep(2.0)


@command.command("export")
@file_argument
@store_option
@click.option(
    "--to", required=True, type=click.Path(path_type=Path, dir_okay=False), help="FILE.jsonl or FILE.parquet."
)
@click.option("--training", is_flag=True, help="Training rollouts, too, and not only those that cells are measured by.")
def export(file: Path, store: Path | None, to: Path, training: bool) -> None:
    """Write the rollouts of the finished cells, with their verdicts, for other programs.

    A row is one rollout of one cell, under the names that lm-eval gives its logged samples, and what says where it
    comes from. What could not be judged has no acc.
    """
    from pidistill.errors import StoreError
    from pidistill.store.store import Store
    from pidistill.suite.export import export as write
    from pidistill.suite.matrix import cells

    suite = _read(file, store)
    if not suite.store.is_dir():
        raise StoreError(f"{suite.store}: there is no such store.", f"Run the suite first: pidistill suite run {file}")
    with Store(suite.store, read_only=True) as opened:
        count = write(opened, cells(suite), to, training=training)
    line(stderr(), f"Written: {to}, {count:,} rollouts.")


@command.command("reverify")
@file_argument
@store_option
@click.option(
    "--set", "sets", multiple=True, metavar="KEY=VALUE", help="Of the other verifier, such as verify.budget_s=60."
)
@click.option("--training", is_flag=True, help="Training rollouts, too, and not only those that cells are measured by.")
@all_option
@json_option
def reverify(
    file: Path, store: Path | None, sets: tuple[str, ...], training: bool, everything: bool, as_json: bool
) -> None:
    """Judge the rollouts of the finished cells by another verifier, and say problem by problem what changes.

    Without --set, by the verifier as it is installed now: what a new version, or a patch, would change. Nothing is
    sampled, no cell changes, and the new verdicts are kept.

    \b
        pidistill suite reverify arms.toml --set 'verify.wrappers=["lenient"]'
    """
    from pidistill.cli.progress import show_progress
    from pidistill.errors import StoreError
    from pidistill.plugins import get_manager
    from pidistill.store.store import Store
    from pidistill.suite.matrix import cells
    from pidistill.suite.reverify import changes_of, reverify_suite, rows

    suite = _read(file, store)
    if not suite.store.is_dir():
        raise StoreError(f"{suite.store}: there is no such store.", f"Run the suite first: pidistill suite run {file}")
    with Store(suite.store) as opened, show_progress() as progress:
        found = reverify_suite(opened, cells(suite), sets, get_manager(), progress, training=training)
    if as_json:
        click.echo(json.dumps([judged.to_json() for judged in found], indent=2))
        return
    console = stdout()
    _print_rows(console, rows(found))
    _list(console, changes_of(found), everything)


def _read(file: Path, store: Path | None) -> SuiteFile:
    from pidistill.suite.file import read_suite

    suite = read_suite(file)
    return suite if store is None else replace(suite, store=store)


def _executor(suite: SuiteFile) -> Callable[[], Executor]:
    from pidistill.errors import UsageError, did_you_mean

    if suite.running.executor == "local":
        from pidistill.suite.executors.local import LocalExecutor

        return lambda: LocalExecutor(suite.running, suite.needs)
    if suite.running.executor == "ray":
        from pidistill.suite.executors.cluster import RayExecutor

        return lambda: RayExecutor(suite.running, suite.needs)
    near = did_you_mean(suite.running.executor, ("local", "ray"))
    raise UsageError(
        f"{suite.path}: run.executor: no executor {suite.running.executor!r}.{near}", "There are: local, ray."
    )


def _board(suite: SuiteFile) -> Board:
    from pidistill.suite.registry import read_registration, suite_folder

    folder = suite_folder(suite, suite.store)
    registration = read_registration(folder)
    from pidistill.suite.board import read_board

    if registration is None:  # not run yet: what others have finished of it is there all the same
        from pidistill.suite.matrix import cells
        from pidistill.suite.registry import registered_cell

        return read_board(folder, [registered_cell(cell) for cell in cells(suite)], suite.store)
    from pidistill.suite.present import present_parts

    return read_board(folder, registration.cells, suite.store, present_parts)


def _print_board(console: Console, board: Board, everything: bool) -> None:
    from pidistill.suite.estimate import duration

    counts = board.counts()
    line(console, ", ".join(f"{count} {state}" for state, count in counts.items() if count) + ".", "bold")
    if (left := _time_left(board)) is not None and board.driver is not None:
        line(console, f"About {duration(left)} left with {board.workers} at the same time.")
    now = time.time()
    for square in board.of("running"):
        told = square.progress
        of = f"/{told['total']}" if told.get("total") else ""
        where = f": {told['task']} {told['done']}{of} {told.get('note', '')}".rstrip() if told else ""
        line(console, f"running   {square.cell.id} for {duration(now - (square.started_at or now))}{where}")
    for state in ("failed", "invalid"):
        texts = [
            f"{state:8}  {square.cell.id}: {square.reason}" + (f" Log: {square.log}" if _exists(square.log) else "")
            for square in board.of(state)
        ]
        _list(console, texts, everything, "yellow")
    if everything:
        for square in board.of("waiting", "finished"):
            line(console, f"{square.state:8}  {square.cell.id}")


def board_json(board: Board) -> dict[str, Any]:
    """The board as plain values."""
    return {
        "driver": board.driver, "workers": board.workers, "counts": board.counts(), "seconds_left": _time_left(board),
        "cells": [
            {"id": s.cell.id, "arm": s.cell.arm, "domain": s.cell.domain, "model": s.cell.model, "seed": s.cell.seed,
             "state": s.state, "reason": s.reason, "log": str(s.log) if _exists(s.log) else None,
             "progress": dict(s.progress), "facts": dict(s.facts)}
            for s in board.squares
        ],
    }  # fmt: skip


def _time_left(board: Board) -> float | None:
    """Seconds, from what finished cells took; None where none says."""
    took = [float(s.facts["seconds"]) for s in board.squares if "seconds" in s.facts]
    left = len(board.of("waiting", "running"))
    return sum(took) / len(took) * left / max(1, board.workers) if took and left else None


def _print_rows(console: Console, rows: Rows) -> None:
    from pidistill.report.render import rich_table

    console.print(rich_table(rows.table(), ascii_only=not console.is_terminal or console.options.ascii_only))


def _list(console: Console, texts: list[str], everything: bool, style: str = "") -> None:
    for text in texts if everything else texts[:SHOWN]:
        line(console, text, style)
    if len(texts) > SHOWN and not everything:
        line(console, f"... and {len(texts) - SHOWN} more: --all lists them.")


def _exists(path: Path | None) -> bool:
    return path is not None and os.path.exists(path)
