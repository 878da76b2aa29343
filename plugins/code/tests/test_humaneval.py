"""HumanEval: every reference passes, nobody else's does, and no mutant is an error."""

from __future__ import annotations

import random
from collections import Counter

from benchmarks.humaneval_mutants import mutants, name, read_survivors
from pidistill.records import Problem, Status
from pidistill_code.domain import CodeDomain
from pidistill_code.suites.suite import AssertTest, RoomTest, read_suite
from pidistill_code.verifier import CodeVerifier


def test_every_reference_passes(every_verifier: CodeVerifier, humaneval: list[Problem]) -> None:
    domain = CodeDomain()
    verdicts = {p.id: every_verifier.verify(p, str(domain.oracle(p))) for p in humaneval}
    assert {name: verdict.reason for name, verdict in verdicts.items() if not verdict.passed} == {}
    assert len(verdicts) == 164


def test_every_reference_passes_as_a_continuation_of_its_prompt(
    verifier: CodeVerifier, humaneval: list[Problem]
) -> None:
    for problem in humaneval:
        body = str(problem.reference).removeprefix(problem.prompt)
        verdict = verifier.verify(problem, body)
        assert verdict.passed, (problem.id, verdict.reason)


def test_no_reference_passes_for_the_next_problem(verifier: CodeVerifier, humaneval: list[Problem]) -> None:
    """Even where it is given the right name."""
    passed = []
    for own, other in zip(humaneval, [*humaneval[1:], humaneval[0]], strict=True):
        alias = f"{other.extra['entry_point']} = {own.extra['entry_point']}"
        for completion in (str(own.reference), f"{own.reference}\n\n{alias}\n"):
            verdict = verifier.verify(other, f"```python\n{completion}```")
            assert verdict.status.judged
            if verdict.passed:
                passed.append((own.id, other.id))
    assert passed == []


def test_the_bare_prompt_does_not_pass(verifier: CodeVerifier, humaneval: list[Problem]) -> None:
    assert [p.id for p in humaneval if verifier.verify(p, p.prompt).passed] == []


def test_nearly_all_tests_are_judged_without_test_code_running(humaneval: list[Problem]) -> None:
    kinds = Counter(type(test) for problem in humaneval for test in read_suite(problem).tests)
    assert kinds[RoomTest] == 6
    assert kinds[AssertTest] > 1100
    assert all(read_suite(problem).tests for problem in humaneval)


def test_mutants_are_judged_and_the_survivors_are_those_of_the_list(
    verifier: CodeVerifier, humaneval: list[Problem]
) -> None:
    """One mutant of each problem, drawn anew from all 1,549, of which the list names every survivor."""
    rng, survivors, sampled, statuses = random.Random(0), set[str](), set[str](), Counter[Status]()
    for problem in humaneval:
        possible = list(mutants(str(problem.reference)))
        for change, code in rng.sample(possible, min(1, len(possible))):
            verdict = verifier.verify(problem, f"```python\n{code}\n```")
            statuses[verdict.status] += 1
            sampled.add(name(problem, change, code))
            if verdict.passed:
                survivors.add(name(problem, change, code))
    assert statuses[Status.ERROR] == statuses[Status.ABSTAIN] == 0
    assert survivors == sampled & read_survivors() != set()


def test_the_list_of_survivors_names_mutants_there_are(humaneval: list[Problem]) -> None:
    there_are = {name(p, change, code) for p in humaneval for change, code in mutants(str(p.reference))}
    assert read_survivors() <= there_are
    assert len(there_are) == 1549
