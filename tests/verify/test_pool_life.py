"""Workers come, are replaced, and go: none is left behind, however the pool or its host ends."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from pidistill.errors import UsageError, VerifierError
from pidistill.records import Status
from pidistill.verify.opener import Opener
from pidistill.verify.pool import VerifierPool
from verify.helpers import PROBLEMS, alive, children_of, eventually, opener, ordinary, workers_here

TESTS = Path(__file__).parents[1]


def test_identity_is_known_before_any_verdict() -> None:
    with VerifierPool(opener(fingerprint="abc")) as pool, VerifierPool(opener(fingerprint="abd")) as other:
        assert re.fullmatch(r"nasty@1\+[0-9a-f]{16}", pool.identity)
        assert pool.identity != other.identity


def test_a_pool_starts_no_process_before_it_must() -> None:
    before = workers_here()
    with VerifierPool(opener(), workers=2):
        assert workers_here() == before


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("fails_to_open", "no licence file"),
        ("dies_while_opening", "about to die\n.*status 7"),
        ("not_a_verifier", "not a Verifier"),
        ("no_such_name", "no_such_name"),
    ],
)
def test_a_verifier_that_cannot_be_opened_is_an_error_that_says_why(kind: str, said: str) -> None:
    before = workers_here()
    with VerifierPool(opener(kind), workers=2) as pool:
        with pytest.raises(VerifierError, match=said) as caught:
            pool.verify_all(ordinary(10))
        assert "'nasty'" in caught.value.message
        assert "pidistill" in caught.value.hint
        with pytest.raises(VerifierError, match=said):
            _ = pool.identity
    assert workers_here() == before


def test_what_a_verifier_says_on_purpose_when_it_cannot_be_opened_is_one_line() -> None:
    with VerifierPool(opener("misses_its_sandbox"), workers=1) as pool, pytest.raises(VerifierError) as caught:
        assert pool.identity
    assert caught.value.message.endswith("3 tries: No daemon answers. Start it.")
    assert "\n" not in caught.value.message


def test_opening_for_ever_is_an_error() -> None:
    with (
        VerifierPool(opener("opens_for_ever"), workers=1, open_timeout_s=0.3) as pool,
        pytest.raises(VerifierError, match=r"more than 0\.3 s of opening"),
    ):
        _ = pool.identity


def test_opening_slowly_is_nobody_s_working_time() -> None:
    with VerifierPool(opener("opens_slowly"), workers=1, budget_s=1.0) as pool:
        assert pool.verify_all([(PROBLEMS[0], "ok 0")])[0].passed


def test_one_pool_has_one_identity() -> None:
    with VerifierPool(opener("Fickle"), workers=2) as pool, pytest.raises(VerifierError, match="and before as"):
        pool.verify_all([(PROBLEMS[i], f"sleep 0.{i + 10}") for i in range(40)])


def test_a_verifier_too_large_for_its_limit_is_an_error() -> None:
    with (
        VerifierPool(opener(), workers=1, memory_mb=5) as pool,
        pytest.raises(VerifierError, match="before any work") as caught,
    ):
        _ = pool.identity
    assert "verify.memory_mb=" in caught.value.hint


def test_workers_are_replaced_by_count() -> None:
    """Each judges its ten, in whatever order they are ready; only the two last may share what is left over."""
    items = [(problem, f"who {i}") for i, problem in enumerate(PROBLEMS * 3)]
    with VerifierPool(opener(), workers=2, recycle_after=10) as pool:
        answers = [verdict.answer or "" for verdict in pool.verify_all(items)]
    judged = Counter(answer.split()[0] for answer in answers)
    assert max(int(answer.split()[1]) for answer in answers) == 10
    assert sorted(judged.values())[2:] == [10] * (len(judged) - 2)
    assert len(judged) in (12, 13)


def test_workers_are_replaced_by_memory_and_nobody_is_blamed() -> None:
    items = [(PROBLEMS[0], "hoard 120"), *[(PROBLEMS[1], f"sleep 0.0{n}1") for n in range(10)], (PROBLEMS[2], "who")]
    with VerifierPool(opener(), workers=1, memory_mb=200) as pool:
        assert pool.verify_all(items[:1])[0].status is Status.FAIL
        (first,) = pool.verify_all(items[-1:])
        pool.verify_all(items[:1])
        pool.verify_all(items[1:11])
        (second,) = pool.verify_all(items[-1:])
    assert (first.answer or "").split()[0] != (second.answer or "").split()[0]


def test_closing_lets_idle_workers_close_their_verifier(tmp_path: Path) -> None:
    with VerifierPool(opener(closed=str(tmp_path / "closed")), workers=1) as pool:
        pool.verify_all([(PROBLEMS[0], "ok 0")])
        (worker,) = workers_here()
    assert (tmp_path / "closed").read_text() == str(worker)
    assert not alive(worker)


def test_nothing_is_left_after_close_not_even_a_verifier_s_children() -> None:
    before = workers_here()
    with VerifierPool(opener(), workers=2) as pool:
        (verdict,) = pool.verify_all([(PROBLEMS[0], "child")])
        assert alive(int(verdict.answer or ""))
    assert eventually(lambda: not alive(int(verdict.answer or "")))
    assert workers_here() == before


def test_a_forgotten_pool_is_closed() -> None:
    before = workers_here()
    pool = VerifierPool(opener(), workers=1)
    assert pool.identity
    assert workers_here() != before
    del pool
    gc.collect()
    assert workers_here() == before


def test_an_iterator_left_early_frees_the_pool_for_the_next() -> None:
    with VerifierPool(opener(), workers=2, budget_s=30) as pool:
        verdicts = pool.verify([(PROBLEMS[0], "cheap"), (PROBLEMS[1], "sleep 20"), (PROBLEMS[2], "sleep 21")])
        next(verdicts)
        with pytest.raises(UsageError, match="already verifying"):
            pool.verify_all([(PROBLEMS[0], "ok 0")])
        verdicts.close()
        assert pool.verify_all([(PROBLEMS[0], "ok 0")])[0].passed


def test_a_closed_pool_says_so() -> None:
    pool = VerifierPool(opener(), workers=1)
    verdicts = pool.verify([(PROBLEMS[0], "cheap"), (PROBLEMS[1], "sleep 5")])
    next(verdicts)
    pool.close()
    with pytest.raises(UsageError, match="closed"):
        next(verdicts)
    with pytest.raises(UsageError, match="closed"):
        pool.verify_all([])


def test_an_idle_worker_s_death_costs_nothing() -> None:
    with VerifierPool(opener(), workers=1) as pool:
        assert pool.verify_all([(PROBLEMS[0], "ok 0")])[0].passed
        (worker,) = workers_here()
        os.kill(worker, signal.SIGKILL)
        assert eventually(lambda: not alive(worker))
        assert pool.verify_all([(PROBLEMS[1], "ok 1")])[0].passed


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="budget_s=0"):
        VerifierPool(opener(), budget_s=0)


def test_a_domain_s_factory_and_wrappers_are_opened_in_the_worker() -> None:
    made = Opener("tiny", {"fingerprint": "x"}, None, ("noisy:false_fail=1",), "verify.tiny:TinyDomain")
    with VerifierPool(made, workers=1) as pool:
        assert re.fullmatch(r"nasty@1\+[0-9a-f]{16}\|noisy@1:false_pass=0.0,false_fail=1.0,seed=0", pool.identity)
        assert pool.verify_all([(PROBLEMS[0], "ok 0")])[0].status is Status.FAIL


def test_workers_hash_sets_alike_and_use_one_thread() -> None:
    with VerifierPool(opener(), workers=1) as pool:
        names = ["PYTHONHASHSEED", "OMP_NUM_THREADS"]
        hash_seed, threads = pool.verify_all([(PROBLEMS[0], f"environment {name}") for name in names])
    assert hash_seed.answer == "0"
    assert threads.answer == os.environ.get("OMP_NUM_THREADS", "1")


def test_descriptors_above_1024_are_no_trouble() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1500:
        pytest.skip("the hard limit of open files is too low")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1500), hard))
    try:
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(open(os.devnull, "rb")) for _ in range(1100)]
            assert files[-1].fileno() > 1024
            with VerifierPool(opener(), workers=2, budget_s=2.0) as pool:
                verdicts = pool.verify_all([(PROBLEMS[0], "ok 0"), (PROBLEMS[1], "sleep"), (PROBLEMS[2], "exit")])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [v.status for v in verdicts] == [Status.PASS, Status.TIMEOUT, Status.ERROR]


HOST = """
import sys
from verify.helpers import PROBLEMS, opener
from pidistill.verify.pool import VerifierPool
with VerifierPool(opener(), workers=2, budget_s=600) as pool:
    child = pool.verify_all([(PROBLEMS[0], "child")])[0].answer
    verdicts = pool.verify([(PROBLEMS[0], "who"), *[(p, sys.argv[1]) for p in PROBLEMS[1:3]]])
    print(next(verdicts)[1].answer.split()[0], child, flush=True)
    next(verdicts)
