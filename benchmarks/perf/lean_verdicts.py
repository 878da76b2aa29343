"""Lean checks a second: a worker that stays up against one Lean process per proof, in the same run.

    python benchmarks/perf/lean_verdicts.py [--checks 2000] [--cold 11] [--out FILE]

Both sides are the same Lean in WebAssembly from the same installation; the cold side is even spared what makes a
verdict: it elaborates the proof and does not judge it. The proofs are the generated theorems' references, each another
one, as many false ones (the next theorem's proof) as true ones. Reported:

* start: from nothing to the first answer, median of `--starts`, with the processor time of one;
* statement: wall clock of reading a problem, which is done once for all that is submitted for it, and off its clock;
* warm: wall clock of a check after the first hundred, median and 99th percentile, true and false ones apart; and of a
  problem's first check together with the reading of its statement;
* cold: wall clock of a Lean process that elaborates one proof, median of `--cold`, each started in between two runs of
  warm checks; and how many of the checks around it would have been made meanwhile, median of as many;
* endurance: `--checks` checks with processes replaced after a third of them: memory at its most, and whether any
  verdict depends on where in the order it was asked, or on a restart;
* an endless proof: how long after its budget the answer is there, and that the next check is right;
* spare: what a restart costs, which is what keeping a spare process warm would hide, against its memory.

Other work on the machine slows both sides alike, and each pair is measured within seconds: compare the ratio, and look
at the load average.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pidistill_lean import setup
from pidistill_lean.protocol import Check, LeanDied, LeanTimeout, Theorem
from pidistill_lean.runtimes import program
from pidistill_lean.runtimes.wasm import WasmRuntime
from pidistill_lean.theorems import problems

BUDGET_S = 120.0
WARM_UP = 100
AROUND = 60
"""Checks before and behind a cold start that it is compared with."""
ENDLESS = (
    "class C (n : Nat) where\n  a : Nat\ninstance (n : Nat) [C (n + 1)] : C n := ⟨0⟩\nset_option maxHeartbeats 0 in\n"
    "set_option synthInstance.maxHeartbeats 0 in\nset_option synthInstance.maxSize 100000000 in\n"
    "theorem target : (2 : Nat) + 2 = 4 := by\n  have : C 0 := inferInstance\n  rfl"
)
FOUR = Theorem("theorem target : (2 : Nat) + 2 = 4 := by sorry", "target")
SOUND = "theorem target : (2 : Nat) + 2 = 4 := rfl"


def pairs(count: int) -> list[tuple[Theorem, str, bool]]:
    """(theorem, submission, whether it is its proof), `count` of them, in a fixed random order."""
    rows = list(problems("train", seed=7, limit=count // 2 + 1))
    found = []
    for row, other in itertools.pairwise(rows):
        theorem = Theorem(str(row.reference), str(row.extra["target"]))
        proof = str(other.solution).partition(":= by")[2]
        found.append((theorem, str(row.solution), True))
        found.append((theorem, str(row.reference).partition(":= by")[0] + ":= by" + proof, False))
    random.Random(0).shuffle(found)
    return found[:count]


def facts(found: Check) -> tuple[object, ...]:
    """All that a verdict is made of."""
    texts = tuple((message.severity, message.line, message.column) for message in found.messages)
    return (
        found.errors,
        found.target_kind,
        found.type_matches,
        found.axioms,
        found.changed,
        found.replay_error,
        found.refused,
        texts,
    )


def passes(found: Check) -> bool:
    """Whether it is a proof; the generated theorems' definitions are Lean's own."""
    sound = {"propext", "Classical.choice", "Quot.sound"}.issuperset(found.axioms)
    return (
        not found.errors and found.target_kind == "theorem" and found.type_matches and sound and not found.replay_error
    )


def clocked(work: Callable[[], object]) -> float:
    """Seconds of wall clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def children_s() -> float:
    """Processor time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start_seconds() -> tuple[float, float]:
    """Wall clock from nothing to the first answer, and the processor time of the whole process until its end."""
    before = children_s()
    with WasmRuntime() as lean:
        wall = clocked(lean.start)
    return wall, children_s() - before


def cold_seconds(texts: list[str]) -> list[float]:
    """Wall clock of a Lean process for each text, start included. Raises where Lean does not accept one."""
    installation, node = setup.installed(), setup.find_node()
    assert installation is not None and node is not None
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "Proof.lean"
        for text in texts:
            file.write_text(text, encoding="utf-8")
            command = program.command(node, installation, Path(folder), "/program/Proof.lean", plain=True)
            began = time.perf_counter()
            done = subprocess.run(command, capture_output=True, env=program.environment(), timeout=600)
            seconds.append(time.perf_counter() - began)
            if b"hasErrors = false" not in done.stdout + done.stderr:
                raise SystemExit(f"a reference proof does not elaborate: {text}")
    return seconds


def quantiles(seconds: list[float]) -> dict[str, float]:
    """Median and 99th percentile, in ms."""
    ordered = sorted(seconds)
    return {"median_ms": 1000 * statistics.median(ordered), "p99_ms": 1000 * ordered[int(0.99 * (len(ordered) - 1))]}


def endurance(count: int, cold: list[str]) -> dict[str, object]:
    """`count` checks in one order and a sample of them again in another, over at least three processes.

    In between, at even distances, a Lean process for each of the texts in `cold`.
    """
    work = pairs(count)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    statements: list[float] = []
    first: list[float] = []
    wrong: list[str] = []
    given: list[tuple[object, ...]] = []
    seen: set[Theorem] = set()
    took: list[float] = []
    most = held = 0
    spent_alone = 0.0
    alone: dict[int, float] = {}
    stops = [WARM_UP + (2 * i + 1) * (count - WARM_UP) // (2 * len(cold)) for i in range(len(cold))]
    before = children_s()
    with WasmRuntime(checks_per_process=max(400, count)) as lean:
        lean.start()
        began = time.perf_counter()
        for number, (theorem, text, true) in enumerate(work):
            if number in stops:
                spent = children_s()
                alone[number] = cold_seconds([cold[stops.index(number)]])[0]
                spent_alone += children_s() - spent
            read = clocked(functools.partial(lean.item, theorem))
            found = lean.check(theorem, text, BUDGET_S)
            given.append(facts(found))
            most = max(most, lean.memory_bytes)
            took.append(found.seconds)
            if number >= WARM_UP:
                seconds[true].append(found.seconds)
                if theorem not in seen:
                    statements.append(read)
                    first.append(read + found.seconds)
            seen.add(theorem)
            if passes(found) and not true:
                held += 1  # another theorem's proof happens to prove this one, too
            elif true and not passes(found):
                wrong.append(text)
        wall = time.perf_counter() - began - sum(alone.values())
        starts = lean.starts
        again = random.Random(1).sample(range(count), min(count, 300))
        differ = sum(facts(lean.check(work[i][0], work[i][1], BUDGET_S)) != given[i] for i in again)
    processor = children_s() - before - spent_alone
    around = {at: statistics.median(took[max(WARM_UP, at - AROUND) : at + AROUND]) for at in alone}
    every = seconds[True] + seconds[False]
    return {
        "checks": count,
        "processes": starts,
        "checks_per_second_with_restarts": count / wall,
        "processor_ms_a_check_with_restarts": 1000 * processor / (count + len(again)),
        "most_memory_mib": most >> 20,
        "references_refused": len(wrong),
        "false_proofs_that_hold": held,
        "asked_again_in_another_order": len(again),
        "differ": differ,
        "cold_s": statistics.median(alone.values()),
        "checks_in_a_cold_start": statistics.median(seconds / around[at] for at, seconds in alone.items()),
        "statement": quantiles(statements),
        "first_with_statement": quantiles(first),
        "all": quantiles(every),
        "true": quantiles(seconds[True]),
        "false": quantiles(seconds[False]),
    }


def overrun(budget_s: float) -> dict[str, object]:
    """An endless proof within its budget, and the check after it."""
    with WasmRuntime() as lean:
        lean.start()
        began = time.perf_counter()
        try:
            lean.check(FOUR, ENDLESS, budget_s)
            ended = "an answer"
        except (LeanTimeout, LeanDied) as error:
            ended = type(error).__name__
        over = time.perf_counter() - began - budget_s
        restart = clocked(lean.start)
        return {
            "ended_with": ended,
            "late_ms": 1000 * over,
            "restart_s": restart,
            "next_check_right": passes(lean.check(FOUR, SOUND, BUDGET_S)),
            "process_mib": lean.memory_bytes >> 20,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=2000)
    parser.add_argument("--cold", type=int, default=11)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    starts = [start_seconds() for _ in range(arguments.starts)]
    references = [text for _, text, true in pairs(4 * arguments.cold) if true][: arguments.cold]
    warm = endurance(arguments.checks, references)
    report = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "start_s": statistics.median(wall for wall, _ in starts),
        "start_processor_s": statistics.median(used for _, used in starts),
        "warm": warm,
        "endless": overrun(3.0),
    }
    text = json.dumps(report, indent=2)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
