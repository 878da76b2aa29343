"""The room: a second sandbox for test code that is more than asserts, such as loops over random inputs.

Test code must not run in the worker, for it is foreign code too, nor in the candidate's process, which could read and
change it. So it runs in a program of its own, where the candidate's function is a stand-in: each call comes out to
the trusted side as plain values, goes to the candidate's program, and its answer goes back in. The candidate sees
arguments only; the test code sees plain values only. Arguments go by value, so a test cannot be changed through them.
Random numbers are seeded, so that a verdict is the same every time, and NaN may stand on no side of an ordering, as
in `expressions`.

Each such call travels far. So the test code is first run once with the reference beside it, in a program of the room,
where the candidate never is; what was asked and answered is its transcript. Test code is deterministic, so it comes
through for every candidate that gives these answers, and need not run for it. A second run, where no answer can be
looked at, shows whether its calls are made of answers; where they are not, they need not be sent one by one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias, cast

from pidistill.sandbox import Answer, Call, Kind, Limits, Plain, Raised, Session
from pidistill_code.expressions import CandidateCall
from pidistill_code.syntax import parse
from pidistill_code.values import is_plain

_COMMON: Final = """
import random as _random

def _number(value):
    if value != value:
        raise AssertionError("NaN is neither smaller nor larger")
    return value

def _compiled(preamble, statements):
    return compile(preamble, "preamble", "exec"), compile(statements, "tests", "exec")

def _run(code, entry_point, stand_in, forgiven=()):
    _random.seed(0)
    namespace = {"__name__": "tests", "_number": _number, "_forgiven": forgiven}
    preamble, statements = code
    exec(preamble, namespace)
    namespace[entry_point] = stand_in
    exec(statements, namespace)
"""
_LIVE: Final = f'''{_COMMON}
import builtins as _builtins, queue as _queue, threading as _threading
_calls, _answers = _queue.SimpleQueue(), _queue.SimpleQueue()

class CandidateError(Exception):
    """The candidate raised an exception that is not a built-in one."""

def _stand_in(*args, **kwargs):
    _calls.put(("call", args, kwargs))
    kind, content = _answers.get()
    if kind == "value":
        return content
    name, message = content
    error = getattr(_builtins, name, None)
    if not (isinstance(error, type) and issubclass(error, Exception) and not issubclass(error, UnicodeError)):
        error = CandidateError
    raise error(message)

def _run_out(code, entry_point):
    try:
        _run(_compiled(*code), entry_point, _stand_in)
    except BaseException as error:
        text = str(error)[:500]
        _calls.put(("failed", type(error).__name__ + (": " + text if text else "")))
    else:
        _calls.put(("passed",))

def begin(code, entry_point):
    _threading.Thread(target=_run_out, args=(code, entry_point), daemon=True).start()
    return _calls.get()

def resume(kind, content):
    _answers.put((kind, content))
    return _calls.get()
'''
_RECORD: Final = f"""{_COMMON}
import marshal as _marshal
_known = {{}}
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
    transcript, trouble = [], []
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
        try:
            sent = _copy(args), _copy(kwargs)
            value = _copy(answer(_copy(args), _copy(kwargs)))
        except BaseException as error:
            trouble.append(error)
            raise
        transcript.append((*sent, _copy(value)))
        return value

    _run(code, entry_point, stand_in)
    _known[None] = function, own
    if trouble or len(transcript) > most:
        return None
    return transcript, _is_independent(code, entry_point, [(args, kwargs) for args, kwargs, _ in transcript])
"""


Transcript: TypeAlias = tuple[tuple[CandidateCall, object], ...]
"""Calls of the candidate's function and the answers to them."""


class Recording(NamedTuple):
    """What test code does with the reference."""

    transcript: Transcript | None = None
    """None where it does not come through, a call raises, an argument or answer is not plain, or there are too many."""
    independent: bool = False
    """Whether it makes these calls whatever is answered."""


class _Guarded(ast.NodeTransformer):
    """Passes every side of <, <=, > and >= through `_number`, and lets asserts fail as `_forgiven` says."""

    def visit_Assert(self, node: ast.Assert) -> ast.Try:
        self.generic_visit(node)
        failed = ast.ExceptHandler(ast.Name("_forgiven", ast.Load()), None, [ast.Pass()])
        return ast.Try([node], [failed], [], [])

    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        self.generic_visit(node)
        if any(isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in node.ops):
            name = ast.Name("_number", ast.Load())
            sides = [node.left, *node.comparators]
            node.left, *node.comparators = [cast(ast.expr, ast.Call(name, [side], [])) for side in sides]
        return node


@lru_cache(maxsize=256)
def _guarded(statements: str) -> str:
    """Test code, rewritten. Out here, where the parser is loaded already."""
    return ast.unparse(ast.fix_missing_locations(_Guarded().visit(parse(statements))))


class CandidateRaisedError(Exception):
    """The candidate's function raised."""

    def __init__(self, raised: Raised) -> None:
        super().__init__(raised.type_name)
        self.raised = raised


def run_in_room(
    room: Session,
    limits: Limits,
    entry_point: str,
    code: tuple[str, str],
    ask: Callable[[CandidateCall], object],
) -> str:
    """Run `code` = (preamble, statements), passing calls on to `ask`. '' where it came through, else what it said.

    Raises what `ask` raises, `CandidateRaisedError` excepted, which the test code sees as the exception it was.
    """
    preamble, statements = code
    with room.start(_LIVE, limits) as program:
        answer = program.call("begin", ((preamble, _guarded(statements)), entry_point))
        while True:
            match _content(answer):
                case ("passed",):
                    return ""
                case ("failed", str(why)):
                    return why
                case ("call", tuple(args), dict(kwargs)):
                    answer = program.call(
                        "resume", _pass_on(ask, CandidateCall(args, cast(Mapping[str, Plain], kwargs)))
                    )
                case _:
                    return f"the test itself ended: {answer.raised.type_name if answer.raised else answer.kind}"


def record_in_room(
    room: Session, limits: Limits, entry_point: str, program: str, codes: Sequence[tuple[str, str]], most: int
) -> list[Recording]:
    """What each `code` of `codes` does with `program`, the reference. No transcript has more than `most` calls."""
    calls = [Call("load", (program, entry_point), waits=False)]
    for preamble, tests in codes:
        calls.append(Call("record", ((preamble, _guarded(tests)), entry_point, most), waits=False))
    answers = room.run(_RECORD, calls, limits).answers[1:]
    found = [_recording(_content(answer)) for answer in answers]
    return found + [Recording()] * (len(codes) - len(found))


def _recording(content: Plain) -> Recording:
    match content:
        case (list(entries), bool(independent)):
            told = cast("list[tuple[tuple[Plain, ...], dict[str, Plain], Plain]]", entries)
            transcript = tuple((CandidateCall(args, kwargs), answer) for args, kwargs, answer in told)
            return Recording(transcript, independent)
    return Recording()


def _content(answer: Answer) -> Plain:
    return answer.value if answer.kind is Kind.VALUE else None


def _pass_on(ask: Callable[[CandidateCall], object], call: CandidateCall) -> tuple[Plain, Plain]:
    try:
        value = ask(call)
    except CandidateRaisedError as error:
        return "raised", (error.raised.type_name, error.raised.message)
    if not is_plain(value):
        return "raised", ("TypeError", "the answer is of no plain type")
    return "value", value  # type: ignore[return-value]
