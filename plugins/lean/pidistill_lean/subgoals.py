"""Sub-goals: the `have`s of the reference proof, and which of them a failed attempt has proved. Pure text work.

An attempt proves a sub-goal if it states a `have` with the same statement and its proof, put in the place of the
reference's own proof of that `have`, gives a proof of the whole theorem that passes. So a sub-goal counts by the same
rule as a theorem, whatever the attempt does around it: a `have` that is trivial, that means something else in a changed
context, or that rests on `sorry` proves nothing. What parts of a text are steps, the runtime says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pidistill_lean.protocol import Outline, Step


@dataclass(frozen=True)
class Have:
    """A `have` with a statement."""

    step: Step
    statement: str
    """What it states, white space folded."""
    proof: str
    """What follows the statement: ` := ...`, or a `by` alone."""


def haves(source: str, outline: Outline, *, top: bool) -> list[Have]:
    """The `have`s of `source` that say what they state; with `top` those of the theorem's own block alone."""
    found = []
    for step in outline.steps:
        if step.kind != "have" or step.statement_end is None or (top and step.depth):
            continue
        said = source[step.start : step.statement_end]
        head = re.match(rf"have\s*{re.escape(step.name)}", said)
        statement = said[head.end() :].strip() if head else ""
        if statement.startswith(":") and statement[1:].strip():
            found.append(Have(step, folded(statement[1:]), source[step.statement_end : step.end]))
    return found


def folded(text: str) -> str:
    """`text` with all white space folded."""
    return " ".join(text.split())


def may_hold(completion: str, wanted: list[Have]) -> bool:
    """Whether any of the statements stands in the text at all: a quick look before it is parsed."""
    text = folded(completion)
    return any(have.statement in text for have in wanted)


def attempts(reference: str, wanted: Have, submission: str, stated: list[Have]) -> Iterator[str]:
    """The reference with the submission's proof of the wanted statement, for each of the submission's `have`s of it."""
    assert wanted.step.statement_end is not None
    margin = _column(reference, wanted.step.start)
    for have in stated:
        if have.statement == wanted.statement:
            moved = _moved(have.proof, margin - _column(submission, have.step.start))
            yield reference[: wanted.step.statement_end] + moved + reference[wanted.step.end :]


def _column(source: str, offset: int) -> int:
    return offset - (source.rfind("\n", 0, offset) + 1)


def _moved(text: str, by: int) -> str:
    """All lines but the first, moved right by `by` columns."""
    first, *rest = text.split("\n")
    if by >= 0:
        return "\n".join([first, *(" " * by + line if line.strip() else line for line in rest)])
    return "\n".join([first, *(line[min(-by, len(line) - len(line.lstrip())) :] for line in rest)])
