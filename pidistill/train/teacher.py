"""The teacher of a self-distillation: the same network as the student, with frozen or with current weights.

`live` is the student as it stands. `base` is the model that the first job of a chain started from, and never changes:

* LoRA: the student's network with its adapter switched off, or, where that first job started from an adapter, with
  that adapter, frozen, in place of the student's. Never a second copy of the base.
* all weights: a frozen copy of the starting weights.

What cannot be had from the base model is part of the checkpoint, in its folder `teacher/`, and is passed on from
checkpoint to checkpoint (as hard links where the file system has them). A teacher scores in evaluation mode and
without gradients.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch

from pidistill.contracts import TrainJob
from pidistill.engines.loading import load_model
from pidistill.train.weights import STUDENT, Trainee, save_adapter, save_model

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

    from pidistill.engines.loading import AnyModel

FOLDER = "teacher"
_ADAPTER = "teacher"


@dataclass(frozen=True)
class Teacher:
    """Scores completions; `open_teacher` makes one."""

    model: AnyModel
    """The student's own network, or the frozen copy."""
    adapter: str | None
    """Name of the adapter the teacher scores with; None: no adapter."""
    shared: bool
    """Whether `model` is the student's network."""
    source: Path | None
    """Folder of the previous checkpoint's teacher, passed on as it is."""

    @contextlib.contextmanager
    def scoring(self) -> Iterator[AnyModel]:
        """The teacher, for as long as the block lasts: evaluation mode, no gradients, its own adapter.

        Leave it before the student's forward pass begins: while it lasts, the student's network is the teacher's.
        """
        training = self.model.training
        self.model.eval()
        try:
            with torch.no_grad(), self._adapter():
                yield self.model
        finally:
            self.model.train(training)

    @contextlib.contextmanager
    def _adapter(self) -> Iterator[None]:
        if not self.shared or self.adapter == STUDENT:
            yield
            return
        model = cast("PeftModel", self.model)
        if self.adapter is None:
            with model.disable_adapter():
                yield
            return
        model.set_adapter(self.adapter, inference_mode=True)
        try:
            yield
        finally:
            model.set_adapter(STUDENT)

    def save(self, folder: Path) -> None:
        """Write to `folder`/teacher what the next job needs besides the base model, if anything."""
        target = folder / FOLDER
        if self.source is not None:
            shutil.copytree(self.source, target, copy_function=_link)
        elif not self.shared:
            save_model(self.model, target)
        elif self.adapter == _ADAPTER:
            save_adapter(cast("PeftModel", self.model), _ADAPTER, target)


def open_teacher(job: TrainJob, trainee: Trainee) -> Teacher:
    """The teacher that the job's configuration asks for, as it was in the first job of the chain.

    Raises:
        EngineError: its weights cannot be loaded.
    """
    if job.config.teacher == "live":
        return Teacher(trainee.model, STUDENT, shared=True, source=None)
    kept = job.resume_from / FOLDER if job.resume_from is not None else None
    source = kept if kept is not None and kept.is_dir() else None
    if trainee.lora:
        start = str(source) if source else job.model.adapter if job.resume_from is None else None
        if start is None:
            return Teacher(trainee.model, None, shared=True, source=None)
        cast("PeftModel", trainee.model).load_adapter(start, _ADAPTER, is_trainable=False)
        trainee.model.train()  # PEFT has put the whole network into evaluation mode for this adapter's sake
        return Teacher(trainee.model, _ADAPTER, shared=True, source=source)
    ref = job.model if source is None else dataclasses.replace(job.model, base=str(source), adapter=None)
    model = load_model(ref, str(trainee.dtype).removeprefix("torch."), str(trainee.device))
    if ref.adapter:
        model = cast("PreTrainedModel", cast("PeftModel", model).merge_and_unload())
    return Teacher(model.requires_grad_(False).eval(), None, shared=False, source=source)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
