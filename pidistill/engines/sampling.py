"""Choosing the next token of each row of a batch, so that a row's draw does not depend on the other rows.

Every request brings its own seed. Its uniform numbers come from a counter-based generator (Philox) keyed by that seed,
one number for each token, and a token is chosen by inverting the cumulative distribution: the same seed and the same
logits give the same token in any batch, at any position, on any device. Filters act in the usual order: temperature,
then the `top_k` most probable tokens, then the smallest set of those that holds `top_p` of what is left.

Log-probabilities are those of the unfiltered distribution at temperature 1, in float32: what a trainer's forward pass
gives for the same token.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from pidistill.records import Sampling

_BLOCK = 64
"""Uniform numbers drawn ahead for each row."""


class Sampler:
    """The sampling state of a batch. All rows are at the same step: the number of tokens chosen so far."""

    def __init__(self, samplings: Sequence[Sampling], device: torch.device) -> None:
        self._device = device
        self._streams = [np.random.Generator(np.random.Philox(key=s.seed % 2**64)) for s in samplings]
        self._step = 0
        self._uniform_SB = torch.empty(0)
        self._temperature_B = torch.tensor([s.temperature for s in samplings], device=device)
        self._top_p_B = torch.tensor([s.top_p for s in samplings], device=device)
        self._top_k_B = torch.tensor([s.top_k for s in samplings], device=device)
        self._greedy = all(s.temperature == 0 for s in samplings)
        self._mixed = not self._greedy and any(s.temperature == 0 for s in samplings)
        self._filtered = any(s.top_p < 1 or s.top_k > 0 for s in samplings)

    def choose(self, logits_BV: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The next token of each row, and its log-probability.

        Args:
            logits_BV: raw logits of the last position, any floating type.

        Returns:
            `tokens_B` (int64) and `logprobs_B` (float32, natural logarithm, temperature 1, nothing filtered).
        """
        logits_BV = logits_BV.float()
        tokens_B = logits_BV.argmax(-1) if self._greedy else self._draw(logits_BV)
        chosen_B = logits_BV.gather(-1, tokens_B[:, None]).squeeze(-1)
        return tokens_B, chosen_B - logits_BV.logsumexp(-1)

    def keep(self, rows_K: torch.Tensor) -> None:
        """Drop all rows but `rows_K` (indices, in the new order)."""
        self._streams = [self._streams[row] for row in rows_K.tolist()]
        self._uniform_SB = self._uniform_SB[:, rows_K] if self._uniform_SB.numel() else self._uniform_SB
        self._temperature_B = self._temperature_B[rows_K]
        self._top_p_B = self._top_p_B[rows_K]
        self._top_k_B = self._top_k_B[rows_K]

    def _draw(self, logits_BV: torch.Tensor) -> torch.Tensor:
        temperature_B1 = self._temperature_B[:, None]
        if self._mixed:
            temperature_B1 = temperature_B1.where(temperature_B1 > 0, 1.0)
        scaled_BV = logits_BV / temperature_B1
        weights_BV = scaled_BV.softmax(-1)
        if self._filtered:
            sorted_BV, order_BV = weights_BV.sort(dim=-1, descending=True, stable=True)
            # Back in the order of the vocabulary, where a row without filters draws as it would in any other batch.
            weights_BV = torch.zeros_like(weights_BV).scatter_(
                -1, order_BV, _filter(sorted_BV, self._top_k_B, self._top_p_B)
            )
        tokens_B = self._invert(weights_BV).squeeze(-1)
        return torch.where(self._temperature_B > 0, tokens_B, logits_BV.argmax(-1)) if self._mixed else tokens_B

    def _invert(self, weights_BV: torch.Tensor) -> torch.Tensor:
        """The first index of each row at which the cumulative weight exceeds the row's uniform number, as `[B, 1]`."""
        cumulative_BV = weights_BV.cumsum(-1, dtype=torch.float64)
        target_B1 = self._uniforms()[:, None] * cumulative_BV[:, -1:]
        return torch.searchsorted(cumulative_BV, target_B1, right=True).clamp_max(weights_BV.shape[-1] - 1)

    def _uniforms(self) -> torch.Tensor:
        """This step's uniform number in [0, 1) for each row, float64."""
        offset = self._step % _BLOCK
        if offset == 0:
            drawn_SB = np.stack([stream.random(_BLOCK) for stream in self._streams], axis=1)
            self._uniform_SB = torch.from_numpy(drawn_SB).to(self._device)
        self._step += 1
        return self._uniform_SB[offset]


def _filter(weights_BV: torch.Tensor, top_k_B: torch.Tensor, top_p_B: torch.Tensor) -> torch.Tensor:
    """Zero the weights outside top-k, then outside top-p. `weights_BV` descends along each row."""
    rank_V = torch.arange(weights_BV.shape[-1], device=weights_BV.device)
    outside_BV = (rank_V >= top_k_B[:, None]) & (top_k_B[:, None] > 0)
    weights_BV = weights_BV.masked_fill(outside_BV, 0.0)
    cumulative_BV = weights_BV.cumsum(-1, dtype=torch.float64)
    before_BV = cumulative_BV - weights_BV
    beyond_BV = (before_BV >= top_p_B[:, None] * cumulative_BV[:, -1:]) & (top_p_B[:, None] < 1)
    return weights_BV.masked_fill(beyond_BV, 0.0)
