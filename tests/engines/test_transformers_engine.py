"""The transformers engine: its sampling is right, reproducible, and does not depend on the batch."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest
import torch
from scipy.stats import chisquare

from pidistill.config import EngineConfig
from pidistill.contracts import Engine, Generation, Request
from pidistill.engines import chat, loading
from pidistill.engines.transformers_engine import TransformersEngine
from pidistill.errors import EngineError, UsageError
from pidistill.records import Message, ModelRef, Sampling
from small_models import ARCHITECTURES

CONFIG = EngineConfig(batch_size=64, dtype="float32", device="cpu")


def _request(text: str = "What is 1 + 1?", **sampling: float) -> Request:
    defaults = {"temperature": 1.0, "max_tokens": 24}
    return Request((Message("user", text),), Sampling(**{**defaults, **sampling}))  # type: ignore[arg-type]


def _all(engine: TransformersEngine, requests: list[Request]) -> list[Generation]:
    made = dict(pair for batch in engine.generate(requests) for pair in batch)
    assert sorted(made) == list(range(len(requests)))
    return [made[index] for index in range(len(requests))]


def _mixed(count: int) -> list[Request]:
    """Requests of many prompt lengths, limits and sampling settings."""
    settings = itertools.cycle([(0.0, 1.0, 0), (1.0, 1.0, 0), (0.7, 0.9, 0), (1.3, 1.0, 20), (0.0, 1.0, 0)])
    return [
        _request(
            "1 + " * (index * 7 % 23) + "1", temperature=t, top_p=p, top_k=k, max_tokens=8 + index % 17, seed=index
        )
        for index, (t, p, k) in zip(range(count), settings, strict=False)
    ]


@pytest.fixture(scope="module")
def engine(ref: ModelRef) -> TransformersEngine:
    return TransformersEngine(ref, CONFIG)


def test_it_is_an_engine(engine: TransformersEngine, ref: ModelRef) -> None:
    assert isinstance(engine, Engine)
    assert engine.model == ref


def test_the_same_requests_give_the_same_generations(engine: TransformersEngine) -> None:
    assert _all(engine, _mixed(40)) == _all(engine, _mixed(40))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_generation_does_not_depend_on_its_batch(folders: dict[str, Path], architecture: str) -> None:
    """Alone and in a batch of 60 with prompts of other lengths and rows that leave early."""
    engine = TransformersEngine(loading.resolve_model(str(folders[architecture])), CONFIG)
    requests = _mixed(60)
    together = _all(engine, requests)
    alone = [_all(engine, [request])[0] for request in requests]
    same = [(a, b) for a, b in zip(together, alone, strict=True) if a.token_ids == b.token_ids]
    assert len(same) >= 59
    for a, b in same:
        assert a.logprobs == pytest.approx(b.logprobs, abs=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_logprobs_are_those_of_a_teacher_forced_pass(folders: dict[str, Path], architecture: str) -> None:
    """At temperature 1 and unfiltered, whatever the sampling was."""
    ref = loading.resolve_model(str(folders[architecture]))
    engine = TransformersEngine(ref, CONFIG)
    model = loading.load_model(ref, "float32", "cpu")
    tokenizer = chat.load_tokenizer(ref)
    requests = _mixed(20)
    for request, made in zip(requests, _all(engine, requests), strict=True):
        prompt = chat.render_prompt(tokenizer, request.messages, {})
        assert made.prompt_tokens == len(prompt)
        with torch.inference_mode():
            logits_TV = model(input_ids=torch.tensor([[*prompt, *made.token_ids]])).logits[0, len(prompt) - 1 : -1]
        expected_T = logits_TV.log_softmax(-1).gather(-1, torch.tensor(made.token_ids)[:, None]).squeeze(-1)
        assert made.logprobs == pytest.approx(expected_T.tolist(), abs=1e-4)


def test_greedy_takes_the_most_probable_token(engine: TransformersEngine, ref: ModelRef) -> None:
    request = _request(temperature=0.0, max_tokens=12)
    (made,) = _all(engine, [request])
    model = loading.load_model(ref, "float32", "cpu")
    ids = chat.render_prompt(chat.load_tokenizer(ref), request.messages, {})
    for token in made.token_ids:
        with torch.inference_mode():
            assert model(input_ids=torch.tensor([ids])).logits[0, -1].argmax().item() == token
        ids.append(token)


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"), [(1.0, 0, 1.0), (0.6, 0, 1.0), (1.0, 12, 1.0), (1.2, 0, 0.8), (0.8, 30, 0.7)]
)
def test_first_tokens_follow_the_filtered_softmax(
    engine: TransformersEngine, ref: ModelRef, temperature: float, top_k: int, top_p: float
) -> None:
    draws = 3000
    requests = [
        _request(temperature=temperature, top_k=top_k, top_p=top_p, max_tokens=1, seed=seed) for seed in range(draws)
    ]
    counts = Counter(made.token_ids[0] for made in _all(engine, requests))
    prompt = chat.render_prompt(chat.load_tokenizer(ref), requests[0].messages, {})
    with torch.inference_mode():
        logits_V = loading.load_model(ref, "float32", "cpu")(input_ids=torch.tensor([prompt])).logits[0, -1]
    expected = _filtered(logits_V.double() / temperature, top_k, top_p)
    assert set(counts) <= set(expected)
    likely = [token for token, share in expected.items() if share * draws >= 5]
    observed = [counts[token] for token in likely]
    wanted = [expected[token] * draws for token in likely]
    if (rest := draws - sum(wanted)) > 5:
        observed.append(draws - sum(observed))
        wanted.append(rest)
    assert chisquare(observed, [w * sum(observed) / sum(wanted) for w in wanted]).pvalue > 1e-3


def _filtered(logits_V: torch.Tensor, top_k: int, top_p: float) -> dict[int, float]:
    """Token -> probability, written independently of the engine: one token after the other."""
    ranked = sorted(enumerate(logits_V.softmax(0).tolist()), key=lambda pair: -pair[1])
    ranked = ranked[: top_k or None]
    total = sum(share for _, share in ranked)
    kept, mass = [], 0.0
    for token, share in ranked:
        if mass >= top_p and top_p < 1:
            break
        kept.append((token, share))
        mass += share / total
    total = sum(share for _, share in kept)
    return {token: share / total for token, share in kept}


def test_tokens_of_one_stream_are_independent_of_each_other(engine: TransformersEngine) -> None:
    """The uniform numbers of 400 seeds at steps 0, 63, 64 and 127 (a block's ends) are uniform and uncorrelated."""
    from pidistill.engines.sampling import Sampler

    sampler = Sampler([Sampling(1.0, seed=seed) for seed in range(400)], torch.device("cpu"))
    drawn = torch.stack([sampler._uniforms() for _ in range(128)])
    for step in (0, 63, 64, 127):
        assert chisquare(torch.histc(drawn[step].float(), 10, 0, 1).numpy()).pvalue > 1e-3
    assert torch.corrcoef(drawn[[0, 63, 64, 127]]).fill_diagonal_(0).abs().max() < 0.2


def test_other_seeds_give_other_completions(engine: TransformersEngine) -> None:
    made = _all(engine, [_request(seed=seed) for seed in [0, 1, 2**31, 2**32, 2**63, -1, 2**64 + 5, 5]])
    assert len({m.token_ids for m in made[:-1]}) == 7
    assert made[-1] == made[-2], "seeds count modulo 2**64"


def test_end_tokens_are_kept_in_the_ids_and_not_in_the_text(engine: TransformersEngine) -> None:
    made = _all(engine, [_request(max_tokens=120, temperature=1.5, seed=seed) for seed in range(200)])
    end = chat.turn_end_id(engine._tokenizer)
    ended = [m for m in made if not m.truncated]
    assert len(ended) > 20
    for m in ended:
        assert m.token_ids[-1] == end
        assert end not in m.token_ids[:-1]
        assert "<|im_end|>" not in m.completion
        assert len(m.logprobs) == len(m.token_ids)
    for m in made:
        if m.truncated:
            assert len(m.token_ids) == 120
            assert end not in m.token_ids


def test_a_completion_that_ends_on_its_last_token_is_not_truncated(engine: TransformersEngine) -> None:
    made = _all(engine, [_request(max_tokens=120, temperature=1.5, seed=seed) for seed in range(40)])
    seed, ended = next((seed, m) for seed, m in enumerate(made) if not m.truncated)
    length = len(ended.token_ids)
    exact, short = _all(
        engine, [_request(max_tokens=limit, temperature=1.5, seed=seed) for limit in (length, length - 1)]
    )
    assert exact.token_ids == ended.token_ids
    assert not exact.truncated
    assert short.truncated
    assert short.token_ids == ended.token_ids[:-1]


def test_prompts_that_fill_the_window_come_back_empty_and_truncated(engine: TransformersEngine) -> None:
    long, near, short = _all(engine, [_request("1" * 600), _request("1" * 490), _request()])
    assert (long.token_ids, long.truncated, long.completion) == ((), True, "")
    assert 0 < len(near.token_ids) < 24
    assert near.truncated
    assert near.prompt_tokens + len(near.token_ids) == 512
    assert len(short.token_ids) == 24


def test_rendered_prompts_are_taken_as_they_are(engine: TransformersEngine, ref: ModelRef) -> None:
    plain = _request(seed=3)
    ids = chat.render_prompt(chat.load_tokenizer(ref), plain.messages, {"enable_thinking": False})
    rendered = Request(plain.messages, plain.sampling, tuple(ids))
    made = _all(engine, [plain, rendered])
    assert made[1].prompt_tokens == len(ids) == made[0].prompt_tokens + 6
    assert made[0].token_ids != made[1].token_ids


def test_chat_options_of_the_model_reach_the_prompt(ref: ModelRef) -> None:
    engine = TransformersEngine(ref, CONFIG)
    before = _all(engine, [_request()])[0].prompt_tokens
    engine.refresh(loading.with_chat(ref, {"enable_thinking": False}))
    assert _all(engine, [_request()])[0].prompt_tokens == before + 6


def test_a_long_batch_tells_of_its_tokens_while_it_is_under_way(ref: ModelRef) -> None:
    told: list[int] = []
    engine = TransformersEngine(ref, CONFIG)
    batches = list(engine.generate([_request(max_tokens=4), _request(max_tokens=6)], told.append))
    made = [generation for batch in batches for _, generation in batch]
    assert len(told) >= 4 and sum(told) == sum(len(generation.token_ids) for generation in made)


def test_refreshing_adapters_and_weights_changes_and_restores_generations(
    ref: ModelRef, adapted: ModelRef, folders: dict[str, Path]
) -> None:
    other = loading.resolve_model(str(folders["other"]))
    llama = loading.resolve_model(str(folders["llama"]))
    requests = _mixed(8)
    engine = TransformersEngine(ref, CONFIG)
    made = {}
    for turn in (ref, adapted, other, llama, adapted, ref):
        engine.refresh(turn)
        assert engine.model == turn
        now = [m.token_ids for m in _all(engine, requests)]
        assert made.setdefault(turn.revision, now) == now
        assert now == [m.token_ids for m in _all(TransformersEngine(turn, CONFIG), requests)]
    assert len({str(m) for m in made.values()}) == 4


def test_global_random_state_is_left_alone(engine: TransformersEngine) -> None:
    before = torch.get_rng_state()
    _all(engine, [_request()])
    assert torch.equal(torch.get_rng_state(), before)


def test_gradients_are_on_again_between_generations(engine: TransformersEngine) -> None:
    for _ in engine.generate([_request(max_tokens=n) for n in (1, 2, 3)]):
        assert not torch.is_inference_mode_enabled()
        assert torch.is_grad_enabled()


def test_a_closed_engine_says_so(ref: ModelRef) -> None:
    engine = TransformersEngine(ref, CONFIG)
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        next(engine.generate([_request()]))


def test_unknown_options_are_refused(ref: ModelRef) -> None:
    with pytest.raises(UsageError, match="max_model_len"):
        TransformersEngine(ref, EngineConfig(options={"max_model_len": 5}))
