"""Running a problem's tests against a program in a sandbox, and what came of it.

One program serves all tests of a function, so state that calls leave behind stays, as it does where tests run in one
process. Values are judged out here, which is quick; what is more than values is judged in the room, beside a new
process. The first call after which the program is gone (time, memory, exit, tampering) ends the run; tests that were
not reached have not passed. Programs that read standard input are started afresh for each test.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypeGuard

from pidistill.sandbox import Answer, Kind, Limits, Outcome, Raised, Session
from pidistill_code.inside.kept import COPIED, SAME
from pidistill_code.judging.answers import (
    Ask,
    Asker,
    DivergedError,
    EndedError,
    SharedError,
    as_recorded,
    ask_program,
    looks_at_text,
)
from pidistill_code.judging.live import Tests, served_text
from pidistill_code.judging.room import CandidateRaisedError, Given, pass_on, record_in_room, run_on_answers
from pidistill_code.suites.expressions import CandidateCall
from pidistill_code.suites.operations import truth
from pidistill_code.suites.rewritten import asking, guarded
from pidistill_code.suites.spec import Use
from pidistill_code.suites.suite import IN_PLACE, AssertTest, DataTest, RoomTest, ScriptTest, Suite, Test, as_call
from pidistill_code.suites.values import UnreadableError, close, normalise, same_output, shown

_EVALUATE: Final = f"""

def {IN_PLACE}(text):
    return eval(text, globals())
