"""The oracle check counts what passes, lists what deviates, and takes nothing that is not a PASS for one."""

from __future__ import annotations

import dataclasses

import pytest

from pidistill.records import JSON, Problem, Status
from pidistill.verify.opener import Opener
from pidistill.verify.oracle import OracleReport, Question, check_oracle
from pidistill.verify.pool import VerifierPool
from verify.helpers import PROBLEMS, problem
from verify.tiny import TinyDomain


@pytest.fixture(scope="module")
def pool():
    with VerifierPool(Opener("tiny", factory="verify.tiny:TinyDomain"), workers=1) as made:
        yield made


def check(pool: VerifierPool, *problems: Problem) -> OracleReport:
    return check_oracle(TinyDomain(), problems, pool)


def passing(number: int, *texts: JSON) -> Problem:
    return problem(number, passes=list(texts))


def test_a_sound_verifier_has_nothing_to_report(pool: VerifierPool) -> None:
    seen = []
    report = check_oracle(TinyDomain(), PROBLEMS[:10], pool, lambda done, total: seen.append((done, total)))
    assert report.ok
    assert report.counts == {
        Question.REFERENCE: {Status.PASS: 10},
        Question.OTHER: {Status.FAIL: 10},
        Question.EMPTY: {Status.FAIL: 10},
        Question.ECHO: {Status.FAIL: 10},
    }
    assert not report.deviations + report.coincidences
    assert seen == [(n, 40) for n in range(1, 41)]
    assert report.identity == pool.identity


def test_a_reference_that_does_not_pass_is_listed(pool: VerifierPool) -> None:
    broken = dataclasses.replace(PROBLEMS[3], prompt="?")
    domain = TinyDomain()
    domain.oracle = lambda p: "wrong" if p is broken else f"ok {p.reference}"  # type: ignore[method-assign]
    report = check_oracle(domain, [PROBLEMS[1], broken, PROBLEMS[2]], pool)
    (finding,) = report.deviations
    assert (finding.question, finding.problem_id, finding.status) == (Question.REFERENCE, "p3", Status.FAIL)
    assert not report.ok
    assert report.passed(Question.REFERENCE) == 2


def test_abstentions_and_errors_are_listed_and_never_passes(pool: VerifierPool) -> None:
    domain = TinyDomain()
    domain.oracle = lambda p: "raise" if p.id == "p1" else f"ok {p.reference}"  # type: ignore[method-assign]
    report = check_oracle(domain, [problem(1), problem(2, abstain=True)], pool)
    found = {(f.problem_id, f.question): f.status for f in report.deviations}
    assert found == {
        ("p1", Question.REFERENCE): Status.ERROR,
        **{("p2", question): Status.ABSTAIN for question in Question},
    }
    assert report.passed(Question.REFERENCE) == 0
    assert all(finding.reason for finding in report.deviations)


def test_empty_text_and_the_prompt_must_not_pass(pool: VerifierPool) -> None:
    report = check(pool, passing(1, ""), passing(2, "prompt 2"))
    assert [(f.question, f.problem_id) for f in report.deviations] == [(Question.EMPTY, "p1"), (Question.ECHO, "p2")]


def test_another_problem_s_reference_must_not_pass(pool: VerifierPool) -> None:
    report = check(pool, problem(1), passing(2, "ok 1"), problem(3))
    (finding,) = report.deviations
    assert (finding.question, finding.problem_id, finding.other_id) == (Question.OTHER, "p2", "p1")
    assert "other way round is FAIL" in finding.reason
    assert not report.coincidences


def test_true_coincidences_are_listed_and_no_fault(pool: VerifierPool) -> None:
    same = [problem(4), dataclasses.replace(problem(4), id="again", prompt="another question")]
    equal = [passing(1, "ok 2"), passing(2, "ok 1")]
    report = check(pool, *same, *equal)
    assert report.ok
    reasons = {(f.other_id, f.problem_id): f.reason for f in report.coincidences}
    assert reasons == {
        ("p4", "again"): "the references are the same text",
        ("p1", "p2"): "each reference passes for the other problem",
    }


def test_problems_without_a_reference_are_unchecked_not_passed(pool: VerifierPool) -> None:
    bare = Problem(id="bare", domain="nasty", prompt="?", extra={"abstain": True})
    report = check(pool, bare, problem(1), problem(2))
    assert report.unchecked == ("bare",)
    assert report.ok
    assert report.submitted(Question.REFERENCE) == report.submitted(Question.OTHER) == 2
    assert not check(pool, bare).ok


def test_a_single_problem_has_no_neighbour(pool: VerifierPool) -> None:
    report = check(pool, PROBLEMS[1])
    assert report.ok
    assert report.submitted(Question.OTHER) == 0
