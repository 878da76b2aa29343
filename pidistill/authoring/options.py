"""A verifier's options, the `[verify.options]` table of a run, as a frozen dataclass.

@dataclass(frozen=True)
class MyOptions(Options, of="my verifier"):
    lenient: bool = False
    limit_s: float = option(2.0, least=0.1, most=60)

options = MyOptions.read(config)

The type of a field is that of its default; `parts.option` gives a number its bounds.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Mapping
from typing import ClassVar, Self

from pidistill.errors import UsageError, did_you_mean
from pidistill.parts import option
from pidistill.records import JSON

__all__ = ["Options", "option"]

_TAKES: Mapping[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "text"),
}
"""Type of a field's default -> types of values that it takes, and what messages call them."""
_FAR = (-math.inf, math.inf)


@dataclasses.dataclass(frozen=True)
class Options:
    """Base of a verifier's options. Every field has a default that is text, a number, or true or false."""

    _of: ClassVar[str] = "verifier"

    def __init_subclass__(cls, of: str) -> None:
        cls._of = of

    @classmethod
    def read(cls, config: Mapping[str, JSON]) -> Self:
        """Checked options. Raises `UsageError` naming the verifier and the option."""
        fields = {field.name: field for field in dataclasses.fields(cls)}
        for key in config:
            if key not in fields:
                raise UsageError(
                    f"The {cls._of} has no option {key!r}.{did_you_mean(key, fields)}", f"Options: {', '.join(fields)}"
                )
        return cls(**{key: cls._checked(fields[key], value) for key, value in config.items()})

    @classmethod
    def _checked(cls, field: dataclasses.Field[JSON], value: JSON) -> JSON:
        kind = type(field.default)
        types, wanted = _TAKES[kind]
        said = f"The {cls._of}'s option {field.name!r} cannot be {value!r}: it must be"
        hint = f"Its default: {field.default!r}"
        if not isinstance(value, types) or (isinstance(value, bool) and kind is not bool):
            raise UsageError(f"{said} {wanted}.", hint)
        if not isinstance(value, int | float) or isinstance(value, bool):
            return value
        limits = (("at least", field.metadata.get("least")), ("at most", field.metadata.get("most")))
        least, most = (
            bound if bound is not None else default for (_, bound), default in zip(limits, _FAR, strict=True)
        )
        if not least <= value <= most or (kind is float and not abs(value) <= sys.float_info.max):  # nor is NaN
            bounds = " and ".join(f"{side} {bound:g}" for side, bound in limits if bound is not None)
            raise UsageError(f"{said} {wanted}, {bounds or 'finite'}.", hint)
        return float(value) if kind is float else value

    def changed(self) -> dict[str, JSON]:
        """The options that differ from their defaults: what a verifier's identity needs to know of them."""
        return {
            field.name: value
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) != field.default
        }
