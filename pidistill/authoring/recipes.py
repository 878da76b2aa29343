"""Recipes that a package ships: one TOML file each, in a folder of the package, registered by name.

@hookimpl
def pidistill_register_recipes():
    return recipe_specs("pidistill_mydomain.recipes")
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from pidistill.contracts.spec import Spec

SUFFIX = ".toml"


def recipe_specs(package: str) -> list[Spec]:
    """A spec for each `NAME.toml` in the folder of `package` (which may be a plain folder, without `__init__.py`).

    Only names are read, and `package` itself is not imported; what a file says is read, and checked, when the recipe is
    asked for. Raises `ModuleNotFoundError` where there is no such folder.
    """
    found = importlib.util.find_spec(package)
    if found is None or found.submodule_search_locations is None:
        raise ModuleNotFoundError(f"no folder of recipes {package!r}")
    names = sorted(
        {path.name for folder in found.submodule_search_locations for path in Path(folder).glob(f"*{SUFFIX}")}
    )
    return [Spec(name.removesuffix(SUFFIX), "", f"{package}:{name}") for name in names]
