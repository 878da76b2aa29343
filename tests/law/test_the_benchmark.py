"""The benchmark of the law: its suites hold what it says, and its rows are what `pidistill law` reads."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks.law_embedded import BASES, HERE, TABLE, TRIALS, base_of, suite_of
from pidistill.law.configurations import read_configurations
from pidistill.law.fit import fit_law
from pidistill.plugins import get_manager
from pidistill.suite.file import read_suite
from pidistill.suite.matrix import cells, problems_of


@pytest.mark.parametrize("domain", list(TRIALS))
def test_a_suite_of_the_law_has_bases_of_three_competences_and_two_sizes_and_no_bad_arm(domain: str) -> None:
    suite = read_suite(HERE / "suites" / f"law-{domain}.toml")
    found = cells(suite)
    assert not {reason for reason in problems_of(found, get_manager()).values() if reason}
    models = {Path(str(cell.arm.axes["model"])).name for cell in found}
    assert models - {"embedded"} == {f"{domain}-{base}" for base in TRIALS[domain].bases}
    bases = {name.removeprefix(f"{domain}-").replace("embedded", "large-much").split("-")[0] for name in models}
    competences = {name.rpartition("-")[2].replace("embedded", "much") for name in models}
    assert bases == {"large", "small"} and len(competences) >= 3
    assert len({cell.arm.axes["recipe.examples.teacher_form"] for cell in found}) == 3
    assert len({cell.seed for cell in found}) >= 2


def test_the_table_of_configurations_is_a_law_whose_bases_can_be_left_out() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    law = fit_law(read_configurations(TABLE))
    assert len(rows) == len(law.configurations) >= 12
    assert law.by_model is not None and law.judged_by is law.by_model
    assert all(row["form"] in row["label"] and row["model"] in row["label"] for row in rows)


@pytest.mark.parametrize("domain", list(TRIALS))
def test_a_suite_of_some_bases_is_cut_from_the_whole_and_its_cells_are_the_same(domain: str, tmp_path: Path) -> None:
    whole = HERE / "suites" / f"law-{domain}.toml"
    assert suite_of(domain, BASES, tmp_path) == whole and not any(tmp_path.iterdir())
    some = ("large-much", "small-little")
    file = suite_of(domain, some, tmp_path / "law")
    assert file == tmp_path / "law" / whole.name
    of_whole = {cell.id: str(cell.arm.axes["model"]) for cell in cells(read_suite(whole))}
    of_some = {cell.id: str(cell.arm.axes["model"]) for cell in cells(read_suite(file))}
    assert of_some == {name: model for name, model in of_whole.items() if base_of(domain, model) in some}
    assert {base_of(domain, model) for model in of_whole.values()} == set(BASES)
