"""Every mutant of HumanEval's canonical solutions through the code verifier, and the list of those that survive.

    python benchmarks/humaneval_mutants.py --data HumanEval.jsonl.gz [--sandbox process] [--out FILE]

A mutant has one operator or one constant changed, `OPERATORS` and `changed` say how; docstrings are left alone. One
that passes all tests survives: either it computes the same function, or the tests do not see the difference. Neither is
the verifier's doing, but a referee asks, so all are listed: `benchmarks/results/humaneval_survivors.txt`. The tests of
the code plugin judge a sample of the mutants and compare with that list.
"""

from __future__ import annotations

import argparse
import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pidistill.contracts import DataSource
from pidistill.plugins import get_manager
from pidistill.records import Problem, Status
from pidistill.suite.confinement import find_sandbox, sandbox_factory
from pidistill.verify.opener import Opener
from pidistill.verify.pool import VerifierPool
from pidistill_code.domain import CodeDomain

SURVIVORS = Path(__file__).parent / "results" / "humaneval_survivors.txt"
"""Lines that begin with # say what was measured; each other one is a survivor's name, see `name`."""

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
"""Operator -> what takes its place."""


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """(what was changed, the mutant), for every operator and every constant but docstrings."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            old = node.value
            node.value = changed(old)
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


def changed(value: object) -> bool | int | float | str | None:
    """Another constant in the place of `value`."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "x"
    return 1 if value is None else None


def name(problem: Problem, change: str, code: str) -> str:
    """One line that names a mutant among those of its problem, which may change one line twice in the same way."""
    alike = [text for what, text in mutants(str(problem.reference)) if what == change]
    number = f" (number {alike.index(code) + 1} of {len(alike)})" if len(alike) > 1 else ""
    return f"{problem.id}: {change}{number}"


def read_survivors(path: Path = SURVIVORS) -> set[str]:
    """The names in the list."""
    return {line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")}


def judge(problems: Sequence[Problem], sandbox: str | None, workers: int) -> tuple[Counter[Status], list[str]]:
    """How many mutants have which status, and the names of those that pass, in order."""
    manager = get_manager()
    found = find_sandbox(manager, CodeDomain(), sandbox)
    opener = Opener("code", {}, sandbox_factory(manager, found), factory="pidistill_code.domain:CodeDomain")
    made = [(problem, change, code) for problem in problems for change, code in mutants(str(problem.reference))]
    with VerifierPool(opener, workers=workers, budget_s=60) as pool:
        verdicts = pool.verify_all([(problem, f"```python\n{code}\n```") for problem, _, code in made])
    survivors = [name(*mutant) for mutant, verdict in zip(made, verdicts, strict=True) if verdict.passed]
    return Counter(verdict.status for verdict in verdicts), survivors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="HumanEval.jsonl.gz")
    parser.add_argument("--sandbox", help="default: the strongest that works")
    parser.add_argument("--workers", type=int, default=0, help="default: one per core")
    parser.add_argument("--out", type=Path, default=SURVIVORS)
    arguments = parser.parse_args()
    problems = list(CodeDomain().problems(DataSource(path=arguments.data)))
    counts, survivors = judge(problems, arguments.sandbox, arguments.workers)
    shown = ", ".join(f"{status} {counts[status]}" for status in Status if counts[status])
    head = [
        f"# {counts.total()} mutants of the {len(problems)} canonical solutions of HumanEval: {shown}.",
        f"# The {len(survivors)} that pass all tests, by problem, line of its solution (prompt included), and change.",
        "# Made by benchmarks/humaneval_mutants.py; docs/sandboxes.md says why they survive.",
    ]
    arguments.out.write_text("\n".join([*head, *survivors]) + "\n", "utf-8")
    print("\n".join(head))


if __name__ == "__main__":
    main()
