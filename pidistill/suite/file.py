"""A suite file: a TOML of axes whose product, with what is excluded and included, is the cells of a suite.

Read strictly: a key that means nothing, a rule that matches nothing and an axis that changes nothing are errors, since
each of them is a cell that somebody believes to have run. What the axes come to is `matrix.py`'s; a cell's settings are
checked by the same code as those of `pidistill run`.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pidistill.config import RunConfig
from pidistill.config.seeds import MOST_SEEDS, parse_seeds
from pidistill.errors import UsageError, did_you_mean
from pidistill.records import content_hash

TOP = ("title", "store", "axes", "settings", "overrides", "exclude", "include", "run", "needs")
NAMED = ("domain", "recipe", "model", "seed")
"""The axes with names of their own. Every other axis is a setting by its dotted key."""
REQUIRED = ("domain", "recipe")
_SETTING_TABLES = tuple(name for name in RunConfig.model_fields if name not in ("domain", "seeds", "store"))
DEFAULT_SEEDS: tuple[int, ...] = RunConfig.model_fields["seeds"].default
SEE = "See docs/suites.md, or try: pidistill suite plan FILE"

Value = Any
"""A value of an axis: whatever TOML can say."""
Rule = Mapping[str, tuple[Value, ...]]
"""Axis -> the values that it stands for."""


class Needs(BaseModel):
    """What one cell needs of a machine while it runs."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    cpus: float = Field(1.0, gt=0)
    """Cores."""
    gpus: float = Field(0.0, ge=0)
    """GPUs. On one machine a whole number, handed out by CUDA_VISIBLE_DEVICES."""
    memory_mb: int = Field(0, ge=0)
    """MiB that the cell's process may take; it is ended above, and the cell failed. 0: no limit."""


class Running(BaseModel):
    """How a suite is run. None of it changes a result."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    executor: str = "local"
    """`local`: processes of this machine; `ray`: a Ray cluster."""
    workers: int = Field(0, ge=0)
    """Cells at the same time, at most; 0: as many as cores, GPUs and memory allow."""
    memory_mb: int = Field(0, ge=0)
    """MiB for all cells of this machine together; 0: what the machine has."""
    retries: int = Field(1, ge=0)
    """How often a cell is tried again whose process was lost: killed, or gone with its machine."""
    address: str = ""
    """ray: of the cluster; empty: the one that RAY_ADDRESS names, or one that is started on this machine."""


@dataclass(frozen=True)
class Override:
    """Settings for the cells that a rule matches."""

    when: Rule
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class SuiteFile:
    """What a suite file says."""

    path: Path
    text: str
    title: str
    store: Path
    axes: Mapping[str, tuple[Value, ...]]
    settings: Mapping[str, Any]
    overrides: tuple[Override, ...] = ()
    exclude: tuple[Rule, ...] = ()
    include: tuple[Rule, ...] = ()
    running: Running = field(default_factory=Running)
    needs: Needs = field(default_factory=Needs)

    @property
    def name(self) -> str:
        """What the suite is called: its file's name."""
        return self.path.stem

    @property
    def hash(self) -> str:
        """Of the file's text: what a suite is registered under."""
        return content_hash(self.text)


