"""How a freshly built model does, by level and by kind of prompt; the numbers of its card.

A small judge of its own (the last box, compared as text) keeps the build independent of any verifier. For generated
arithmetic it is exact, because every reference is a plain whole number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from pidistill.records import Messages


@dataclass(frozen=True)
class Answer:
    """One completion, judged."""

    completion: str
    passed: bool
    truncated: bool
    tokens: int
    """Completion tokens, the end token included."""


def boxed(completion: str) -> str | None:
    r"""What stands in the last `\boxed{...}`, or None."""
    found: list[str] = re.findall(r"\\boxed\{([^{}]*)\}", completion)
    return found[-1].strip() if found else None


def answer(
    model: Qwen3ForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[Messages],
    references: Sequence[str],
    *,
    temperature: float = 0.0,
    max_tokens: int,
    batch_size: int = 256,
    seed: int = 0,
) -> list[Answer]:
    """One judged completion for each prompt, greedy at temperature 0. Repeatable for the same prompts and seed."""
    torch.manual_seed(seed)
    texts = [render(tokenizer, messages) for messages in prompts]
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    options: dict[str, Any] = {"do_sample": temperature > 0, "max_new_tokens": max_tokens}
    if temperature > 0:
        options |= {"temperature": temperature, "top_k": 0, "top_p": 1.0}
    answers: dict[int, Answer] = {}
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        inputs = tokenizer([texts[i] for i in indices], return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.inference_mode():
            output_BT = model.generate(**inputs, **options)
        for i, row_T in zip(indices, output_BT[:, inputs["input_ids"].shape[1] :].tolist(), strict=True):
            ended = tokenizer.eos_token_id in row_T
            length = row_T.index(tokenizer.eos_token_id) + 1 if ended else len(row_T)
            completion = str(tokenizer.decode(row_T[:length], skip_special_tokens=True))
            answers[i] = Answer(completion, boxed(completion) == references[i], not ended, length)
    return [answers[i] for i in range(len(prompts))]


def render(tokenizer: PreTrainedTokenizerFast, messages: Messages) -> str:
    """The prompt as text, up to where the assistant's turn begins."""
    turns = [{"role": message.role, "content": message.content} for message in messages]
    text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    assert isinstance(text, str)
    return text


def percent(answers: Sequence[Answer]) -> float:
    """Pass rate in per cent, one decimal; 0 for none."""
    return round(100 * sum(a.passed for a in answers) / len(answers), 1) if answers else 0.0