"""
_REFERENCE_TOLERANCE: Final = 1e-6
"""How far floats may be from what the reference gives, absolute and relative: two right orders of adding up differ."""
_MOST_RECORDED: Final = 50_000
"""Calls in a transcript."""
_APART: Final = """
__loader__.text = {source!r}
exec(compile({preamble!r}, "preamble", "exec", dont_inherit=True))
exec(compile({source!r}, __file__, "exec", dont_inherit=True))
"""
_APART_ONLY: Final = ", once its arguments are as the test has made them"
_MORE_OUTPUT: Final = 1 << 16
"""Bytes that a program may print beyond twice what it should."""
Uses: TypeAlias = tuple[tuple[Use, ...], ...]
"""What the reference's objects were used for, test by test."""
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
    uses: tuple[Use, ...] = ()
    """Of the reference: what its objects were used for, as `live` tells it."""
    changed: bool = False
    """Whether the program has changed objects of the tests that the reference leaves as they are."""


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

    def run(self, suite: Suite, source: str, limits: Limits, uses: Uses | None = None, trusted: bool = False) -> Run:
        """All tests of `suite` against the program `source`. Raises `SandboxError` for the sandbox's own trouble.

        `uses` are those of the reference's objects, test by test; `trusted` says that this is the reference.

        The quick ways are for plain values. Where an answer is none, or a test is about more, everything is done once
        more, in a new process, with the tests in the room beside the program.
        """
        if suite.script:
            return self._scripts(suite, source, limits)
        if not suite.live:
            with contextlib.suppress(DivergedError):
                return self._quick(suite, source, limits)
        return self._live(suite, source, limits, uses, trusted)

    def _quick(self, suite: Suite, source: str, limits: Limits) -> Run:
        if suite.calls is not None:
            return self._at_once(suite, source, limits, suite.calls)
        results: list[Result] = []
        with self.session.start(program_text(suite, source), limits) as program:
            if not program.loaded.ok:
                end: Kind | None = program.loaded.kind
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
        end = self._tests(suite, limits, lambda call: answers.get(id(call), gone), results)
        return Run(tuple(results), len(suite.tests), end, outcome)

    def _tests(self, suite: Suite, limits: Limits, ask: Ask, results: list[Result]) -> Kind | None:
        """Add to `results` what comes of each test; why the program ended before the last one, if it did.

        Raises `DivergedError` where values are not enough.
        """
        for test in suite.tests:
            try:
                results.append(self._test(suite, test, limits, ask))
            except EndedError as ended:
                results.append(Result(test, False, ENDS[ended.kind]))
                return ended.kind
        return None

    def _live(self, suite: Suite, source: str, limits: Limits, uses: Uses | None, trusted: bool, apart: int = 0) -> Run:
        """The tests in the room, the program beside them; `apart` is as of `Spec`."""
        results: list[Result] = []
        end: Kind | None = None
        with self.session.start(program_text(suite, source) + served_text(self.session), limits) as program:
            if not program.loaded.ok:
                end = program.loaded.kind
            else:
                text = "\n".join(test.text for test in suite.tests)
                with Tests(self.room(), _room_limits(limits), program, f"{suite.preamble}\n{text}") as tests:
                    ask = ask_program(program, suite.entry_point)
                    for number, test in enumerate(suite.tests):
                        result, end = self._beside(
                            suite, test, tests, ask, uses[number] if uses is not None else None, trusted, apart
                        )
                        results.append(result)
                        if end is not None:
                            break
        run = Run(tuple(results), len(suite.tests), end, program.outcome)
        if run.passed == run.total and not apart and any(result.changed for result in results):
            copied = self._live(suite, source, limits, uses, trusted, COPIED)
            if copied.passed == copied.total:
                return copied
            return _either(copied, self._live(suite, source, limits, uses, trusted, SAME))
        return run

    def _beside(
        self, suite: Suite, test: Test, tests: Tests, ask: Ask, uses: tuple[Use, ...] | None, trusted: bool, apart: int
    ) -> tuple[Result, Kind | None]:
        if isinstance(test, DataTest):
            try:
                return self._data(suite, test, Asker(ask)), None
            except EndedError as ended:
                return Result(test, False, ENDS[ended.kind]), ended.kind
        assert isinstance(test, AssertTest | RoomTest)
        spec = suite.spec(test)
        texts = spec._replace(preamble=asking(spec.preamble), statements=guarded(spec.statements))
        said = tests.run(texts._replace(uses=uses, trusted=trusted, apart=apart))
        why = said.why if said.end is None else ENDS[said.end]
        why += _APART_ONLY if why and apart else ""
        return Result(test, not why and said.end is None, why, uses=said.uses, changed=said.changed), said.end

    def resolve(self, suite: Suite, reference: str, limits: Limits) -> Suite:
        """`suite` with what the program `reference` answers: expected answers, and transcripts of tests for the room.

        Tests whose expected answer it does not give are left out. The reference runs where no candidate ever does.
        """
        unknown = [test for test in suite.tests if _by_reference(test)]
        rooms = [test for test in suite.tests if isinstance(test, RoomTest) and test.recorded]
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
                known[id(room)] = replace(
                    room,
                    transcript=recording.transcript,
                    independent=recording.independent,
                    stubs=recording.stubs,
                )
        if not unknown and not rooms:
            return suite
        return replace(suite, tests=tuple(known[id(test)] for test in suite.tests if id(test) in known))

    def answered(self, tests: Sequence[Test], suite: Suite, get: Ask) -> bool:
        """Whether all of `tests`, which are about values, come through on the answers that `get` gives."""
        limits = Limits()
        for test in tests:
            try:
                if not self._test(suite, test, limits, get).passed:
                    return False
            except SharedError:
                continue
            except DivergedError:  # an object that passed would be one that its class makes pass
                return False
        return True

    def _test(self, suite: Suite, test: Test, limits: Limits, get: Ask) -> Result:
        ask = Asker(get)
        if isinstance(test, DataTest):
            return self._data(suite, test, ask)
        why = ""
        try:
            if isinstance(test, RoomTest):
                why = self._replayed(suite, test, limits, get, ask)
                passed = not why
                why = f"{why} after {ask.got}" if why and ask.got else why
            else:
                assert isinstance(test, AssertTest)
                passed = truth(test.term(ask))
                if passed and ask.changeable > 1:
                    raise SharedError
                if ask.own_text and looks_at_text(test.text):
                    raise DivergedError
        except CandidateRaisedError as error:
            return Result(test, False, f"raised {raised_text(error.raised)}", error.raised)
        except _ANSWER_ERRORS as error:
            if not ask.readable or ask.own or isinstance(error, UnreadableError):
                raise DivergedError from None
            return Result(test, False, f"{ask.got} ({type(error).__name__}: {error})"[:600])
        if not ask.readable or (ask.own and not passed):
            raise DivergedError
        return Result(test, passed, "" if passed else why or ask.got)

    def _data(self, suite: Suite, test: DataTest, ask: Asker) -> Result:
        why = ""
        try:
            passed = _as_expected(test, ask(test.call), suite.tolerance)
        except CandidateRaisedError as error:
            return Result(test, False, f"raised {raised_text(error.raised)}", error.raised)
        except _ANSWER_ERRORS as error:
            return Result(test, False, f"{ask.got} ({type(error).__name__}: {error})"[:600])
        if test.by_reference and not passed:
            why = f"{ask.got}, not {shown(normalise(test.expected))}"
        return Result(test, passed, "" if passed else why or ask.got)

    def _replayed(self, suite: Suite, test: RoomTest, limits: Limits, get: Ask, ask: Asker) -> str:
        """'' where the test comes through on answers to the calls of its transcript, else what it says of them.

        `ask` is left with the last answer that it was told. Raises `DivergedError` where its calls may be others, or a
        call that it may not come to has ended the program.
        """
        if test.transcript is None:
            raise DivergedError
        transcript = test.transcript
        if as_recorded(transcript, get, test.text):
            return ""
        if not test.independent:
            raise DivergedError
        told = Asker(get)
        entries: list[tuple[CandidateCall, Given]] = []
        for call, _ in transcript:
            try:
                given = pass_on(told, call)
            except EndedError:
                raise DivergedError from None
            if given is None:  # a Counter, a Fraction: the test can say what it is worth, beside the program
                raise DivergedError
            entries.append((call, given))
        code = (suite.preamble, test.text)
        heard = run_on_answers(self.room(), _room_limits(limits), suite.entry_point, code, entries)
        if heard is None:
            raise DivergedError
        for call, _ in transcript[: heard.calls]:
            with contextlib.suppress(CandidateRaisedError):
                ask(call)
        return heard.why

    def _scripts(self, suite: Suite, source: str, limits: Limits) -> Run:
        """Each test in a process of its own, with a time of its own."""
        results: list[Result] = []
        text = program_text(suite, source)
        for test in suite.tests:
            assert isinstance(test, ScriptTest)
            room = max(limits.output_bytes, 2 * len(test.stdout) + _MORE_OUTPUT)
            outcome = self.session.script(text, test.stdin, replace(limits, output_bytes=room))
            results.append(_printed(test, outcome))
            if outcome.tampering or outcome.end in (Kind.TIMEOUT, Kind.MEMORY, Kind.TAMPERED):
                return Run(tuple(results), len(suite.tests), outcome.end, outcome)
        return Run(tuple(results), len(suite.tests), None, outcome)


