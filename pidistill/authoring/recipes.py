"""Recipes that a package ships: one TOML file each, in a folder of the package, registered by name.

@hookimpl
def pidistill_register_recipes():
    return recipe_specs("pidistill_mydomain.recipes")
"""

from __future__ import annotations

from importlib import resources

from pidistill.contracts.spec import Spec

SUFFIX = ".toml"


def recipe_specs(package: str) -> list[Spec]:
    """A spec for each `NAME.toml` in the folder of `package` (which may be a plain folder, without `__init__.py`).

    Only names are read; what a file says is read, and checked, when the recipe is asked for.
    """
    names = sorted(entry.name for entry in resources.files(package).iterdir() if entry.name.endswith(SUFFIX))
    return [Spec(name.removesuffix(SUFFIX), "", f"{package}:{name}") for name in names]
