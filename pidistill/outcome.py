"""What stages and cells leave behind. `stats` turns it into numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pidistill.config import Stage
from pidistill.records import Attempt, ModelRef
from pidistill.turns import Steps


@dataclass(frozen=True)
class StageOutcome:
    """What a stage leaves behind."""

    stage: Stage
    attempts: Sequence[Attempt]
    """All training rollouts, of every turn."""
    examples: int
    steps: Steps
    model: ModelRef
    after: Sequence[Attempt]
    """The evaluation of the weights that it ended with."""
    start: str
    """Hash of the trained weights before the first step: equal for arms of one seed. Empty where none was taken."""


@dataclass(frozen=True)
class Outcome:
    """What a cell leaves behind."""

    cell: str
    before: Sequence[Attempt]
    stages: Sequence[StageOutcome]

    @property
    def after(self) -> Sequence[Attempt]:
        """The evaluation of the final weights."""
        return self.stages[-1].after

    @property
    def model(self) -> ModelRef:
        """The final weights."""
        return self.stages[-1].model

    @property
    def trained_on(self) -> Sequence[Attempt]:
        """All training rollouts, of every stage."""
        return [attempt for stage in self.stages for attempt in stage.attempts]
