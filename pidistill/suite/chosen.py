"""What the store holds beside what a report shows: seeds, arms and held-out problems that were left out of it.

Whoever runs ten seeds and reports three, drops arms, or changes the held-out problems until a number is significant,
has chosen after looking. The store remembers all cells that were finished, so a report says, on its first lines, what
it leaves out of them. Nothing here knows why something was left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pidistill.config import RunConfig
from pidistill.errors import PidistillError
from pidistill.records import JSON, canonical_json
from pidistill.store.store import Store
from pidistill.suite.resolve import model_label

NAMED = 8
"""Things that are named one by one in a line."""


@dataclass(frozen=True)
class Held:
    """A finished cell of the store."""

    id: str
    seed: int
    recipe: str
    domain: str
    model: str
    settings: Mapping[str, str]
    """Dotted key -> value of every result field that differs from its default, the held-out problems left out."""
    problems: Mapping[str, str]
    """The same of `data.evaluate`: which problems it was measured on."""

    @property
    def arm(self) -> str:
        return canonical_json(dict(self.settings))

    @property
    def family(self) -> tuple[str, str]:
        """What arms are compared within."""
        return self.domain, self.model


def chosen_afterwards(store: Store, reported: Collection[str]) -> list[str]:
    """A line for each way in which the cells `reported` are a part of what is finished in the store."""
    held = list(finished_cells(store))
    shown = [cell for cell in held if cell.id in reported]
    others = [cell for cell in held if cell.id not in reported]
    families = {cell.family for cell in shown}
    arms = {cell.arm: cell for cell in shown}
    lines = list[str]()
    lines += _seeds(shown, others)
    lines += _problems(shown, [cell for cell in others if cell.arm in arms])
    lines += _arms(shown, [cell for cell in others if cell.family in families and cell.arm not in arms])
    return lines


def finished_cells(store: Store) -> Iterator[Held]:
    """The finished cells of a store. One whose settings cannot be read any more is left out."""
    for name in store.cells.names():
        if not (store.cell_dir(name) / "summary.json").exists():
            continue
        settings = store.settings(name)
        if settings is None or "config" not in settings:
            continue
        try:
            config = RunConfig.model_validate(settings["config"])
            identity = config.identity()
        except (ValidationError, PidistillError):
            continue  # of a version that had other settings
        flat = dict(_flat(identity))
        problems = {key: flat.pop(key) for key in list(flat) if key.startswith("data.evaluate.")}
        yield Held(
            name, int(settings["seed"]), config.recipe.name, config.domain, config.model.name, flat, problems
        )  # fmt: skip


def _seeds(shown: Sequence[Held], others: Sequence[Held]) -> Iterator[str]:
    """Arms of which the store holds further seeds, on the same problems."""
    found: dict[tuple[str, str], list[str]] = {}
    for key, mine in _grouped(shown).items():
        left = sorted(cell.seed for cell in others if (cell.arm, canonical_json(dict(cell.problems))) == key)
        if left:
            seeds = _named([str(cell.seed) for cell in sorted(mine, key=lambda cell: cell.seed)])
            found.setdefault((seeds, _named([str(seed) for seed in left])), []).append(_label(mine[0]))
    for (seeds, further), arms in found.items():
        yield f"Seeds chosen afterwards: {_named(arms)}: reported seeds {seeds}; the store also holds {further}."


def _problems(shown: Sequence[Held], others: Sequence[Held]) -> Iterator[str]:
    """Arms that were measured on other held-out problems, too."""
    found: dict[tuple[str, str], list[str]] = {}
    for arm in dict.fromkeys(cell.arm for cell in shown):
        mine = [cell for cell in shown if cell.arm == arm]
        sets = {canonical_json(dict(cell.problems)): cell for cell in mine}
        further = {canonical_json(dict(cell.problems)): cell for cell in others if cell.arm == arm}
        if left := [_set(cell) for key, cell in further.items() if key not in sets]:
            told = _named([_set(cell) for cell in sets.values()])
            found.setdefault((told, _named(sorted(left))), []).append(_label(mine[0]))
    for (told, beside), arms in found.items():
        yield f"Problems chosen afterwards: {_named(arms)}: reported on {told}; the store also holds it on {beside}."


def _arms(shown: Sequence[Held], others: Sequence[Held]) -> Iterator[str]:
    """Arms of the same domain and model that are not reported."""
    for family in dict.fromkeys(cell.family for cell in shown):
        beside = [cell for cell in shown if cell.family == family]
        left = {cell.arm: cell for cell in others if cell.family == family}
        if left:
            names = sorted(_label(cell, beside) for cell in left.values())
            count = len({cell.arm for cell in beside})
            yield (
                f"Arms chosen afterwards: reported {'is' if count == 1 else 'are'} {count} of {count + len(left)} arms "
                f"that the store holds on {family[0]} with {model_label(family[1])}; left out: {_named(names)}. "
                "Corrections count the reported ones alone."
            )


def _grouped(cells: Sequence[Held]) -> dict[tuple[str, str], list[Held]]:
    groups: dict[tuple[str, str], list[Held]] = {}
    for cell in cells:
        groups.setdefault((cell.arm, canonical_json(dict(cell.problems))), []).append(cell)
    return groups


def _label(cell: Held, beside: Sequence[Held] = ()) -> str:
    """The arm in words; with what tells it from a reported one of the same recipe, where there is one."""
    like = next((other for other in beside if other.recipe == cell.recipe), None)
    if like is None:
        return f"{cell.recipe} on {cell.domain}" if not beside else cell.recipe
    keys = sorted({*cell.settings, *like.settings})
    told = [key for key in keys if cell.settings.get(key) != like.settings.get(key)]
    said = [f"{key.removeprefix('stages.0.')}={cell.settings.get(key, 'default')}" for key in told[:3]]
    return f"{cell.recipe} [{', '.join(said)}]"


def _set(cell: Held) -> str:
    said = [f"{key.removeprefix('data.evaluate.')} {value}" for key, value in sorted(cell.problems.items())]
    return f"({', '.join(said)})" if said else "the default problems"


def _named(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{prefix}{key}.")
    elif isinstance(value, list) and value and all(isinstance(inner, Mapping) for inner in value):
        for place, inner in enumerate(value):
            yield from _flat(inner, f"{prefix}{place}.")
    else:
        plain: JSON = value
        yield prefix.rstrip("."), plain if isinstance(plain, str) else canonical_json(plain)
