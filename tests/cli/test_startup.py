"""The commands that only tell are instant: they import nothing heavy, and help needs no plugin."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pidistill.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "trl", "peft", "vllm", "openai", "scipy", "matplotlib", "duckdb", "pyarrow", "sympy")


def imported_by(*arguments: str) -> set[str]:
    """Top-level and full names of the modules that a fresh `pidistill` imports for this command line."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pidistill", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    rows = [row.rsplit("|", 1) for row in done.stderr.splitlines() if row.startswith("import time:")]
    assert len(rows) > 50
    return {row[1].strip() for row in rows}


def test_help_imports_nothing_but_click_and_the_hooks() -> None:
    imported = imported_by("--help")
    assert not imported & {
        *HEAVY,
        "numpy",
        "pydantic",
        "rich",
        "pidistill.plugins",
        "pidistill.config",
        "pidistill_math",
    }
    assert not {name for name in imported if name.startswith("pidistill.cli.")} - {"pidistill.cli.main"}


@pytest.mark.parametrize("arguments", [["plugins"], ["recipes"], ["doctor"]])
def test_listing_imports_nothing_heavy(arguments: list[str]) -> None:
    assert not imported_by(*arguments) & set(HEAVY)


def test_the_groups_summaries_are_the_commands_own_first_lines() -> None:
    for name, summary in COMMANDS.items():
        command = importlib.import_module(f"pidistill.cli.{name}").command
        assert isinstance(command, click.Command)
        assert command.name == name
        assert command.get_short_help_str(limit=200) == summary
        assert (command.help or "").splitlines()[0] == summary
