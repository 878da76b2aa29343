"""Running a problem's tests against a program in a sandbox, and what came of it.

One program serves all tests of a function, so state that calls leave behind stays, as it does where tests run in one
process. The first call after which the program is gone (time, memory, exit, tampering) ends the run; tests that were not
reached have not passed. Programs that read standard input are started afresh for each test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from pidistill.sandbox import Answer, Call, Kind, Limits, Outcome, Program, Raised, Session
from pidistill_code.expressions import CandidateCall, truth
from pidistill_code.room import CandidateRaisedError, run_in_room
from pidistill_code.suite import IN_PLACE, AssertTest, DataTest, RoomTest, ScriptTest, Suite, Test
from pidistill_code.values import close, holds_float, normalise, same_output, shown

_EVALUATE: Final = f"""

def {IN_PLACE}(text):
    return eval(text, globals())
"""
_REFERENCE_TOLERANCE: Final = 1e-6
"""How far floats may be from what the reference gives, absolute and relative: two right orders of adding up differ."""
_FUTURE = re.compile(r"^from __future__ import [^\n]*$", re.MULTILINE)
_ANSWER_ERRORS = (TypeError, ValueError, ArithmeticError, LookupError, RecursionError)
"""What looking at an answer of a wrong kind raises."""


@dataclass(frozen=True)
class Result:
    """What came of one test."""

    test: Test
    passed: bool
    got: str = ""
    """What came instead of the expected answer, for a person."""
    raised: Raised | None = None


@dataclass(frozen=True)
class Run:
    """What came of all tests."""

    results: tuple[Result, ...]
    """Of the tests that were reached."""
    total: int
    end: Kind | None
    """Why the program ended early; None where it did not. `Kind.RAISED`: it did not load."""
    outcome: Outcome
    """Of the program; of several, the last one."""

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return sum(result.passed for result in self.results)


class _EndedError(Exception):
    """The program is gone."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind = kind


class Judge:
    """Runs suites in `session`. `room` opens a second session, when first needed."""

    def __init__(self, session: Session, room: Callable[[], Session]) -> None:
        self.session, self.room = session, room

    def run(self, suite: Suite, source: str, limits: Limits) -> Run:
        """All tests of `suite` against the program `source`. Raises `SandboxError` for the sandbox's own trouble."""
        if suite.script:
            return self._scripts(suite.tests, source, limits)
        calls = _known_calls(suite.tests)
        if calls is not None:
            return self._at_once(suite, source, limits, calls)
        results: list[Result] = []
        end: Kind | None = None
        with self.session.start(program_text(suite, source), limits) as program:
            if not program.loaded.ok:
                end = program.loaded.kind
            else:
                end = self._tests(suite, limits, _ask_program(program, suite.entry_point), results)
        return Run(tuple(results), len(suite.tests), end, program.outcome)

    def _at_once(self, suite: Suite, source: str, limits: Limits, calls: Sequence[CandidateCall]) -> Run:
        """The common case: all calls are known beforehand, so the session makes them in one go."""
        sent = [_as_call(suite.entry_point, call) for call in calls]
        outcome = self.session.run(program_text(suite, source), sent, limits)
        if not outcome.loaded.ok:
            return Run((), len(suite.tests), outcome.loaded.kind, outcome)
        answers = {id(call): answer for call, answer in zip(calls, outcome.answers, strict=False)}
        gone = Answer(outcome.end or Kind.EXITED)
        results: list[Result] = []
        end = self._tests(suite, limits, lambda call: answers.get(id(call), gone), results)
        return Run(tuple(results), len(suite.tests), end, outcome)

    def _tests(self, suite: Suite, limits: Limits, ask: _Ask, results: list[Result]) -> Kind | None:
        """Add to `results` what comes of each test; why the program ended before the last one, if it did."""
        for test in suite.tests:
            try:
                results.append(self._test(suite, test, limits, _Asker(ask)))
            except _EndedError as ended:
                results.append(Result(test, False, ENDS[ended.kind]))
                return ended.kind
        return None

    def resolve(self, suite: Suite, reference: str, limits: Limits) -> Suite:
        """`suite` with the expected answers that the program `reference` gives; without the tests it does not answer."""
        if not any(isinstance(test, DataTest) and test.by_reference for test in suite.tests):
            return suite
        tests: list[Test] = []
        with self.session.start(program_text(suite, reference), limits) as program:
            for test in suite.tests:
                if not (isinstance(test, DataTest) and test.by_reference):
                    tests.append(test)
                elif program.loaded.ok:
                    answer = program.call(suite.entry_point, test.call.args)
                    if answer.ok:
                        tests.append(replace(test, expected=answer.value))
        return replace(suite, tests=tuple(tests))

    def _test(self, suite: Suite, test: Test, limits: Limits, ask: _Asker) -> Result:
        why = ""
        try:
            match test:
                case AssertTest():
                    passed = truth(test.term(ask))
                case DataTest():
                    passed = _as_expected(test, ask(test.call), suite.tolerance)
                    if test.by_reference and not passed:
                        why = f"{ask.got}, not {shown(normalise(test.expected))}"
                case RoomTest():
                    code, room_limits = (suite.preamble, test.text), replace(limits, call_s=limits.program_s)
                    why = run_in_room(self.room(), room_limits, suite.entry_point, code, ask)
                    passed = not why
                    why = f"{why} after {ask.got}" if why and ask.got else why
                case ScriptTest():
                    raise AssertionError("programs are run by `_scripts`")
        except CandidateRaisedError as error:
            return Result(test, False, f"raised {raised_text(error.raised)}", error.raised)
        except _ANSWER_ERRORS as error:
            return Result(test, False, f"{ask.got} ({type(error).__name__}: {error})"[:600])
        return Result(test, passed, "" if passed else why or ask.got)

    def _scripts(self, tests: Sequence[Test], source: str, limits: Limits) -> Run:
        results: list[Result] = []
        seconds = 0.0
        for test in tests:
            assert isinstance(test, ScriptTest)
            left = replace(limits, program_s=max(0.05, limits.program_s - seconds))
            outcome = self.session.script(source, test.stdin, left)
            seconds += outcome.seconds
            results.append(_printed(test, outcome))
            if outcome.tampering or outcome.end in (Kind.TIMEOUT, Kind.MEMORY, Kind.TAMPERED):
                return Run(tuple(results), len(tests), outcome.end, outcome)
        return Run(tuple(results), len(tests), None, outcome)


