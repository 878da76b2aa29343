"""Values of the standard library that cross as what they are made of."""

from __future__ import annotations

import sys
from typing import Any

from pidistill_code.inside.contents import BrokenError


def _date(value: Any) -> tuple[Any, ...]:
    return value.year, value.month, value.day


def _time(value: Any) -> tuple[Any, ...]:
    zone = value.tzinfo
    if zone is not None and f"{type(zone).__module__}.{type(zone).__qualname__}" != "datetime.timezone":
        raise TypeError("a time zone with rules does not cross")
    parts = (value.hour, value.minute, value.second, value.microsecond)
    return parts if zone is None else (*parts, zone)


KNOWN: dict[str, Any] = {
    "builtins.range": lambda v: (v.start, v.stop, v.step),
    "builtins.slice": lambda v: (v.start, v.stop, v.step),
    "decimal.Decimal": lambda v: (str(v),),
    "fractions.Fraction": lambda v: (v.numerator, v.denominator),
    "datetime.date": _date,
    "datetime.datetime": lambda v: _date(v) + _time(v),
    "datetime.time": _time,
    "datetime.timezone": lambda v: (v.utcoffset(None), v.tzname(None)),
    "pathlib.PurePosixPath": lambda v: (str(v),),
    "pathlib.PosixPath": lambda v: (str(v),),
    "datetime.timedelta": lambda v: (v.days, v.seconds, v.microseconds),
    "collections.OrderedDict": lambda v: (tuple(v.items()),),
    "collections.Counter": lambda v: (tuple(v.items()),),
    "collections.defaultdict": lambda v: (v.default_factory, tuple(v.items())),
    "collections.deque": lambda v: (tuple(v), v.maxlen),
    "collections.UserList": lambda v: (tuple(v.data),),
    "collections.UserDict": lambda v: (tuple(v.data.items()),),
    "collections.UserString": lambda v: (str(v.data),),
    "collections.ChainMap": lambda v: tuple(v.maps),
    "uuid.UUID": lambda v: (v.hex,),
    "array.array": lambda v: (v.typecode, tuple(v)),
    "re.Pattern": lambda v: (v.pattern, v.flags),
}
"""Classes of the standard library whose instances cross by value: name -> what they are made of, in tuples: these are
whole when they are made, while a list may be filled later."""
_MAKERS = {"re.Pattern": "compile"}
"""What makes them, where it is not the class."""
PLAIN_CLASSES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (int, float, complex, bool, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, object,
                 type, type(None))
}  # fmt: skip

CONSTANTS: dict[str, Any] = {"NotImplemented": NotImplemented, "Ellipsis": ...}


def class_at(path: str) -> Any:
    """The class or constructor of that name, where it may cross."""
    module, _, name = path.rpartition(".")
    if path not in KNOWN and not (module == "builtins" and name in PLAIN_CLASSES):
        raise BrokenError(f"no class {path!r:.100} crosses")
    if module == "builtins" and name in PLAIN_CLASSES:
        return PLAIN_CLASSES[name]
    __import__(module)
    return getattr(sys.modules[module], _MAKERS.get(path, name))
