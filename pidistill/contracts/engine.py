"""An engine makes rollouts: requests in, generations out, one model at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pidistill.records import JSON, Messages, ModelRef, Sampling


@dataclass(frozen=True)
class Request:
    """One completion to be made."""

    messages: Messages
    sampling: Sampling
    token_ids: tuple[int, ...] | None = None
    """The rendered prompt, where the caller has it already; engines render `messages` otherwise."""


@dataclass(frozen=True)
class Generation:
    """What an engine gives back for one request."""

    completion: str
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    prompt_tokens: int
    truncated: bool


def silent(tokens: int) -> None:
    """Who hears of decoded tokens where nobody wants to."""


@runtime_checkable
class Engine(Protocol):
    """Makes rollouts with one model at a time.

    A generation depends on the model, the messages and its own sampling (seed included), not on what else is in the
    batch, up to float rounding.
    """

    name: str

    @property
    def model(self) -> ModelRef:
        """The model that the next `generate` will use."""
        ...

    def generate(
        self, requests: Sequence[Request], tell: Callable[[int], None] = silent
    ) -> Iterator[Sequence[tuple[int, Generation]]]:
        """Yield what has finished together, as (index into `requests`, generation), in any order.

        `tell` hears how many tokens were decoded since it was last told, so that a long batch shows progress.

        The caller stores each piece before it asks for the next, so what is yielded survives a kill. An engine that
        decodes fixed batches yields a whole batch at a time: then a run that resumes forms the same batches again.
        Raises `EngineError`.
        """
        ...

    def identity(self) -> Mapping[str, JSON]:
        """What a generation depends on besides model, messages and sampling: part of each rollout's key."""
        ...

    def refresh(self, model: ModelRef) -> None:
        """Use `model` from now on. Where only the adapter or the weights changed, the engine is not rebuilt."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...
