"""The code verifier: a completion's program against the problem's tests, in a sandbox, judged out here.

It joins `extract`, `suite` and `judge`, and gives what happened a status. The candidate's process never holds an
expected answer or the reference; what it says is only ever an answer to compare. All trouble of the sandbox is
raised.

Time limits are seconds of the program's own processor time, so a busy machine changes no verdict. A call may take
`call_s`, as long as EvalPlus allows at least. Where a program needs more, the reference is run once, and a call may
take ten times what the reference takes for everything, up to `slow_call_s`. Problems without a reference have
`slow_call_s` from the start, or what the data says. Programs that read standard input have that time for each test, and
so have functions where the data says what a test may take: all calls together then have as much as that for each.

When a problem is first judged, `gate` looks whether its tests can judge.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final

from pidistill.authoring.clock import off_the_clock
from pidistill.authoring.memory import LastUsed
from pidistill.authoring.options import Options, option
from pidistill.contracts import Sandbox, Verifier
from pidistill.errors import SandboxError
from pidistill.records import Problem, Status, Verdict, content_hash
from pidistill.sandbox import Call, Kind, Limits, Session
from pidistill_code.extraction.extract import Extracted, extract
from pidistill_code.judging import gate
from pidistill_code.judging.judge import ENDS, Judge, Run, Uses, first_line, raised_text
from pidistill_code.judging.report import diagnostics
from pidistill_code.suites.inputs import read_inputs, with_inputs
from pidistill_code.suites.suite import Suite, read_suite

_REFERENCE_FACTOR: Final = 10.0
_SUITES_KEPT: Final = 256
_SHOWN: Final = 4_000
"""Characters of the code that a verdict keeps."""
_PYTHON_VERSION: Final = (
    "import sys\ndef version():\n    return sys.implementation.name + ' ' + sys.version.split()[0]\n"
)


@dataclass(frozen=True)
class CodeOptions(Options, of="code verifier"):
    """Options of the verifier, the `[verify.options]` table of a run."""

    call_s: float = option(1.0, least=0.001, most=1e6)
    """Own seconds that loading and each call may take, where the reference is quick."""
    slow_call_s: float = option(6.0, least=0.001, most=1e6)
    """The same where the reference is slow or there is none."""
    program_s: float = option(8.0, least=0.001, most=1e6)
    """Own seconds of all calls together, where the data does not say what each may take. The pool's `verify.budget_s`
    should be well above: it counts waiting, too."""
    memory_mb: int = option(512, least=1, most=1e6)
    """Memory of a program, in MiB."""
    extra_inputs: str = ""
    """A file of more inputs, as `inputs` reads it; the reference says what the answers are."""

    def limits(self, call_s: float, suite: Suite) -> Limits:
        """A program's limits where a call of `suite` may take `call_s`."""
        tests = 1 if suite.script else len(suite.tests)  # a program begins anew with each
        calls_s = max(call_s, (suite.limit_s or 0.0) * tests)
        return Limits(call_s=call_s, program_s=max(self.program_s, calls_s), memory_bytes=self.memory_mb << 20)


class Known:
    """What is known of problems once they have been judged, of the `most` used last.

    It depends on a verifier's options and on the Python in its sandbox, so only verifiers that have both in common may
    share it. A worker has one of its own; tests that judge the same problems in several sandboxes give them one.
    """

    def __init__(self, most: int = _SUITES_KEPT) -> None:
        self.most = most
        self.suites: LastUsed[str, Suite] = LastUsed(most)
        self.limits_s: dict[str, float] = {}
        """What a call may take, where the reference is slow."""
        self.looks: OrderedDict[str, gate.Look] = OrderedDict()
        self.tried: set[str] = set()
        """Problems whose reference has been run, or that have none."""


