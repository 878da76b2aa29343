"""Every attack and every shipped case has its verdict; what is broken is raised; nothing is computed out of bounds."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill.contracts import Case
from pidistill.records import Problem, Status
from pidistill_math.cases import cases
from pidistill_math.comparing import algebra
from pidistill_math.comparing.judge import judge
from pidistill_math.verifier import MathOptions, MathVerifier

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_shipped_case_has_its_expected_verdict(case: Case) -> None:
    started = time.process_time()
    verdict = MathVerifier().verify(case.problem, case.completion)
    assert verdict.status in case.expected, verdict.reason
    assert time.process_time() - started < 8.0


def test_cases_ship_with_unique_names_and_half_of_them_are_honest() -> None:
    assert len(CASES) >= 60
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize("file", ["math.jsonl", "math_t2.jsonl", "first_round.jsonl"])
def test_every_attack_has_its_expected_verdict(file: str, shared_attacks: Path) -> None:
    verifier, wrong = MathVerifier(), []
    for line in (shared_attacks / file).read_text("utf-8").splitlines():
        attack = json.loads(line)
        if attack.get("domain", "math") != "math":
            continue
        problem = Problem(attack["id"], "math", attack["problem"]["question"], attack["problem"]["gold"])
        status = verifier.verify(problem, attack["submission"]).status
        right = {
            "pass": status is Status.PASS,
            "fail": status.judged and status is not Status.PASS,
            "error": not status.judged,
        }
        if not right[attack["expected"]]:
            wrong.append((attack["id"], status, attack["why"]))
    assert not wrong


def test_a_later_box_corrects_an_earlier_one() -> None:
    completion = "First $\\boxed{5}$, but I dropped a term; hence, finally, $\\boxed{6}$."
    assert MathVerifier().verify(Problem("p", "math", "?", "6"), completion).passed
    assert not MathVerifier().verify(Problem("p", "math", "?", "5"), completion).passed


def test_lenient_works_out_what_is_not_evaluated() -> None:
    problem, completion = Problem("p", "math", "?", "391"), "so $\\boxed{17 \\cdot 23}$"
    refused = MathVerifier().verify(problem, completion)
    assert (refused.status, refused.reason.split(":")[0]) == (Status.FAIL, "unevaluated")
    assert MathVerifier(MathOptions(lenient=True)).verify(problem, completion).passed


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="\\{}()[]^_!+-*/=,.;: 0123456789xyefracsqtpi\x00\ud800\u2212|<>%$", max_size=60))
def test_any_answer_gets_a_ruling(answer: str) -> None:
    for reference in ("\\frac{1}{2}", "x^2+1", "(1,2]", "\\{1,2\\}"):
        assert judge(reference, answer).status in (Status.PASS, Status.FAIL, Status.TIMEOUT)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="\\{}()[]^_!+-*/=,.;: 0123456789xyefracsqtpi|<>%$", max_size=60))
def test_any_reference_gets_a_ruling(reference: str) -> None:
    assert isinstance(judge(reference, "5").status, Status)


@pytest.mark.parametrize(
    "text",
    ["9^{9^{9^9}}", "9^(9^(9^9))", "(10^{9})!", "9!!!!", "\\binom{10^{9}}{5}", "(a+b+c+d)^{500}", "x^{10^9}",
     "1" * 3000, "(" * 60 + "1" + ")" * 60, "2^{-10000000000}", "9^\\frac{99999999999}{2}", "((9!)!)!",
     "\\log_{2}(2^{2^{2^{2^{2^{5}}}}})", "\\sum_{k=1}^{10^9} k", "\\prod_{k=1}^{10^{7}} (k^{2}+1)", "e^{10^9}",
     "\\Gamma(10^8)", "\\cos(10^{300000})", "\\begin{pmatrix}x&y\\\\z&w\\end{pmatrix}^{500}", "|" * 120,
     "\\sqrt{" * 45 + "2" + "}" * 45],
)  # fmt: skip
def test_what_cannot_be_computed_fails_within_a_second(text: str) -> None:
    started = time.process_time()
    assert judge("7", text).status is Status.FAIL
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize("trouble", [ImportError("no parser"), OSError("no file")])
@pytest.mark.parametrize("part", ["parse", "verify"])
def test_a_broken_installation_is_raised_and_never_a_verdict(
    part: str, trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **options: object) -> object:
        raise trouble

    algebra._parsed.cache_clear()
    monkeypatch.setattr(f"math_verify.{part}", broken)
    with pytest.raises(type(trouble)):
        judge(r"\lim_{x\to 0} \frac{\sin x}{x}", r"\lim_{t\to 0} \frac{\sin t}{t}")


def test_an_answer_that_takes_all_memory_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(*args: object, **options: object) -> object:
        raise MemoryError

    monkeypatch.setattr("math_verify.verify", out_of_memory)
    ruling = judge(r"\lim_{x\to 0} \frac{\sin x}{x}", r"\lim_{t\to 0} \frac{\sin t}{t}")
    assert ruling.status is Status.TIMEOUT
