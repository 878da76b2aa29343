"""Writes `docs/reference.md` from the code: commands, recipes, settings, hooks. `make docs` runs it; a test compares.

What can be read off the code is never written by hand, so it cannot go stale.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from pidistill import config, hookspecs
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


def _settings() -> Iterator[str]:
    tree = ast.parse(inspect.getsource(config))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    run = classes["RunConfig"]
    yield _table("(top level)", run, skip=set(classes))
    for field in run.body:
        if isinstance(field, ast.AnnAssign) and (used := ast.unparse(field.annotation)) in classes:
            assert isinstance(field.target, ast.Name)
            yield from _nested(field.target.id, classes[used], classes)


def _nested(path: str, node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> Iterator[str]:
    table = _table(path, node, skip=set(classes))
    if "|" in table:
        yield table
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and (used := ast.unparse(field.annotation)) in classes:
            assert isinstance(field.target, ast.Name)
            yield from _nested(f"{path}.{field.target.id}", classes[used], classes)


def _table(path: str, node: ast.ClassDef, skip: set[str]) -> str:
    rows = []
    for field, text in zip(node.body, node.body[1:], strict=False):
        described = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and described and ast.unparse(field.annotation) not in skip:
            assert isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
            meaning = " ".join(str(text.value.value).split())
            rows.append(f"| `{ast.unparse(field.target)}` | {_default(field.value)} | {meaning} |")
    if not rows:
        return ""
    return "\n".join([f"### `{path}`\n", "| key | default | meaning |", "|---|---|---|", *rows])


def _default(value: ast.expr | None) -> str:
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "Field":
        value = value.args[0]
    return "required" if value is None else f"`{ast.unparse(value)}`"


def _hooks() -> Iterator[str]:
    for name, function in vars(hookspecs).items():
        if name.startswith("pidistill_"):
            yield f"### `{name}{inspect.signature(function)}`\n\n{inspect.getdoc(function)}"


if __name__ == "__main__":
    text = reference()
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.read_text("utf-8") == text else f"{TARGET} is out of date. Run: make docs")
    TARGET.write_text(text, "utf-8")