class CodeVerifier(Verifier):
    """Judges completions of code problems in a session of `sandbox`, held for the verifier's life.

    Raises `SandboxError` where no session can be opened, and `UsageError` for a file of inputs that is not there.
    """

    name: ClassVar[str] = "code"
    version: ClassVar[str] = "4"

    def __init__(self, options: CodeOptions, sandbox: Sandbox, known: Known | None = None) -> None:
        self.options = options
        self.opened_with = options.changed()
        self._sandbox = sandbox
        self._session: Session | None = None
        self._room: Session | None = None
        self._second_room: Session | None = None
        self._known = Known() if known is None else known
        self._inputs = read_inputs(Path(options.extra_inputs)) if options.extra_inputs else {}
        self._python = self._ask_version()

    def verify(self, problem: Problem, completion: str) -> Verdict:
        """PASS, FAIL, NO_ANSWER, TIMEOUT, REJECTED (tampering), or ABSTAIN where the problem has no test."""
        try:
            return self._verify(problem, completion)
        except SandboxError:
            self.close()  # the session was lost on the way: once more in a new one
        except BaseException:
            self.close()  # an interrupted conversation cannot be taken up again
            raise
        return self._verify(problem, completion)

    def _verify(self, problem: Problem, completion: str) -> Verdict:
        suite = self._suite(problem)
        if not suite.tests:
            return Verdict(Status.ABSTAIN, reason="the problem has no test that can be judged")
        prompt = problem.prompt if problem.extra.get("continues") else None
        found = extract(completion, suite.entry_point, prompt)
        if found.code is None:
            return Verdict(Status.NO_ANSWER, reason=found.reason, diagnostics=f"No code: {found.reason}.")
        look = self._look(problem, suite, found.code)
        if look.objection:
            return Verdict(Status.ABSTAIN, reason=look.objection)
        run = self._run(problem, suite, found.code, look.uses)
        if run.passed < run.total and self._is_reference(problem, found.code):
            look = self._known.looks[self._key(problem)] = gate.Look(gate.refused(run))
            return Verdict(Status.ABSTAIN, reason=look.objection)
        return _verdict(run, suite, found)

    def _key(self, problem: Problem) -> str:
        """The same for problems with the same tests: these are read, and looked at, once."""
        return problem.hash + (problem.id if problem.id in self._inputs else "")

    def _is_reference(self, problem: Problem, code: str) -> bool:
        """Whether the submission is the reference, so that its own run shows whether that passes."""
        return problem.reference is not None and _exact(code) == _exact(problem.reference)

    def _look(self, problem: Problem, suite: Suite, code: str) -> gate.Look:
        """Whether the problem's tests can judge, looked at once."""
        key, looks, tried = self._key(problem), self._known.looks, self._known.tried
        known = looks.get(key)
        if known is None or not (known.objection or key in tried or self._is_reference(problem, code)):
            is_reference = self._is_reference(problem, code)
            with off_the_clock():
                slow = self.options.limits(max(self.options.slow_call_s, suite.limit_s or 0.0), suite)
                known = gate.look(self._apart(), suite, problem.reference, slow, not is_reference)
            looks[key] = known
            if not is_reference:
                tried.add(key)
            if len(looks) > self._known.most:
                tried.discard(looks.popitem(last=False)[0])
        return known

    def _run(self, problem: Problem, suite: Suite, code: str, uses: Uses | None) -> Run:
        judge, trusted = self._judge(), self._is_reference(problem, code)
        allowed = suite.limit_s or (self.options.slow_call_s if problem.reference is None else self.options.call_s)
        allowed = max(allowed, self._known.limits_s.get(problem.hash, 0.0))
        run = judge.run(suite, code, self.options.limits(allowed, suite), uses, trusted)
        knows_better = suite.script or problem.reference is None or problem.hash in self._known.limits_s
        if run.end is Kind.TIMEOUT and not knows_better:
            allowed_at_first, allowed = allowed, max(allowed, self._slow_limit(problem, suite))
            self._known.limits_s[problem.hash] = allowed
            if allowed > allowed_at_first:
                run = judge.run(suite, code, self.options.limits(allowed, suite), uses, trusted)
        return run

    def _slow_limit(self, problem: Problem, suite: Suite) -> float:
        """Ten times what the reference takes in all, at most `slow_call_s`; it is run only as long as that matters."""
        enough = self.options.slow_call_s / _REFERENCE_FACTOR
        limits = replace(self.options.limits(enough, suite), program_s=enough)
        with off_the_clock():  # it is not the candidate's
            run = self._apart().run(suite, str(problem.reference), limits, trusted=True)
        return min(self.options.slow_call_s, _REFERENCE_FACTOR * run.outcome.seconds)

    def _suite(self, problem: Problem) -> Suite:
        return self._known.suites.get(self._key(problem), lambda: self._read_suite(problem))

    def _read_suite(self, problem: Problem) -> Suite:
        suite = with_inputs(read_suite(problem), self._inputs.get(problem.id, ()))
        if problem.reference is None:
            return suite
        with off_the_clock():
            return self._judge().resolve(suite, problem.reference, self.options.limits(self.options.slow_call_s, suite))

    def _judge(self) -> Judge:
        if self._session is None:
            self._session = self._sandbox.open()
        return Judge(self._session, self._open_room)

    def _apart(self) -> Judge:
        """For the reference, which never enters the candidates' session."""
        return Judge(self._open_room(), self._open_second_room)

    def _open_second_room(self) -> Session:
        if self._second_room is None:
            self._second_room = self._sandbox.open()
        return self._second_room

    def _open_room(self) -> Session:
        if self._room is None:
            self._room = self._sandbox.open()
        return self._room

    def _ask_version(self) -> str:
        outcome = self._judge().session.run(_PYTHON_VERSION, [Call("version")])
        if not outcome.answers or not outcome.answers[0].ok:
            raise SandboxError(
                f"The sandbox {self._sandbox.name!r} does not answer: {outcome.end or 'it raised'}.",
                f"Look at: pidistill doctor (or pidistill sandbox check {self._sandbox.name})",
            )
        return str(outcome.answers[0].value)

    def fingerprint(self) -> str:
        """Hash of the extra inputs, the sandbox's name and the Python inside it."""
        return content_hash(
            {task: list(inputs) for task, inputs in self._inputs.items()}, self._sandbox.name, self._python
        )

    def close(self) -> None:
        """Close the sessions. A later `verify` opens new ones."""
        sessions = (self._session, self._room, self._second_room)
        self._session = self._room = self._second_room = None
        for session in sessions:
            if session is not None:
                session.close()


