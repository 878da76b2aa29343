"""What a plugin may import is the table in docs/plugins.md, and the distributions of this repository keep to it."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text("utf-8")
TABLE = PAGE.split("## What a plugin may import\n", 1)[1].split("\n## ", 1)[0]
FACE = re.findall(r"^\| `(pidistill[\w.]*)` \|", TABLE, re.MULTILINE)
PACKAGES = [
    *sorted(path for path in (ROOT / "plugins").glob("*/pidistill_*") if (path / "__init__.py").is_file()),
    ROOT / "sandboxes" / "pidistill_sandboxes",
]
BELOW_AUTHORING = ("contracts", "records", "errors", "text", "rows", "parts", "authoring")
HEAVY = ("torch", "transformers", "duckdb", "sympy", "numpy", "pydantic", "pyarrow", "datasets", "rich", "matplotlib")


def imported(folder: Path) -> Iterator[tuple[str, str]]:
    """(file and line, module of the core) for every import in the folder, also those within functions."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
                inner = [f"{node.module}.{alias.name}" for alias in node.names]
                names += [name for name in inner if is_module(name)]  # `from pidistill import plugins`
            for name in names:
                if name == "pidistill" or name.startswith("pidistill."):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", name


def is_module(name: str) -> bool:
    base = ROOT.joinpath(*name.split("."))
    return base.is_dir() or base.with_suffix(".py").is_file()


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: folder.name)
def test_a_distribution_imports_the_public_face_and_nothing_else_of_the_core(folder: Path) -> None:
    found = list(imported(folder))
    assert found, f"{folder} imports nothing of pidistill: is this the right folder?"
    assert [(where, name) for where, name in found if name not in FACE] == []


def test_an_import_of_anything_else_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "def f():\n    from pidistill import plugins, hookimpl\n    import pidistill.loop\n"
    (tmp_path / "sly.py").write_text(code)
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    monkeypatch.setattr(sys.modules[__name__], "is_module", lambda name: name == "pidistill.plugins")
    assert {name for _, name in imported(tmp_path)} == {"pidistill", "pidistill.plugins", "pidistill.loop"}


def test_the_face_is_there_and_every_module_of_authoring_is_in_it() -> None:
    assert len(FACE) == len(set(FACE)) > 10
    for name in FACE:
        assert importlib.import_module(name).__doc__, name
    authoring = {f"pidistill.authoring.{path.stem}" for path in (ROOT / "pidistill/authoring").glob("*.py")}
    assert authoring - {"pidistill.authoring.__init__"} == {name for name in FACE if ".authoring." in name}


def test_the_face_is_light_to_import() -> None:
    code = f"import sys, {', '.join(FACE)}\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip() == "[]"


def test_authoring_stands_on_the_records_and_contracts_alone() -> None:
    reached = {name.split(".")[1] for _, name in imported(ROOT / "pidistill" / "authoring")}
    assert reached <= set(BELOW_AUTHORING)
