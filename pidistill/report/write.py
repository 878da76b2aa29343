"""Make a report from cells and write it into a folder.

    report.json   every number of the comparison, for programs
    report.md     the tables
    picture.png, picture.svg
    index.html    all of it on one page

The same cells and `ReportMeta` give the same files, byte for byte. Each file appears whole or not at all; `index.html`
is written last, so where it is there, the others are.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from pidistill.records import JSON
from pidistill.report.model import ReportMeta, Table
from pidistill.report.render import markdown_report, print_tables
from pidistill.report.table import all_tables, report_notes
from pidistill.stats.compare import Comparison, compare
from pidistill.stats.data import CellScores
from pidistill.stats.levels import Stratum, by_band, by_level

FILES = ("report.json", "report.md", "picture.png", "picture.svg", "index.html")
"""In the order in which they are written."""
Sections = Sequence[tuple[str, str]]
"""(title, Markdown) pairs."""


@dataclass(frozen=True)
class Report:
    """A comparison with its tables, ready to be printed."""

    meta: ReportMeta
    comparison: Comparison
    levels: tuple[Stratum, ...]
    bands: tuple[Stratum, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]

    def print(self, console: Console) -> None:
        """Print the tables and notes: coloured in a terminal, plain ASCII into a pipe or a file."""
        print_tables(console, self.meta.title, self.tables, self.notes, self.meta.first)

    def markdown(self) -> str:
        """The tables and notes as one Markdown document."""
        return markdown_report(self.meta.title, self.tables, self.notes, self.meta.first)

    def to_json(self) -> dict[str, JSON]:
        """What `report.json` holds. Rates and differences are fractions, not percent."""
        ledger = self.meta.ledger
        return {
            "title": self.meta.title,
            **self.comparison.to_json(),
            "levels": [stratum.to_json() for stratum in self.levels],
            "bands": [stratum.to_json() for stratum in self.bands],
            "first": list(self.meta.first),
            "notes": list(self.notes),
            "published": dict(self.meta.published),
            "verifier": self.meta.verifier,
            "settings": dict(self.meta.settings),
            "cells": [
                {
                    "name": cell.name,
                    "recipe": cell.recipe,
                    "domain": cell.domain,
                    "model": cell.model,
                    "seed": cell.seed,
                }
                for cell in self.meta.cells
            ],
            "ledger": [dict(zip(ledger.header, row, strict=True)) for row in ledger.rows] if ledger else [],
        }


def build_report(cells: Sequence[CellScores], meta: ReportMeta) -> Report:
    """Compare `cells` and lay out the tables; nothing is written. Raises as `stats.compare.compare` does."""
    rng = np.random.default_rng(meta.bootstrap_seed)
    comparison = compare(cells, rng, control_for=meta.control_for, pairs=meta.pairs, margin=meta.margin)
    levels, bands = by_level(cells), by_band(cells)
    tables = all_tables(comparison, levels, bands, meta)
    return Report(meta, comparison, levels, bands, tables, report_notes(comparison, meta))


def write_report(
    cells: Sequence[CellScores],
    out_dir: Path,
    meta: ReportMeta,
    sections: Callable[[Mapping[str, JSON]], Sections] | None = None,
) -> Report:
    """Write the report of `cells` to `out_dir`, which is made if need be, and return it for printing.

    `sections` is given the content of `report.json` and returns further sections for the page (the caller's way to the
    `pidistill_report_sections` hook).
    """
    report = build_report(cells, meta)
    data = report.to_json()
    extra = sections(data) if sections is not None else ()
    from pidistill.report.page import render_page
    from pidistill.report.picture import draw  # takes longer to import than a report to print

    images = draw(report.comparison, report.levels, meta.title)
    svg, compared = images["svg"], report.comparison
    page = render_page(meta.title, report.tables, report.notes, svg, meta, compared, extra, report.levels)
    out_dir.mkdir(parents=True, exist_ok=True)
    contents = {
        "report.json": (json.dumps(data, indent=1, allow_nan=False) + "\n").encode("ascii"),
        "report.md": _utf8(report.markdown()),
        "picture.png": images["png"],
        "picture.svg": images["svg"],
        "index.html": _utf8(page),
    }
    for name in FILES:
        write_atomically(out_dir / name, contents[name])
    return report


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`; a reader sees the old file or the new one, never a part."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _utf8(text: str) -> bytes:
    """UTF-8, with a lone surrogate (from a plugin's text) shown as an escape."""
    return text.encode("utf-8", "backslashreplace")
