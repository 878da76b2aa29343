"""Wrappers that vary a verifier's quality: noisy, strict, lenient, graded. All four definitions are ours.

Verifier quality is an axis of an experiment: the same rollouts are judged by the domain's verifier and by a worse or
different one. A wrapper sees nothing but the problem, the completion and the inner verdict, so it fits every domain and
an experiment can be repeated. Its settings are part of the verifier's identity, so its
verdicts are never taken for the inner ones. ABSTAIN, ERROR, TIMEOUT and REJECTED pass through every wrapper unchanged:
they say that something happened, not how an answer was judged.

In a configuration a wrapper is text: `noisy:false_pass=0.1,false_fail=0.05,seed=1`, `strict`, `lenient:min_score=0.5`.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import ClassVar

from pidistill import parts
from pidistill.contracts import Verifier
from pidistill.errors import unknown_name
from pidistill.records import Problem, Status, Verdict

_JUDGED_ANSWER = frozenset({Status.PASS, Status.FAIL, Status.NO_ANSWER})
_LONGEST_COMPARED = 1000
"""Answers longer than this many characters get no partial credit: comparing them takes quadratic time."""


@dataclass(frozen=True)
class Wrapper(ABC):
    """Settings of one wrapper. Fields are rates in [0, 1] (float) or seeds (int)."""

    name: ClassVar[str]
    version: ClassVar[str] = "1"

    @abstractmethod
    def judge(self, problem: Problem, completion: str, inner: Verdict) -> Verdict:
        """The wrapped verdict, given the inner one, whose status is PASS, FAIL or NO_ANSWER."""

    @property
    def identity(self) -> str:
        """Name, version and every setting."""
        settings = ",".join(f"{key}={value!r}" for key, value in parts.all_settings(self).items())
        return f"{self.name}@{self.version}" + (f":{settings}" if settings else "")

    def wrap(self, verifier: Verifier) -> Verifier:
        """`verifier` seen through this wrapper."""
        return WrappedVerifier(verifier, self)


@dataclass(frozen=True)
class Noisy(Wrapper):
    """Flips verdicts at random, fixed by (problem, completion, seed).

    A FAIL or NO_ANSWER becomes PASS with probability `false_pass`, a PASS becomes FAIL with probability `false_fail`.
    Both draws use one uniform number, a hash: the same completion of the same problem always meets the same fate, and
    a higher rate flips a superset of what a lower one flips.
    """

    name = "noisy"
    false_pass: float = parts.option(0.0, 0, 1)
    false_fail: float = parts.option(0.0, 0, 1)
    seed: int = 0

    def judge(self, problem: Problem, completion: str, inner: Verdict) -> Verdict:
        draw = _uniform(problem.hash, completion, str(self.seed))
        if inner.passed and draw < self.false_fail:
            return _as_fail(inner, "noisy: a PASS turned into FAIL")
        if not inner.passed and draw < self.false_pass:
            return _as_pass(inner, f"noisy: a {inner.status} turned into PASS")
        return inner


@dataclass(frozen=True)
class Strict(Wrapper):
    """String match in place of equivalence: a PASS stands only if the extracted answer *is* the reference's text.

    White space is folded, nothing else. Where the inner verifier extracts no answer (tests, proofs) or the problem has
    no reference text there is nothing to compare, and its PASS stands.
    """

    name = "strict"

    def judge(self, problem: Problem, completion: str, inner: Verdict) -> Verdict:
        if not inner.passed or inner.answer is None or problem.reference is None:
            return inner
        if _folded(inner.answer) == _folded(problem.reference):
            return inner
        return _as_fail(inner, "strict: equivalent, but not the reference's text")


@dataclass(frozen=True)
class Lenient(Wrapper):
    """Mentioning the answer is enough: a FAIL or NO_ANSWER whose completion holds the reference anywhere becomes PASS.

    The reference must stand alone: no letter, digit or decimal point touches it. So does a FAIL with an inner score of
    at least `min_score`, which matters for verifiers that grade, such as the share of tests passed.
    """

    name = "lenient"
    min_score: float = parts.option(0.5, 0, 1)

    def judge(self, problem: Problem, completion: str, inner: Verdict) -> Verdict:
        if inner.passed:
            return inner
        if inner.score > 0 and inner.score >= self.min_score:
            return _as_pass(inner, f"lenient: score {inner.score:.2f}")
        if problem.reference is not None and _mentions(completion, problem.reference):
            return _as_pass(inner, "lenient: the completion mentions the reference")
        return inner


@dataclass(frozen=True)
class Graded(Wrapper):
    """Partial credit: status unchanged, and the score of a FAIL is how alike answer and reference are.

    The score is `cap` times the share of matching characters (Ratcliff/Obershelp, white space folded), or the inner
    score where that is higher; 1 on PASS, the inner score where no answer was extracted. For arms that train on scores.
    """

    name = "graded"
    cap: float = parts.option(0.9, 0, 1)

    def judge(self, problem: Problem, completion: str, inner: Verdict) -> Verdict:
        if inner.passed or inner.answer is None or problem.reference is None:
            return inner
        answer, reference = _folded(inner.answer), _folded(problem.reference)
        if max(len(answer), len(reference)) > _LONGEST_COMPARED:
            return inner
        alike = self.cap * SequenceMatcher(None, reference, answer, autojunk=False).ratio()
        return dataclasses.replace(inner, score=max(inner.score, alike))


WRAPPERS: dict[str, type[Wrapper]] = {kind.name: kind for kind in (Noisy, Strict, Lenient, Graded)}


class WrappedVerifier(Verifier):
    """A verifier seen through a wrapper. `identity` tells both."""

    name = "wrapped"
    version = "1"

    def __init__(self, inner: Verifier, wrapper: Wrapper) -> None:
        self.inner = inner
        self.wrapper = wrapper

    @functools.cached_property
    def identity(self) -> str:
        return f"{self.inner.identity}|{self.wrapper.identity}"

    def verify(self, problem: Problem, completion: str) -> Verdict:
        return self._seen(problem, completion, self.inner.verify(problem, completion))

    def verify_many(self, problem: Problem, completions: Sequence[str]) -> Iterator[Verdict]:
        for completion, verdict in zip(completions, self.inner.verify_many(problem, completions), strict=True):
            yield self._seen(problem, completion, verdict)

    def close(self) -> None:
        self.inner.close()

    def _seen(self, problem: Problem, completion: str, verdict: Verdict) -> Verdict:
        judged = verdict.status in _JUDGED_ANSWER
        seen = self.wrapper.judge(problem, completion, verdict) if judged else verdict
        return dataclasses.replace(seen, verifier=self.identity)


def judges_ahead(verifier: Verifier) -> bool:
    """Whether `verify_many` is the verifier's own, so that it may work on several completions before it yields one."""
    while isinstance(verifier, WrappedVerifier):
        verifier = verifier.inner
    return type(verifier).verify_many is not Verifier.verify_many


