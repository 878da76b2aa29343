"""What a tiny model's corpus is made of, whatever the domain: conversations, of several conditions.

A condition is a PI form put into a retry or into a teacher's prompt, by `pidistill.pi`, the same code that asks for
retries later. Who writes the completions, and how well, is the domain's corpus module's business.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pidistill.contracts import Peers, PIForm
from pidistill.pi.feedback import retry_messages, teacher_messages
from pidistill.records import Messages, Problem, Rollout, Sampling, Verdict


@dataclass(frozen=True)
class Condition:
    """A kind of conversation: a PI form put into a retry or into a teacher's prompt, or nothing (`plain`)."""

    name: str
    kind: Literal["plain", "retry", "teacher"]
    form: PIForm | None
    weight: float
    """Share of the conversations that are of this kind."""


@dataclass(frozen=True)
class Conversation:
    """A prompt and the completion to learn. The prompt's own assistant turns are read, not learnt."""

    condition: str
    level: int
    messages: Messages
    completion: str


def feedback_messages(
    condition: Condition,
    problem: Problem,
    plain: Messages,
    attempts: Sequence[tuple[str, Verdict | None]],
    peers: Peers,
    rng: random.Random,
) -> Messages | None:
    """The messages of `condition` after `attempts` (completion, verdict), or None where its form has nothing to say.

    A retry holds all attempts; a teacher's prompt is about the last one and does not show it.
    """
    assert condition.form is not None
    told: list[tuple[str, str]] = []
    for completion, verdict in attempts if condition.kind == "retry" else attempts[-1:]:
        pi = condition.form.render(problem, rollout(problem, plain, completion, "own"), verdict, peers, rng)
        if pi is None:
            return None
        told.append((completion, pi.text))
    return retry_messages(plain, told) if condition.kind == "retry" else teacher_messages(plain, told[-1][1])


def rollout(problem: Problem, messages: Messages, completion: str, name: str) -> Rollout:
    """A completion as a record, for PI forms."""
    return Rollout(name, problem.id, messages, completion, (), (), 0, Sampling(), "", "tiny")
