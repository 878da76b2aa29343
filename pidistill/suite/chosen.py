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
class HeldArm:
    """What the seeds of an arm have in common."""

    recipe: str
    domain: str
    model: str
    """What it was called."""
    revision: str
    """What it was: its weights, where they are known."""
    settings: Mapping[str, str]
    """Dotted key -> value of every result field that differs from its default, the held-out problems left out."""
    key: str
    """The settings as text: what tells arms apart."""
    problems: str
    """Which held-out problems it was measured on, in words."""

    @property
    def family(self) -> tuple[str, str]:
        """What arms are compared within."""
        return self.domain, self.revision


@dataclass(frozen=True)
class Held:
    """A finished cell of the store."""

    id: str
    seed: int
    arm: HeldArm


def chosen_afterwards(store: Store, reported: Collection[str]) -> list[str]:
    """A line for each way in which the cells `reported` are a part of what is finished in the store."""
    held = list(finished_cells(store))
    shown = [cell for cell in held if cell.id in reported]
    others = [cell for cell in held if cell.id not in reported]
    arms, families = {cell.arm.key for cell in shown}, {cell.arm.family for cell in shown}
    return [
        *_seeds(shown, others),
        *_problems(shown, [cell for cell in others if cell.arm.key in arms]),
        *_arms(shown, [cell for cell in others if cell.arm.family in families and cell.arm.key not in arms]),
    ]


def finished_cells(store: Store) -> Iterator[Held]:
    """The finished cells of a store. One whose settings cannot be read any more is left out."""
    known: dict[tuple[str, str], HeldArm | None] = {}
    for name in store.cells.names():
        if not (store.cell_dir(name) / "summary.json").exists():
            continue
        settings = store.settings(name)
        if settings is None or "config" not in settings:
            continue
        revision = str((store.provenance(name) or {}).get("model", ""))
        key = (canonical_json(settings["config"]), revision)
        if key not in known:
            known[key] = _arm_of(settings["config"], revision)
        if (arm := known[key]) is not None:
            yield Held(name, int(settings["seed"]), arm)


def _arm_of(data: Mapping[str, JSON], revision: str) -> HeldArm | None:
    try:
        config = RunConfig.model_validate(data)
        identity = config.identity()
    except (ValidationError, PidistillError):
        return None  # of a version that had other settings
    flat = dict(_flat(identity))
    flat.pop("model.name", None)  # the same weights in another folder are the same model
    problems = {key: flat.pop(key) for key in list(flat) if key.startswith("data.evaluate.")}
    return HeldArm(
        config.recipe.name, config.domain, config.model.name, revision or config.model.name, flat,
        canonical_json({**flat, "": revision or config.model.name}), _set(problems),
    )  # fmt: skip


def _seeds(shown: Sequence[Held], others: Sequence[Held]) -> Iterator[str]:
    """Arms of which the store holds further seeds, on the same problems."""
    found: dict[tuple[str, str], list[str]] = {}
    left: dict[tuple[str, str], list[int]] = {}
    for cell in others:
        left.setdefault((cell.arm.key, cell.arm.problems), []).append(cell.seed)
    mine: dict[tuple[str, str], list[Held]] = {}
    for cell in shown:
        mine.setdefault((cell.arm.key, cell.arm.problems), []).append(cell)
    for key, cells in mine.items():
        if key in left:
            seeds = _named([str(seed) for seed in sorted(cell.seed for cell in cells)])
            further = _named([str(seed) for seed in sorted(left[key])])
            found.setdefault((seeds, further), []).append(_on(cells[0].arm))
    for (seeds, further), arms in found.items():
        yield f"Seeds chosen afterwards: {_named(arms)}: reported seeds {seeds}; the store also holds {further}."


def _problems(shown: Sequence[Held], others: Sequence[Held]) -> Iterator[str]:
    """Arms that were measured on other held-out problems, too."""
    found: dict[tuple[str, str], list[str]] = {}
    for arm in {cell.arm.key: cell.arm for cell in shown}.values():
        sets = list(dict.fromkeys(cell.arm.problems for cell in shown if cell.arm.key == arm.key))
        further = sorted({cell.arm.problems for cell in others if cell.arm.key == arm.key}.difference(sets))
        if further:
            found.setdefault((_named(sets), _named(further)), []).append(_on(arm))
    for (told, beside), arms in found.items():
        yield f"Problems chosen afterwards: {_named(arms)}: reported on {told}; the store also holds it on {beside}."


def _arms(shown: Sequence[Held], others: Sequence[Held]) -> Iterator[str]:
    """Arms of the same domain and model that are not reported."""
    for family in dict.fromkeys(cell.arm.family for cell in shown):
        beside = {cell.arm.key: cell.arm for cell in shown if cell.arm.family == family}
        left = {cell.arm.key: cell.arm for cell in others if cell.arm.family == family}
        if left:
            names = sorted(_beside(arm, list(beside.values())) for arm in left.values())
            count, model = len(beside), model_label(next(iter(beside.values())).model)
            yield (
                f"Arms chosen afterwards: reported {'is' if count == 1 else 'are'} {count} of {count + len(left)} arms "
                f"that the store holds on {family[0]} with {model}; left out: {_named(names)}. "
                "Corrections count the reported ones alone."
            )


def _on(arm: HeldArm) -> str:
    return f"{arm.recipe} on {arm.domain}"


def _beside(arm: HeldArm, reported: Sequence[HeldArm]) -> str:
    """An arm in words; with what tells it from a reported one of the same recipe, where there is one."""
    like = next((other for other in reported if other.recipe == arm.recipe), None)
    return arm.recipe if like is None else f"{arm.recipe} [{told_apart(arm, [arm, like])}]"


def told_apart(arm: HeldArm, among: Sequence[HeldArm]) -> str:
    """What `arm` has in the first three settings in which these arms differ."""
    keys = sorted({key for other in among for key in other.settings})
    told = [key for key in keys if len({other.settings.get(key) for other in among}) > 1]
    return ", ".join(f"{key.removeprefix('stages.0.')}={_short(arm.settings.get(key, 'default'))}" for key in told[:3])


def _short(value: str) -> str:
    """A value that does not push what else is said off a screen."""
    return value if len(value) <= 40 else f"{value[:24]}...{value[-13:]}"


def _set(problems: Mapping[str, str]) -> str:
    said = [f"{key.removeprefix('data.evaluate.')} {_short(value)}" for key, value in sorted(problems.items())]
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