"""


def start_host(busy_with: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A host with two busy workers, and the ids of all processes under it. No guard of `__main__` is needed."""
    path = os.pathsep.join([str(TESTS), *sys.path])
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, busy_with],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert host.stdout is not None
    pids = [int(word) for word in host.stdout.readline().split()]
    assert len(pids) == 2, host.communicate()
    return host, pids


@pytest.mark.parametrize("busy_with", ["sleep", "hold-interpreter-lock"])
def test_nothing_survives_a_host_that_is_killed(busy_with: str) -> None:
    host, (worker, child) = start_host(busy_with)
    workers = children_of(host.pid) | {worker}
    assert all(map(alive, workers))
    assert alive(child)
    host.kill()
    host.wait()
    assert eventually(lambda: not any(map(alive, [*workers, child])))
    host.communicate()


def test_interrupting_the_host_closes_the_pool() -> None:
    host, (worker, child) = start_host("sleep")
    started = time.monotonic()
    os.kill(worker, signal.SIGINT)  # what a terminal would send to a worker, too
    host.send_signal(signal.SIGINT)
    _, errors = host.communicate(timeout=300)
    assert time.monotonic() - started < 30
    assert errors.strip().endswith("KeyboardInterrupt")
    assert host.returncode in (1, 130, -signal.SIGINT)
    assert eventually(lambda: not alive(worker) and not alive(child))
