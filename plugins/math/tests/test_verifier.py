"""The verifier over real data and hostile input: references pass, others' fail, echoes never pass, nothing hangs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pidistill.contracts import DataSource
from pidistill.errors import UsageError, VerifierError
from pidistill.records import Problem, Status
from pidistill.verify.opener import Opener
from pidistill.verify.pool import VerifierPool
from pidistill_math import arithmetic
from pidistill_math.comparing.judge import judge
from pidistill_math.domain import MathDomain
from pidistill_math.reading.answers import alike
from pidistill_math.verifier import MathOptions, MathVerifier

COINCIDENCES = {("math500", "5", "x=5")}
"""Neighbouring problems whose references are one answer in two spellings: (file, reference submitted, reference)."""


@pytest.mark.parametrize(("name", "file"), [("math500", "math500.jsonl"), ("gsm8k", "gsm8k_test.jsonl")])
def test_references_pass_and_neighbours_references_fail(name: str, file: str, shared_data: Path) -> None:
    domain, verifier = MathDomain(), MathVerifier()
    problems = list(domain.problems(DataSource(path=shared_data / file)))
    unexplained = []
    for problem, following in zip(problems, [*problems[1:], problems[0]], strict=True):
        completion = domain.oracle(problem)
        assert completion is not None
        assert problem.reference is not None
        assert following.reference is not None
        assert verifier.verify(problem, completion).passed, problem.id
        coincidence = alike(problem.reference, following.reference)
        listed = (name, problem.reference, following.reference) in COINCIDENCES
        if verifier.verify(following, completion).passed is not (coincidence or listed):
            unexplained.append((problem.id, problem.reference, following.reference))
        for nothing in ("", domain.prompt(problem)[0].content, problem.prompt):
            assert not verifier.verify(problem, nothing).passed, problem.id
    assert not unexplained


def test_hostile_submissions_come_back_in_budget_and_their_neighbours_keep_their_verdicts() -> None:
    hostile = {
        "tower": "\\boxed{9^{9^{9^9}}}",
        "long": "x" * 10_000_000 + "\\boxed{" + "7" * 10_000 + "}",
        "long-plain": "word " * 2_000_000,
        "braces": "\\boxed{" + "{" * 50_000 + "7" + "}" * 50_000 + "}",
        "open-braces": "\\boxed{" * 50_000,
        "nul": "\\boxed{\x007\x00}" + "\x00" * 1000,
        "surrogate": "\\boxed{\ud800}",
    }
    ordinary = [
        (Problem(f"p{i}", "math", "?", f"\\frac{{{i}}}{{7}}"), f"so $\\boxed{{{i + i % 2}/7}}$") for i in range(1000)
    ]
    target = Problem("target", "math", "?", "7")
    items = list(ordinary)
    for position, completion in enumerate(hostile.values()):
        items.insert(100 * position + 50, (target, completion))
    opener = Opener(domain="math", factory="pidistill_math.domain:MathDomain")
    with VerifierPool(opener, workers=2, budget_s=10.0) as pool:
        verdicts = dict(pool.verify(items))
    for index, (problem, completion) in enumerate(items):
        status = verdicts[index].status
        if problem is target:
            assert status in (Status.FAIL, Status.NO_ANSWER, Status.TIMEOUT), (completion[:20], verdicts[index])
            assert verdicts[index].seconds <= 11.0
        else:
            assert status is (Status.PASS if int(problem.id[1:]) % 2 == 0 else Status.FAIL)
    assert len(verdicts) == 1000 + len(hostile)


def test_verdicts_do_not_depend_on_what_was_verified_before() -> None:
    verifier = MathVerifier()
    problem = Problem("p", "math", "?", "x^2+1")
    completions = ["\\boxed{1+x^2}", "\\boxed{x^2}", "none", "\\boxed{1+x^2}"]
    first = [verifier.verify(problem, completion) for completion in completions]
    assert first == [verifier.verify(problem, completion) for completion in completions]
    assert first == list(MathVerifier().verify_many(problem, completions))


def test_a_problem_without_reference_is_not_judged() -> None:
    for reference in (None, "", "  "):
        assert MathVerifier().verify(Problem("p", "math", "?", reference), "\\boxed{5}").status is Status.ABSTAIN


def test_the_fallback_is_an_option_and_part_of_the_identity() -> None:
    strict = MathVerifier(MathOptions.read({"fallback": False}))
    problem = Problem("p", "math", "?", "18")
    assert MathVerifier().verify(problem, "#### 18").passed
    assert strict.verify(problem, "#### 18").status is Status.NO_ANSWER
    assert strict.identity != MathVerifier().identity
    assert MathVerifier().identity == MathVerifier().identity


@pytest.mark.parametrize("config", [{"falback": True}, {"fallback": 1}, {"limit_s": 0}, {"limit_s": 1.5}])
def test_a_wrong_option_is_named(config: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"fal|limit_s"):
        MathOptions.read(config)  # type: ignore[arg-type]


def test_judging_off_the_main_thread_is_an_error_not_a_verdict() -> None:
    found: list[BaseException] = []

    def work() -> None:
        try:
            judge("\\lim_{x\\to 0} x", "\\lim_{y\\to 0} y")
        except VerifierError as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(found) == 1


def test_diagnostics_never_hold_the_reference() -> None:
    problem = Problem("p", "math", "?", "31337")
    for completion in ("", "\\boxed{5}", "\\boxed{31338}", "31337"):
        verdict = MathVerifier().verify(problem, completion)
        assert "31337" not in verdict.diagnostics + verdict.reason


def test_every_worked_solution_of_the_generated_arithmetic_passes() -> None:
    verifier = MathVerifier()
    for problem in arithmetic.problems("test", limit=1000):
        assert problem.solution is not None
        assert verifier.verify(problem, problem.solution).passed, problem.solution
    assert verifier.verify(Problem("p", "math", "?", "8"), "4 * 2 = 8\n\\boxed{8}").passed
