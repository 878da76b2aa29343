"""`pidistill show`: from a number in a report down to the prompt, the PI, the completion and the verdict behind it."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from pidistill.cli.options import json_option
from pidistill.cli.output import line, stdout
from pidistill.errors import StoreError
from pidistill.store.store import Store
from pidistill.suite.trace import Trace, find, trace

LISTED = 10
"""Rollouts of an arrow that are listed for a cell, without --all."""


@click.command("show")
@click.argument("name", metavar="ROLLOUT|CELL")
@click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    show_default=True,
    help="Folder of the store.",
)
@click.option("--all", "everything", is_flag=True, help=f"With a cell: all its rollouts, not {LISTED} of each arrow.")
@json_option
def command(name: str, store: Path, everything: bool, as_json: bool) -> None:  # fmt: skip
    """Follow a rollout down: prompt as sent, PI, completion, verdicts, who paid, which cells used it.

    ROLLOUT is an id, or the beginning of one. With a CELL, its rollouts are listed arrow by arrow, each with its id and
    its verdict's first line.

    \b
        pidistill show retry-math-s0-5a3ac6b45d4e --store runs/demo
        pidistill show 3f2a9c --store runs/demo
    """
    if not store.is_dir():
        raise StoreError(f"{store}: there is no such folder.", "Name the folder of a store: --store DIR")
    with Store(store, read_only=True) as opened:
        console = stdout()
        if (store / "cells" / name).is_dir():
            _print_cell(console, opened, name, everything)
            return
        found = trace(opened, find(opened, name))
        if as_json:
            click.echo(json.dumps(found.to_json(), indent=2))
        else:
            _print(console, found)


def _print(console: Console, found: Trace) -> None:
    rollout, problem = found.rollout.record, found.problem
    line(console, f"Rollout {rollout.id}", "bold")
    line(console, f"Problem: {rollout.problem_id}" + (f", reference {problem.reference!r}" if problem else ""))
    line(console, f"By: {rollout.role}, {rollout.engine}, model {rollout.model_revision}")
    drawn = rollout.sampling
    line(
        console,
        f"Drawn: temperature {drawn.temperature:g}, top_p {drawn.top_p:g}, seed {drawn.seed}, attempt {rollout.attempt}"
        + (f", after {rollout.parent_id}" if rollout.parent_id else ""),
    )
    line(console, f"Paid by: {found.rollout.cell} at {found.rollout.at}")
    line(
        console,
        f"Tokens: {rollout.prompt_tokens} in the prompt, {len(rollout.token_ids)} in the completion"
        + (", cut off at the limit" if rollout.truncated else ""),
    )
    for pi in found.pi:
        line(
            console, f"\nPI, form {pi.form}, reveals {pi.reveals}" + (f", about {pi.about}" if pi.about else ""), "bold"
        )
        if pi.written_by:
            line(console, f"Written in rollout {pi.written_by}")
        line(console, pi.text)
    line(console, "\nPrompt as sent", "bold")
    for message in rollout.messages:
        line(console, f"[{message.role}] {message.content}")
    line(console, "\nCompletion", "bold")
    line(console, rollout.completion)
    for entry in found.verdicts:
        verdict = entry.record
        line(console, f"\nVerdict: {verdict.status}, score {verdict.score:g}, by {verdict.verifier}", "bold")
        line(console, f"Answer: {verdict.answer!r}. {verdict.reason}")
        if verdict.diagnostics:
            line(console, verdict.diagnostics)
    if not found.verdicts:
        line(console, "\nNo verdict is kept: it was not judged, or ended in ERROR.", "bold")
    for key, example in found.examples:
        line(console, f"\nExample {key}, weight {example.weight:g}, teacher's PI: {example.pi_form}", "bold")
    line(console, "\nUsed by", "bold")
    for cell, use in found.uses:
        place = f"stage {use.stage}, turn {use.turn}: " if use.turn else ""
        line(console, f"{cell}: {place}{use.arrow}")


def _print_cell(console: Console, store: Store, cell: str, everything: bool) -> None:
    for use in store.uses(cell):
        if use.kind != "rollout":
            continue
        place = f"stage {use.stage}, turn {use.turn}: " if use.turn else ""
        line(console, f"{place}{use.arrow}: {len(use.keys)} rollouts", "bold")
        shown = use.keys if everything else use.keys[:LISTED]
        for key in shown:
            rollout = store.rollouts.get(key)
            said = "gone from the store" if rollout is None else f"{rollout.problem_id}: {rollout.completion!r:.60}"
            line(console, f"  {key}  {said}")
        if len(shown) < len(use.keys):
            line(console, f"  ... and {len(use.keys) - len(shown)} more: --all")
