"""Whether a problem's tests can judge: its reference passes them, and functions that solve nothing do not.

Looked at when a problem is first judged, once in each worker. The reference goes the way of every submission, through
the same code and a sandbox of the same kind, one that no candidate enters; where the submission *is* the reference its
own run is that. The stubs are functions of the entry point's name that give None, give an object, raise, or give their
first argument (the last two only where there is a reference, and the last only where tests are more than values: else
they may be what is asked for). They need no sandbox where tests are values, for what they answer is known; recorded
test code is tried with all of them at once, and what was not recorded is run beside them.

A problem that fails is ABSTAIN, whatever is submitted: its tests are wrong, or would pass anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from pidistill.sandbox import Answer, Described, Kind, Limits, Raised
from pidistill_code.judging.judge import ENDS, Judge, Run, Uses
from pidistill_code.suites.expressions import CandidateCall
from pidistill_code.suites.suite import RoomTest, ScriptTest, Suite
from pidistill_code.suites.values import same_output

Stub = Callable[[CandidateCall], Answer]


def _first_argument(call: CandidateCall) -> Answer:
    if call.in_place is not None:  # its arguments can only be made in a program
        return Answer(Kind.RAISED, raised=Raised("ValueError", "a stub", ""))
    arguments = [*call.args, *call.kwargs.values()]
    return Answer(Kind.VALUE, arguments[0] if arguments else None)


STUBS: Final[Mapping[str, tuple[Stub, str]]] = {
    "returns None": (lambda call: Answer(Kind.VALUE, None), "return None"),
    "returns an object": (lambda call: Answer(Kind.VALUE, Described("builtins.object")), "return object()"),
    "raises": (
        lambda call: Answer(Kind.RAISED, raised=Raised("ValueError", "a stub", "")),
        "raise ValueError('a stub')",
    ),
    "returns its argument": (_first_argument, "return args[0] if args else None"),
}
"""What a stub does -> what it answers, and its body."""


_OF_VALUES: Final = "returns its argument"
"""What a stub may do where tests are values: some functions give their argument, or one of them, on all of their
tests."""
_BY_REFERENCE: Final = "raises"
"""What may be asked for, unless a reference says that it is something else."""


class Look(NamedTuple):
    """What a look at a problem's tests has found."""

    objection: str = ""
    """Why they cannot judge; '' where they can."""
    uses: Uses | None = None
    """What the reference's objects were used for; None without a reference, or where it was not run."""


def look(judge: Judge, suite: Suite, reference: str | None, limits: Limits, run_reference: bool = True) -> Look:
    """Whether the tests can judge. The reference, if there is one, is run only where it is asked."""
    if suite.script:
        if all(isinstance(test, ScriptTest) and same_output("", test.stdout) for test in suite.tests):
            return Look("a program that prints nothing passes all tests")
    else:
        of_values = not any(isinstance(test, RoomTest) for test in suite.tests)
        for name, (stub, body) in STUBS.items():
            if (name == _OF_VALUES and (of_values or reference is None)) or (
                name == _BY_REFERENCE and reference is None
            ):
                continue
            if _passes(judge, suite, name, stub, body, limits):
                return Look(f"a function that {name} passes all tests")
    if reference is not None and run_reference:
        run = judge.run(suite, reference, limits, trusted=True)
        if run.end is not None or run.passed < run.total:
            return Look(refused(run))
        return Look(uses=tuple(result.uses for result in run.results))
    return Look()


def refused(run: Run) -> str:
    """What is said of a problem whose reference fails in `run`."""
    return f"the reference does not pass: {_why(run)}"


def _passes(judge: Judge, suite: Suite, name: str, stub: Stub, body: str, limits: Limits) -> bool:
    values = [test for test in suite.tests if not isinstance(test, RoomTest)]
    rooms = [test for test in suite.tests if isinstance(test, RoomTest)]
    if any(room.stubs is not None and name not in room.stubs for room in rooms):
        return False
    if not judge.answered(values, suite, stub):
        return False
    if all(room.stubs is not None for room in rooms):
        return True
    if not suite.entry_point.isidentifier():
        return False
    run = judge.run(suite, f"def {suite.entry_point}(*args, **kwargs):\n    {body}\n", limits)
    return run.end is None and run.passed == run.total


def _why(run: Run) -> str:
    if run.end is not None:
        where = f" in test {len(run.results)}" if run.results else ""
        return f"{ENDS[run.end]}{where}"
    number, result = next((number, result) for number, result in enumerate(run.results, 1) if not result.passed)
    return f"test {number} of {run.total}: {result.got or 'it fails'}"[:300]
