"""Attempt -> PI: a form renders it, or a role writes it; either way it is written down before it is used."""

from __future__ import annotations

from collections.abc import Sequence

from pidistill.arrows.rollout import Ask, rollout
from pidistill.arrows.where import Where
from pidistill.cell import Cell, sampling
from pidistill.config import Stage
from pidistill.contracts import About, PIForm, WrittenForm
from pidistill.groups import about_each, draw_of
from pidistill.pi import render
from pidistill.records import PI, Attempt, ModelRef


def inform(
    cell: Cell, model: ModelRef, stage: Stage, where: Where, form: PIForm, abouts: Sequence[About]
) -> list[PI | None]:
    """The PI of `form` about each of `abouts`, in order; None where the form has nothing to tell. Kept in the store."""
    if isinstance(form, WrittenForm):
        told = _written(cell, model, stage, where, form, abouts)
    else:
        told = [render.render(form, about) for about in abouts]
    fresh = {pi.digest(): pi for pi in told if pi is not None}
    cell.store.pi.put([(key, pi) for key, pi in fresh.items() if key not in cell.store.pi], cell.id)
    where.at(f"{where.arrow}, PI").note(cell, "pi", list(fresh))
    return told


def views(
    cell: Cell, model: ModelRef, stage: Stage, where: Where, form: str | None, of: Sequence[Attempt],
    attempts: Sequence[Attempt],
) -> list[PI | None]:  # fmt: skip
    """What a teacher is told about each attempt of `of`, `attempts` being all there are; without a form, nothing."""
    if form is None:
        return [None] * len(of)
    return inform(cell, model, stage, where, cell.forms[form], about_each(cell, cell.forms[form], of, attempts))


def _written(
    cell: Cell, model: ModelRef, stage: Stage, where: Where, form: WrittenForm, abouts: Sequence[About]
) -> list[PI | None]:
    """PI that a role writes: asked, stored and paid for as any rollout, and refused where it gives the answer away."""
    config = cell.speaker(form.role).sampling or stage.sampling
    asks: list[Ask] = []
    places: list[int] = []
    for place, about in enumerate(abouts):
        messages = render.ask(form, about)
        if messages is not None:
            parent = about.attempt.rollout.id if about.attempt else None
            draw = sampling(cell, config, "write", form.name, about.problem.id, *draw_of(about.attempt), where.label)
            asks.append(Ask(about.problem, messages, draw, 0, parent))
            places.append(place)
    told: list[PI | None] = [None] * len(abouts)
    made = rollout(cell, model, where.at(f"{where.arrow}, {form.name}"), asks, form.role)
    refused = 0
    for place, (_, answer) in zip(places, made, strict=True):
        told[place] = render.written(form, abouts[place], answer, cell.domain)
        refused += told[place] is None
    if refused:
        cell.progress.note(
            f"{cell.id}: {where}: {refused} of {len(asks)} texts by the {form.role} were empty or told too much"
        )
    return told
