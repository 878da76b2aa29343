"""Divergence between a teacher's and a student's next-token distributions: the only place where it is defined.

`TokenDivergence` is the definition: fKL, rKL or JSD_b of two rows of logits over the full vocabulary, one number per
token. `chunked_divergence` is how it is computed for training: from the hidden states below the output heads, a chunk
of tokens at a time, with the gradient taken while the chunk's logits exist. No `[tokens, vocabulary]` matrix of
either side outlives its chunk and nothing is computed twice, so memory does not grow with tokens x vocabulary and the
time is that of the plain computation.

What counts how much is the caller's `weight_N`: 1/N for a token mean, 1/(sequences * length) for a sequence mean, times
any weight of an example. A different support, a clip per token or a fused kernel is a different `per_token`; nothing
else here depends on the formula. Where the hidden states come from is `scoring`'s business.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

if TYPE_CHECKING:
    from pidistill.config import TrainConfig

CHUNK_ELEMENTS = {"cpu": 2**22, "gpu": 2**25}
"""Logits per chunk and side when no chunk size is given: 16 MiB in float32, or 128 MiB, which keeps a GPU busy. Four
times as many where the head is trained, since each chunk then adds up a gradient of the head's size."""


@dataclass(frozen=True)
class TokenDivergence:
    """Which divergence, with T the teacher's distribution and S the student's, both at `temperature`.

    fkl: KL(T||S). rkl: KL(S||T). jsd: beta KL(T||M) + (1 - beta) KL(S||M) with M = beta T + (1 - beta) S; at beta = 0
    and 1, where that is zero, KL(T||S) and KL(S||T): the limits of JSD_beta / beta and JSD_beta / (1 - beta). Logits
    are divided by `temperature` and the result is not multiplied by its square. In nats.
    """

    kind: Literal["fkl", "rkl", "jsd"] = "fkl"
    beta: float = 0.5
    temperature: float = 1.0

    @classmethod
    def from_config(cls, config: TrainConfig) -> TokenDivergence:
        """The divergence that a `[train]` table asks for."""
        return cls(config.divergence, config.jsd_beta, config.distill_temperature)

    def per_token(self, student_logits_NV: Tensor, teacher_logits_NV: Tensor) -> Tensor:
        """Divergence at each of N positions, shape `[N]`, in float32 or in the logits' own type if that is wider.

        Differentiable in both arguments; who must not get a gradient is detached by the caller. Logits are finite.
        """
        log_s, log_t = self._log_softmax(student_logits_NV), self._log_softmax(teacher_logits_NV)
        if self.kind == "fkl" or (self.kind == "jsd" and self.beta == 0):
            return _kl(log_t, log_s)
        if self.kind == "rkl" or (self.kind == "jsd" and self.beta == 1):
            return _kl(log_s, log_t)
        log_m = torch.logaddexp(log_t + math.log(self.beta), log_s + math.log1p(-self.beta))
        return self.beta * _kl(log_t, log_m) + (1 - self.beta) * _kl(log_s, log_m)

    def _log_softmax(self, logits_NV: Tensor) -> Tensor:
        logits_NV = logits_NV.to(torch.promote_types(logits_NV.dtype, torch.float32))
        if self.temperature != 1:
            logits_NV = logits_NV / self.temperature
        return logits_NV.log_softmax(-1)


def _kl(log_p_NV: Tensor, log_q_NV: Tensor) -> Tensor:
    """KL(P||Q) by row."""
    return (log_p_NV.exp() * (log_p_NV - log_q_NV)).sum(-1)


class Side(NamedTuple):
    """One model's view of the N completion tokens."""

    hidden_NH: Tensor
    """Hidden states at the positions that predict the tokens."""
    head: nn.Module
    """Hidden states -> logits `[*, V]`."""


class Divergence(NamedTuple):
    """What `chunked_divergence` gives back."""

    total: Tensor
    """Scalar, sum of weight times divergence; carries the student's gradient."""
    per_token_N: Tensor
    """The divergence of each token, without gradient."""


def chunked_divergence(
    divergence: TokenDivergence, student: Side, teacher: Side, weight_N: Tensor, chunk_tokens: int = 0
) -> Divergence:
    """Weighted sum of the divergence over N tokens, equal to the unchunked computation up to rounding.

    Args:
        divergence: what is computed.
        student: gets gradients, in its hidden states and in those parameters of its head that require them.
        teacher: gets none, whatever it requires. Its hidden size may differ from the student's, its vocabulary not.
        weight_N: weight of each token, without gradient.
        chunk_tokens: tokens whose logits exist at one time; 0 picks a number from the size of the vocabulary.

    Sums over the vocabulary, over tokens and, for the head's parameters, over chunks are in float32 at least. The
    result can be differentiated once.
    """
    if not len(student.hidden_NH) == len(teacher.hidden_NH) == len(weight_N):
        raise ValueError(
            f"student, teacher and weights must cover the same tokens, got {len(student.hidden_NH)}, "
            f"{len(teacher.hidden_NH)} and {len(weight_N)}"
        )
    parameters = [parameter for parameter in student.head.parameters() if parameter.requires_grad]
    chunk_tokens = chunk_tokens or _chunk_tokens(teacher, head_trained=bool(parameters))
    total, per_token_N = _ChunkedDivergence.apply(
        student.hidden_NH,
        teacher.hidden_NH,
        weight_N,
        student.head,
        teacher.head,
        divergence,
        chunk_tokens,
        *parameters,
    )
    return Divergence(total, per_token_N)


class _ChunkedDivergence(torch.autograd.Function):  # type: ignore[misc]
    """Value and gradient in one pass: the backward pass only scales what the forward pass has found."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        hidden_NH: Tensor,
        teacher_hidden_NH: Tensor,
        weight_N: Tensor,
        head: nn.Module,
        teacher_head: nn.Module,
        divergence: TokenDivergence,
        chunk_tokens: int,
        *parameters: Tensor,
    ) -> tuple[Tensor, Tensor]:
        needs_hidden = ctx.needs_input_grad[0]
        hidden_grad = torch.empty_like(hidden_NH) if needs_hidden else None
        head_grads = [torch.zeros_like(p, dtype=_accumulator(p.dtype)) for p in parameters]
        per_token_N = hidden_NH.new_empty(len(hidden_NH), dtype=_accumulator(hidden_NH.dtype))
        for start in range(0, len(hidden_NH), chunk_tokens):
            chunk = slice(start, start + chunk_tokens)
            teacher_logits = teacher_head(teacher_hidden_NH[chunk])
            with torch.enable_grad():
                hidden = hidden_NH[chunk].detach().requires_grad_(needs_hidden)
                values = divergence.per_token(head(hidden), teacher_logits)
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
        hidden_grad, *head_grads = ctx.saved_tensors
        scaled = [None if g is None else g * total_grad.to(g.dtype) for g in (hidden_grad, *head_grads)]
        return (scaled[0], None, None, None, None, None, None, *scaled[1:])


def _chunk_tokens(teacher: Side, *, head_trained: bool) -> int:
    """Tokens per chunk that keep one side's logits at `CHUNK_ELEMENTS`."""
    if not len(teacher.hidden_NH):
        return 1
    with torch.no_grad():
        vocabulary = int(teacher.head(teacher.hidden_NH[:1]).shape[-1])
    elements = CHUNK_ELEMENTS["cpu" if teacher.hidden_NH.device.type == "cpu" else "gpu"]
    return max(32, elements * (4 if head_trained else 1) // vocabulary)


def _accumulator(dtype: torch.dtype) -> torch.dtype:
    return torch.promote_types(dtype, torch.float32)
