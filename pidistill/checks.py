"""What is looked at before anything is sampled: its recipe makes sense, data are disjoint, nothing leaks."""

from __future__ import annotations

from collections.abc import Sequence

from pidistill import budget, overlap
from pidistill.cell import Cell
from pidistill.config import Stage
from pidistill.errors import OverlapError, UsageError
from pidistill.pi import leak
from pidistill.progress import Progress
from pidistill.records import Problem


def before_sampling(cell: Cell) -> None:
    """Raise `UsageError`, `OverlapError` or `LeakError` where the cell must not begin."""
    for stage in cell.config.stages:
        check_stage(cell, stage)
    check_disjoint(cell.train_problems, cell.held_out)
    _list_alike(cell.progress, cell.train_problems, cell.held_out)
    for problem in (*cell.train_problems, *cell.held_out):
        leak.check_prompt(cell.domain, problem, cell.domain.prompt(problem), f"{cell.id}, before anything is sampled")


def check_stage(cell: Cell, stage: Stage) -> None:
    """Raise `UsageError` where a stage's parts do not fit each other."""
    rollouts, examples = stage.rollouts, stage.examples
    if rollouts.first_form:
        needs = cell.forms[rollouts.first_form].needs
        if needs.rollout or needs.attempt or needs.diagnostics or needs.sibling:
            raise UsageError(
                f"PI form {rollouts.first_form!r} is about an attempt, so no first attempt can see it.",
                f"Name it for second tries: --set recipe.rollouts.retry_form={rollouts.first_form}",
            )
    if cell.objective(stage).needs_teacher and not examples.teacher_form:
        raise UsageError(
            f"Recipe {cell.config.recipe.name!r}: objective {stage.train.objective!r} needs a teacher.",
            "Say what the teacher sees: --set recipe.examples.teacher_form=gold",
        )
    if cell.objective(stage).needs_contrast and not examples.contrast_form:
        raise UsageError(
            f"Recipe {cell.config.recipe.name!r}: objective {stage.train.objective!r} compares two prompts.",
            "Say what the other one sees: --set recipe.examples.contrast_form=wrong",
        )
    if cell.objective(stage).needs_advantage and not cell.selectors[examples.keep].gives_advantage:
        raise UsageError(
            f"Recipe {cell.config.recipe.name!r}: objective {stage.train.objective!r} needs advantages, which "
            f"the selector {examples.keep!r} does not give.",
            "Choose one that does: --set recipe.examples.keep=advantage",
        )
    if rollouts.matches:
        budget.target(cell, stage)
        if cell.objective(stage).on_policy or rollouts.rounds > 1 or len(cell.config.stages) > 1:
            raise UsageError(
                f"Recipe {cell.config.recipe.name!r}: another arm's budget is for one stage and one round, of an "
                "objective that is not on-policy."
            )
    train = stage.train
    if cell.objective(stage).needs_advantage and train.batch_size * train.refresh_every % rollouts.samples:
        raise UsageError(
            f"Recipe {cell.config.recipe.name!r}: {train.refresh_every} steps of {train.batch_size} completions do not "
            f"hold whole groups of {rollouts.samples}, so a problem's completions would be torn apart.",
            f"Choose a batch that does: --set train.batch_size={rollouts.samples * 2}",
        )
    if rollouts.teacher_samples and not examples.teacher_form:
        raise UsageError(
            f"Recipe {cell.config.recipe.name!r} samples a teacher that sees nothing.",
            "Say what it sees: --set recipe.examples.teacher_form=gold",
        )


def check_disjoint(train: Sequence[Problem], held_out: Sequence[Problem]) -> None:
    """Raise `OverlapError` where a training problem is an evaluation problem, whatever its dress."""
    shared = overlap.same(train, held_out)
    if shared:
        listed = ", ".join(f"{one.id} = {other.id}" for one, other in shared[:3])
        raise OverlapError(
            f"{len(shared)} training problems are evaluation problems, the first: {listed}. "
            f"What was compared is {overlap.COMPARED}.",
            "Nothing was sampled. Choose disjoint splits with data.train and data.evaluate.",
        )


def _list_alike(progress: Progress, train: Sequence[Problem], held_out: Sequence[Problem]) -> None:
    """Say, once in a process, which evaluation problems are equal to a training problem but for numbers."""
    said = overlap.alike_text(train, held_out)
    if said and said not in _SAID:
        _SAID.add(said)
        progress.note(said)


_SAID = set[str]()
