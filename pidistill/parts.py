"""One grammar for every part that a configuration names: `name`, or `name:key=value,key=value`.

Verifier wrappers, PI forms and selectors are classes whose settings are dataclass fields with defaults. This file reads
such a text, checks each value by its field's type and bounds, and makes the part; `spelled` writes the one text of a
part, defaults left out, which is what keys and reports hold. Who has a part of which name is for the caller to say.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import TypeVar

from pidistill.errors import PluginError, UsageError, did_you_mean

T = TypeVar("T")
S = TypeVar("S", bool, int, float, str)
Scalar = bool | int | float | str


def option(default: S, least: float | None = None, most: float | None = None) -> S:
    """A setting of a part: a dataclass field with a default and, for numbers, inclusive bounds."""
    field: S = dataclasses.field(default=default, metadata={"least": least, "most": most})
    return field


def name_of(text: str) -> str:
    """The name in `"name"` or `"name:key=value"`."""
    return text.partition(":")[0].strip()


def settings_of(text: str, what: str) -> dict[str, str]:
    """The settings in `text`, unread. Raises `UsageError` naming the piece that is not of the form key=value."""
    _, colon, rest = text.partition(":")
    values: dict[str, str] = {}
    for piece in rest.split(",") if colon else ():
        key, equals, value = (half.strip() for half in piece.partition("="))
        if not equals or not key or not value:
            raise UsageError(f"{what} {text!r}: {piece!r} is not of the form key=value.", _EXAMPLE)
        if key in values:
            raise UsageError(f"{what} {text!r}: {key} is given twice.", _EXAMPLE)
        values[key] = value
    return values


def make(factory: Callable[..., T], text: str, what: str) -> T:
    """The part that `factory`, found under `text`'s name, makes with `text`'s settings.

    Args:
        factory: a dataclass, whose fields are the settings, or any other callable, which then has none.
        text: `"name"` or `"name:key=value,..."`.
        what: what messages call it, such as `PI form`.

    Raises:
        UsageError: a setting is unknown, given twice, of the wrong type or out of bounds.
    """
    given = settings_of(text, what)
    known = {field.name: field for field in _fields(factory)}
    usage = usage_of(factory, name_of(text))
    values: dict[str, Scalar] = {}
    for key, value in given.items():
        if key not in known:
            raise UsageError(f"{what} {text!r}: unknown setting {key!r}.{did_you_mean(key, known)}", usage)
        values[key] = _read(value, known[key], f"{what} {text!r}: {key}", usage)
    return factory(**values)


def spelled(name: str, part: object) -> str:
    """The one text of `part`: its name and the settings that differ from their defaults, in the order of its fields."""
    settings = [
        f"{field.name}={_text(value)}"
        for field in _fields(type(part))
        if (value := getattr(part, field.name)) != field.default
    ]
    return f"{name}:{','.join(settings)}" if settings else name


def all_settings(part: object) -> Mapping[str, Scalar]:
    """Every setting of `part` with its value, defaults included."""
    return {field.name: getattr(part, field.name) for field in _fields(type(part))}


def usage_of(factory: object, name: str) -> str:
    """One line that shows a part's settings with their defaults."""
    settings = ",".join(f"{field.name}={_text(field.default)}" for field in _fields(factory))
    return f"Usage: {name}" + (f":{settings}" if settings else " (it has no settings)")


_EXAMPLE = "Usage: name:key=value,key=value"


def _fields(factory: object) -> tuple[dataclasses.Field[Scalar], ...]:
    if not dataclasses.is_dataclass(factory):
        return ()
    fields = tuple(field for field in dataclasses.fields(factory) if field.init)
    for field in fields:
        if type(field.default) not in _READERS:
            raise PluginError(f"{factory}: setting {field.name!r} must have a default that is text or a number.")
    return fields


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text]


_READERS: Mapping[type, tuple[Callable[[str], Scalar], str]] = {
    bool: (_boolean, "true or false"),
    int: (int, "a whole number"),
    float: (float, "a number"),
    str: (str, "text"),
}


def _read(text: str, field: dataclasses.Field[Scalar], where: str, usage: str) -> Scalar:
    reader, wanted = _READERS[type(field.default)]
    try:
        value = reader(text)
    except (ValueError, KeyError):
        raise UsageError(f"{where} must be {wanted}, got {text!r}.", usage) from None
    least, most = field.metadata.get("least"), field.metadata.get("most")
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = (-math.inf if least is None else least), (math.inf if most is None else most)
        if not (math.isfinite(value) and low <= value <= high):
            bounds = f"lie in [{low:g}, {high:g}]" if math.isfinite(low) or math.isfinite(high) else "be finite"
            raise UsageError(f"{where} must {bounds}, got {text}.", usage)
    return value
