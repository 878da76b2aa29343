"""Options that several commands share, and how their text is read."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pidistill.cli.output import line, stderr, stdout

if TYPE_CHECKING:
    from pidistill.config import RunConfig

MOST_SEEDS = 10_000
"""In one range; more is a slip of the keyboard."""
SANDBOX_HELP = (
    "Where untrusted code runs: docker, bubblewrap, process, auto.  [default: auto, the strongest that works]"
)


def parse_seeds(text: str) -> tuple[int, ...]:
    """`0,1,2` or `0-4` as distinct seeds. Raises `click.BadParameter`."""
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part.strip())
        if match is None or (match[2] and int(match[2]) < int(match[1])):
            raise click.BadParameter(f"{text!r} is no list of seeds; give 0,1,2 or 0-2.")
        first, last = int(match[1]), int(match[2] or match[1])
        if last - first >= MOST_SEEDS:
            raise click.BadParameter(f"{text!r} is too many seeds; give at most {MOST_SEEDS}.")
        seeds += range(first, last + 1)
    if len(set(seeds)) != len(seeds):
        raise click.BadParameter(f"{text!r} names a seed twice.")
    return tuple(seeds)


def _seeds(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    return None if value is None else parse_seeds(value)


store_option = click.option(
    "--store", type=click.Path(path_type=Path, file_okay=False), help="Folder of the store.  [default: runs]"
)
seeds_option = click.option(
    "--seeds", callback=_seeds, metavar="LIST", help="One cell each: 0,1,2 or 0-4.  [default: 0,1,2]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the report's data as JSON.")


renew_option = click.option(
    "--renew", is_flag=True, help="Run cells anew whose model, verifier, data or packages have changed since."
)
as_is_option = click.option(
    "--as-is", is_flag=True, help="Report finished cells though their verifier or packages have changed since."
)


def compare(
    configs: Sequence[RunConfig], name: str, title: str, as_json: bool, renew: bool = False, as_is: bool = False
) -> None:
    """Run the cells of `configs`, or find them finished, and print their report.

    It lies in `reports/` of the store, in a folder of its own for these cells; a store on a read-only disk gets none.
    """
    from pidistill.cli.progress import show_progress
    from pidistill.suite.compare import report_folder, run_comparison

    folder = report_folder(configs, name)
    if configs[0].store.is_dir() and not os.access(configs[0].store, os.W_OK):
        line(stderr(), f"{configs[0].store} is read-only: the report is printed, and not written.")
        written = None
    else:
        written = folder
    with show_progress() as progress:
        report = run_comparison(configs, written, progress, title=title, renew=renew, as_is=as_is)
    if as_json:
        click.echo(json.dumps(report.to_json(), indent=2))
    else:
        report.print(stdout())
    for file in ("index.html", "picture.png") if written else ():
        line(stderr(), f"Written: {folder / file}")
