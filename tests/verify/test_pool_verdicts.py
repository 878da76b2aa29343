"""Every submission gets exactly one verdict, the right one, whatever happens beside it. Real worker processes."""

from __future__ import annotations

import random
import time
from types import MappingProxyType

import pytest

from pidistill.records import Problem, Status, Verdict
from pidistill.verify.pool import VerifierPool
from verify.helpers import PROBLEMS, opener, ordinary, problem, timeless

NASTY = {
    "sleep": Status.TIMEOUT,
    "spin": Status.TIMEOUT,
    "hold-interpreter-lock": Status.TIMEOUT,
    "allocate": Status.TIMEOUT,
    "exit 0": Status.ERROR,
    "exit 3": Status.ERROR,
    "sys-exit": Status.ERROR,
    "segfault": Status.ERROR,
    "kill-self": Status.ERROR,
    "raise": Status.ERROR,
    "interrupt": Status.ERROR,
    "recurse": Status.ERROR,
    "close-pipes": Status.ERROR,
    "fork-and-exit": Status.ERROR,
    "none": Status.ERROR,
    "odd-answer": Status.ERROR,
    "print": Status.FAIL,
    "print-a-lot": Status.FAIL,
    "alarm": Status.FAIL,
    "child": Status.FAIL,
}


@pytest.fixture(scope="module")
def pool():
    with VerifierPool(opener(), workers=2, budget_s=1.5, memory_mb=400) as made:
        yield made


def expected_status(item: tuple[Problem, str]) -> Status:
    return Status.PASS if item[1] == f"ok {item[0].reference}" else Status.FAIL


@pytest.mark.parametrize("kind", ["Nasty", "Ahead"])
def test_ordinary_submissions_keep_their_verdicts_beside_nasty_ones(kind: str) -> None:
    items = ordinary(1000)
    nasty = [(PROBLEMS[i % 7], text) for i, text in enumerate(NASTY)]
    mixed = items + nasty
    random.Random(5).shuffle(mixed)
    with VerifierPool(opener(kind), workers=2, budget_s=1.5, memory_mb=400) as pool:
        seen = list(pool.verify(mixed))
    assert sorted(index for index, _ in seen) == list(range(len(mixed)))
    verdicts = dict(seen)
    got = {mixed[i][1]: verdicts[i].status for i in range(len(mixed)) if mixed[i][1] in NASTY}
    assert got == NASTY
    for index, item in enumerate(mixed):
        if item[1] not in NASTY:
            assert verdicts[index].status is expected_status(item), item
    assert sum(v.passed for v in verdicts.values()) == 14


def test_verdicts_do_not_depend_on_order(pool: VerifierPool) -> None:
    items = ordinary(300) + [(PROBLEMS[i], text) for i, text in enumerate(["exit 0", "raise", "sleep", "allocate"])]
    straight = pool.verify_all(items)
    order = list(range(len(items)))
    random.Random(1).shuffle(order)
    shuffled = dict(zip(order, pool.verify_all([items[i] for i in order]), strict=True))
    assert timeless(straight) == timeless(shuffled[i] for i in range(len(items)))


def test_nothing_to_verify_gives_nothing(pool: VerifierPool) -> None:
    assert pool.verify_all([]) == []


def test_any_text_travels_unharmed(pool: VerifierPool) -> None:
    texts = ["", "\ud800", "\ud83d\ude00 as two lone surrogates", "\0" * 10, "x" * 10_000_000, "{" * 50_000, "\r\n\x1b"]
    verdicts = pool.verify_all([(PROBLEMS[0], f"echo {text}") for text in texts])
    assert [v.answer == text and v.diagnostics == text for v, text in zip(verdicts, texts, strict=True)] == [True] * 7


def test_equal_submissions_are_judged_once() -> None:
    same = Problem(id="another id", domain="nasty", prompt="prompt 0", reference="0")
    items = [(problem(0), "who"), (same, "who"), (problem(1), "who"), (problem(0), "who")]
    with VerifierPool(opener(), workers=1) as pool:
        answers = [verdict.answer for verdict in pool.verify_all(items)]
    assert answers[0] == answers[1] == answers[3]
    assert len(set(answers)) == 2


def test_an_exception_is_an_error_that_says_what_and_where(pool: VerifierPool) -> None:
    (verdict,) = pool.verify_all([(PROBLEMS[0], "raise")])
    assert verdict.status is Status.ERROR
    assert verdict.score == 0
    assert "ValueError: raised on purpose" in verdict.reason
    assert "nasty.py:" in verdict.reason
    assert "\n" not in verdict.reason
    verdict.reason.encode("utf-8")


def test_a_crash_says_how_the_worker_ended(pool: VerifierPool) -> None:
    exited, segfault = pool.verify_all([(PROBLEMS[0], "exit 3"), (PROBLEMS[1], "segfault")])
    assert "status 3" in exited.reason
    assert "SIGSEGV" in segfault.reason
    assert "Segmentation fault" in segfault.diagnostics
    assert "nasty.py" in segfault.diagnostics


def test_exit_zero_is_not_a_pass(pool: VerifierPool) -> None:
    (verdict,) = pool.verify_all([(PROBLEMS[0], "exit 0")])
    assert verdict.status is Status.ERROR
    assert not verdict.status.judged


