"""Parts of a proof, cut out of its text where Lean's own parser says that its steps are. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pidistill_lean.protocol import Outline, Step
from pidistill_lean.subgoals import haves

_MARGIN = 2


def skeletons(source: str, outline: Outline) -> Iterator[str]:
    """The proof's `have`s with `sorry` for their proofs, and for the rest; sparest first.

    The first holds the `have`s alone. The second holds the steps between them, too: a `have` may speak of what those
    introduce. Nothing comes where the proof has no `have` that says what it states.
    """
    top = _top(outline)
    stated = {have.step.start for have in haves(source, outline, top=True)}
    if outline.proof_start is None or not stated:
        return
    last = max(index for index, step in enumerate(top) if step.start in stated)
    spare = [_unproved(source, step) for step in top if step.start in stated]
    yield _with_proof(source, outline.proof_start, spare)
    if len(spare) <= last:
        whole = [_unproved(source, s) if s.start in stated else _text(source, s, s.end) for s in top[: last + 1]]
        yield _with_proof(source, outline.proof_start, whole)


def first_half(source: str, outline: Outline) -> str | None:
    """The first half of the proof's steps, rounded down, and `sorry`; None where it has a single step."""
    top = _top(outline)
    if outline.proof_start is None or len(top) < 2:
        return None
    steps = [_text(source, step, step.end) for step in top[: len(top) // 2]]
    return _with_proof(source, outline.proof_start, steps)


def _top(outline: Outline) -> list[Step]:
    return [step for step in outline.steps if step.depth == 0]


def _unproved(source: str, step: Step) -> str:
    assert step.statement_end is not None
    return f"{_text(source, step, step.statement_end).rstrip()} := by sorry"


def _text(source: str, step: Step, end: int) -> str:
    """The step's text up to `end`, its further lines as far to the right of its first one as before."""
    column = step.start - (source.rfind("\n", 0, step.start) + 1)
    first, *rest = source[step.start : end].rstrip().split("\n")
    moved = [" " * max(0, len(line) - len(line.lstrip()) - column) + line.lstrip() for line in rest]
    return "\n".join([first, *moved])


def _with_proof(source: str, proof_start: int, steps: Sequence[str]) -> str:
    lines = [line for step in [*steps, "sorry"] for line in step.split("\n")]
    return "\n".join([source[:proof_start].rstrip(), *(" " * _MARGIN + line if line else "" for line in lines)])
