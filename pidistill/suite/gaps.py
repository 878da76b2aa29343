"""The gaps of a store that a report's arms can be set against: measured on the weights that an arm began with.

`pidistill gap` leaves its file in the store's `gaps/`. It speaks of an arm where domain and weights are the arm's own,
the arm has one stage (a later stage begins with other weights) and that distils from a teacher that sees one of the
gap's forms. Which arms those are is decided by what they were run with, never by what came of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pidistill.config import RunConfig
from pidistill.errors import RecordError
from pidistill.law.gaps import FormGap, Gap
from pidistill.report.model import ArmGap
from pidistill.stats.data import CellScores
from pidistill.store.store import Store

FOLDER = "gaps"
OBJECTIVE = "opsd"
"""Of an arm that distils from a teacher."""


def arm_gaps(
    store: Store, cells: Sequence[tuple[str, CellScores]], summaries: Sequence[Mapping[str, Any]]
) -> tuple[ArmGap, ...]:
    """The gap of each arm of `cells` that the store has one for; of several the one from most samples."""
    best: dict[tuple[str, str, str], tuple[int, FormGap]] = {}
    for gap in measured(store.root / FOLDER):
        for form in gap.forms:
            key, size = (gap.domain, gap.revision, form.form), gap.problems * gap.samples
            if form.teacher is not None and (key not in best or size > best[key][0]):
                best[key] = size, form
    found: dict[tuple[str, str, str], ArmGap] = {}
    for (_, scores), summary in zip(cells, summaries, strict=True) if best else ():
        arm = (scores.recipe, scores.domain, scores.model)
        if arm not in found and (known := best.get(_asked(summary))) is not None:
            told = known[1].gap
            found[arm] = ArmGap(arm, known[1].form, 100 * told.mean, 100 * told.low, 100 * told.high)
    return tuple(found.values())


def measured(folder: Path) -> Iterator[Gap]:
    """The gaps in a folder by name. What is no gap, or of a version that wrote others, is passed over."""
    for path in sorted(folder.glob("*.json")):
        try:
            yield Gap.from_json(json.loads(path.read_bytes()))
        except (OSError, ValueError, RecordError):
            continue


def _asked(summary: Mapping[str, Any]) -> tuple[str, str, str]:
    """Domain, weights and form that a gap must have to speak of a cell; an empty form where none can."""
    try:
        config = RunConfig.model_validate(summary["cell"]["config"])
    except (KeyError, ValidationError):
        return "", "", ""
    form = distilled_form(config) if len(config.stages) == 1 else None
    return config.domain, str(summary["provenance"].get("model", "")), form or ""


def distilled_form(config: RunConfig) -> str | None:
    """The form that the teacher of a run's last stage sees, where that stage distils."""
    last = config.stages[-1]
    return last.examples.teacher_form if last.train.objective == OBJECTIVE else None
