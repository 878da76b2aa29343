"""math-verify's own published test cases (version 0.9.0, under the license beside the data), as this verifier rules.

`math_verify_cases.jsonl` holds each of its cases of a reference, an answer and whether they are one. A prediction that
is a sentence without a box stands there with its formula, or its number, in one, because what its tests find in prose
is not what this extraction calls an answer. Rows with `listed` are those on which the two differ, and why: the label
is mistaken, the row is malformed, it tests an option of that library, or a policy of this one says otherwise. A row
that is listed must differ, so that the list does not outlive its reasons.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from pidistill.records import Problem
from pidistill_math.verifier import MathVerifier

_ROWS = [
    json.loads(line) for line in Path(__file__).with_name("math_verify_cases.jsonl").read_text("utf-8").splitlines()
]
_LISTED = [row for row in _ROWS if "listed" in row]
_OTHERS = [row for row in _ROWS if "listed" not in row]
_LEAST = 0.97
_KINDS = ("mislabelled", "malformed", "ambiguous", "policy", "another test", "an option of the other library")


def _agrees(verifier: MathVerifier, row: Mapping[str, object]) -> bool:
    problem = Problem(str(row["id"]), "math", "", str(row["reference"]))
    return verifier.verify(problem, str(row["completion"])).passed == row["expected"]


@pytest.fixture(scope="module")
def verifier() -> MathVerifier:
    return MathVerifier()


def test_nearly_all_of_the_cases_that_are_not_listed_agree(verifier: MathVerifier) -> None:
    differing = [row["id"] for row in _OTHERS if not _agrees(verifier, row)]
    assert len(_OTHERS) - len(differing) >= _LEAST * len(_OTHERS), differing


@pytest.mark.parametrize("row", _LISTED, ids=lambda row: row["id"])
def test_a_listed_case_differs_for_a_reason_of_a_known_kind(row: dict[str, str], verifier: MathVerifier) -> None:
    assert row["listed"].startswith(_KINDS)
    assert not _agrees(verifier, row)


def test_few_cases_are_listed() -> None:
    assert len(_ROWS) == 274
    assert len(_LISTED) <= 30
