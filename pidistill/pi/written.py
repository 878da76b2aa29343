"""PI that a model writes: a strategy hint, and a diagnosis of a failed attempt.

What the writer is asked is here; who writes is a role of the run (`[roles.hinter]`), by default the student itself. The
writer never sees the reference, and `pi.render` refuses what gives it away all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pidistill.authoring.marks import after_thoughts
from pidistill.contracts import About, Needs, WrittenForm
from pidistill.records import Message, Messages, Reveals

_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Hint(WrittenForm):
    """A strategy for the problem, without its answer, by a model that sees no more (seed 002, cross-model)."""

    name = "hint"
    reveals = Reveals.STRUCTURE
    words: int = 60
    """Longest hint, in words; what is beyond is cut at the end of a sentence where there is one."""

    def ask(self, about: About) -> Messages | None:
        request = (
            f"{about.problem.prompt}\n\nDo not solve this problem. Give a hint: name the strategy that solves it, in "
            "at most two sentences, without the answer."
        )
        return (Message("user", request),)

    def read(self, about: About, completion: str) -> str | None:
        return said("A hint:", completion, self.words)


@dataclass(frozen=True)
class Diagnosis(WrittenForm):
    """Where a failed attempt first goes wrong, in at most two sentences, without the answer (seed 002, diagnosis)."""

    name = "diagnosis"
    needs = Needs(rollout=True)
    reveals = Reveals.DIAGNOSTIC
    words: int = 60
    """Longest diagnosis, in words."""

    def ask(self, about: About) -> Messages | None:
        told = about.verdict.diagnostics.strip() or about.verdict.reason.strip()
        request = (
            f"{about.problem.prompt}\n\nThis attempt is wrong:\n{about.rollout.completion}\n\n"
            + (f"The verifier says: {told}\n\n" if told else "")
            + "Say in at most two sentences where its first error is. Do not give the answer."
        )
        return (Message("user", request),)

    def read(self, about: About, completion: str) -> str | None:
        return said("The first error:", completion, self.words)


def said(label: str, completion: str, words: int) -> str | None:
    """`label` and the answer of a model, thoughts left out, at most two sentences and `words` words; None if empty."""
    text = (after_thoughts(completion) or "").strip()
    sentences = [" ".join(sentence.split()) for sentence in _SENTENCE.split(text)[:2]]
    kept = " ".join(" ".join(sentences).split()[:words])
    return f"{label} {kept}" if kept else None
