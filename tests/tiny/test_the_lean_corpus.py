"""The Lean model's corpus: the authors are as careful and as hasty as is said, and what users tell is really so."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.tiny.build import tokenize, tokenizer_texts
from benchmarks.tiny.corpus import Condition, Conversation
from benchmarks.tiny.evaluation import render
from benchmarks.tiny.lean_card import PIECES, judge
from benchmarks.tiny.lean_corpus import (
    CONDITIONS,
    DOMAIN,
    HASTY_FIRST,
    HASTY_ON_LISTS,
    careful_attempt,
    conversation,
    conversations,
    drawn,
    first_attempt,
    hasty_attempt,
    judged,
    pool,
    record_of,
    slipped,
    textbook,
    unheard,
    verifier,
)
from benchmarks.tiny.tokenizer import TURN_END, train_tokenizer
from pidistill.errors import VerifierError
from pidistill.pi.feedback import FAILURE_NOTICE, RETRY_REQUEST, TEACHER_REQUEST
from pidistill.records import Status
from pidistill_lean.theorem_tasks import Kind
from pidistill_lean.theorems import LEVELS, MAX_TOKENS, problems, split_of

PASSES = {"linear", "witness", "quotient", "prefix", "preimage", "twice", "length", "conversion"}
SHALLOW = {"conjunction", "disjunction", "unpacking"}
"""Kinds where the hasty author passes, and where that depends on how deep the parts lie; elsewhere all fail."""
KINDS = [kind for kinds in LEVELS.values() for kind in kinds]


@pytest.fixture(scope="module", autouse=True)
def lean_works() -> None:
    try:
        verifier()
    except VerifierError as error:
        pytest.skip(f"no Lean here: {error.message}")


@pytest.fixture(scope="module")
def corpus() -> list[Conversation]:
    return list(conversations(60, seed=1))


def test_the_corpus_is_the_same_for_the_same_seed_and_holds_every_level(corpus: list[Conversation]) -> None:
    assert list(conversations(25, seed=1)) == corpus[:25]
    assert list(textbook(40, seed=1)) == list(textbook(40, seed=1)) != list(textbook(40, seed=2))
    assert {talk.level for talk in corpus} == set(LEVELS)
    assert sum(condition.weight for condition in CONDITIONS) == pytest.approx(1)


def test_every_conversation_survives_encoding_and_fits_the_model(corpus: list[Conversation]) -> None:
    talks = [*corpus, *textbook(1000, seed=3)]
    tokenizer = train_tokenizer(tokenizer_texts(talks), 1024, PIECES)
    for talk, tokens in zip(talks, tokenize(talks, tokenizer), strict=True):
        assert tokenizer.decode(tokens.prompt) == render(tokenizer, talk.messages)
        assert tokenizer.decode(tokens.completion) == talk.completion + TURN_END
        whole = render(tokenizer, talk.messages) + talk.completion + TURN_END
        assert tokenizer(whole)["input_ids"] == tokens.prompt + tokens.completion
        assert len(tokens) <= 1024 and len(tokens.completion) <= MAX_TOKENS
    assert all(len(tokenizer(str(number))["input_ids"]) == len(str(number)) for number in (7, 48, 100, 2026))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_authors_pass_and_fail_where_the_card_says(kind: Kind) -> None:
    rng = random.Random(kind.__name__)
    for _ in range(4):
        task = kind(rng)
        record = record_of(task, 1)
        assert careful_attempt(task) == DOMAIN.oracle(record)
        assert judged(record, careful_attempt(task)).passed
        verdict = judged(record, hasty_attempt(task, rng, slips=False))
        assert verdict.status in (Status.PASS, Status.FAIL), verdict.reason
        assert verdict.passed == (task.kind in PASSES) or task.kind in SHALLOW, record.prompt


def test_the_hasty_author_passes_on_shallow_conjunctions_only_where_they_are_shallow() -> None:
    rng = random.Random(2)
    for _ in range(30):
        task = next(kind for kind in KINDS if kind.__name__ == "conjunction")(rng)
        deep = any(f".{a}.{b}" in task.proof[0] for a in (1, 2) for b in (1, 2))
        assert judged(record_of(task, 1), hasty_attempt(task, rng, slips=False)).passed != deep


def test_the_hasty_author_writes_the_stated_share_of_first_attempts() -> None:
    rng = random.Random(4)
    written: dict[tuple[int, bool], list[bool]] = {}
    for _ in range(6000):
        level, task = drawn(rng)
        if task.kind != "linear":  # both authors write the same there
            hasty = first_attempt(task, rng) != careful_attempt(task)
            written.setdefault((level, "List" in task.statement), []).append(hasty)
    for (level, lists), rows in written.items():
        if level > 1:  # on shallow conjunctions both authors write the same
            assert sum(rows) / len(rows) == pytest.approx(HASTY_ON_LISTS if lists else HASTY_FIRST[level], abs=0.06)


def test_pooled_failures_are_real_ones_and_say_what_was_wrong() -> None:
    for index in range(8):
        tried = pool(7, index)
        assert split_of(tried.task) == tried.record.split == "pretrain"
        for text, verdict in tried.failures:
            assert verdict is not None and verdict.status is Status.FAIL and verdict.diagnostics
            assert judged(tried.record, text).diagnostics == verdict.diagnostics


def test_fresh_theorems_for_feedback_have_wrong_attempts_and_peers_of_their_kind() -> None:
    rng = random.Random(7)
    tried = [unheard(rng) for _ in range(20)]
    assert all(split_of(one.task) == one.record.split == "pretrain" for one in tried)
    assert all({peer.level for peer in one.peers} == {one.record.level} for one in tried)
    assert all(text != careful_attempt(one.task) for one in tried for text, _ in one.failures)
    passed = [judged(one.record, one.failures[0][0]).passed for one in tried]
    assert sum(passed) <= 5  # Lean was not asked when they were made, and a few do pass


@given(st.integers(0, 2**32))
def test_a_slip_changes_the_proof_and_not_the_statement(seed: int) -> None:
    rng = random.Random(seed)
    _, task = drawn(rng)
    text = careful_attempt(task)
    other = slipped(text, task, rng)
    assert other != text and other.startswith(f"```lean4\n{task.head}\n") and other.endswith("\n```")


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_a_conversation_ends_in_its_request_and_in_a_theorem(condition: Condition) -> None:
    rng = random.Random(0)
    for _ in range(4):
        talk = conversation(condition, 1, rng)
        request = {"plain": "sorry\n```", "retry": RETRY_REQUEST, "teacher": TEACHER_REQUEST}[condition.kind]
        assert talk.messages[-1].content.endswith(request)
        assert (FAILURE_NOTICE in talk.messages[-1].content) == (condition.kind == "retry")
        assert talk.completion.startswith("```lean4\ntheorem t") and talk.completion.endswith("\n```")


def test_a_placebo_shows_another_theorems_skeleton() -> None:
    rng = random.Random(1)
    placebo, real = (next(c for c in CONDITIONS if c.name == f"teacher {name}-skeleton") for name in ("other", "have"))
    for condition, same in ((placebo, False), (real, True)):
        for _ in range(5):
            talk = conversation(condition, 1, rng)
            shown = [part.split(" := by")[0] for part in talk.messages[-1].content.split("theorem t")[1:]]
            assert len(shown) == 2 and (shown[0] == shown[1]) == same


def test_the_corpus_is_made_of_pretraining_problems_only() -> None:
    rng = random.Random(5)
    assert all(split_of(drawn(rng)[1]) == "pretrain" for _ in range(300))
    others = {p.prompt for split in ("train", "valid", "test") for p in problems(split, limit=400)}
    assert not others & {talk.messages[0].content.split("```lean4\n")[1][:-4] for talk in textbook(3000, seed=0)}


def test_the_judge_is_the_lean_verifier() -> None:
    tasks = list(problems("test", limit=5))
    assert all(verdict.passed for verdict in judge(tasks, [str(DOMAIN.oracle(task)) for task in tasks]))
    wrong = ["no proof here", f"```lean4\n{tasks[1].prompt}\n```"]
    assert [verdict.status for verdict in judge(tasks[:2], wrong)] == [Status.NO_ANSWER, Status.FAIL]
