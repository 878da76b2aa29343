"""`pidistill check`: the conformance kit of `verify.conformance`, from the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from pidistill.cli.options import SANDBOX_HELP
from pidistill.cli.output import line, stdout, warn_of_problems
from pidistill.cli.progress import show_progress
from pidistill.cli.verify import EXIT_UNSOUND, load_problems, open_pool, opener_of, source_of, verify_config
from pidistill.contracts import PIForm
from pidistill.discovery import Kind
from pidistill.plugins import Manager, get_manager
from pidistill.suite.guard import GuardedDomain
from pidistill.verify.conformance import Conformance, Found, Level, check_domain

LISTED = 5
"""Holes of one kind that are shown."""


@click.command("check")
@click.argument("domain")
@click.option("--data", type=click.Path(path_type=Path), help="JSONL or Parquet file of problems.")
@click.option("--dataset", default="", help="Data set that the domain knows.")
@click.option("--split", default="", help="Split of the data set.")
@click.option("--limit", type=click.IntRange(min=2), default=40, show_default=True, help="The first N problems.")
@click.option("--workers", type=click.IntRange(min=0), help="Worker processes.  [default: one per core, at most 8]")
@click.option("--sandbox", help=SANDBOX_HELP)
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="An option of the verifier. Repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    domain: str,
    data: Path | None,
    dataset: str,
    split: str,
    limit: int,
    workers: int | None,
    sandbox: str | None,
    sets: tuple[str, ...],
    as_json: bool,
) -> None:
    """Look for holes in a domain: its problems, its verifier, its cases and its PI forms.

    \b
        pidistill check DOMAIN
        pidistill check DOMAIN --dataset NAME --limit 200

    Tries what every domain promises (docs/plugins.md) with submissions that need no knowledge of it: several answers at
    once, claims in place of answers, absurd text, references in another dress, the same again in another order. Exit
    code 3 where a hole was seen, else 0. It finds no hole of the domain's own kind: that is what its cases are for.
    """
    manager = get_manager()
    warn_of_problems(manager)
    found = manager.domain(domain)
    opener = opener_of(manager, domain, sets, sandbox, ())
    source = source_of(manager, domain, data, dataset, split, limit)
    with (
        open_pool(opener, verify_config(workers, None)) as pool,
        show_progress() as progress,
        progress.task(f"check {domain}", len(Level)) as task,
    ):
        report = check_domain(
            GuardedDomain(manager, domain),
            lambda: load_problems(manager, domain, found, source),
            forms_of(manager, domain),
            pool,
            lambda level: task.advance(note=level),
        )
    if as_json:
        click.echo(json.dumps(asdict(report) | {"ok": report.ok}, indent=2))
    else:
        print_report(stdout(), report)
    ctx.exit(0 if report.ok else EXIT_UNSOUND)


def forms_of(manager: Manager, domain: str) -> dict[str, PIForm]:
    """The PI forms that the domain itself brings."""
    specs = manager.call(Kind.DOMAIN, domain, manager.domain(domain).pi_forms)
    return {spec.name: manager.pi_form(spec.name, domain) for spec in specs}


def print_report(console: Console, report: Conformance) -> None:
    """What was tried as a table, the holes and notes by kind, and one sentence."""
    table = Table("level", "tried", "holes", title=f"{report.domain}: {report.identity}", title_justify="left")
    for level, tried in report.tried.items():
        holes = sum(found.level is level for found in report.holes)
        table.add_row(str(level), str(tried), str(holes) if holes else "none")
    console.print(table)
    _list(console, "Holes", report.holes, "red")
    _list(console, "Notes, for a person to look at", report.notes, "yellow")
    line(console, f"\n{conclusion(report)}", "green" if report.ok else "red")


def conclusion(report: Conformance) -> str:
    """One sentence."""
    if report.holes:
        kinds = len({_kind(found) for found in report.holes})
        return (
            f"HOLES: {len(report.holes)} of {kinds} kinds. Each is a promise of docs/plugins.md that was seen broken."
        )
    if not report.ok:
        return "UNCHECKED: no problem has a reference, so the verifier was not tried."
    return "NO HOLE SEEN. What only somebody who knows the domain would try was not tried: see `Domain.cases`."


def _kind(found: Found) -> tuple[str, str]:
    return str(found.level), found.what


def _list(console: Console, title: str, found: Sequence[Found], style: str) -> None:
    if not found:
        return
    line(console, f"\n{title}: {len(found)}", "bold")
    for (level, what), group in groupby(sorted(found, key=_kind), key=_kind):
        members = list(group)
        line(console, f"  {level}: {what} ({len(members)})", style)
        for one in members[:LISTED]:
            said = ": ".join(part for part in (one.problem, one.got) if part)
            if said:
                line(console, f"    {said}")
        if len(members) > LISTED:
            line(console, f"    and {len(members) - LISTED} more: --json lists all")
