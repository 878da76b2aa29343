"""The code model's corpus: the authors are as careful and as hasty as is said, and what users tell is really so."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.tiny.build import tokenize, tokenizer_texts
from benchmarks.tiny.code_card import PIECES, judge
from benchmarks.tiny.code_corpus import (
    CONDITIONS,
    DOMAIN,
    careful_attempt,
    conversation,
    conversations,
    drawn,
    failed_attempt,
    hasty_attempt,
    judged,
    slipped,
    textbook,
    verifier,
)
from benchmarks.tiny.corpus import Conversation
from benchmarks.tiny.evaluation import render
from benchmarks.tiny.tokenizer import TURN_END, train_tokenizer
from pidistill.errors import SandboxError
from pidistill.pi.feedback import FAILURE_NOTICE, RETRY_REQUEST, TEACHER_REQUEST
from pidistill.records import Status
from pidistill_code.function_tasks import LEVELS, draw
from pidistill_code.functions import MAX_TOKENS, problem, problems, split_of


@pytest.fixture(scope="module", autouse=True)
def sandbox() -> Iterator[None]:
    try:
        opened = verifier()
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error.message}")
    yield
    opened.close()


@pytest.fixture(scope="module")
def corpus() -> list[Conversation]:
    return list(conversations(250, seed=1))


def test_the_corpus_is_the_same_for_the_same_seed_and_holds_every_condition_and_level(
    corpus: list[Conversation],
) -> None:
    assert list(conversations(60, seed=1)) == corpus[:60] != list(conversations(60, seed=2))
    assert {talk.condition for talk in corpus} == {condition.name for condition in CONDITIONS}
    assert {talk.level for talk in corpus} == set(LEVELS)


def test_every_conversation_survives_encoding_and_fits_the_model(corpus: list[Conversation]) -> None:
    tokenizer = train_tokenizer(tokenizer_texts(corpus), 512, PIECES)
    for talk, tokens in zip(corpus, tokenize(corpus, tokenizer), strict=True):
        assert tokenizer.decode(tokens.prompt) == render(tokenizer, talk.messages)
        assert tokenizer.decode(tokens.completion) == talk.completion + TURN_END
        whole = render(tokenizer, talk.messages) + talk.completion + TURN_END
        assert tokenizer(whole)["input_ids"] == tokens.prompt + tokens.completion
        assert len(tokens) <= 1024 and len(tokens.completion) <= MAX_TOKENS
    assert all(len(tokenizer(str(number))["input_ids"]) == len(str(number)) for number in (7, 48, 100, 2026))


def test_the_careful_author_passes_every_test_and_is_the_reference() -> None:
    rng = random.Random(0)
    for _ in range(60):
        task, record = drawn(rng)
        assert careful_attempt(task) == DOMAIN.oracle(record)
        assert judged(record, careful_attempt(task)).passed


@pytest.mark.parametrize(
    ("words", "passes"),
    [
        ("times x plus", True),
        ("times the result", False),
        (" is at most ", False),
        (" is at least ", False),
        (" minus x", False),
        ("largest", False),
        ("smallest", False),
    ],
)
def test_the_hasty_authors_habits_are_what_the_card_says(words: str, passes: bool) -> None:
    rng = random.Random(words)
    met = 0
    while met < 12:
        task, record = drawn(rng)
        if words in task.text and (task.level == 1 or not passes):
            met += 1
            verdict = judged(record, hasty_attempt(task, rng, slips=False))
            assert verdict.status.judged and verdict.passed == passes, record.prompt


def test_the_hasty_author_is_right_where_no_habit_is_met() -> None:
    rng = random.Random(3)
    met = 0
    while met < 25:
        task, record = drawn(rng)
        plain = task.level in (2, 3) and all(value.kind != "from" for value in task.values)
        if plain and task.test is not None and task.test.kind not in ("most", "least"):
            met += 1
            assert judged(record, hasty_attempt(task, rng, slips=False)).passed, record.prompt


@given(st.integers(0, 2**32), st.sampled_from(LEVELS))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_failed_attempt_fails_and_says_how(seed: int, level: int) -> None:
    rng = random.Random(seed)
    task = draw(level, rng)
    record = problem(task, "pretrain", "0", rng)
    _, verdict = failed_attempt(task, record, rng)
    assert verdict.status is Status.FAIL and not verdict.passed and verdict.diagnostics


@given(st.integers(0, 2**32))
def test_a_slip_changes_one_digit(seed: int) -> None:
    rng = random.Random(seed)
    task, _ = drawn(rng)
    text = careful_attempt(task)
    other = slipped(text, rng)
    assert len(other) == len(text) and sum(a != b for a, b in zip(text, other, strict=True)) == 1


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_a_conversation_ends_in_its_request_and_in_a_function(condition) -> None:  # type: ignore[no-untyped-def]
    rng = random.Random(0)
    for _ in range(6):
        talk = conversation(condition, rng)
        request = {"plain": '"""\n', "retry": RETRY_REQUEST, "teacher": TEACHER_REQUEST}[condition.kind]
        assert talk.messages[-1].content.endswith(request)
        assert (FAILURE_NOTICE in talk.messages[-1].content) == (condition.kind == "retry")
        assert talk.completion.startswith("```python\ndef f(x") and talk.completion.endswith("\n```")


def test_the_corpus_is_made_of_pretraining_problems_only() -> None:
    rng = random.Random(5)
    for _ in range(100):
        task, record = drawn(rng)
        assert split_of(task) == record.split == "pretrain"
    others = {p.prompt.split("\n")[1] for split in ("train", "test") for p in problems(split, limit=800)}
    assert not others & {talk.messages[0].content.split("\n")[1] for talk in textbook(3000, seed=0)}


def test_the_judge_is_the_code_verifier() -> None:
    tasks = list(problems("test", limit=5))
    right = judge(tasks, [str(DOMAIN.oracle(task)) for task in tasks])
    assert all(verdict.passed for verdict in right)
    assert [v.status for v in judge(tasks[:2], ["no code here", "```python\ndef f(x):\n    return\n```"])] == [
        Status.NO_ANSWER,
        Status.FAIL,
    ]
