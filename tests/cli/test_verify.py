"""`pidistill verify`: submissions are judged in order, the verifier is tried, and what cannot be read is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.cli.main import run
from pidistill.cli.oracle import conclusion
from pidistill.cli.submissions import parse_submission, summarise
from pidistill.errors import DataError
from pidistill.records import Problem, Status, Verdict
from pidistill.verify.oracle import Finding, OracleReport, Question

PROBLEMS = {name: Problem(name, "math", f"What is {name}?", "2") for name in ("p1", "p2")}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A small file of problems in the columns of MATH-500."""
    path = tmp_path / "problems.jsonl"
    rows = [
        {"problem": f"What is {n} + 1?", "answer": str(n + 1), "unique_id": f"p{n}", "solution": f"\\boxed{{{n + 1}}}"}
        for n in range(4)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_submissions_are_judged_in_their_order(tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"problem_id": "p2", "completion": "It is \\boxed{3}."},
        {"problem_id": "p1", "completion": "It is \\boxed{3}."},
        {"problem": {"id": "mine", "prompt": "2 + 2?", "reference": "4"}, "completion": "\\boxed{4}"},
        {"problem_id": "p1", "completion": "\ud800"},
    ]
    submissions = tmp_path / "submissions.jsonl"
    submissions.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    arguments = ["verify", "math", "--data", str(data), "--submissions", str(submissions), "--workers", "1"]
    assert run(arguments) == 0
    captured = capsys.readouterr()
    verdicts = [json.loads(line) for line in captured.out.splitlines()]
    assert [(v["problem_id"], v["status"]) for v in verdicts] == [
        ("p2", "PASS"),
        ("p1", "FAIL"),
        ("mine", "PASS"),
        ("p1", "NO_ANSWER"),
    ]
    assert captured.err.splitlines()[-1] == "PASS 2, FAIL 1, NO_ANSWER 1; pass rate 2/4 = 50.00%"
    out = tmp_path / "verdicts.jsonl"
    assert run([*arguments, "--out", str(out)]) == 0
    assert [json.loads(line)["status"] for line in out.read_text().splitlines()] == [v["status"] for v in verdicts]


def test_a_single_completion_is_judged(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["verify", "math", "--data", str(data), "--workers", "1"]
    assert run([*arguments, "--problem", "p3", "--completion", "\\boxed{4}"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "PASS"
    assert run([*arguments, "--problem", "p9", "--completion", "4"]) == 2
    assert "Some of the 4 there are: p0, p1, p2" in capsys.readouterr().err


def test_the_oracle_tries_a_sound_verifier_and_a_lenient_wrapper_fails_it(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "oracle.json"
    arguments = ["verify", "math", "--data", str(data), "--oracle", "--workers", "1", "--out", str(out)]
    assert run(arguments) == 0
    assert "SOUND: all 4 references pass" in capsys.readouterr().out
    report = json.loads(out.read_text())
    assert report["ok"] is True
    assert report["counts"]["empty text"] == {"NO_ANSWER": 4}
    assert run([*arguments, "--wrap", "noisy:false_pass=1.0"]) == 3
    told = capsys.readouterr().out
    assert "DEVIATIONS: 0 of 4 references do not pass" in told
    assert "empty text: PASS" in told
    assert json.loads(out.read_text())["ok"] is False


def test_the_conclusion_of_an_oracle_check_that_checked_nothing_is_not_sound() -> None:
    nothing = OracleReport("math", "m@1", 3, {question: {} for question in Question}, ("a", "b", "c"), (), ())
    assert conclusion(nothing).startswith("UNCHECKED")
    assert not nothing.ok


def test_the_conclusion_counts_each_kind_of_deviation() -> None:
    counts = {question: {Status.PASS: 1, Status.ERROR: 1} for question in Question}
    findings = (
        Finding(Question.REFERENCE, "a", None, Status.FAIL, ""),
        Finding(Question.EMPTY, "b", None, Status.PASS, ""),
        Finding(Question.ECHO, "c", None, Status.ERROR, ""),
    )
    told = conclusion(OracleReport("math", "m@1", 2, counts, (), findings, ()))
    assert told == (
        "DEVIATIONS: 1 of 2 references do not pass, 1 submissions pass that must not, 1 could not be judged."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[1]", "expected an object with a completion, got list"),
        ('{"completion": "x"}', "needs 'problem_id'"),
        ('{"problem_id": "p1"}', "'completion' must be text, got NoneType"),
        ('{"problem_id": "p1", "completion": 3}', "'completion' must be text, got int"),
        ('{"problem_id": "p11", "completion": ""}', "no problem 'p11' in the data. Did you mean 'p1'?"),
        ('{"problem_id": "p1", "completoin": ""}', "unknown field 'completoin'. Did you mean 'completion'?"),
        ('{"problem": {"id": "x"}, "completion": ""}', "Problem: field 'prompt' is missing"),
        ('{"problem": {"id": "x", "prompt": "", "domain": "code"}, "completion": ""}', "of domain 'code', not 'math'"),
        ('{"problem": 1, "completion": ""}', "'problem' must be an object, got int"),
    ],
)
def test_a_row_that_makes_no_sense_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_submission(text, PROBLEMS, "math", "mine.jsonl, line 7")
    assert str(caught.value).startswith("mine.jsonl, line 7: ")
    assert said in str(caught.value)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from(["id"]), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.text() | st.dictionaries(st.sampled_from(["problem_id", "problem", "completion"]), JSON_VALUES).map(json.dumps)
)
def test_any_line_is_a_submission_or_a_data_error(text: str) -> None:
    try:
        submission = parse_submission(text, PROBLEMS, "math", "line 1")
    except DataError:
        return
    assert submission.problem.domain == "math"
    assert isinstance(submission.completion, str)


def verdicts(**counts: int) -> list[Verdict]:
    return [Verdict(Status[name], float(name == "PASS")) for name, count in counts.items() for _ in range(count)]


def test_errors_and_abstentions_are_outside_the_rate_and_errors_bound_it() -> None:
    assert summarise(verdicts(PASS=3, FAIL=1, ABSTAIN=6)) == "PASS 3, FAIL 1, ABSTAIN 6; pass rate 3/4 = 75.00%"
    assert summarise(verdicts(PASS=1, FAIL=1, ERROR=2)).endswith(
        "pass rate 1/2 = 50.00%, between 25.00% and 75.00% had the errors been judged"
    )
    assert summarise(verdicts(ERROR=2)).endswith("pass rate 0/0, between 0.00% and 100.00% had the errors been judged")
    assert summarise(verdicts(ABSTAIN=2)).endswith("nothing could be judged")
    assert summarise([]) == "no submissions; pass rate: nothing could be judged"
