"""Pretraining of a tiny Qwen3 from scratch: one plain loop, Muon and AdamW, cosine schedule, batches of even length.

The loss is on the completion and its end token only. Conversations of nearly the same length share a batch, padded on
the right behind the causal mask, so that no attention mask is needed and little is wasted. Deterministic for a seed and
a number of threads. What the conversations say is the corpus module's business.

Muon (orthogonalised momentum) for the matrices, AdamW for embeddings and norms: together they need fewer tokens than
AdamW alone, and tokens are what two CPU cores are short of.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

IGNORED = -100
"""Label of a token without loss, as torch's cross-entropy has it."""


@dataclass(frozen=True)
class Pretraining:
    """Settings of one build. They are written into the model's card."""

    textbook: int = 75_000
    """Conversations of the first phase, each seen once."""
    web: int = 25_000
    """Conversations of the second phase, each seen once."""
    tokens_per_batch: int = 3072
    """Padding included."""
    lr: float = 3e-3
    """Peak learning rate of AdamW, for embeddings and norms."""
    muon_lr: float = 0.02
    """Peak learning rate of Muon, for all other matrices."""
    warmup_steps: int = 100
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    vocabulary: int = 512
    hidden: int = 128
    layers: int = 4
    intermediate: int = 512
    heads: int = 4
    kv_heads: int = 2
    seed: int = 0
    threads: int = 1
    """torch threads. Another number gives other roundings, and so slightly other weights."""


@dataclass(frozen=True)
class Tokens:
    """One conversation in tokens: the rendered prompt, then the completion with its end token."""

    prompt: list[int]
    completion: list[int]

    def __len__(self) -> int:
        return len(self.prompt) + len(self.completion)


def new_model(settings: Pretraining, tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """An untrained float32 model for `tokenizer`."""
    torch.manual_seed(settings.seed)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden,
        num_hidden_layers=settings.layers,
        intermediate_size=settings.intermediate,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.kv_heads,
        head_dim=settings.hidden // settings.heads,
        tie_word_embeddings=True,
        max_position_embeddings=1024,
        initializer_range=0.02,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Qwen3ForCausalLM(config)


def pretrain(
    model: Qwen3ForCausalLM,
    phases: Sequence[Sequence[Tokens]],
    settings: Pretraining,
    progress: Callable[[str], None] = print,
) -> float:
    """Train `model` in place on one pass over each phase in turn, under one schedule.

    Returns the mean loss (nats per token) of the last 100 steps.
    """
    rng = random.Random(settings.seed)
    plan = [
        [phase[i] for i in indices]
        for phase in phases
        for indices in batches([len(tokens) for tokens in phase], settings.tokens_per_batch, rng)
    ]
    optimizers = make_optimizers(model, settings)
    schedulers = [
        torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: schedule(step, len(plan), settings))
        for optimizer in optimizers
    ]
    model.train()
    losses: list[float] = []
    start = time.perf_counter()
    for step, rows in enumerate(plan, 1):
        inputs_BT, labels_BT = collate(rows, model.config.pad_token_id)
        loss = model(input_ids=inputs_BT, labels=labels_BT, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
        for optimizer, scheduler in zip(optimizers, schedulers, strict=True):
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
        losses.append(loss.item())
        if step % 100 == 0 or step == len(plan):
            recent = sum(losses[-100:]) / len(losses[-100:])
            progress(f"step {step}/{len(plan)}  loss {recent:.4f}  {time.perf_counter() - start:.0f} s")
    model.eval()
    return sum(losses[-100:]) / len(losses[-100:])


def make_optimizers(model: Qwen3ForCausalLM, settings: Pretraining) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for the rest."""
    inner = [p for p in model.model.layers.parameters() if p.dim() == 2]
    chosen = {id(p) for p in inner}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(inner, lr=settings.muon_lr, weight_decay=settings.weight_decay),
        torch.optim.AdamW(rest, lr=settings.lr, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
    ]


def schedule(step: int, steps: int, settings: Pretraining) -> float:
    """Share of the peak learning rate: linear warm-up, then a cosine down to zero."""
    warmup = min(settings.warmup_steps, steps // 10 + 1)
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def batches(lengths: Sequence[int], tokens_per_batch: int, rng: random.Random) -> list[list[int]]:
    """Every index once, in batches of similar length whose padded size is at most `tokens_per_batch`, shuffled."""
    order = sorted(range(len(lengths)), key=lambda i: (lengths[i], rng.random()))
    plan: list[list[int]] = [[]]
    for i in order:
        if plan[-1] and (len(plan[-1]) + 1) * lengths[i] > tokens_per_batch:
            plan.append([])
        plan[-1].append(i)
    rng.shuffle(plan)
    return plan


def collate(rows: Sequence[Tokens], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(inputs, labels), both [batch, longest row], int64, padded on the right; prompt and padding have no loss."""
    longest = max(map(len, rows))
    inputs_BT = torch.full((len(rows), longest), pad)
    labels_BT = torch.full((len(rows), longest), IGNORED)
    for row, tokens in enumerate(rows):
        inputs_BT[row, : len(tokens)] = torch.tensor(tokens.prompt + tokens.completion)
        labels_BT[row, len(tokens.prompt) : len(tokens)] = torch.tensor(tokens.completion)
    return inputs_BT, labels_BT
