"""The contracts between the core and whatever plugs into it. A plugin author reads this file and `records.py`.

Hooks (`hookspecs.py`) only hand over `Spec`s; all work is done by the objects that a spec's factory makes, and those
objects satisfy one of the classes here. Nothing in this file does any work, and importing it is cheap.
"""

from __future__ import annotations

import importlib
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from pidistill.errors import PluginError
from pidistill.records import (
    JSON,
    PI,
    Example,
    Messages,
    ModelRef,
    Problem,
    Reveals,
    Rollout,
    Sampling,
    Status,
    Verdict,
)
from pidistill.sandbox import Session

if TYPE_CHECKING:
    from pidistill.config import TrainConfig

API = 1
"""Version of these contracts. A spec made for another version is switched off with that reason."""


@dataclass(frozen=True)
class Spec:
    """What a plugin registers: a name, one line, and where the object comes from."""

    name: str
    summary: str
    factory: str
    """`"package.module:Class"`, imported on first use so that listing plugins stays light."""
    api: int = API

    def load(self) -> Callable[..., object]:
        """Import and return the factory. Raises `PluginError` naming the spec when that fails."""
        module_name, _, attribute = self.factory.partition(":")
        if not attribute:
            raise PluginError(f"Plugin object {self.name!r}: factory {self.factory!r} is not 'package.module:Class'.")
        try:
            return getattr(importlib.import_module(module_name), attribute)  # type: ignore[no-any-return]
        except (ImportError, AttributeError) as error:
            raise PluginError(
                f"Plugin object {self.name!r}: cannot import {self.factory!r}: {error}",
                "See the whole traceback: pidistill plugins --verbose",
            ) from error


# --- Domains and verifiers ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DataSource:
    """Where problems come from: a data set name the domain knows, or a local JSONL or Parquet file."""

    dataset: str = ""
    """A name listed by `Domain.datasets()`."""
    split: str = ""
    """Split of the data set; empty takes the data set's default."""
    path: Path | None = None
    """A local file, read instead of the hub. `dataset` then says how to read its columns, if it must be said."""
    limit: int | None = None
    """Keep at most this many problems, the first ones."""
    seed: int = 0
    """For generated data sets: which problems are generated."""


@dataclass(frozen=True)
class Case:
    """A labelled submission: what the right verdict is. Domains ship them; `pidistill check` runs them."""

    id: str
    problem: Problem
    completion: str
    expected: frozenset[Status]
    why: str = ""


@dataclass(frozen=True)
class Embedded:
    """The tiny model and generated problems that a domain ships, so that everything runs without a hub."""

    model: Path
    """Folder with config, weights, tokenizer and chat template."""
    train: DataSource
    evaluate: DataSource
    max_tokens: int


@dataclass(frozen=True)
class Part:
    """Something that a domain works with outside of Python, such as a Lean toolchain; see `pidistill doctor`."""

    name: str
    works: bool
    """Whether it works here, as tried or looked up just now."""
    note: str
    """Its version, or what is missing and the command that installs it."""
    enough: bool = True
    """Whether the domain's verifier can work with this part alone."""


class Verifier(ABC):
    """Judges completions. Made in a worker process, called on that process's main thread.

    A verifier may take SIGALRM, may be killed at any moment, and must not run untrusted code in its own process. It
    raises for its own trouble (the pool turns that into ERROR) and returns a verdict for everything the candidate did.
    Time that is not the candidate's, such as a sandbox's start, is spent in `verify.clock.off_the_clock()`.
    """

    name: ClassVar[str]
    version: ClassVar[str]

    @abstractmethod
    def verify(self, problem: Problem, completion: str) -> Verdict:
        """The verdict on `completion`. Deterministic, whatever was verified before."""

    def verify_many(self, problem: Problem, completions: Sequence[str]) -> Iterator[Verdict]:
        """Verdicts of several completions of one problem, in order. Override where a batch is faster."""
        for completion in completions:
            yield self.verify(problem, completion)

    def fingerprint(self) -> str:
        """Hash of everything besides `version` that can change a verdict: settings, library versions, file contents."""
        return ""

    @property
    def identity(self) -> str:
        """`name@version+fingerprint`, written into every verdict and into the key of the verdict cache."""
        fingerprint = self.fingerprint()
        return f"{self.name}@{self.version}" + (f"+{fingerprint}" if fingerprint else "")

    def close(self) -> None:  # noqa: B027 - optional to override
        """Free what the verifier holds. Called once, if the worker lives to the end."""


class Sandbox(ABC):
    """Runs untrusted code. What each one isolates is measured by its self-check, not claimed. See `sandbox.py`."""

    name: ClassVar[str]
    stands_for: ClassVar[tuple[str, ...]] = ()
    """Names of the sandboxes that this one takes its pick of, best first; empty for one that is a sandbox itself."""

    def chosen(self) -> Sandbox:
        """The sandbox that this one stands for, itself where it is one. Raises `SandboxError` where none works."""
        return self

    @abstractmethod
    def open(self) -> Session:
        """A warm session, for one thread. Raises `SandboxError` that says what is missing and what to install."""

    @abstractmethod
    def self_check(self) -> Mapping[str, bool]:
        """Protection -> whether it held when tried just now, from inside. Raises `SandboxError` as `open` does."""


