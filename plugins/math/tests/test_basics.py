"""The generated one-step problems: right answers, one task a level, enough of them, and splits that can never meet."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from pidistill.contracts import DataSource
from pidistill.errors import DataError
from pidistill.records import Problem, Status
from pidistill_math.basics import KINDS, SPLITS, TASKS, problems, words
from pidistill_math.domain import DEFAULT_INSTRUCTION, MathDomain
from pidistill_math.verifier import MathVerifier

PINNED = [
    (1, "Which is the largest of the numbers 554, 12, 406 and 668?", "668"),
    (2, "Write the number one thousand one hundred one in digits.", "1101"),
    (3, "Which whole number comes right after 242?", "243"),
    (4, "What number comes next: 19, 29, 39, 49, 59?", "69"),
]
"""First problems of `test` at seed 0."""


def numbers(question: str) -> list[int]:
    return [int(found) for found in re.findall(r"\d+", question)]


def story(question: str) -> int:
    first, second = numbers(question)
    return first + second if "gets" in question else first - second


def spelt(question: str) -> int:
    """The number that words name, read without the code that wrote them."""
    small = re.findall(
        r"\w+",
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen",
    )
    tens = re.findall(r"\w+", "twenty thirty forty fifty sixty seventy eighty ninety")
    known = {word: 1 + n for n, word in enumerate(small)} | {word: 20 + 10 * n for n, word in enumerate(tens)}
    total = part = 0
    for word in question.removeprefix("Write the number ").removesuffix(" in digits.").replace("-", " ").split():
        if word == "hundred":
            part *= 100
        elif word == "thousand":
            total, part = part * 1000, 0
        else:
            part += known[word]
    return total + part


BY_HAND: dict[int, Callable[[str], int]] = {
    1: lambda question: max(numbers(question)),
    2: spelt,
    3: lambda question: numbers(question)[0] + 1,
    4: lambda question: 2 * numbers(question)[-1] - numbers(question)[-2],
    5: lambda question: sum(numbers(question)),
    6: lambda question: sum(numbers(question)),
    7: lambda question: numbers(question)[0] - numbers(question)[1],
    8: lambda question: numbers(question)[0] * numbers(question)[1],
    9: story,
    10: lambda question: int(str(numbers(question)[0])[-1]),
    11: lambda question: numbers(question)[0] // 2,
    12: lambda question: sum(numbers(question)),
}


def of(split: str, level: int, **said: object) -> list[Problem]:
    return list(MathDomain().problems(DataSource("basics", split, levels=(level,), **said)))  # type: ignore[arg-type]


def test_the_first_problems_stay_what_they_are() -> None:
    assert [(p.level, p.prompt, p.reference) for p in problems("test", 0, 4)] == PINNED


@pytest.mark.parametrize("level", KINDS)
def test_answers_are_right_by_another_reading_of_the_question(level: int) -> None:
    drawn = [TASKS.draw_of("train", level, random.Random(seed)) for seed in range(300)]
    assert [task.answer for task in drawn] == [BY_HAND[level](task.question) for task in drawn]
    assert all(task.answer >= 0 for task in drawn)


def test_every_split_has_as_many_of_every_level_as_it_promises() -> None:
    for split, of_split in SPLITS.items():
        found = list(problems(split))
        each = of_split.most // len(KINDS)
        assert all(sum(p.level == level for p in found) == each for level in KINDS)
        assert len({p.prompt for p in found}) == len({p.id for p in found}) == of_split.most


def test_no_problem_is_in_two_splits_whatever_the_seeds() -> None:
    asked = {split: {p.prompt for seed in (0, 7) for p in problems(split, seed)} for split in SPLITS}
    assert not asked["choose"] & asked["test"] and not asked["train"] & asked["test"]
    assert not asked["choose"] & asked["train"]


def test_an_order_of_numbers_is_no_other_problem() -> None:
    keys = {TASKS.draw(5, random.Random(seed)).key for seed in range(2000)}
    assert "+ 3 20" in keys or all(int(key.split()[1]) <= int(key.split()[2]) for key in keys)


def test_solutions_pass_and_wrong_numbers_do_not() -> None:
    verifier = MathVerifier()
    for problem in problems("test", 3, 24):
        assert problem.solution is not None and problem.reference is not None
        assert verifier.verify(problem, problem.solution).status is Status.PASS
        other = f"The answer is {int(problem.reference) + 10}."
        assert verifier.verify(problem, other).status is Status.FAIL
        assert verifier.verify(problem, f"The answer is {problem.reference}.").status is Status.PASS


def test_words_of_numbers() -> None:
    said = {21: "twenty-one", 40: "forty", 300: "three hundred", 319: "three hundred nineteen", 1000: "one thousand"}
    assert {number: words(number) for number in said} == said
    assert words(1999) == "one thousand nine hundred ninety-nine"


def test_an_instruction_takes_the_place_of_the_domain_s() -> None:
    domain = MathDomain()
    (own,), (told,), (bare,) = (of("test", 2, limit=1, instruction=said) for said in (None, "In digits only.", ""))
    assert domain.prompt(own)[0].content == f"{own.prompt}\n\n{DEFAULT_INSTRUCTION}"
    assert domain.prompt(told)[0].content == f"{own.prompt}\n\nIn digits only."
    assert domain.prompt(bare)[0].content == own.prompt


def test_arithmetic_takes_an_instruction_too() -> None:
    source = DataSource("arithmetic", "test", limit=2, instruction="Put the answer in a box.", levels=(1,))
    found = list(MathDomain().problems(source))
    assert [p.level for p in found] == [1, 1]
    assert MathDomain().prompt(found[0])[0].content.endswith("\n\nPut the answer in a box.")


def test_more_of_a_level_than_there_is_says_how_many_there_are() -> None:
    with pytest.raises(DataError, match=r"has 300 problems of level 2 a seed, 301 were asked for"):
        of("test", 2, limit=301)
    assert len(of("test", 2, limit=300)) == 300
    with pytest.raises(DataError, match="has 0 problems of level 99"):
        of("test", 99)
