"""The report of a comparison: tables for a terminal, Markdown and HTML, a picture, and the files that hold them.

`model` is what a report is made of, `table` fills it from the statistics, `render` shows a table, `picture` draws,
`page` makes the HTML page, `write` puts everything into a folder. Numbers are computed in `pidistill.stats`, none here.
The names below are imported on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pidistill.report.model import ReportMeta, Rows
    from pidistill.report.write import Report, build_report, write_report

_HOME = {"Report": "write", "ReportMeta": "model", "Rows": "model", "build_report": "write", "write_report": "write"}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


__all__ = ["Report", "ReportMeta", "Rows", "build_report", "write_report"]
