"""The report as one HTML page that needs nothing else: picture and style inside, no script, no network.

Everything that comes from outside (names, settings, a plugin's sections) is text and is escaped by jinja2. Of a
plugin's Markdown only headings, lists, code and paragraphs are read; the rest is shown as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import jinja2

from pidistill.report.model import ReportMeta, Table

Kind = Literal["heading", "paragraph", "list", "code"]


@dataclass(frozen=True)
class Block:
    """A piece of a section's text. `lines` are list items for a list, source lines for code, else a single line."""

    kind: Kind
    lines: tuple[str, ...]


def render_page(
    title: str,
    tables: Sequence[Table],
    notes: Sequence[str],
    svg: bytes,
    meta: ReportMeta,
    sections: Sequence[tuple[str, str]] = (),
) -> str:
    """The page. `svg` is the picture as drawn by `report.picture`; `sections` are (title, Markdown) from plugins."""
    template = _environment().get_template("page.html.j2")
    return template.render(
        title=title,
        tables=[table for table in tables if not table.detail],
        details=[table for table in tables if table.detail],
        first=meta.first,
        notes=notes,
        svg=_inline(svg),
        verifier=meta.verifier,
        settings=sorted(meta.settings.items()),
        sections=[(heading, markdown_blocks(text)) for heading, text in sections],
    )


def markdown_blocks(text: str) -> tuple[Block, ...]:
    """The little of Markdown that sections need: `#` headings, `-` lists, fenced code and pipe tables, paragraphs.

    Any text is accepted, and none of it is lost; nothing is read as HTML.
    """
    blocks: list[Block] = []
    for place, part in enumerate(re.split(r"^```[^\n]*$", text, flags=re.MULTILINE)):
        if place % 2:
            blocks.append(Block("code", tuple(part.strip("\n").split("\n"))))
            continue
        for chunk in re.split(r"\n\s*\n", part):
            lines = tuple(line.rstrip() for line in chunk.strip("\n").split("\n") if line.strip())
            if lines:
                blocks.extend(_chunk(lines))
    return tuple(blocks)


def _chunk(lines: tuple[str, ...]) -> list[Block]:
    heading = re.match(r"#{1,6}\s+(.*)", lines[0])
    if heading:
        return [Block("heading", (heading[1],)), *(_chunk(lines[1:]) if lines[1:] else [])]
    if all(re.match(r"\s*[-*]\s+\S", line) for line in lines):
        return [Block("list", tuple(re.sub(r"^\s*[-*]\s+", "", line) for line in lines))]
    if all(line.lstrip().startswith("|") for line in lines):
        return [Block("code", lines)]
    return [Block("paragraph", (" ".join(line.strip() for line in lines),))]


def _inline(svg: bytes) -> str:
    """The `<svg>` element without the XML prologue, which HTML does not allow."""
    text = svg.decode("utf-8")
    return text[text.index("<svg") :]


def _environment() -> jinja2.Environment:
    loader = jinja2.PackageLoader("pidistill.report", "")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
