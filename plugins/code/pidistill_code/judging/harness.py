"""The programs of the room: text that runs inside it, with test code and a stand-in for the candidate's function.

Each is one of the few ways in which test code meets answers: a live program's, one by one (`LIVE`), all of them given
beforehand (`ON_ANSWERS`), or those of the reference, which runs in the same process (`RECORD`).
"""

from __future__ import annotations

from typing import Final

_COMMON: Final = """
import random as _random

def _number(value):
    if type(value) is float and value != value:
        raise AssertionError("NaN is neither smaller nor larger")
    return value

def _extreme(function):
    def run(*items, **how):
        members = list(items[0]) if len(items) == 1 else items
        for item in members if how.get("key") is None else map(how["key"], members):
            _number(item)
        return function(members, **how)
    return run

def _compiled(preamble, statements):
    return compile(preamble, "preamble", "exec"), compile(statements, "tests", "exec"), statements

def _run(code, entry_point, stand_in, forgiven=()):
    preamble, statements, text = code
    _random.seed(text)  # the same every time, and nothing that a program could know
    namespace = {"__name__": "__main__", "_number": _number, "_forgiven": forgiven,
                 "_caught_by": lambda kinds: kinds, "_type_of": type, "_is_subclass": issubclass,
                 "_class_of": lambda item: item.__class__,
                 "max": _extreme(max), "min": _extreme(min)}
    exec(preamble, namespace)
    namespace[entry_point] = stand_in
    exec(statements, namespace)
"""
_ANSWERED: Final = f'''{_COMMON}
import builtins as _builtins

class CandidateError(Exception):
    """The candidate raised an exception that is not a built-in one."""

def _said(error):
    text = str(error)[:500]
    return type(error).__name__ + (": " + text if text else "")

class _Strayed(BaseException):
    pass

def _answer(kind, content):
    if kind == "value":
        return content
    name, message = content
    error = getattr(_builtins, name, None)
    if name in ("StopIteration", "StopAsyncIteration"):
        raise _Strayed  # loops take it for their end
    if not (isinstance(error, type) and issubclass(error, Exception) and not issubclass(error, UnicodeError)):
        error = CandidateError
    raise error(message)
'''
ON_ANSWERS: Final = f"""{_ANSWERED}
import marshal as _marshal

def run(code, entry_point, entries):
    made, strayed = 0, False

    def is_next(call):
        try:
            return made < len(entries) and _marshal.dumps(call, 2) == _marshal.dumps(entries[made][0], 2)
        except ValueError:
            return False

    def stand_in(*args, **kwargs):
        nonlocal made, strayed
        strayed = strayed or not is_next((args, kwargs))
        if strayed:
            raise _Strayed
        made += 1
        try:
            return _answer(*entries[made - 1][1])
        except _Strayed:
            strayed = True
            raise

    why = ""
    try:
        _run(_compiled(*code), entry_point, stand_in)
    except BaseException as error:
        why = _said(error)
    return None if strayed else (why, made)
"""
_MOST_BESIDE: Final = 500
"""Calls of test code that is judged beside the program because it holds on to what it gave or got."""
RECORD: Final = f"""{_COMMON}
import marshal as _marshal, signal as _signal
_known = {{}}
_recorded = []
_MOST_BESIDE = {_MOST_BESIDE}
_SCALARS = frozenset((type(None), bool, int, float, complex, str, bytes))

def _copy(value):
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind in (list, tuple, set, frozenset):
        return kind(value if _SCALARS.issuperset(map(type, value)) else map(_copy, value))
    if kind is dict:
        return {{_copy(key): _copy(item) for key, item in value.items()}}
    raise TypeError("no plain value")

def load(program, entry_point):
    exec(compile(program, "reference", "exec"), _known)
    _known[None] = eval(entry_point, _known), _random.getstate() if "random" in program else None

def _changeable(value):
    # lists, dictionaries and sets in a value, each as often as it is there
    kind = type(value)
    if kind in (list, dict, set):
        yield value
    if kind in (list, tuple, dict):
        for part in value.values() if kind is dict else value:
            if type(part) not in _SCALARS:
                yield from _changeable(part)

class _Mute:
    pass

def _refuse(*_args, **_kwargs):
    raise TypeError("an answer that cannot be looked at")

for _name in ("bool", "eq", "ne", "hash", "str", "repr", "format", "getattribute"):
    setattr(_Mute, f"__{{_name}}__", _refuse)

class _TooMany(BaseException):
    pass

def _is_independent(code, entry_point, calls):
    asked = []

    def stand_in(*args, **kwargs):
        asked.append(_marshal.dumps((_copy(args), _copy(kwargs)), 2))
        if len(asked) > len(calls):
            raise _TooMany
        return _Mute()

    try:
        _run(code, entry_point, stand_in, forgiven=Exception)
    except BaseException:
        return False
    return asked == [_marshal.dumps(call, 2) for call in calls]

def record(code, entry_point, most):
    _recorded.append(None)
    transcript, trouble, answers = [], [], []
    given, given_again, asked_with = {{}}, False, []
    code = _compiled(*code)
    function, own = _known[None]

    def answer(args, kwargs):
        nonlocal own
        if own is None:
            return function(*args, **kwargs)
        tests = _random.getstate()
        _random.setstate(own)
        value = function(*args, **kwargs)
        own = _random.getstate()
        _random.setstate(tests)
        return value

    def stand_in(*args, **kwargs):
        nonlocal given_again
        try:
            sent = _copy(args), _copy(kwargs)
            if len(transcript) < _MOST_BESIDE:
                for item in _changeable((*args, *kwargs.values())):
                    given_again = given_again or id(item) in given
                    given[id(item)] = item
                asked_with.append(((args, kwargs), sent))
            value = _copy(answer(_copy(args), _copy(kwargs)))
        except BaseException as error:
            trouble.append(error)
            raise
        transcript.append((*sent, _copy(value)))
        if len(transcript) < _MOST_BESIDE and type(value) not in _SCALARS:
            answers.append((value, transcript[-1][2]))
        return value

    _run(code, entry_point, stand_in)
    _known[None] = function, own
    if trouble or len(transcript) > most or _looks_at_arguments(code, entry_point, transcript):
        return None
    changed = given_again or any(value != answer for value, answer in (*answers, *asked_with))
    if len(transcript) <= _MOST_BESIDE and (changed or _keeps_answers(code, entry_point, transcript)):
        return None
    calls = [(args, kwargs) for args, kwargs, _ in transcript]
    _recorded[-1] = code, entry_point
    return transcript, _is_independent(code, entry_point, calls)

def _raise(*_args, **_kwargs):
    raise ValueError("a stub")

_STUBS = {{
    "returns None": lambda *args, **kwargs: None,
    "returns an object": lambda *args, **kwargs: object(),
    "raises": _raise,
    "returns its argument": lambda *args, **kwargs: args[0] if args else None,
}}

def passing(number, seconds):
    if _recorded[number] is None:
        return None
    found = []
    _signal.setitimer(_signal.ITIMER_PROF, seconds)  # it ends the process: what has been answered stays
    for name, stub in _STUBS.items():
        try:
            _run(*_recorded[number], stub)
        except BaseException:
            continue
        found.append(name)
    _signal.setitimer(_signal.ITIMER_PROF, 0)
    return found

def _spoil(value):
    for part in list(_changeable(value)):
        part.clear()

def _keeps_answers(code, entry_point, transcript):
    # whether it looks at an answer after a later call, which may have changed it
    if all(type(answer) in _SCALARS for _, _, answer in transcript) or len(transcript) < 2:
        return False
    answers = iter([_copy(answer) for _, _, answer in transcript])
    before = None

    def stand_in(*_args, **_kwargs):
        nonlocal before
        _spoil(before)
        before = next(answers)
        return before

    try:
        _run(code, entry_point, stand_in)
    except BaseException:
        return True
    return False

def _looks_at_arguments(code, entry_point, transcript):
    if all(_SCALARS.issuperset(map(type, (*args, *kwargs.values()))) for args, kwargs, _ in transcript):
        return False
    answers = iter([_copy(answer) for _, _, answer in transcript])

    def stand_in(*args, **kwargs):
        answer = next(answers)
        _spoil((*args, *kwargs.values()))
        return answer

    try:
        _run(code, entry_point, stand_in)
    except BaseException:
        return True
    return False
"""
