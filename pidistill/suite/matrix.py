"""From the axes of a suite file to its cells: product, less what is excluded, plus what is included.

`exclude` comes first and `include` after it. A rule matches a cell whose value is one of the rule's on every axis that
the rule names. What `include` does not name takes all values of its axis.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pidistill.config import RunConfig, merge
from pidistill.errors import PidistillError, UsageError, did_you_mean
from pidistill.plugins import Manager
from pidistill.recipes import run_config
from pidistill.records import JSON, canonical_json, content_hash
from pidistill.suite.file import NAMED, Rule, SuiteFile, Value, same
from pidistill.suite.parts import check_names
from pidistill.suite.planned import Planned

MOST_CELLS = 100_000
"""In one suite; more is a slip of the keyboard."""


@dataclass(frozen=True)
class Point:
    """One cell's value on every axis, before its configuration is built."""

    values: Mapping[str, Value]
    arm: str
    """Everything but the seed, as text: equal for the cells of one arm."""

    @property
    def seed(self) -> int:
        seed: int = self.values["seed"]
        return seed


@dataclass(frozen=True)
class Arm:
    """The cells of a suite that differ in their seeds alone."""

    label: str
    """The recipe, and beside it the value on each axis that is a setting."""
    axes: Mapping[str, JSON]
    config: RunConfig | None
    """None where it cannot be built; `problem` says why."""
    problem: str = ""


@dataclass(frozen=True)
class SuiteCell:
    """A cell of a suite. One whose configuration is bad has a name of its own, and is shown with what is wrong."""

    id: str
    arm: Arm
    seed: int

    @property
    def planned(self) -> Planned:
        """What is run. Not for a cell that has a problem."""
        assert self.arm.config is not None, self.arm.problem
        return Planned(self.arm.config, self.seed, self.id)


def points(suite: SuiteFile) -> list[Point]:
    """The points of a suite, in the order of its axes, each once. Raises `UsageError` naming the rule."""
    size = 1
    for values in suite.axes.values():
        size *= len(values)
    if size > MOST_CELLS:
        raise UsageError(
            f"{suite.path}: the axes come to {size:,} cells; a suite has at most {MOST_CELLS:,}.",
            "Take some values out.",
        )
    kept = list(_product(suite.axes))
    for number, rule in enumerate(suite.exclude, 1):
        where = f"{suite.path}: exclude {number}"
        _check_values(rule, suite, where)
        left = [point for point in kept if not matches(rule, point)]
        if len(left) == len(kept):
            raise UsageError(f"{where}: no cell is excluded by it.", "Delete it, or see: pidistill suite plan FILE")
        kept = left
    seen = {(point.arm, point.seed) for point in kept}
    for rule in suite.include:
        for point in _product({**suite.axes, **rule}):
            if (point.arm, point.seed) not in seen:
                seen.add((point.arm, point.seed))
                kept.append(point)
    if not kept:
        raise UsageError(f"{suite.path}: every cell is excluded.", "Take a rule out of [[exclude]].")
    for number, override in enumerate(suite.overrides, 1):
        if not any(matches(override.when, point) for point in kept):
            raise UsageError(
                f"{suite.path}: overrides {number}: no cell is meant by its 'when'.",
                "Delete it, or see: pidistill suite plan FILE",
            )
    return kept


def cells(suite: SuiteFile) -> list[SuiteCell]:
    """The cells of a suite. Opens nothing. An arm that cannot be built is there with its problem.

    Raises `UsageError` where two points come to one cell: the axis that tells them apart changes nothing there.
    """
    every, found, names = points(suite), list[SuiteCell](), dict[str, Point]()
    seeds: dict[str, list[int]] = {}
    for point in every:
        seeds.setdefault(point.arm, []).append(point.seed)
    first = {point.arm: point for point in reversed(every)}
    arms = {key: _arm(suite, first[key]) for key in seeds}
    _check_labels(suite, arms.values())
    ids = {key: dict(zip(seeds[key], _ids(arms[key], key, seeds[key]), strict=True)) for key in seeds}
    for point in every:
        arm, name = arms[point.arm], ids[point.arm][point.seed]
        if (other := names.get(name)) is not None and arm.config is not None:
            told = [axis for axis, value in point.values.items() if not same(value, other.values[axis])]
            raise UsageError(
                f"{suite.path}: two cells are one, {name}: {', '.join(told)} changes nothing that a result depends on "
                f"({' and '.join(_short(p.values[told[0]]) for p in (other, point))}).",
                "Exclude one of them, or take the axis out.",
            )
        names[name] = point
        found.append(SuiteCell(name, arm, point.seed))
    return found


