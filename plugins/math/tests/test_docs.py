"""The table of kinds in the documentation is made from the cases that ship, and every case belongs to a rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidistill_math.cases import RULES, rows, table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "math.md"


def test_every_case_is_of_a_kind_with_a_rule_and_every_rule_has_both_sorts_of_cases() -> None:
    known = list(rows())
    assert {row.kind for row in known} == set(RULES)
    for kind in RULES:
        statuses = {row.expected == ("PASS",) for row in known if row.kind == kind}
        assert statuses == {True, False}, kind


def test_at_least_a_third_of_the_cases_are_honest() -> None:
    known = list(rows())
    assert sum(row.expected == ("PASS",) for row in known) * 3 >= len(known)


def test_the_page_holds_the_table_made_from_the_cases() -> None:
    if not PAGE.is_file():
        pytest.skip("no documentation beside an installed plugin")
    assert table() in PAGE.read_text("utf-8"), "replace the table by the output of pidistill_math.cases.table()"
