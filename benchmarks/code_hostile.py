"""Programs made to trouble the verifier: mutants of references, and hostile answers to calls.

    python benchmarks/code_hostile.py DATA... [--sandbox process] [--mutants 2000] [--answers 500] [--seed 0]

A mutant has one operator or constant changed (`humaneval_mutants.mutants`). A hostile answer is a value that is large,
deep, made to collide, recursive or of a class that lies about itself, or bytes that the program writes past the code
that encodes its answers: random ones, true answers with bytes changed, lengths that promise too much. What counts is
that no verdict is ERROR and none takes longer than the limits allow, and that the worker stays small.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.humaneval_mutants import mutants
from pidistill.contracts import DataSource
from pidistill.plugins import get_manager
from pidistill.records import Problem, Status
from pidistill_code.domain import CodeDomain
from pidistill_code.verifier import CodeOptions, CodeVerifier
from pidistill_sandboxes.inside import wire

_ANSWERS_FD = 4
"""Where a program's answers go, which it can write to."""
_VALUES = (
    "[[] for _ in range({n} * 1000)]", "[set() for _ in range({n} * 1000)]", "10 ** ({n} * 1000)", "'x' * ({n} << 20)",
    "b'x' * ({n} << 18)", "{{k: {{}} for k in range({n} * 1000)}}", "[k * (2 ** 61 - 1) for k in range({n} * 100)]",
    "{{k * (2 ** 61 - 1) for k in range({n} * 100)}}", "{{k * (2 ** 61 - 1): 0 for k in range({n} * 100)}}",
    "functools.reduce(lambda a, _: [a], range({n} * 50), 0)", "functools.reduce(lambda a, _: (a, a), range({n}), 0)",
    "L", "type('X', (int,), {{'__eq__': lambda *a: True, '__hash__': None}})({n})",
    "type('X', (dict,), {{'items': lambda s: 1 / 0}})(a={n})", "range(10 ** {n})", "iter(int, 1)", "type",
    "collections.Counter({{k: k for k in range({n} * 1000)}})", "collections.deque([0] * {n} * 1000)",
    "float('nan')", "-0.0", "complex({n}, float('inf'))", "'\\ud800' * {n}", "decimal.Decimal('1e{n}0000')",
    "fractions.Fraction(10 ** {n}0, 3)", "type('int', (), {{'__module__': 'builtins'}})", "sys.modules", "lambda: {n}",
    "type('X', (str,), {{'__str__': lambda s: 1 / 0, '__getitem__': lambda s, i: s}})('a')", "[float('inf')] * {n}",
)  # fmt: skip
_PROGRAM = """
import collections, decimal, fractions, functools, os, sys
L = []
L.append(L)
def {name}(*args, **kwargs):
    {body}
"""


def bodies(count: int, rng: random.Random) -> Iterator[str]:
    """Bodies of functions that give hostile answers."""
    for number in range(count):
        if number % 2:
            yield f"return {rng.choice(_VALUES).format(n=rng.choice((1, 3, 10, 40)))}"
        else:
            yield f"os.write({_ANSWERS_FD}, {forged(rng)!r} * {rng.choice((1, 1, 2, 1000))})\n    return 0"


def forged(rng: random.Random) -> bytes:
    """Bytes that pose as an answer."""
    value: object = rng.choice(([1, 2], {"a": 0.5}, ("value", [[]] * 9, None), "text", {1, 2}, None, 10**30))
    data = bytearray(wire.encode(("value", value, None)))
    for _ in range(rng.randrange(4)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    size = len(data) if rng.random() < 0.6 else rng.choice((0, 1, len(data) + 1, 1 << 20, 1 << 31, 0xFFFFFFFF))
    if rng.random() < 0.2:
        data = bytearray(rng.randbytes(rng.randrange(200)))
    return size.to_bytes(4, "little") + bytes(data)


def changed(problems: Sequence[Problem], count: int, rng: random.Random) -> list[tuple[Problem, str]]:
    """So many mutants, of all problems."""
    found = []
    for problem in problems:
        try:
            found += [(problem, code) for _, code in mutants(str(problem.reference))]
        except (SyntaxError, OverflowError, RecursionError):
            continue
    return rng.sample(found, min(count, len(found)))


def judge(verifier: CodeVerifier, what: str, items: Sequence[tuple[Problem, str]]) -> None:
    """Judge them, and print what came of it."""
    counts: Counter[Status] = Counter()
    slowest, slow = 0.0, ""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    for problem, code in items:
        begun = time.perf_counter()
        status = verifier.verify(problem, f"```python\n{code}\n```").status
        taken = time.perf_counter() - begun
        counts[status] += 1
        if status is Status.ERROR:
            print(f"ERROR: {problem.id}\n{code}")
        if taken > slowest:
            slowest, slow = taken, problem.id
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    shown = ", ".join(f"{status} {counts[status]}" for status in Status if counts[status])
    print(f"{len(items)} {what}: {shown}; {time.perf_counter() - started:.0f} s, slowest {slowest:.1f} s ({slow}), "
          f"the worker's memory grew by {grown >> 10} MiB at most", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+", help="files of problems with references")
    parser.add_argument("--sandbox", default="process", help="a registered sandbox")
    parser.add_argument("--mutants", type=int, default=2000)
    parser.add_argument("--answers", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    problems = [problem for path in arguments.data for problem in CodeDomain().problems(DataSource(path=path))]
    verifier = CodeVerifier(CodeOptions(), get_manager().sandbox(arguments.sandbox))
    chosen = [rng.choice(problems) for _ in range(arguments.answers)]
    hostile = [
        (problem, _PROGRAM.format(name=problem.extra["entry_point"], body=body))
        for problem, body in zip(chosen, bodies(arguments.answers, rng), strict=True)
    ]
    judge(verifier, "hostile answers", hostile)
    judge(verifier, "mutants", changed(problems, arguments.mutants, rng))
    verifier.close()


if __name__ == "__main__":
    main()
