"""Policy gradients on the verifier's reward: GRPO, and GRPO with a bonus for what PI would have said (IPRS).

A completion's advantage is its reward minus the mean of its problem's judged completions (selector `advantage`), and,
with `scale_advantages`, that over the rewards' standard deviation. The loss of a token is the clipped surrogate

    - min(r A, clip(r, 1 - clip_low, 1 + clip_high) A)  +  kl_coef * KL(S || start)

with r the probability of the token now over its probability when the job began, both at `distill_temperature`, and the
KL divergence in its unbiased, never negative form by one sample (Schulman's k3). With `normalisation = "sequence"` this
is GRPO's own average (arXiv 2402.03300), with "token" that of DAPO (arXiv 2503.14476).

IPRS (seed 003) adds to the reward lambda * clip(mean over tokens of log S(y|x, PI) - log S(y|x), -c0, c0), taken once,
from the weights that the job begins with; no gradient goes through it.

What could not be judged has no advantage and is refused here; the selector leaves it out.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from pidistill.contracts import TrainJob
from pidistill.errors import UsageError
from pidistill.train import parallel
from pidistill.train.chunked import chunked, log_probabilities, score_only
from pidistill.train.examples import Encoded
from pidistill.train.on_policy import OnPolicyObjective, Size, StepLoss, micro_batches
from pidistill.train.scoring import Batch, LogitHead
from pidistill.train.teacher import Live, Single, open_base
from pidistill.train.weights import Trainee


def surrogate(logprob_N: Tensor, old_N: Tensor, advantage_N: Tensor, low: float, high: float) -> Tensor:
    """PPO's clipped loss of each token, `[N]`; the gradient goes through `logprob_N`."""
    ratio = (logprob_N - old_N).exp()
    return -torch.minimum(ratio * advantage_N, ratio.clamp(1 - low, 1 + high) * advantage_N)


def kl_estimate(logprob_N: Tensor, reference_N: Tensor) -> Tensor:
    """KL(S || reference) from the sampled token, `[N]`, never negative, unbiased (k3)."""
    distance = reference_N - logprob_N
    return distance.exp() - distance - 1


def advantages(examples: Sequence[Encoded], bonus: Mapping[str, float], scaled: bool) -> dict[str, float]:
    """Advantage by rollout: what the selector found, plus each bonus minus its group's mean, over the group's spread.

    Raises `UsageError` where a rollout has none: what was not judged must not come here.
    """
    groups = defaultdict[str, dict[str, float]](dict)
    for example in examples:
        if example.advantage is None:
            raise UsageError(
                f"Rollout {example.name!r} has no advantage, which a policy gradient needs.",
                "Choose examples by it: --set recipe.examples.keep=advantage",
            )
        groups[example.group][example.name] = example.advantage
    found: dict[str, float] = {}
    for group in groups.values():
        extra = {name: bonus.get(name, 0.0) for name in group}
        mean = math.fsum(extra.values()) / len(extra)
        shaped = {name: advantage + extra[name] - mean for name, advantage in group.items()}
        spread = math.sqrt(math.fsum(value**2 for value in shaped.values()) / len(shaped)) if scaled else 1.0
        found |= {name: value / spread if spread else 0.0 for name, value in shaped.items()}
    return found


