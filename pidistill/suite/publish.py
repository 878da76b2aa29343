"""A report's last step: its files are written, or left where they stand.

What a page shows of every rollout takes longer to read than all else that a report takes. So the folder of a report
says what its files were made of: the numbers and words of the report, the store's files as they were, and the code that
drew. Where all of that is as it was, and each file is what was written, nothing is read and drawn again. A plugin that
adds sections may look at anything, so with one that does, all is made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pidistill.plugins import Manager
from pidistill.provenance import code_identity, package_versions
from pidistill.records import JSON, content_hash
from pidistill.report.model import ReportMeta
from pidistill.report.write import FILES, Report, build_report, write_atomically, write_report
from pidistill.stats.data import CellScores
from pidistill.store.store import Store
from pidistill.suite.evidence import with_evidence

MADE_OF = ".made-of.json"
_DRAWN_WITH = ("jinja2", "markupsafe", "matplotlib", "numpy", "scipy")


def publish(
    store: Store, manager: Manager, meta: ReportMeta, cells: Sequence[tuple[str, CellScores]],
    summaries: Sequence[Mapping[str, Any]], out: Path | None,
) -> Report:  # fmt: skip
    """The report of `cells` (name, and the scores as it shows them), its files in `out` if that is given."""
    scores = [found for _, found in cells]
    report = build_report(scores, with_evidence(meta, store, cells, summaries, page=False))
    if out is None:
        return report
    made_of = None if manager.has_report_sections() else _made_of(report, store)
    if made_of is not None and _stands(out, made_of):
        return report
    whole = with_evidence(meta, store, cells, summaries, page=True)
    report = write_report(scores, out, whole, manager.report_sections)
    files: dict[str, JSON] = {name: _digest(out / name) for name in FILES}
    write_atomically(out / MADE_OF, json.dumps({"made_of": made_of, "files": files}).encode("ascii"))
    return report


def _made_of(report: Report, store: Store) -> str:
    versions: dict[str, JSON] = {**package_versions(*_DRAWN_WITH)}
    return content_hash(report.to_json(), repr(report.meta), store.stamp(), code_identity("pidistill"), versions)


def _stands(out: Path, made_of: str) -> bool:
    """Whether the files in `out` are whole and what would be made of `made_of`."""
    try:
        known = json.loads((out / MADE_OF).read_bytes())
        return bool(known == {"made_of": made_of, "files": {name: _digest(out / name) for name in FILES}})
    except (OSError, ValueError):
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
