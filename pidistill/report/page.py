"""The report as one HTML page that needs nothing else: picture, style, scripts and rollouts inside, no network.

Its Content-Security-Policy lets these scripts run and no other, and nothing be fetched from anywhere. Everything that
comes from outside (names, settings, completions, a plugin's sections) is text, and is escaped by jinja2 or put into the
page as text. Of a plugin's Markdown only headings, lists, code and paragraphs are read; the rest is shown as written.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

import jinja2
from markupsafe import Markup

from pidistill.report.charts import Panel, accuracy_by_length, learning_curves, legend
from pidistill.report.model import ReportMeta, Table
from pidistill.report.shapes import U_LIMITS, U_NOTE, gain_by_level, gain_by_model, law_panel
from pidistill.report.words import counts, findings, question
from pidistill.stats.compare import Comparison
from pidistill.stats.levels import Stratum

Kind = Literal["heading", "paragraph", "list", "code"]


@dataclass(frozen=True)
class Block:
    """A piece of a section's text. `lines` are list items for a list, source lines for code, else a single line."""

    kind: Kind
    lines: tuple[str, ...]


SCRIPTS = ("data.js", "dom.js", "list.js", "detail.js", "page.js")
"""In the order in which they are read: one script, whose names no other can see."""


def render_page(
    title: str,
    tables: Sequence[Table],
    notes: Sequence[str],
    svg: bytes,
    meta: ReportMeta,
    comparison: Comparison,
    sections: Sequence[tuple[str, str]] = (),
    levels: Sequence[Stratum] = (),
) -> str:
    """The page. `svg` is the picture as drawn by `report.picture`; `sections` are (title, Markdown) from plugins."""
    labels = {(arm.recipe, arm.domain, arm.model): arm.label for arm in comparison.arms}
    browser, script = meta.browser, _script()
    curves, length = learning_curves(comparison.arms, meta.curves), accuracy_by_length(comparison.arms)
    parts = [("picture", "Picture"), ("tables", "Tables"), ("charts", "Length and learning")]
    law, shapes = law_panel(comparison.arms, meta.gaps), _shapes(comparison, levels)
    parts += [("shapes", "Where the gain lies")] if law is not None or shapes else []
    parts += [("evidence", "Verifiers and what was left out")] if any(table.open for table in tables) else []
    parts += [("rollouts", "Rollouts")] if browser is not None else []
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=title,
            tables=[table for table in tables if not table.detail and not table.open],
            open=[table for table in tables if table.open],
            details=[table for table in tables if table.detail and not table.open],
            first=meta.first,
            question=meta.question or question(comparison.arms),
            planned=meta.planned,
            counts=counts(comparison.arms),
            findings=findings(comparison, meta.summaries),
            parts=[*parts, ("settings", "Settings")],
            notes=notes,
            svg=_inline(svg),
            length=length,
            legend=legend(comparison.arms),
            curves=curves,
            law=law,
            shapes=shapes,
            shapes_said=(U_NOTE, U_LIMITS),
            verifier=meta.verifier,
            settings=sorted(meta.settings.items()),
            sections=[(heading, markdown_blocks(text)) for heading, text in sections],
            note=browser.note if browser is not None else "",
            data=browser.encode(labels) if browser is not None else "",
            style=_web("page.css"),
            script=script,
            script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii')}",
        )
    )


def _shapes(comparison: Comparison, levels: Sequence[Stratum]) -> list[tuple[str, list[Panel]]]:
    """The inverted U, over problems and over models, where there is enough of either."""
    found = [
        ("Gain against difficulty, over problems", gain_by_level(levels)),
        ("Gain against the base, over models", gain_by_model(comparison.arms)),
    ]
    return [(heading, panels) for heading, panels in found if panels]


@functools.lru_cache(maxsize=4096)
def words(text: str) -> Markup:
    """`text` with each word that a browser might break, at a hyphen or a slash, kept whole."""
    parts = re.split(r"(\s+)", text)
    return Markup("").join(
        Markup('<span class="w">{}</span>').format(part) if place % 2 == 0 and re.search(r"\W", part) else part
        for place, part in enumerate(parts)
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


def _script() -> str:
    return '(() => {\n"use strict";\n' + "\n".join(_web(name) for name in SCRIPTS) + "\n})();\n"


def _web(name: str) -> str:
    return resources.files("pidistill.report").joinpath("web", name).read_text("utf-8")


def _environment() -> jinja2.Environment:
    loader = jinja2.PackageLoader("pidistill.report", "web")
    made = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    made.filters["words"] = words
    return made
