"""A verifier judges completions, and a sandbox runs the untrusted code that some verifiers have to run."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from pidistill.provenance import code_identity
from pidistill.records import JSON, Problem, Verdict, content_hash
from pidistill.sandbox import Session


class Verifier(ABC):
    """Judges completions. Made in a worker process, called on that process's main thread.

    A verifier may take SIGALRM, may be killed at any moment, and must not run untrusted code in its own process. It
    raises for its own trouble (the pool turns that into ERROR) and returns a verdict for everything the candidate did.
    Time that is not the candidate's, such as a sandbox's start, is spent in `authoring.clock.off_the_clock()`.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    code_of: ClassVar[tuple[str, ...]] = ()
    """Further packages whose code is part of the verifier, such as that of its sandboxes."""
    opened_with: Mapping[str, JSON] = MappingProxyType({})
    """The options it was opened with; set by whoever opened it."""

    @abstractmethod
    def verify(self, problem: Problem, completion: str) -> Verdict:
        """The verdict on `completion`. Deterministic, whatever was verified before."""

    def verify_many(self, problem: Problem, completions: Sequence[str]) -> Iterator[Verdict]:
        """Verdicts of several completions of one problem, in order. Override where a batch is faster."""
        for completion in completions:
            yield self.verify(problem, completion)

    def fingerprint(self) -> str:
        """Hash of what else can change a verdict: versions of libraries, of a toolchain. Code and options are added."""
        return ""

    @functools.cached_property
    def identity(self) -> str:
        """`name@version+hash`, written into every verdict and into the key of the verdict cache.

        The hash covers the options that the verifier was opened with, `fingerprint`, and all files of its package and
        of `code_of`: one that is patched in place, or opened with other options, judges anew.
        """
        code: list[JSON] = [code_identity(module) for module in (type(self).__module__, *self.code_of)]
        return f"{self.name}@{self.version}+{content_hash(dict(self.opened_with), self.fingerprint(), code)[:16]}"

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
