"""Supervised fine-tuning on completions of the plain prompt, through TRL's `SFTTrainer`.

TRL owns the loop, the optimizer, gradient accumulation and its fused loss. Ours is what goes in: the prompt's tokens as
the engine rendered them and the rollout's own completion tokens, its end token included, with the loss on the
completion only; and what comes out: a checkpoint folder, a step log and exact counts. The loss of an optimizer step is

    - sum over the batch's completion tokens of  weight * log S(token)   /   number of the batch's completion tokens

so a weight of 0.5 halves what an example pulls; without weights it is TRL's own. Rows are drawn in a fresh random order
each epoch. Nothing is sent anywhere.

Every `save_minutes` the trainer's state goes to the job's working folder, and a job that was killed goes on from there,
to the same weights.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from torch import Tensor
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl import SFTConfig, SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from pidistill.contracts import Objective, Trained, TrainJob
from pidistill.errors import UsageError
from pidistill.records import content_hash
from pidistill.train import parallel, session
from pidistill.train.examples import Encoded, Encoder
from pidistill.train.metrics import StepLog
from pidistill.train.optimizer import BETAS, EPS
from pidistill.train.randomness import isolated
from pidistill.train.sft_state import STATE, last_state, seal
from pidistill.train.weights import Trainee, open_trainee

if TYPE_CHECKING:
    from pidistill.config import TrainConfig

_SCHEDULES = {"constant": "constant_with_warmup", "linear": "linear", "cosine": "cosine"}


class SFTObjective(Objective):
    """Raises the likelihood of the examples' completions."""

    name = "sft"

    def train(self, job: TrainJob) -> Trained:
        """Train for `epochs` passes over `job.examples` and write weights and `metrics.jsonl` to `job.out_dir`.

        Raises:
            UsageError: there is nothing to train on, or the job goes on from an earlier one, which SFT cannot.
            EngineError: the model cannot be loaded, or training diverges.
        """
        if job.resume_from is not None:
            raise UsageError(
                "The sft objective trains in one piece and cannot go on from a checkpoint's optimizer state.",
                "A further round starts from the trained weights: give them as the job's model.",
            )
        with parallel.job(self, job), isolated(job.seed):
            return _train(job)


def _train(job: TrainJob) -> Trained:
    config = job.config
    session.close()  # that of an earlier stage, if any
    trainee = open_trainee(job, job.model)
    if trainee.device.type == "cuda" and trainee.device.index not in (None, parallel.local_rank()):
        raise UsageError(
            f"The sft objective trains on the first GPU it sees, not on {trainee.device}.",
            f"Try: CUDA_VISIBLE_DEVICES={trainee.device.index} with model.device=cuda:0",
        )
    encoder = Encoder.of(job, trainee)
    encoded = encoder.encode(job.examples, teacher=False)
    job.out_dir.mkdir(parents=True, exist_ok=True)
    steps = config.epochs * math.ceil(len(encoded) / config.batch_size)
    use_cache = trainee.model.config.use_cache
    start = trainee.start()
    with StepLog(job.out_dir, steps, job.progress, writes=parallel.first()) as log:
        trainer = CompletionTrainer(trainee, encoded, _arguments(job, trainee), log, config.save_minutes)
        trainer.go_on(job.working)
        metrics = log.summary()
    trainee.model.config.use_cache = use_cache
    if parallel.first():
        trainee.save(job.out_dir)
    parallel.wait()
    return Trained(
        trainee.lora,
        int(trainer.state.global_step),
        config.epochs * sum(len(example.completion) for example in encoded),
        trainer.tokens_processed,
        metrics | encoder.counts.as_metrics(),
        start,
        content_hash([encoded[row].name for row in trainer.collator.order]),
    )


def rows(encoded: Sequence[Encoded]) -> Dataset:
    """TRL's columns: ids of prompt and completion, and labels that are -100 on the prompt. Plus the row's number,
    and a weight, if one is not 1."""
    columns: dict[str, list[Any]] = {
        "input_ids": [[*e.prompt, *e.completion] for e in encoded],
        "labels": [[-100] * len(e.prompt) + list(e.completion) for e in encoded],
    }
    columns["row"] = list(range(len(encoded)))
    if any(e.weight != 1 for e in encoded):
        columns["weight"] = [e.weight for e in encoded]
    return Dataset.from_dict(columns)


