"""What a distillation needs besides weights to go on as if it had never stopped: `trainer_state.pt` in its checkpoint.

Step number, AdamW's moments, torch's generators, and the settings they were made under. The file holds tensors and
plain values only and is read with `weights_only=True`, so a checkpoint from elsewhere cannot run code.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pidistill.contracts import TrainJob
from pidistill.errors import StoreError, UsageError
from pidistill.train import randomness

FILE = "trainer_state.pt"
VERSION = 1
_FREE = frozenset({"micro_batch_size", "micro_batch_tokens", "gradient_checkpointing", "save_minutes"})
"""Settings that do not change what is computed, and may change from job to job."""


@dataclass(frozen=True)
class TrainerState:
    """The content of a state file, checked against the job that goes on from it."""

    step: int
    parameters: list[str]
    optimizer: dict[str, Any]
    generators: dict[str, list[torch.Tensor]]

    def restore(self, optimizer: torch.optim.Optimizer, trainable: Mapping[str, nn.Parameter]) -> None:
        """Put moments and generators back. Raises `StoreError` where the parameters are other ones."""
        if self.parameters != list(trainable):
            raise StoreError(f"{FILE} was written for other parameters than those that are trained now.")
        optimizer.load_state_dict(self.optimizer)
        randomness.set_torch_state(self.generators)


def save_state(
    job: TrainJob, step: int, optimizer: torch.optim.Optimizer, trainable: Mapping[str, nn.Parameter]
) -> None:
    """Write the state after optimizer step number `step` of the chain to the job's folder."""
    content = {
        "version": VERSION,
        "settings": settings(job),
        "step": step,
        "parameters": list(trainable),
        "optimizer": optimizer.state_dict(),
        "generators": randomness.torch_state(),
    }
    torch.save(content, job.out_dir / FILE)


def read_state(job: TrainJob, folder: Path) -> TrainerState:
    """The state in `folder`, on the CPU.

    Raises:
        StoreError: there is none, or it is damaged.
        UsageError: it was made under other settings, or all steps are done.
    """
    path = folder / FILE
    retry = "Start afresh, without the checkpoint."
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise StoreError(f"{folder} is no checkpoint to go on from: it has no {FILE}.", retry) from None
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise StoreError(f"{path} cannot be read: {error}", retry) from error
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise StoreError(f"{path} is not a trainer state of version {VERSION}.", retry)
    now, then = settings(job), content["settings"]
    for key in sorted({*now, *then}):
        if now.get(key) != then.get(key):
            raise UsageError(
                f"{folder} was trained with {key} = {then.get(key)!r}, this job says {now.get(key)!r}.",
                "Settings cannot change within one distillation: use the old value, or start afresh.",
            )
    if content["step"] >= job.config.steps:
        raise UsageError(f"{folder} has done all its {job.config.steps} steps.", "Start afresh, or raise train.steps.")
    return TrainerState(content["step"], content["parameters"], content["optimizer"], content["generators"])


def settings(job: TrainJob) -> dict[str, Any]:
    """What may not change within a chain of jobs."""
    fixed = {key: value for key, value in job.config.model_dump(mode="json").items() if key not in _FREE}
    return {**fixed, "model.dtype": job.dtype}
