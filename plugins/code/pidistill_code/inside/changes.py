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

import re
import types
from typing import Any

from pidistill_code.inside.contents import SCALARS, BrokenError
from pidistill_code.inside.failures import Failing
from pidistill_code.inside.guard import RUNNERS, check_set, definer_of
from pidistill_code.inside.names import FORWARDED, JUDGING, NUMERIC, ORDERING, TELLING, is_special
from pidistill_code.inside.standins import is_remote, pass_on_fields

_DATA = frozenset((*SCALARS, list, tuple, dict, set, frozenset))
_MADE = frozenset({"__init__", "__new__", "__setattr__", "__delattr__", "__getattr__", "__post_init__"})
"""Special methods, beside operators, that a decorator may give a class."""
_SAID = frozenset({"__doc__", "__name__", "__qualname__", "__module__", "__annotations__", "__firstlineno__",
                   "__static_attributes__", "__wrapped__"})  # fmt: skip
_POSING = NUMERIC | {"__contains__"}


def _check_unhanded(target: Any, name: object, values: tuple[object, ...]) -> None:
    """Raise `BrokenError` where `name` of a class that was not handed over may not be set to `values`, or be deleted
    where there are none: all but data in the place of data."""
    before = getattr(target, name, None) if type(name) is str and not is_special(name) else len
    if not values or not all(type(item) in _DATA for item in (before, *values)):
        raise BrokenError("a change of a class that no test has handed over")


def _check_handed(target: Any, name: object, text: str) -> None:
    """The same of a class that was handed over, but not to be decorated; `text` is the test's."""
    _check_no_test((target,))
    if type(name) is not str or (name in TELLING and not definer_of(target, name)) or name in _POSING:
        raise BrokenError("a method that plain data has")
    quoted = f'"{name}"' in text or f"'{name}'" in text
    if not quoted and definer_of(target, name) and type(getattr(target, name)) not in _DATA:
        raise BrokenError("a method of a class of the tests")


def _check_decorated(bases: tuple[Any, ...], names: Any) -> None:
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


def _check_derived(bases: Any, members: Any, how: Any, decorated: bool) -> None:
    """Raise `BrokenError` where a program may not derive a class with these members from `bases`."""
    if how or all(is_remote(base) for base in bases):
        raise BrokenError("a class made in an unusual way")
    _check_decorated(tuple(bases), members)
    if not decorated and not JUDGING.isdisjoint(members):
        raise BrokenError("a comparison of a class derived from one of the tests")


def _is_wrapped(target: Any, name: str) -> bool:
    """Whether a decorator of the class may have a look at this method, to put another around it."""
    return name == "__init__" or (name in _MADE and type(getattr(target, name, None)) is types.FunctionType)


def _among_themselves(function: Any, given: set[type]) -> Any:
    """`function`, a comparison or another operator that the program has defined, for objects of classes in `given`."""

    def operator(self: Any, *others: Any) -> object:
        alike = all(any(kind in given for kind in type(item).__mro__) for item in others)
        return function(self, *others) if alike else NotImplemented

    return operator


class Handing(Failing):
    """The side of the tests, which knows which of its classes the program was handed."""

    def __init__(self, exchange: Any, effects: Any, take: Any) -> None:
        super().__init__(exchange, effects, take)
        self.decorates = False
        """Whether the test decorates classes of its own with what the program defines."""
        self._given: set[type] = set()
        """Classes that tests have handed over, not just instances of them."""

    def request(self, op: str, *args: Any) -> Any:
        """As `Failing.request`; what is handed over is noted."""
        self._hand_over(args)
        return super().request(op, *args)

    def _hand_over(self, value: Any, depth: int = 5) -> None:
        """Note the classes in what tests hand to the program: these it may change."""
        if isinstance(value, type):
            if value.__module__ == "__main__" and not is_remote(value):
                self._given.add(value)
        elif depth and type(value) in (list, tuple, dict):
            for item in value.values() if type(value) is dict else value:
                if type(item) not in SCALARS:
                    self._hand_over(item, depth - 1)

    def _check_change(self, target: Any, name: str, *values: object) -> None:
        self._check(target)
        if isinstance(target, type) and target in self._given and self.decorates:
            return _check_decorated((target,), (name,))
        if isinstance(target, type):
            if target in self._given:
                _check_handed(target, name, self.text)
            else:
                _check_unhanded(target, name, values)
        elif definer_of(target, "__init__") in RUNNERS and any(is_remote(type(value)) for value in values):
            if re.search(rf"\.{re.escape(name)}\b[\w.()]*\.(?:assert_|call|m\w+_calls)", self.text):
                raise BrokenError("an object in the place of what tests ask a mock")
        return check_set(target, name)

    def _do_call(self, target: Any, args: Any, kwargs: Any) -> object:
        found = super()._do_call(target, args, kwargs)
        if args:
            pass_on_fields(args[0])
        return found

    def _do_set(self, target: Any, name: str, value: object) -> None:
        if isinstance(target, type) and target not in self._given and name in ORDERING and not definer_of(target, name):
            return self._check(target)  # it is kept over there, for the program's own comparisons
        return super()._do_set(target, name, value)

    def member(self, name: str, value: Any) -> Any:
        """What a member of a class of the tests becomes that the program has made."""
        return _among_themselves(value, self._given) if name in JUDGING and callable(value) else value

    def shows(self, target: Any, name: str) -> bool:
        """Whether the program may read a special method: of a class that it was handed, one that makes its objects."""
        return isinstance(target, type) and target in self._given and _is_wrapped(target, name)

    def derive(self, name: str, bases: Any, members: dict[str, Any], how: Any) -> type:
        """A class of the tests' that the program derives from such."""
        if not all(base in self._given or is_remote(base) for base in bases):
            raise BrokenError("a class derived from one that no test has handed over")
        _check_derived(bases, members, how, self.decorates)
        members = {"__module__": "__main__", **{item: self.member(item, value) for item, value in members.items()}}
        made = super().derive(name, bases, members, how)
        self._given.add(made)
        return made

    def _check_super(self, kind: Any, name: str) -> None:
        if kind not in self._given or (name[:2] == "__" and name not in ("__init__", "__new__", *FORWARDED)):
            raise BrokenError("a class derived from one of the tests")
