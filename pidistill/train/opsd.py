"""On-policy self-distillation (OPSD): the student learns to say without the PI what the same model says with it.

For each completion that the student itself has sampled, a teacher T(.|problem, PI) and the student S(.|problem) score
the same tokens, and the loss of a token is D(T, S) of `divergence`. The teacher (`teacher`) takes no gradient.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from pidistill.contracts import TrainJob
from pidistill.errors import UsageError
from pidistill.train.divergence import Importance, Side, TokenDivergence, chunked_divergence
from pidistill.train.examples import Encoded
from pidistill.train.on_policy import OnPolicyObjective, Size, StepLoss
from pidistill.train.scoring import LogitHead, check_same_targets
from pidistill.train.teacher import open_teacher
from pidistill.train.weights import Trainee


class Distillation(StepLoss):
    """The divergence of teacher and student on the student's completions."""

    def __init__(self, job: TrainJob, trainee: Trainee) -> None:
        super().__init__(job, trainee)
        self.teacher = open_teacher(job, trainee)
        self.divergence = TokenDivergence.from_config(job.config)
        self.head = LogitHead.of(trainee.model)

    def backward(self, batch: Sequence[Encoded], size: Size) -> tuple[float, int]:
        theirs, ours = self.told(batch), self.plain(batch)
        check_same_targets(ours, theirs)
        weight_N = self.weights(batch, size)[ours.row_N]
        with self.trainee.autocast():
            assert self.teacher is not None
            teacher_side = self.teacher.side(theirs)  # before the student's own pass: see `Teacher.side`
            student_side = Side(ours.hidden(self.trainee.model), self.head)
            loss = chunked_divergence(
                self.divergence, student_side, teacher_side, weight_N,
                targets_N=ours.targets_N, importance=self._importance(batch),
            ).total  # fmt: skip
        loss.backward()
        return loss.item(), ours.input_ids_BT.numel() + theirs.input_ids_BT.numel()

    def _importance(self, batch: Sequence[Encoded]) -> Importance | None:
        if not self.config.importance_clip:
            return None
        for example in batch:
            if len(example.logprobs) != len(example.completion):
                raise UsageError(
                    f"Rollout {example.name!r} came without log-probabilities, which train.importance_clip needs.",
                    "Sample with an engine that tells them (transformers, vllm), or set train.importance_clip=0.",
                )
        said = torch.tensor([p for example in batch for p in example.logprobs], device=self.trainee.device)
        return Importance(said, self.config.importance_clip)


class OpsdObjective(OnPolicyObjective):
    """Distils the model's own distribution given the PI into its distribution without it."""

    name = "opsd"
    needs_teacher = True
    measures_divergence = True
    loss = Distillation
