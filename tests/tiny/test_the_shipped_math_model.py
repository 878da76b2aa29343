"""What the weights in the math package are: small, loadable, of the stated accuracy, and able to use feedback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast, Qwen3ForCausalLM

from benchmarks.tiny.build import LARGEST_FOLDER
from benchmarks.tiny.evaluation import Completion, complete, percent
from benchmarks.tiny.math_card import TINY, judge
from pidistill.pi.feedback import FAILURE_NOTICE, retry_messages
from pidistill.records import Message, Messages, Problem
from pidistill_math.arithmetic import LEVELS, MAX_TOKENS, problems

FOLDER: Path = TINY.folder
PROBLEMS: list[Problem] = list(problems("test", limit=200))
PLAIN: list[Messages] = [(Message("user", problem.prompt),) for problem in PROBLEMS]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model() -> Qwen3ForCausalLM:
    loaded = AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32).eval()
    assert isinstance(loaded, Qwen3ForCausalLM)
    return loaded


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    loaded = AutoTokenizer.from_pretrained(FOLDER)
    assert isinstance(loaded, PreTrainedTokenizerFast)
    return loaded


@pytest.fixture(scope="module")
def greedy(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast) -> list[Completion]:
    return complete(model, tokenizer, PLAIN, max_tokens=MAX_TOKENS)


def _passed(greedy: list[Completion]) -> list[bool]:
    return [verdict.passed for verdict in judge(PROBLEMS, [one.text for one in greedy])]


def test_the_folder_is_small_enough_to_ship() -> None:
    assert 0 < sum(path.stat().st_size for path in FOLDER.iterdir()) <= LARGEST_FOLDER


def test_base_accuracy_lies_between_30_and_55_per_cent(greedy: list[Completion]) -> None:
    assert 30 <= percent(_passed(greedy)) <= 55


def test_harder_levels_are_harder(greedy: list[Completion]) -> None:
    passed = _passed(greedy)
    by_level = [percent([ok for p, ok in zip(PROBLEMS, passed, strict=True) if p.level == level]) for level in LEVELS]
    assert by_level[0] >= 75 and by_level[-1] <= 25 and by_level[0] > by_level[2] > by_level[4]


def test_completions_end_by_themselves_and_hold_an_answer(greedy: list[Completion]) -> None:
    assert sum(one.truncated for one in greedy) <= 2
    assert sum("\\boxed{" in one.text for one in greedy) >= 198


def test_a_bare_retry_solves_some_of_what_failed(
    model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, greedy: list[Completion]
) -> None:
    failed = [i for i, ok in enumerate(_passed(greedy)) if not ok]
    prompts = [retry_messages(PLAIN[i], [(greedy[i].text, FAILURE_NOTICE)]) for i in failed]
    again = complete(model, tokenizer, prompts, temperature=0.7, max_tokens=MAX_TOKENS)
    verdicts = judge([PROBLEMS[i] for i in failed], [one.text for one in again])
    assert percent([verdict.passed for verdict in verdicts]) >= 10


def test_the_card_reports_what_the_shipped_weights_do(greedy: list[Completion]) -> None:
    reported = json.loads((FOLDER / "evaluation.json").read_text("utf-8"))["evaluation"]["greedy"]["all"]
    assert abs(reported - percent(_passed(greedy))) <= 8
    assert f"| {reported:.1f} |" in (FOLDER / "README.md").read_text("utf-8")
