"""The generated functions: right references, tests that tell tasks apart, and splits that can never meet."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest

from pidistill.errors import DataError
from pidistill_code.domain import CodeDomain
from pidistill_code.function_tasks import LEVELS, draw
from pidistill_code.functions import SPLITS, TESTS, problem, problems, split_of
from pidistill_code.suites.suite import AssertTest, read_suite
from pidistill_code.verifier import CodeVerifier

PINNED = [
    ("Add 76 to x and return 7 times the result.", "assert f(19) == 665"),
    ("If x is odd, return x minus 10, otherwise 15 minus x.", "assert f(24) == -9"),
    ("Return the list of 7 times x for each x in xs that is even.", "assert f([1]) == []"),
]
"""The first problems of `test` at seed 0."""


def test_every_reference_passes_and_the_next_ones_never_does(verifier: CodeVerifier) -> None:
    domain, tasks = CodeDomain(), list(problems("test", seed=4, limit=150))
    following = [*tasks[5:], *tasks[:5]]  # of the same level, so that arguments fit
    for task, other in zip(tasks, following, strict=True):
        assert verifier.verify(task, str(domain.oracle(task))).passed, task.prompt
        verdict = verifier.verify(task, str(domain.oracle(other)))
        assert verdict.status.judged and not verdict.passed, (task.prompt, other.prompt)


def test_tests_are_plain_hidden_and_different() -> None:
    for task in problems("train", seed=2, limit=200):
        tests = read_suite(task).tests
        assert len({test.text for test in tests}) == len(tests) == TESTS
        assert all(isinstance(test, AssertTest) for test in tests)
        (message,) = CodeDomain().prompt(task)
        assert message.content == task.prompt
        assert not any(test.text.removeprefix("assert ").split(" == ")[0] in task.prompt for test in tests)


def test_the_tests_try_the_empty_list_and_every_number_at_which_the_condition_changes() -> None:
    rng = random.Random(0)
    for level in LEVELS:
        for _ in range(30):
            task = draw(level, rng)
            tests = problem(task, "train", "0", rng).extra["tests"]
            inputs = [str(test).split("(", 1)[1].split(") == ")[0] for test in tests]  # type: ignore[union-attr]
            wanted = [str(edge) if task.parameter == "x" else f"[{edge}]" for edge in task.edges]
            assert set(wanted) <= set(inputs)
            assert ("[]" in inputs) == (task.parameter == "xs")


def test_the_example_in_the_prompt_is_true() -> None:
    for task in problems("pretrain", seed=1, limit=100):
        space: dict[str, object] = {}
        exec(str(task.reference), space)
        call, value = task.prompt.split(">>> ")[1].split("\n")[:2]
        assert repr(eval(call, space)) == value.strip()


def test_no_two_splits_share_a_prompt_whatever_the_seeds() -> None:
    sentences = {
        split: {p.prompt.split("\n")[1] for seed in range(3) for p in problems(split, seed, limit=800)}
        for split in SPLITS
    }
    for one, other in itertools.combinations(sentences.values(), 2):
        assert not one & other


@pytest.mark.parametrize(("split", "most"), [(name, split.most) for name, split in SPLITS.items()])
def test_all_problems_of_a_split_are_different_and_levels_even(split: str, most: int) -> None:
    drawn = list(problems(split))
    assert len(drawn) == most == len({p.prompt_hash for p in drawn}) == len({p.id for p in drawn})
    assert set(Counter(p.level for p in drawn).values()) == {most // len(LEVELS)}


def test_every_level_has_a_share_in_every_split() -> None:
    for level in LEVELS:
        rng = random.Random(level)
        assert {split_of(draw(level, rng)) for _ in range(200)} == set(SPLITS)


def test_a_seed_always_gives_the_same_problems_and_another_seed_others() -> None:
    first = list(problems("train", seed=5, limit=50))
    assert first == list(problems("train", seed=5, limit=50)) == list(problems("train", seed=5, limit=80))[:50]
    assert first != list(problems("train", seed=6, limit=50))


def test_a_problem_stays_what_it_was() -> None:
    """Problems are part of every key in a store: if this fails, raise the revision in `SOURCE`."""
    drawn = [(p.prompt.split('"""')[1].split("\n")[0], p.extra["tests"][0]) for p in problems("test", limit=3)]  # type: ignore[index]
    assert drawn == PINNED


def test_a_misspelt_split_and_too_large_a_limit_are_errors_that_say_what_is_right() -> None:
    with pytest.raises(DataError, match="Did you mean 'train'"):
        next(problems("trian"))
    with pytest.raises(DataError, match="at most 1000"):
        next(problems("test", limit=1001))


def test_the_embedded_default_names_disjoint_splits_once_its_model_is_there() -> None:
    default = CodeDomain().embedded()
    if default is not None:
        assert default.train.split != default.evaluate.split
        for source in (default.train, default.evaluate):
            assert source.limit is not None and source.limit <= SPLITS[source.split].most