class PolicyGradient(StepLoss):
    """The clipped surrogate of a group-relative advantage."""

    def __init__(self, job: TrainJob, trainee: Trainee) -> None:
        super().__init__(job, trainee)
        self.head = LogitHead.of(trainee.model)
        self.start = open_base(job, trainee) if job.config.kl_coef else None
        self.teacher = self.start
        self._advantage: dict[str, float] = {}
        self._old: dict[str, Tensor] = {}
        self._reference: dict[str, Tensor] = {}
        self._clipped = self._tokens = 0

    def prepare(self, batches: Sequence[Sequence[Encoded]]) -> None:
        examples = [example for batch in batches for example in batch]
        self._old = self.logprobs(examples, Live(self.trainee.model), self.plain) if len(batches) > 1 else {}
        if self.start is not None:
            self._reference = self.logprobs(examples, self.start, self.plain)
        self._advantage = advantages(examples, self.bonus(examples), self.config.scale_advantages)

    def bonus(self, examples: Sequence[Encoded]) -> Mapping[str, float]:
        """What is added to a rollout's reward."""
        return {}

    def logprobs(
        self, examples: Sequence[Encoded], model: Single, view: Callable[[Sequence[Encoded]], Batch]
    ) -> dict[str, Tensor]:
        """By rollout: the log-probability of each of its tokens, without gradient, `view` giving the prompts."""
        found: dict[str, Tensor] = {}
        rows, tokens = self.config.micro_batch_size or self.config.batch_size, self.config.micro_batch_tokens
        for batch in micro_batches(examples, rows, tokens):
            laid_out = view(batch)
            with self.trainee.autocast(), model.scoring() as scorer:
                hidden, targets = laid_out.hidden(scorer), laid_out.targets_N
                said = score_only(
                    hidden, model.head, lambda logits, chunk, targets=targets: self._logprob(logits, targets[chunk])
                )
            found |= {e.name: said[laid_out.row_N == row] for row, e in enumerate(batch)}
        return parallel.merged(found)

    def _logprob(self, logits_NV: Tensor, targets_N: Tensor) -> Tensor:
        return log_probabilities(logits_NV, targets_N, self.config.distill_temperature)

    def backward(self, batch: Sequence[Encoded], size: Size) -> tuple[float, int]:
        ours, config = self.plain(batch), self.config
        weight_N = self.weights(batch, size)[ours.row_N]
        advantage_B = torch.tensor([self._advantage[e.name] for e in batch], device=self.trainee.device)
        advantage_N, targets_N = advantage_B[ours.row_N], ours.targets_N
        old_N = torch.cat([self._old[e.name] for e in batch]) if self._old else None
        reference_N = torch.cat([self._reference[e.name] for e in batch]) if self._reference else None

        def score(logits: Tensor, chunk: slice) -> Tensor:
            now = self._logprob(logits, targets_N[chunk])
            old = now.detach() if old_N is None else old_N[chunk]
            values = surrogate(now, old, advantage_N[chunk].to(now.dtype), config.clip_low, config.clip_high)
            if reference_N is not None:
                values = values + config.kl_coef * kl_estimate(now, reference_N[chunk])
            outside = ((now - old).exp() - 1).detach()
            self._clipped += int(((outside < -config.clip_low) | (outside > config.clip_high)).sum())
            return values

        with self.trainee.autocast():
            loss = chunked(ours.hidden(self.trainee.model), self.head, weight_N, score).total
        loss.backward()
        self._tokens += len(targets_N)
        return loss.item(), ours.input_ids_BT.numel()

    def metrics(self) -> dict[str, float]:
        clipped, tokens = parallel.sums(self._clipped, self._tokens)
        share = clipped / max(1, tokens)
        self._clipped = self._tokens = 0
        return {"clipped": share}


class ShapedPolicyGradient(PolicyGradient):
    """With the bonus of IPRS."""

    def bonus(self, examples: Sequence[Encoded]) -> Mapping[str, float]:
        live = Live(self.trainee.model)
        told = self.logprobs(examples, live, self.told)
        plain = self._old or self.logprobs(examples, live, self.plain)
        limit, weight = self.config.bonus_clip, self.config.bonus
        return {e.name: weight * float((told[e.name] - plain[e.name]).mean().clamp(-limit, limit)) for e in examples}


class GrpoObjective(OnPolicyObjective):
    """Group-relative policy optimisation on the verifier's reward."""

    name = "grpo"
    needs_advantage = True
    loss = PolicyGradient


class IprsObjective(OnPolicyObjective):
    """GRPO whose reward holds a bonus for completions that PI makes likelier."""

    name = "iprs"
    needs_teacher = True
    needs_advantage = True
    loss = ShapedPolicyGradient
