"""The room: a second sandbox for test code that is more than asserts, such as loops over random inputs.

Test code must not run in the worker, for it is foreign code too, nor in the candidate's process, which could read and
change it. So it runs in a program of its own, where the candidate's function is a stand-in: each call comes out to
the trusted side as plain values, goes to the candidate's program, and its answer goes back in. The candidate sees
arguments only; the test code sees plain values only. Arguments go by value, so a test cannot be changed through them.
Random numbers are seeded, so that a verdict is the same every time, and NaN may stand on no side of an ordering, as
in `expressions`.

Each such call travels far. So the test code is first run once with the reference beside it, in a program of the room,
where the candidate never is; what was asked and answered is its transcript. Test code is deterministic, so it comes
through for every candidate that gives these answers, and need not run for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias, cast

from pidistill.sandbox import Answer, Call, Kind, Limits, Plain, Raised, Session
from pidistill_code.expressions import CandidateCall
from pidistill_code.values import is_plain

_COMMON: Final = '''
import ast as _ast, random as _random

class _Ordered(_ast.NodeTransformer):
    """Passes every side of <, <=, > and >= through `_number`."""

    def visit_Compare(self, node):
        self.generic_visit(node)
        if any(isinstance(op, (_ast.Lt, _ast.LtE, _ast.Gt, _ast.GtE)) for op in node.ops):
            name = _ast.Name("_number", _ast.Load())
            node.left, *node.comparators = (_ast.Call(name, [side], []) for side in (node.left, *node.comparators))
        return node

def _number(value):
    if value != value:
        raise AssertionError("NaN is neither smaller nor larger")
    return value

def _run(code, entry_point, stand_in):
    _random.seed(0)
    namespace = {"__name__": "tests", "_number": _number}
    preamble, statements = code
    exec(compile(preamble, "preamble", "exec"), namespace)
    namespace[entry_point] = stand_in
    tree = _ast.fix_missing_locations(_Ordered().visit(_ast.parse(statements)))
    exec(compile(tree, "tests", "exec"), namespace)
'''
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
        _run(code, entry_point, _stand_in)
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
_known = {{}}

def _copy(value):
    if type(value) in (list, tuple, set, frozenset):
        return type(value)([_copy(item) for item in value])
    if type(value) is dict:
        return {{_copy(key): _copy(item) for key, item in value.items()}}
    if value is None or type(value) in (bool, int, float, complex, str, bytes):
        return value
    raise TypeError("no plain value")

def load(program, entry_point):
    exec(compile(program, "reference", "exec"), _known)
    _known[None] = eval(entry_point, _known), _random.getstate()

def record(code, entry_point, most):
    transcript, trouble = [], []
    function, own = _known[None]

    def stand_in(*args, **kwargs):
        nonlocal own
        try:
            sent = _copy(args), _copy(kwargs)
            tests, given = _random.getstate(), (_copy(args), _copy(kwargs))
            _random.setstate(own)
            value = _copy(function(*given[0], **given[1]))
            own = _random.getstate()
            _random.setstate(tests)
        except BaseException as error:
            trouble.append(error)
            raise
        transcript.append((*sent, _copy(value)))
        return value

    _run(code, entry_point, stand_in)
    _known[None] = function, own
    return None if trouble or len(transcript) > most else transcript
"""


Transcript: TypeAlias = tuple[tuple[CandidateCall, object], ...]
"""Calls of the candidate's function and the answers to them."""


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
    with room.start(_LIVE, limits) as program:
        answer = program.call("begin", (code, entry_point))
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
) -> list[Transcript | None]:
    """For each `code` of `codes` its transcript with `program`, the reference; None where it does not come through.

    None, too, where a call raises, where an argument or answer is not plain, and after more than `most` calls.
    """
    calls = [Call("load", (program, entry_point)), *(Call("record", (code, entry_point, most)) for code in codes)]
    answers = room.run(_RECORD, calls, limits).answers[1:]
    found = [_transcript(_content(answer)) for answer in answers]
    return found + [None] * (len(codes) - len(found))


def _transcript(content: Plain) -> Transcript | None:
    if not isinstance(content, list):
        return None
    entries = cast("list[tuple[tuple[Plain, ...], dict[str, Plain], Plain]]", content)
    return tuple((CandidateCall(args, kwargs), answer) for args, kwargs, answer in entries)


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
