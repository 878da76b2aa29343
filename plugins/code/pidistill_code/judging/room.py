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
looked at, shows whether its calls are made of answers. Where they are not, they need not be sent one by one, and test
code that has to run is given all answers beforehand.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, cast

from pidistill.sandbox import Answer, Call, Kind, Limits, Plain, Raised, Session
from pidistill_code.judging.harness import ON_ANSWERS, RECORD
from pidistill_code.suites.expressions import CandidateCall
from pidistill_code.suites.rewritten import guarded
from pidistill_code.suites.values import is_plain

_MOST_TOLD: Final = 1 << 24
"""Bytes of answers that are sent to test code at once: no candidate decides how much the worker has to hold twice."""
_STUBS_S: Final = 1.0
"""Seconds for all stubs together, of a test."""
Given: TypeAlias = tuple[str, Plain]
"""An answer as test code is told it: `value` and the value, or `raised`, the exception's name and its message."""
Transcript: TypeAlias = tuple[tuple[CandidateCall, object], ...]
"""Calls of the candidate's function and the answers to them."""


class Recording(NamedTuple):
    """What test code does with the reference."""

    transcript: Transcript | None = None
    """None where it does not come through, a call raises, an argument or answer is not plain, or there are too many."""
    independent: bool = False
    """Whether it makes these calls whatever is answered."""
    stubs: frozenset[str] | None = None
    """Names of `gate.STUBS` with which it comes through, too."""


class CandidateRaisedError(Exception):
    """The candidate's function raised."""

    def __init__(self, raised: Raised) -> None:
        super().__init__(raised.type_name)
        self.raised = raised


class Heard(NamedTuple):
    """What test code says of answers."""

    why: str
    """'' where it came through."""
    calls: int
    """How many it made."""


def run_on_answers(
    room: Session,
    limits: Limits,
    entry_point: str,
    code: tuple[str, str],
    entries: Sequence[tuple[CandidateCall, Given]],
) -> Heard | None:
    """Run `code` = (preamble, statements) on answers to the calls that it will make, as `pass_on` gives them.

    None where it makes other calls than these, so that what it says is worth nothing, or where the answers are too
    large, or nested too deep, to be sent together.
    """
    size = 0
    for _, (_, content) in entries:
        size += len(marshal.dumps(cast(Any, content), 2))
        if size > _MOST_TOLD:
            return None
    preamble, statements = code
    told = cast(Plain, [((call.args, dict(call.kwargs)), given) for call, given in entries])
    try:
        outcome = room.run(ON_ANSWERS, [Call("run", ((preamble, guarded(statements)), entry_point, told))], limits)
    except TypeError:  # nested so deep that it is no plain value once it is part of another
        return None
    answer = (*outcome.answers, outcome.loaded)[0]
    match _content(answer):
        case (str(why), int(calls)):
            return Heard(why, calls)
        case None if answer.kind is Kind.VALUE:
            return None
    return Heard(_ended(answer), 0)


def _ended(answer: Answer) -> str:
    return f"the test itself ended: {answer.raised.type_name if answer.raised else answer.kind}"


def record_in_room(
    room: Session, limits: Limits, entry_point: str, program: str, codes: Sequence[tuple[str, str]], most: int
) -> list[Recording]:
    """What each `code` of `codes` does with `program`, the reference. No transcript has more than `most` calls."""
    calls = [Call("load", (program, entry_point), waits=False)]
    for preamble, tests in codes:
        calls.append(Call("record", ((preamble, guarded(tests)), entry_point, most), waits=False))
    calls += [Call("passing", (number, _STUBS_S), waits=False) for number in range(len(codes))]
    answers = room.run(RECORD, calls, limits).answers[1:]
    found = [_recording(_content(answer)) for answer in answers[: len(codes)]]
    found += [Recording()] * (len(codes) - len(found))
    passing = [_content(answer) for answer in answers[len(codes) :]]
    passing += [None] * (len(codes) - len(passing))
    return [
        entry if entry.transcript is None else entry._replace(stubs=_stubs(names))
        for entry, names in zip(found, passing, strict=True)
    ]


def _stubs(names: Plain) -> frozenset[str]:
    """Names of the stubs with which test code comes through; none where one of them has kept it busy for ever."""
    return frozenset(map(str, names)) if isinstance(names, list) else frozenset()


def _recording(content: Plain) -> Recording:
    match content:
        case (list(entries), bool(independent)):
            told = cast("list[tuple[tuple[Plain, ...], dict[str, Plain], Plain]]", entries)
            if not all(map(is_plain, told)):  # nested deeper than what crosses: beside the program it stays where it is
                return Recording()
            transcript = tuple((CandidateCall(args, kwargs), answer) for args, kwargs, answer in told)
            return Recording(transcript, independent)
    return Recording()


def _content(answer: Answer) -> Plain:
    return answer.value if answer.kind is Kind.VALUE else None


def pass_on(ask: Callable[[CandidateCall], object], call: CandidateCall) -> Given | None:
    """What test code is told of an answer; None where it is no plain value, and so cannot be told. Raises what `ask`
    raises but for `CandidateRaisedError`."""
    try:
        value = ask(call)
    except CandidateRaisedError as error:
        return "raised", (error.raised.type_name, error.raised.message)
    return ("value", value) if is_plain(value) else None  # type: ignore[return-value]
