"""The benchmark of the law: its suites hold what it says, and its rows are what `pidistill law` reads."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks.law_embedded import HERE, TABLE, TRIALS
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
