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

import random
from collections.abc import Iterator, Sequence
from typing import Final

from pidistill.authoring.generated import Generated, Split
from pidistill.records import JSON, Problem
from pidistill_code.function_tasks import LEVELS, Task, draw

SOURCE: Final = "functions@2"
SPLITS: Final = {"pretrain": Split(5000, 70), "train": Split(2000, 18), "test": Split(1000, 12)}
TESTS: Final = 6
"""Hidden tests per task. The example in the docstring is none of them."""
MAX_TOKENS: Final = 96
"""Longest completion of the embedded model; the longest reference takes about 75 of its tokens."""


def problems(split: str, seed: int = 0, limit: int | None = None) -> Iterator[Problem]:
    """The first `limit` problems of `split`, all different, levels 1 to 5 in turn. Raises as `Generated.drawn` does."""
    for one in TASKS.drawn(split, seed, limit):
        yield problem(one.task, split, one.name, one.rng)


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
    return TASKS.split_of(task)


def _key(task: Task) -> str:
    return " ".join(sorted(task.text.replace(",", "").rstrip(".").split()))


TASKS: Final = Generated(SOURCE, SPLITS, LEVELS, draw, _key)
