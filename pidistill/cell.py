"""A cell, and its arrows: rollout, judge, train. Each looks into the store first and writes down what it made.

This is what makes the loop resume: `loop.py` says what a recipe does as if nothing had ever been run, and the arrows
here find most of it done. What has been made is addressed by everything it depends on, so a key that is found is right.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, Literal, Self, TypeVar

from pidistill.config import RunConfig, as_json
from pidistill.contracts import Domain, Engine, Objective, PIForm, Request, TrainJob
from pidistill.engines.loading import trained_ref
from pidistill.errors import VerifierError
from pidistill.progress import Progress
from pidistill.records import (
    JSON,
    Example,
    Messages,
    ModelRef,
    Problem,
    Record,
    Rollout,
    Sampling,
    Status,
    Verdict,
    content_hash,
)
from pidistill.store.log import Log
from pidistill.store.store import Store
from pidistill.store.uses import Use
from pidistill.verify.key import reusable, verdict_key
from pidistill.verify.pool import VerifierPool

SAVE_EVERY_S = 0.1
"""Rollouts and verdicts are written down at least this often while they come in, in seconds."""
OUTAGE = 20
"""A run stops where the verdicts of so many problems in a row are ERROR: what judges them is not there any more."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Cell:
    """Recipe x domain x model x seed, with the live parts that run it. `config` has no defaults left to resolve."""

    config: RunConfig
    seed: int
    base: ModelRef
    train: Sequence[Problem]
    held_out: Sequence[Problem]
    domain: Domain
    engine: Engine
    pool: VerifierPool
    objective: Objective
    forms: Mapping[str, PIForm]
    store: Store
    progress: Progress
    observe: Callable[..., None]
    """Tells plugins' observers, by hook name; cannot fail the cell."""

    def settings(self) -> dict[str, JSON]:
        """Everything that the cell's outcome depends on."""
        settings: dict[str, JSON] = {
            "config": as_json(self.config, without=("seeds", "store", "data", "verify", "model.name")),
            "seed": self.seed,
            "model": self.base.revision,
            "verifier": self.pool.identity,
            "train": content_hash([problem.hash for problem in self.train]),
            "held_out": content_hash([problem.hash for problem in self.held_out]),
        }
        if self.config.verify.sandbox is not None:
            settings["sandbox"] = self.config.verify.sandbox
        return settings

    @functools.cached_property
    def id(self) -> str:
        """A readable name that differs whenever the settings differ."""
        config = self.config
        return f"{config.recipe.name}-{config.domain}-s{self.seed}-{content_hash(self.settings())[:8]}"


@dataclass(frozen=True)
class Attempt:
    """A rollout with its problem and verdict."""

    problem: Problem
    rollout: Rollout
    verdict: Verdict


@dataclass(frozen=True)
class Ask:
    """One completion that the loop wants."""

    problem: Problem
    messages: Messages
    sampling: Sampling
    attempt: int = 0
    parent_id: str | None = None


def rollout(cell: Cell, model: ModelRef, stage: str, asks: Sequence[Ask]) -> list[tuple[Problem, Rollout]]:
    """A rollout for each ask, in order; only those that nobody has made yet are sampled."""
    store, engine, settings = cell.store, cell.engine, cell.config.engine
    where: JSON = [engine.name, settings.dtype, model.revision, dict(model.chat)]
    keys = [
        content_hash("rollout", where, ask.problem.id, [m.to_json() for m in ask.messages], ask.sampling.to_json())
        for ask in asks
    ]
    found = {key: made for key in dict.fromkeys(keys) if (made := store.rollouts.get(key)) is not None}
    missing = [(key, ask) for key, ask in dict(zip(keys, asks, strict=True)).items() if key not in found]
    if missing:
        engine.refresh(model)
        with cell.progress.task(f"{cell.id}: {stage}", len(missing)) as task, Pages(store.rollouts, cell.id) as pages:
            for batch in engine.generate([Request(ask.messages, ask.sampling) for _, ask in missing]):
                fresh: dict[str, Rollout] = {}
                for index, g in batch:
                    key, ask = missing[index]
                    fresh[key] = Rollout(
                        key, ask.problem.id, ask.messages, g.completion, g.token_ids, g.logprobs, g.prompt_tokens,
                        ask.sampling, model.revision, engine.name, ask.attempt, ask.parent_id, g.truncated,
                    )  # fmt: skip
                pages.add(fresh)
                found |= fresh
                task.advance(len(fresh))
    store.note_use(cell.id, use(stage, "rollout", keys))
    return [(ask.problem, found[key]) for key, ask in zip(keys, asks, strict=True)]


def use(text: str, kind: Literal["rollout", "checkpoint"], keys: Sequence[str]) -> Use:
    """The use of `keys` by what the loop calls `text`: 'round 2: retry 1', or 'evaluate before'."""
    phase, _, arrow = text.rpartition(": ")
    stage, _, turn = phase.rpartition(" ")
    return Use(stage or arrow, int(turn or 0), arrow, kind, tuple(keys))


