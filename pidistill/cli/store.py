"""`pidistill store check`: say what in a store is not what was written, and set it aside.

Thin: looking and mending are `store.check`'s.
"""

from __future__ import annotations

from pathlib import Path

import click

from pidistill.cli.output import line, stdout
from pidistill.errors import StoreError
from pidistill.store.check import check_store, mend_store
from pidistill.store.store import mend_command

EXIT_DAMAGED = 1
SHOWN = 20
"""Damaged places that are listed one by one, without --all."""


@click.group("store")
def command() -> None:
    """Check a store, and set aside what is damaged in it."""


@command.command("check")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--mend", is_flag=True, help="Move what is damaged into DIR/damaged; the next run makes it anew.")
@click.option("--all", "everything", is_flag=True, help=f"List every damaged place, not the first {SHOWN}.")
@click.pass_context
def check(ctx: click.Context, folder: Path, mend: bool, everything: bool) -> None:
    """Read everything in a store, and say what is not what was written.

    Nothing damaged is ever used: a run makes it anew, and says so each time until it is mended. Exit code 1 where
    something is damaged and was not mended.
    """
    if not folder.is_dir():
        raise StoreError(f"{folder}: there is no such folder.", "Name the folder of a store, such as runs/demo.")
    found = mend_store(folder) if mend else check_store(folder)
    console = stdout()
    if not found:
        line(console, f"{folder}: everything is what was written.")
        return
    for damage in found if everything else found[:SHOWN]:
        line(console, str(damage))
    if len(found) > SHOWN and not everything:
        line(console, f"... and {len(found) - SHOWN} more: --all lists them.")
    count = f"{len(found)} damaged lines and files" if len(found) > 1 else "1 damaged line or file"
    if mend:
        line(console, f"{count}, now in {folder / 'damaged'}. The next run makes anew what is missing.")
    else:
        line(console, f"{count}. To set them aside: {mend_command(folder)}")
        ctx.exit(EXIT_DAMAGED)