class CompletionTrainer(SFTTrainer):  # type: ignore[misc]
    """`SFTTrainer` on rows made here, with weights of examples and a count of all tokens that went through."""

    def __init__(
        self, trainee: Trainee, encoded: Sequence[Encoded], arguments: SFTConfig, log: StepLog, save_minutes: float
    ) -> None:
        self.tokens_processed = 0
        self.collator = _Collator()
        self.log_of_steps = log
        super().__init__(
            model=trainee.model,
            args=arguments,
            train_dataset=rows(encoded),
            processing_class=trainee.tokenizer,
            data_collator=self.collator,
            callbacks=[_Log(log)],
        )
        self.remove_callback(PrinterCallback)
        if save_minutes:
            self.add_callback(_Save(self, save_minutes))

    def go_on(self, working: Path | None) -> None:
        """Train from the last whole state in `working`, or from the start."""
        if working is None:
            self.train()
            return
        self.args.output_dir = str(working)
        state = last_state(working)
        if state is None:
            self.train()
            return
        said = json.loads((state / STATE).read_text("utf-8"))
        self.tokens_processed, self.collator.order = said["tokens_processed"], said["order"]
        self.log_of_steps.restore(said["lines"])
        self.train(resume_from_checkpoint=str(state))

    def get_train_dataloader(self) -> Any:
        """Every process sees every batch, in the order of one process, and takes its rows in `compute_loss`."""
        loader = super().get_train_dataloader()
        if parallel.several():
            sampler = loader.batch_sampler  # accelerate's, which would deal out batches and fill up the last one
            sampler.num_processes, sampler.process_index, sampler.even_batches = 1, 0, False
        return loader

    def _save_checkpoint(self, model: torch.nn.Module, trial: object) -> None:
        Trainer._save_checkpoint(self, model, trial)  # TRL's writes a card for a hub beside it

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        self.tokens_processed += inputs["input_ids"].numel()
        if not parallel.several():
            return self._loss(model, inputs, return_outputs, num_items_in_batch)
        if num_items_in_batch is None:
            num_items_in_batch = (inputs["labels"] != -100).sum()
        rows = len(inputs["input_ids"])
        share = list(parallel.mine(range(rows)))
        ours = {name: value[share or [0]] for name, value in inputs.items()}
        # The processes' gradients are averaged, not summed; one without rows takes part all the same
        return self._loss(model, ours, return_outputs, num_items_in_batch) * (parallel.size() if share else 0)

    def _loss(
        self, model: torch.nn.Module, inputs: dict[str, Any], return_outputs: bool, num_items_in_batch: Any
    ) -> Any:
        weight_B = inputs.pop("weight", None)
        if weight_B is None:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        assert not return_outputs, "weighted examples are for training only"
        outputs = model(**inputs, use_cache=False, fused_lm_head=True)
        tokens = (inputs["labels"] != -100).sum() if num_items_in_batch is None else num_items_in_batch
        return -(outputs.log_probs.sum(-1) * weight_B).sum() / tokens  # log_probs is 0 off the completion


class _Collator(DataCollatorForLanguageModeling):  # type: ignore[misc]
    """TRL's, which drops columns it does not know, with the weights put back, and the order of rows written down."""

    def __init__(self) -> None:
        super().__init__(pad_token_id=0)
        self.order: list[int] = []

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super().torch_call(examples)
        self.order += [example["row"] for example in examples]
        if "weight" in examples[0]:
            batch["weight"] = torch.tensor([example["weight"] for example in examples])
        return batch


class _Save(TrainerCallback):  # type: ignore[misc]
    """Has the trainer write its state every so often, and says when it is whole; only then the one before goes."""

    def __init__(self, trainer: CompletionTrainer, minutes: float) -> None:
        self._trainer, self._seconds, self._saved_at = trainer, 60 * minutes, time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        due = time.monotonic() - self._saved_at >= self._seconds and state.global_step < state.max_steps
        if parallel.agreed(due):
            control.should_save = True

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object) -> None:
        self._saved_at = time.monotonic()
        parallel.wait()
        if parallel.first():
            self._finish(Path(args.output_dir), args, state)
        parallel.wait()

    def _finish(self, working: Path, args: TrainingArguments, state: TrainerState) -> None:
        folder = working / f"checkpoint-{state.global_step}"
        trainer = self._trainer
        rows, batch = len(trainer.train_dataset), args.train_batch_size * args.gradient_accumulation_steps
        epochs, steps = divmod(state.global_step, math.ceil(rows / batch))
        seen = trainer.collator.order[: epochs * rows + steps * batch]  # the next batch may have been drawn already
        said = {"tokens_processed": trainer.tokens_processed, "order": seen, "lines": trainer.log_of_steps.lines}
        sealed = {**said, "seal": seal(folder, said)}
        unfinished = folder / f".{STATE}"
        unfinished.write_text(json.dumps(sealed), "utf-8")
        unfinished.rename(folder / STATE)
        for other in working.glob("checkpoint-*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)


class _Log(TrainerCallback):  # type: ignore[misc]
    """Hands every step's numbers to the job's log."""

    def __init__(self, log: StepLog) -> None:
        self._log = log

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, float],
        **kwargs: object,
    ) -> None:
        if "loss" in logs:  # the last line of a run sums up times instead
            row = {
                "loss": float(logs["loss"]),
                "grad_norm": float(logs["grad_norm"]),
                "lr": float(logs["learning_rate"]),
            }
            self._log.write(state.global_step, row)


def _arguments(job: TrainJob, trainee: Trainee) -> SFTConfig:
    config = job.config
    micro_batch = micro_batch_size(config)
    arguments = SFTConfig(
        output_dir=str(job.out_dir),
        seed=job.seed,
        num_train_epochs=config.epochs,
        per_device_train_batch_size=micro_batch,
        gradient_accumulation_steps=config.batch_size // micro_batch,
        learning_rate=config.lr,
        lr_scheduler_type=_SCHEDULES[config.schedule],
        warmup_steps=config.warmup_steps,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        optim="adamw_torch",
        adam_beta1=BETAS[0],
        adam_beta2=BETAS[1],
        adam_epsilon=EPS,
        gradient_checkpointing=config.gradient_checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False},
        bf16=trainee.dtype == torch.bfloat16,
        use_cpu=trainee.device.type == "cpu",
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        save_strategy="no",
        average_tokens_across_devices=False,
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        log_level="error",
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # further GPUs would be used through nn.DataParallel
    return arguments


def micro_batch_size(config: TrainConfig) -> int:
    """Examples per forward pass: the largest divisor of the batch size within `micro_batch_size` (0: no limit)."""
    limit = config.micro_batch_size or config.batch_size
    return max(size for size in range(1, config.batch_size + 1) if config.batch_size % size == 0 and size <= limit)
