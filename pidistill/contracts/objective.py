"""An objective: a loss with its data needs. One call is one job, and the same job gives the same weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pidistill.records import JSON, Example, ModelRef

if TYPE_CHECKING:
    from pidistill.config import TrainConfig


@dataclass(frozen=True)
class TrainJob:
    """One call of an objective: everything it may depend on, so that the same job gives the same weights."""

    model: ModelRef
    """The weights to start from."""
    examples: Sequence[Example]
    config: TrainConfig
    """The `[train]` table of the run's configuration."""
    seed: int
    out_dir: Path
    """Empty folder for the checkpoint. The caller publishes it atomically once the objective returns."""
    working: Path | None = None
    """Folder that outlives a kill and belongs to this job alone: what an objective keeps there it may go on from when
    the same job is asked for again. It is gone once the objective has returned. None: there is none."""
    resume_from: Path | None = None
    """Checkpoint of the previous refresh, whose optimizer, schedule and teacher state go on; None starts afresh."""
    progress: Callable[[int, int, Mapping[str, float]], None] = field(default=lambda done, total, metrics: None)
    """Called as (steps done, steps in all, metrics such as `loss`)."""
    teacher_chat: Mapping[str, JSON] | None = None
    """Chat-template options of the teacher's prompts; None: those of `model`."""
    dtype: str = "auto"
    """As `model.dtype` in the configuration."""
    device: str = "auto"
    """As `model.device` in the configuration."""


@dataclass(frozen=True)
class Trained:
    """What an objective returns."""

    adapter: bool
    """Whether `out_dir` holds a LoRA adapter (True) or full weights with tokenizer (False)."""
    steps: int
    """Optimizer steps taken by this job."""
    tokens_trained: int
    """Completion tokens that entered the loss, summed over steps."""
    tokens_processed: int
    """All tokens run through the model with gradients, prompts and padding included, plus those of the teacher."""
    metrics: Mapping[str, float]
    """Such as `loss_first`, `loss_last`, `grad_norm_max`."""
    start: str = ""
    """Hash of the trainable weights before the first step: equal for arms of one seed that begin alike."""
    order: str = ""
    """Hash of the order in which examples entered the steps."""


class Objective(ABC):
    """A loss with its data needs."""

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    """Raised when the same job gives other weights: part of each checkpoint's key."""
    needs_teacher: ClassVar[bool] = False
    """Whether examples must carry `teacher_messages`."""
    needs_contrast: ClassVar[bool] = False
    """Whether they must carry `contrast_messages`."""
    needs_advantage: ClassVar[bool] = False
    """Whether they must carry an `advantage`."""
    measures_divergence: ClassVar[bool] = False
    """Whether the loss is a divergence of teacher and student, in nats a token."""
    on_policy: ClassVar[bool] = False
    """Whether the loop samples anew from the current student every `refresh_every` steps, within one training run that
    goes on from checkpoint to checkpoint. Otherwise one job trains on all examples of a round."""

    @abstractmethod
    def train(self, job: TrainJob) -> Trained:
        """Train and write the new weights (and any state to go on from) to `job.out_dir`."""

    def close(self) -> None:  # noqa: B027  # most keep nothing
        """Let go of what was kept open for a next job. Called when a cell ends, however it ends."""
