"""Equivalent forms pass, near misses and tricks fail, and math-verify is corrected only where that is listed."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from math_verify import parse, verify

from pidistill.contracts import Case
from pidistill.records import Problem, Status
from pidistill_math import judge as judge_module
from pidistill_math.cases import cases
from pidistill_math.guard import oversize, unevaluated
from pidistill_math.judge import judge
from pidistill_math.notation import canonical, number
from pidistill_math.values import same
from pidistill_math.verifier import MathVerifier

CASES = list(cases())


def by_math_verify(reference: str, answer: str) -> bool:
    """The verdict of math-verify with its defaults."""
    return verify(parse(f"${reference}$"), parse(f"So the answer is $\\boxed{{{answer}}}$."))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_shipped_case_has_its_expected_verdict(case: Case) -> None:
    started = time.process_time()
    verdict = MathVerifier().verify(case.problem, case.completion)
    assert verdict.status in case.expected, verdict.reason
    assert time.process_time() - started < 8.0


def test_at_least_sixty_cases_ship_with_unique_names() -> None:
    assert len(CASES) >= 60
    assert len({case.id for case in CASES}) == len(CASES)


def test_every_attack_has_its_expected_verdict(shared_attacks: Path) -> None:
    verifier, wrong = MathVerifier(), []
    for line in (shared_attacks / "math.jsonl").read_text("utf-8").splitlines():
        attack = json.loads(line)
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


# One example for every class in which the verdict is not math-verify's: (reference, answer, what math-verify says).
LISTED = {
    "unevaluated": ("55", "\\sum_{k=1}^{10} k", True),
    "inexact": ("\\frac{1}{2^{99}}", "\\frac{1}{2^{98}}", True),
    "punctuation": ("2", "2.", False),
    "base": ("52_8", "52_{10}", True),
}


@pytest.mark.parametrize("rule", LISTED)
def test_listed_correction_of_math_verify(rule: str) -> None:
    reference, answer, theirs = LISTED[rule]
    ruling = judge(reference, answer)
    assert ruling.rule == rule
    assert by_math_verify(reference, answer) is theirs
    assert (ruling.status is Status.PASS) is not theirs


def test_an_unreadable_box_fails_where_math_verify_takes_another_expression_of_the_text() -> None:
    assert judge("\\frac43", "\\frac{53}").rule == "unreadable"
    assert verify(parse("$\\frac43$"), parse("We get $\\frac43$ at first, hence \\boxed{\\frac{53}}"))


def test_unfinished_prose_is_no_answer_where_math_verify_takes_its_last_expression() -> None:
    problem, prose = Problem("p", "math", "?", "12"), "There are $12$ ways to begin, and next we count the rest"
    assert MathVerifier().verify(problem, prose).status is Status.NO_ANSWER
    assert verify(parse("$12$"), parse(prose))


def test_a_later_box_corrects_an_earlier_one() -> None:
    completion = "First $\\boxed{5}$, but I dropped a term; hence, finally, $\\boxed{6}$."
    assert MathVerifier().verify(Problem("p", "math", "?", "6"), completion).passed
    assert not MathVerifier().verify(Problem("p", "math", "?", "5"), completion).passed


def test_an_answer_over_the_guard_fails_without_being_computed() -> None:
    assert judge("5", "9^{9^{9^9}}").rule == "oversize"


def test_another_time_of_day_fails() -> None:
    assert judge("12:00", "1:00").status is Status.FAIL


REFERENCES = [
    "5", "-17", "\\frac{14}{3}", "3\\sqrt{13}", "\\left( 3, \\frac{\\pi}{2} \\right)", "p - q", "6 - 5i", "1,-2",
    "x^3+3x-6", "(-2,1)", "\\{1\\pm\\sqrt{5},-2\\}", "\\begin{pmatrix} -1/3 \\\\ 2/3 \\end{pmatrix}", "(3,4]",
    "\\frac{11+9a}{20}", "y = 2x + 3", "(0,9) \\cup (9,36)", "4210_{5}", "90^\\circ", "0.35625", "\\text{east}",
]  # fmt: skip


def variants(reference: str) -> list[str]:
    """Answers near the reference, right and wrong."""
    return [
        reference.replace(" ", ""),
        reference.replace("\\frac", "\\dfrac").replace("\\left", "").replace("\\right", ""),
        reference.replace("+", "-", 1),
        re.sub(r"\d+", lambda match: str(int(match[0]) + 1), reference, count=1),
        re.sub(r"(\d)(?!.*\d)", lambda match: str((int(match[0]) + 1) % 9 + 1), reference),
        f"x={reference}",
        f"{reference}\\text{{ cm}}",
    ]


@pytest.mark.parametrize("reference", REFERENCES)
def test_verdicts_agree_with_math_verify_on_variants_and_on_other_references(reference: str) -> None:
    for answer in dict.fromkeys([*variants(reference), *REFERENCES]):
        ruling = judge(reference, answer)
        agree = (ruling.status is Status.PASS) is by_math_verify(reference, answer)
        assert agree or ruling.rule in LISTED, (reference, answer, ruling)


expressions = st.recursive(
    st.sampled_from(["1", "2", "3", "10", "x", "y", "\\pi", "\\sqrt{2}"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-"), inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"\\frac{{{pair[0]}}}{{{pair[1]}}}"),
        st.tuples(inner, st.integers(2, 3)).map(lambda pair: f"({pair[0]})^{{{pair[1]}}}"),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]}\\cdot({pair[1]})"),
    ),
    max_leaves=4,
)


@settings(max_examples=60, deadline=None)
@given(expressions, expressions)
def test_whenever_values_are_sure_math_verify_says_the_same(left: str, right: str) -> None:
    sure = same(canonical(left), canonical(right))
    if sure is not None:
        assert sure is by_math_verify(left, right)


@given(st.fractions(), st.integers(1, 9))
def test_equal_fractions_are_one_number(value: object, times: int) -> None:
    top, bottom = value.numerator, value.denominator  # type: ignore[attr-defined]
    plain, scaled = number(f"\\frac{{{top}}}{{{bottom}}}"), number(f"\\frac{{{top * times}}}{{{bottom * times}}}")
    assert plain is not None
    assert plain == scaled


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="\\{}()[]^_!+-*/=,.;: 0123456789xyefracsqtpi\x00\ud800\u2212", max_size=80))
def test_no_answer_raises_in_the_cheap_stages(answer: str) -> None:
    spelling = canonical(answer)
    assert same("\\frac{1}{2}", spelling) in (True, False, None)
    number(spelling)
    oversize(answer)
    unevaluated("1", answer)


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet="\\{}()^_+-=, 012xfracsqt", max_size=24))
def test_any_answer_gets_a_ruling(answer: str) -> None:
    assert judge("\\frac{1}{2}", answer).status in (Status.PASS, Status.FAIL, Status.TIMEOUT)


@pytest.mark.parametrize(
    "text",
    ["9^{9^{9^9}}", "9^(9^(9^9))", "9**9**9", "(10^{9})!", "9!!!!", "\\binom{10^{9}}{5}", "(a+b+c+d)^{500}",
     "x^{10^9}", "1" * 3000, "(" * 60 + ")" * 60,
     "2^{-10000000000}", "9^\\frac{99999999999}{2}", "\\log_{2}(2^{2^{2^{2^{2^{5}}}}})"],
)  # fmt: skip
def test_the_guard_refuses_what_cannot_be_computed(text: str) -> None:
    assert oversize(text)


@pytest.mark.parametrize(
    "text",
    ["2^{2007}", "\\frac{1}{2004!}", "x^{100}+1", "(x+1)^{20}", "\\binom{100}{50}", "10^{100}", "3^{n-1}", "e^{x^2}",
     "\\frac{7!}{2!3!}", "x^8 + x^7 + x^6 + x^5 + x^4 + x^3 + x^2 + x + 1"],
)  # fmt: skip
def test_the_guard_lets_ordinary_answers_through(text: str) -> None:
    assert oversize(text) == ""


@pytest.mark.parametrize("trouble", [ImportError("no parser"), OSError("no file")])
@pytest.mark.parametrize("part", ["parse", "verify"])
def test_a_broken_installation_is_raised_and_never_a_verdict(
    part: str, trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **options: object) -> object:
        raise trouble

    judge_module._parsed.cache_clear()
    monkeypatch.setattr(judge_module, part, broken)
    with pytest.raises(type(trouble)):
        judge(r"\sin(x) + \frac{1}{y}", r"\cos(x) + \frac{2}{y}")


def test_an_answer_that_takes_all_memory_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(*args: object, **options: object) -> object:
        raise MemoryError

    monkeypatch.setattr(judge_module, "verify", out_of_memory)
    assert judge(r"\sin(x) + \frac{1}{y}", r"\cos(x) + \frac{2}{y}").status is Status.TIMEOUT
