"""Configuration: layers merge, every mistake is named with the nearest right word."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.config import RunConfig, as_json, build, merge, parse_set
from pidistill.errors import UsageError
from pidistill.plugins import get_manager
from pidistill.recipes import list_recipes, run_config
from pidistill.suite.parts import check_names

keys = st.sampled_from("abc")
trees = st.recursive(st.integers(), lambda inner: st.dictionaries(keys, inner, max_size=3), max_leaves=6)
tables = st.dictionaries(keys, trees, max_size=3)


@given(tables, tables)
def test_the_later_layer_wins_and_nothing_else_is_lost(first: dict[str, object], second: dict[str, object]) -> None:
    merged = merge(first, second)
    assert set(merged) == set(first) | set(second)
    assert merge(merged, second) == merged
    assert merge({}, first) == first == merge(first, {})


@given(st.text(max_size=40))
def test_parse_set_gives_tables_or_a_usage_error(text: str) -> None:
    key, equals, _ = text.partition("=")
    if equals and all(part.strip() for part in key.split(".")):
        assert list(parse_set(text)) == [key.split(".")[0].strip()]
    else:
        with pytest.raises(UsageError, match=r"table\.key=value"):
            parse_set(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-4", 1e-4), ("7", 7), ("true", True), ("[1, 2]", [1, 2]), ("bare-retry", "bare-retry"), ('"7"', "7")],
)
def test_a_value_is_toml_and_a_bare_word_a_string(text: str, value: object) -> None:
    assert parse_set(f"a.b = {text}") == {"a": {"b": value}}


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("trian.lr=1", "Did you mean 'train'"),
        ("train.batchsize=1", "Did you mean 'batch_size'"),
        ("train.lr=fast", "train.lr"),
        ("train.lr=-1", "train.lr"),
        ("train.lr", "--set"),
    ],
)
def test_a_mistake_is_named(assignment: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        run_config("retry", "math", sets=[assignment])
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("recipe.examples.keep=firts", "Did you mean 'first'"),
        ("recipe.examples.keep=graded:abov=0.2", "Did you mean 'above'"),
        ("recipe.rollouts.retry_form=glod", "Did you mean 'gold'"),
        ("recipe.rollouts.retry_form=gibberish:tokn=QUUX", "Did you mean 'token'"),
        ("train.objective=sftt", "Did you mean 'sft'"),
        ("engine.name=vlm", "Did you mean 'vllm'"),
        ("roles.hinter.engine.name=opnai", "Did you mean 'openai'"),
        ("roles.hintr.model=large", "Did you mean 'hinter'"),
        ("recipe.rollouts.retry_role=solvr", "Did you mean 'solver'"),
        ("roles.student.model=large", "[model], [engine]"),
    ],
)
def test_a_part_that_nobody_brings_is_named_before_anything_is_opened(assignment: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        check_names(run_config("retry", "math", sets=[assignment]), get_manager())
    assert said in str(error.value)


def test_layers_are_defaults_recipe_file_arm_set(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("[train]\nlr = 1e-3\nsteps = 5\nbatch_size = 3\n[arms.opsd.train]\nsteps = 6\n")
    config = run_config("opsd", "math", file=file, sets=["train.batch_size=4"]).train
    assert (config.objective, config.lr, config.steps, config.batch_size) == ("opsd", 1e-3, 6, 4)
    assert run_config("retry", "math", file=file).train.steps == 5


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "demo.toml").write_text("x = [")
    with pytest.raises(UsageError, match=r"Did you mean 'demo.toml'"):
        run_config("retry", "math", file=tmp_path / "dmeo.toml")
    with pytest.raises(UsageError, match=r"demo\.toml"):
        run_config("retry", "math", file=tmp_path / "demo.toml")


def test_every_recipe_builds_and_states_its_source_and_published_result() -> None:
    recipes = list_recipes()
    assert {"retry", "star-gold", "star-gibberish", "star-wrong", "rejection", "opsd", "opsd-random"} <= {
        recipe.name for recipe in recipes
    }
    for recipe in recipes:
        assert recipe.definition and recipe.source and recipe.published
        assert set(recipe.control_for) <= {other.name for other in recipes}
        config = run_config(recipe.name, "math")
        assert build(RunConfig, as_json(config), "round trip") == config


def test_an_unknown_recipe_is_an_error_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="Did you mean 'star-gold'"):
        run_config("star-glod", "math")
