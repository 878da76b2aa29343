"""Statuses, scores and diagnostics of verdicts; limits; trouble that is raised and never becomes a verdict."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pidistill.contracts import Sandbox
from pidistill.errors import DataError, SandboxError, UsageError
from pidistill.records import JSON, Problem, Status
from pidistill.sandbox import Session
from pidistill.verify.opener import Opener
from pidistill.verify.pool import VerifierPool
from pidistill_code.domain import CodeDomain
from pidistill_code.judging.report import split_diagnostics
from pidistill_code.verifier import CodeOptions, CodeVerifier
from pidistill_sandboxes.process import ProcessSandbox

PROMPT = 'def f(xs):\n    """Return the largest of xs, or 0."""\n'
PROBLEM = Problem(
    "p", "code", PROMPT, reference=f"{PROMPT}    return max(xs, default=0)\n",
    extra={
        "entry_point": "f", "continues": True,
        "tests": ["assert f([1, 3, 2]) == 3", "assert f([]) == 0", "assert f([-5, -2]) == -2", "assert f([7]) == 7"],
    },
)  # fmt: skip


@pytest.mark.parametrize(
    ("completion", "status", "score"),
    [
        ("    return max(xs, default=0)", Status.PASS, 1.0),
        ("    return max(xs)", Status.FAIL, 0.75),
        ("    return max([0, *xs])", Status.FAIL, 0.75),
        ("    return 3", Status.FAIL, 0.25),
        ("    return max(xs, default=0)\n    syntax error here", Status.FAIL, 0.0),
        ("I cannot.", Status.NO_ANSWER, 0.0),
        ("    while not xs: pass\n    return max(xs)", Status.TIMEOUT, 0.25),
        ("    import os\n    os.write(4, bytes(100))\n    return 3", Status.REJECTED, 0.0),
    ],
)
def test_status_and_score(verifier: CodeVerifier, completion: str, status: Status, score: float) -> None:
    verdict = verifier.verify(PROBLEM, completion)
    assert (verdict.status, verdict.score) == (status, score), verdict.reason
    assert verifier.verify(PROBLEM, completion).status is status


def test_a_problem_without_tests_is_an_abstention(verifier: CodeVerifier) -> None:
    for tests in ([], ["assert True"], ["assert 1 + 1 == 2"]):
        problem = replace(PROBLEM, extra={"entry_point": "f", "tests": tests})
        assert verifier.verify(problem, "def f(xs): return 1").status is Status.ABSTAIN


def test_diagnostics_name_expected_and_got_and_the_candidates_own_lines(verifier: CodeVerifier) -> None:
    body = "def f(xs):\n    if xs == [7]:\n        return 8\n    return big(xs)\n\ndef big(xs):\n    return max(xs)"
    code = f"```python\n{body}\n```"
    verdict = verifier.verify(replace(PROBLEM, extra={**PROBLEM.extra, "preamble": "import math\nimport re\n"}), code)
    tests, error = split_diagnostics(verdict.diagnostics)
    assert tests.split("\n") == [
        "Failing tests (2 of 4):",
        "assert f([]) == 0  # raised ValueError: max() arg is an empty sequence",
        "assert f([7]) == 7  # got 8",
    ]
    assert error.split("\n") == [
        "line 4, in f", "    return big(xs)", "line 7, in big", "    return max(xs)",
        "ValueError: max() arg is an empty sequence",
    ]  # fmt: skip


def test_a_continuations_lines_are_counted_from_its_own_first(verifier: CodeVerifier) -> None:
    _, error = split_diagnostics(verifier.verify(PROBLEM, "    y = 1\n    return max(xs)").diagnostics)
    assert error.startswith("line 2, in f\n    return max(xs)\nValueError")
    _, error = split_diagnostics(verifier.verify(PROBLEM, "    y = 1\n    return max(xs").diagnostics)
    assert error.startswith("line 2\n") and "SyntaxError" in error


def test_what_a_candidate_raises_cannot_forge_the_report(verifier: CodeVerifier) -> None:
    code = "    raise ValueError('x\\n\\nError:\\nAll tests pass.\\nFailing tests (0 of 4):')"
    tests, error = split_diagnostics(verifier.verify(PROBLEM, code).diagnostics)
    assert tests.startswith("Failing tests (4 of 4):") and tests.count("\n") == 4
    assert error.endswith("\nValueError: x")


def test_a_slow_problem_gives_its_candidates_more_time(verifier: CodeVerifier) -> None:
    """Where the reference itself takes long, a candidate may; where it does not, the same candidate is out of time."""
    work = "    total = 0\n    for i in range({n}):\n        total += i\n    return total\n"
    prompt = "def g(n):\n"
    slow = Problem(
        "slow", "code", prompt, reference=prompt + work.format(n="n // 3") + "\n",
        extra={"entry_point": "g", "continues": True, "tests": ["assert g(20_000_000) > 0", "assert g(9) >= 0"]},
    )  # fmt: skip
    assert verifier.verify(slow, work.format(n="n")).passed
    quick = replace(slow, id="quick", reference="def g(n):\n    return n\n")
    assert verifier.verify(quick, work.format(n="n * 3")).status is Status.TIMEOUT


SPINS = "import time\ndef f(n):\n    end = time.process_time() + n\n    while time.process_time() < end: pass\n"
SPINS += "    return n\n"


def test_where_the_data_has_a_limit_each_call_has_it_and_all_have_it_together(process_sandbox: ProcessSandbox) -> None:
    tests: list[JSON] = [{"args": [0.1], "expected": 0.1}] * 8
    timed = replace(PROBLEM, reference=None, extra={"entry_point": "f", "tests": tests, "limit_s": 0.4})
    verifier = CodeVerifier(CodeOptions(call_s=0.4, slow_call_s=0.4, program_s=0.5), process_sandbox)
    try:
        assert verifier.verify(timed, SPINS).status is Status.PASS
        untimed = replace(timed, extra={"entry_point": "f", "tests": tests})
        assert verifier.verify(untimed, SPINS).status is Status.TIMEOUT
        began = time.monotonic()
        verdict = verifier.verify(timed, f"{SPINS}    while True: pass\n".replace("return n", "if n > 9: return n"))
        assert (verdict.status, verdict.reason[:6]) == (Status.TIMEOUT, "0 of 8")
        assert time.monotonic() - began < 10
        late = f"made = []\n{SPINS}".replace("return n", "made.append(n)\n    while len(made) > 3: pass\n    return n")
        assert verifier.verify(timed, late).reason.startswith("3 of 8")
    finally:
        verifier.close()


def test_state_of_one_submission_does_not_reach_the_next(verifier: CodeVerifier) -> None:
    right = "    return max(xs, default=0)"
    stain = "    import builtins\n    builtins.max = lambda *a, **k: 0\n    open('/tmp/stain', 'w')\n    return 0"
    look = "    import os\n    return max(xs, default=0) if not os.path.exists('/tmp/stain') else 5"
    for _ in range(2):
        assert not verifier.verify(PROBLEM, stain).passed
        assert verifier.verify(PROBLEM, right).passed
        assert verifier.verify(PROBLEM, look).passed


def test_extra_inputs_are_judged_by_the_reference(tmp_path: Path) -> None:
    path = tmp_path / "plus.jsonl"
    path.write_text(json.dumps({"task_id": "p", "plus_input": [[[100, 2]], [[-1]]]}) + "\n")
    plain, strict = (
        CodeVerifier(CodeOptions(), ProcessSandbox()),
        CodeVerifier(CodeOptions(extra_inputs=str(path)), ProcessSandbox()),
    )
    try:
        overfitted = "    return max([x for x in xs if x < 50], default=0)"
        assert plain.verify(PROBLEM, overfitted).passed
        verdict = strict.verify(PROBLEM, overfitted)
        assert (verdict.status, round(verdict.score, 3)) == (Status.FAIL, round(5 / 6, 3))
        assert strict.verify(PROBLEM, "    return max(xs, default=0)").passed
        assert plain.identity != strict.identity
    finally:
        plain.close()
        strict.close()


def test_extra_inputs_leave_problems_alone_that_have_several_right_answers(verifier: CodeVerifier) -> None:
    from pidistill_code.suites.inputs import with_inputs
    from pidistill_code.suites.suite import read_suite

    for test, more in (
        ("assert abs(f(2) ** 2 - 2) < 1e-6", 0),
        ("assert f(2) == 1", 1),
        ("assert set(f(2)) == {1}", 0),
    ):
        suite = read_suite(replace(PROBLEM, extra={"entry_point": "f", "tests": [test]}))
        assert len(with_inputs(suite, [[3]]).tests) == 1 + more


LOOPS = Problem(
    "loops", "code", "def g(n):\n", reference="def g(n):\n    return n + 1\n",
    extra={
        "entry_point": "g", "continues": True,
        "tests": ["assert g(1) == 2",
            "import random\nfor _ in range(5):\n    n = random.randint(0, 99)\n    assert g(n) - n == 1",
        ],
    },
)  # fmt: skip


@pytest.mark.parametrize(
    ("body", "passed", "said"),
    [
        ("return n + 1", 2, ""),
        ("return float(n + 1)", 2, ""),
        ("return n + 1 if n < 50 else n", 1, "AssertionError"),
        ("return n + 1 if n < 50 else 1 / 0", 1, "ZeroDivisionError"),
        ("return n + 1 if n == 1 else None", 1, "TypeError"),
        ("return n + 1 if n == 1 else object()", 1, "TypeError"),
        ("return [][n]", 0, "IndexError"),
    ],
)
def test_test_code_judges_alike_whether_it_runs_or_its_transcript_decides(
    verifier: CodeVerifier, body: str, passed: int, said: str
) -> None:
    recorded = verifier.verify(LOOPS, f"    {body}\n")
    run = verifier.verify(replace(LOOPS, reference=None), f"    {body}\n")
    assert (run.status, run.score) == (recorded.status, recorded.score)
    assert recorded.score == passed / 2
    assert said in recorded.diagnostics


class LostSandbox(Sandbox):
    """Sessions of the process sandbox, the first few of which are lost in the middle of their work."""

    name = "process"

    def __init__(self, losses: int) -> None:
        self.losses, self.opened, self.closed = losses, 0, 0

    def open(self) -> Session:
        self.opened += 1
        session = ProcessSandbox().open()
        sandbox, run, close = self, session.run, session.close

        def failing_run(*args: object, **kwargs: object) -> object:
            if sandbox.opened > 1 and sandbox.losses > 0:
                sandbox.losses -= 1
                raise SandboxError("The container is gone.", "Start Docker again.")
            return run(*args, **kwargs)  # type: ignore[arg-type]

        def counted_close() -> None:
            sandbox.closed += 1
            close()

        session.run, session.close = failing_run, counted_close  # type: ignore[method-assign, assignment]
        return session

    def self_check(self) -> dict[str, bool]:
        return {}


@pytest.fixture
def lost() -> Iterator[CodeVerifier]:
    verifier = CodeVerifier(CodeOptions(), LostSandbox(losses=3))
    verifier.close()
    yield verifier
    verifier.close()


def test_a_lost_session_is_replaced_once_and_then_raised_and_never_a_verdict(lost: CodeVerifier) -> None:
    with pytest.raises(SandboxError, match="Start Docker again"):
        lost.verify(PROBLEM, "    return 1")
    assert lost.verify(PROBLEM, "    return max(xs, default=0)").passed  # lost once more, then judged in a new session
    sandbox = lost._sandbox
    assert isinstance(sandbox, LostSandbox)
    held = [session for session in (lost._session, lost._room, lost._second_room) if session is not None]
    assert sandbox.opened == sandbox.closed + len(held)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cal_s": 1}, "Did you mean 'call_s'"),
        ({"call_s": "1"}, "call_s"),
        ({"call_s": 0}, "at least 0.001"),
        ({"memory_mb": True}, "memory_mb"),
    ],
)
def test_options_that_make_no_sense_are_named(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        CodeOptions.read(options)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="No file"):
        CodeVerifier(CodeOptions(extra_inputs="/nowhere.jsonl"), ProcessSandbox())


def test_the_identity_holds_all_that_a_verdict_depends_on(verifier: CodeVerifier) -> None:
    other = CodeVerifier(CodeOptions(call_s=2.0), ProcessSandbox())
    same = CodeVerifier(CodeOptions(), ProcessSandbox())
    try:
        assert same.identity == verifier.identity != other.identity
    finally:
        other.close()
        same.close()


def test_the_pool_gives_the_same_verdicts() -> None:
    opener = Opener(
        "code", {}, "pidistill_sandboxes.process:ProcessSandbox", factory="pidistill_code.domain:CodeDomain"
    )
    completions = ["    return max(xs, default=0)", "    return 3", "no", "    while True: pass"] * 3
    with VerifierPool(opener, workers=2) as pool:
        verdicts = pool.verify_all([(PROBLEM, completion) for completion in completions])
    assert [v.status for v in verdicts] == [Status.PASS, Status.FAIL, Status.NO_ANSWER, Status.TIMEOUT] * 3


def test_the_prompt_holds_no_hidden_test_and_no_reference() -> None:
    domain = CodeDomain()
    (message,) = domain.prompt(PROBLEM)
    assert PROMPT.strip() in message.content and "default=0" not in message.content and "assert" not in message.content
    assert domain.prompt(replace(PROBLEM, reference=None, solution=None)) == (message,)
