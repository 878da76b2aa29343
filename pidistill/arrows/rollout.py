"""Problem -> Rollout: the engine of a role completes prompts; only those that nobody has completed yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pidistill.arrows.where import Where, waiting
from pidistill.cell import STUDENT, Cell, Speaker
from pidistill.contracts import Request
from pidistill.records import Messages, ModelRef, Problem, Rollout, Sampling, content_hash


@dataclass(frozen=True)
class Ask:
    """One completion that the loop wants."""

    problem: Problem
    messages: Messages
    sampling: Sampling
    attempt: int = 0
    parent_id: str | None = None
    pi_ids: tuple[str, ...] = ()


def rollout(
    cell: Cell, model: ModelRef, where: Where, asks: Sequence[Ask], role: str = STUDENT
) -> list[tuple[Problem, Rollout]]:
    """A rollout for each ask, in order, by `role`, the current student being `model`."""
    speaker = cell.speaker(role)
    speaks = speaker.of(model)
    keys = rollout_keys(speaker, speaks, asks)
    wanted = dict(zip(keys, asks, strict=True))

    def make(missing: list[str]) -> Iterator[dict[str, Rollout]]:
        speaker.engine.refresh(speaks)
        requests = [Request(wanted[key].messages, wanted[key].sampling) for key in missing]
        with cell.progress.task(f"{cell.id}: {where}", len(missing)) as task:
            for batch in speaker.engine.generate(requests, task.within):
                fresh: dict[str, Rollout] = {}
                for index, g in batch:
                    key, ask = missing[index], wanted[missing[index]]
                    fresh[key] = Rollout(
                        key, ask.problem.id, ask.messages, g.completion, g.token_ids, g.logprobs, g.prompt_tokens,
                        ask.sampling, speaks.revision, speaker.engine.name, ask.attempt, ask.parent_id, g.truncated,
                        role if role in cell.speakers else STUDENT, ask.problem.hash, ask.pi_ids,
                    )  # fmt: skip
                yield fresh
                task.advance(len(fresh))

    found = cell.store.shared(cell.store.rollouts, wanted, make, cell.id, on_wait=waiting(cell, where))
    where.note(cell, "rollout", keys)
    return [(ask.problem, found[key]) for key, ask in zip(keys, asks, strict=True)]


def rollout_keys(speaker: Speaker, model: ModelRef, asks: Sequence[Ask]) -> list[str]:
    """Of each ask, everything that its rollout depends on, and nothing else."""
    engine, chat = dict(speaker.engine.identity()), dict(model.chat)
    return [
        content_hash(
            "rollout", speaker.engine.name, engine, model.revision, chat,
            ask.problem.id, [message.to_json() for message in ask.messages], ask.sampling.identity(),
        )
        for ask in asks
    ]  # fmt: skip
