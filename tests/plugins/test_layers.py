"""Imports point down: between the packages and modules of a distribution there is no circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = [
    ROOT / "pidistill",
    ROOT / "plugins/math/pidistill_math",
    ROOT / "plugins/code/pidistill_code",
    ROOT / "plugins/lean/pidistill_lean",
    ROOT / "sandboxes/pidistill_sandboxes",
]
LAYERS = {
    "pidistill_code": ["syntax", "extraction", "suites", "judging", "verifier"],
    "pidistill_math": ["reading", "meaning", "question", "extraction", "comparing", "verifier"],
    "pidistill_lean": ["protocol", "extraction", "judge", "verifier"],
}
"""As the pages of the domains list them, lowest first."""


def imported(path: Path, package: str) -> Iterator[str]:
    """What a file imports of its own distribution while it is imported: the first name below `package`."""
    tree = ast.parse(path.read_text("utf-8"))
    late = {id(node) for outer in ast.walk(tree) if _is_late(outer) for node in ast.walk(outer)}
    for node in ast.walk(tree):
        if id(node) in late:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == package:
            yield from [node.module.split(".")[1]] if "." in node.module else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith(f"{package}."))


def _is_late(node: ast.AST) -> bool:
    """Whether what is in it is not run while its module is imported: a function, or what is for type checkers alone."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def graph(folder: Path) -> dict[str, set[str]]:
    """Package or module of `folder` -> those that it imports."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        place = path.relative_to(folder).with_suffix("").parts[0]
        found.setdefault(place, set()).update(name for name in imported(path, folder.name) if name != place)
    return found


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=lambda folder: folder.name)
def test_no_package_imports_one_that_imports_it(folder: Path) -> None:
    found = graph(folder)
    try:
        order = list(TopologicalSorter(found).static_order())
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")
    assert set(found) <= set(order)


@pytest.mark.parametrize("package", LAYERS)
def test_no_layer_imports_one_above_it(package: str) -> None:
    (folder,) = (folder for folder in DISTRIBUTIONS if folder.name == package)
    found, layers = graph(folder), LAYERS[package]
    for place, layer in enumerate(layers):
        assert not found[layer] & set(layers[place + 1 :])
