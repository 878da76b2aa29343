"""Guards: what stops a run whose further steps would be paid for in vain.

Looked at: the first evaluation, the first attempts of every turn, and what each training job says of its steps. Every
bound is a setting of `[guards]`; 0 (or 1 for a share) switches it off. A run that is stopped keeps all that it made,
the weights from before the turn that stopped it among them, and the same command with another bound goes on from there.
An evaluation after training stops nothing: a model that training has ruined is a result.

Nothing here changes what is computed, so a guard is no part of a cell's name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pidistill.cell import Cell
from pidistill.config import GuardConfig, Stage
from pidistill.errors import GuardError
from pidistill.records import Attempt, ModelRef, Status

FEWEST = 8
"""Attempts below which shares and means say nothing."""


@dataclass(frozen=True)
class Seen:
    """Some attempts in numbers."""

    count: int
    truncated: float
    """Share that was cut off at the limit of tokens."""
    unanswered: float
    """Share of the judged ones that hold no answer."""
    errors: float
    """Share that could not be judged."""
    tokens: float
    """Mean length."""
    entropy: float | None
    """Mean of -log p over the sampled tokens, an estimate of the entropy a token, in nats; None where not told."""
    reward: float
    """Mean score of the judged ones."""
    judged: int

    @classmethod
    def of(cls, attempts: Sequence[Attempt]) -> Seen:
        """`attempts`, of which there is at least one."""
        rollouts = [attempt.rollout for attempt in attempts]
        judged = [attempt.verdict for attempt in attempts if attempt.verdict.status.judged]
        told = [p for rollout in rollouts for p in rollout.logprobs]
        n = len(attempts)
        return cls(
            n,
            sum(rollout.truncated for rollout in rollouts) / n,
            sum(verdict.status is Status.NO_ANSWER for verdict in judged) / len(judged) if judged else 0.0,
            sum(attempt.verdict.status is Status.ERROR for attempt in attempts) / n,
            sum(len(rollout.token_ids) for rollout in rollouts) / n,
            -math.fsum(told) / len(told) if told else None,
            math.fsum(verdict.score for verdict in judged) / len(judged) if judged else 0.0,
            len(judged),
        )


def check_base(cell: Cell, attempts: Sequence[Attempt]) -> None:
    """Raise `GuardError` where the first evaluation says that there is nothing to train."""
    _check_answers(cell.config.guards, Seen.of(attempts), f"{cell.id}, evaluation of the base model")


@dataclass
class Watch:
    """The guard of one stage."""

    cell: Cell
    stage: Stage
    first: Seen | None = None
    """The stage's first turn, which later ones are held against."""
    rewards: list[tuple[float, int]] = field(default_factory=list)
    """Mean reward and judged attempts of each turn."""
    idle: int = 0
    """Turns in a row without any gradient."""

    def saw(self, turn: str, attempts: Sequence[Attempt], model: ModelRef) -> None:
        """Look at a turn's attempts, `model` being who made them. Raises `GuardError`."""
        firsts = [attempt for attempt in attempts if attempt.rollout.attempt == 0]
        if len(firsts) < FEWEST:
            return
        seen, bounds = Seen.of(firsts), self.cell.config.guards
        where = f"{self.cell.id}, stage {self.stage.name!r}, {turn}"
        _check_answers(bounds, seen, where, model)
        self.rewards.append((seen.reward, seen.judged))
        if self.first is None:
            self.first = seen
            return
        if seen.tokens < bounds.length * self.first.tokens:
            raise _stop(
                where, f"completions have {seen.tokens:.1f} tokens on average, {self.first.tokens:.1f} at first",
                "length", bounds.length / 4, model,
            )  # fmt: skip
        before = self.first.entropy
        if seen.entropy is not None and before is not None and seen.entropy < bounds.entropy * before:
            raise _stop(
                where, f"the entropy is {seen.entropy:.2g} nats a token, {before:.2g} at first", "entropy",
                bounds.entropy / 4, model,
            )  # fmt: skip
        if bounds.falling and self._falling(bounds.falling):
            said = ", ".join(f"{reward:.3g}" for reward, _ in self.rewards[-bounds.falling - 1 :])
            raise _stop(where, f"the mean reward has been falling: {said}", "falling", 2 * bounds.falling, model)

    def trained(self, turn: str, metrics: Mapping[str, float], start: ModelRef) -> None:
        """Look at a training job's metrics, `start` being the weights from before it. Raises `GuardError`."""
        bounds, where = self.cell.config.guards, f"{self.cell.id}, stage {self.stage.name!r}, {turn}"
        objective = self.cell.objective(self.stage)
        loss = metrics.get("loss_last", 0.0)
        if objective.measures_divergence and bounds.divergence and loss > bounds.divergence:
            raise _stop(
                where, f"teacher and student are {loss:.3g} nats a token apart", "divergence", 2 * bounds.divergence,
                start,
            )  # fmt: skip
        self.idle = self.idle + 1 if metrics.get("grad_norm_max") == 0 else 0
        if bounds.idle and self.idle >= bounds.idle:
            raise _stop(where, f"no token has had a gradient for {self.idle} turns", "idle", 2 * bounds.idle, start)

    def _falling(self, turns: int) -> bool:
        """Whether the reward fell in each of the last `turns` turns, by more in all than chance would (three sigma)."""
        last = self.rewards[-turns - 1 :]
        if len(last) <= turns or any(b >= a for (a, _), (b, _) in pairwise(last)):
            return False
        (high, n), (low, m) = last[0], last[-1]
        spread = math.sqrt(max(high * (1 - high), 0.01) / n + max(low * (1 - low), 0.01) / m) if n and m else math.inf
        return high - low > 3 * spread


def _check_answers(bounds: GuardConfig, seen: Seen, where: str, model: ModelRef | None = None) -> None:
    """Raise `GuardError` where nearly all of what was sampled is of no use."""
    if seen.count < FEWEST:
        return
    found = {
        "truncated": (seen.truncated, "of the completions are cut off at sampling.max_tokens"),
        "unanswered": (seen.unanswered, "of the completions hold no answer"),
        "errors": (seen.errors, "of the completions could not be judged"),
    }
    for name, (share, what) in found.items():
        if share > getattr(bounds, name):
            raise _stop(where, f"{share:.0%} {what}", name, 1, model)


def _stop(where: str, what: str, name: str, bound: float, model: ModelRef | None) -> GuardError:
    kept = f" The weights from before are kept: {model.adapter or model.base}." if model else ""
    return GuardError(
        f"{where}: stopped, since {what}.{kept}",
        f"Change what causes it, or go on all the same with another bound: --set guards.{name}={bound:g}",
    )
