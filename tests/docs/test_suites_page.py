"""docs/suites.md: its file is one, its tables name all settings, and the suite of the seeds holds every recipe."""

from __future__ import annotations

import re
from pathlib import Path

from pidistill.plugins import get_manager
from pidistill.recipes import list_recipes
from pidistill.suite.board import STATES
from pidistill.suite.file import Needs, Running, parse_suite, read_suite
from pidistill.suite.matrix import cells, problems_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "suites.md").read_text("utf-8")


def test_the_pages_file_comes_to_the_cells_that_its_rules_say(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "mine.toml").write_text('summary = "Mine."\n')
    suite = parse_suite(text, tmp_path / "arms.toml")
    found = cells(suite)
    assert not any(cell.arm.problem for cell in found)
    assert len(found) == (2 * 3 - 1) * 5 * 2 + 5
    budgets = {cell.arm.axes["domain"]: cell.planned.config.verify.budget_s for cell in found}
    assert budgets["code"] == 20.0 != budgets["math"]


def test_the_tables_name_all_settings_and_states() -> None:
    for name in (*Running.model_fields, *Needs.model_fields):
        assert f"`{name}`" in PAGE, name
    for state in STATES:
        assert f"| {state} |" in PAGE, state


def test_the_suite_of_the_seeds_holds_every_recipe_and_no_bad_arm() -> None:
    suite = read_suite(ROOT / "benchmarks" / "suites" / "seeds.toml")
    found = cells(suite)
    assert not {reason for reason in problems_of(found, get_manager()).values() if reason}
    assert {cell.planned.config.recipe.name for cell in found} == {recipe.name for recipe in list_recipes()}
    assert {cell.planned.config.domain for cell in found} == {"math", "code", "lean"}
    assert len({cell.seed for cell in found}) >= 3
