"""The training loop of all on-policy objectives; what the loss of a step is, a `StepLoss` says.

One call trains on one list of examples in the order given, `batch_size` to an optimizer step, at most to `steps` in
all. The caller samples fresh completions from what comes out and calls again with `resume_from`: optimizer,
learning-rate schedule, generators and teacher go on, so two calls equal one on the joined lists. Sampling, PI and the
choice of examples are the loop's business.

A step moves the student by the gradient of

    sum over the batch's completion tokens of   example's weight * loss of the token / size of the batch

where the size is the number of the batch's completion tokens, or, with `normalisation = "sequence"`, the number of its
completions times the length of the token's own.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from pidistill.contracts import Objective, Trained, TrainJob
from pidistill.records import ModelRef, content_hash
from pidistill.train import parallel, session
from pidistill.train.examples import Encoded, Encoder
from pidistill.train.metrics import StepLog
from pidistill.train.optimizer import adamw, learning_rate
from pidistill.train.randomness import isolated
from pidistill.train.scoring import Batch
from pidistill.train.session import Session
from pidistill.train.state import read_state, save_state
from pidistill.train.teacher import Teacher
from pidistill.train.weights import Trainee, open_trainee


class OnPolicyObjective(Objective):
    """Base of the objectives that this loop trains."""

    on_policy = True
    version = "2"
    loss: ClassVar[type[StepLoss]]

    def train(self, job: TrainJob) -> Trained:
        """Train on `job.examples` and write weights, `trainer_state.pt`, `metrics.jsonl` and the teacher's state.

        Raises:
            UsageError: there is nothing to train on, or the job does not fit the checkpoint it goes on from.
            EngineError: a model cannot be loaded, or training diverges.
        """
        with parallel.job(self, job), isolated(job.seed):
            return _train(job, self.loss, self.needs_teacher)

    def close(self) -> None:
        session.close()


@dataclass(frozen=True)
class Size:
    """Of an optimizer step's batch, of which a micro-batch is a part."""

    tokens: int
    """Completion tokens."""
    rows: int
    """Completions."""

    @classmethod
    def of(cls, batch: Sequence[Encoded]) -> Size:
        return cls(sum(len(example.completion) for example in batch), len(batch))


class StepLoss(ABC):
    """What an on-policy objective minimises. Opened once a chain of jobs."""

    teacher: Teacher | None = None
    """Follows the student after each step, and is saved with it."""

    def __init__(self, job: TrainJob, trainee: Trainee) -> None:
        self.config, self.trainee = job.config, trainee

    def go_on(self, job: TrainJob) -> None:
        """Called where `job` takes this over from the job that wrote its checkpoint."""
        self.config = job.config
        if self.teacher is not None and job.resume_from is not None:
            self.teacher.goes_on(job.resume_from)

    def prepare(self, batches: Sequence[Sequence[Encoded]]) -> None:  # noqa: B027  # most need nothing
        """Called once, before the first step, with all that will be trained on."""

    @abstractmethod
    def backward(self, batch: Sequence[Encoded], size: Size) -> tuple[float, int]:
        """Add the gradient of `batch`'s share of an optimizer step over a batch of `size`.

        Returns its share of the loss, and the tokens (padding included) that went through the model.
        """

    def metrics(self) -> dict[str, float]:
        """More to say about the steps since the last call, for the step log."""
        return {}

    def weights(self, batch: Sequence[Encoded], size: Size) -> Tensor:
        """What each token of a sequence counts, one number a sequence `[B]`, in float64."""
        by_sequence = self.config.normalisation == "sequence"
        shares = [e.weight / (size.rows * len(e.completion) if by_sequence else size.tokens) for e in batch]
        return torch.tensor(shares, dtype=torch.float64, device=self.trainee.device)

    def plain(self, batch: Sequence[Encoded]) -> Batch:
        """The batch as the student sees it: the plain prompt, then the completion."""
        return Batch.of([e.prompt for e in batch], [e.completion for e in batch], self.trainee.device)

    def told(self, batch: Sequence[Encoded]) -> Batch:
        """The batch as a teacher sees it: the prompt with PI, then the same completion."""
        return Batch.of([e.teacher_prompt for e in batch], [e.completion for e in batch], self.trainee.device)


