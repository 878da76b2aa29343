"""Completions of a freshly built model, greedy or sampled. Who judges them is the domain's business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from pidistill.records import Messages


@dataclass(frozen=True)
class Completion:
    """What the model wrote."""

    text: str
    truncated: bool
    tokens: int
    """The end token included."""


def complete(
    model: Qwen3ForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[Messages],
    *,
    temperature: float = 0.0,
    max_tokens: int,
    batch_size: int = 256,
    seed: int = 0,
) -> list[Completion]:
    """One completion for each prompt, greedy at temperature 0. Repeatable for the same prompts and seed."""
    torch.manual_seed(seed)
    texts = [render(tokenizer, messages) for messages in prompts]
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    options: dict[str, Any] = {"do_sample": temperature > 0, "max_new_tokens": max_tokens}
    if temperature > 0:
        options |= {"temperature": temperature, "top_k": 0, "top_p": 1.0}
    made: dict[int, Completion] = {}
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        inputs = tokenizer([texts[i] for i in indices], return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.inference_mode():
            output_BT = model.generate(**inputs, **options)
        for i, row_T in zip(indices, output_BT[:, inputs["input_ids"].shape[1] :].tolist(), strict=True):
            ended = tokenizer.eos_token_id in row_T
            length = row_T.index(tokenizer.eos_token_id) + 1 if ended else len(row_T)
            text = str(tokenizer.decode(row_T[:length], skip_special_tokens=True))
            made[i] = Completion(text, not ended, length)
    return [made[i] for i in range(len(prompts))]


def render(tokenizer: PreTrainedTokenizerFast, messages: Messages) -> str:
    """The prompt as text, up to where the assistant's turn begins."""
    turns = [{"role": message.role, "content": message.content} for message in messages]
    text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    assert isinstance(text, str)
    return text


def percent(passed: Sequence[bool]) -> float:
    """Pass rate in per cent, one decimal; 0 for none."""
    return round(100 * sum(passed) / len(passed), 1) if passed else 0.0
