"""Configuration of a run: TOML files, overridden by `--set table.key=value`, checked by pydantic.

Layers, later ones win: defaults < the recipe's file < the user's file < `--set`. Every field has a one-line description
with its unit, and its kind (see `identity`); unknown keys are errors that name the nearest known one.
"""

from pidistill.config.read import as_json, build, merge, parse_set, read_toml
from pidistill.config.run import ONLY_STAGE, STAGE_TABLES, RecipeConfig, RunConfig, Stage, StageTables
from pidistill.config.tables import (
    DataConfig,
    DataTable,
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

__all__ = [
    "ONLY_STAGE", "STAGE_TABLES", "DataConfig", "DataTable", "EngineConfig", "EvaluateConfig", "ExamplesConfig",
    "GuardConfig", "ModelConfig", "RecipeConfig", "RoleConfig", "RolloutsConfig", "RunConfig", "SamplingConfig",
    "Stage", "StageTables", "Table", "TrainConfig", "VerifyConfig", "as_json", "build", "merge", "parse_set",
    "read_toml",
]  # fmt: skip
