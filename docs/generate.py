"""Writes `docs/reference.md` from the code: commands, recipes, settings, hooks. `make docs` runs it; a test compares.

What can be read off the code is never written by hand, so it cannot go stale.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

import pidistill.config.run as run_tables
import pidistill.config.tables as tables
from pidistill import hookspecs
from pidistill.cli.main import cli
from pidistill.recipes import list_recipes

TARGET = Path(__file__).with_name("reference.md")


def reference() -> str:
    """The whole page."""
    parts = [
        "# Reference\n\nMade from the code by `make docs`. Do not edit.",
        "## Commands",
        *_commands(),
        "## Recipes",
        *_recipes(),
        "## Settings\n\nA run's TOML file, and `--set table.key=value`.",
        *_settings(),
        "## Hooks\n\nEntry-point group `pidistill`. A plugin may take any subset of a hook's arguments.",
        *_hooks(),
    ]
    return "\n\n".join(parts) + "\n"


def _commands() -> Iterator[str]:
    context = click.Context(cli, info_name="pidistill", max_content_width=100, terminal_width=100)
    yield f"```text\n{cli.get_help(context)}\n```"
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if command is not None:
            inner = click.Context(command, info_name=name, parent=context, max_content_width=100, terminal_width=100)
            yield f"### `pidistill {name}`\n\n```text\n{command.get_help(inner)}\n```"


def _recipes() -> Iterator[str]:
    for recipe in list_recipes():
        control = f" Control of {', '.join(f'`{name}`' for name in recipe.control_for)}." if recipe.control_for else ""
        yield (
            f"### `{recipe.name}`\n\n{recipe.summary}{control}\n\n{recipe.definition.strip()}\n\n"
            f"Source: {recipe.source}. Published: {recipe.published}."
        )


KINDS = ("result", "execution", "presentation")
"""What a key may be: part of what results depend on and so of their names, or only of how a run is done or shown."""


def _settings() -> Iterator[str]:
    sources = [inspect.getsource(module) for module in (tables, run_tables)]
    classes = {
        node.name: node for source in sources for node in ast.parse(source).body if isinstance(node, ast.ClassDef)
    }
    yield (
        "A cell is named by its *result* keys that differ from their defaults. A key of *execution* says how a run is "
        "done, one of *presentation* what is shown; changing them renames nothing."
    )
    yield from _nested("", classes["RunConfig"], classes)


def _nested(path: str, node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> Iterator[str]:
    inner: list[tuple[str, ast.ClassDef]] = []
    rows: list[str] = []
    for field, following in zip(node.body, [*node.body[1:], None], strict=True):
        if not isinstance(field, ast.AnnAssign):
            continue
        key, used = ast.unparse(field.target), ast.unparse(field.annotation)
        table = next((name for name in classes if re.search(rf"\b{name}\b", used)), None)
        described = ast.literal_eval(following.value) if isinstance(following, ast.Expr) else ""
        if table is not None:
            name = f"{key}.NAME" if used.startswith("dict") else key
            inner.append((f"{path}.{name}".lstrip("."), classes[table]))
        if described:
            kind, default = _declared(field.value)
            rows.append(f"| `{key}` | {default} | {kind} | {_cell(described)} |")
    if rows:
        heads = ["| key | default | kind | meaning |", "|---|---|---|---|"]
        yield "\n".join([f"### `{path or '(top level)'}`\n", *heads, *rows])
    for name, table_node in inner:
        yield from _nested(name, table_node, classes)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _declared(value: ast.expr | None) -> tuple[str, str]:
    """(kind, default) of a field."""
    if not isinstance(value, ast.Call):
        return "", "" if value is None else f"`{ast.unparse(value)}`"
    name = ast.unparse(value.func)
    kind = name if name in KINDS else next((kind for kind in KINDS if f"'{kind}'" in ast.unparse(value)), "")
    return kind, f"`{ast.unparse(value.args[0])}`" if value.args else "required"


def _hooks() -> Iterator[str]:
    for name, function in vars(hookspecs).items():
        if name.startswith("pidistill_"):
            yield f"### `{name}{inspect.signature(function)}`\n\n{inspect.getdoc(function)}"


if __name__ == "__main__":
    text = reference()
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.read_text("utf-8") == text else f"{TARGET} is out of date. Run: make docs")
    TARGET.write_text(text, "utf-8")
