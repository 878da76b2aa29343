"""Divergence between a teacher's and a student's next-token distributions: the only place where it is defined.

`TokenDivergence` is the definition, one number per token:

    divergence   fKL, rKL or JSD_b
    support      the full vocabulary; the k likeliest tokens of either side and one bucket for all others; or the
                 sampled token alone, an estimate of rKL: over samples, its mean and its mean gradient are those of rKL
    floor        log T - log S, where the student's token is one that the teacher all but forbids, counts no lower
    clip         and no token counts for more than this

`chunked_divergence` computes it for training, from the hidden states below the output heads: over the full vocabulary
in closed form (`closed`), on other supports by autograd a chunk at a time (`chunked`). What counts
how much is the caller's `weight_N`. Where the hidden states come from is `scoring`'s business.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
from torch import Tensor, nn

from pidistill.train.chunked import Chunked, chunked, log_probabilities
from pidistill.train.closed import closed_divergence

if TYPE_CHECKING:
    from pidistill.config import TrainConfig


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
    support: Literal["full", "top-k", "sampled"] = "full"
    top_k: int = 64
    """Tokens of their own with top-k; the rest is one bucket."""
    top_k_of: Literal["teacher", "student"] = "teacher"
    """Whose likeliest tokens these are."""
    floor: float = -math.inf
    """Lowest log-ratio log T - log S; not for jsd, which is bounded."""
    clip: float = math.inf
    """Most that a token may count, up or down. Beyond it a token has no gradient, but with `sampled` a bounded one."""

    @classmethod
    def from_config(cls, config: TrainConfig) -> TokenDivergence:
        """The divergence that a `[train]` table asks for."""
        return cls(
            config.divergence, config.jsd_beta, config.distill_temperature, config.support, config.top_k,
            config.top_k_of, config.log_ratio_floor or -math.inf, config.token_clip or math.inf,
        )  # fmt: skip

    def per_token(
        self, student_logits_NV: Tensor, teacher_logits_NV: Tensor, targets_N: Tensor | None = None
    ) -> Tensor:
        """Divergence at each of N positions, shape `[N]`, in float32 or in the logits' own type if that is wider.

        `targets_N` are the sampled tokens, which only the support `sampled` looks at. Differentiable in both arguments;
        who must not get a gradient is detached by the caller. Logits are finite.
        """
        log_s, log_t = self._log_softmax(student_logits_NV), self._log_softmax(teacher_logits_NV)
        if self.support == "sampled":
            assert targets_N is not None, "the support `sampled` is about the sampled tokens"
            return self._sampled(*(log_p.gather(-1, targets_N[:, None])[:, 0] for log_p in (log_s, log_t)))
        if self.support == "top-k":
            log_s, log_t = self._bucketed(log_s, log_t)
        return self._divergence(log_s, log_t).clamp(max=self.clip)

    def _divergence(self, log_s: Tensor, log_t: Tensor) -> Tensor:
        if self.kind == "fkl" or (self.kind == "jsd" and self.beta == 0):
            return (log_t.exp() * (log_t - log_s).clamp(min=self.floor)).sum(-1)
        if self.kind == "rkl" or (self.kind == "jsd" and self.beta == 1):
            return (log_s.exp() * (log_s - log_t).clamp(max=-self.floor)).sum(-1)
        log_m = torch.logaddexp(log_t + math.log(self.beta), log_s + math.log1p(-self.beta))
        return self.beta * _kl(log_t, log_m) + (1 - self.beta) * _kl(log_s, log_m)

    def _sampled(self, log_s_N: Tensor, log_t_N: Tensor) -> Tensor:
        """Its value is log S - log T, its gradient that value times the gradient of log S: a policy gradient whose
        reward is the teacher's opinion of the token."""
        value = (log_s_N - log_t_N).clamp(max=-self.floor).clamp(-self.clip, self.clip).detach()
        return value + value * (log_s_N - log_s_N.detach())

    def _bucketed(self, log_s: Tensor, log_t: Tensor) -> tuple[Tensor, Tensor]:
        """Both over the k likeliest tokens of one side, and one bucket for all others."""
        size = log_s.shape[-1]
        if self.top_k >= size:
            return log_s, log_t
        kept = (log_t if self.top_k_of == "teacher" else log_s).detach().topk(self.top_k, -1).indices
        others = torch.ones_like(log_s, dtype=torch.bool).scatter_(-1, kept, False)
        s, t = (torch.cat([log_p.gather(-1, kept), _tail(log_p, others)], -1) for log_p in (log_s, log_t))
        return s, t

    def _log_softmax(self, logits_NV: Tensor) -> Tensor:
        logits_NV = logits_NV.to(torch.promote_types(logits_NV.dtype, torch.float32))
        if self.temperature != 1:
            logits_NV = logits_NV / self.temperature
        return logits_NV.log_softmax(-1)


