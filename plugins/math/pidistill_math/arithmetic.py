"""Generated arithmetic problems with worked solutions: the data set behind the embedded default.

Problems have levels 1 to 5: one operation on small numbers at level 1, several with products of two-digit numbers and
parentheses at level 5. Every answer is a whole number that is not negative. A problem belongs to one split by
construction: the split is computed from its own symbols in sorted order, so neither the problem nor a reordering of it
(`3 + 20` for `20 + 3`) can ever be in two splits, whatever the seeds. The embedded model learns from `pretrain` only;
recipes train on `train` and are judged on `test`.

The model itself is package data in `embedded/`; it is built by `python -m benchmarks.tiny.build math`.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pidistill.contracts import DataSource, Embedded
from pidistill.errors import DataError, did_you_mean
from pidistill.records import Problem
from pidistill_math.arithmetic_expr import Expression, NotExact, parse, values, work

SOURCE: Final = "arithmetic@1"
LEVELS: Final = (1, 2, 3, 4, 5)
SPLITS: Final = {"pretrain": 5000, "train": 2000, "test": 1000}
"""Split -> how many problems a seed gives, at most."""
_SHARES: Final = (("pretrain", 70), ("train", 18), ("test", 12))
"""Per cent of all possible problems in each split."""
MAX_TOKENS: Final = 128
"""Longest completion of the embedded model; the longest reference solution takes about 110 of its tokens."""
LARGEST: Final = 9999
"""No result on the way is larger."""

SHAPES: Final[dict[int, tuple[str, ...]]] = {
    1: ("D + D", "D - D", "D + d", "D - d", "d * d"),
    2: ("D + d + d", "D + D - d", "D - d + D", "d * d + d", "d * d - d", "d * d + D", "(d + d) * d"),
    3: ("D * d + D", "D + D * d", "(D + D) * d", "(D - D) * d", "d * d + d * d", "D - D + D - D", "(D + D) / d"),
    4: ("(D + D) * d - D", "D * d + D * d", "(D - D) * d + D", "D - D + D * d", "(D + D + D) * d", "D + T - D * d"),
    5: ("D * D + D", "D * D + D * D", "T * D - D * d", "D * (D + D) - D", "D * d + D * d - D * d", "(D + D) * D"),
}
"""Level -> shapes: d is a one-digit number from 2 up, D has two digits, T three."""
_RANGES: Final = {"d": (2, 9), "D": (10, 99), "T": (100, 999)}


def problems(split: str, seed: int = 0, limit: int | None = None) -> Iterator[Problem]:
    """The first `limit` problems of `split`, all different, levels 1 to 5 in turn.

    A seed says which problems these are; `limit=None` gives as many as `SPLITS` says. Raises `DataError` for an
    unknown split or a larger limit.
    """
    if split not in SPLITS:
        raise DataError(
            f"{SOURCE} has no split {split!r}.{did_you_mean(split, SPLITS)}", f"Splits: {', '.join(SPLITS)}"
        )
    count = SPLITS[split] if limit is None else limit
    if count > SPLITS[split]:
        raise DataError(
            f"{SOURCE}: split {split!r} has at most {SPLITS[split]} problems a seed, {count} were asked for."
        )
    rng = random.Random(f"{SOURCE} {split} {seed}")
    seen: set[str] = set()
    for index in range(count):
        level = LEVELS[index % len(LEVELS)]
        expression = draw(split, level, rng)
        while _key(str(expression)) in seen:
            expression = draw(split, level, rng)
        seen.add(_key(str(expression)))
        yield problem(expression, level, split, f"{split}-{seed}-{index:05d}")


def draw(split: str, level: int, rng: random.Random) -> Expression:
    """One random expression of `level` that belongs to `split`. Repeats are possible; `problems` has none."""
    while True:
        shape = rng.choice(SHAPES[level])
        text = re.sub("[dDT]", lambda letter: str(rng.randint(*_RANGES[letter[0]])), shape)
        expression = parse(text)
        try:
            results = values(expression)
        except NotExact:
            continue
        if all(0 <= result <= LARGEST for result in results) and split_of(text) == split:
            return expression


def problem(expression: Expression, level: int, split: str, name: str) -> Problem:
    """The record of one problem: the bare question, the answer, and a solution that shows every step."""
    lines, answer = work(expression)
    return Problem(
        id=f"arithmetic/{name}",
        domain="math",
        prompt=question(expression),
        reference=str(answer),
        solution=solution(lines, answer),
        level=level,
        split=split,
        source=SOURCE,
        extra={"instruction": ""},
    )


def question(expression: Expression) -> str:
    """The prompt: nothing but the task, since the embedded model knows the answer format by heart."""
    return f"Compute {expression}."


def solution(lines: list[str], answer: int) -> str:
    """Lines of working, then the answer in the box that the verifier reads."""
    return "\n".join([*lines, f"\\boxed{{{answer}}}"])


def split_of(text: str) -> str:
    """The split that an expression belongs to, for ever: a hash of its numbers and symbols in sorted order."""
    point = int.from_bytes(hashlib.blake2b(_key(text).encode("ascii"), digest_size=8).digest(), "big") % 100
    for split, share in _SHARES:
        if point < share:
            return split
        point -= share
    raise AssertionError("the shares add up to 100")


def _key(text: str) -> str:
    return " ".join(sorted(re.findall(r"\d+|[-+*/()]", text)))


def embedded() -> Embedded:
    """The model that ships with this package, and the problems it is trained and judged on by default.

    Its builder looked at `test` problems of seed 0 while it was made, so the default is judged on others.
    """
    return Embedded(
        model=Path(__file__).parent / "embedded",
        train=DataSource(dataset="arithmetic", split="train", limit=600),
        evaluate=DataSource(dataset="arithmetic", split="test", limit=500, seed=1),
        max_tokens=MAX_TOKENS,
        demo=Path(__file__).parent / "demo.toml",
    )