def parse_wrapper(text: str) -> Wrapper:
    """`"name"` or `"name:setting=value,..."` as a wrapper. Raises `UsageError` naming the part that does not fit."""
    name = parts.name_of(text)
    if name not in WRAPPERS:
        raise unknown_name("verifier wrapper", name, WRAPPERS, "the docstrings of pidistill.verify.wrappers")
    return parts.make(WRAPPERS[name], text, "Wrapper")


def _uniform(*parts: str) -> float:
    """A number in [0, 1) that only depends on `parts`."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return (int.from_bytes(digest.digest(), "little") >> 11) / 2.0**53


def _as_fail(inner: Verdict, reason: str) -> Verdict:
    return dataclasses.replace(inner, status=Status.FAIL, score=0.0, reason=reason, diagnostics="")


def _as_pass(inner: Verdict, reason: str) -> Verdict:
    return dataclasses.replace(inner, status=Status.PASS, score=1.0, reason=reason, diagnostics="")


def _folded(text: str) -> str:
    return " ".join(text.split())


def _mentions(completion: str, reference: str) -> bool:
    words = reference.split()
    if not words:
        return False
    pattern = r"\s+".join(re.escape(word) for word in words)
    return re.search(rf"(?<![\w.\-]){pattern}(?!\w|\.\d)", completion) is not None
