"""Suite files: what they say is what is run, and a slip is an error that names the file, the key and what to do."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.errors import PidistillError, UsageError
from pidistill.suite.file import parse_suite, read_suite, same
from pidistill.suite.matrix import cells, points

HEAD = 'store = "runs/x"\n[axes]\ndomain = ["math"]\n'
TWO = HEAD + 'recipe = ["retry", "rejection"]\nseed = [0, 1]\n'
PATH = Path("arms.toml")


def refusal(text: str) -> PidistillError | None:
    try:
        points(parse_suite(text, PATH))
    except PidistillError as error:
        return error
    return None


def ids(text: str) -> list[str]:
    return [cell.id for cell in cells(parse_suite(text, PATH))]


def test_the_cells_are_those_of_pidistill_run() -> None:
    from pidistill.recipes import run_config

    expected = [
        run_config(recipe, "math", overrides={"store": "runs/x", "train": {"lr": 1e-4}}).cell_id(seed)
        for recipe, seed in itertools.product(("retry", "rejection"), (0, 1))
    ]
    assert ids(TWO + "[settings]\ntrain.lr = 1e-4\n") == expected


def test_quoted_and_plain_dotted_keys_are_one_axis() -> None:
    plain, quoted = "train.lr = [1e-4, 2e-4]\n", '"train.lr" = [1e-4, 2e-4]\n'
    assert ids(TWO + plain) == ids(TWO + quoted)
    with pytest.raises(UsageError, match=r"arms\.toml: axes: 'train\.lr' is given twice"):
        ids(TWO + plain + quoted)


def test_exclude_comes_before_include_and_include_takes_all_values_of_what_it_does_not_name() -> None:
    rules = '[[exclude]]\nrecipe = "retry"\n[[include]]\nrecipe = "retry"\nseed = 7\n[[include]]\nrecipe = "opsd"\n'
    found = [(p.values["recipe"], p.seed) for p in points(parse_suite(TWO + rules, PATH))]
    assert found == [("rejection", 0), ("rejection", 1), ("retry", 7), ("opsd", 0), ("opsd", 1)]


def test_overrides_hold_for_the_cells_that_they_mean() -> None:
    text = TWO + '[[overrides]]\nwhen = {recipe = "retry"}\nset = {train.lr = 3e-4}\n'
    rates = {cell.planned.config.recipe.name: cell.planned.config.train.lr for cell in cells(parse_suite(text, PATH))}
    assert rates["retry"] == 3e-4 != rates["rejection"]


def test_a_recipe_of_ones_own_lies_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('summary = "Mine."\n')
    (tmp_path / "suite.toml").write_text(HEAD + 'recipe = ["mine.toml"]\nseed = 0\n')
    (cell,) = cells(read_suite(tmp_path / "suite.toml"))
    assert cell.arm.label == "mine" and cell.id.startswith("mine-math-s0-")


def test_two_recipes_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "other"):
        folder.mkdir(exist_ok=True)
        (folder / "mine.toml").write_text(f'summary = "{folder}"\n')
    (tmp_path / "suite.toml").write_text(HEAD + 'recipe = ["mine.toml", "other/mine.toml"]\nseed = 0\n')
    with pytest.raises(UsageError, match=r"two cells are one|two arms are called 'mine'"):
        cells(read_suite(tmp_path / "suite.toml"))


def test_settings_with_one_last_name_are_told_apart_in_labels() -> None:
    text = HEAD + 'recipe = ["retry"]\nseed = 0\nsampling.temperature = [0.5, 1.0]\nevaluate.temperature = [0.0]\n'
    labels = [cell.arm.label for cell in cells(parse_suite(text, PATH))]
    assert labels[0] == "retry [sampling.temperature=0.5, evaluate.temperature=0.0]"


def test_an_arm_whose_configuration_is_bad_is_a_cell_with_a_problem_and_the_others_stand() -> None:
    found = cells(parse_suite(TWO + "train.lr = [1e-4, -1.0]\n", PATH))
    bad = [cell for cell in found if cell.arm.problem]
    assert len(found) == 8 and len(bad) == 4 and len({cell.id for cell in found}) == 8
    assert "train.lr" in bad[0].arm.problem and bad[0].id.startswith("invalid-")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"axes: 'domain' is missing.*Add it"),
        ("[axes]\ndomain = 'math'", "axes: 'recipe' is missing"),
        ("axis = 1", r"unknown key 'axis'\. Did you mean 'axes'"),
        (TWO + "[setings]\n", "unknown key 'setings'. Did you mean 'settings'"),
        (HEAD + "recipes = ['retry']", "'recipes' is neither an axis nor a setting. Did you mean 'recipe'"),
        (TWO + "trian.lr = [1]", "'trian.lr' is neither an axis nor a setting. Did you mean 'train'"),
        (TWO + "train.lr = []", r"axes\.train\.lr: no values"),
        (TWO + "train.lr = [1e-4, 0.0001]", "given twice"),
        (TWO + "train.lr = [nan]", "nothing that a setting could be"),
        (TWO + "train.lr = [2020-01-01]", "nothing that a setting could be"),
        (HEAD + "recipe = [1]", r"axes\.recipe: expected a name, got 1"),
        (HEAD + "recipe = 'retry'\nseed = '2-1'", r"axes\.seed: '2-1' is no list of seeds"),
        (HEAD + "recipe = 'retry'\nseed = [0, 0]", "names a seed twice"),
        (HEAD + "recipe = 'retry'\nseed = [true]", "is no list of seeds"),
        (HEAD + "recipe = 'retry'\nseed = [-1]", "is no list of seeds"),
        (
            TWO + "[[exclude]]\nrecipe = 'rejecton'",
            "exclude 1: no cell has recipe = rejecton. Did you mean 'rejection'",
        ),
        (TWO + "[[exclude]]\nmodle = 'x'", "exclude 1: 'modle' is no axis of this suite. Did you mean 'model'"),
        (TWO + "[[exclude]]\n", "exclude 1: it says nothing"),
        (TWO + "[[exclude]]\nseed = 0\n[[exclude]]\nseed = 0", "exclude 2: no cell is excluded by it"),
        (TWO + "[[exclude]]\nseed = '0-1'", "every cell is excluded"),
        (TWO + "[exclude]\nseed = 0", r"exclude: give a list of tables: \[\[exclude\]\]"),
        (TWO + "[[overrides]]\nwhen = {seed = 9}\nset = {train.lr = 1.0}", "overrides 1: no cell is meant"),
        (TWO + "[[overrides]]\nwhen = {seed = 1}", "overrides 1: 'set' is missing"),
        (TWO + "[settings]\nseeds = [1]", "settings: 'seeds' does not stand here. Say it under .axes., as 'seed'"),
        (TWO + "[settings]\nstore = 'x'", "'store' does not stand here. Say it at the top"),
        (TWO + "[settings]\nmodel.name = 'x'", "'model.name' does not stand here. Say it under .axes.: model"),
        (TWO + "train.lr = [1.0]\n[settings]\ntrain.lr = 1.0", "settings: 'train.lr' is an axis, too"),
        (TWO + "model.threads = [1, 2]", "two cells are one, .*: model.threads changes nothing"),
        (TWO + "[run]\nworker = 2", "run: unknown key 'worker'. Did you mean 'workers'"),
        (TWO + "[needs]\ncpus = 0", "needs.cpus: input should be greater than 0"),
        (TWO + "seed2 = '0-9'", "neither an axis nor a setting"),
        (TWO + "train.lr = [" + ", ".join(f"{n}.5" for n in range(30_000)) + "]", "a suite has at most 100,000"),
        ("[axes", r"arms\.toml: "),
    ],
)
def test_a_slip_is_named_with_the_file(text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        ids(text)
    told = " ".join(str(error.value).split())
    assert told.startswith("arms.toml:") and re.search(said, told), told


def test_a_file_that_is_missing_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "seeds.toml").write_text(TWO)
    with pytest.raises(UsageError, match=r"No file .*seed\.toml'\. Did you mean 'seeds\.toml'"):
        read_suite(tmp_path / "seed.toml")
    with pytest.raises(UsageError, match="cannot name a folder"):
        parse_suite(TWO, Path("all the arms.toml"))


values = st.lists(
    st.one_of(st.integers(-5, 5), st.sampled_from(["a", "b", "c"]), st.booleans(), st.floats(-2, 2)), min_size=1,
    max_size=3, unique_by=lambda v: (isinstance(v, bool), v),
)  # fmt: skip


@given(
    axes=st.dictionaries(st.sampled_from(["train.lr", "train.steps", "sampling.top_p", "engine.options.x"]), values),
    seeds=st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True),
    data=st.data(),
)
def test_the_points_are_the_product_less_what_is_excluded(
    axes: dict[str, list[object]], seeds: list[int], data: st.DataObject
) -> None:
    whole = {"domain": ["math"], "recipe": ["retry"], "seed": seeds, **axes}
    axis = data.draw(st.sampled_from(sorted(whole)))
    gone = data.draw(st.sampled_from(whole[axis]))
    lines = [f'"{key}" = {json.dumps(value)}' for key, value in whole.items()]
    text = "[axes]\n" + "\n".join(lines)
    everything = points(parse_suite(text, PATH))
    assert len(everything) == len({(p.arm, p.seed) for p in everything})
    expected = [dict(zip(whole, combination, strict=True)) for combination in itertools.product(*whole.values())]
    assert [{k: p.values[k] for k in whole} for p in everything] == expected
    if len(whole[axis]) > 1:
        left = points(parse_suite(f'{text}\n[[exclude]]\n"{axis}" = {json.dumps(gone)}', PATH))
        assert [p.values for p in left] == [p.values for p in everything if not same(p.values[axis], gone)]


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_in_one_line_that_names_the_file(text: str) -> None:
    assert refusal(text) is None or str(refusal(text)).startswith("arms.toml:")


toml_value = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(max_size=5), st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: st.lists(inner, max_size=3), max_leaves=4,
)  # fmt: skip


@given(
    top=st.dictionaries(
        st.sampled_from(["title", "store", "settings", "exclude", "include", "overrides", "run", "needs"]), toml_value
    ),
    axes=st.dictionaries(st.sampled_from(["domain", "recipe", "model", "seed", "train", "x"]), toml_value),
)
def test_tables_of_the_wrong_shape_are_refused_in_one_line(top: dict[str, object], axes: dict[str, object]) -> None:
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in top.items())
    text += "[axes]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in axes.items())
    assert refusal(text) is None or str(refusal(text)).startswith("arms.toml:")
