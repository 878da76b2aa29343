"""The engine that needs nothing but Hugging Face: any causal LM, any LoRA adapter, on a CPU or a GPU.

Requests are sorted by prompt length and decoded in batches of similar length (`decoding`), each with its own sampling
and seed (`sampling`), so a generation is the same alone and in a batch up to the rounding of its matrix products.
Adapters stay apart from the base weights, as they are in training, and are swapped in place. For many long completions
on a GPU, `vllm_engine` is faster; this engine is the reference that the other is tested against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch

from pidistill.config import EngineConfig
from pidistill.contracts import Generation, Request
from pidistill.contracts.engine import silent
from pidistill.engines import chat, loading
from pidistill.engines.decoding import Batch, Row
from pidistill.errors import EngineError, UsageError
from pidistill.records import JSON, ModelRef


class TransformersEngine:
    """`contracts.Engine` over `transformers` and `peft`."""

    name = "transformers"

    def __init__(self, model: ModelRef, config: EngineConfig) -> None:
        """Load `model`. Raises `EngineError` where that fails, `UsageError` for options, of which there are none."""
        if given := {**config.options, **config.runtime}:
            key = min(given)
            raise UsageError(
                f"engine.options.{key}: the transformers engine takes no options.",
                "Its settings are engine.batch_size, engine.dtype and engine.device.",
            )
        self._ref = model
        self._config = config
        self._tokenizer = chat.load_tokenizer(model)
        self._ends = chat.end_token_ids(self._tokenizer, model)
        self._model: loading.AnyModel | None = loading.load_model(model, config.dtype, config.device)

    @property
    def model(self) -> ModelRef:
        """The model that the next `generate` will use."""
        return self._ref

    def generate(
        self, requests: Sequence[Request], tell: Callable[[int], None] = silent
    ) -> Iterator[Sequence[tuple[int, Generation]]]:
        """Yield (index into `requests`, generation), a whole batch at a time, longest prompts first.

        A prompt that fills the model's context window has no room for an answer: its generation is empty and
        `truncated`. Raises `EngineError` when memory runs out.
        """
        model = self._loaded()
        window = _window(model)
        prompts = chat.render_requests(self._tokenizer, requests, self._ref.chat)
        order = sorted(range(len(requests)), key=lambda index: -len(prompts[index]))
        roomless = {i for i in order if len(prompts[i]) >= window or requests[i].sampling.max_tokens < 1}
        if roomless:
            yield [(i, Generation("", (), (), len(prompts[i]), truncated=True)) for i in roomless]
        order = [i for i in order if i not in roomless]
        for start in range(0, len(order), self._config.batch_size):
            chosen = order[start : start + self._config.batch_size]
            samplings = [requests[i].sampling for i in chosen]
            try:
                batch = Batch(model, [prompts[i] for i in chosen], samplings, self._ends, window)
                finished: list[tuple[int, Generation]] = []
                while batch.alive:
                    tell(batch.growing)
                    for row in batch.step():
                        index = chosen[row.index]
                        finished.append((index, self._generation(row, len(prompts[index]))))
            except torch.OutOfMemoryError as error:
                raise EngineError(
                    f"Out of memory with {len(chosen)} sequences side by side on {model.device}.",
                    f"Try: --set engine.batch_size={max(1, self._config.batch_size // 2)}",
                ) from error
            yield finished

    def identity(self) -> Mapping[str, JSON]:
        """The type of the weights; the model's revision says the rest."""
        return {"dtype": str(self._loaded().dtype).removeprefix("torch.")}

    def refresh(self, model: ModelRef) -> None:
        """Use `model` from now on: swap the adapter, or copy new weights into place.

        A model of another shape is loaded afresh. After an `EngineError` the engine is closed.
        """
        loaded, self._model = self._loaded(), None
        if loading.base_revision(model) != loading.base_revision(self._ref):
            self._tokenizer = chat.load_tokenizer(model)
            self._ends = chat.end_token_ids(self._tokenizer, model)
        self._model = loading.swap_weights(loaded, self._ref, model)
        self._ref = model

    def close(self) -> None:
        """Free the model."""
        self._model = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _loaded(self) -> loading.AnyModel:
        if self._model is None:
            raise EngineError(f"The engine for {self._ref.base!r} is closed.", "Open a new one.")
        return self._model

    def _generation(self, row: Row, prompt_tokens: int) -> Generation:
        return Generation(
            completion=chat.decode_completion(self._tokenizer, row.tokens, self._ends),
            token_ids=tuple(row.tokens),
            logprobs=tuple(row.logprobs),
            prompt_tokens=prompt_tokens,
            truncated=not row.ended,
        )


def _window(model: loading.AnyModel) -> int:
    """Longest prompt plus completion that the model was made for; without a bound where its configuration has none."""
    window = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return int(window) if window else 2**31
