"""A domain: a field of problems with a verifier, and what a domain hands over about its data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pidistill.contracts.spec import Spec
from pidistill.contracts.verifier import Sandbox, Verifier
from pidistill.records import JSON, Messages, Problem, Status
from pidistill.text import holds


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
    instruction: str | None = None
    """What problems say of the form of their answer, in the place of the data set's own words; empty: nothing. None:
    the data set's own."""
    levels: tuple[int, ...] = ()
    """Only problems of these levels; empty: all. `limit` counts those that are left."""


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
    """Longest completion, in tokens, for training rollouts and evaluation."""
    demo: Path | None = None
    """TOML file with the arms of `pidistill demo` on this domain, and what they set differently."""


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


class Domain(ABC):
    """A field of problems with a verifier."""

    name: ClassVar[str]
    needs_sandbox: ClassVar[bool] = False
    """Whether its verifier runs untrusted code. A run of it begins with finding a sandbox that works."""

    answers_exclude_each_other: ClassVar[bool] = True
    """Whether two answers in one completion contradict each other, as two numbers do, and not two programs."""

    @abstractmethod
    def datasets(self) -> Mapping[str, str]:
        """Data set name -> one line on what it is."""

    @abstractmethod
    def problems(self, source: DataSource) -> Iterator[Problem]:
        """The problems of `source`, in a stable order. Raises `DataError` naming file and row."""

    def drawn_independently(self, source: DataSource) -> bool:
        """Whether the problems of `source` are independent draws of a generator, which is all that is asked about:
        those that are equal but for numbers are then no cluster of a sample from something wider."""
        return False

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

    def gives_away(self, problem: Problem, text: str) -> bool:
        """Whether `text` holds the problem's answer. A domain that knows other spellings of it overrides this."""
        return problem.reference is not None and holds(text, problem.reference)

    def cases(self) -> Iterable[Case]:
        """Labelled submissions, honest and hostile."""
        return ()

    def parts(self) -> Sequence[Part]:
        """What the domain needs outside of Python, best first; one that works is enough. Empty: it needs nothing."""
        return ()

    def embedded(self) -> Embedded | None:
        """The embedded default, where the domain ships one."""
        return None
