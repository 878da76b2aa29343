"""The engine for a model that somebody else runs: any server that speaks OpenAI's chat completions.

It serves for a second, larger model (hints, diagnoses, second tries), not for the one that is trained: its weights
cannot be refreshed from here. The server renders the prompt and knows the tokens; completions come back as text, and
token ids and log-probabilities only where the server is known to give them (`token_ids`). Requests run side by side up
to a bound; rate limits, time-outs and server errors are retried by the `openai` package, with its growing pauses.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any

from pydantic import Field

from pidistill.config import EngineConfig, Table, build
from pidistill.contracts import Generation, Request
from pidistill.contracts.engine import silent
from pidistill.engines.chat import valid_unicode
from pidistill.engines.loading import weights_revision, with_chat
from pidistill.errors import EngineError, MissingDependencyError
from pidistill.records import JSON, Messages, ModelRef, Sampling, content_hash

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion


class OpenAIOptions(Table):
    """`[engine.options]` of this engine, and `[engine.runtime]`, which is in no rollout's key."""

    base_url: str = ""
    """Address of the server, ending in /v1; empty: OpenAI's."""
    model: str = ""
    """Name that the server knows the model by; empty: the `ModelRef`'s own."""
    api_key_env: str = ""
    """Environment variable that holds the key; empty: OPENAI_API_KEY, which a server of one's own can do without."""
    concurrency: int = Field(16, ge=1)
    """Requests under way at once, at most."""
    retries: int = Field(6, ge=0)
    """Further tries after a rate limit, a time-out or a server error."""
    timeout_s: float = Field(600.0, gt=0)
    """Seconds that one request may take."""
    token_ids: bool = False
    """Ask for token ids and log-probabilities (`return_token_ids`). vLLM's server gives them; others refuse."""
    max_tokens_field: str = "max_tokens"
    """What the server calls the limit; `max_completion_tokens` for OpenAI's reasoning models."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Further fields of every request, as they are."""


def served_model(config: EngineConfig, chat: Mapping[str, JSON] | None = None) -> ModelRef:
    """The `ModelRef` of the model that `config.options` name: known by server and name, not by its weights."""
    options = build(OpenAIOptions, {**config.options, **config.runtime}, "engine.options")
    if not options.model:
        raise EngineError("The openai engine needs to know the model.", "Add: --set engine.options.model=NAME")
    return with_chat(ModelRef(options.model, f"served-{content_hash(options.base_url, options.model)}"), chat or {})