def read_suite(path: Path) -> SuiteFile:
    """The suite in a file. Raises `UsageError` that names file, key and what to try."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        near = did_you_mean(path.name, (p.name for p in path.parent.glob("*.toml"))) if path.parent.is_dir() else ""
        raise UsageError(f"No file {str(path)!r}.{near}", "Give the TOML file of a suite. See docs/suites.md") from None
    except (UnicodeDecodeError, OSError) as error:
        raise UsageError(f"{path}: {error}", "Give the TOML file of a suite. See docs/suites.md") from error
    return parse_suite(text, path)


def parse_suite(text: str, path: Path) -> SuiteFile:
    """`read_suite` of a text; `path` names it, and recipes given as files lie beside it."""
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: {error}", SEE) from None
    _known(tables, TOP, f"{path}")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", path.stem):
        raise UsageError(
            f"{path}: a suite is called by its file's name, and {path.stem!r} cannot name a folder.",
            "Rename the file: letters, digits, '-', '_' and '.'.",
        )
    axes = _axes(tables.get("axes", {}), path)
    settings = _settings(_table(tables, "settings", path), f"{path}: settings", axes)
    return SuiteFile(
        path, text, _text(tables, "title", path.stem, path), Path(_text(tables, "store", "runs", path)), axes, settings,
        tuple(_override(table, where, axes) for table, where in _rules(tables, "overrides", path)),
        tuple(_rule(table, where, axes) for table, where in _rules(tables, "exclude", path)),
        tuple(_rule(table, where, axes) for table, where in _rules(tables, "include", path)),
        _model(Running, _table(tables, "run", path), f"{path}: run"),
        _model(Needs, _table(tables, "needs", path), f"{path}: needs"),
    )  # fmt: skip


# --- Axes and rules -------------------------------------------------------------------------------------------------


def _axes(table: object, path: Path) -> dict[str, tuple[Value, ...]]:
    where = f"{path}: axes"
    if not isinstance(table, Mapping):
        raise UsageError(f"{where}: give a table: [axes]", SEE)
    axes = {}
    for key, values in _flat(table, where):
        _axis_name(key, where)
        if key in axes:
            raise UsageError(f"{where}: {key!r} is given twice.", "Write it once, with or without quotes.")
        axes[key] = _values(key, values, f"{where}.{key}")
    for name in REQUIRED:
        if name not in axes:
            raise UsageError(f"{where}: {name!r} is missing.", f'Add it, such as: {name} = ["..."]')
    axes.setdefault("model", ("embedded",))
    axes.setdefault("seed", DEFAULT_SEEDS)
    return axes


def _axis_name(key: str, where: str) -> None:
    """Raise `UsageError` for what is neither a named axis nor the dotted key of a setting."""
    first = key.partition(".")[0]
    if key in NAMED or (key != first and first in (*_SETTING_TABLES, "stages") and key != "recipe.name"):
        return
    if key == "model.name":
        return
    near = did_you_mean(key, NAMED) or did_you_mean(first, _SETTING_TABLES)
    raise UsageError(
        f"{where}: {key!r} is neither an axis nor a setting.{near}",
        f"Axes: {', '.join(NAMED)}, and any setting by its dotted key, such as train.lr.",
    )


def _values(key: str, values: Value, where: str) -> tuple[Value, ...]:
    """The values of an axis, or those that a rule gives for one."""
    if key == "seed":
        return _seeds(values, where)
    found = tuple(values) if isinstance(values, list) else (values,)
    if not found:
        raise UsageError(f"{where}: no values.", "Give at least one, or leave the axis out.")
    for value in found:
        if key in NAMED and not (isinstance(value, str) and value):
            raise UsageError(f"{where}: expected a name, got {value!r}.", f'Such as: {key} = ["..."]')
        if not _is_plain(value):
            raise UsageError(f"{where}: {value!r} is nothing that a setting could be.", "Numbers must be finite.")
    seen = set[Hashable]()
    for value in found:
        if (known := _comparable(value)) in seen:
            raise UsageError(f"{where}: {value!r} is given twice.", "Give each value once.")
        seen.add(known)
    return found


def _seeds(values: Value, where: str) -> tuple[int, ...]:
    try:
        if isinstance(values, str):
            return parse_seeds(values)
        found = values if isinstance(values, list) else [values]
        if not found or not all(isinstance(v, int) and not isinstance(v, bool) and v >= 0 for v in found):
            raise ValueError(f"{values!r} is no list of seeds.")
        if len(found) > MOST_SEEDS:
            raise ValueError(f"{len(found)} seeds are too many; give at most {MOST_SEEDS}.")
        if len(set(found)) != len(found):
            raise ValueError(f"{values!r} names a seed twice.")
    except ValueError as error:
        raise UsageError(f"{where}: {error}", 'Such as: seed = [0, 1, 2], or seed = "0-4"') from None
    return tuple(found)


def _rules(tables: Mapping[str, Any], name: str, path: Path) -> Iterator[tuple[Mapping[str, Any], str]]:
    given = tables.get(name, [])
    if not isinstance(given, list) or not all(isinstance(rule, Mapping) for rule in given):
        raise UsageError(f"{path}: {name}: give a list of tables: [[{name}]]", SEE)
    for number, rule in enumerate(given, 1):
        yield rule, f"{path}: {name} {number}"


def _rule(table: Mapping[str, Any], where: str, axes: Mapping[str, Any]) -> Rule:
    rule = {}
    for key, values in _flat(table, where):
        if key not in axes:
            raise UsageError(
                f"{where}: {key!r} is no axis of this suite.{did_you_mean(key, axes)}", f"Axes: {', '.join(axes)}."
            )
        rule[key] = _values(key, values, f"{where}.{key}")
    if not rule:
        raise UsageError(f"{where}: it says nothing.", "Name an axis and its values, or delete it.")
    return rule


def _override(table: Mapping[str, Any], where: str, axes: Mapping[str, Any]) -> Override:
    _known(table, ("when", "set"), where)
    for name in ("when", "set"):
        if not isinstance(table.get(name), Mapping) or not table[name]:
            raise UsageError(
                f"{where}: {name!r} is missing, or no table.",
                'Such as: when = {recipe = "retry"}, set = {train.lr = 1e-4}',
            )
    return Override(
        _rule(table["when"], f"{where}.when", axes), _settings(table["set"], f"{where}.set", axes)
    )  # fmt: skip


# --- Tables ---------------------------------------------------------------------------------------------------------


def _settings(table: Mapping[str, Any], where: str, axes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Tables of a run, as they are. Their contents are checked where a cell's configuration is built."""
    for key in table:
        if key in ("domain", "seeds", "seed", "store"):
            place = "at the top of the file" if key == "store" else f"under [axes], as {key.rstrip('s')!r}"
            raise UsageError(f"{where}: {key!r} does not stand here.", f"Say it {place}.")
    _known(table, (*_SETTING_TABLES, "stages"), where)
    for key, _ in _flat(table, where):
        if key in ("recipe.name", "model.name"):
            raise UsageError(f"{where}: {key!r} does not stand here.", f"Say it under [axes]: {key.partition('.')[0]}")
        for axis in axes:
            if axis not in NAMED and (key == axis or axis.startswith(f"{key}.") or key.startswith(f"{axis}.")):
                raise UsageError(f"{where}: {key!r} is an axis, too.", "Say it in one of the two places.")
    return table