class Domain(ABC):
    """A field of problems with a verifier: math, code, Lean."""

    name: ClassVar[str]
    needs_sandbox: ClassVar[bool] = False
    """Whether its verifier runs untrusted code. A run of it begins with finding a sandbox that works."""

    @abstractmethod
    def datasets(self) -> Mapping[str, str]:
        """Data set name -> one line on what it is."""

    @abstractmethod
    def problems(self, source: DataSource) -> Iterator[Problem]:
        """The problems of `source`, in a stable order. Raises `DataError` naming file and row."""

    @abstractmethod
    def prompt(self, problem: Problem) -> Messages:
        """The plain student prompt. It never holds anything of `reference` or `solution`."""

    @abstractmethod
    def open_verifier(self, config: Mapping[str, JSON], sandbox: Sandbox | None = None) -> Verifier:
        """A verifier with `config`. Called inside a worker process."""

    @abstractmethod
    def oracle(self, problem: Problem) -> str | None:
        """A completion that must pass, made from the reference; None where there is none ('unchecked')."""

    def pi_forms(self) -> Sequence[Spec]:
        """PI forms that only make sense in this domain."""
        return ()

    def cases(self) -> Iterable[Case]:
        """Labelled submissions, honest and hostile."""
        return ()

    def parts(self) -> Sequence[Part]:
        """What the domain needs outside of Python, best first; one that works is enough. Empty: it needs nothing."""
        return ()

    def embedded(self) -> Embedded | None:
        """The embedded default, where the domain ships one."""
        return None


# --- Privileged information -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Needs:
    """What a PI form cannot do without. The loop renders a form only where all of it is there."""

    rollout: bool = False
    """A failed rollout of this problem."""
    diagnostics: bool = False
    reference: bool = False
    solution: bool = False
    peers: bool = False
    """Other problems (for placebos) or passing rollouts of this problem (for peer solutions)."""


@dataclass(frozen=True)
class Peers:
    """What a PI form may draw on besides its own problem."""

    problems: Sequence[Problem] = ()
    """Other problems of the same domain and split."""
    passing: Sequence[Rollout] = ()
    """Passing rollouts of the same prompt, never the rollout that is being worked on."""


class PIForm(ABC):
    """A rule that makes PI for one problem, and declares what the PI needs and tells."""

    name: ClassVar[str]
    needs: ClassVar[Needs] = Needs()
    reveals: ClassVar[Reveals]
    placebo_for: ClassVar[str | None] = None
    """The form that this one controls for: same shape, no information."""

    @abstractmethod
    def render(
        self, problem: Problem, rollout: Rollout | None, verdict: Verdict | None, peers: Peers, rng: random.Random
    ) -> PI | None:
        """The PI, or None where it cannot be made. Deterministic given its arguments and the state of `rng`."""


# --- Engines --------------------------------------------------------------------------------------------------------


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

    def generate(self, requests: Sequence[Request]) -> Iterator[Sequence[tuple[int, Generation]]]:
        """Yield what has finished together, as (index into `requests`, generation), in any order.

        The caller stores each piece before it asks for the next, so what is yielded survives a kill. An engine that
        decodes fixed batches yields a whole batch at a time: then a run that resumes forms the same batches again.
        Raises `EngineError`.
        """
        ...

    def count_prompt_tokens(self, messages: Messages) -> int:
        """Length of the rendered prompt in tokens."""
        ...

    def refresh(self, model: ModelRef) -> None:
        """Use `model` from now on. Where only the adapter or the weights changed, the engine is not rebuilt."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


# --- Objectives -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TrainJob:
    """One call of an objective: everything it may depend on, so that the same job gives the same weights."""

    model: ModelRef
    """The weights to start from."""
    examples: Sequence[Example]
    config: TrainConfig
    """The `[train]` table of the run's configuration."""
    seed: int
    out_dir: Path
    """Empty folder for the checkpoint. The caller publishes it atomically once the objective returns."""
    resume_from: Path | None = None
    """Checkpoint of the previous refresh, whose optimizer, schedule and teacher state go on; None starts afresh."""
    progress: Callable[[int, int, Mapping[str, float]], None] = field(default=lambda done, total, metrics: None)
    """Called as (steps done, steps in all, metrics such as `loss`)."""
    teacher_chat: Mapping[str, JSON] | None = None
    """Chat-template options of the teacher's prompts; None: those of `model`."""
    dtype: str = "auto"
    """As `model.dtype` in the configuration."""
    device: str = "auto"
    """As `model.device` in the configuration."""


@dataclass(frozen=True)
class Trained:
    """What an objective returns."""

    adapter: bool
    """Whether `out_dir` holds a LoRA adapter (True) or full weights with tokenizer (False)."""
    steps: int
    """Optimizer steps taken by this job."""
    tokens_trained: int
    """Completion tokens that entered the loss, summed over steps."""
    tokens_processed: int
    """All tokens run through the model with gradients, prompts and padding included, plus those of the teacher."""
    metrics: Mapping[str, float]
    """Such as `loss_first`, `loss_last`, `grad_norm_max`."""


class Objective(ABC):
    """A loss with its data needs."""

    name: ClassVar[str]
    needs_teacher: ClassVar[bool] = False
    """Whether examples must carry `teacher_messages`."""
    on_policy: ClassVar[bool] = False
    """Whether the loop samples anew from the current student every `refresh_every` steps, within one training run that
    goes on from checkpoint to checkpoint. Otherwise one job trains on all examples of a round."""

    @abstractmethod
    def train(self, job: TrainJob) -> Trained:
        """Train and write the new weights (and any state to go on from) to `job.out_dir`."""
