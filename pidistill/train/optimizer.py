"""AdamW's settings and the learning-rate schedule, as pure functions of the configuration.

The learning rate is a function of the step number, not the state of a scheduler object, so a resumed job stands where
its predecessor stopped. The formulas are those of `transformers.get_scheduler`, which the SFT objective goes through.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn

from pidistill.config import TrainConfig

BETAS, EPS = (0.9, 0.999), 1e-8


def learning_rate(config: TrainConfig, step: int, total: int) -> float:
    """Learning rate of optimizer step number `step` (0 is the first) out of `total`."""
    if step < config.warmup_steps:
        return config.lr * step / config.warmup_steps
    done = (step - config.warmup_steps) / max(1, total - config.warmup_steps)
    match config.schedule:
        case "constant":
            return config.lr
        case "linear":
            return config.lr * max(0.0, 1.0 - done)
        case "cosine":
            return config.lr * max(0.0, 0.5 * (1.0 + math.cos(math.pi * done)))


def adamw(config: TrainConfig, parameters: Iterable[nn.Parameter]) -> torch.optim.AdamW:
    """AdamW over `parameters`; its learning rate is set before every step."""
    return torch.optim.AdamW(parameters, lr=config.lr, betas=BETAS, eps=EPS, weight_decay=config.weight_decay)
