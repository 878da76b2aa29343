"""How `run` and `demo` run a comparison and show what came out, and the options for cells whose parts have changed."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pidistill.cli.output import line, stderr, stdout

if TYPE_CHECKING:
    from pidistill.config import RunConfig


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
