"""From text to checked tables: TOML files, `--set`, layers, messages that name key and nearest right one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError

from pidistill.config.tables import Table
from pidistill.errors import UsageError, did_you_mean
from pidistill.records import JSON

T = TypeVar("T", bound=Table)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises `UsageError` naming the file and the line."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        near = did_you_mean(path.name, (p.name for p in path.parent.glob("*.toml"))) if path.parent.is_dir() else ""
        raise UsageError(f"No file {str(path)!r}.{near}", "Give a TOML file that exists, or none.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"{path}: {error}") from error


def parse_set(assignment: str) -> dict[str, Any]:
    """`"train.lr=1e-4"` as nested tables. The value is TOML; a bare word is a string. Raises `UsageError`."""
    key, equals, text = assignment.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not equals or not all(parts):
        raise UsageError(f"--set {assignment!r} is not of the form table.key=value.", "Example: --set train.lr=1e-4")
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    for part in reversed(parts):
        value = {part: value}
    return value  # type: ignore[no-any-return]


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables merged, later layers winning key by key."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            old = merged.get(key)
            merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def build(table: type[T], values: Mapping[str, Any], where: str) -> T:
    """A checked table. Raises `UsageError` that names `where`, the dotted key, and the nearest known key."""
    try:
        return table.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        path = [str(part) for part in first["loc"]]
        key = ".".join(path)
        if first["type"] == "extra_forbidden":
            known = _keys_at(table, path[:-1])
            raise UsageError(
                f"{where}: unknown key {key!r}.{did_you_mean(path[-1], known)}",
                f"Keys there: {', '.join(sorted(known))}.",
            ) from None
        message = first["msg"][0].lower() + first["msg"][1:]
        raise UsageError(f"{where}: {key}: {message} (got {first.get('input')!r:.80}).") from None


def _keys_at(table: type[BaseModel], path: Sequence[str]) -> list[str]:
    for part in path:
        if part.isdigit():  # a place in a list of tables, which the field before it has told
            continue
        annotation = table.model_fields[part].annotation
        annotation = next((inner for inner in get_args(annotation) if _is_table(inner)), annotation)
        if not _is_table(annotation):
            return []
        table = cast(type[BaseModel], annotation)
    return list(table.model_fields)


def _is_table(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def as_json(table: Table, without: Sequence[str] = ()) -> dict[str, JSON]:
    """The whole table as plain JSON values, for people and for `cell.json`, less the top-level keys in `without`."""
    values: dict[str, JSON] = table.model_dump(mode="json")
    return {key: value for key, value in values.items() if key not in without}
