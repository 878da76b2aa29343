"""The turns of a stage: which problems are drawn when, and how many optimizer steps that is for.

Off-policy objectives take all problems once a round. On-policy ones take a slice of problems a refresh, and are
promised their steps: where a selector leaves attempts out, a turn goes on drawing until it has the examples for its
steps, at most `train.draw_limit` times as many problems in the whole stage as would do if nothing were left out.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pidistill.arrows.where import Where
from pidistill.cell import Cell, rng_for
from pidistill.config import Stage
from pidistill.records import Problem


@dataclass
class Steps:
    """Optimizer steps of a stage: asked for, and taken so far."""

    asked: int | None
    """None where the objective takes as many as its examples give."""
    limit: int = 0
    """Problems that may be drawn."""
    taken: int = 0
    drawn: int = 0
    """Problems drawn so far."""

    @classmethod
    def asked_by(cls, cell: Cell, stage: Stage) -> Steps:
        """The steps that a stage asks for, and the bound on what it may draw for them."""
        if not cell.objective(stage).on_policy:
            return cls(None)
        train = stage.train
        enough = math.ceil(train.steps * train.batch_size / stage.rollouts.samples)
        return cls(train.steps, math.ceil(train.draw_limit * enough))

    @property
    def left(self) -> int:
        """Problems that may still be drawn."""
        return max(0, self.limit - self.drawn)

    @property
    def short(self) -> bool:
        """Whether fewer steps were taken than asked for."""
        return self.asked is not None and self.taken < self.asked

    def __str__(self) -> str:
        return (
            f"{self.taken} of {self.asked} steps were taken: {self.drawn} problems drawn, the most that "
            "train.draw_limit allows, gave no more examples"
        )


@dataclass
class Turn:
    """One turn of a stage's loop. Draws problems while examples are missing."""

    stage: str
    number: int
    """From 1."""
    label: str
    """What a person reads and what draws are named by: `round 1`, `refresh 2`, `stage 2: round 1`."""
    wanted: int | None
    """Examples that its steps take; None: as many as there are."""
    goes_on: bool
    """Whether its training goes on from the last turn's state."""
    steps: Steps
    order: Iterator[Problem]
    samples: int
    _draws: Counter[str] = field(default_factory=Counter)
    _drawing: int = 0
    _begun: bool = False

    def where(self, arrow: str) -> Where:
        """A place in this turn: while it draws, one in the present draw."""
        return Where(
            self.stage, self.number, f"{arrow}, draw {self._drawing}" if self._drawing > 1 else arrow, self.label
        )

    def next_draw(self, problem: Problem) -> int:
        """How often `problem` has been drawn in this turn before."""
        self._draws[problem.id] += 1
        return self._draws[problem.id] - 1

    def draw(self, have: int) -> Sequence[Problem]:
        """The next problems, given how many examples there are already; none when these are enough, or all is drawn."""
        if self.wanted is None:
            fresh = [] if self._begun else list(self.order)
        else:
            missing = self.wanted - have
            size = math.ceil(max(missing, self.wanted / 4) / self.samples) if missing > 0 else 0
            fresh = list(itertools.islice(self.order, min(size, self.steps.left)))
        self._begun = True
        self._drawing = self._drawing + 1 if fresh else 0
        self.steps.drawn += len(fresh)
        return fresh


def turns(cell: Cell, stage: Stage, steps: Steps) -> Iterator[Turn]:
    """The turns of a stage; goes on until `steps`, which the caller counts, are taken or nothing may be drawn."""
    place = [other.name for other in cell.config.stages].index(stage.name)
    prefix = f"stage {place + 1}: " if place else ""
    samples, train = stage.rollouts.samples, stage.train
    if steps.asked is None:
        for number in range(1, stage.rollouts.rounds + 1):
            yield Turn(
                stage.name, number, f"{prefix}round {number}", None, False, steps, iter(cell.train_problems), samples
            )
        return
    rng = rng_for(cell, "order", prefix) if prefix else rng_for(cell, "order")
    shuffles = (rng.sample(cell.train_problems, len(cell.train_problems)) for _ in itertools.count())
    order = itertools.chain.from_iterable(shuffles)
    for number in itertools.count(1):
        if steps.taken >= steps.asked or not steps.left:
            return
        wanted = min(train.refresh_every, steps.asked - steps.taken) * train.batch_size
        yield Turn(stage.name, number, f"{prefix}refresh {number}", wanted, number > 1, steps, order, samples)
