"""What a result depends on: the one owner of the keys that configurations and code contribute.

Each field of the configuration is declared once, where it stands, as one of three kinds:

* *result*: another value gives another result. Part of keys, but only where it differs from its default, so that a new
  setting moves no key; changing a default is a new `VERSION`, which a test over all defaults demands.
* *execution*: how, not what (workers, devices, batch sizes). Rounding may differ in the last place, results may not.
* *presentation*: what is printed about it.

A cell is named from its configuration and seed alone, before a model, a data set or a worker is opened. What can only
be known once they are is provenance (`provenance.py`): recorded when a cell begins, compared when it goes on, never
mixed.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from pidistill.records import JSON

VERSION = 1
"""Of the defaults. Raised when one changes, since a key says nothing about fields at their defaults."""


class FieldKind(enum.StrEnum):
    """What a field of the configuration is for."""

    RESULT = "result"
    EXECUTION = "execution"
    PRESENTATION = "presentation"


def result(default: Any = ..., **constraints: Any) -> Any:
    """A field on which results depend. Arguments are those of `pydantic.Field`."""
    return Field(default, json_schema_extra={"kind": FieldKind.RESULT.value}, **constraints)


def execution(default: Any = ..., **constraints: Any) -> Any:
    """A field that says how something is done, and not what comes out."""
    return Field(default, json_schema_extra={"kind": FieldKind.EXECUTION.value}, **constraints)


def presentation(default: Any = ..., **constraints: Any) -> Any:
    """A field that is only shown."""
    return Field(default, json_schema_extra={"kind": FieldKind.PRESENTATION.value}, **constraints)


def kind_of(field: FieldInfo) -> FieldKind:
    """The declared kind of a field. Raises `TypeError` where none is declared: there is no default kind."""
    extra = field.json_schema_extra
    if not isinstance(extra, Mapping) or "kind" not in extra:
        raise TypeError(f"A configuration field must be declared as result, execution or presentation: {field!r}")
    return FieldKind(cast(str, extra["kind"]))


def result_fields(table: BaseModel) -> dict[str, JSON]:
    """The result fields of `table` that differ from their defaults, nested tables within; what keys are made of."""
    values: dict[str, JSON] = {}
    for name, field in type(table).model_fields.items():
        value = getattr(table, name)
        if isinstance(value, BaseModel):
            inner = result_fields(value)
            if inner:
                values[name] = inner
        elif kind_of(field) is FieldKind.RESULT and value != field.get_default(call_default_factory=True):
            values[name] = _plain(value, table, name)
    return values


def defaults(table: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, JSON]]:
    """Dotted name and default of every result field of a table's class, nested tables within."""
    for name, field in table.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from defaults(annotation, f"{prefix}{name}.")
        elif kind_of(field) is FieldKind.RESULT:
            yield f"{prefix}{name}", None if field.is_required() else _simple(field)


def _simple(field: FieldInfo) -> JSON:
    value = field.get_default(call_default_factory=True)
    return cast(JSON, list(value) if isinstance(value, tuple) else value)


def _plain(value: object, table: BaseModel, name: str) -> JSON:
    """A field's value as JSON; tables inside a container are keys of their own kind."""
    if isinstance(value, BaseModel):
        return result_fields(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, table, name) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner, table, name) for inner in value]
    return cast(JSON, value if isinstance(value, bool | int | float | str | None) else str(value))
