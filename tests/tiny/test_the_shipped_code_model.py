"""What the weights in the code package are: small, loadable, of the stated accuracy, and able to use feedback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast, Qwen3ForCausalLM

from benchmarks.tiny.build import LARGEST_FOLDER
from benchmarks.tiny.code_card import TINY, judge
from benchmarks.tiny.code_corpus import DOMAIN, verifier
from benchmarks.tiny.evaluation import Completion, complete, percent
from pidistill.errors import SandboxError
from pidistill.pi.feedback import FAILURE_NOTICE, retry_messages
from pidistill.records import Messages, Problem, Verdict
from pidistill_code.domain import CodeDomain
from pidistill_code.function_tasks import LEVELS
from pidistill_code.functions import MAX_TOKENS, problems

FOLDER: Path = TINY.folder
PROBLEMS: list[Problem] = list(problems("test", limit=200))
PLAIN: list[Messages] = [DOMAIN.prompt(problem) for problem in PROBLEMS]


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


@pytest.fixture(scope="module")
def verdicts(greedy: list[Completion]) -> list[Verdict]:
    try:
        verifier()
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error.message}")
    return judge(PROBLEMS, [one.text for one in greedy])


def test_the_folder_is_the_domains_default_and_small_enough_to_ship() -> None:
    default = CodeDomain().embedded()
    assert default is not None and default.model == FOLDER and default.evaluate.seed != 0
    assert 0 < sum(path.stat().st_size for path in FOLDER.iterdir()) <= LARGEST_FOLDER


def test_base_accuracy_lies_between_30_and_55_per_cent(verdicts: list[Verdict]) -> None:
    assert 30 <= percent([verdict.passed for verdict in verdicts]) <= 55


def test_the_hardest_level_is_much_harder_than_the_easiest(verdicts: list[Verdict]) -> None:
    rates = [
        percent([v.passed for p, v in zip(PROBLEMS, verdicts, strict=True) if p.level == level]) for level in LEVELS
    ]
    assert rates[0] >= 75 and rates[-1] <= 35 and rates[0] > rates[2] > rates[4]


def test_completions_end_by_themselves_and_hold_one_function(greedy: list[Completion]) -> None:
    assert sum(one.truncated for one in greedy) <= 4
    assert sum(one.text.startswith("```python\ndef f(x") and one.text.endswith("\n```") for one in greedy) >= 196


def test_a_bare_retry_solves_much_of_what_failed(
    model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, greedy: list[Completion], verdicts: list[Verdict]
) -> None:
    failed = [i for i, verdict in enumerate(verdicts) if not verdict.passed]
    prompts = [retry_messages(PLAIN[i], [(greedy[i].text, FAILURE_NOTICE)]) for i in failed]
    tasks = [PROBLEMS[i] for i in failed]

    def rate(asked: list[Messages]) -> float:
        made = complete(model, tokenizer, asked, temperature=0.7, max_tokens=MAX_TOKENS)
        return percent([verdict.passed for verdict in judge(tasks, [one.text for one in made])])

    assert rate(prompts) >= rate([PLAIN[i] for i in failed]) + 10


def test_the_card_reports_what_the_shipped_weights_do(verdicts: list[Verdict]) -> None:
    reported = json.loads((FOLDER / "evaluation.json").read_text("utf-8"))["evaluation"]["greedy"]["all"]
    assert abs(reported - percent([verdict.passed for verdict in verdicts])) <= 8
    assert f"| {reported:.1f} |" in (FOLDER / "README.md").read_text("utf-8")
