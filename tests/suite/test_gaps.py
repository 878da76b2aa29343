"""A gap speaks of the arms that began with its weights and distil from its forms, and of no other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidistill.config import RunConfig
from pidistill.law.gaps import Gap
from pidistill.recipes import run_config
from pidistill.store.store import Store
from pidistill.suite.gaps import arm_gaps
from tests.law.test_measure import pilot
from tests.stats.simulated import cell

GAP = replace(pilot(0.4, 60, 20, {"gold": (0.08, "answer"), "first-step": (0.02, "structure")}), domain="math")


def leave(folder: Path, *gaps: Gap) -> Path:
    Store(folder).close()
    (folder / "gaps").mkdir()
    for number, gap in enumerate(gaps):
        (folder / "gaps" / f"{number}.json").write_text(json.dumps(gap.to_json()))
    return folder


def found(root: Path, recipe: str, *sets: str, revision: str = GAP.revision) -> list[tuple[str, float]]:
    """(form, gap) of the one arm, had it been run with this."""
    config: RunConfig = run_config(recipe, "math", sets=sets)
    summary: dict[str, Any] = {
        "cell": {"config": json.loads(config.model_dump_json())},
        "provenance": {"model": revision},
    }
    cells = [(f"c{s}", cell(recipe, s, np.zeros(4), np.ones(4))) for s in range(2)]
    with Store(root) as store:
        told = arm_gaps(store, cells, [summary, summary])
    return [(gap.form, round(gap.gap, 3)) for gap in told]


def test_an_arm_has_the_gap_of_its_form_on_its_weights(tmp_path: Path) -> None:
    root = leave(tmp_path, GAP)
    gold, step = (round(100 * form.gap.mean, 3) for form in GAP.forms)
    assert found(root, "opsd") == [("gold", gold)]
    assert found(root, "opsd", "recipe.examples.teacher_form=first-step") == [("first-step", step)]
    assert found(root, "opsd", "train.lr=0.5") == [("gold", gold)], "how it is trained is not in a gap"


@pytest.mark.parametrize("recipe", ["rejection", "retry", "pipeline", "sd-zero-opsd"])
def test_what_distils_nothing_or_begins_elsewhere_has_none(tmp_path: Path, recipe: str) -> None:
    assert found(leave(tmp_path, GAP), recipe) == []


def test_other_weights_another_form_and_another_domain_have_none(tmp_path: Path) -> None:
    root = leave(tmp_path, GAP, replace(GAP, domain="code", revision="other"))
    assert found(root, "opsd", revision="other") == []
    assert found(root, "opsd", "recipe.examples.teacher_form=wrong") == []


def test_of_several_the_one_from_most_samples_counts_whatever_it_says(tmp_path: Path) -> None:
    larger = replace(GAP, problems=10 * GAP.problems, forms=(replace(
        GAP.forms[0], gap=replace(GAP.forms[0].gap, mean=-0.3)),))  # fmt: skip
    assert found(leave(tmp_path / "a", GAP, larger), "opsd") == [("gold", -30.0)]
    assert found(leave(tmp_path / "b", larger, GAP), "opsd") == [("gold", -30.0)]


@pytest.mark.parametrize("junk", ["", "{", "[]", '{"forms": []}', '"gap"', "\x00"])
def test_a_file_that_is_no_gap_is_passed_over(tmp_path: Path, junk: str) -> None:
    root = leave(tmp_path, GAP)
    (root / "gaps" / "00.json").write_text(junk)
    assert len(found(root, "opsd")) == 1


def test_a_store_without_gaps_has_none(tmp_path: Path) -> None:
    assert found(tmp_path, "opsd") == []
