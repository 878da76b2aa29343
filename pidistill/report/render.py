"""One table, shown in a terminal and as Markdown.

In a terminal that can, lines are drawn and findings coloured; into a pipe, a file or a terminal without Unicode the
same table is plain ASCII, as wide as it needs to be, because a table cut at 80 columns is worse than a long line.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from pidistill.report.model import Table, Tone

STYLES: Mapping[Tone, str] = {
    "": "",
    "gain": "bold blue",
    "loss": "bold red",
    "none": "",
    "unreplicated": "yellow",
    "dim": "dim",
    "warn": "bold yellow",
}
WIDEST = 240
"""Characters that a table may take where the output is not a terminal."""
NARROWEST = 14
"""Characters that are left to a wrapped column in a narrow terminal."""


def print_tables(
    console: Console, title: str, tables: Sequence[Table], notes: Sequence[str], first: Sequence[str] = ()
) -> None:
    """Print a report's first lines, its tables (details left out) and its notes."""
    own_width = console.width
    plain = not console.is_terminal or console.options.ascii_only
    try:
        if not console.is_terminal:
            console.width = max(own_width, WIDEST)
        console.print(Text(title, style="bold"))
        _print_notes(console, first, STYLES["warn"])
        for table in tables:
            if not table.detail:
                console.print()
                console.print(rich_table(table, ascii_only=plain))
                _print_notes(console, table.notes)
        console.print()
        _print_notes(console, notes)
    finally:
        console.width = own_width


def _print_notes(console: Console, notes: Sequence[str], style: str = "dim") -> None:
    for note in notes:
        for line in textwrap.wrap(note, max(20, min(console.width - 1, 110)), subsequent_indent="  "):
            console.print(Text(line, style=style))


def rich_table(table: Table, ascii_only: bool = False) -> RichTable:
    """The table for a rich console. Text is never read as rich markup."""
    shown = RichTable(
        title=Text(table.title, style="bold"),
        title_justify="left",
        box=box.ASCII2 if ascii_only else box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for column in table.columns:
        shown.add_column(
            Text(column.title),
            justify=column.align,
            overflow="fold",
            min_width=min(column.wrap, NARROWEST) or None,
            max_width=column.wrap or None,
            no_wrap=column.wrap == 0,
        )
    for place, row in enumerate(table.rows):
        shown.add_row(*(Text(cell.text, style=STYLES[cell.tone]) for cell in row), end_section=place in table.breaks)
    return shown


def markdown_table(table: Table) -> str:
    """The table as a Markdown section: heading, pipe table, notes. Text is escaped."""
    heads = "| " + " | ".join(escape_markdown(column.title) for column in table.columns) + " |"
    rule = "| " + " | ".join("---:" if column.align == "right" else "---" for column in table.columns) + " |"
    rows = ["| " + " | ".join(_markdown_cell(cell.text, cell.tone) for cell in row) + " |" for row in table.rows]
    notes = [f"\n{escape_markdown(note)}" for note in table.notes]
    return "\n".join([f"## {escape_markdown(table.title)}\n", heads, rule, *rows, *notes]) + "\n"


def markdown_report(title: str, tables: Sequence[Table], notes: Sequence[str], first: Sequence[str] = ()) -> str:
    """The first lines, all tables and notes as one Markdown document, details included."""
    said = "".join(f"**{escape_markdown(line)}**\n\n" for line in first)
    head = f"# {escape_markdown(title)}\n\n{said}![Effect of each arm](picture.svg)\n"
    lines = "".join(f"- {escape_markdown(note)}\n" for note in notes)
    return "\n".join([head, *(markdown_table(table) for table in tables), "## Notes\n", lines])


def escape_markdown(text: str) -> str:
    """`text` as it would read if Markdown meant nothing, on one line."""
    escaped = "".join("\\" + c if c in "\\`*_[]<>|#" else c for c in " ".join(text.split()))
    return escaped.replace("&", "&amp;")


def _markdown_cell(text: str, tone: Tone) -> str:
    escaped = escape_markdown(text)
    return f"**{escaped}**" if tone in ("gain", "loss", "warn") and escaped else escaped
