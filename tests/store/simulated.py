"""A stand-in for the loop: cells that use a store as the loop does, with records that follow from their keys.

What a run leaves (`Result`) depends on nothing but its settings, so a test can damage, fill or kill and ask whether the
same run comes to the same result afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pidistill.records import (
    JSON,
    PI,
    Example,
    Message,
    Problem,
    Reveals,
    Rollout,
    Sampling,
    Status,
    Verdict,
    content_hash,
)
from pidistill.store.ledger import LedgerRow, ledger
from pidistill.store.store import Store
from pidistill.store.uses import Use

CELLS = ("retry-s0", "retry-s1", "rejection-s0")
PROBLEMS = tuple(Problem(f"p{n}", "math", f"What is {n}+{n}?", str(2 * n)) for n in range(6))


@dataclass(frozen=True)
class Result:
    """What a person sees of a run."""

    table: Mapping[str, Mapping[str, JSON] | None]
    ledger: Sequence[LedgerRow]


def rollout(key: str, problem: Problem, tokens: int = 40) -> Rollout:
    """The completion that `key` is the key of."""
    rng = random.Random(key)
    return Rollout(
        key, problem.id, (Message("user", problem.prompt),), f"It is {rng.randrange(20)}. {key * 3}",
        tuple(rng.randrange(50_000) for _ in range(tokens)), tuple(-rng.random() for _ in range(tokens)), 9, Sampling(),
        "revision", "engine",
    )  # fmt: skip


def verdict(key: str, made: Rollout, budget_s: float) -> Verdict:
    """What a verifier says that needs two seconds for every third completion."""
    slow = int(key, 16) % 3 == 0
    if slow and budget_s < 2:
        return Verdict(Status.TIMEOUT, seconds=budget_s)
    passed = int(key, 16) % 2 == 0
    return Verdict(Status.PASS if passed else Status.FAIL, float(passed), made.completion[:9], seconds=2 if slow else 0)


def reusable(found: Verdict, budget_s: float) -> bool:
    return found.seconds >= budget_s if found.status is Status.TIMEOUT else found.seconds <= budget_s


def run(
    store: Store, *, budget_s: float = 5, samples: int = 2, on_make: Callable[[str], None] = lambda key: None
) -> Result:
    """Run, or resume, all cells of a comparison. `on_make` hears of each rollout and verdict that is made."""
    for cell in CELLS:
        if store.summary(cell) is None:
            run_cell(store, cell, budget_s, samples, on_make)
    return Result({cell: store.summary(cell) for cell in CELLS}, ledger(store, CELLS))


def run_cell(store: Store, cell: str, budget_s: float, samples: int, on_make: Callable[[str], None]) -> None:
    recipe, _, seed = cell.rpartition("-")
    with store.cell(cell, {"recipe": recipe, "seed": seed}):
        if store.provenance(cell) is None:
            store.write_provenance(cell, {"model": "revision", "verifier": "v1"})
        known = {problem.hash for problem in PROBLEMS if problem.hash in store.problems}
        store.problems.put([(p.hash, p) for p in PROBLEMS if p.hash not in known], cell)
        store.note_use(cell, Use("train", 1, "take", "problem", tuple(p.hash for p in PROBLEMS)))
        passed = attempt(store, cell, "first attempts", [seed], budget_s, samples, on_make)
        if recipe == "retry":
            pi = [
                (content_hash("pi", p.id, seed), PI("gold", f"It is {p.reference}.", Reveals.ANSWER)) for p in PROBLEMS
            ]
            store.pi.put([(key, record) for key, record in pi if key not in store.pi], cell)
            store.note_use(cell, Use("train", 1, "hint", "pi", tuple(key for key, _ in pi)))
            passed += attempt(store, cell, "retry 1", [seed, "again"], budget_s, samples, on_make)
        examples = [
            (content_hash("example", r.id), Example(r.problem_id, r.messages, r.completion, r.token_ids))
            for r in passed
        ]
        store.examples.put([(key, record) for key, record in examples if key not in store.examples], cell)
        store.note_use(cell, Use("train", 1, "construct", "example", tuple(key for key, _ in examples)))
        key = content_hash("train", [key for key, _ in examples])
        folder = store.checkpoint(key, lambda folder: write_weights(folder, key, len(examples)), cell)
        store.note_use(cell, Use("train", 1, "train", "checkpoint", (key,)))
        weights = (folder / "adapter.bin").read_bytes()
        assert weights == random.Random(key).randbytes(3000)
        store.write_summary(cell, {"passed": [r.id for r in passed], "weights": content_hash(weights.hex())})


def attempt(
    store: Store, cell: str, arrow: str, draw: list[JSON], budget_s: float, samples: int, on_make: Callable[[str], None]
) -> list[Rollout]:
    """Sample and judge; returns what passed."""
    asks = {content_hash("rollout", p.id, draw, n): p for p in PROBLEMS for n in range(samples)}

    def sample(keys: list[str]) -> Iterator[Mapping[str, Rollout]]:
        for start in range(0, len(keys), 4):
            for key in keys[start : start + 4]:
                on_make(key)
            yield {key: rollout(key, asks[key]) for key in keys[start : start + 4]}

    made = store.shared(store.rollouts, asks, sample, cell)
    store.note_use(cell, Use("train", 1, arrow, "rollout", tuple(asks)))
    judged = {content_hash("verdict", key): key for key in asks}

    def judge(keys: list[str]) -> Iterator[Mapping[str, Verdict]]:
        for key in keys:
            on_make(key)
            yield {key: verdict(key, made[judged[key]], budget_s)}

    verdicts = store.shared(store.verdicts, judged, judge, cell, usable=lambda found: reusable(found, budget_s))
    store.note_use(cell, Use("train", 1, f"verify {arrow}", "verdict", tuple(judged)))
    return [made[judged[key]] for key, found in verdicts.items() if found.passed]


def write_weights(folder: Path, key: str, examples: int) -> Mapping[str, JSON]:
    (folder / "adapter.bin").write_bytes(random.Random(key).randbytes(3000))
    (folder / "state").mkdir()
    (folder / "state" / "optimizer.json").write_text('{"step": 7}')
    return {"revision": key, "adapter": True, "tokens_trained": 10 * examples, "tokens_processed": 99 * examples}
