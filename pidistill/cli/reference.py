"""Writes the command reference from the commands themselves: `python -m pidistill.cli.reference docs/cli.md`.

The page in the repository is this program's output, and a test holds it to that.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pidistill.cli.main import COMMANDS, HELP_OPTIONS, cli

WIDTH = 100
HEAD = """# Command reference

Made by `make docs` from the commands' own help. Exit codes: 0 done, 1 an error, 2 a command or setting that cannot be
used as it is, 3 a verifier that deviates (`verify --oracle`), 130 interrupted. Errors are one or two lines on stderr;
`--debug` adds the traceback.
"""


def reference() -> str:
    """The whole page, in Markdown."""
    with click.Context(cli, info_name="pidistill", terminal_width=WIDTH, help_option_names=HELP_OPTIONS) as top:
        parts = [HEAD, _section("pidistill", cli.get_help(top))]
        for name in COMMANDS:
            command = cli.get_command(top, name)
            assert command is not None, name
            with click.Context(command, info_name=name, parent=top, terminal_width=WIDTH) as context:
                parts.append(_section(f"pidistill {name}", command.get_help(context)))
    return "\n".join(parts)


def _section(title: str, text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return f"## {title}\n\n```text\n{lines}\n```\n"


def main() -> None:
    """Write the page to the path given, or to stdout."""
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(reference(), "utf-8")
    else:
        click.echo(reference(), nl=False)


if __name__ == "__main__":
    main()
