"""Generated theorems of Lean's core library: the data set `theorems`, behind the embedded default.

Levels 1 to 5: one step; one fact on the way; two; an induction; an induction whose statement has to be found. Each
problem has a reference proof in tactic mode; from level 2 on, its `have`s are the steps that need an idea. A theorem
belongs to one split by construction: the split is a hash of its statement with the variables renamed in order, whatever
the seeds. The embedded model learns from `pretrain` only; recipes train on `train` and are judged on `test`; settings
are chosen on `valid`.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pidistill.contracts import DataSource, Embedded
from pidistill.errors import DataError, did_you_mean
from pidistill.records import Problem
from pidistill_lean.theorem_inductions import INDUCTION, INVENTION
from pidistill_lean.theorem_tasks import NAME, ONE_FACT, ONE_STEP, TWO_FACTS, Kind, Task

SOURCE: Final = "theorems@1"
LEVELS: Final[Mapping[int, tuple[Kind, ...]]] = {1: ONE_STEP, 2: ONE_FACT, 3: TWO_FACTS, 4: INDUCTION, 5: INVENTION}
"""Level -> its kinds, drawn evenly."""
SPLITS: Final = {"pretrain": 10_000, "train": 2_500, "valid": 500, "test": 1_000}
"""Split -> how many problems a seed gives, at most."""
_SHARES: Final = (("pretrain", 66), ("train", 18), ("valid", 4), ("test", 12))
"""Per cent of all possible theorems in each split."""
MAX_TOKENS: Final = 160
"""Of a completion of the embedded model; the longest reference proof takes about half of it."""
_MODEL: Final = Path(__file__).parent / "embedded"


def problems(split: str, seed: int = 0, limit: int | None = None) -> Iterator[Problem]:
    """The first `limit` problems of `split`, all different, levels 1 to 5 in turn.

    A seed says which problems these are; `limit=None` gives as many as `SPLITS` says. Raises `DataError` for an unknown
    split or a larger limit.
    """
    for index, (level, task) in enumerate(tasks(split, seed, limit)):
        yield problem(task, level, split, f"{split}-{seed}-{index:05d}")


def tasks(split: str, seed: int = 0, limit: int | None = None) -> Iterator[tuple[int, Task]]:
    """(level, task) behind each of `problems`. Raises as it does."""
    if split not in SPLITS:
        near = did_you_mean(split, SPLITS)
        raise DataError(f"{SOURCE} has no split {split!r}.{near}", f"Splits: {', '.join(SPLITS)}")
    count = SPLITS[split] if limit is None else limit
    if count > SPLITS[split]:
        raise DataError(
            f"{SOURCE}: split {split!r} has at most {SPLITS[split]} problems a seed, {count} were asked for."
        )
    rng = random.Random(f"{SOURCE} {split} {seed}")
    seen: set[str] = set()
    for index in range(count):
        level = 1 + index % len(LEVELS)
        while True:
            task = draw(level, rng)
            if split_of(task) == split and task.key not in seen:
                break
        seen.add(task.key)
        yield level, task


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
    point = int.from_bytes(hashlib.blake2b(task.key.encode(), digest_size=8).digest(), "big") % 100
    for split, share in _SHARES:
        if point < share:
            return split
        point -= share
    raise AssertionError("the shares add up to 100")


def embedded() -> Embedded | None:
    """The model that ships with this package and the problems it is judged on by default; None while there is none.

    Its builder looked at `test` problems of seed 0 while it was made, so the default is judged on others.
    """
    if not (_MODEL / "config.json").is_file():
        return None
    return Embedded(
        model=_MODEL,
        train=DataSource(dataset="theorems", split="train", limit=250),
        evaluate=DataSource(dataset="theorems", split="test", limit=200, seed=1),
        max_tokens=MAX_TOKENS,
        demo=Path(__file__).parent / "demo.toml",
    )
