"""Options that several commands share, and how their text is read."""

from __future__ import annotations

from pathlib import Path

import click

from pidistill.config import seeds

SANDBOX_HELP = (
    "Where untrusted code runs: docker, bubblewrap, process, auto.  [default: auto, the strongest that works]"
)


def parse_seeds(text: str) -> tuple[int, ...]:
    """`0,1,2` or `0-4` as distinct seeds. Raises `click.BadParameter`."""
    try:
        return seeds.parse_seeds(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _seeds(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    return None if value is None else parse_seeds(value)


store_option = click.option(
    "--store", type=click.Path(path_type=Path, file_okay=False), help="Folder of the store.  [default: runs]"
)
seeds_option = click.option(
    "--seeds", callback=_seeds, metavar="LIST", help="One cell each: 0,1,2 or 0-4.  [default: 0,1,2]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the report's data as JSON.")
