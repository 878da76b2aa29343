"""HumanEval: every reference passes, nobody else's does, and no mutant is an error."""

from __future__ import annotations

import ast
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pidistill.records import Problem, Status
from pidistill_code.domain import CodeDomain
from pidistill_code.suite import AssertTest, RoomTest, read_suite
from pidistill_code.verifier import CodeVerifier

SURVIVORS = Path(__file__).with_name("humaneval_survivors.txt")
"""Mutants of the sample below that pass all tests, with the line that was changed."""

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """(what was changed, the mutant), for every operator and every constant but docstrings."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            old = node.value
            node.value = _other(old)
            yield f"line {node.lineno}: {old!r} -> {node.value!r}", ast.unparse(tree)
            node.value = old
        elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in OPERATORS:
            was = node.op
            node.op = OPERATORS[type(was)]()  # type: ignore[assignment]
            yield f"line {node.lineno}: {type(was).__name__} -> {type(node.op).__name__}", ast.unparse(tree)
            node.op = was
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
            first = node.ops[0]
            node.ops[0] = OPERATORS[type(first)]()  # type: ignore[assignment]
            yield f"line {node.lineno}: {type(first).__name__} -> {type(node.ops[0]).__name__}", ast.unparse(tree)
            node.ops[0] = first


def _other(value: object) -> object:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "x"
    return 1 if value is None else None


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


def test_mutants_are_judged_and_the_survivors_are_known(verifier: CodeVerifier, humaneval: list[Problem]) -> None:
    rng, survivors, statuses = random.Random(0), set[str](), Counter[Status]()
    for problem in humaneval:
        possible = list(mutants(str(problem.reference)))
        for changed, code in rng.sample(possible, min(1, len(possible))):
            verdict = verifier.verify(problem, f"```python\n{code}\n```")
            statuses[verdict.status] += 1
            if verdict.passed:
                survivors.add(f"{problem.id}: {changed}")
    assert statuses[Status.ERROR] == statuses[Status.ABSTAIN] == 0
    assert survivors == set(SURVIVORS.read_text("utf-8").splitlines())
