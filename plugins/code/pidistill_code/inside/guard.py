"""What a program may ask of the objects of test code, and which exceptions of a program test code may see.

A program can send any request, so those that reach the tests' side are looked at here before anything is done. It may
use what test code has handed to it, as one uses a callback, an iterator or an instance of a test's own class: call it,
go through it, read and set fields, copy it, make another of its class. What it may change of
classes says `changes`. It may use nothing that leads from there to the
tests themselves: no module, no class of the standard library, nothing of a function but its name and its parameters,
no frame, no other special attribute. It may not change or call what a test runner or a mock looks at in the end: what
the library's classes define is set by nobody, and what `unittest` defines is not called either.

Test runners and loops take some exceptions for signs of their own: a skipped test, the end of an iterator. None of
these comes out of a call, unless the test speaks of it. `remote` asks.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

from pidistill_code.inside.contents import BrokenError
from pidistill_code.inside.names import FORWARDED, JUDGING, PROGRAM, is_special, own

_NAMES = frozenset({"__name__", "__qualname__", "__module__", "__doc__"})
_STEPS = frozenset({"send", "throw", "close", "asend", "athrow", "aclose"})
_GENERATORS = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
_CLOSED = (
    *_GENERATORS, types.MethodType, types.BuiltinFunctionType, types.MethodWrapperType, types.WrapperDescriptorType,
    types.MethodDescriptorType, types.ClassMethodDescriptorType, types.GetSetDescriptorType,
    types.MemberDescriptorType, types.CodeType, types.FrameType, types.TracebackType, types.CellType,
    types.MappingProxyType, functools.partial,
)  # fmt: skip
"""Of these nothing is read but their names."""
_SHARP = frozenset({
    "code", "codeop", "ctypes", "subprocess", "multiprocessing", "pickle", "marshal", "shelve", "timeit", "pdb", "bdb",
    "cmd", "runpy", "trace", "profile", "cProfile", "importlib", "_frozen_importlib", "_frozen_importlib_external",
    "zipimport", "doctest", "unittest", "types", "inspect", "gc", "posix", "_posixsubprocess", "_ctypes", "sys",
})  # fmt: skip
_SIGNS = (StopIteration, StopAsyncIteration, GeneratorExit, KeyboardInterrupt, SystemExit)
_ENDS = (StopIteration, StopAsyncIteration, GeneratorExit)
RUNNERS = frozenset({"unittest", "pytest", "_pytest", "doctest"})
_ENDING = frozenset({"__next__", "__anext__", "next", "anext", "send", "throw", "close", "asend", "athrow", "aclose"})


def check_target(target: Any, is_handed: bool) -> None:
    """Raise `BrokenError` where `target` is nothing that a program may use."""
    if not is_handed or isinstance(target, types.ModuleType | types.CodeType | types.FrameType | types.TracebackType):
        raise BrokenError("a request about what no test has handed over")
    if isinstance(target, type) and target.__module__.partition(".")[0] in sys.stdlib_module_names - {"__main__"}:
        raise BrokenError("a request about a class of the standard library")


def check_name(target: Any, name: object) -> None:
    """Raise `BrokenError` or `AttributeError` where a program may not read `name` of `target`."""
    if type(name) is not str:
        raise BrokenError("an attribute whose name is no text")
    if name in _NAMES:
        return
    if is_special(name):
        raise AttributeError(name)
    if isinstance(target, types.FunctionType):
        if name not in vars(target):
            raise AttributeError(name)
    elif isinstance(target, _CLOSED):
        known = _STEPS if isinstance(target, _GENERATORS) else _PARTIAL if isinstance(target, functools.partial) else ()
        if name not in known:
            raise AttributeError(name)
    elif definer_of(target, name) in RUNNERS and callable(getattr(type(target), name, None)):
        raise BrokenError("a method of a test runner or of a mock")


_PARTIAL = frozenset({"func", "args", "keywords"})
_CODE = ("co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_flags", "co_name")


_SHOWN = frozenset({"__main__", "argparse"})
"""Modules whose objects show their fields: the tests', and that of the library whose objects are nothing else."""