def _tail(log_p_NV: Tensor, others_NV: Tensor) -> Tensor:
    """Log of the mass on `others`, `[N, 1]`, added up itself: one minus the rest would be rounding alone."""
    return log_p_NV.masked_fill(~others_NV, -math.inf).logsumexp(-1, keepdim=True)


def _kl(log_p_NV: Tensor, log_q_NV: Tensor) -> Tensor:
    """KL(P||Q) by row."""
    return (log_p_NV.exp() * (log_p_NV - log_q_NV)).sum(-1)


class Side(NamedTuple):
    """One model's view of the N completion tokens."""

    hidden_NH: Tensor
    """Hidden states at the positions that predict the tokens."""
    head: nn.Module
    """Hidden states -> logits `[*, V]`."""


def chunked_divergence(
    divergence: TokenDivergence,
    student: Side,
    teacher: Side,
    weight_N: Tensor,
    chunk_tokens: int = 0,
    targets_N: Tensor | None = None,
    importance: Importance | None = None,
) -> Chunked:
    """Weighted sum of the divergence over N tokens, equal to the unchunked computation up to rounding.

    Args:
        divergence: what is computed.
        student: gets gradients, in its hidden states and in those parameters of its head that require them.
        teacher: gets none, whatever it requires. Its hidden size may differ from the student's, its vocabulary not.
        weight_N: weight of each token, without gradient.
        chunk_tokens: tokens whose logits exist at one time; 0 picks a number from the size of the vocabulary.
        targets_N: the sampled tokens, where `divergence` or `importance` looks at them.
        importance: how much likelier the student finds a token by now than the policy that sampled it; None: not asked.
    """
    if not len(student.hidden_NH) == len(teacher.hidden_NH) == len(weight_N):
        raise ValueError(
            f"student, teacher and weights must cover the same tokens, got {len(student.hidden_NH)}, "
            f"{len(teacher.hidden_NH)} and {len(weight_N)}"
        )

    if divergence.support == "full":
        ratio = None if importance is None or targets_N is None else importance.of(targets_N)
        return closed_divergence(divergence, student, teacher, weight_N, chunk_tokens, ratio)

    def score(logits: Tensor, chunk: slice) -> Tensor:
        with torch.no_grad():
            teacher_logits = teacher.head(teacher.hidden_NH[chunk])
        targets = None if targets_N is None else targets_N[chunk]
        values = divergence.per_token(logits, teacher_logits, targets)
        if importance is not None and targets is not None:
            values = values * importance.ratio(logits, targets, chunk)
        return values

    return chunked(student.hidden_NH, student.head, weight_N, score, chunk_tokens)


class Importance(NamedTuple):
    """Weights that make tokens of an older policy count as if the current one had sampled them."""

    logprob_N: Tensor
    """Log-probability of each token under the policy that sampled it, at temperature 1."""
    most: float
    """Largest weight."""

    def of(self, targets_N: Tensor) -> Callable[[Tensor, slice], Tensor]:
        """`ratio` for these sampled tokens."""
        return lambda logits_NV, chunk: self.ratio(logits_NV, targets_N[chunk], chunk)

    def ratio(self, logits_NV: Tensor, targets_N: Tensor, chunk: slice) -> Tensor:
        """The weights of a chunk's tokens, without gradient."""
        now = log_probabilities(logits_NV.detach(), targets_N)
        return (now - self.logprob_N[chunk].to(now.dtype)).exp().clamp(max=self.most)


__all__ = ["Importance", "Side", "TokenDivergence", "chunked_divergence"]
