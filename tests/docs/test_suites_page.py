"""docs/suites.md: its file is one, its tables name all settings, and the suite of the seeds holds every recipe."""

from __future__ import annotations

import re
import tomllib
from argparse import Namespace
from pathlib import Path

import pytest

from pidistill.discovery import Kind
from pidistill.plugins import Manager, get_manager
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
    manager = get_manager()
    domains = {name for name in manager.specs(Kind.DOMAIN) if manager.domain(name).embedded() is not None}
    core = set(Manager([]).specs(Kind.RECIPE))
    every = {recipe.name for recipe in list_recipes()}
    held: dict[str, set[str]] = {}
    for cell in found:
        held.setdefault(cell.planned.config.domain, set()).add(cell.planned.config.recipe.name)
    assert set(held) == domains >= {"math", "code", "lean"}
    assert set().union(*held.values()) == every
    assert all(core <= recipes for recipes in held.values()), "a recipe of the core is tried on every domain"
    assert 3 <= len({cell.seed for cell in found}) <= 5
    assert {str(cell.arm.axes["model"]) for cell in found} == {"embedded"}


@pytest.mark.parametrize("domains", [["math"], ["math", "code"], None])
def test_the_cut_of_the_seeds_has_the_arms_of_the_whole(domains: list[str] | None, tmp_path: Path) -> None:
    from benchmarks.seeds_on_ray import SUITE, cut, toml

    given = Namespace(domain=domains, problems=8, seeds="0", folder=tmp_path)
    few = cells(parse_suite(toml(cut(tomllib.loads(SUITE.read_text("utf-8")), given)), tmp_path / "cut.toml"))
    whole = {(c.planned.config.domain, c.planned.config.recipe.name) for c in cells(read_suite(SUITE))}
    meant = {arm for arm in whole if domains is None or arm[0] in domains}
    assert {(c.planned.config.domain, c.planned.config.recipe.name) for c in few} == meant
    assert len(few) == len(meant) and all(c.planned.config.data.train.limit == 8 for c in few)


def test_without_a_cut_the_suite_that_is_compared_is_the_one_of_the_file(tmp_path: Path) -> None:
    from benchmarks.seeds_on_ray import SUITE, cut, toml

    given = Namespace(domain=None, problems=None, seeds=None, folder=tmp_path)
    text = toml(cut(tomllib.loads(SUITE.read_text("utf-8")), given))
    ours, whole = cells(parse_suite(text, SUITE)), cells(read_suite(SUITE))
    assert len(whole) > 300
    assert [cell.planned.name for cell in ours] == [cell.planned.name for cell in whole]
