"""Generated theorems of Lean's core library: the data set `theorems`, behind the embedded default.

Levels 1 to 5: one step; one fact on the way; two; an induction; an induction whose statement has to be found. Each
problem has a reference proof in tactic mode; from level 2 on, its `have`s are the steps that need an idea. A theorem
belongs to one split by construction: the split is a hash of its statement with the variables renamed in order, whatever
the seeds. The embedded model learns from `pretrain` only; recipes train on `train` and are judged on `test`; settings
are chosen on `valid`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Final

from pidistill.authoring.generated import Drawn, Generated, Split
from pidistill.records import Problem
from pidistill_lean.theorem_inductions import INDUCTION, INVENTION
from pidistill_lean.theorem_tasks import NAME, ONE_FACT, ONE_STEP, TWO_FACTS, Kind, Task

SOURCE: Final = "theorems@1"
LEVELS: Final[Mapping[int, tuple[Kind, ...]]] = {1: ONE_STEP, 2: ONE_FACT, 3: TWO_FACTS, 4: INDUCTION, 5: INVENTION}
"""Level -> its kinds, drawn evenly."""
SPLITS: Final = {
    "pretrain": Split(10_000, 66), "train": Split(2_500, 18), "valid": Split(500, 4), "test": Split(1_000, 12),
}  # fmt: skip
MAX_TOKENS: Final = 160
"""Of a completion of the embedded model; the longest reference proof takes about half of it."""


def problems(split: str, seed: int = 0, limit: int | None = None) -> Iterator[Problem]:
    """The first `limit` problems of `split`, all different, levels 1 to 5 in turn. Raises as `Generated.drawn` does."""
    for one in tasks(split, seed, limit):
        yield problem(one.task, one.level, split, one.name)


def tasks(split: str, seed: int = 0, limit: int | None = None) -> Iterator[Drawn[Task]]:
    """What is behind each of `problems`."""
    return THEOREMS.drawn(split, seed, limit)


def draw(level: int, rng: random.Random) -> Task:
    """A random task of `level`, of any split."""
    return rng.choice(LEVELS[level])(rng)


def problem(task: Task, level: int, split: str, name: str) -> Problem:
    """The record of one task."""
    return Problem(
        id=f"theorems/{name}",
        domain="lean",
        prompt=task.statement,
        reference=task.statement,
        solution=task.solution,
        level=level,
        split=split,
        source=SOURCE,
        extra={"target": NAME, "header": ""},
    )


def split_of(task: Task) -> str:
    """The split that a task belongs to, for ever."""
    return THEOREMS.split_of(task)


THEOREMS: Final = Generated(SOURCE, SPLITS, tuple(LEVELS), draw, key=lambda task: task.key)