def judge(cell: Cell, rollouts: Sequence[tuple[Problem, Rollout]]) -> list[Attempt]:
    """A verdict on each rollout, in order. Verdicts of ERROR are not kept: the next run tries again.

    Raises `VerifierError` with the last one's reason where `OUTAGE` problems in a row are ERROR.
    """
    store, identity, budget_s = cell.store, cell.pool.identity, cell.config.verify.budget_s
    keys = [verdict_key(problem, made.completion, identity) for problem, made in rollouts]
    kept = {key: store.verdicts.get(key) for key in dict.fromkeys(keys)}
    verdicts = {key: found for key, found in kept.items() if found is not None and reusable(found, budget_s)}
    missing = [(k, pair) for k, pair in dict(zip(keys, rollouts, strict=True)).items() if k not in verdicts]
    in_a_row = set[str]()
    with cell.progress.task(f"{cell.id}: verify", len(missing)) as task, Pages(store.verdicts, cell.id) as pages:
        for index, verdict in cell.pool.verify([(problem, made.completion) for _, (problem, made) in missing]):
            key, (problem, made) = missing[index]
            verdicts[key] = verdict
            cell.observe("pidistill_verdict", problem=problem, rollout=made, verdict=verdict)
            if verdict.status is not Status.ERROR:
                pages.add({key: verdict})
                in_a_row.clear()
            elif len(in_a_row := in_a_row | {problem.id}) >= OUTAGE:
                raise VerifierError(
                    f"{cell.id}: the verdicts of {OUTAGE} problems in a row are ERROR, the last: {verdict.reason}",
                    "All that was made until now is kept, and the same command goes on from there.",
                )
            task.advance(1)
    if errors := [verdict.reason for verdict in verdicts.values() if verdict.status is Status.ERROR]:
        again = "The same command tries them again."
        cell.progress.note(f"{cell.id}: {len(errors)} verdicts are ERROR, the first: {errors[0]} {again}")
    return [Attempt(p, r, verdicts[key]) for key, (p, r) in zip(keys, rollouts, strict=True)]


class Pages(Generic[R]):
    """Writes what comes in to a log, every `SAVE_EVERY_S` and on the way out, an error's or Ctrl-C's included."""

    def __init__(self, log: Log[R], cell: str) -> None:
        self._log, self._cell = log, cell
        self._unsaved: dict[str, R] = {}
        self._saved_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._save()

    def add(self, records: Mapping[str, R]) -> None:
        """Take in records by key."""
        self._unsaved.update(records)
        if time.monotonic() - self._saved_at > SAVE_EVERY_S:
            self._save()

    def _save(self) -> None:
        self._log.put(self._unsaved.items(), self._cell)
        self._unsaved, self._saved_at = {}, time.monotonic()


def train(cell: Cell, model: ModelRef, stage: str, examples: Sequence[Example], goes_on: bool) -> ModelRef:
    """The model after training on `examples`. With `goes_on`, optimizer and teacher go on from `model`'s checkpoint."""
    config = cell.config
    resume_from = Path(model.adapter or model.base) if goes_on else None
    key = content_hash(
        "train", model.revision, as_json(config.train), cell.seed, config.model.teacher_chat, config.model.dtype,
        resume_from is not None, [example.digest() for example in examples],
    )  # fmt: skip

    def make(folder: Path) -> Mapping[str, JSON]:
        with cell.progress.task(f"{cell.id}: {stage}", 0) as task:
            job = TrainJob(
                model=model, examples=examples, config=config.train, seed=cell.seed, out_dir=folder,
                resume_from=resume_from, progress=task.metrics, teacher_chat=config.model.teacher_chat,
                dtype=config.model.dtype, device=config.model.device,
            )  # fmt: skip
            trained = cell.objective.train(job)
        return {
            "revision": trained_ref(model, folder, trained.adapter).revision, "adapter": trained.adapter,
            "steps": trained.steps, "tokens_trained": trained.tokens_trained,
            "tokens_processed": trained.tokens_processed, "metrics": dict(trained.metrics),
        }  # fmt: skip

    folder = cell.store.checkpoint(key, make, cell.id)
    cell.store.note_use(cell.id, use(stage, "checkpoint", [key]))
    trained = cell.store.trained(key)
    if trained["adapter"]:
        return replace(model, revision=trained["revision"], adapter=str(folder))
    return replace(model, revision=trained["revision"], base=str(folder), adapter=None)


def sampling(cell: Cell, problem: Problem, *draw: JSON) -> Sampling:
    """How one training rollout is drawn; `draw` names it within the cell. Two arms with one seed draw alike."""
    config = cell.config.sampling
    seed = seed_for(cell, "sample", problem.id, *draw) if config.temperature else 0
    return Sampling(config.temperature, config.top_p, config.top_k, config.max_tokens, seed)


def seed_for(cell: Cell, *what: JSON) -> int:
    """A 63-bit seed that depends on the cell's seed and on `what` is drawn, and on nothing else."""
    return int(content_hash(cell.seed, *what)[:16], 16) >> 1


def rng_for(cell: Cell, *what: JSON) -> random.Random:
    return random.Random(seed_for(cell, *what))
