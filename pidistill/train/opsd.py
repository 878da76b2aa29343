"""On-policy self-distillation (OPSD): the student learns to say without the PI what the same model says with it.

For each completion that the student itself has sampled, teacher T(.|problem, PI) and student S(.|problem) score the
same tokens, and the student is moved by the gradient of

    sum over the batch's completion tokens of  weight * D(T, S)   /   number of the batch's completion tokens

with D of `divergence` (fKL, rKL or JSD_b over the full vocabulary) and the weight of the example, usually 1. The
teacher is the frozen start or the current student (`teacher`) and takes no gradient.

One call trains on one list of examples in the order given, `batch_size` to an optimizer step, at most to `steps` in
all. The caller samples fresh completions from what comes out and calls again with `resume_from`: optimizer,
learning-rate schedule, generators and teacher go on, so two calls equal one on the joined lists. Sampling, PI and the
choice of examples are the loop's business.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch.nn.utils import clip_grad_norm_

from pidistill.contracts import Objective, Trained, TrainJob
from pidistill.records import ModelRef, content_hash
from pidistill.train.divergence import Side, TokenDivergence, chunked_divergence
from pidistill.train.examples import Encoded, Encoder
from pidistill.train.metrics import StepLog
from pidistill.train.optimizer import adamw, learning_rate
from pidistill.train.randomness import isolated
from pidistill.train.scoring import Batch, LogitHead, check_same_targets
from pidistill.train.state import read_state, save_state
from pidistill.train.teacher import Teacher, open_teacher
from pidistill.train.weights import Trainee, open_trainee


class OpsdObjective(Objective):
    """Distils the model's own distribution given the PI into its distribution without it."""

    name = "opsd"
    needs_teacher = True
    on_policy = True

    def train(self, job: TrainJob) -> Trained:
        """Train on `job.examples` and write weights, `trainer_state.pt`, `metrics.jsonl` and the teacher's state.

        Raises:
            UsageError: there is nothing to train on, or the job does not fit the checkpoint it goes on from.
            EngineError: a model cannot be loaded, or training diverges.
        """
        with isolated(job.seed):
            return _train(job)


def _train(job: TrainJob) -> Trained:
    config = job.config
    resumed = read_state(job, job.resume_from) if job.resume_from is not None else None
    trainee = open_trainee(job, _start(job))
    trainable = trainee.trainable()
    pair = Pair.open(job, trainee)
    start = trainee.start()
    optimizer = adamw(config, trainable.values())
    if resumed is not None:
        resumed.restore(optimizer, trainable)
    if config.gradient_checkpointing:
        trainee.model.gradient_checkpointing_enable({"use_reentrant": False})
    encoder = Encoder.of(job, trainee)
    encoded = encoder.encode(job.examples, teacher=True)

    first = resumed.step if resumed is not None else 0
    batches = [encoded[i : i + config.batch_size] for i in range(0, len(encoded), config.batch_size)]
    batches = batches[: config.steps - first]
    tokens_trained = tokens_processed = 0
    job.out_dir.mkdir(parents=True, exist_ok=True)
    with StepLog(job.out_dir, config.steps, job.progress) as log:
        for step, batch in enumerate(batches, start=first):
            tokens = sum(len(example.completion) for example in batch)
            loss = 0.0
            for micro_batch in _micro_batches(batch, config.micro_batch_size):
                share, processed = pair.backward(micro_batch, tokens)
                loss += share
                tokens_processed += processed
            grad_norm = float(clip_grad_norm_(trainable.values(), config.max_grad_norm))
            lr = learning_rate(config, step, config.steps)
            log.write(step + 1, {"loss": loss, "grad_norm": grad_norm, "lr": lr, "tokens": tokens})
            for group in optimizer.param_groups:
                group["lr"] = lr
            optimizer.step()
            optimizer.zero_grad()
            tokens_trained += tokens
        metrics = log.summary()
    trainee.save(job.out_dir)
    pair.teacher.save(job.out_dir)
    save_state(job, first + len(batches), optimizer, trainable)
    metrics |= encoder.counts.as_metrics()
    metrics["unused_past_last_step"] = float(len(encoded) - sum(map(len, batches)))
    order = content_hash([example.name for batch in batches for example in batch])
    return Trained(trainee.lora, len(batches), tokens_trained, tokens_processed, metrics, start, order)


@dataclass(frozen=True)
class Pair:
    """Student and teacher of one job, with the output heads that their logits come from."""

    trainee: Trainee
    teacher: Teacher
    divergence: TokenDivergence
    student_head: LogitHead
    teacher_head: LogitHead

    @classmethod
    def open(cls, job: TrainJob, trainee: Trainee) -> Pair:
        """The job's teacher, set beside the model that is trained."""
        teacher = open_teacher(job, trainee)
        student_head = LogitHead.of(trainee.model)
        teacher_head = student_head if teacher.shared else LogitHead.of(teacher.model)
        return cls(trainee, teacher, TokenDivergence.from_config(job.config), student_head, teacher_head)

    def backward(self, batch: Sequence[Encoded], tokens: int) -> tuple[float, int]:
        """Add the gradient of `batch`'s share of an optimizer step over `tokens` completion tokens.

        Returns its share of the loss, and the tokens (padding included) that went through the model on both sides.
        """
        device = self.trainee.device
        completions = [example.completion for example in batch]
        theirs = Batch.of([example.teacher_prompt for example in batch], completions, device)
        ours = Batch.of([example.prompt for example in batch], completions, device)
        check_same_targets(ours, theirs)
        weight_B = torch.tensor([example.weight / tokens for example in batch], dtype=torch.float64, device=device)
        with self.trainee.autocast():
            # The teacher goes first: while it scores, the student's network may be wearing another adapter.
            with self.teacher.scoring() as model:
                teacher_side = Side(theirs.hidden(model), self.teacher_head)
            student_side = Side(ours.hidden(self.trainee.model), self.student_head)
            loss = chunked_divergence(self.divergence, student_side, teacher_side, weight_B[ours.row_N]).total
        loss.backward()
        return loss.item(), ours.input_ids_BT.numel() + theirs.input_ids_BT.numel()


def _start(job: TrainJob) -> ModelRef:
    """The weights that this job begins with."""
    if job.resume_from is None:
        return job.model
    folder = str(job.resume_from)
    if job.config.lora_rank:
        return dataclasses.replace(job.model, adapter=folder)
    return dataclasses.replace(job.model, base=folder, adapter=None)


def _micro_batches(batch: Sequence[Encoded], size: int) -> Iterator[Sequence[Encoded]]:
    """`batch` in pieces of at most `size` (0: one piece), like lengths together so that little is padding."""
    by_length = sorted(batch, key=lambda example: len(example.prompt) + len(example.completion))
    size = size or len(batch)
    return (by_length[i : i + size] for i in range(0, len(batch), size))