class OpenAIEngine:
    """`contracts.Engine` over an OpenAI-compatible server."""

    name = "openai"
    served = staticmethod(served_model)

    def __init__(self, model: ModelRef, config: EngineConfig) -> None:
        """Prepare a client; no request is sent yet. Raises `EngineError` where the key is missing."""
        try:
            import openai
        except ImportError as error:
            raise MissingDependencyError("openai", "openai", "The openai engine") from error
        self._openai = openai
        self._options = build(OpenAIOptions, {**config.options, **config.runtime}, "engine.options")
        self._ref = model
        self._client = openai.OpenAI(
            base_url=self._options.base_url or None,
            api_key=_api_key(self._options),
            max_retries=self._options.retries,
            timeout=self._options.timeout_s,
        )

    @property
    def model(self) -> ModelRef:
        """The model that the next `generate` will use."""
        return self._ref

    def generate(
        self, requests: Sequence[Request], tell: Callable[[int], None] = silent
    ) -> Iterator[Sequence[tuple[int, Generation]]]:
        """Yield (index into `requests`, generation), one at a time, as answers come in.

        The seed is sent along; whether it is honoured is the server's business. A prompt that the server finds longer
        than the model's context comes back empty and `truncated`. Raises `EngineError` when retries are used up.
        """
        pool = ThreadPoolExecutor(self._options.concurrency)
        try:
            futures = {pool.submit(self._generate_one, request): index for index, request in enumerate(requests)}
            for future in as_completed(futures):
                yield [(futures[future], future.result())]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def identity(self) -> Mapping[str, JSON]:
        """The server, the model's name there, and what every request holds besides its messages and sampling."""
        options = self._options
        return {
            "base_url": options.base_url, "model": options.model or self._ref.base, "extra_body": options.extra_body,
        }  # fmt: skip

    def refresh(self, model: ModelRef) -> None:
        """Take other chat options. Raises `EngineError` for other weights: the server keeps its own."""
        if weights_revision(model) != weights_revision(self._ref):
            raise EngineError(
                f"{self._where()} serves its own weights, not those trained here.",
                "Sample from a model that is trained with engine.name=transformers or vllm.",
            )
        self._ref = model

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _generate_one(self, request: Request) -> Generation:
        try:
            answer = self._ask(request.messages, request.sampling)
        except _PromptTooLong:
            return Generation("", (), (), 0, truncated=True)
        if not answer.choices:
            raise EngineError(f"{self._where()} answered without a choice.", "Look at the server's log.")
        choice = answer.choices[0]
        token_ids = tuple((choice.model_extra or {}).get("token_ids") or ())
        content = (choice.logprobs.content if choice.logprobs else None) or []
        return Generation(
            completion=choice.message.content or "",
            token_ids=token_ids,
            logprobs=tuple(token.logprob for token in content) if len(content) == len(token_ids) else (),
            prompt_tokens=answer.usage.prompt_tokens if answer.usage else 0,
            truncated=choice.finish_reason == "length",
        )

    def _ask(self, messages: Messages, sampling: Sampling) -> ChatCompletion:
        openai = self._openai
        try:
            return self._client.chat.completions.create(
                model=self._options.model or self._ref.base,
                messages=[{"role": m.role, "content": valid_unicode(m.content)} for m in messages],  # type: ignore[misc]
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                seed=sampling.seed % 2**63,
                logprobs=self._options.token_ids or None,
                extra_body=self._extra_body(sampling),
            )
        except openai.AuthenticationError as error:
            raise EngineError(
                f"{self._where()} refuses the key: {error.message}", "Name its variable: engine.options.api_key_env"
            ) from error
        except openai.NotFoundError as error:
            raise EngineError(
                f"{self._where()} answers 'not found': {error.message}",
                "Check engine.options.model, and that engine.options.base_url ends in /v1.",
            ) from error
        except openai.BadRequestError as error:
            if error.code == "context_length_exceeded" or "maximum context length" in error.message:
                raise _PromptTooLong from error
            raise EngineError(f"{self._where()} refuses the request: {error.message}") from error
        except openai.APIConnectionError as error:
            raise EngineError(
                f"{self._where()} cannot be reached: {error}", "Check engine.options.base_url."
            ) from error
        except openai.APIError as error:
            raise EngineError(
                f"{self._where()} failed after {self._options.retries} retries: {error.message}",
                "Try fewer at once: --set engine.options.concurrency=4; what was made so far is in the store.",
            ) from error

    def _extra_body(self, sampling: Sampling) -> dict[str, object]:
        """Fields that the `openai` package does not know, or not by the server's name."""
        body: dict[str, object] = {self._options.max_tokens_field: sampling.max_tokens}
        if sampling.top_k:
            body["top_k"] = sampling.top_k
        if self._ref.chat:
            body["chat_template_kwargs"] = dict(self._ref.chat)
        if self._options.token_ids:
            body["return_token_ids"] = True
        return body | self._options.extra_body

    def _where(self) -> str:
        return f"The server at {self._client.base_url} (model {self._options.model or self._ref.base!r})"


class _PromptTooLong(Exception):
    """The server says that the prompt leaves no room in the model's context."""


def _api_key(options: OpenAIOptions) -> str:
    name = options.api_key_env or "OPENAI_API_KEY"
    key = os.environ.get(name, "")
    if key:
        return key
    if options.api_key_env or not options.base_url:
        raise EngineError(f"The openai engine finds no key in the environment variable {name}.", f"export {name}=...")
    return "none"
