"""Example -> ModelRef: an objective turns examples into new weights, once for each job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pidistill.arrows.where import Where
from pidistill.cell import Cell
from pidistill.config import Stage
from pidistill.contracts import TrainJob
from pidistill.engines.loading import trained_ref
from pidistill.identity import result_fields
from pidistill.records import JSON, Example, ModelRef, content_hash


@dataclass(frozen=True)
class Learnt:
    """What one job left behind."""

    model: ModelRef
    steps: int
    """Optimizer steps that it took."""
    start: str
    """Hash of the trained weights before its first step."""
    metrics: Mapping[str, float]
    """What the job said of its steps."""


def learn(
    cell: Cell, model: ModelRef, stage: Stage, where: Where, examples: Sequence[Example], goes_on: bool
) -> Learnt:
    """The model after training on `examples`. With `goes_on`, optimizer and teacher go on from `model`'s checkpoint."""
    config, objective = cell.config.model, cell.objective(stage)
    resume_from = Path(model.adapter or model.base) if goes_on else None
    keyed = {example.digest(): example for example in examples}
    cell.store.examples.put([(key, e) for key, e in keyed.items() if key not in cell.store.examples], cell.id)
    where.at("examples").note(cell, "example", list(keyed))
    key = content_hash(
        "train", objective.name, objective.version, model.revision, result_fields(stage.train), cell.seed,
        config.teacher_chat, config.dtype, goes_on, [example.digest() for example in examples],
    )  # fmt: skip

    def make(folder: Path) -> Mapping[str, JSON]:
        with cell.progress.task(f"{cell.id}: {where}", 0) as task:
            job = TrainJob(
                model=model, examples=examples, config=stage.train, seed=cell.seed, out_dir=folder,
                working=cell.store.working(key), resume_from=resume_from, progress=task.metrics,
                teacher_chat=config.teacher_chat, dtype=config.dtype, device=config.device,
            )  # fmt: skip
            trained = objective.train(job)
        return {
            "revision": trained_ref(model, folder, trained.adapter).revision, "adapter": trained.adapter,
            "steps": trained.steps, "tokens_trained": trained.tokens_trained,
            "tokens_processed": trained.tokens_processed, "metrics": dict(trained.metrics),
            "start": trained.start, "order": trained.order,
        }  # fmt: skip

    folder = cell.store.checkpoint(key, make, cell.id)
    where.note(cell, "checkpoint", [key])
    trained = cell.store.trained(key)
    if trained["adapter"]:
        after = replace(model, revision=trained["revision"], adapter=str(folder))
    else:
        after = replace(model, revision=trained["revision"], base=str(folder), adapter=None)
    return Learnt(after, int(trained["steps"]), str(trained["start"]), trained["metrics"])
