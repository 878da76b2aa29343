"""What a program may change of the tests' own classes, and which classes it may derive from them.

Whoever has an instance of a class has the class, and could give it another method: `type(node).get = lambda self: 0`,
and what the test works out with it is wrong as well. So a class is changed only by whom the tests have handed that very
class, as they do to a class decorator; others set what a class counts, but no method. Where a class is handed over for
another purpose, say to be made instances of, a method is replaced only if the test holds its name in quotes.

Nor may an object pose as the data that a test waits for by what its class, once changed, says: objects of a changed
class are compared and added with one another, not with data; none counts as a number, contains whatever is asked, or
has a method of plain data that the class has not had before.
"""

from __future__ import annotations

import types
from typing import Any

from pidistill_code.inside.graph import SCALARS, BrokenError
from pidistill_code.inside.guard import RUNNERS, definer_of
from pidistill_code.inside.standins import FORWARDED, JUDGING, NUMERIC, TELLING, is_remote, is_special

_DATA = frozenset((*SCALARS, list, tuple, dict, set, frozenset))
_MADE = frozenset({"__init__", "__new__", "__setattr__", "__delattr__", "__getattr__", "__post_init__"})
"""Special methods, beside operators, that a decorator may give a class."""
_SAID = frozenset({"__doc__", "__name__", "__qualname__", "__module__", "__annotations__", "__firstlineno__",
                   "__static_attributes__", "__wrapped__"})  # fmt: skip
_POSING = NUMERIC | {"__contains__"}


def check_unhanded(target: Any, name: object, values: tuple[object, ...]) -> None:
    """Raise `BrokenError` where `name` of a class that was not handed over may not be set to `values`, or be deleted
    where there are none: all but data in the place of data."""
    before = getattr(target, name, None) if type(name) is str and not is_special(name) else len
    if not values or not all(type(item) in _DATA for item in (before, *values)):
        raise BrokenError("a change of a class that no test has handed over")


def check_handed(target: Any, name: object, text: str) -> None:
    """The same of a class that was handed over, but not to be decorated; `text` is the test's."""
    _check_no_test((target,))
    if type(name) is not str or (name in TELLING and not definer_of(target, name)) or name in _POSING:
        raise BrokenError("a method that plain data has")
    quoted = f'"{name}"' in text or f"'{name}'" in text
    if not quoted and definer_of(target, name) and type(getattr(target, name)) not in _DATA:
        raise BrokenError("a method of a class of the tests")


def check_decorated(bases: tuple[Any, ...], names: Any) -> None:
    """The same of members of a class that the program decorates, or that it derives from `bases`."""
    _check_no_test(bases)
    for name in names:
        defined = type(name) is str and any(definer_of(base, name) for base in bases)
        if type(name) is not str or (name in TELLING and not defined) or name in _POSING:
            raise BrokenError("a method that plain data has")
        if name in JUDGING and defined:
            raise BrokenError("a comparison that the tests have defined")
        if is_special(name) and name not in FORWARDED and name not in _MADE and name not in _SAID:
            raise BrokenError("a special member of a class of the tests")


def _check_no_test(bases: tuple[Any, ...]) -> None:
    for kind in (kind for base in bases for kind in base.__mro__):
        if kind.__name__.startswith("Test") or kind.__module__.partition(".")[0] in RUNNERS:
            raise BrokenError("a change of a class that tests")


def check_derived(bases: Any, members: Any, how: Any, decorated: bool) -> None:
    """Raise `BrokenError` where a program may not derive a class with these members from `bases`."""
    if how or all(is_remote(base) for base in bases):
        raise BrokenError("a class made in an unusual way")
    check_decorated(tuple(bases), members)
    if not decorated and not JUDGING.isdisjoint(members):
        raise BrokenError("a comparison of a class derived from one of the tests")


def is_wrapped(target: Any, name: str) -> bool:
    """Whether a decorator of the class may have a look at this method, to put another around it."""
    return name == "__init__" or (name in _MADE and type(getattr(target, name, None)) is types.FunctionType)


def among_themselves(function: Any, given: set[type]) -> Any:
    """`function`, a comparison or another operator that the program has defined, for objects of classes in `given`."""

    def operator(self: Any, *others: Any) -> object:
        alike = all(any(kind in given for kind in type(item).__mro__) for item in others)
        return function(self, *others) if alike else NotImplemented

    return operator
