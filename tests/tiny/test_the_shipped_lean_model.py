"""What the weights in the Lean package are: small, loadable, of the stated accuracy, and able to use feedback."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast, Qwen3ForCausalLM

from benchmarks.tiny.build import LARGEST_FOLDER
from benchmarks.tiny.evaluation import Completion, complete, percent
from benchmarks.tiny.lean_card import TINY, judge
from benchmarks.tiny.lean_corpus import DOMAIN, verifier
from pidistill.contracts import About, PIForm
from pidistill.errors import VerifierError
from pidistill.pi.feedback import teacher_messages
from pidistill.pi.render import render
from pidistill.records import Messages, Problem, Verdict
from pidistill_lean.domain import LeanDomain
from pidistill_lean.pi import HaveSkeleton, OtherSkeleton
from pidistill_lean.theorems import LEVELS, MAX_TOKENS, problems

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
    except VerifierError as error:
        pytest.skip(f"no Lean here: {error.message}")
    return judge(PROBLEMS, [one.text for one in greedy])


def test_the_folder_is_the_domains_default_and_small_enough_to_ship() -> None:
    default = LeanDomain().embedded()
    assert default is not None and default.model == FOLDER and default.evaluate.seed != 0
    assert 0 < sum(path.stat().st_size for path in FOLDER.iterdir()) <= LARGEST_FOLDER


def test_base_accuracy_lies_between_30_and_55_per_cent(verdicts: list[Verdict]) -> None:
    assert 30 <= percent([verdict.passed for verdict in verdicts]) <= 55


def test_the_hardest_level_is_harder_than_the_easiest(verdicts: list[Verdict]) -> None:
    rates = [
        percent([v.passed for p, v in zip(PROBLEMS, verdicts, strict=True) if p.level == level]) for level in LEVELS
    ]
    assert rates[0] >= rates[-1] + 10


def test_completions_end_by_themselves_and_hold_one_theorem(greedy: list[Completion]) -> None:
    assert sum(one.truncated for one in greedy) <= 4
    assert sum(one.text.startswith("```lean4\ntheorem t") and one.text.endswith("\n```") for one in greedy) >= 196


def test_it_reads_a_skeleton_its_own_and_not_anothers(
    model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, verdicts: list[Verdict]
) -> None:
    failed = [problem for problem, verdict in zip(PROBLEMS, verdicts, strict=True) if not verdict.passed]
    own, other = (prompts_with(form, failed) for form in (HaveSkeleton(), OtherSkeleton()))
    both = [problem for problem in failed if problem.id in own and problem.id in other]

    def rate(asked: Mapping[str, Messages]) -> float:
        made = complete(model, tokenizer, [asked[p.id] for p in both], temperature=0.7, max_tokens=MAX_TOKENS)
        return percent([verdict.passed for verdict in judge(both, [one.text for one in made])])

    assert len(both) >= 20
    assert rate(own) >= rate(other) + 25


def prompts_with(form: PIForm, asked: list[Problem]) -> dict[str, Messages]:
    """Problem id -> the teacher's prompt with `form`, where it has something to say."""
    rng, found = random.Random(0), {}
    for problem in asked:
        pi = render(form, About(problem, problems=PROBLEMS, rng=rng))
        if pi is not None:
            found[problem.id] = teacher_messages(DOMAIN.prompt(problem), pi.text)
    return found


def test_the_card_reports_what_the_shipped_weights_do(verdicts: list[Verdict]) -> None:
    reported = json.loads((FOLDER / "evaluation.json").read_text("utf-8"))["evaluation"]["greedy"]["all"]
    assert abs(reported - percent([verdict.passed for verdict in verdicts])) <= 8
    assert f"| {reported:.1f} |" in (FOLDER / "README.md").read_text("utf-8")
