"""Options that several commands share, and how their text is read."""

from __future__ import annotations

import re
from pathlib import Path

import click

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
