"""A sum over tokens of anything that is computed from logits, without a `[tokens, vocabulary]` matrix.

`chunked` goes through the tokens a chunk at a time and takes the gradient while the chunk's logits exist. No logits
outlive their chunk and nothing is computed twice, so memory does not grow with tokens x vocabulary and the time is that
of the plain computation. What is computed of a chunk's logits, a divergence, a policy loss, a log-probability, is the
caller's: a `Score`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

FEWEST_ELEMENTS = {"cpu": 2**22, "gpu": 2**25}
"""Logits that a chunk of one side may always have when no chunk size is given: 16 MiB in float32, on a GPU 128."""
MOST_ELEMENTS = {"cpu": 2**25, "gpu": 2**28}
"""And at most. Between the two a chunk has a share of the tokens. Large ones are faster: a product over few tokens
reads the head's weights as often as one over many, and takes half as long again a token with 64 of them on a CPU."""
LEAST_TOKENS = 32
TILE = 128
"""A GPU's matrix product has tiles of so many tokens: of one that is not full, the rest is wasted."""
AUTOGRAD_SHARE = 16
"""One sixteenth of the tokens, where autograd keeps half a dozen matrices a chunk."""

Score = Callable[[Tensor, slice], Tensor]
"""(logits `[n, V]` of a chunk, which tokens these are) -> one number per token `[n]`, float32 at least."""


class Chunked(NamedTuple):
    """What `chunked` gives back."""

    total: Tensor
    """Scalar, sum of weight times score; carries the gradient."""
    per_token_N: Tensor
    """The score of each token, without gradient."""


def chunked(hidden_NH: Tensor, head: nn.Module, weight_N: Tensor, score: Score, chunk_tokens: int = 0) -> Chunked:
    """Weighted sum of `score` over N tokens, equal to the unchunked computation up to rounding.

    Args:
        hidden_NH: hidden states at the positions that predict the tokens; gets a gradient.
        head: hidden states -> logits `[*, V]`; those of its parameters that require one get a gradient.
        weight_N: weight of each token, without gradient.
        score: see `Score`. Whatever else it looks at gets no gradient.
        chunk_tokens: tokens whose logits exist at one time; 0 picks a number from the size of the vocabulary.

    Sums over tokens and, for the head's parameters, over chunks are in float32 at least. The result can be
    differentiated once.
    """
    parameters = [parameter for parameter in head.parameters() if parameter.requires_grad]
    size = chunk_tokens or _chunk_tokens(hidden_NH, head)
    total, per_token_N = _Chunked.apply(hidden_NH, weight_N, head, score, size, *parameters)
    return Chunked(total, per_token_N)


@torch.no_grad()  # type: ignore[untyped-decorator]
def score_only(hidden_NH: Tensor, head: nn.Module, score: Score) -> Tensor:
    """`score` of each token, without a gradient."""
    size = _chunk_tokens(hidden_NH, head)
    pieces = [slice(start, start + size) for start in range(0, len(hidden_NH), size)]
    return torch.cat([score(head(hidden_NH[piece]), piece) for piece in pieces])


def log_probabilities(logits_NV: Tensor, targets_N: Tensor, temperature: float = 1.0) -> Tensor:
    """Log-probability of one token a row, `[N]`, in float32 at least."""
    logits_NV = logits_NV.to(accumulator(logits_NV.dtype)) / temperature
    return logits_NV.gather(-1, targets_N[:, None])[:, 0] - logits_NV.logsumexp(-1)


def accumulator(dtype: torch.dtype) -> torch.dtype:
    """The type to add up in."""
    return torch.promote_types(dtype, torch.float32)


class _Chunked(torch.autograd.Function):  # type: ignore[misc]
    """Value and gradient in one pass: the backward pass only scales what the forward pass has found."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        hidden_NH: Tensor,
        weight_N: Tensor,
        head: nn.Module,
        score: Score,
        chunk_tokens: int,
        *parameters: Tensor,
    ) -> tuple[Tensor, Tensor]:
        needs_hidden = ctx.needs_input_grad[0]
        hidden_grad = torch.empty_like(hidden_NH) if needs_hidden else None
        head_grads = [torch.zeros_like(p, dtype=accumulator(p.dtype)) for p in parameters]
        per_token_N = hidden_NH.new_empty(len(hidden_NH), dtype=accumulator(hidden_NH.dtype))
        for start in range(0, len(hidden_NH), chunk_tokens):
            chunk = slice(start, start + chunk_tokens)
            with torch.enable_grad():
                hidden = hidden_NH[chunk].detach().requires_grad_(needs_hidden)
                values = score(head(hidden), chunk)
                total = values @ weight_N[chunk].to(values.dtype)
            per_token_N[chunk] = values.detach()
            if wanted := [*([hidden] if needs_hidden else []), *parameters]:
                grads = list(torch.autograd.grad(total, wanted))
                if hidden_grad is not None:
                    hidden_grad[chunk] = grads.pop(0)
                for sum_, grad in zip(head_grads, grads, strict=True):
                    sum_ += grad
        ctx.save_for_backward(hidden_grad, *(g.to(p.dtype) for g, p in zip(head_grads, parameters, strict=True)))
        ctx.mark_non_differentiable(per_token_N)
        return per_token_N @ weight_N.to(per_token_N.dtype), per_token_N

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: FunctionCtx, total_grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        hidden_grad, *head_grads = scaled(ctx.saved_tensors, total_grad)
        return (hidden_grad, None, None, None, None, *head_grads)


def scaled(gradients: Sequence[Tensor | None], by: Tensor) -> list[Tensor | None]:
    """Gradients times a scalar. Where that is 1 they stay what they are: one of a head's size is not copied."""
    if bool(by == 1):
        return list(gradients)
    return [None if gradient is None else gradient * by.to(gradient.dtype) for gradient in gradients]


def chunk_size(device: torch.device, tokens: int, vocabulary: int, share: int) -> int:
    """Tokens per chunk when no size is given: one of `share` parts, within limits, all of like size."""
    kind = "cpu" if device.type == "cpu" else "gpu"
    fewest, most = FEWEST_ELEMENTS[kind] // vocabulary, MOST_ELEMENTS[kind] // vocabulary
    size = max(LEAST_TOKENS, min(most, max(fewest, -(-tokens // share))))
    size = -(-tokens // max(1, -(-tokens // size))) or 1
    return size if kind == "cpu" else -(-size // TILE) * TILE


def _chunk_tokens(hidden_NH: Tensor, head: nn.Module) -> int:
    if not len(hidden_NH):
        return 1
    with torch.no_grad():
        vocabulary = int(head(hidden_NH[:1]).shape[-1])
    return chunk_size(hidden_NH.device, len(hidden_NH), vocabulary, AUTOGRAD_SHARE)