def is_shape(target: Any, name: object) -> bool:
    """Whether `name` is what `seen_as` shows."""
    if isinstance(target, types.FunctionType):
        return name in ("__code__", "__annotations__")
    kind = target if isinstance(target, type) else type(target)
    shown = kind.__module__ in _SHOWN or issubclass(kind, types.SimpleNamespace)
    return name in ("__dict__", "__dataclass_fields__") and shown


class ShownField:
    """What a program sees of a field of a data class of the tests: no default."""

    def __init__(self, field: Any) -> None:
        flags = (field.init, field.repr, field.hash, field.compare, field.kw_only)
        self.told = (field.name, field.type if is_hint(field.type) else None, field._field_type.name, flags)


def is_hint(value: object) -> bool:
    """Whether a type that the tests speak of may be told: a class, or text."""
    return isinstance(value, type | str)


def seen_as(target: Any, name: str) -> object:
    """What a program sees of a function's code and annotations (its parameters), of an object's fields, and of what a
    class defines."""
    if name == "__dict__" and isinstance(target, type):
        hints = {item: value for item, value in own(target).get("__annotations__", {}).items() if is_hint(value)}
        return {"__annotations__": hints} | {item: value for item, value in own(target).items() if not is_special(item)}
    if name == "__dataclass_fields__":
        return {item: ShownField(field) for item, field in target.__dataclass_fields__.items()}
    if name != "__code__":
        return vars(target) if name == "__dict__" else dict(target.__annotations__)
    code = target.__code__
    known = {item: getattr(code, item) for item in _CODE}
    count = code.co_argcount + code.co_kwonlyargcount
    return types.SimpleNamespace(**known, co_varnames=code.co_varnames[:count])


def definer_of(target: Any, name: str) -> str:
    """The package of the class that gives `target` its attribute `name`, "" for none."""
    for kind in (target if isinstance(target, type) else type(target)).__mro__[:-1]:
        if name in own(kind):
            return str(kind.__module__).partition(".")[0]
    return ""


def check_copy(target: Any) -> None:
    """Raise `BrokenError` where a program may not have a copy of `target`."""
    if isinstance(target, _CLOSED) or definer_of(target, "__init__") in RUNNERS:
        raise BrokenError("a copy of what belongs to the tests")


def check_set(target: Any, name: object) -> None:
    """Raise `BrokenError` where a program may not set `name` of `target`."""
    if type(name) is str and not isinstance(target, type):
        definer = definer_of(target, name)
        if definer in sys.stdlib_module_names - {"__main__", "builtins"}:
            raise BrokenError("an attribute that the library has made")
        if definer == "__main__" and isinstance(getattr(type(target), name, None), types.FunctionType):
            raise BrokenError("a method that the tests have made")
    if type(name) is not str or name in JUDGING or (is_special(name) and name not in (*_NAMES, *FORWARDED)):
        raise BrokenError("a special attribute of an object of the tests")
    if is_special(name) and getattr(target, "__module__", None) != "__main__":
        raise BrokenError("a special attribute of what the tests have not made")


def check_class(module: str) -> None:
    """Raise `BrokenError` for classes of the standard library that run programs or look into them."""
    if module.partition(".")[0] in _SHARP:
        raise BrokenError(f"a class of {module:.100}")


def _misleads(kind: type) -> bool:
    """Whether a loop or a runner would take an exception of a class of the program's own for the end, or for a skip."""
    return issubclass(kind, _ENDS) or any(base.__module__.partition(".")[0] in RUNNERS for base in kind.__mro__)


def is_sign(error: BaseException, op: str, args: tuple[Any, ...], mentioned: Any) -> bool:
    """Whether a runner or a loop would take `error`, raised by a request, for a sign of its own."""
    if type(error).__module__ == PROGRAM and mentioned(type(error).__name__) and not _misleads(type(error)):
        return False
    signs = [kind for kind in type(error).__mro__ if kind in _SIGNS or kind.__module__.partition(".")[0] in RUNNERS]
    if all(mentioned(kind.__name__) for kind in signs) and (signs or isinstance(error, Exception)):
        return False
    ends = op in ("op", "method") and len(args) > 1 and args[1] in _ENDING
    return not (ends and all(issubclass(kind, _ENDS) for kind in signs) and signs)