_Ask: TypeAlias = Callable[[CandidateCall], Answer]


def _known_calls(tests: Sequence[Test]) -> list[CandidateCall] | None:
    """All calls that `tests` make, in order; None where one of them cannot be known beforehand."""
    found: list[CandidateCall] = []
    for test in tests:
        match test:
            case AssertTest(calls=tuple(calls)):
                found += calls
            case DataTest(call=call):
                found.append(call)
            case _:
                return None
    return found


def _as_call(entry_point: str, call: CandidateCall) -> Call:
    if call.in_place is not None:
        return Call(IN_PLACE, (call.in_place,))
    return Call(entry_point, call.args, call.kwargs)


def _ask_program(program: Program, entry_point: str) -> _Ask:
    def ask(call: CandidateCall) -> Answer:
        made = _as_call(entry_point, call)
        return program.call(made.function, made.args, made.kwargs)

    return ask


class _Asker:
    """Gets the answers of one test's calls, and keeps the last one."""

    def __init__(self, ask: _Ask) -> None:
        self._ask = ask
        self._value: object = None
        self._asked = False

    def __call__(self, call: CandidateCall) -> object:
        answer = self._ask(call)
        if answer.kind is Kind.VALUE:
            self._value, self._asked = normalise(answer.value), True
            return self._value
        if answer.kind is Kind.RAISED and answer.raised is not None:
            raise CandidateRaisedError(answer.raised)
        raise _EndedError(answer.kind)

    @property
    def got(self) -> str:
        """The last answer, for a person."""
        return f"got {shown(self._value)}" if self._asked else ""


def _as_expected(test: DataTest, value: object, tolerance: float) -> bool:
    if not test.by_reference:
        return close(value, test.expected, tolerance)
    expected = normalise(test.expected)
    return close(value, expected, max(tolerance, _REFERENCE_TOLERANCE) if holds_float(expected) else tolerance)


def _printed(test: ScriptTest, outcome: Outcome) -> Result:
    ended = outcome.loaded
    if ended.kind is Kind.RAISED and ended.raised is not None:
        return Result(test, False, f"raised {raised_text(ended.raised)}", ended.raised)
    if not ended.ok and not (
        ended.kind is Kind.EXITED and outcome.exit_code == 0
    ):  # os._exit(0) after its output is fine
        return Result(test, False, ENDS[ended.kind])
    text = outcome.stdout.decode("utf-8", "replace")
    passed = not outcome.truncated and same_output(text, test.stdout)
    return Result(test, passed, "" if passed else f"printed {shown(text)}")


def program_text(suite: Suite, source: str) -> str:
    """The whole program: preamble, the candidate's code, setup, and what evaluates arguments in place, if needed."""
    future = ""
    if suite.preamble and "__future__" in source:  # must come first, so it is moved, and leaves its line empty
        future = "".join(f"{line}\n" for line in _FUTURE.findall(source))
        source = _FUTURE.sub("", source)
    before = f"{suite.preamble}\n" if suite.preamble else ""
    after = (f"\n{suite.setup}\n" if suite.setup else "") + (_EVALUATE if suite.in_place else "")
    return f"{future}{before}{source}\n{after}"


def first_line(suite: Suite, source: str) -> int:
    """Number of the line of `program_text` where the candidate's code begins, from 1."""
    moved = len(_FUTURE.findall(source)) if suite.preamble else 0
    return 1 + moved + (suite.preamble.count("\n") + 1 if suite.preamble else 0)


def raised_text(raised: Raised) -> str:
    """An exception on one line."""
    line = raised.message.strip().split("\n", 1)[0][:300]
    return f"{raised.type_name}: {line}" if line else raised.type_name


ENDS: Final[Mapping[Kind, str]] = {
    Kind.RAISED: "the program does not load",
    Kind.TIMEOUT: "no answer within the time limit",
    Kind.MEMORY: "more memory than the limit",
    Kind.EXITED: "the program ended by itself",
    Kind.TAMPERED: "the program forged messages",
}
