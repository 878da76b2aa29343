"""Generated small Python functions with hidden tests, in the manner of HumanEval: the data set behind the embedded
default.

A task is a signature and a docstring with one example; the tests are not shown. Levels 1 to 5: a formula, a case
distinction, a list, a reduction of a list, a loop with an accumulator. The hidden tests try what is easily got wrong:
every number at which the condition changes, and the empty list. A task belongs to one split by construction: the
split is computed from its own docstring's words in sorted order, whatever the seeds. The embedded model learns from
`pretrain` only; recipes train on `train` and are judged on `test`.

The model itself is package data in `embedded/`; it is built by `python -m benchmarks.tiny.build code`.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from pidistill.contracts import DataSource, Embedded
from pidistill.errors import DataError, did_you_mean
from pidistill.records import JSON, Problem
from pidistill_code.function_tasks import LEVELS, Task, draw

SOURCE: Final = "functions@2"
SPLITS: Final = {"pretrain": 5000, "train": 2000, "test": 1000}
"""Split -> how many problems a seed gives, at most."""
_SHARES: Final = (("pretrain", 70), ("train", 18), ("test", 12))
"""Per cent of all possible tasks in each split."""
TESTS: Final = 6
"""Hidden tests per task. The example in the docstring is none of them."""
MAX_TOKENS: Final = 96
"""Longest completion of the embedded model; the longest reference takes about 75 of its tokens."""
_MODEL: Final = Path(__file__).parent / "embedded"


def problems(split: str, seed: int = 0, limit: int | None = None) -> Iterator[Problem]:
    """The first `limit` problems of `split`, all different, levels 1 to 5 in turn.

    A seed says which problems these are; `limit=None` gives as many as `SPLITS` says. Raises `DataError` for an
    unknown split or a larger limit.
    """
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
        task = draw_for(split, LEVELS[index % len(LEVELS)], rng, seen)
        seen.add(_key(task))
        yield problem(task, split, f"{split}-{seed}-{index:05d}", rng)


def draw_for(split: str, level: int, rng: random.Random, seen: Collection[str] = ()) -> Task:
    """A random task of `level` that belongs to `split` and is none of those `seen`."""
    while True:
        task = draw(level, rng)
        if split_of(task) == split and _key(task) not in seen:
            return task


def problem(task: Task, split: str, name: str, rng: random.Random) -> Problem:
    """The record of one task. Example and tests are drawn with `rng`."""
    inputs = _inputs(task, rng)
    example, hidden = inputs[0], inputs[1:]
    prompt = (
        f'def f({task.parameter}):\n    """{task.text}\n\n'
        f'    >>> f({example!r})\n    {task.run(example)!r}\n    """\n'
    )  # fmt: skip
    body = "".join(f"    {line}\n" for line in task.code)
    tests: list[JSON] = [f"assert f({value!r}) == {task.run(value)!r}" for value in hidden]
    return Problem(
        id=f"functions/{name}",
        domain="code",
        prompt=prompt,
        reference=f"def f({task.parameter}):\n{body}",
        solution=f"def f({task.parameter}):\n{body}",
        level=task.level,
        split=split,
        source=SOURCE,
        extra={"entry_point": "f", "tests": tests, "continues": True, "instruction": ""},
    )


def _inputs(task: Task, rng: random.Random) -> Sequence[int | list[int]]:
    """Different inputs, the example first. The hidden ones hold the task's edges and, among lists, the empty one."""
    if task.parameter == "x":
        hidden: list[int | list[int]] = [*task.edges]
    else:
        hidden = [[], *([edge] for edge in task.edges)]
    found = list(hidden)
    while len(found) < TESTS + 1:
        value = task.draw_input(rng)
        if value not in found:
            found.append(value)
    example = found.pop()
    rng.shuffle(found)
    return [example, *found]


def split_of(task: Task) -> str:
    """The split that a task belongs to, for ever: a hash of its words in sorted order."""
    point = int.from_bytes(hashlib.blake2b(_key(task).encode("ascii"), digest_size=8).digest(), "big") % 100
    for split, share in _SHARES:
        if point < share:
            return split
        point -= share
    raise AssertionError("the shares add up to 100")


def _key(task: Task) -> str:
    return " ".join(sorted(task.text.replace(",", "").rstrip(".").split()))


def embedded() -> Embedded | None:
    """The model that ships with this package and the problems it is judged on by default; None while there is none.

    Its builder looked at `test` problems of seed 0 while it was made, so the default is judged on others.
    """
    if not (_MODEL / "config.json").is_file():
        return None
    return Embedded(
        model=_MODEL,
        train=DataSource(dataset="functions", split="train", limit=400),
        evaluate=DataSource(dataset="functions", split="test", limit=300, seed=1),
        max_tokens=MAX_TOKENS,
        demo=Path(__file__).parent / "demo.toml",
    )
