"""A decode loop for any Hugging Face causal LM: a batch of prompts, one token a row and step, rows leave when done.

Why not `model.generate`: it cannot give each row its own sampling and seed, keeps finished rows to the end of the
batch, and returns log-probabilities only as whole `[T, B, V]` scores. The loop leaves everything that depends on the
architecture (caches, sliding windows, masks, rotary positions) to the model's own `forward`. Text is the engine's
business; this module knows token ids only.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from pidistill.engines.sampling import Sampler
from pidistill.records import Sampling

if TYPE_CHECKING:
    from pidistill.engines.loading import AnyModel

_SPARSE = 0.875
"""A batch is compacted once no more than this share of its rows is alive. Compacting copies the cache once, which is
about what every single step costs, so it pays early."""


@dataclass
class Row:
    """One sequence in the making."""

    index: int
    """Position in the caller's list of prompts."""
    limit: int
    """Completion tokens it may have."""
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    ended: bool = False
    """Whether the last token is an end token."""

    @property
    def done(self) -> bool:
        return self.ended or len(self.tokens) >= self.limit

    def add(self, token: int, logprob: float, ends: Collection[int]) -> bool:
        """Append a token. Returns whether the row is done with it."""
        self.tokens.append(token)
        self.logprobs.append(logprob)
        self.ended = token in ends
        return self.done


class Batch:
    """Prompts that are decoded side by side. Call `step` until it has returned every row."""

    def __init__(
        self,
        model: AnyModel,
        prompts: Sequence[Sequence[int]],
        samplings: Sequence[Sampling],
        ends: Collection[int],
        window: int,
    ) -> None:
        """
        Args:
            model: on its device, in evaluation mode.
            prompts: prompt token ids, none empty; they are padded on the left to equal length.
            samplings: one for each prompt.
            ends: token ids that end a completion.
            window: longest prompt plus completion that the model was made for, in tokens. Prompts must be shorter.
        """
        self._model = model
        self._ends = frozenset(ends)
        self._accepts = _accepted_arguments(model)
        device = model.device
        longest = max(map(len, prompts))
        self._rows = [
            Row(index, min(sampling.max_tokens, window - len(prompt)))
            for index, (prompt, sampling) in enumerate(zip(prompts, samplings, strict=True))
        ]
        total = longest + max(row.limit for row in self._rows)
        ids_BP = torch.zeros(len(prompts), longest, dtype=torch.long)
        self._mask_BT = torch.ones(len(prompts), total, dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids_BP[row, longest - len(prompt) :] = torch.tensor(prompt)
            self._mask_BT[row, : longest - len(prompt)] = 0
        self._mask_BT = self._mask_BT.to(device)
        self._input_BL = ids_BP.to(device)
        self._position_BL = (self._mask_BT[:, :longest].cumsum(-1) - 1).clamp_min(0)
        self._length = longest
        self._cache: object = None
        self._sampler = Sampler(samplings, device)

    @property
    def alive(self) -> bool:
        """Whether a row is still in the making."""
        return bool(self._rows)

    @property
    def growing(self) -> int:
        """Rows that the next step adds a token to."""
        return sum(not row.done for row in self._rows)

    def step(self) -> list[Row]:
        """Add one token to every row. Returns the rows that are done with it."""
        with torch.inference_mode():
            return self._step()

    def _step(self) -> list[Row]:
        tokens_B, logprobs_B = self._sampler.choose(self._forward())
        finished = [
            row
            for row, token, logprob in zip(self._rows, tokens_B.tolist(), logprobs_B.tolist(), strict=True)
            if not row.done and row.add(token, logprob, self._ends)
        ]
        self._input_BL = tokens_B[:, None]
        self._position_BL = self._position_BL[:, -1:] + 1
        self._length += 1
        if finished:
            self._compact()
        return finished

    def _forward(self) -> torch.Tensor:
        arguments = {
            "attention_mask": self._mask_BT[:, : self._length],
            "position_ids": self._position_BL,
            "logits_to_keep": 1,
        }
        output = self._model(
            input_ids=self._input_BL,
            past_key_values=self._cache,
            use_cache=True,
            **{name: value for name, value in arguments.items() if name in self._accepts},
        )
        self._cache = output.past_key_values
        logits_BV: torch.Tensor = output.logits[:, -1]
        return logits_BV

    def _compact(self) -> None:
        """Let finished rows go, once enough of them have piled up."""
        keep = [position for position, row in enumerate(self._rows) if not row.done]
        if not keep:
            self._rows, self._cache = [], None
            return
        select = getattr(self._cache, "batch_select_indices", None)
        if select is None or len(keep) > _SPARSE * len(self._rows):
            return
        rows_K = torch.tensor(keep, device=self._input_BL.device)
        select(rows_K)
        self._sampler.keep(rows_K)
        self._rows = [self._rows[position] for position in keep]
        self._input_BL, self._position_BL = self._input_BL[rows_K], self._position_BL[rows_K]
        self._mask_BT = self._mask_BT[rows_K]


def _accepted_arguments(model: AnyModel) -> frozenset[str]:
    """Names that the model's `forward` takes: some architectures find positions by themselves."""
    inner = getattr(model, "get_base_model", lambda: model)()
    return frozenset(inspect.signature(inner.forward).parameters)
