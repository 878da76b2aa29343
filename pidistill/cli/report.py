"""`pidistill report`: the report of what a store holds, without running anything. Thin."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pidistill.cli.options import json_option
from pidistill.cli.output import line, stderr, stdout


@click.command("report")
@click.argument("arms", nargs=-1, metavar="[ARM]...")
@click.option(
    "--store", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"), show_default=True,
    help="Folder of the store.",
)  # fmt: skip
@click.option("--domain", default="", help="The arms on this domain alone.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder to write to.  [default: in the store]"
)
@json_option
def command(arms: tuple[str, ...], store: Path, domain: str, out: Path | None, as_json: bool) -> None:
    """Report on what a store holds: all that is finished, or the arms that are named; runs nothing.

    Opens no model and judges nothing. What the store holds beside it is said on the report's first lines.

    \b
        pidistill report --store runs/demo
        pidistill report retry rejection --store runs/demo --domain DOMAIN
    """
    from pidistill.errors import StoreError
    from pidistill.plugins import get_manager
    from pidistill.store.store import Store
    from pidistill.suite.stored import stored_report

    if not store.is_dir():
        raise StoreError(f"{store}: there is no such folder.", "Name the folder of a store: --store DIR")
    with Store(store) as opened:
        report, folder = stored_report(opened, get_manager(), arms=arms, domain=domain, out=out)
        note = opened.damage_note()
    if as_json:
        click.echo(json.dumps(report.to_json(), indent=2))
    else:
        report.print(stdout())
    if folder is not None:
        line(stderr(), f"Written: {folder / 'index.html'}")
    if note:
        line(stderr(), note, "yellow")
