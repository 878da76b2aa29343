"""Options become configuration: seeds, the demo's arms, and what `--set`, files and options mean to each other."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.cli.demo import ARMS, demo_configs, embedded_domains
from pidistill.cli.options import parse_seeds
from pidistill.cli.run import overrides
from pidistill.errors import UsageError
from pidistill.plugins import Manager, get_manager
from pidistill.recipes import run_config


@given(st.lists(st.integers(0, 10**9 - 1), min_size=1, unique=True))
def test_a_list_of_seeds_is_read_as_written(seeds: list[int]) -> None:
    assert parse_seeds(",".join(map(str, seeds))) == tuple(seeds)


@given(st.text(max_size=12))
def test_any_other_text_is_a_bad_parameter(text: str) -> None:
    try:
        seeds = parse_seeds(text)
    except click.BadParameter:
        return
    assert seeds
    assert len(set(seeds)) == len(seeds)


def test_a_range_of_seeds_includes_its_end() -> None:
    assert parse_seeds("3-5, 0") == (3, 4, 5, 0)
    with pytest.raises(click.BadParameter):
        parse_seeds("5-3")


def test_a_range_that_no_machine_can_run_is_refused_at_once() -> None:
    with pytest.raises(click.BadParameter, match="at most"):
        parse_seeds("0-999999999")


def test_set_wins_over_options_and_options_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('seeds = [7]\n[model]\nname = "from-file"\n[train]\nlr = 0.5\nepochs = 4\n')
    given = overrides("from-option", None, (1, 2), None)
    config = run_config("retry", "math", file=file, overrides=given, sets=["train.lr=0.25", "seeds=[9]"])
    assert (config.model.name, config.seeds, config.train.lr, config.train.epochs) == ("from-option", (9,), 0.25, 4)
    assert config.engine.name == "transformers"


def test_options_that_were_not_given_set_nothing() -> None:
    assert overrides(None, None, None, None) == {}


def test_the_demo_runs_every_arm_with_one_store_and_one_way_of_sampling(tmp_path: Path) -> None:
    configs = demo_configs(["math"], tmp_path, 3, quick=False)
    assert [config.recipe.name for config in configs] == list(ARMS)
    assert {config.seeds for config in configs} == {(0, 1, 2)}
    assert {config.store for config in configs} == {tmp_path}
    first = configs[0]
    assert all(
        (c.sampling, c.data, c.evaluate, c.model) == (first.sampling, first.data, first.evaluate, first.model)
        for c in configs
    )


def test_a_quick_demo_is_one_seed_and_few_problems() -> None:
    for config in demo_configs(["math"], None, 3, quick=True):
        assert config.seeds == (0,)
        assert config.data.train.limit is not None
        assert config.train.refresh_every <= config.train.steps <= 8


def test_math_is_there_for_the_demo_and_without_any_domain_the_demo_says_what_to_install() -> None:
    assert "math" in embedded_domains(get_manager())
    with pytest.raises(UsageError, match="No installed domain") as caught:
        embedded_domains(Manager([]))
    assert "pip install" in caught.value.hint
