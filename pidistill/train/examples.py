"""Records -> token ids: what a trainer sees of an example, and which examples it has to leave out.

Prompts are rendered by `engines.chat`, as for sampling, and a completion is the rollout's own token ids (its end token
included if it ended), so training scores the very tokens that were sampled. A completion that came without ids, from a
server or a larger model, is tokenized from its text and given the end token.

Nothing is cut silently. An example longer than `max_length` is left out and counted; a teacher's prompt that is too
long loses the middle of its PI (`teacher_context`) and is counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pidistill.contracts import TrainJob
from pidistill.engines.chat import encode_completion, render_prompt
from pidistill.errors import UsageError
from pidistill.records import JSON, Example, Messages
from pidistill.train.teacher_context import shorten

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from pidistill.train.weights import Trainee


@dataclass(frozen=True)
class Encoded:
    """One example as token ids."""

    prompt: tuple[int, ...]
    completion: tuple[int, ...]
    weight: float
    teacher_prompt: tuple[int, ...] = ()
    """Empty where there is no teacher."""
    contrast_prompt: tuple[int, ...] = ()
    """The prompt that the teacher's is held against; empty where there is none."""
    name: str = ""
    """The rollout that it was made from."""
    group: str = ""
    """The problem: what advantages are relative to."""
    logprobs: tuple[float, ...] = ()
    """Of the completion's tokens under the policy that sampled them; empty where unknown."""
    advantage: float | None = None

    @property
    def width(self) -> int:
        """Tokens of its longest side."""
        return max(map(len, (self.prompt, self.teacher_prompt, self.contrast_prompt))) + len(self.completion)


@dataclass
class Counts:
    """What happened to the examples on their way in; part of `Trained.metrics`."""

    examples: int = 0
    """Encoded and trained on."""
    excluded_long: int = 0
    """Left out: prompt and completion exceed `max_length`."""
    excluded_empty: int = 0
    """Left out: no completion token, or for a distillation no ids to score."""
    excluded_teacher_long: int = 0
    """Left out: the teacher's prompt exceeds `max_length` even without its PI."""
    teacher_cut: int = 0
    """Trained on with a teacher's prompt whose PI lost its middle."""

    def as_metrics(self) -> dict[str, float]:
        return {name: float(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Encoder:
    """Encodes examples for one model."""

    tokenizer: PreTrainedTokenizerBase
    vocabulary: int
    """Rows of the model's embedding: ids beyond come from another tokenizer."""
    max_length: int
    chat: Mapping[str, JSON]
    teacher_chat: Mapping[str, JSON] | None = None
    """None: as `chat`."""
    counts: Counts = field(default_factory=Counts)

    @classmethod
    def of(cls, job: TrainJob, trainee: Trainee) -> Encoder:
        """The encoder for a job's examples and model."""
        vocabulary = trainee.model.get_input_embeddings().weight.shape[0]
        return cls(trainee.tokenizer, vocabulary, job.config.max_length, job.model.chat, job.teacher_chat)

    def encode(self, examples: Sequence[Example], *, teacher: bool) -> list[Encoded]:
        """The examples that can be trained on, in order; `counts` tells of the others.

        Raises:
            UsageError: none is left, a weight lies outside [0, 1], ids are not this tokenizer's, or (with `teacher`)
                an example has no teacher messages.
        """
        encoded = [e for example in examples if (e := self._encode(example, teacher)) is not None]
        self.counts.examples = len(encoded)
        if encoded:
            return encoded
        if not examples:
            raise UsageError(
                "Nothing to train on: no rollout passed the recipe's filter, so there is no example.",
                "Sample more (--set recipe.rollouts.samples=4), take easier problems, or a model that solves some.",
            )
        c = self.counts
        raise UsageError(
            f"Nothing to train on: of {len(examples)} examples {c.excluded_long} are longer than {self.max_length} "
            f"tokens, {c.excluded_teacher_long} are so with the teacher's prompt, and {c.excluded_empty} are empty.",
            "Raise the limit (--set train.max_length=...) or shorten completions (--set sampling.max_tokens=...).",
        )

    def _encode(self, example: Example, teacher: bool) -> Encoded | None:
        self._check(example, teacher)
        completion = example.token_ids
        if not completion and example.completion and not teacher:
            completion = tuple(encode_completion(self.tokenizer, example.completion))
        prompt = render_prompt(self.tokenizer, example.student_messages, self.chat)
        if not completion or not prompt:
            self.counts.excluded_empty += 1
            return None
        if len(prompt) + len(completion) > self.max_length:
            self.counts.excluded_long += 1
            return None
        teacher_prompt = contrast_prompt = tuple[int, ...]()
        if teacher and example.teacher_messages is not None:
            if (told := self._told(example, example.teacher_messages, len(completion))) is None:
                return None
            teacher_prompt = told
        if teacher and example.contrast_messages is not None:
            if (told := self._told(example, example.contrast_messages, len(completion))) is None:
                return None
            contrast_prompt = told
        return Encoded(
            tuple(prompt), completion, example.weight, teacher_prompt, contrast_prompt,
            example.rollout_id or example.problem_id, example.problem_id,
            example.logprobs if completion is example.token_ids else (), example.advantage,
        )  # fmt: skip

    def _told(self, example: Example, messages: Messages, completion: int) -> tuple[int, ...] | None:
        """A prompt with PI as token ids; None, and counted, where it is too long even without its PI."""
        shortened = shorten(
            example.student_messages,
            messages,
            limit=self.max_length - completion,
            render=lambda text: render_prompt(
                self.tokenizer, text, self.chat if self.teacher_chat is None else self.teacher_chat
            ),
        )
        if shortened is None:
            self.counts.excluded_teacher_long += 1
            return None
        self.counts.teacher_cut += shortened.cut
        return shortened.ids

    def _check(self, example: Example, teacher: bool) -> None:
        where = f"Example of problem {example.problem_id!r}"
        if not (math.isfinite(example.weight) and 0 <= example.weight <= 1):
            raise UsageError(f"{where}: weight must lie in [0, 1], got {example.weight!r}.")
        if example.token_ids and not 0 <= min(example.token_ids) <= max(example.token_ids) < self.vocabulary:
            raise UsageError(
                f"{where}: token id {max(example.token_ids)} is not one of the model's {self.vocabulary}.",
                "It was sampled with another model's tokenizer: leave token_ids empty to have its text tokenized.",
            )
        if teacher and example.teacher_messages is None:
            raise UsageError(
                f"{where} has no teacher messages, which this objective distils from.",
                "Name the teacher's PI form in the recipe: --set recipe.examples.teacher_form=gold",
            )
