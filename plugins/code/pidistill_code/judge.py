"""Running a problem's tests against a program in a sandbox, and what came of it.

One program serves all tests of a function, so state that calls leave behind stays, as it does where tests run in one
process. The first call after which the program is gone (time, memory, exit, tampering) ends the run; tests that were
not reached have not passed. Programs that read standard input are started afresh for each test.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeGuard

from pidistill.sandbox import Answer, Kind, Limits, Outcome, Raised, Session
from pidistill_code.answers import Ask, Asker, DivergedError, EndedError, as_recorded, ask_program
from pidistill_code.expressions import CandidateCall
from pidistill_code.operations import truth
from pidistill_code.room import CandidateRaisedError, pass_on, record_in_room, run_in_room, run_on_answers
from pidistill_code.suite import IN_PLACE, AssertTest, DataTest, RoomTest, ScriptTest, Suite, Test, as_call
from pidistill_code.values import close, holds_float, normalise, same_output, shown

_EVALUATE: Final = f"""

def {IN_PLACE}(text):
    return eval(text, globals())
"""
_REFERENCE_TOLERANCE: Final = 1e-6
"""How far floats may be from what the reference gives, absolute and relative: two right orders of adding up differ."""
_MOST_RECORDED: Final = 1_000
"""Calls in a transcript."""
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


class Judge:
    """Runs suites in `session`. `room` opens a second session, when first needed."""

    def __init__(self, session: Session, room: Callable[[], Session]) -> None:
        self.session, self.room = session, room

    def run(self, suite: Suite, source: str, limits: Limits) -> Run:
        """All tests of `suite` against the program `source`. Raises `SandboxError` for the sandbox's own trouble."""
        if suite.script:
            return self._scripts(suite.tests, source, limits)
        if suite.calls is not None:
            try:
                return self._at_once(suite, source, limits, suite.calls)
            except DivergedError:
                pass
        results: list[Result] = []
        end: Kind | None = None
        with self.session.start(program_text(suite, source), limits) as program:
            if not program.loaded.ok:
                end = program.loaded.kind
            else:
                end = self._tests(suite, limits, ask_program(program, suite.entry_point), results)
        return Run(tuple(results), len(suite.tests), end, program.outcome)

    def _at_once(self, suite: Suite, source: str, limits: Limits, calls: Sequence[CandidateCall]) -> Run:
        """The common case: all calls are known beforehand, so the session makes them in one go."""
        outcome = self.session.run(program_text(suite, source), suite.sent, limits)
        if not outcome.loaded.ok:
            return Run((), len(suite.tests), outcome.loaded.kind, outcome)
        answers = dict(zip(map(id, calls), outcome.answers, strict=False))
        gone = Answer(outcome.end or Kind.EXITED)
        results: list[Result] = []
        end = self._tests(suite, limits, lambda call: answers.get(id(call), gone), results, replay=True)
        return Run(tuple(results), len(suite.tests), end, outcome)

    def _tests(
        self, suite: Suite, limits: Limits, ask: Ask, results: list[Result], replay: bool = False
    ) -> Kind | None:
        """Add to `results` what comes of each test; why the program ended before the last one, if it did.

        With `replay`, tests for the room are judged by their transcripts: `DivergedError` where that is not enough.
        """
        for test in suite.tests:
            try:
                results.append(self._test(suite, test, limits, ask, replay))
            except EndedError as ended:
                results.append(Result(test, False, ENDS[ended.kind]))
                return ended.kind
        return None

    def resolve(self, suite: Suite, reference: str, limits: Limits) -> Suite:
        """`suite` with what the program `reference` answers: expected answers, and transcripts of tests for the room.

        Tests whose expected answer it does not give are left out. The reference runs where no candidate ever does.
        """
        unknown = [test for test in suite.tests if _by_reference(test)]
        rooms = [test for test in suite.tests if isinstance(test, RoomTest)]
        known: dict[int, Test] = {id(test): test for test in suite.tests if not _by_reference(test)}
        program = program_text(suite, reference)
        if unknown:
            calls = [as_call(suite.entry_point, test.call, waits=False) for test in unknown]
            answers = self.room().run(program, calls, limits).answers
            for test, answer in zip(unknown, answers, strict=False):
                if answer.ok:
                    known[id(test)] = replace(test, expected=answer.value)
        if rooms:
            codes = [(suite.preamble, room.text) for room in rooms]
            found = record_in_room(self.room(), _room_limits(limits), suite.entry_point, program, codes, _MOST_RECORDED)
            for room, recording in zip(rooms, found, strict=True):
                known[id(room)] = replace(room, transcript=recording.transcript, independent=recording.independent)
        if not unknown and not rooms:
            return suite
        return replace(suite, tests=tuple(known[id(test)] for test in suite.tests if id(test) in known))

    def _test(self, suite: Suite, test: Test, limits: Limits, get: Ask, replay: bool) -> Result:
        why, ask = "", Asker(get)
        try:
            match test:
                case AssertTest():
                    passed = truth(test.term(ask))
                case DataTest():
                    passed = _as_expected(test, ask(test.call), suite.tolerance)
                    if test.by_reference and not passed:
                        why = f"{ask.got}, not {shown(normalise(test.expected))}"
                case RoomTest():
                    code = (suite.preamble, test.text)
                    if replay:
                        why = self._replayed(suite, test, limits, get, ask)
                    else:
                        why = run_in_room(self.room(), _room_limits(limits), suite.entry_point, code, ask)
                    passed = not why
                    why = f"{why} after {ask.got}" if why and ask.got else why
                case ScriptTest():
                    raise AssertionError("programs are run by `_scripts`")
        except CandidateRaisedError as error:
            return Result(test, False, f"raised {raised_text(error.raised)}", error.raised)
        except _ANSWER_ERRORS as error:
            return Result(test, False, f"{ask.got} ({type(error).__name__}: {error})"[:600])
        return Result(test, passed, "" if passed else why or ask.got)

    def _replayed(self, suite: Suite, test: RoomTest, limits: Limits, get: Ask, ask: Asker) -> str:
        """'' where the test comes through on answers to the calls of its transcript, else what it says of them.

        `ask` is left with the last answer that it was told. Raises `DivergedError` where its calls may be others, or a
        call that it may not come to has ended the program.
        """
        transcript = test.transcript or ()
        if as_recorded(transcript, get):
            return ""
        if not test.independent:
            raise DivergedError
        told = Asker(get)
        try:
            entries = [(call, pass_on(told, call)) for call, _ in transcript]
        except EndedError:
            raise DivergedError from None
        code = (suite.preamble, test.text)
        heard = run_on_answers(self.room(), _room_limits(limits), suite.entry_point, code, entries)
        if heard is None:
            raise DivergedError
        for call, _ in transcript[: heard.calls]:
            with contextlib.suppress(CandidateRaisedError):
                ask(call)
        return heard.why

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


def _room_limits(limits: Limits) -> Limits:
    """Those of the candidate, but a single step of the test code may take all the time."""
    return replace(limits, call_s=limits.program_s)


def _by_reference(test: Test) -> TypeGuard[DataTest]:
    return isinstance(test, DataTest) and test.by_reference


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
