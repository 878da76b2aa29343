"""The tiny models' tokenizer, training loop and build command, and the math corpus."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from benchmarks.tiny.build import LARGEST_FOLDER, main, tokenize, tokenizer_texts
from benchmarks.tiny.domains import DOMAINS, tiny_domain
from benchmarks.tiny.evaluation import render
from benchmarks.tiny.math_card import boxed, judge
from benchmarks.tiny.math_corpus import CONDITIONS, conversation, conversations, failed_attempt, slipped, textbook
from benchmarks.tiny.tokenizer import TURN_END, train_tokenizer
from benchmarks.tiny.training import IGNORED, Pretraining, Tokens, batches, collate, new_model, pretrain, schedule
from pidistill.pi.feedback import FAILURE_NOTICE, RETRY_REQUEST, TEACHER_REQUEST
from pidistill.records import Message, Status
from pidistill_math.arithmetic import LEVELS, draw, problems, split_of
from pidistill_math.arithmetic_expr import parse, values

CORPUS = list(conversations(400, seed=1))
TOKENIZER = train_tokenizer(tokenizer_texts(CORPUS), 512)


@given(st.text())
def test_any_text_survives_encoding_and_decoding(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER(text)["input_ids"]) == text


@given(st.integers(0, 10**12))
def test_every_digit_is_one_token(number: int) -> None:
    assert len(TOKENIZER(str(number))["input_ids"]) == len(str(number))


def test_every_conversation_survives_encoding_and_decoding() -> None:
    for talk, tokens in zip(CORPUS, tokenize(CORPUS, TOKENIZER), strict=True):
        assert TOKENIZER.decode(tokens.prompt) == render(TOKENIZER, talk.messages)
        assert TOKENIZER.decode(tokens.completion) == talk.completion + TURN_END


def test_prompt_and_completion_apart_are_the_tokens_of_both_together() -> None:
    for talk, tokens in zip(CORPUS, tokenize(CORPUS, TOKENIZER), strict=True):
        whole = render(TOKENIZER, talk.messages) + talk.completion + TURN_END
        assert TOKENIZER(whole)["input_ids"] == tokens.prompt + tokens.completion


@pytest.mark.parametrize("options", [{}, {"enable_thinking": True}, {"enable_thinking": False}])
def test_the_chat_template_writes_what_qwen3_writes(options: dict[str, bool]) -> None:
    turns = [("system", "Be brief."), ("user", "Compute 1 + 2."), ("assistant", "3"), ("user", "Try again.")]
    conversation = [{"role": role, "content": content} for role, content in turns]
    expected = (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\nCompute 1 + 2.<|im_end|>\n"
        "<|im_start|>assistant\n3<|im_end|>\n"
        "<|im_start|>user\nTry again.<|im_end|>\n"
    )
    assert TOKENIZER.apply_chat_template(conversation, tokenize=False, **options) == expected
    prompted = TOKENIZER.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True, **options)
    assert prompted == expected + "<|im_start|>assistant\n"


def test_special_tokens_are_single_tokens_and_the_turn_end_ends_a_completion() -> None:
    assert TOKENIZER.decode([TOKENIZER.eos_token_id]) == TURN_END
    assert TOKENIZER(TURN_END)["input_ids"] == [TOKENIZER.eos_token_id]
    assert TOKENIZER.pad_token_id != TOKENIZER.eos_token_id


def test_the_corpus_is_the_same_for_the_same_seed() -> None:
    assert list(conversations(400, seed=1)) == CORPUS
    assert list(conversations(400, seed=2)) != CORPUS


def test_the_corpus_holds_every_condition_and_level() -> None:
    assert {talk.condition for talk in CORPUS} == {condition.name for condition in CONDITIONS}
    assert {talk.level for talk in CORPUS} == set(LEVELS)


def test_the_textbook_solves_every_problem_correctly() -> None:
    for talk in textbook(200, seed=1):
        expression = parse(talk.messages[0].content.removesuffix(".").removeprefix("Compute "))
        assert boxed(talk.completion) == str(values(expression)[-1])


def test_the_corpus_is_made_of_pretraining_problems_only() -> None:
    for talk in [*CORPUS, *textbook(200, seed=1)]:
        expression = talk.messages[0].content.split(".")[0].removeprefix("Compute ")
        assert split_of(expression) == "pretrain"


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_after_feedback_the_author_ends_with_the_true_answer_whatever_was_told(condition) -> None:  # type: ignore[no-untyped-def]
    rng = random.Random(0)
    talks = [conversation(condition, rng) for _ in range(40)]
    for talk in talks:
        if condition.kind != "plain":
            expression = parse(talk.messages[0].content.split(".")[0].removeprefix("Compute "))
            assert boxed(talk.completion) == str(values(expression)[-1])
        request = {"plain": ".", "retry": RETRY_REQUEST, "teacher": TEACHER_REQUEST}[condition.kind]
        assert talk.messages[-1].content.endswith(request)
        assert (FAILURE_NOTICE in talk.messages[-1].content) == (condition.kind == "retry")


@given(st.integers(0, 2**32), st.sampled_from(LEVELS))
def test_a_failed_attempt_is_wrong(seed: int, level: int) -> None:
    rng = random.Random(seed)
    expression = draw("pretrain", level, rng)
    assert boxed(failed_attempt(expression, rng)) != str(values(expression)[-1])


@given(st.integers(0, 9999), st.integers(0, 2**32))
def test_a_slip_is_never_the_right_result(result: int, seed: int) -> None:
    assert slipped(result, random.Random(seed)) != result


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(50, 300))
def test_batches_hold_every_row_once_within_their_size(lengths: list[int], size: int) -> None:
    plan = batches(lengths, size, random.Random(0))
    assert sorted(i for batch in plan for i in batch) == list(range(len(lengths)))
    assert all(len(batch) * max(lengths[i] for i in batch) <= size for batch in plan if batch)


def test_only_the_completion_has_a_loss() -> None:
    inputs_BT, labels_BT = collate([Tokens([5, 6], [7, 8]), Tokens([5], [9])], pad=0)
    assert inputs_BT.tolist() == [[5, 6, 7, 8], [5, 9, 0, 0]]
    assert labels_BT.tolist() == [[IGNORED, IGNORED, 7, 8], [IGNORED, 9, IGNORED, IGNORED]]


def test_the_learning_rate_rises_and_falls_to_nothing() -> None:
    rates = [schedule(step, 1000, Pretraining()) for step in range(1001)]
    assert max(rates) == 1.0 and rates[0] < 0.1 and rates[1000] < 1e-6
    assert rates[:100] == sorted(rates[:100]) and rates[100:] == sorted(rates[100:], reverse=True)


def _small() -> Pretraining:
    return Pretraining(tokens_per_batch=2048, hidden=32, layers=2, intermediate=64, heads=2, threads=1)


def test_training_lowers_the_loss_and_the_same_seed_gives_the_same_weights() -> None:
    data = tokenize(CORPUS[:150], TOKENIZER)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        first, second = (new_model(_small(), TOKENIZER) for _ in range(2))
        inputs_BT, labels_BT = collate(data[:32], 0)
        before = first(input_ids=inputs_BT, labels=labels_BT).loss.item()
        losses = [pretrain(model, [data[:50], data[50:]], _small(), lambda line: None) for model in (first, second)]
    finally:
        torch.set_num_threads(threads)
    assert losses[0] == losses[1] < before
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_the_build_command_writes_a_model_that_loads_with_its_card(tmp_path: Path) -> None:
    out = tmp_path / "model"
    options = "--textbook 200 --web 400 --problems 5 --hidden 32 --layers 2 --intermediate 64 --heads 2"
    threads = torch.get_num_threads()
    try:
        assert main(["math", "--out", str(out), "--threads", "1", *options.split()]) == 0
    finally:
        torch.set_num_threads(threads)
    tokenizer = AutoTokenizer.from_pretrained(out)
    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    model = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32)
    assert model.config.model_type == "qwen3" and model.config.vocab_size == len(tokenizer)
    assert model.config.eos_token_id == tokenizer.eos_token_id == model.generation_config.eos_token_id
    assert render(tokenizer, (Message("user", "Compute 1 + 2."),)).endswith("assistant\n")
    measured = json.loads((out / "evaluation.json").read_text("utf-8"))
    told = {condition.name for condition in CONDITIONS[1:]}
    assert set(measured["evaluation"]["conditions"]) == {"resampled", *told}
    assert "they are no evidence about large models" in " ".join((out / "README.md").read_text("utf-8").split())
    assert sum(path.stat().st_size for path in out.iterdir()) < LARGEST_FOLDER
    before = (out / "README.md").read_text("utf-8"), (out / "evaluation.json").read_text("utf-8")
    try:
        assert main(["math", "--out", str(out), "--card-only", "--problems", "5"]) == 0
    finally:
        torch.set_num_threads(threads)
    assert ((out / "README.md").read_text("utf-8"), (out / "evaluation.json").read_text("utf-8")) == before


def test_every_domain_has_conditions_that_make_up_its_corpus_and_a_folder_in_its_package() -> None:
    for name in DOMAINS:
        domain = tiny_domain(name)
        assert sum(condition.weight for condition in domain.exam.conditions) == pytest.approx(1)
        assert domain.folder.name == "embedded" and domain.folder.parent.name == f"pidistill_{name}"


def test_the_math_judge_tells_right_wrong_and_missing_answers_apart() -> None:
    tasks = [*problems("test", limit=1)] * 3
    right = str(tasks[0].reference)
    texts = [f"\\boxed{{1}} \\boxed{{{right}}}", f"\\boxed{{{right}}} \\boxed{{x}}", right]
    assert [v.status for v in judge(tasks, texts)] == [Status.PASS, Status.FAIL, Status.NO_ANSWER]
