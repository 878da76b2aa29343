"""Generated arithmetic problems with worked solutions: the data set behind the embedded default.

Problems have levels 1 to 5: one operation on small numbers at level 1, several with products of two-digit numbers and
parentheses at level 5. Every answer is a whole number that is not negative. A problem belongs to one split by
construction: the split is computed from its own symbols in sorted order, so neither the problem nor a reordering of it
(`3 + 20` for `20 + 3`) can ever be in two splits, whatever the seeds. The embedded model learns from `pretrain` only;
recipes train on `train` and are judged on `test`.

The model itself is package data in `embedded/`; it is built by `python -m benchmarks.tiny.build math`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Final

from pidistill.authoring.generated import Generated, Split
from pidistill.records import Problem
from pidistill_math.arithmetic_expr import Expression, NotExact, parse, values, work

SOURCE: Final = "arithmetic@1"
LEVELS: Final = (1, 2, 3, 4, 5)
SPLITS: Final = {"pretrain": Split(5000, 70), "train": Split(2000, 18), "test": Split(1000, 12)}
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
    """The first `limit` problems of `split`, all different, levels 1 to 5 in turn. Raises as `Generated.drawn` does."""
    for one in EXPRESSIONS.drawn(split, seed, limit):
        yield problem(one.task, one.level, split, one.name)


def draw(split: str, level: int, rng: random.Random) -> Expression:
    """One random expression of `level` that belongs to `split`. Repeats are possible; `problems` has none."""
    return EXPRESSIONS.draw_of(split, level, rng)


def _draw(level: int, rng: random.Random) -> Expression:
    while True:
        shape = rng.choice(SHAPES[level])
        expression = parse(re.sub("[dDT]", lambda letter: str(rng.randint(*_RANGES[letter[0]])), shape))
        try:
            if all(0 <= result <= LARGEST for result in values(expression)):
                return expression
        except NotExact:
            continue


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
    return EXPRESSIONS.split_of_key(_key(text))


def _key(text: str) -> str:
    return " ".join(sorted(re.findall(r"\d+|[-+*/()]", text)))


EXPRESSIONS: Final = Generated(SOURCE, SPLITS, LEVELS, _draw, key=lambda expression: _key(str(expression)))
