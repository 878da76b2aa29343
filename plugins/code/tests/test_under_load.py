"""A busy machine changes no verdict: correct programs pass with 4 workers on 2 cores, beside 4 spinning processes.

160 programs in each sandbox by default; `PIDISTILL_LOAD_PROGRAMS=1000` takes as many as it says. Half of them, or all
there are, are HumanEval's canonical solutions, the rest references of the generated functions.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import pytest

from pidistill.contracts import DataSource, Sandbox
from pidistill.records import Problem, Status, Verdict
from pidistill.verify.opener import Opener
from pidistill.verify.pool import VerifierPool
from pidistill_code.domain import CodeDomain

PROGRAMS = int(os.environ.get("PIDISTILL_LOAD_PROGRAMS", "160"))
WORKERS, SPINNERS = 4, 4


@contextlib.contextmanager
def busy_machine() -> Iterator[None]:
    """`SPINNERS` processes that never wait, all on the two cores that the workers have."""
    command = [sys.executable, "-c", "while True: pass"]
    spinners = [subprocess.Popen(command) for _ in range(SPINNERS)]
    try:
        time.sleep(0.5)
        yield
        assert all(spinner.poll() is None for spinner in spinners)
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


@contextlib.contextmanager
def two_cores() -> Iterator[None]:
    """This process, and all that it starts meanwhile, on at most two cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:2])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def verdicts(sandbox: Sandbox, items: Sequence[tuple[Problem, str]]) -> list[Verdict]:
    """Of a pool of `WORKERS`, in order."""
    place = f"{type(sandbox).__module__}:{type(sandbox).__qualname__}"
    opener = Opener("code", {}, place, factory="pidistill_code.domain:CodeDomain")
    with VerifierPool(opener, workers=WORKERS) as pool:
        return pool.verify_all(items)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_loaded_machine_gives_the_verdicts_of_an_idle_one(sandbox: Sandbox, humaneval: list[Problem]) -> None:
    domain = CodeDomain()
    problems = humaneval[: PROGRAMS // 2]
    problems += domain.problems(DataSource("functions", limit=PROGRAMS - len(problems)))
    items = [(problem, str(domain.oracle(problem))) for problem in problems]
    with two_cores():
        idle = verdicts(sandbox, items)
        with busy_machine():
            loaded = verdicts(sandbox, items)
    assert [(v.status, v.score, v.reason) for v in loaded] == [(v.status, v.score, v.reason) for v in idle]
    assert {v.status for v in loaded} == {Status.PASS}
    assert len(loaded) == PROGRAMS