def _either(one: Run, other: Run) -> Run:
    """What came of tests that have to pass in one of two runs, each in either."""
    if len(one.results) != len(other.results):
        return one
    return replace(one, results=tuple(b if b.passed else a for a, b in zip(one.results, other.results, strict=True)))


def _room_limits(limits: Limits) -> Limits:
    """Those of the candidate, but a single step of the test code may take all the time."""
    return replace(limits, call_s=limits.program_s)


def _by_reference(test: Test) -> TypeGuard[DataTest]:
    return isinstance(test, DataTest) and test.by_reference


def _as_expected(test: DataTest, value: object, tolerance: float) -> bool:
    if not test.by_reference:
        return close(value, test.expected, tolerance)
    return close(value, normalise(test.expected), max(tolerance, _REFERENCE_TOLERANCE), json=False)


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
    after = (f"\n{suite.setup}\n" if suite.setup else "") + (_EVALUATE if suite.in_place else "")
    if not suite.preamble:
        return f"{source}\n{after}"
    if "__future__" not in source:
        return f"{suite.preamble}\n{source}\n{after}"
    # A future import must come first in what is compiled, so the two are compiled apart.
    return _APART.format(preamble=suite.preamble, source=f"{source}\n{after}")


def first_line(suite: Suite, source: str) -> int:
    """Number of the line of `program_text` where the candidate's code begins, from 1."""
    if not suite.preamble or "__future__" in source:
        return 1
    return 2 + suite.preamble.count("\n")


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
