"""The shared attacks of both rounds get the verdicts that a person would give, class by class."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pidistill.authoring.data import DataRow
from pidistill.records import Status
from pidistill_lean.cases import problem
from pidistill_lean.protocol import Runtime
from pidistill_lean.verifier import LeanOptions, LeanVerifier

CLASSES = (
    "error-in-file",
    "gate-bypass",
    "statement-change",
    "item-defect",
    "honest-form",
    "honest-proof",
    "state-leak",
)
HOSTILE = frozenset({Status.FAIL, Status.REJECTED, Status.TIMEOUT, Status.NO_ANSWER})
EXPECTED = {"pass": frozenset({Status.PASS}), "fail": HOSTILE, "error": frozenset({Status.ABSTAIN})}


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    every = [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]
    return [row for row in every if row.get("domain") == "lean"]


def wrong(verifier: LeanVerifier, of: list[dict[str, Any]]) -> list[tuple[str, Status, str]]:
    found = []
    for row in of:
        stated = row["problem"] if isinstance(row["problem"], dict) else {"statement": row["problem"]}
        target = row.get("target") or stated.get("target") or "target"
        given = problem(DataRow({**stated, "id": row["id"], "target": target}, "attacks", 1))
        verdict = verifier.verify(given, row["submission"])
        if verdict.status not in EXPECTED[row["expected"]]:
            found.append((row["id"], verdict.status, verdict.reason))
    return found


@pytest.fixture(scope="module")
def plain(lean: Runtime) -> LeanVerifier:
    return LeanVerifier(LeanOptions(budget_s=10.0, graded=False), lean)


@pytest.mark.parametrize("cls", CLASSES)
def test_every_row_of_the_second_round_gets_its_verdict(plain: LeanVerifier, shared_attacks: Path, cls: str) -> None:
    assert wrong(plain, [row for row in rows(shared_attacks, "lean_t2.jsonl") if row["cls"] == cls]) == []


def test_the_rows_of_the_first_round_that_had_failed_get_theirs(plain: LeanVerifier, shared_attacks: Path) -> None:
    assert wrong(plain, rows(shared_attacks, "first_round.jsonl")) == []