def _train(job: TrainJob, loss_of: type[StepLoss], teacher: bool) -> Trained:
    config, kind = job.config, f"{loss_of.__module__}:{loss_of.__name__}"
    chain = _open(job, loss_of, kind)
    trainee, trainable, optimizer, first = chain.trainee, chain.trainable, chain.optimizer, chain.step
    loss: StepLoss = chain.loss
    start = trainee.start()
    if config.gradient_checkpointing:
        trainee.model.gradient_checkpointing_enable({"use_reentrant": False})
    encoder = Encoder.of(job, trainee)
    encoded = encoder.encode(job.examples, teacher=teacher)

    batches = [encoded[i : i + config.batch_size] for i in range(0, len(encoded), config.batch_size)]
    batches = batches[: config.steps - first]
    loss.prepare(batches)
    tokens_trained = tokens_processed = 0
    job.out_dir.mkdir(parents=True, exist_ok=True)
    with StepLog(job.out_dir, config.steps, job.progress, writes=parallel.first()) as log:
        for step, batch in enumerate(batches, start=first):
            size, total, processed = Size.of(batch), 0.0, 0
            for micro_batch in micro_batches(batch, config.micro_batch_size, config.micro_batch_tokens):
                share, tokens = loss.backward(micro_batch, size)
                total += share
                processed += tokens
            parallel.sum_gradients(trainable.values())
            total, all_processed = parallel.sums(total, processed)
            tokens_processed += int(all_processed)
            grad_norm = float(clip_grad_norm_(trainable.values(), config.max_grad_norm))
            lr = learning_rate(config, step, config.steps)
            row = {"loss": total, "grad_norm": grad_norm, "lr": lr, "tokens": size.tokens}
            log.write(step + 1, row | loss.metrics())
            for group in optimizer.param_groups:
                group["lr"] = lr
            optimizer.step()
            optimizer.zero_grad()
            if loss.teacher is not None:
                loss.teacher.stepped(step + 1)
            tokens_trained += size.tokens
        metrics = log.summary()
    if parallel.first():
        trainee.save(job.out_dir)
        if loss.teacher is not None:
            loss.teacher.save(job.out_dir)
        save_state(job, first + len(batches), optimizer, trainable)
    parallel.wait()
    chain.keep(job, kind, first + len(batches))
    metrics |= encoder.counts.as_metrics()
    metrics["unused_past_last_step"] = float(len(encoded) - sum(map(len, batches)))
    order = content_hash([example.name for batch in batches for example in batch])
    return Trained(trainee.lora, len(batches), tokens_trained, tokens_processed, metrics, start, order)


def _open(job: TrainJob, loss_of: type[StepLoss], kind: str) -> Session:
    """What the last job of the chain left open, or the same from its checkpoint, or a new chain."""
    taken = session.take(job, kind)
    if taken is not None:
        taken.loss.go_on(job)
        return taken
    resumed = read_state(job, job.resume_from) if job.resume_from is not None else None
    trainee = open_trainee(job, _start(job))
    trainable = trainee.trainable()
    loss = loss_of(job, trainee)
    optimizer = adamw(job.config, trainable.values())
    if resumed is not None:
        resumed.restore(optimizer, trainable)
    return Session(trainee, trainable, optimizer, loss, resumed.step if resumed is not None else 0)


def _start(job: TrainJob) -> ModelRef:
    """The weights that this job begins with."""
    if job.resume_from is None:
        return job.model
    folder = str(job.resume_from)
    if job.config.lora_rank:
        return dataclasses.replace(job.model, adapter=folder)
    return dataclasses.replace(job.model, base=folder, adapter=None)


def micro_batches(batch: Sequence[Encoded], rows: int, tokens: int) -> Iterator[Sequence[Encoded]]:
    """This process's share of `batch` in pieces, like lengths together so that little is padding.

    A piece has at most `rows` examples, and on its longer side at most `tokens` tokens, padding included, unless it is
    one example. 0: no limit.
    """
    piece: list[Encoded] = []
    widest = 0
    for example in parallel.mine(sorted(batch, key=lambda example: len(example.prompt) + len(example.completion))):
        widest = max(widest, example.width)
        if piece and (len(piece) == rows or 0 < tokens < widest * (len(piece) + 1)):
            yield piece
            piece, widest = [], example.width
        piece.append(example)
    if piece:
        yield piece
