"""What the divergence needs from a model: hidden states at the tokens of a completion, and the head on top of them.

A causal language model is taken apart into backbone and head so that logits need not exist for a whole batch. The head
here is the model's own, with the scale or soft cap that some architectures put behind it; `LogitHead.of` compares it
with the model's own forward pass and refuses an architecture that it would get wrong.

A sequence is a prompt and a completion, and each side of a distillation has a prompt of its own: `Batch` knows where
each completion starts, so both sides give one row per completion token, in the same order, from the same boundary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from pidistill.errors import EngineError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from pidistill.engines.loading import AnyModel


@dataclass(frozen=True)
class Batch:
    """B sequences padded on the right to T tokens, with the positions of their N completion tokens."""

    input_ids_BT: Tensor
    attention_mask_BT: Tensor
    row_N: Tensor
    """Which sequence each completion token belongs to."""
    position_N: Tensor
    """The position that *predicts* each completion token: one before its own."""

    @classmethod
    def of(cls, prompts: Sequence[Sequence[int]], completions: Sequence[Sequence[int]], device: torch.device) -> Self:
        """Lay out prompts and completions, neither of them empty. The padding id is 0 and is never attended to."""
        lengths = [len(p) + len(c) for p, c in zip(prompts, completions, strict=True)]
        input_ids = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
        attention_mask = torch.zeros_like(input_ids)
        rows: list[int] = []
        positions: list[int] = []
        for row, (prompt, completion) in enumerate(zip(prompts, completions, strict=True)):
            input_ids[row, : lengths[row]] = torch.tensor([*prompt, *completion])
            attention_mask[row, : lengths[row]] = 1
            rows += [row] * len(completion)
            positions += range(len(prompt) - 1, lengths[row] - 1)
        tensors = (input_ids, attention_mask, torch.tensor(rows), torch.tensor(positions))
        return cls(*(tensor.to(device) for tensor in tensors))

    @property
    def targets_N(self) -> Tensor:
        """The completion tokens themselves, as they stand in `input_ids_BT`."""
        return self.input_ids_BT[self.row_N, self.position_N + 1]

    def hidden(self, model: AnyModel) -> Tensor:
        """Last hidden states `[N, H]` at the positions that predict the completion tokens."""
        backbone = causal_lm(model).base_model
        states_BTH = backbone(
            input_ids=self.input_ids_BT, attention_mask=self.attention_mask_BT, use_cache=False
        ).last_hidden_state
        selected: Tensor = states_BTH[self.row_N, self.position_N]
        return selected


def check_same_targets(student: Batch, teacher: Batch) -> None:
    """Raise `EngineError` unless both sides score the same completion tokens in the same order."""
    ours, theirs = student.targets_N, teacher.targets_N
    if torch.equal(student.row_N, teacher.row_N) and torch.equal(ours, theirs):
        return
    if len(ours) != len(theirs):
        where = f"the student's side has {len(ours)} completion tokens and the teacher's {len(theirs)}"
    else:
        differs = (ours != theirs) | (student.row_N != teacher.row_N)
        first = int(differs.nonzero()[0])
        where = (
            f"at completion token {first} of the batch (example {int(student.row_N[first])}) the student has "
            f"id {int(ours[first])} and the teacher id {int(theirs[first])}"
        )
    raise EngineError(
        f"Student and teacher do not score the same completion: {where}.",
        "Both prompts must be rendered by one tokenizer and be followed by the rollout's own token ids.",
    )


class LogitHead(nn.Module):  # type: ignore[misc]
    """Hidden states `[*, H]` -> logits `[*, V]`, as the model itself computes them."""

    def __init__(self, projection: nn.Module, scale: float = 1.0, softcap: float | None = None) -> None:
        super().__init__()
        self.projection, self.scale, self.softcap = projection, scale, softcap

    @classmethod
    def of(cls, model: AnyModel) -> LogitHead:
        """The head of `model`.

        Raises:
            EngineError: the model does something else between its hidden states and its logits.
        """
        bare = causal_lm(model)
        config = bare.config.get_text_config()
        scale = getattr(config, "logit_scale", None) or 1.0  # Cohere
        scale /= getattr(config, "logits_scaling", None) or 1.0  # Granite
        if any("lora_" in name for name, _ in bare.get_output_embeddings().named_parameters()):
            raise EngineError(
                "The adapter changes the output head, which student and teacher share here.",
                "Start from an adapter that leaves lm_head alone, or train all weights (--set train.lora_rank=0).",
            )
        head = cls(bare.get_output_embeddings(), scale, getattr(config, "final_logit_softcapping", None))
        head._compare(bare)
        return head

    def forward(self, hidden: Tensor) -> Tensor:
        logits: Tensor = self.projection(hidden)
        if self.scale != 1:
            logits = logits * self.scale
        if self.softcap is not None:
            logits = torch.tanh(logits / self.softcap) * self.softcap
        return logits

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _compare(self, bare: PreTrainedModel) -> None:
        training = bare.training
        bare.eval()
        probe = torch.arange(8, device=bare.device)[None] % bare.config.get_text_config().vocab_size
        expected = bare(input_ids=probe, use_cache=False).logits
        found = self(bare.base_model(input_ids=probe, use_cache=False).last_hidden_state)
        bare.train(training)
        if not torch.allclose(found.float(), expected.float(), rtol=1e-2, atol=1e-2):
            raise EngineError(
                f"{type(bare).__name__} does not compute its logits from its last hidden states the way this objective "
                "does, so its divergence would be wrong.",
                "Use another model, or the sft objective (--set train.objective=sft).",
            )


def causal_lm(model: AnyModel) -> PreTrainedModel:
    """The Hugging Face model inside `model`, adapters and all: calling it goes through the active adapter."""
    bare: PreTrainedModel = model.get_base_model() if hasattr(model, "get_base_model") else model
    return bare