def _flat(table: Mapping[str, Any], where: str, prefix: str = "") -> Iterator[tuple[str, Value]]:
    """Dotted key -> value. In TOML `train.lr = [..]` and `"train.lr" = [..]` are two things; here they are one."""
    for key, value in table.items():
        name = f"{prefix}{key}"
        if not all(name.split(".")):
            raise UsageError(f"{where}: {name!r} is no key.", SEE)
        if isinstance(value, Mapping) and value:
            yield from _flat(value, where, f"{name}.")
        else:
            yield name, value


def _table(tables: Mapping[str, Any], name: str, path: Path) -> Mapping[str, Any]:
    value = tables.get(name, {})
    if not isinstance(value, Mapping):
        raise UsageError(f"{path}: {name}: give a table: [{name}]", SEE)
    return value


def _text(tables: Mapping[str, Any], name: str, default: str, path: Path) -> str:
    value = tables.get(name, default)
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise UsageError(f"{path}: {name}: expected a text, got {value!r}.", SEE)
    return value


def _model(table: type, values: Mapping[str, Any], where: str) -> Any:
    try:
        return table.model_validate(values)  # type: ignore[attr-defined]
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            fields = list(table.model_fields)  # type: ignore[attr-defined]
            raise UsageError(
                f"{where}: unknown key {key!r}.{did_you_mean(key, fields)}", f"Keys there: {', '.join(fields)}."
            ) from None
        message = first["msg"][0].lower() + first["msg"][1:]
        raise UsageError(f"{where}.{key}: {message} (got {first.get('input')!r:.80}).", SEE) from None


def _known(table: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    for key in table:
        if key not in keys:
            raise UsageError(
                f"{where}: unknown key {key!r}.{did_you_mean(key, keys)}", f"Keys there: {', '.join(keys)}."
            )


def _is_plain(value: Value) -> bool:
    """Whether a value can be a setting's: what JSON can say, too."""
    if isinstance(value, Mapping):
        return all(_is_plain(inner) for inner in value.values())
    if isinstance(value, list):
        return all(_is_plain(inner) for inner in value)
    return isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value))


def same(one: Value, other: Value) -> bool:
    """Whether two values of an axis are one: as `==`, but true is not 1."""
    return _comparable(one) == _comparable(other)


def _comparable(value: Value) -> Hashable:
    if isinstance(value, Mapping):
        return "table", tuple((key, _comparable(inner)) for key, inner in sorted(value.items()))
    if isinstance(value, list | tuple):
        return "list", tuple(_comparable(inner) for inner in value)
    return isinstance(value, bool), value