def _check_labels(suite: SuiteFile, arms: Iterable[Arm]) -> None:
    """Raise `UsageError` where two arms would be called alike: recipes in two files of one name."""
    seen: dict[tuple[str, JSON, JSON], Arm] = {}
    for arm in arms:
        key = (arm.label, arm.axes["domain"], arm.axes["model"])
        if (other := seen.setdefault(key, arm)) is not arm:
            raise UsageError(
                f"{suite.path}: two arms are called {arm.label!r}: recipes {other.axes['recipe']!r} and "
                f"{arm.axes['recipe']!r}.",
                "Give one of the files another name.",
            )


def _ids(arm: Arm, key: str, seeds: Sequence[int]) -> list[str]:
    if arm.config is not None:
        return arm.config.cell_ids(seeds)
    return [f"invalid-{content_hash(key)[:12]}-s{seed}" for seed in seeds]


def problems_of(found: Sequence[SuiteCell], manager: Manager) -> dict[int, str]:
    """`id` of each arm -> why none of its cells can be run, known before anything is opened; '' where nothing is."""
    return {key: _problem(arm, manager) for key, arm in {id(cell.arm): cell.arm for cell in found}.items()}


def _problem(arm: Arm, manager: Manager) -> str:
    if arm.config is None:
        return arm.problem
    try:
        manager.domain(arm.config.domain)
        check_names(arm.config, manager)
    except PidistillError as error:
        return " ".join(str(error).split())
    return ""


def matches(rule: Rule, point: Point) -> bool:
    """Whether a point has, on every axis that the rule names, one of its values."""
    return all(any(same(point.values[axis], value) for value in values) for axis, values in rule.items())


def _product(axes: Mapping[str, tuple[Value, ...]]) -> Iterator[Point]:
    """The points of a product, in its order; the texts of arms are made once."""
    texts: dict[tuple[int, ...], str] = {}
    names = [name for name in axes if name != "seed"]
    for places in itertools.product(*(range(len(values)) for values in axes.values())):
        values = {name: axes[name][place] for name, place in zip(axes, places, strict=True)}
        key = tuple(place for name, place in zip(axes, places, strict=True) if name != "seed")
        if key not in texts:
            texts[key] = canonical_json({name: values[name] for name in names})
        yield Point(values, texts[key])


def _check_values(rule: Rule, suite: SuiteFile, where: str) -> None:
    """A value that no cell has excludes nothing, and is a misspelling."""
    for axis, values in rule.items():
        known = list(suite.axes[axis])
        for value in values:
            if not any(same(value, other) for other in known):
                near = did_you_mean(value, [v for v in known if isinstance(v, str)]) if isinstance(value, str) else ""
                raise UsageError(
                    f"{where}: no cell has {axis} = {_short(value)}.{near}",
                    f"There are: {', '.join(_short(v) for v in known[:12])}.",
                )


def _arm(suite: SuiteFile, point: Point) -> Arm:
    """The arm of a point. What is wrong with its configuration is kept beside it, for the board."""
    axes = {name: value for name, value in point.values.items() if name != "seed"}
    settings = {name: value for name, value in axes.items() if name not in NAMED}
    label = _label(str(axes["recipe"]), settings)
    overrides = [override.settings for override in suite.overrides if matches(override.when, point)]
    tables: dict[str, Any] = merge(
        suite.settings, *overrides, {"store": suite.store, "model": {"name": axes["model"]}},
        *(_nested(name, value) for name, value in settings.items()),
    )  # fmt: skip
    recipe = _recipe(str(axes["recipe"]), suite.path)
    try:
        config = run_config(recipe, str(axes["domain"]), overrides=tables)
    except PidistillError as error:
        return Arm(label, axes, None, " ".join(str(error).split()))
    return Arm(_label(config.recipe.name, settings), axes, config)


def _recipe(name: str, path: Path) -> str:
    """A recipe of one's own lies beside the suite file that names it."""
    return str(path.parent / name) if name.endswith(".toml") else name


def _nested(key: str, value: Value) -> dict[str, Any]:
    tables: Any = value
    for part in reversed(key.split(".")):
        tables = {part: tables}
    nested: dict[str, Any] = tables
    return nested


def _label(recipe: str, settings: Mapping[str, Value]) -> str:
    last = [key.rpartition(".")[2] for key in settings]
    names = {key: end if last.count(end) == 1 else key for key, end in zip(settings, last, strict=True)}
    said = ", ".join(
        f"{names[key]}={value if isinstance(value, str) else canonical_json(value)}" for key, value in settings.items()
    )
    return f"{recipe} [{said}]" if said else recipe


def _short(value: Value) -> str:
    text = value if isinstance(value, str) else canonical_json(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
