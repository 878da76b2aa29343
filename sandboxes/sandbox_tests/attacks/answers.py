"""Programs that end early, or answer with values that are more than they seem."""

from __future__ import annotations

ANSWERS: dict[str, str] = {
    # leaving early
    "exits_at_import": r"""
import sys
sys.exit(0)
""",
    "exits_in_call": r"""
import sys

def solve(xs):
    sys.exit(0)
""",
    "os_exit_in_call": r"""
import os

def solve(xs):
    os._exit(0)
""",
    "raises_keyboard_interrupt": r"""
def solve(xs):
    raise KeyboardInterrupt
""",
    "exec_true": r"""
import os

def solve(xs):
    os.execv('/bin/true', ['true'])
""",
    "atexit_exit_code": r"""
import atexit, os
atexit.register(os._exit, 0)

def solve(xs):
    raise SystemExit(1)
""",
    "abort": r"""
import os

def solve(xs):
    os.abort()
""",
    "segfault": r"""
import ctypes

def solve(xs):
    ctypes.string_at(0)
""",
    "stops_itself": r"""
import os, signal

def solve(xs):
    os.kill(os.getpid(), signal.SIGSTOP)
""",
    # values that are more than they seem
    "always_equal_int": r"""
class E(int):

    def __eq__(s, o):
        return True
    __hash__ = int.__hash__

def solve(xs):
    return E(7)
""",
    "always_equal_object": r"""
class E:

    def __eq__(s, o):
        return True

    def __ne__(s, o):
        return False

def solve(xs):
    return E()
""",
    "class_lies_about_itself": r"""
class E:
    __class__ = int

    def __eq__(s, o):
        return True

def solve(xs):
    return E()
""",
    "metaclass_equal": r"""
class M(type):

    def __eq__(s, o):
        return True
    __hash__ = type.__hash__

class E(metaclass=M):
    pass

def solve(xs):
    return E
""",
    "nan": r"""
def solve(xs):
    return float('nan')
""",
    "reduce_runs_code": r"""
import os

class E:

    def __reduce__(s):
        return (os.system, ('touch /tmp/pwned',))

def solve(xs):
    return E()
""",
    "repr_of_any_answer": r"""
class E:

    def __repr__(s):
        return '35'
    __str__ = __repr__

def solve(xs):
    return E()
""",
    "generator": r"""
def solve(xs):
    yield from range(10 ** 9)
""",
    "cyclic_list": r"""
def solve(xs):
    a = []
    a.append(a)
    return a
""",
    "exploding_list": r"""
def solve(xs):
    a = []
    for _ in range(60):
        a = [a, a]
    return a
""",
    "colliding_keys": r"""
def solve(xs):
    return {i * (2 ** 61 - 1): 0 for i in range(200000)}
""",
    "property_raises": r"""
class E(dict):

    def items(s):
        raise RuntimeError
    __class__ = property(lambda s: 1 / 0)

def solve(xs):
    return E()
""",
    "name_is_no_text": r"""
class E:
    pass
E.__module__ = 7

def solve(xs):
    return E()
""",
    "mutates_arguments": r"""
def solve(xs):
    xs.clear()
    return 0
""",
    "any_attribute": r"""
class M:

    def __getattr__(s, n):
        return s

    def __call__(s, *a):
        return s
import sys
sys.modules['candidate'] = M()
""",
}
