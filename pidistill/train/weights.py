"""Weights in and out of a training job: the model that is trained, and the folder it is written to.

Two ways to train, chosen by `train.lora_rank`:

* LoRA (rank > 0): the base stays as loaded, float32 factors on every linear layer but the output head are trained. A
  model that starts with an adapter goes on with that same adapter. Written: the adapter.
* all weights (rank 0): trained and written in float32, since a step of 1e-6 vanishes in bfloat16, with matrix products
  in bfloat16 where that is the type asked for. An adapter to start from is merged first. Written: model and tokenizer.

Both folders load with `engines.loading.load_model`. Which gradient the weights take is the objectives' business.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn

from pidistill.contracts import TrainJob
from pidistill.engines.chat import load_tokenizer
from pidistill.engines.loading import load_model, pick_device, pick_dtype
from pidistill.errors import UsageError
from pidistill.records import ModelRef

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from pidistill.engines.loading import AnyModel

STUDENT = "default"
"""PEFT's name of the adapter that is trained."""


@dataclass
class Trainee:
    """The model that a job trains."""

    model: AnyModel
    tokenizer: PreTrainedTokenizerBase
    lora: bool
    device: torch.device
    dtype: torch.dtype
    """Type of the matrix products, and of the base's weights under LoRA."""

    def trainable(self) -> dict[str, nn.Parameter]:
        """Parameters that take gradients, by name, in the model's order."""
        return {name: parameter for name, parameter in self.model.named_parameters() if parameter.requires_grad}

    def start(self) -> str:
        """Hash of the weights that are trained, as they are now. Arms of one seed begin with equal ones."""
        digest = hashlib.blake2b(digest_size=16)
        for name, parameter in self.trainable().items():
            digest.update(f"{name} {tuple(parameter.shape)}".encode())
            digest.update(parameter.detach().to("cpu", torch.float32).contiguous().view(torch.uint8).numpy().data)
        return digest.hexdigest()

    @contextlib.contextmanager
    def autocast(self) -> Iterator[None]:
        """Matrix products in `dtype`. A cast weight is not kept: one cast without gradients must not serve a pass
        that needs them."""
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32, cache_enabled=False):
            yield

    def save(self, folder: Path) -> None:
        """Write the adapter, or the model with its tokenizer, to `folder`."""
        if self.lora:
            save_adapter(cast("PeftModel", self.model), STUDENT, folder)
        else:
            save_model(self.model, folder)
            self.tokenizer.save_pretrained(folder)


def open_trainee(job: TrainJob, start: ModelRef) -> Trainee:
    """Load `start` ready to be trained as the job's configuration says, in training mode.

    New LoRA factors are drawn from torch's global generator.

    Raises:
        EngineError: the model cannot be loaded.
        UsageError: the type is float16, or the adapter to go on with has another rank.
    """
    device = pick_device(job.device)
    dtype = pick_dtype(job.dtype, device)
    if dtype == torch.float16:
        raise UsageError("Training in float16 is not supported.", "Try: --set model.dtype=bfloat16 (or float32)")
    rank = job.config.lora_rank
    model: AnyModel
    if rank == 0:
        model = load_model(start, "float32", str(device))
        if start.adapter:
            model = cast("PreTrainedModel", cast("PeftModel", model).merge_and_unload())
        model.requires_grad_(True)
    elif start.adapter:
        model = load_model(start, str(dtype).removeprefix("torch."), str(device), trainable=True)
        found = cast(int, cast("PeftModel", model).peft_config[STUDENT].r)
        if found != rank:
            raise UsageError(
                f"The adapter {start.adapter} has rank {found}, the configuration says {rank}.",
                f"Go on with its rank (--set train.lora_rank={found}), or train all weights (--set train.lora_rank=0).",
            )
    else:
        from peft import get_peft_model

        base = load_model(start, str(dtype).removeprefix("torch."), str(device))
        model = get_peft_model(cast("PreTrainedModel", base), _lora(rank, job.config.lora_alpha))
    return Trainee(model.train(), load_tokenizer(dataclasses.replace(start, adapter=None)), rank > 0, device, dtype)


def save_model(model: AnyModel, folder: Path) -> None:
    """Write full weights and configuration to `folder`, without transformers' progress bar."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model.save_pretrained(str(folder))
    finally:
        if shown:
            logging.enable_progress_bar()


def save_adapter(model: PeftModel, name: str, folder: Path) -> None:
    """Write the adapter called `name`, and nothing else, directly into `folder`."""
    from peft.utils import get_peft_model_state_dict
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = get_peft_model_state_dict(model, adapter_name=name, save_embedding_layers=False)
    save_file(
        {key: value.detach().cpu().contiguous() for key, value in state.items()}, folder / "adapter_model.safetensors"
    )
    config: Any = dataclasses.replace(model.peft_config[name], inference_mode=True)
    if isinstance(config.target_modules, set):  # which PEFT would write in any order: equal adapters are equal bytes
        config.target_modules = sorted(config.target_modules)
    config.save_pretrained(str(folder))


def _lora(rank: int, alpha: int) -> object:
    from peft import LoraConfig

    return LoraConfig(
        r=rank, lora_alpha=alpha or 2 * rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
    )
