"""Attempts by problem: what selectors and PI forms look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pidistill.cell import Cell, rng_for
from pidistill.contracts import About, Choice, Group, PIForm, Selector
from pidistill.records import Attempt, Problem


def groups(attempts: Sequence[Attempt], of_teacher: Sequence[Attempt] = ()) -> list[Group]:
    """One group for each problem, in the order in which problems were drawn."""
    own, teachers = by_problem(attempts), by_problem(of_teacher)
    return [Group(each[0].problem, each, teachers.get(name, ())) for name, each in own.items()]


def chosen(selector: Selector, attempts: Sequence[Attempt], of_teacher: Sequence[Attempt]) -> list[Choice]:
    """What `selector` chooses with a weight above 0, in the order of `attempts`."""
    choices = {id(c.attempt): c for group in groups(attempts, of_teacher) for c in selector.select(group)}
    return [c for attempt in attempts if (c := choices.get(id(attempt))) is not None and c.weight > 0]


def about_each(cell: Cell, form: PIForm, of: Sequence[Attempt], attempts: Sequence[Attempt]) -> list[About]:
    """What a form may look at for each attempt of `of`, `attempts` being all there are. The same on every run."""
    groups_of = by_problem(attempts)
    return [
        About(
            attempt.problem, attempt, groups_of.get(attempt.problem.id, ()), cell.train_problems,
            rng_for(cell, "pi", form.name, attempt.problem.id, *draw_of(attempt)),
        )
        for attempt in of
    ]  # fmt: skip


def draw_of(attempt: Attempt | None) -> tuple[int, int]:
    """What an attempt's draw is named by where chance depends on it. Not its key, which holds more than chance may."""
    return (attempt.rollout.sampling.seed, attempt.rollout.attempt) if attempt else (0, -1)


def about_problems(cell: Cell, form: PIForm, problems: Sequence[Problem]) -> list[About]:
    """The same of problems that nobody has attempted yet."""
    return [About(p, None, (), cell.train_problems, rng_for(cell, "pi", form.name, p.id)) for p in problems]


def unsolved(attempts: Sequence[Attempt]) -> list[Problem]:
    """The problems at which a first attempt failed and none passed, in the order in which they were drawn."""
    return [g.problem for g in groups(attempts) if g.firsts and not any(a.verdict.passed for a in g.firsts)]


def by_problem(attempts: Sequence[Attempt]) -> Mapping[str, list[Attempt]]:
    """Problem id -> its attempts, in their order."""
    found = defaultdict[str, list[Attempt]](list)
    for attempt in attempts:
        found[attempt.problem.id].append(attempt)
    return found