def _exact(code: str) -> str:
    """`code` but for its line ends and the blank lines around it: any other space may stand in a string."""
    return code.replace("\r\n", "\n").strip("\n").rstrip()


def _verdict(run: Run, suite: Suite, found: Extracted) -> Verdict:
    answer = str(found.code)[:_SHOWN]
    if run.outcome.tampering or run.end is Kind.TAMPERED:
        return Verdict(Status.REJECTED, 0.0, answer, f"tampering: {run.outcome.tampering or ENDS[Kind.TAMPERED]}"[:300])
    passed = run.passed
    if run.end is None and passed == run.total:
        return Verdict(Status.PASS, 1.0, answer, f"{run.total} of {run.total} tests passed")
    status = Status.TIMEOUT if run.end in (Kind.TIMEOUT, Kind.MEMORY) else Status.FAIL
    reason = f"{passed} of {run.total} tests passed"
    if run.end is not None:
        where = f" in test {len(run.results)}" if run.results else " while it was loaded"
        reason += f"; {ENDS[run.end]}{where}"
    if run.outcome.loaded.raised is not None and not run.results:
        reason += f" ({raised_text(run.outcome.loaded.raised)})"
    started = first_line(suite, str(found.code)) + found.continued
    score = passed / run.total
    return Verdict(status, score, answer, reason[:500], diagnostics(run, started) or f"{reason}.")
