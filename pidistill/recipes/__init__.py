"""The recipes: one TOML file per arm, with its definition, source and published result. Data, not code.

The files beside this one are about no domain in particular; a domain's own come with its plugin. A recipe file holds
the fields of `config.RecipeConfig` at the top level (`[[stages]]` among them) and, beside them, any of the run's tables
(`[train]`, `[sampling]`, `[evaluate]`, `[roles]`) whose defaults the arm changes. A recipe of one's own is a file given
by its path: `pidistill run ./mine.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pidistill.config import STAGE_TABLES, RecipeConfig, RunConfig, build, merge, parse_set, read_toml
from pidistill.discovery import Kind
from pidistill.errors import UsageError, did_you_mean
from pidistill.plugins import Manager, get_manager

RUN_TABLES = ("train", "sampling", "evaluate", "roles")
"""Tables of a run that a recipe may set."""
IN_RECIPE = ("rollouts", "examples")
"""Tables of a stage that stand under `recipe` in a run."""


def recipe_path(name: str, manager: Manager | None = None) -> Path:
    """The file of recipe `name`, or `name` itself where it is a path. Raises `UsageError` with the nearest name."""
    if name.endswith(".toml"):
        return Path(name)
    return (manager or get_manager()).recipe(name)


def load_recipe(name: str, manager: Manager | None = None) -> dict[str, Any]:
    """The tables of recipe `name` as a run's tables: `{"recipe": {...}, "train": {...}}`."""
    path = recipe_path(name, manager)
    tables = read_toml(path)
    run = {key: tables.pop(key) for key in RUN_TABLES if key in tables}
    return {"recipe": {"name": path.stem, "summary": "", **tables}, **run}


def list_recipes(manager: Manager | None = None) -> list[RecipeConfig]:
    """All installed recipes, by name. Raises `UsageError` naming the file of one that is not well-formed."""
    manager = manager or get_manager()
    return [recipe_config(name, manager) for name in manager.specs(Kind.RECIPE)]


def recipe_config(name: str, manager: Manager | None = None) -> RecipeConfig:
    """What recipe `name` says of itself."""
    return build(RecipeConfig, load_recipe(name, manager)["recipe"], f"recipe {name}")


def run_config(
    recipe: str,
    domain: str,
    *,
    file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    sets: Sequence[str] = (),
) -> RunConfig:
    """The checked configuration of a run: defaults < recipe < `file` < `overrides` < `sets`.

    In `file`, `[arms.NAME]` tables apply to that recipe alone. What the user sets for the whole run (`train.lr`) holds
    in every stage; `stages.NAME.train.lr` is for one. Raises `UsageError` that names file and key.
    """
    tables = read_toml(file) if file else {}
    arms = tables.pop("arms", {})
    loaded = load_recipe(recipe)
    name = loaded["recipe"]["name"]
    user = merge(tables, arms.get(name, {}), overrides or {}, *(parse_set(text) for text in sets))
    of_stages = user.pop("stages", {})
    user = merge(user, {"domain": domain})
    where = f"{file}" if file and not sets else "configuration"
    merged = merge(loaded, user)
    build(RunConfig, merge(merged, {"recipe": {"stages": []}}), where)  # so that a slip is named as it was typed
    merged["recipe"]["stages"] = _stages(loaded["recipe"].get("stages", []), user, of_stages, name)
    return build(RunConfig, merged, where)


def _stages(
    stages: Sequence[Mapping[str, Any]], user: Mapping[str, Any], of_stages: Mapping[str, Any], recipe: str
) -> list[dict[str, Any]]:
    """The recipe's stages with what the user sets: for all of them, and for each by name."""
    names = [str(stage.get("name", "")) for stage in stages]
    for name in of_stages:
        if name not in names:
            known = f"It has: {', '.join(names)}." if names else "It has one stage: set its tables without a name."
            raise UsageError(f"Recipe {recipe!r} has no stage {name!r}.{did_you_mean(name, names)}", known)
    everywhere = {
        table: said
        for table in STAGE_TABLES
        if (said := (user.get("recipe", {}) if table in IN_RECIPE else user).get(table)) is not None
    }
    return [merge(stage, everywhere, of_stages.get(name, {})) for name, stage in zip(names, stages, strict=True)]
