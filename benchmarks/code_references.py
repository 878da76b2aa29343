"""Every reference of a data set through the code verifier, at any load: what does not pass, and what each was charged.

    python benchmarks/code_references.py DATA... [--sandbox process] [--load 8] [--limit 1000] [--out FILE]
    python benchmarks/code_references.py DATA... --gate [--inputs FILE]

DATA are files that the code domain reads (HumanEval, MBPP, sanitized MBPP). `--load N` has N processes spin on the
first two processors, where the verifier and its sandbox are then, too. What is listed is the processor time that each
program was charged, which a busy machine should not change. `--gate` submits a wrong program to each problem, so that
its tests are looked at with the reference and the stubs, lists the problems that are not judged by them, and says what
the look costs: when a problem is first seen, and once it is known. `--inputs` are more inputs, as the verifier's
option `extra_inputs` has them; `--own-inputs` makes such a file of the tests' own arguments.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pidistill.contracts import DataSource
from pidistill.plugins import get_manager
from pidistill.records import Problem, Status
from pidistill_code.domain import CodeDomain
from pidistill_code.judging import gate
from pidistill_code.judging.judge import Run
from pidistill_code.suites.suite import AssertTest, Suite, read_suite
from pidistill_code.verifier import CodeOptions, CodeVerifier

_ROUNDS = 5


class Noting(CodeVerifier):
    """The verifier, which notes what a program was charged and how long looks at tests took."""

    charged_s = 0.0
    looks_s = 0.0

    def _run(self, *given: Any) -> Run:
        run = super()._run(*given)
        self.charged_s = run.outcome.seconds
        return run

    def _look(self, problem: Problem, suite: Suite, code: str) -> gate.Look:
        started = time.perf_counter()
        found = super()._look(problem, suite, code)
        self.looks_s += time.perf_counter() - started
        return found


@contextlib.contextmanager
def busy(spinners: int) -> Iterator[None]:
    """So many processes that never wait, on the first two processors; this one and its children are there, too."""
    if not spinners:
        yield
        return
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(spinners)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def own_inputs(problems: Sequence[Problem], path: Path) -> None:
    """The arguments of each problem's asserts as a file of inputs."""
    with path.open("w", encoding="utf-8") as file:
        for problem in problems:
            tests = [test for test in read_suite(problem).tests if isinstance(test, AssertTest)]
            inputs = [list(call.args) for test in tests for call in test.calls or () if call.in_place is None]
            with contextlib.suppress(TypeError):  # a set, say, has no JSON
                file.write(json.dumps({"task_id": problem.id, "inputs": inputs}) + "\n")


def references(verifier: Noting, problems: Sequence[Problem]) -> tuple[Counter[Status], dict[str, float], list[str]]:
    """Statuses, processor seconds of each program, and a line for each that does not pass."""
    counts: Counter[Status] = Counter()
    charged: dict[str, float] = {}
    failed = []
    for problem in problems:
        verdict = verifier.verify(problem, str(problem.reference))
        counts[verdict.status] += 1
        charged[problem.id] = verifier.charged_s
        if not verdict.passed:
            failed.append(f"{problem.id}: {verdict.status} ({verdict.reason})")
    return counts, charged, failed


def look_at_gate(verifier: Noting, problems: Sequence[Problem]) -> None:
    """Print the problems whose tests cannot judge, and what looking costs."""
    refused = []
    for problem in problems:
        wrong = f"def {problem.extra['entry_point']}(*_):\n    return object()\n"
        verdict = verifier.verify(problem, wrong)
        if verdict.status is Status.ABSTAIN:
            refused.append(f"{problem.id}: {verdict.reason}")
    anew_s, verifier.looks_s = verifier.looks_s, 0.0
    print(f"{len(problems)} problems, {len(refused)} refused:", *refused, sep="\n  ")
    print(f"the look when a problem is first seen: {1e3 * anew_s / len(problems):.1f} ms")
    some = problems[:200]  # which the verifier remembers
    for problem in some:
        verifier.verify(problem, f"def {problem.extra['entry_point']}(*_):\n    return None\n")
    verifier.looks_s, started = 0.0, time.perf_counter()
    for _ in range(_ROUNDS):
        for problem in some:
            verifier.verify(problem, str(problem.reference))
    all_s = time.perf_counter() - started
    share = verifier.looks_s / all_s
    print(f"once known: {1e6 * verifier.looks_s / (_ROUNDS * len(some)):.1f} us a verdict, {share:.2%} of its time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+", help="files of problems with references")
    parser.add_argument("--sandbox", default="process", help="a registered sandbox")
    parser.add_argument("--load", type=int, default=0, help="processes that spin beside")
    parser.add_argument("--limit", type=int, help="so many programs, of all files together")
    parser.add_argument("--gate", action="store_true", help="look at the tests in place of the references")
    parser.add_argument("--inputs", default="", help="a file of more inputs")
    parser.add_argument("--own-inputs", action="store_true", help="take the tests' own arguments as more inputs")
    parser.add_argument("--out", type=Path, help="write what each was charged here")
    arguments = parser.parse_args()
    problems = [problem for path in arguments.data for problem in CodeDomain().problems(DataSource(path=path))]
    problems = problems[: arguments.limit]
    with tempfile.TemporaryDirectory() as folder:
        if arguments.own_inputs:
            arguments.inputs = os.path.join(folder, "inputs.jsonl")
            own_inputs(problems, Path(arguments.inputs))
        options = CodeOptions(extra_inputs=arguments.inputs)
        verifier = Noting(options, get_manager().sandbox(arguments.sandbox))
    if arguments.gate:
        look_at_gate(verifier, problems)
        verifier.close()
        return
    with busy(arguments.load):
        started = time.perf_counter()
        counts, charged, failed = references(verifier, problems)
        seconds = time.perf_counter() - started
    verifier.close()
    times = sorted(charged.values())
    shown = ", ".join(f"{status} {counts[status]}" for status in Status if counts[status])
    lines = [
        f"{len(problems)} references, sandbox {arguments.sandbox}, {arguments.load} processes spin beside: {shown}.",
        f"Load average at the end {os.getloadavg()[0]:.1f}; {seconds:.0f} s in all; charged {sum(times):.2f} s, median "
        f"{1e3 * statistics.median(times):.1f} ms, most {times[-1]:.2f} s.",
        *failed,
    ]
    print("\n".join(lines))
    if arguments.out:
        names = " ".join(path.name for path in arguments.data)
        head = [*lines, f"Made by: python benchmarks/code_references.py {names} --sandbox {arguments.sandbox} "
                f"--load {arguments.load}" + (f" --limit {arguments.limit}" if arguments.limit else "")]  # fmt: skip
        each = [f"{name} {1e3 * second:.1f}" for name, second in charged.items()]
        told = [*(f"# {line}" for line in head), "# Milliseconds of processor time that each was charged:", *each]
        arguments.out.write_text("\n".join(told) + "\n", "utf-8")


if __name__ == "__main__":
    main()
