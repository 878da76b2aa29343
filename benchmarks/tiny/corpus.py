"""What a tiny model's corpus is made of, whatever the domain: conversations, of several conditions.

A condition is a PI form put into a retry or into a teacher's prompt, by `pidistill.pi`, the same code that asks for
retries later. Who writes the completions, and how well, is the domain's corpus module's business.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pidistill.contracts import About, PIForm
from pidistill.pi.feedback import retry_messages, teacher_messages
from pidistill.records import Attempt, Messages, Problem, Rollout, Sampling, Status, Verdict


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
    rng: random.Random,
    others: Sequence[Problem] = (),
    right: str | None = None,
) -> Messages | None:
    """The messages of `condition` after `attempts` (completion, verdict), or None where its form has nothing to say.

    A retry holds all attempts; a teacher's prompt is about the last one and does not show it. `others` are problems
    that a placebo may draw from, `right` is a completion that passes. An attempt that nobody judged counts as failed.
    """
    assert condition.form is not None
    told: list[tuple[str, str]] = []
    for completion, verdict in attempts if condition.kind == "retry" else attempts[-1:]:
        attempt = _attempt(problem, plain, completion, "own", verdict or Verdict(Status.FAIL))
        group = [attempt] if right is None else [attempt, _attempt(problem, plain, right, "peer", _PASSED)]
        pi = condition.form.render(About(problem, attempt, group, [problem, *others], rng))
        if pi is None:
            return None
        told.append((completion, pi.text))
    return retry_messages(plain, told) if condition.kind == "retry" else teacher_messages(plain, told[-1][1])


_PASSED = Verdict(Status.PASS, 1.0)


def _attempt(problem: Problem, messages: Messages, completion: str, name: str, verdict: Verdict) -> Attempt:
    rollout = Rollout(name, problem.id, messages, completion, (), (), 0, Sampling(), "", "tiny")
    return Attempt(problem, rollout, verdict)
