"""A cell: recipe x domain x model x seed, with the live parts that run it, and where its chance comes from.

A cell is named by its configuration and seed alone (`RunConfig.cell_id`). What it was then run with can only be known
once model, data and verifier are open: `provenance`, which is written down when a cell begins and compared when it
goes on. What the arrows of the loop do with a cell is `pidistill.arrows`'s business.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pidistill.config import RunConfig, SamplingConfig, Stage, as_json
from pidistill.contracts import Domain, Engine, Objective, PIForm, Selector
from pidistill.errors import StaleError
from pidistill.progress import Progress
from pidistill.records import JSON, ModelRef, Problem, Sampling, content_hash
from pidistill.store.store import Store
from pidistill.verify.pool import VerifierPool

STUDENT = "student"
ROLES = (STUDENT, "teacher", "hinter", "solver")
"""Who may speak; a written PI form may name further ones."""


@dataclass(frozen=True)
class Speaker:
    """Who speaks in a role."""

    engine: Engine
    model: ModelRef | None = None
    """None: the current student."""
    sampling: SamplingConfig | None = None
    """None: as the stage's training rollouts."""

    def of(self, student: ModelRef) -> ModelRef:
        """The model that speaks, given the current student."""
        return self.model or student


@dataclass(frozen=True)
class Cell:
    """What one run of the loop needs. `config` has no defaults left to resolve."""

    id: str
    config: RunConfig
    seed: int
    base: ModelRef
    train_problems: Sequence[Problem]
    held_out: Sequence[Problem]
    domain: Domain
    pool: VerifierPool
    speakers: Mapping[str, Speaker]
    """By role; `student` is always there."""
    objectives: Mapping[str, Objective]
    forms: Mapping[str, PIForm]
    """By their text in the configuration."""
    selectors: Mapping[str, Selector]
    store: Store
    progress: Progress
    observe: Callable[..., None]
    """Tells plugins' observers, by hook name; cannot fail the cell."""
    packages: Mapping[str, str]
    """Versions of the installed packages that results may depend on."""
    matched: str = ""
    """The cell whose tokens this one is to spend, where its recipe says so."""
    renew: bool = False
    """Whether to go on with the parts that are here, whatever the cell began with."""

    @property
    def engine(self) -> Engine:
        """The student's engine."""
        return self.speakers[STUDENT].engine

    def speaker(self, role: str) -> Speaker:
        """Who speaks in `role`: its own speaker, else the student."""
        return self.speakers.get(role, self.speakers[STUDENT])

    def objective(self, stage: Stage) -> Objective:
        """The objective of a stage."""
        return self.objectives[stage.train.objective]

    def settings(self) -> dict[str, JSON]:
        """The cell as `cell.json` and observers see it."""
        return {"config": as_json(self.config, without=("seeds", "store")), "seed": self.seed}

    def provenance(self) -> dict[str, JSON]:
        """What the cell's outcome depends on beyond its name: known once everything is open."""
        roles: dict[str, JSON] = {
            role: [
                speaker.engine.name,
                dict(speaker.engine.identity()),
                speaker.model.revision if speaker.model else "",
            ]
            for role, speaker in sorted(self.speakers.items())
        }
        return {
            "settings": self.config.identity(places=False),
            "model": self.base.revision,
            "verifier": self.pool.identity,
            "train": content_hash([problem.hash for problem in self.train_problems]),
            "held_out": content_hash([problem.hash for problem in self.held_out]),
            "roles": roles,
            "packages": dict(self.packages),
        }

    def begin(self) -> None:
        """Record the provenance, or compare it with the one that the cell began with. Raises `StaleError`."""
        now, then = self.provenance(), self.store.provenance(self.id)
        if then is None or self.renew:
            self.store.write_provenance(self.id, now)
        elif changed := differences(then, now):
            raise stale({self.id: changed})


def differences(then: Mapping[str, JSON], now: Mapping[str, JSON]) -> dict[str, tuple[JSON, JSON]]:
    """What differs between two provenances, by dotted name; a part that only one of them tells is no difference."""
    found: dict[str, tuple[JSON, JSON]] = {}
    for key in then.keys() & now.keys():
        old, new = then[key], now[key]
        if isinstance(old, Mapping) and isinstance(new, Mapping) and key in ("packages", "code"):
            names = sorted({*old, *new})
            found |= {
                f"{key}.{name}": (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)
            }
        elif old != new:
            found[key] = (old, new)
    return dict(sorted(found.items()))


def stale(cells: Mapping[str, Mapping[str, tuple[JSON, JSON]]]) -> StaleError:
    """The error for cells whose parts have changed since they began: which cells, what changed, what to type."""
    changed = {what: pair for each in cells.values() for what, pair in each.items()}
    what = "; ".join(f"{name} was {_short(old)} and is {_short(new)}" for name, (old, new) in list(changed.items())[:4])
    named = ", ".join(list(cells)[:3]) + (f" and {len(cells) - 3} more" if len(cells) > 3 else "")
    return StaleError(
        f"{len(cells)} cell{'s' * (len(cells) > 1)} began with other parts than are here now ({named}): {what}.",
        "Nothing is mixed. The same command with --renew runs them anew with what is here (rollouts and verdicts that "
        "still hold are reused); with --as-is finished ones are reported as they are.",
    )


def _short(value: JSON) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


# --- Chance ---------------------------------------------------------------------------------------------------------


def sampling(cell: Cell, config: SamplingConfig, *draw: JSON) -> Sampling:
    """How one training rollout is drawn; `draw` names it within the cell. Two arms with one seed draw alike."""
    seed = seed_for(cell, *draw) if config.temperature else 0
    return Sampling(config.temperature, config.top_p, config.top_k, config.max_tokens, seed)


def first_draw(cell: Cell, stage: Stage, turn: str, problem: Problem, number: int) -> Sampling:
    """How a problem's first attempt `number` of a turn is drawn; its temperature is the grid's, if there is one."""
    config, grid = stage.sampling, stage.rollouts.temperatures
    if grid:
        config = config.model_copy(update={"temperature": grid[number % len(grid)]})
    return sampling(cell, config, "sample", problem.id, turn, number)


def seed_for(cell: Cell, *what: JSON) -> int:
    """A 63-bit seed that depends on the cell's seed and on `what` is drawn, and on nothing else."""
    return int(content_hash(cell.seed, *what)[:16], 16) >> 1


def rng_for(cell: Cell, *what: JSON) -> random.Random:
    """A generator of its own for `what`."""
    return random.Random(seed_for(cell, *what))