def test_verifiers_work_on_the_main_thread_and_their_alarms_stay_theirs(pool: VerifierPool) -> None:
    verdicts = pool.verify_all([(p, f"alarm {i}") for i, p in enumerate(PROBLEMS[:10])] + ordinary(100))
    assert [(v.answer, v.reason) for v in verdicts[:10]] == [("alarm", "True")] * 10
    assert all(v.status.judged for v in verdicts)


def test_a_forgotten_alarm_does_not_hit_the_next_submission() -> None:
    """`alarm` leaves SIGALRM armed for 5 ms; the one behind it works for longer, in the same worker and group."""
    items = [(PROBLEMS[0], text) for n in range(3) for text in (f"alarm {n}", f"sleep 0.05{n}")]
    with VerifierPool(opener(), workers=1) as pool:
        assert [v.status for v in pool.verify_all(items)] == [Status.FAIL] * 6


def test_the_clock_starts_with_the_work_on_a_submission() -> None:
    """Eight times 0.3 s in one worker and one group: more in a row than the budget, which is for each."""
    with VerifierPool(opener(), workers=1, budget_s=2.0) as pool:
        verdicts = pool.verify_all([(PROBLEMS[0], f"sleep 0.{3:0<{n}}") for n in range(1, 9)])
    assert [v.status for v in verdicts] == [Status.FAIL] * 8
    assert all(0.29 < v.seconds < 2.0 for v in verdicts)


def test_what_is_off_the_clock_is_not_charged_to_a_submission() -> None:
    with VerifierPool(opener(), workers=1, budget_s=1.0) as pool:
        waited, slept = pool.verify_all([(PROBLEMS[0], "wait 1.8"), (PROBLEMS[1], "sleep 1.8")])
    assert (waited.status, slept.status) == (Status.FAIL, Status.TIMEOUT)
    assert waited.seconds < 1.0


def test_who_stays_off_the_clock_for_ever_is_an_error_and_no_timeout() -> None:
    with VerifierPool(opener(), workers=1, budget_s=1.0, open_timeout_s=6.0) as pool:
        stuck, fine = pool.verify_all([(PROBLEMS[0], "wait"), (PROBLEMS[1], "ok 1")])
    assert stuck.status is Status.ERROR
    assert "waited more than 6 s" in stuck.reason
    assert fine.passed


def test_over_the_budget_is_a_timeout_however_the_host_was_busy() -> None:
    """The caller holds the iterator while a submission overruns and comes back."""
    items = [(PROBLEMS[0], "cheap"), (PROBLEMS[1], "sleep 1.5")]
    with VerifierPool(opener(), workers=2, budget_s=1.0) as pool:
        assert pool.identity
        verdicts = {}
        for index, verdict in pool.verify(items):
            verdicts[index] = verdict
            if index == 0:
                time.sleep(2.5)
    assert verdicts[0].passed
    assert verdicts[1].status is Status.TIMEOUT
    assert verdicts[1].seconds > 1.0


def test_memory_is_charged_to_the_one_who_takes_it_not_to_the_last_straw() -> None:
    """Each hoards 100 MiB for good: any single one fits, together they do not."""
    items = [(PROBLEMS[i], "hoard 100") for i in range(8)]
    with VerifierPool(opener(), workers=1, budget_s=20, memory_mb=400) as pool:
        assert [v.status for v in pool.verify_all(items)] == [Status.FAIL] * 8


def test_a_verifier_that_judges_ahead_does_not_share_its_culprit_s_fate() -> None:
    texts = ["cheap 1", "cheap 2", "exit 0", "sleep", "raise", "cheap 3"]
    with VerifierPool(opener("Ahead"), workers=1, budget_s=1.5) as pool:
        verdicts = pool.verify_all([(PROBLEMS[0], text) for text in texts])
    status = [Status.PASS, Status.PASS, Status.ERROR, Status.TIMEOUT, Status.ERROR, Status.PASS]
    assert [v.status for v in verdicts] == status


def test_missing_verdicts_are_asked_for_again() -> None:
    with VerifierPool(opener("Short"), workers=1) as pool:
        verdicts = pool.verify_all([(PROBLEMS[0], f"cheap {i}") for i in range(20)])
    assert [v.status for v in verdicts] == [Status.PASS] * 20


def test_a_problem_that_cannot_travel_costs_itself_only(pool: VerifierPool) -> None:
    not_json = problem(50, bad=float("nan"))
    no_pickle = Problem(id="p51", domain="nasty", prompt="?", reference="51", extra=MappingProxyType({"a": 1}))
    first, second, third = pool.verify_all([(not_json, "ok 50"), (no_pickle, "ok 51"), (PROBLEMS[5], "ok 5")])
    assert first.status is Status.ERROR
    assert "'p50'" in first.reason
    assert second.status is Status.ERROR
    assert "'p51'" in second.reason
    assert third.passed


def test_verdicts_carry_identity_and_seconds(pool: VerifierPool) -> None:
    verdicts = pool.verify_all([(PROBLEMS[0], "ok 0"), (PROBLEMS[0], "sleep"), (PROBLEMS[0], "exit 0")])
    assert {v.verifier for v in verdicts} == {pool.identity}
    assert pool.identity.startswith("nasty@1+")
    assert all(v.seconds > 0 for v in verdicts)
    assert all(isinstance(v, Verdict) for v in verdicts)
