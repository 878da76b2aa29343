"""The suite on a model that nobody here made: it is what its page says; how its folder and level come about."""

from __future__ import annotations

import importlib.util
import json
import tomllib
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import arms_table
from benchmarks.real import choose, model
from pidistill.suite.file import parse_suite, read_suite
from pidistill.suite.matrix import cells
from pidistill_math.basics import KINDS

SUITE = Path(choose.__file__).with_name("suite.toml")
ARMS = ("retry", "star-gold", "star-gibberish", "star-wrong", "rejection", "opsd", "opsd-random", "opsd-no-teacher")


def test_all_its_cells_can_be_run() -> None:
    planned = cells(read_suite(SUITE))
    assert len(planned) == 8 * 5 and {cell.planned.config.recipe.name for cell in planned} == set(ARMS)
    assert all(cell.arm.config is not None for cell in planned)


def test_level_and_instruction_are_one_on_both_sides_and_the_split_of_the_choice_is_on_neither() -> None:
    data = tomllib.loads(SUITE.read_text("utf-8"))["settings"]["data"]
    train, evaluate = data["train"], data["evaluate"]
    assert (train["levels"], train["instruction"]) == (evaluate["levels"], evaluate["instruction"])
    assert (train["split"], evaluate["split"]) == ("train", "test") and train["dataset"] == "basics"
    assert f"`basics`, level {train['levels'][0]}" in (page := SUITE.with_name("README.md").read_text("utf-8"))
    assert f"`{train['instruction']}`" in page and train["instruction"] in choose.INSTRUCTIONS


def measured(level: int = 2, instruction: str = "Say.", greedy: float = 0.4, sampled: float = 0.4) -> choose.Measured:
    return choose.Measured(level, instruction, greedy, sampled, 0.0, 0.0)


@given(st.sampled_from(sorted(KINDS)), st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60))
def test_what_was_chosen_is_what_the_suite_then_says(level: int, instruction: str) -> None:
    text = choose.suite_with(SUITE.read_text("utf-8"), measured(level, instruction))
    suite = parse_suite(text, SUITE)
    for side in ("train", "evaluate"):
        table = suite.settings["data"][side]
        assert (table["levels"], table["instruction"]) == ([level], instruction)
    assert choose.suite_with(text, measured(level, instruction)) == text


def test_a_suite_that_says_its_level_elsewhere_is_not_changed_in_part() -> None:
    with pytest.raises(SystemExit, match="once for each side"):
        choose.suite_with(SUITE.read_text("utf-8").replace("levels = [2]", "levels = [1, 2]", 1), measured())


def test_both_measures_must_fit_and_the_worse_of_the_two_decides_who_is_nearest() -> None:
    assert measured(greedy=0.3, sampled=0.55).fits and not measured(greedy=0.29).fits and not measured(sampled=0.6).fits
    assert measured(greedy=0.4, sampled=0.1).distance == pytest.approx(0.325)
    assert measured(greedy=0.9, sampled=0.4).distance == pytest.approx(0.475)


def test_another_file_than_everybody_s_is_refused_by_its_hash(tmp_path: Path) -> None:
    other = tmp_path / model.FILE
    other.write_bytes(b"GGUF")
    with pytest.raises(SystemExit, match=r"its SHA-256 is [0-9a-f]{64}, and that of"):
        model.main(["--gguf", str(other), "--to", str(tmp_path / "made")])
    with pytest.raises(SystemExit, match="there is no such file"):
        model.check(tmp_path / "none.gguf")
    assert not (tmp_path / "made").exists()


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text("{}", "utf-8")
    assert model.main(["--to", str(tmp_path)]) == 0 and "there already" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_the_file_is_found_in_the_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ModuleSpec(model.PACKAGE, None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec if name == model.PACKAGE else None)
    assert model.installed() is None
    (tmp_path / model.FILE).write_bytes(b"GGUF")
    assert model.installed() == tmp_path / model.FILE
    with pytest.raises(SystemExit, match="pip install gguf"):
        model.convert(tmp_path / model.FILE, tmp_path / "made")


def report(a: str, b: str) -> dict[str, Any]:
    difference = {"mean": 0.1, "low": 0.0, "high": 0.2}
    counts = {"rate": 0.5, "tokens": 9.6}
    arm = {
        "recipe": "retry", "domain": "math", "delta": difference, "base": counts, "after": counts, "stages": [],
        "training": {"steps": 3}, "p_holm": 0.0004, "withheld": "", "finding": "gain",
    }  # fmt: skip
    pair = {"a": a, "b": b, "difference": difference, "p_holm": 0.04, "withheld": "", "finding": "higher"}
    return {"arms": [arm], "pairs": [pair]}


@pytest.mark.parametrize(
    "named",
    [("retry", "rejection"), ("retry / math", "rejection / math"), ("retry / math / m", "rejection / math / m")],
)
def test_a_table_names_the_domain_of_a_pair_whether_or_not_its_arms_do(named: tuple[str, str]) -> None:
    rows = list(arms_table.lines(report(*named)))
    assert "| `retry` - `rejection` | math | +10.0 (+0.0 to +20.0) | .040 | higher |" in rows


def test_a_table_takes_its_own_place_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, said = tmp_path / "page.md", tmp_path / "report.json"
    begins = [arms_table.BEGIN.format(name) for name in ("arms", "a real model")]
    page.write_text("".join(f"{begin}\n\nold\n\n{arms_table.END}\n" for begin in begins), "utf-8")
    said.write_text(json.dumps(report("retry", "rejection")), "utf-8")
    monkeypatch.setattr(arms_table, "PAGE", page)
    arms_table.main(str(said), "a real model")
    first, second = page.read_text("utf-8").split(begins[1])
    assert "old" in first and "old" not in second and "+10.0" in second and second.count(arms_table.END) == 1


def test_its_tables_are_on_the_page_of_results() -> None:
    page = arms_table.PAGE.read_text("utf-8")
    for name in ("arms", "a real model"):
        assert page.count(arms_table.BEGIN.format(name)) == 1
    assert all(f"| `{arm}` | math | 52.0 |" in page for arm in ARMS if arm != "opsd-no-teacher")
