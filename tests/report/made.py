"""A store as suites leave it, with as many rollouts as one likes, made without a model: for tests of the page.

Its texts are as bad as texts get: markup, control characters, marks that turn text round, lone surrogates, words
without an end.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pidistill.records import PI, Example, Message, Problem, Reveals, Rollout, Sampling, Status, Verdict, content_hash
from pidistill.stats.data import CellScores, Training, cell_scores
from pidistill.store.store import Store
from pidistill.store.uses import Use
from pidistill.verify.key import verdict_key

VERIFIER = "toy@1+0123456789abcdef"
HOSTILE = (
    "</script><script>document.title='taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    "nul \x00 bell \x07 turned \u202e round \u2066 lone \ud800 surrogate",
    "x" * 600,
    "<!-- --> ]]> &amp; {{ 7 * 7 }} {% raw %}",
)
ARMS = ("retry", "rejection-with-a-name-of-many-parts")


@dataclass
class Made:
    """What is in the store."""

    root: Path
    cells: list[tuple[str, CellScores]]
    summaries: list[dict[str, Any]]
    rollouts: int


def make(
    root: Path, *, problems: int, train: int, seeds: int = 3, length: int = 160, arms: Sequence[str] = ARMS
) -> Made:
    """`problems` are held out, measured before and after; of `train` others every failure is retried with PI."""
    with Store(root) as store:
        return _World(store, random.Random(7), length).run(problems, train, seeds, arms)


class _World:
    def __init__(self, store: Store, rng: random.Random, length: int) -> None:
        self.store, self.rng, self.length, self.made = store, rng, length, 0
        self.words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(4_000)]

    def run(self, count: int, train: int, seeds: int, arms: Sequence[str]) -> Made:
        held_out, to_train = self.problems("test", count), self.problems("train", train)
        cells, summaries = list[tuple[str, CellScores]](), list[dict[str, Any]]()
        before = self.attempts(held_out, "base", 0.4, "cell-0")
        for seed in range(seeds):
            first = self.attempts(to_train, f"first {seed}", 0.4, f"{arms[0]}-s{seed}")
            for arm in arms:
                name = f"{arm}-s{seed}"
                self.use(name, "", 0, "problems, held out", "problem", [p.hash for p in held_out])
                self.use(name, "", 0, "evaluate before", "rollout", [r.id for r, _ in before], judged=True)
                self.use(name, "train", 1, "first attempts", "rollout", [r.id for r, _ in first], judged=True)
                if arm == arms[0]:
                    self.retries(name, first, to_train)
                after = self.attempts(held_out, f"{name} after", 0.6, name)
                self.use(name, "train", 0, "evaluate after", "rollout", [r.id for r, _ in after], judged=True)
                self.store.write_provenance(name, {"verifier": VERIFIER, "model": "tiny"})
                self.checkpoint(name)
                scores = cell_scores(held_out, before, after, recipe=arm, domain="toy", model="tiny", seed=seed,
                                     training=Training(examples=len(first)))  # fmt: skip
                cells.append((name, scores))
                summaries.append({"scores": scores.to_json(), "provenance": {"verifier": VERIFIER},
                                  "cell": {"config": {"verify": {"budget_s": 10.0}}},
                                  "outside": {"code": {"toy": "0123"}}})  # fmt: skip
        return Made(self.store.root, cells, summaries, self.made)

    def text(self, words: int) -> str:
        return " ".join(self.rng.choices(self.words, k=words))

    def problems(self, split: str, count: int) -> list[Problem]:
        made = [
            Problem(
                f"toy/{split}-{n:05}", "toy", f"How much is {n} and {self.text(12)}?", str(n), None, 1 + n % 5, split
            )
            for n in range(count)
        ]
        self.store.problems.put([(p.hash, p) for p in made], "cell-0")
        return made

    def attempts(
        self, problems: Sequence[Problem], draw: str, share: float, cell: str
    ) -> list[tuple[Rollout, Verdict]]:
        found = []
        for number, problem in enumerate(problems):
            passed = self.rng.random() < share
            bad = HOSTILE[number % len(HOSTILE)] if number < 40 else ""
            found.append(self.attempt(problem, draw, f"{bad}{self.text(self.length)}", passed, bad))
        self.keep(found, cell)
        return found

    def attempt(
        self, problem: Problem, draw: str, text: str, passed: bool, bad: str, **more: Any
    ) -> tuple[Rollout, Verdict]:
        messages = more.pop("messages", (Message("user", problem.prompt),))
        key = content_hash(problem.hash, draw, more.get("attempt", 0))
        rollout = Rollout(key, problem.id, messages, text, tuple(range(self.length)), (), 20, Sampling(0.7, seed=2**62),
                          "tiny", "fake", problem_hash=problem.hash, **more)  # fmt: skip
        status = Status.PASS if passed else Status.NO_ANSWER if self.rng.random() < 0.2 else Status.FAIL
        said = Verdict(status, float(passed), f"answer {bad}", f"reason {bad}", f"diagnostics {bad}" if bad else "",
                       0.01, VERIFIER)  # fmt: skip
        return rollout, said

    def keep(self, found: Sequence[tuple[Rollout, Verdict]], cell: str) -> None:
        self.made += len(found)
        self.store.rollouts.put([(r.id, r) for r, _ in found], cell)
        judged = []
        for rollout, verdict in found:
            problem = self.store.problems.get(rollout.problem_hash)
            assert problem is not None
            judged.append((verdict_key(problem, rollout.completion, VERIFIER), verdict))
        self.store.verdicts.put(judged, cell)

    def retries(self, name: str, first: Sequence[tuple[Rollout, Verdict]], problems: Sequence[Problem]) -> None:
        """A retry of each failure, with PI, and an example of each retry that passes."""
        found, examples = [], []
        for (rollout, verdict), problem in zip(first, problems, strict=True):
            if verdict.passed:
                continue
            pi = PI("gold", f"The answer is {problem.reference}. {HOSTILE[0]}", Reveals.ANSWER, about=rollout.id)
            self.store.pi.put([(pi.digest(), pi)], name)
            messages = (
                Message("user", problem.prompt),
                Message("assistant", rollout.completion),
                Message("user", pi.text),
            )
            made = self.attempt(problem, rollout.id, self.text(self.length), self.rng.random() < 0.5, "", attempt=1,
                                parent_id=rollout.id, pi_ids=(pi.digest(),), messages=messages)  # fmt: skip
            found.append(made)
            if made[1].passed:
                examples.append(Example(problem.id, messages[:1], made[0].completion, (1, 2), rollout_id=made[0].id))
        self.keep(found, name)
        self.use(name, "train", 1, "retry 1", "rollout", [r.id for r, _ in found], judged=True)
        self.store.examples.put([(e.digest(), e) for e in examples], name)
        self.use(name, "train", 1, "examples", "example", [e.digest() for e in examples])

    def use(
        self, cell: str, stage: str, turn: int, arrow: str, kind: Any, keys: list[str], judged: bool = False
    ) -> None:
        self.store.note_use(cell, Use(stage, turn, arrow, kind, tuple(keys)))
        if judged:
            self.store.note_use(cell, Use(stage, turn, arrow, "verdict", tuple(keys)))

    def checkpoint(self, cell: str) -> None:
        """A log of training, as objectives leave it."""

        def train(folder: Path) -> dict[str, Any]:
            lines = [json.dumps({"step": step, "loss": 1 / step + self.rng.random() / 10}) for step in range(1, 400)]
            (folder / "metrics.jsonl").write_text("\n".join(lines))
            return {"steps": 399, "tokens_trained": 1, "tokens_processed": 1, "metrics": {"excluded_long": 3.0}}

        key = content_hash("checkpoint", cell)
        self.store.checkpoint(key, train, cell)
        self.use(cell, "train", 1, "train", "checkpoint", [key])
