"""Problem -> Rollout: the engine of a role completes prompts; only those that nobody has completed yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pidistill.arrows import share
from pidistill.arrows.pages import Pages
from pidistill.arrows.where import Where
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
    speaker, log = cell.speaker(role), cell.store.rollouts
    speaks = speaker.of(model)
    keys = [rollout_key(speaker, speaks, ask) for ask in asks]
    wanted = dict(zip(keys, asks, strict=True))
    made: dict[str, Rollout] = {}
    for missing in share.missing(cell.store, log, wanted, log.__contains__):
        speaker.engine.refresh(speaks)
        asked = [wanted[key] for key in missing]
        with cell.progress.task(f"{cell.id}: {where}", len(missing)) as task, Pages(log, cell.id) as pages:
            requests = [Request(ask.messages, ask.sampling) for ask in asked]
            for batch in speaker.engine.generate(requests, task.within):
                fresh: dict[str, Rollout] = {}
                for index, g in batch:
                    key, ask = missing[index], asked[index]
                    fresh[key] = Rollout(
                        key, ask.problem.id, ask.messages, g.completion, g.token_ids, g.logprobs, g.prompt_tokens,
                        ask.sampling, speaks.revision, speaker.engine.name, ask.attempt, ask.parent_id, g.truncated,
                        role if role in cell.speakers else STUDENT, ask.problem.hash, ask.pi_ids,
                    )  # fmt: skip
                pages.add(fresh)
                made |= fresh
                task.advance(len(fresh))
    where.note(cell, "rollout", keys)
    made |= {key: found for key in wanted if key not in made and (found := log.get(key)) is not None}
    return [(ask.problem, made[key]) for key, ask in zip(keys, asks, strict=True)]


def rollout_key(speaker: Speaker, model: ModelRef, ask: Ask) -> str:
    """Everything that a rollout depends on, and nothing else."""
    return content_hash(
        "rollout", speaker.engine.name, dict(speaker.engine.identity()), model.revision, dict(model.chat),
        ask.problem.id, [message.to_json() for message in ask.messages], ask.sampling.identity(),
    )  # fmt: skip
