"""The recipes: one TOML file per arm, with its definition, source and published result. Data, not code.

A recipe file holds the fields of `config.RecipeConfig` at the top level and, beside them, any of the run's tables
(`[train]`, `[sampling]`, `[evaluate]`) whose defaults the arm changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pidistill.config import RecipeConfig, RunConfig, build, merge, parse_set, read_toml
from pidistill.errors import unknown_name

RUN_TABLES = ("train", "sampling", "evaluate")
"""Tables of a run that a recipe may set."""


def recipe_path(name: str) -> Path:
    """The file of recipe `name`. Raises `UsageError` with the nearest known name."""
    known = _files()
    if name not in known:
        raise unknown_name("recipe", name, known, "pidistill recipes")
    return known[name]


def load_recipe(name: str) -> dict[str, Any]:
    """The tables of recipe `name` as a run's tables: `{"recipe": {...}, "train": {...}}`."""
    path = recipe_path(name)
    tables = read_toml(path)
    run = {key: tables.pop(key) for key in RUN_TABLES if key in tables}
    return {"recipe": {"name": path.stem, **tables}, **run}


def list_recipes() -> list[RecipeConfig]:
    """All recipes, by name."""
    return [build(RecipeConfig, load_recipe(name)["recipe"], f"recipe {name}") for name in sorted(_files())]


def run_config(
    recipe: str,
    domain: str,
    *,
    file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    sets: Sequence[str] = (),
) -> RunConfig:
    """The checked configuration of a run: defaults < recipe < `file` < `overrides` < `sets`.

    In `file`, `[arms.NAME]` tables apply to that recipe alone. Raises `UsageError` that names file and key.
    """
    tables = read_toml(file) if file else {}
    arms = tables.pop("arms", {})
    user = merge(tables, arms.get(recipe, {}), overrides or {}, *(parse_set(text) for text in sets))
    user = merge(user, {"domain": domain})
    where = f"{file}" if file and not sets else "configuration"
    return build(RunConfig, merge(load_recipe(recipe), user), where)


def _files() -> dict[str, Path]:
    folder = Path(str(resources.files(__name__)))
    return {path.stem: path for path in folder.glob("*.toml")}
