"""Generated one-step problems in plain words, each level another task: for models that arithmetic is too hard for.

Which of these a given model solves sometimes, which is where training shows, is to be found out and not to be guessed:
the split `choose` is there for that, and for nothing else. Levels are kinds of tasks, in no order of difficulty. A
problem belongs to one split by construction, whatever the seeds, as in `arithmetic`; problems of one level that differ
in wording or in the order of their numbers alone are one problem.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pidistill.authoring.generated import Generated, Split
from pidistill.records import Problem

SOURCE: Final = "basics@1"
SPLITS: Final = {"choose": Split(3000, 30), "train": Split(4800, 40), "test": Split(3600, 30)}
_ONES: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NAMES: Final = ("Tom", "Anna", "Ben", "Lucy", "Sam", "Mia", "Max", "Ella")
_THINGS: Final = ("apples", "pens", "books", "coins", "cards", "eggs", "stamps", "shells")


@dataclass(frozen=True)
class Task:
    """A question and its answer."""

    question: str
    answer: int
    key: str
    """Equal for two spellings of one problem."""
    why: str
    """The step that leads to the answer."""


def words(number: int) -> str:
    """A number below 2000 in words."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    if number >= 1000:
        return "one thousand" + (f" {words(number - 1000)}" if number > 1000 else "")
    return f"{_ONES[number // 100]} hundred" + (f" {words(number % 100)}" if number % 100 else "")


def _largest(rng: random.Random) -> Task:
    several = rng.sample(range(10, 1000), 4)
    said = ", ".join(map(str, several[:-1])) + f" and {several[-1]}"
    why = f"The largest of them is {max(several)}."
    return Task(f"Which is the largest of the numbers {said}?", max(several), _unordered("max", *several), why)


def _in_digits(rng: random.Random) -> Task:
    number = rng.randint(21, 1999)
    said = words(number)
    return Task(f"Write the number {said} in digits.", number, f"digits {number}", f"In digits, {said} is {number}.")


def _next_number(rng: random.Random) -> Task:
    number = rng.randint(10, 9998)
    question = f"Which whole number comes right after {number}?"
    return Task(question, number + 1, f"after {number}", f"{number} + 1 = {number + 1}.")


def _sequence(rng: random.Random) -> Task:
    start, step = rng.randint(1, 60), rng.randint(1, 20)
    shown = [start + step * place for place in range(5)]
    question = f"What number comes next: {', '.join(map(str, shown))}?"
    return Task(question, start + 5 * step, f"next {start} {step}", f"{shown[-1]} + {step} = {start + 5 * step}.")


def _sum(rng: random.Random) -> Task:
    a, b = rng.randint(2, 99), rng.randint(2, 99)
    return Task(f"What is {a} + {b}?", a + b, _unordered("+", a, b), f"{a} + {b} = {a + b}.")


def _small_sum(rng: random.Random) -> Task:
    a, b = rng.randint(10, 599), rng.randint(1, 5)
    return Task(f"What is {a} + {b}?", a + b, _unordered("+", a, b), f"{a} + {b} = {a + b}.")


def _difference(rng: random.Random) -> Task:
    b, left = rng.randint(2, 60), rng.randint(0, 60)
    return Task(f"What is {b + left} - {b}?", left, f"- {b + left} {b}", f"{b + left} - {b} = {left}.")


def _product(rng: random.Random) -> Task:
    a, b = rng.randint(2, 20), rng.randint(2, 99)
    return Task(f"What is {a} times {b}?", a * b, _unordered("*", a, b), f"{a} * {b} = {a * b}.")


def _story(rng: random.Random) -> Task:
    name, thing, a, b = rng.choice(_NAMES), rng.choice(_THINGS), rng.randint(2, 12), rng.randint(2, 9)
    if rng.random() < 0.5:
        question = f"{name} has {a} {thing} and gets {b} more. How many {thing} does {name} have now?"
        return Task(question, a + b, f"more {name} {thing} {a} {b}", f"{a} + {b} = {a + b}.")
    question = f"{name} has {a + b} {thing} and gives away {b}. How many {thing} does {name} have left?"
    return Task(question, a, f"less {name} {thing} {a + b} {b}", f"{a + b} - {b} = {a}.")


def _last_digit(rng: random.Random) -> Task:
    number = rng.randint(100, 99999)
    last = number % 10
    return Task(f"What is the last digit of {number}?", last, f"last {number}", f"{number} ends in {last}.")


def _half(rng: random.Random) -> Task:
    number = rng.choice((rng.randint(2, 99), 10 * rng.randint(2, 99), 100 * rng.randint(2, 99), rng.randint(100, 999)))
    return Task(f"What is half of {2 * number}?", number, f"half {number}", f"{number} + {number} = {2 * number}.")


def _tens(rng: random.Random) -> Task:
    a, b = 10 * rng.randint(1, 999), rng.randint(1, 9)
    return Task(f"What is {a} + {b}?", a + b, _unordered("+", a, b), f"{a} + {b} = {a + b}.")


def _unordered(kind: str, *numbers: int) -> str:
    return " ".join(map(str, (kind, *sorted(numbers))))


KINDS: Final[dict[int, tuple[str, Callable[[random.Random], Task]]]] = {
    1: ("the largest of four numbers", _largest),
    2: ("a number's words in digits", _in_digits),
    3: ("the number after another", _next_number),
    4: ("the next number of a sequence", _sequence),
    5: ("a sum of numbers below 100", _sum),
    6: ("a number below 600 and one up to 5", _small_sum),
    7: ("a difference of numbers up to 120", _difference),
    8: ("a product with a number up to 20", _product),
    9: ("a story of things got and given away", _story),
    10: ("the last digit of a number", _last_digit),
    11: ("half of an even number", _half),
    12: ("whole tens and one digit", _tens),
}
"""Level -> what its problems ask, and how one is drawn."""

TASKS: Final = Generated(
    SOURCE, SPLITS, tuple(KINDS), lambda level, rng: KINDS[level][1](rng), key=lambda task: task.key
)


def problems(split: str, seed: int = 0, limit: int | None = None) -> Iterator[Problem]:
    """The first `limit` problems of `split`, all different, the levels in turn. Raises as `Generated.drawn` does."""
    for one in TASKS.drawn(split, seed, limit):
        yield Problem(
            id=f"basics/{one.name}",
            domain="math",
            prompt=one.task.question,
            reference=str(one.task.answer),
            solution=f"{one.task.why}\n\\boxed{{{one.task.answer}}}",
            level=one.level,
            split=split,
            source=SOURCE,
        )
