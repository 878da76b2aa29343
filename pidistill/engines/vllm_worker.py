"""What runs inside vLLM's workers, which may be other processes: loading trained weights over the old ones.

vLLM mixes `RefreshWeights` into its worker class by name (`worker_extension_cls`), so the only thing that crosses the
process boundary is the folder's path. vLLM's own `reload_weights(weights_path=...)` is not enough: where the output
layer shares the embedding's weights, checkpoints hold them once, and on CPU builds, which keep a packed copy of the
output layer, that copy silently keeps the old weights. Here the shared tensor is handed over under both names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_EMBEDDING = "embed_tokens.weight"
_OUTPUT = "lm_head.weight"


class RefreshWeights:
    """Extension of vLLM's worker. Holds no state of its own."""

    model_config: Any
    """vLLM's, from the worker class."""

    if TYPE_CHECKING:

        def reload_weights(self, *, weights_iterator: Iterable[tuple[str, torch.Tensor]]) -> None:
            """The worker's own: take new weights in the checkpoint's format, whatever the layout in memory."""

    def refresh_weights(self, folder: str) -> None:
        """Replace all weights by those of the safetensors files in `folder`, which must have the same shapes."""
        tied = bool(getattr(self.model_config.hf_text_config, "tie_word_embeddings", False))
        self.reload_weights(weights_iterator=checkpoint_tensors(Path(folder), tied))


def checkpoint_tensors(folder: Path, tied: bool) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors of `folder` by name; with `tied`, the embedding once more as output layer unless it is there."""
    from safetensors import safe_open

    embedding: torch.Tensor | None = None
    output = False
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - a safe_open handle is no dictionary
                tensor = file.get_tensor(name)
                output = output or name.endswith(_OUTPUT)
                if name.endswith(_EMBEDDING):
                    embedding = tensor
                yield name, tensor
    if tied and not output and embedding is not None:
        yield _OUTPUT, embedding
