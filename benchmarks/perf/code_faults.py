"""Page faults of a code verdict, of which each is a page that is copied: where the kernel's part of its time goes.

    python benchmarks/perf/code_faults.py --data HumanEval.jsonl.gz [--passes 3]

Runs HumanEval's reference solutions with the arguments of their asserts in one session of the process sandbox, and
says, as means over them, the minor faults and the processor time of a program's process before it has its source, while
that loads, and in its calls; then the faults and the processor time of the server for a whole program. A program counts
its own, so what comes after its last call, its end, is not in the figures.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Iterator
from pathlib import Path

from pidistill.contracts import DataSource
from pidistill.records import Problem
from pidistill.sandbox import Call, Limits
from pidistill_code.domain import CodeDomain
from pidistill_code.suites.expressions import CandidateCall
from pidistill_code.suites.suite import AssertTest, as_call, read_suite
from pidistill_sandboxes.process import ProcessSandbox

BEFORE = """import resource as _resource, time as _time
_counted = [(_resource.getrusage(_resource.RUSAGE_SELF).ru_minflt, _time.thread_time_ns())]
"""
AFTER = """
def _count():
    _counted.append((_resource.getrusage(_resource.RUSAGE_SELF).ru_minflt, _time.thread_time_ns()))
    return _counted
"""
_MOST_CALLS = 12


def calls_of(problem: Problem) -> Iterator[Call]:
    """The calls that a problem's asserts make."""
    found: list[CandidateCall] = []

    def note(call: CandidateCall) -> object:
        found.append(call)
        raise LookupError

    suite = read_suite(problem)
    for test in suite.tests:
        if isinstance(test, AssertTest):
            try:
                test.term(note)
            except LookupError:
                continue
    for call in found[:_MOST_CALLS]:
        yield as_call(suite.entry_point, call)


def descendants(pid: int) -> Iterator[int]:
    """Processes below `pid`, those nearest to it first."""
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        yield child
        yield from descendants(child)


def of_process(pid: int) -> tuple[int, float]:
    """Minor faults and processor time in milliseconds, so far."""
    faults = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[7])
    return faults, int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="HumanEval.jsonl.gz")
    parser.add_argument("--passes", type=int, default=3)
    given = parser.parse_args()
    programs = []
    for problem in CodeDomain().problems(DataSource(path=given.data)):
        source = f"{BEFORE}{problem.reference}{AFTER}"
        programs.append((source, [Call("_count", ()), *calls_of(problem), Call("_count", ())]))
    rows: list[list[float]] = []
    with ProcessSandbox().open() as session:
        for source, calls in programs:  # what comes first is warmed up
            session.run(source, calls, Limits())
        server = list(descendants(os.getpid()))[1]
        before = of_process(server)
        for _ in range(given.passes):
            for source, calls in programs:
                answers = session.run(source, calls, Limits()).answers
                if len(answers) == len(calls) and isinstance(told := answers[-1].value, list):
                    (a, b), (c, d), (e, f) = told
                    rows.append([a, b / 1e3, c - a, (d - b) / 1e3, e - c, (f - d) / 1e3])
        after = of_process(server)
    means = [statistics.fmean(column) for column in zip(*rows, strict=True)]
    print(f"{len(rows)} programs")
    for name, faults, spent in zip(
        ("before the source", "loading it", "its calls"), means[::2], means[1::2], strict=True
    ):
        print(f"{name:<18}{faults:6.0f} faults {spent:7.0f} us")
    count = given.passes * len(programs)
    print(
        f"{'the server':<18}{(after[0] - before[0]) / count:6.0f} faults {(after[1] - before[1]) / count * 1e3:7.0f} us"
    )


if __name__ == "__main__":
    main()
