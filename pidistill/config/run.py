"""A run's configuration: one recipe on one domain with one model, as stages.

A recipe is a sequence of stages. A flat recipe is one; `[[stages]]` of a recipe's file hold what each changes of the
recipe's own tables. `RunConfig.stages` is the resolved sequence, and what the loop reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from pidistill.config.read import build, merge
from pidistill.config.tables import (
    DataConfig,
    EngineConfig,
    EvaluateConfig,
    ExamplesConfig,
    GuardConfig,
    ModelConfig,
    RoleConfig,
    RolloutsConfig,
    SamplingConfig,
    Table,
    TrainConfig,
    VerifyConfig,
)
from pidistill.identity import VERSION, execution, presentation, result, result_fields
from pidistill.records import JSON, content_hash

ONLY_STAGE = "train"
"""Name of the one stage of a flat recipe."""


class StageTables(Table):
    """One of a recipe's `[[stages]]`: what it changes of the recipe's own tables."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$", json_schema_extra={"kind": "result"})
    """What reports call it: lower case, such as `revise`."""
    rollouts: dict[str, Any] = result({})
    examples: dict[str, Any] = result({})
    sampling: dict[str, Any] = result({})
    train: dict[str, Any] = result({})
    evaluate: dict[str, Any] = result({})


class Stage(Table):
    """One stage, whole: its rollouts, selection, teacher, objective, schedule and evaluation."""

    name: str = result()
    rollouts: RolloutsConfig = RolloutsConfig()
    examples: ExamplesConfig = ExamplesConfig()
    sampling: SamplingConfig = SamplingConfig()
    train: TrainConfig = TrainConfig()
    evaluate: EvaluateConfig = EvaluateConfig()


STAGE_TABLES = ("rollouts", "examples", "sampling", "train", "evaluate")
"""What a stage may change."""


class RecipeConfig(Table):
    """One arm of the methods page, as data."""

    name: str = result()
    """The arm's id."""
    summary: str = presentation()
    """One line."""
    definition: str = presentation("")
    """What is done, in full, and which parts of it are ours."""
    source: str = presentation("")
    """Seed document or paper."""
    published: str = presentation("")
    """The published result to set beside ours."""
    control_for: tuple[str, ...] = presentation(())
    """The recipes that this one is a control of."""
    controls: tuple[str, ...] = presentation(())
    """The recipes that are controls of this one."""
    rollouts: RolloutsConfig = RolloutsConfig()
    examples: ExamplesConfig = ExamplesConfig()
    stages: tuple[StageTables, ...] = result(())
    """The stages, in order; none: the recipe is one stage."""


class RunConfig(Table):
    """A run: one recipe on one domain with one model, over some seeds."""

    recipe: RecipeConfig
    domain: str = result()
    """A registered domain."""
    seeds: tuple[int, ...] = execution((0, 1, 2))
    """One cell each."""
    store: Path = execution(Path("runs"))
    """Folder of the store: rollouts, verdicts, checkpoints and cells, shared by all runs that name it."""
    model: ModelConfig = ModelConfig()
    engine: EngineConfig = EngineConfig()
    data: DataConfig = DataConfig()
    sampling: SamplingConfig = SamplingConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    verify: VerifyConfig = VerifyConfig()
    train: TrainConfig = TrainConfig()
    guards: GuardConfig = GuardConfig()
    roles: dict[str, RoleConfig] = result({})
    """Role -> who speaks in it: `teacher`, `hinter`, `solver`. A role that is not named is the student's."""

    @model_validator(mode="after")
    def _stages_are_whole(self) -> Self:
        names = [stage.name for stage in self.stages]
        if len(set(names)) != len(names):
            raise ValueError(f"two stages are called {next(n for n in names if names.count(n) > 1)!r}")
        return self

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages, whole. Raises `UsageError` naming stage and key."""
        own: dict[str, Any] = {
            "rollouts": self.recipe.rollouts, "examples": self.recipe.examples, "sampling": self.sampling,
            "train": self.train, "evaluate": self.evaluate,
        }  # fmt: skip
        if not self.recipe.stages:
            return (Stage(name=ONLY_STAGE, **own),)
        flat = {name: table.model_dump(exclude_unset=True) for name, table in own.items()}
        return tuple(
            build(Stage, merge(flat, stage.model_dump(exclude_unset=True)), f"stage {stage.name!r}")
            for stage in self.recipe.stages
        )

    def identity(self, places: bool = True) -> dict[str, JSON]:
        """Every result field that differs from its default: what a cell is named by, beside its seed.

        Without `places`, models go unnamed: once they are resolved to folders, their revisions say what they are.
        """
        tables: dict[str, JSON] = {
            "version": VERSION, "recipe": self.recipe.name, "domain": self.domain,
            "stages": [result_fields(stage) for stage in self.stages],
        }  # fmt: skip
        for name in ("model", "engine", "data", "evaluate", "verify"):
            if said := _without(result_fields(getattr(self, name)), () if places or name != "model" else ("name",)):
                tables[name] = said
        if self.roles:
            left_out = () if places else ("model",)
            tables["roles"] = {
                role: _without(result_fields(config), left_out) for role, config in sorted(self.roles.items())
            }
        return tables

    def cell_id(self, seed: int) -> str:
        """The readable name of a cell. Known before anything is opened."""
        return self.cell_ids((seed,))[0]

    def cell_ids(self, seeds: Iterable[int]) -> list[str]:
        """The names of the cells of these seeds, for little more than that of one."""
        identity = self.identity()
        return [
            f"{self.recipe.name}-{self.domain}-s{seed}-{content_hash('cell', identity, seed)[:12]}" for seed in seeds
        ]


def _without(table: dict[str, JSON], names: tuple[str, ...]) -> dict[str, JSON]:
    return {name: value for name, value in table.items() if name not in names}
