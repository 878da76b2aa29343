"""What training came to, beside what was predicted before it: the runs of a store that a measured gap speaks of.

A run is spoken of where its domain and weights are those of the gap, and its last stage distils from a teacher that
sees one of the gap's forms. Every such arm of the store is a row, whatever its settings: none is picked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pidistill.config import RunConfig
from pidistill.law.advise import Prediction
from pidistill.law.gaps import Gap
from pidistill.records import Record
from pidistill.stats.compare import compare
from pidistill.stats.data import CellScores
from pidistill.stats.intervals import Interval
from pidistill.store.store import Store
from pidistill.suite.chosen import Held, finished_cells
from pidistill.suite.gaps import distilled_form


@dataclass(frozen=True)
class Outcome(Record):
    """One arm after its training. In percentage points."""

    form: str
    arm: str
    seeds: tuple[int, ...]
    improvement: float
    interval: Interval
    finding: str
    predicted: float | None
    predicted_interval: Interval | None

    @property
    def inside(self) -> bool | None:
        """Whether it came out within the prediction interval; None where nothing was predicted."""
        between = self.predicted_interval
        return None if between is None else between.low <= self.improvement <= between.high


def outcomes(store: Store, gap: Gap, predictions: Sequence[Prediction]) -> tuple[Outcome, ...]:
    """The arms of `store` that `gap` speaks of, in the order of its forms."""
    arms: dict[tuple[str, str, str], list[tuple[Held, CellScores]]] = {}
    for held, form, scores in _spoken_of(store, gap):
        arms.setdefault((form, held.arm.key, held.arm.problems), []).append((held, scores))
    forms = [prediction.form for prediction in predictions]
    found = []
    for (form, *_), members in sorted(arms.items(), key=lambda item: forms.index(item[0][0])):
        by_seed = {held.seed: scores for held, scores in members}
        alike = [replace(scores, recipe=members[0][0].arm.recipe) for _, scores in sorted(by_seed.items())]
        (arm,) = compare(alike, np.random.default_rng(0)).arms
        prediction = predictions[forms.index(form)]
        found.append(
            Outcome(
                form,
                arm.recipe,
                arm.seeds,
                100 * arm.delta.mean,
                Interval(100 * arm.delta.low, 100 * arm.delta.high),
                arm.finding,
                prediction.improvement,
                prediction.interval,
            )
        )
    return tuple(found)


def _spoken_of(store: Store, gap: Gap) -> Iterator[tuple[Held, str, CellScores]]:
    forms = {form.form for form in gap.forms}
    for held in finished_cells(store):
        if (held.arm.domain, held.arm.revision) != (gap.domain, gap.revision):
            continue
        summary = store.summary(held.id)
        if summary is None:
            continue
        form = distilled_form(RunConfig.model_validate(summary["cell"]["config"]))
        if form in forms:
            yield held, form, CellScores.from_json(summary["scores"])
