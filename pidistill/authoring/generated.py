"""Generated problems, the same ones on every machine, in splits that never overlap.

A task is anything that a domain's generator draws. It belongs to one split by construction: the split is a hash of the
task's key, whatever the seeds. So what a model learned from one split it has never seen in another.

TASKS = Generated("sums@1", {"train": Split(2000, 80), "test": Split(500, 20)}, levels=(1, 2), draw=draw, key=str)

def problems(split, seed=0, limit=None):
    for one in TASKS.drawn(split, seed, limit):
        yield Problem(f"sums/{one.name}", ...)
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from pidistill.errors import DataError, did_you_mean

T = TypeVar("T")


class Split(NamedTuple):
    """A part of all possible tasks."""

    most: int
    """How many problems a seed gives, at most, and where no limit is named."""
    share: int
    """Per cent of all possible tasks. The shares of all splits add up to 100."""


@dataclass(frozen=True)
class Drawn(Generic[T]):
    """A task that was drawn."""

    task: T
    level: int
    name: str
    """Unique within the data set: split, seed and number."""
    rng: random.Random
    """The generator that drew it, for what else is random about the problem. Use it before the next task is drawn."""


@dataclass(frozen=True)
class Generated(Generic[T]):
    """Draws tasks by split and level. Raises `ValueError` where the shares do not add up."""

    source: str
    """Name and version, as `Problem.source`: another version may draw other tasks."""
    splits: Mapping[str, Split]
    levels: Sequence[int]
    draw: Callable[[int, random.Random], T]
    """A random task of a level, of any split."""
    key: Callable[[T], str]
    """What decides a task's split; two tasks of one key are one task in another spelling."""

    def __post_init__(self) -> None:
        if sum(split.share for split in self.splits.values()) != 100:
            raise ValueError(f"{self.source}: the shares of its splits do not add up to 100")

    def drawn(self, split: str, seed: int = 0, limit: int | None = None) -> Iterator[Drawn[T]]:
        """The first `limit` tasks of `split`, all different, the levels in turn.

        A seed says which tasks these are; `limit=None` gives as many as the split says. Raises `DataError` for an
        unknown split or a larger limit.
        """
        if split not in self.splits:
            known = f"Splits: {', '.join(self.splits)}"
            raise DataError(f"{self.source} has no split {split!r}.{did_you_mean(split, self.splits)}", known)
        most = self.splits[split].most
        count = most if limit is None else limit
        if count > most:
            raise DataError(
                f"{self.source}: split {split!r} has at most {most} problems a seed, {count} were asked for."
            )
        rng = random.Random(f"{self.source} {split} {seed}")
        seen: set[str] = set()
        for index in range(count):
            level = self.levels[index % len(self.levels)]
            task = self.draw_of(split, level, rng, seen)
            seen.add(self.key(task))
            yield Drawn(task, level, f"{split}-{seed}-{index:05d}", rng)

    def draw_of(self, split: str, level: int, rng: random.Random, seen: Collection[str] = ()) -> T:
        """A random task of `level` that belongs to `split` and whose key is none of those `seen`."""
        while True:
            task = self.draw(level, rng)
            if self.split_of(task) == split and self.key(task) not in seen:
                return task

    def split_of(self, task: T) -> str:
        """The split that a task belongs to, for ever."""
        return self.split_of_key(self.key(task))

    def split_of_key(self, key: str) -> str:
        """The split of all tasks with this key."""
        point = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") % 100
        for name, split in self.splits.items():
            if point < split.share:
                return name
            point -= split.share
        raise AssertionError("the shares add up to 100")
