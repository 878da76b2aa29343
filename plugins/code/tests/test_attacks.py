"""Nobody talks the verifier into a pass, nothing honest is refused, and the host is as it was."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pidistill.authoring.data import DataRow
from pidistill.contracts import Case
from pidistill.records import Status
from pidistill_code.cases import cases
from pidistill_code.rows import problem_of
from pidistill_code.verifier import CodeVerifier

CASES = list(cases())
ANY_BUT_PASS = frozenset(Status) - {Status.PASS, Status.ERROR}
EXPECTED = {"pass": frozenset({Status.PASS}), "fail": ANY_BUT_PASS, "error": frozenset({Status.ABSTAIN})}


def check_judged(verifier: CodeVerifier, case: Case) -> None:
    verdict = verifier.verify(case.problem, case.completion)
    assert verdict.status in case.expected, (case.why, verdict.reason, verdict.diagnostics)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_labelled_case_gets_a_right_verdict(every_verifier: CodeVerifier, case: Case) -> None:
    check_judged(every_verifier, case)


@pytest.mark.parametrize("name", ["code.jsonl", "code_t2.jsonl", "first_round.jsonl"])
def test_the_public_attacks_get_right_verdicts(every_verifier: CodeVerifier, shared_attacks: Path, name: str) -> None:
    """In the order of the file, in one session: some leave traces for the next one."""
    path = shared_attacks / name
    if not path.is_file():
        pytest.skip(f"no file {path}")
    wrong = []
    for row in filter(lambda row: row["domain"] == "code", map(json.loads, path.read_text("utf-8").splitlines())):
        problem = problem_of(DataRow({**row["problem"], "id": row["id"]}, name, 1))
        verdict = every_verifier.verify(problem, row["submission"])
        if verdict.status not in EXPECTED[row["expected"]]:
            wrong.append((row["id"], verdict.status, verdict.reason))
    assert wrong == []


def test_cases_are_many_and_of_every_kind() -> None:
    honest = [case for case in CASES if case.expected == {Status.PASS}]
    assert len(honest) >= 20
    assert len(CASES) - len(honest) >= 100
    assert len({case.id for case in CASES}) == len(CASES)


def test_attacks_leave_nothing_behind(every_verifier: CodeVerifier) -> None:
    by_id = {case.id: case for case in CASES}
    check_judged(every_verifier, by_id["decorated"])  # for which the rooms are opened
    before = (set(os.listdir("/tmp")), own_descriptors())
    for name in ("limits-daemon", "limits-daemon-wrong", "limits-disk", "forge-shadow", "limits-fork-bomb"):
        check_judged(every_verifier, by_id[name])
    after = (set(os.listdir("/tmp")), own_descriptors())
    assert not {name for name in after[0] - before[0] if name.isdigit() or name.endswith(".py")}
    assert after[1] == before[1]


def own_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))
