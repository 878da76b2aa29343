"""The teachers of a self-distillation: the same network as the student, with other weights than the current ones.

* `base`: the model that the first job of a chain started from, frozen.
* `live`: the student as it stands.
* `ema`: the moving average of the student, in float32, one step after each optimizer step.
* `hard-copy`: the student as it was at the last multiple of `teacher_every` steps.
* `trust-region`: logits between those of `base` and `live`.

With LoRA none of them is a second copy of the base: the student's network scores with its adapter switched off, with
another adapter in its place, or with the average of the adapter's *product* added to the base's output (the average of
the factors would be another matrix). With all weights, a teacher that is not the student is a copy of its own.

What cannot be had from the base model is part of the checkpoint, in its folder `teacher/`. A teacher scores in
evaluation mode and without gradients.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from pidistill.contracts import TrainJob
from pidistill.engines.loading import load_model
from pidistill.train.divergence import Side
from pidistill.train.scoring import Batch, LogitHead
from pidistill.train.weights import STUDENT, Trainee, save_adapter, save_model

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

    from pidistill.engines.loading import AnyModel

FOLDER = "teacher"
_ADAPTER = "teacher"
_AVERAGE = "average.safetensors"


class Teacher(ABC):
    """Scores completions; `open_teacher` makes one."""

    @abstractmethod
    def side(self, batch: Batch) -> Side:
        """The teacher's view of a batch's completion tokens, with its own prompts before them.

        To be asked before the student's forward pass begins: while it scores, the student's network is the teacher's.
        """

    def stepped(self, step: int) -> None:  # noqa: B027  # most stand still
        """Called after optimizer step number `step` of the chain, 1 being the first."""

    def goes_on(self, checkpoint: Path) -> None:  # noqa: B027  # most keep nothing there
        """Called where a job takes this over from the one that wrote `checkpoint`."""

    def save(self, folder: Path) -> None:  # noqa: B027  # most have nothing of their own
        """Write to `folder`/teacher what the next job needs besides the base model, if anything."""


class Single(Teacher):
    """A teacher that is one network with one set of weights."""

    def __init__(self, model: AnyModel) -> None:
        self.model = model
        """The student's own network, or a copy."""
        self.head = LogitHead.of(model)

    def side(self, batch: Batch) -> Side:
        with self.scoring() as model:
            return Side(batch.hidden(model), self.head)

    @contextlib.contextmanager
    def scoring(self) -> Iterator[AnyModel]:
        """The teacher, for as long as the block lasts: evaluation mode, no gradients, its own weights."""
        training = self.model.training
        self.model.eval()
        try:
            with torch.no_grad(), self._weights():
                yield self.model
        finally:
            self.model.train(training)

    def _weights(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


class Live(Single):
    """The student as it stands."""


class Adapted(Single):
    """The student's network with its adapter switched off, or with another, frozen one in its place."""

    def __init__(self, model: AnyModel, adapter: str | None) -> None:
        super().__init__(model)
        self.adapter = adapter

    @contextlib.contextmanager
    def _weights(self) -> Iterator[None]:
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


class AdaptedBase(Adapted):
    """`base` with LoRA. An adapter that the chain started from is passed on from checkpoint to checkpoint."""

    def __init__(self, model: AnyModel, start: Path | None, kept: bool) -> None:
        super().__init__(model, None if start is None else _ADAPTER)
        self._kept = start if kept else None
        if start is not None:
            _load_adapter(model, start)

    def goes_on(self, checkpoint: Path) -> None:
        self._kept = checkpoint / FOLDER if self.adapter is not None else None

    def save(self, folder: Path) -> None:
        if self._kept is not None:
            shutil.copytree(self._kept, folder / FOLDER, copy_function=_link)
        elif self.adapter is not None:
            save_adapter(cast("PeftModel", self.model), _ADAPTER, folder / FOLDER)


class AdaptedCopy(Adapted):
    """`hard-copy` with LoRA: a second adapter, which takes the student's factors every `every` steps."""

    def __init__(self, model: AnyModel, kept: Path | None, every: int) -> None:
        super().__init__(model, _ADAPTER)
        self.every = every
        if kept is not None:
            _load_adapter(model, kept)
            return
        peft_model = cast("PeftModel", model)
        peft_model.add_adapter(_ADAPTER, dataclasses.replace(peft_model.peft_config[STUDENT]))
        self._take()

    def stepped(self, step: int) -> None:
        if step % self.every == 0:
            self._take()

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _take(self) -> None:
        parameters = dict(self.model.named_parameters())
        for name, parameter in parameters.items():
            if f".{_ADAPTER}." in name:
                parameter.requires_grad_(False)
                parameter.copy_(parameters[name.replace(f".{_ADAPTER}.", f".{STUDENT}.")])

    def save(self, folder: Path) -> None:
        save_adapter(cast("PeftModel", self.model), _ADAPTER, folder / FOLDER)


class AdaptedAverage(Single):
    """`ema` with LoRA: the average of each layer's product B A, in float32, added to the base's output.

    As large as the layers that are adapted, since the average of products of low rank has no low rank.
    """

    def __init__(self, model: AnyModel, kept: Path | None, decay: float) -> None:
        from peft.tuners.lora import LoraLayer
        from safetensors.torch import load_file

        super().__init__(model)
        self.decay = decay
        self._layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, LoraLayer)}
        device = next(model.parameters()).device
        if kept is not None:
            self._average = {name: value.to(device) for name, value in load_file(kept / _AVERAGE).items()}
        else:
            self._average = {name: self._product(layer) for name, layer in self._layers.items()}

    @staticmethod
    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _product(layer: nn.Module) -> Tensor:
        product: Tensor = layer.get_delta_weight(STUDENT)
        return product.detach().float().clone()

    def stepped(self, step: int) -> None:
        for name, layer in self._layers.items():
            self._average[name].lerp_(self._product(layer), 1 - self.decay)

    @contextlib.contextmanager
    def _weights(self) -> Iterator[None]:
        hooks = [layer.register_forward_hook(self._adding(name)) for name, layer in self._layers.items()]
        try:
            with cast("PeftModel", self.model).disable_adapter():
                yield
        finally:
            for hook in hooks:
                hook.remove()

    def _adding(self, name: str):  # type: ignore[no-untyped-def]  # a hook, as torch types them
        def add(layer: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> Tensor:
            return out + nn.functional.linear(given[0], self._average[name].to(given[0].dtype)).to(out.dtype)

        return add

    def save(self, folder: Path) -> None:
        from safetensors.torch import save_file

        (folder / FOLDER).mkdir(parents=True)
        save_file({name: value.cpu().contiguous() for name, value in self._average.items()}, folder / FOLDER / _AVERAGE)


class Copy(Single):
    """`base`, `ema` or `hard-copy` with all weights: a network of its own, frozen or following the student."""

    def __init__(self, job: TrainJob, trainee: Trainee, kept: Path | None) -> None:
        ref = job.model if kept is None else dataclasses.replace(job.model, base=str(kept), adapter=None)
        self._kind, self._config, self._trainee = job.config.teacher, job.config, trainee
        self._kept = kept if self._kind == "base" else None
        dtype = torch.float32 if self._kind == "ema" else trainee.dtype
        model = load_model(ref, str(dtype).removeprefix("torch."), str(trainee.device))
        if ref.adapter:
            model = cast("PreTrainedModel", cast("PeftModel", model).merge_and_unload())
        super().__init__(model.requires_grad_(False).eval())

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def stepped(self, step: int) -> None:
        if self._kind == "ema":
            share = 1 - self._config.teacher_decay
        elif self._kind == "hard-copy" and step % self._config.teacher_every == 0:
            share = 1.0
        else:
            return
        pairs = zip(self.model.parameters(), self._trainee.model.parameters(), strict=True)
        for mine, students in pairs:
            mine.lerp_(students.to(mine.dtype), share)

    def goes_on(self, checkpoint: Path) -> None:
        self._kept = checkpoint / FOLDER if self._kind == "base" else None

    def save(self, folder: Path) -> None:
        if self._kept is not None:
            shutil.copytree(self._kept, folder / FOLDER, copy_function=_link)
        else:
            save_model(self.model, folder / FOLDER)


class TrustRegion(Teacher):
    """Logits between those of the frozen start and those of the current student: their geometric mean, normalised."""

    def __init__(self, base: Single, live: Single, mix: float) -> None:
        self.base, self.live = base, live
        self._head = _Between(base.head, live.head, mix)

    def side(self, batch: Batch) -> Side:
        hidden = torch.cat([self.base.side(batch).hidden_NH, self.live.side(batch).hidden_NH], -1)
        return Side(hidden, self._head)

    def goes_on(self, checkpoint: Path) -> None:
        self.base.goes_on(checkpoint)

    def save(self, folder: Path) -> None:
        self.base.save(folder)


class _Between(nn.Module):  # type: ignore[misc]
    """Two hidden states side by side -> logits between those of two heads."""

    def __init__(self, base: LogitHead, live: LogitHead, mix: float) -> None:
        super().__init__()
        self._heads, self._mix = (base, live), mix

    def forward(self, hidden: Tensor) -> Tensor:
        base, live = hidden.chunk(2, -1)
        between: Tensor = torch.lerp(self._heads[0](base), self._heads[1](live), self._mix)
        return between


def open_teacher(job: TrainJob, trainee: Trainee) -> Teacher:
    """The teacher that the job's configuration asks for, as it was in the first job of the chain.

    Raises:
        EngineError: its weights cannot be loaded.
    """
    kind, config = job.config.teacher, job.config
    if kind == "live":
        return Live(trainee.model)
    if kind == "trust-region":
        return TrustRegion(open_base(job, trainee), Live(trainee.model), config.teacher_mix)
    folder = job.resume_from / FOLDER if job.resume_from is not None else None
    kept = folder if folder is not None and folder.is_dir() else None
    if kind == "base":
        return open_base(job, trainee)
    if not trainee.lora:
        return Copy(job, trainee, kept)
    teacher: Single
    if kind == "ema":
        teacher = AdaptedAverage(trainee.model, kept, config.teacher_decay)
    else:
        teacher = AdaptedCopy(trainee.model, kept, config.teacher_every)
    trainee.model.train()  # PEFT puts the whole network into evaluation mode for another adapter's sake
    return teacher


def open_base(job: TrainJob, trainee: Trainee) -> Single:
    """The model that the first job of the chain started from, frozen. Raises as `open_teacher`."""
    folder = job.resume_from / FOLDER if job.resume_from is not None else None
    kept = folder if folder is not None and folder.is_dir() else None
    if not trainee.lora:
        frozen = dataclasses.replace(job, config=job.config.model_copy(update={"teacher": "base"}))
        return Copy(frozen, trainee, kept)
    start = kept or (Path(job.model.adapter) if job.model.adapter and job.resume_from is None else None)
    teacher = AdaptedBase(trainee.model, start, kept is not None)
    trainee.model.train()
    return teacher


def _load_adapter(model: AnyModel, folder: Path) -> None:
    cast("PeftModel", model).load_adapter(str(folder), _ADAPTER, is_trainable=False)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
