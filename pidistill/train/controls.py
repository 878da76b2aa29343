"""Objectives that ask what in a distillation does the work: two contexts held against each other, and no teacher.

Both are policy gradients whose advantage is a token's, not a completion's: the loss of a token is -A_t log S(y_t), its
gradient -A_t times the gradient of log S(y_t).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from pidistill.contracts import TrainJob
from pidistill.errors import UsageError
from pidistill.train.chunked import Score, chunked, log_probabilities, score_only
from pidistill.train.divergence import Side
from pidistill.train.examples import Encoded
from pidistill.train.on_policy import OnPolicyObjective, Size, StepLoss
from pidistill.train.scoring import Batch, LogitHead, check_same_targets
from pidistill.train.teacher import open_teacher
from pidistill.train.weights import Trainee


class Contrast(StepLoss):
    """A_t = log T(y_t | PI) - log T(y_t | contrast), at most `token_clip` up or down."""

    def __init__(self, job: TrainJob, trainee: Trainee) -> None:
        super().__init__(job, trainee)
        self.teacher = open_teacher(job, trainee)
        self.head = LogitHead.of(trainee.model)

    def backward(self, batch: Sequence[Encoded], size: Size) -> tuple[float, int]:
        for example in batch:
            if not example.contrast_prompt:
                raise UsageError(
                    f"Rollout {example.name!r} has nothing to hold the teacher's prompt against.",
                    "Name the other form: --set recipe.examples.contrast_form=wrong",
                )
        ours, told = self.plain(batch), self.told(batch)
        other = Batch.of([e.contrast_prompt for e in batch], [e.completion for e in batch], self.trainee.device)
        for theirs in (told, other):
            check_same_targets(ours, theirs)
        with self.trainee.autocast():
            advantage_N = self._said(told) - self._said(other)
            limit = self.config.token_clip or math.inf
            score = _policy(ours.targets_N, advantage_N.clamp(-limit, limit), self.config.distill_temperature)
            weight_N = self.weights(batch, size)[ours.row_N]
            loss = chunked(ours.hidden(self.trainee.model), self.head, weight_N, score).total
        loss.backward()
        return loss.item(), sum(side.input_ids_BT.numel() for side in (ours, told, other))

    def _said(self, batch: Batch) -> Tensor:
        assert self.teacher is not None
        side: Side = self.teacher.side(batch)
        temperature, targets_N = self.config.distill_temperature, batch.targets_N
        return score_only(
            side.hidden_NH, side.head, lambda logits, chunk: log_probabilities(logits, targets_N[chunk], temperature)
        )


class Unlikelihood(StepLoss):
    """A_t = -1 for the `least_likely` share of a completion's tokens, the least likely ones, and 0 for the others."""

    def __init__(self, job: TrainJob, trainee: Trainee) -> None:
        super().__init__(job, trainee)
        self.head = LogitHead.of(trainee.model)

    def backward(self, batch: Sequence[Encoded], size: Size) -> tuple[float, int]:
        ours = self.plain(batch)
        temperature, targets_N = self.config.distill_temperature, ours.targets_N
        with self.trainee.autocast():
            hidden = ours.hidden(self.trainee.model)
            logprob_N = score_only(
                hidden.detach(),
                self.head,
                lambda logits, chunk: log_probabilities(logits, targets_N[chunk], temperature),
            )
            score = _policy(targets_N, self._advantage(logprob_N, ours.row_N), temperature)
            loss = chunked(hidden, self.head, self.weights(batch, size)[ours.row_N], score).total
        loss.backward()
        return loss.item(), ours.input_ids_BT.numel()

    def _advantage(self, logprob_N: Tensor, row_N: Tensor) -> Tensor:
        advantage_N = torch.zeros_like(logprob_N)
        for row in row_N.unique():
            (where,) = torch.nonzero(row_N == row, as_tuple=True)
            count = math.ceil(self.config.least_likely * len(where))
            advantage_N[where[logprob_N[where].topk(count, largest=False).indices]] = -1.0
        return advantage_N


def _policy(targets_N: Tensor, advantage_N: Tensor, temperature: float) -> Score:
    """-A log S(y) of each token."""

    def score(logits: Tensor, chunk: slice) -> Tensor:
        logprob = log_probabilities(logits, targets_N[chunk], temperature)
        return -advantage_N[chunk].to(logprob.dtype) * logprob

    return score


class ContrastObjective(OnPolicyObjective):
    """Rewards tokens for what the right PI says of them beyond what misleading PI says (arXiv 2606.11709)."""

    name = "contrast"
    needs_teacher = True
    needs_contrast = True
    loss = Contrast


class UnlikelihoodObjective(OnPolicyObjective):
    """No teacher: pushes down the tokens that the student itself found least likely (arXiv 2608.31046)."""

    name = "unlikelihood"
    loss = Unlikelihood
