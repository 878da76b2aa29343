"""A problem's tests, read from its record: what is asked of the candidate and what the answer must be.

`Problem.extra` of a code problem is plain JSON:

| key | what |
|---|---|
| `kind` | `function` (default) or `script`, a program that reads standard input |
| `entry_point` | name of the function, or a path such as `Solution().twoSum` |
| `tests` | the tests, each one of the forms below |
| `preamble` | trusted code that comes before the candidate's: imports and helper functions of the prompt |
| `setup` | trusted code that comes after it, where tests are made of the candidate's own classes |
| `continues` | whether a completion may go on where the prompt, itself code, stops |
| `shown` | how many of the first tests the prompt shows |
| `tolerance` | how far numbers may be from the expected ones in tests that are data; 0 is exact |
| `limit_s` | seconds a call may take, where the data says so |

A test is Python text (asserts about the entry point, or any statements that make some), `{"args": [...], "expected":
...}`, `{"args": [...]}` whose expected answer is the reference's, or `{"stdin": "...", "stdout": "..."}`. Texts
of which one reads names that another makes are one test (`together`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias, cast

from pidistill.errors import DataError
from pidistill.records import JSON, Problem
from pidistill.sandbox import Call, Plain
from pidistill_code.inside.names import PROGRAM
from pidistill_code.suites.classes import asked_operators, asks_class
from pidistill_code.suites.expressions import CandidateCall, NotPlainError, Term, compile_expression
from pidistill_code.suites.peek import Traces
from pidistill_code.suites.spec import Spec
from pidistill_code.suites.together import together
from pidistill_code.suites.values import normalise, shown
from pidistill_code.syntax import (
    defined_names,
    imported_as_program,
    makes,
    names_looked_up,
    names_used,
    parse,
    parse_lines,
    set_as_globals,
    uncalled_tests,
)

IN_PLACE: Final = "_evaluate_in_place"
"""Name of the function that is added to a program where tests are made of what only the program has."""
_LONGEST_TEXT: Final = 400
_LOSSY: Final = frozenset(
    {"set", "frozenset", "sorted", "len", "round", "abs", "math.fabs", "sum", "int", "any", "all"}
)


@dataclass(frozen=True)
class AssertTest:
    """An assert that the trusted side evaluates."""

    source: str
    """As the data has it."""
    term: Term = field(compare=False, repr=False)
    calls: tuple[CandidateCall, ...] | None = None
    """As of `expressions.Compiled`."""
    stated: tuple[object, ...] = ()
    """As of `expressions.Compiled`."""

    @cached_property
    def text(self) -> str:
        """The assert without its message, for people."""
        return f"assert {ast.unparse(self._expression())}"[:_LONGEST_TEXT]

    @cached_property
    def equality(self) -> bool:
        """Whether it says what the answer must equal, or be true of; then another right answer cannot exist."""
        return _asks_equality(self._expression())

    def _expression(self) -> ast.expr:
        """Parsed once more, for few tests are ever asked, and syntax trees are large."""
        return cast(ast.Assert, parse(self.source).body[0]).test


@dataclass(frozen=True)
class RoomTest:
    """Statements that run as they are, in a sandbox of their own, with a stand-in for the candidate's function."""

    text: str
    equality: bool = True
    """As `AssertTest.equality`, for all asserts in it."""
    transcript: tuple[tuple[CandidateCall, object], ...] | None = None
    """The calls that it made of the reference, with the answers on which it came through; None where that is unknown.
    Test code is deterministic, so it comes through for whoever gives the same answers, and need not run again."""
    independent: bool = False
    """Whether it makes the same calls whatever is answered."""
    recorded: bool = True
    """Whether it can be about nothing but what calls of the entry point give, so that a transcript can stand for it."""
    stubs: frozenset[str] | None = None
    """Which of `gate.STUBS` it comes through with; None where that is unknown."""


@dataclass(frozen=True)
class DataTest:
    """Arguments and the expected answer."""

    text: str
    call: CandidateCall
    expected: Plain = None
    by_reference: bool = False
    """Whether the expected answer is what the reference solution gives."""


@dataclass(frozen=True)
class ScriptTest:
    """Standard input and the expected output."""

    text: str
    stdin: str
    stdout: str


Test: TypeAlias = AssertTest | RoomTest | DataTest | ScriptTest


@dataclass(frozen=True)
class Suite:
    """All tests of a problem."""

    entry_point: str
    tests: tuple[Test, ...]
    preamble: str = ""
    setup: str = ""
    tolerance: float = 0.0
    limit_s: float | None = None
    script: bool = False
    in_place: bool = False
    """Whether programs need `IN_PLACE`."""
    prompt: str = ""
    reference: str | None = None

    @cached_property
    def calls(self) -> tuple[CandidateCall, ...] | None:
        """All calls that the tests make, in order; None where one of them cannot be known beforehand."""
        found: list[CandidateCall] = []
        for test in self.tests:
            match test:
                case AssertTest(calls=tuple(calls)):
                    found += calls
                case DataTest(call=call):
                    found.append(call)
                case RoomTest(transcript=tuple(transcript)):
                    found += [call for call, _ in transcript]
                case _:
                    return None
        return tuple(found)

    @cached_property
    def sent(self) -> tuple[Call, ...]:
        """`calls` as the sandbox makes them: together with those before them where that tells a program nothing.

        It would where an argument holds anything of what a test expects of a call that it would be sent with, whole, in
        part or as text, such as `next_prime(3) == 5` before `next_prime(5) == 7`, or may be made of that call's answer,
        as it may in test code.
        """
        found: list[Call] = []
        expected = Traces()
        for test in self.tests:
            for call, answers, alone in _asked(test):
                waits = alone or Traces(call.args, call.kwargs, call.in_place).tells_of(expected)
                if waits:
                    expected = Traces()
                expected.add(Traces(answers))
                found.append(as_call(self.entry_point, call, waits))
        return tuple(found)

    @cached_property
    def live(self) -> bool:
        """Whether some test can only be run beside the program."""
        return any(isinstance(test, RoomTest) and test.transcript is None for test in self.tests)

    @property
    def root(self) -> str:
        """The name that the entry point begins with: `Solution` of `Solution().twoSum`."""
        return self.entry_point.split(".", 1)[0].removesuffix("()")

    @cached_property
    def _specs(self) -> dict[int, Spec]:
        """By the number of the test, which is one of these."""
        return {}

    def spec(self, test: AssertTest | RoomTest) -> Spec:
        """`test` as the room runs it, worked out once."""
        if id(test) not in self._specs:
            self._specs[id(test)] = self._spec(test)
        return self._specs[id(test)]

    def _spec(self, test: AssertTest | RoomTest) -> Spec:
        text = test.source if isinstance(test, AssertTest) else test.text
        body = parse(text).body
        used = names_used(body)
        told = {name for name in set_as_globals(text) if name not in used or makes(self.reference or "", name)}
        found = (self.root, *sorted((used | told) - {self.root}))
        classes = tuple(name for name in found if asks_class(name, self.prompt, self.reference))
        operators = () if self.reference is not None else asked_operators(self.prompt, body, classes)
        modules = imported_as_program(body, self.root) | ({PROGRAM} if ".__module__" in text else set())
        uncalled = uncalled_tests(body, self.root)
        settable = tuple(sorted(told))
        own = tuple(sorted((names_looked_up(text)[1] & used) - told))
        return Spec(
            self.preamble,
            text,
            found,
            uncalled,
            classes,
            tuple(operators),
            modules=tuple(sorted(modules)),
            settable=settable,
            own=own,
        )


def _asked(test: Test) -> Iterator[tuple[CandidateCall, Sequence[object], bool]]:
    """Each call of a test, what is expected of it, and whether it has to wait for the one before."""
    match test:
        case AssertTest(calls=tuple(calls)):
            yield from ((call, test.stated, False) for call in calls)
        case DataTest():
            yield test.call, (normalise(test.expected),), False
        case RoomTest(transcript=tuple(transcript)):
            yield from ((call, (answer,), not test.independent) for call, answer in transcript)


def as_call(entry_point: str, call: CandidateCall, waits: bool = True) -> Call:
    """`call` as the sandbox makes it."""
    if call.in_place is not None:
        return Call(IN_PLACE, (call.in_place,), waits=waits)
    return Call(entry_point, call.args, call.kwargs, waits=waits)


def read_suite(problem: Problem) -> Suite:
    """The tests of `problem`; none where it has none. Raises `DataError` naming the problem and the test."""
    extra = problem.extra
    entry_point, tests = extra.get("entry_point"), extra.get("tests") or []
    script = extra.get("kind", "function") == "script"
    if not isinstance(tests, Sequence) or isinstance(tests, str):
        raise DataError(f"Problem {problem.id!r}: extra['tests'] holds {type(tests).__name__}, not a list.")
    if not script and not isinstance(entry_point, str):
        raise DataError(f"Problem {problem.id!r}: extra['entry_point'] is missing, so nothing can be called.")
    preamble, setup = _text(extra, "preamble"), _text(extra, "setup")
    if not script:
        root = str(entry_point).split(".", 1)[0].removesuffix("()")
        tests = together(tests, root, (preamble, setup, problem.reference or ""))
    reader = _Reader(problem.id, "" if script else str(entry_point), preamble, tests)
    found = [test for number, raw in enumerate(tests, 1) for test in reader.read(raw, number)]
    if any(isinstance(test, ScriptTest) is not script for test in found):
        raise DataError(f"Problem {problem.id!r}: tests of functions and of programs cannot be mixed.")
    return Suite(
        reader.entry_point,
        tuple(found),
        preamble,
        setup,
        float(cast(float, extra.get("tolerance") or 0.0)),
        None if extra.get("limit_s") is None else float(cast(float, extra["limit_s"])),
        script,
        reader.in_place,
        problem.prompt,
        problem.reference,
    )


def _text(extra: Mapping[str, JSON], key: str) -> str:
    return str(extra.get(key) or "")


class _Reader:
    """Reads raw tests; remembers whether any of them needs the candidate's program to make its arguments."""

    def __init__(self, problem_id: str, entry_point: str, preamble: str, tests: Sequence[JSON]) -> None:
        self.problem_id, self.entry_point, self.preamble = problem_id, entry_point, preamble
        self.in_place = False
        try:
            self._known = defined_names(preamble)
        except SyntaxError as error:
            raise DataError(f"Problem {problem_id!r}: its preamble is no Python: {error}") from None
        self._parsed = parse_lines([test for test in tests if isinstance(test, str)])

    def read(self, raw: JSON, number: int) -> list[Test]:
        match raw:
            case str():
                return self._statements(raw, number)
            case {"stdin": str(stdin), "stdout": str(stdout)}:
                return [ScriptTest(f"input {shown(stdin, 120)} must print {shown(stdout, 120)}", stdin, stdout)]
            case {"args": list(args), "expected": expected}:
                text = f"assert {_call_text(self.entry_point, args)} == {shown(expected)}"
                return [DataTest(text, CandidateCall(tuple(cast("list[Plain]", args))), cast(Plain, expected))]
            case {"args": list(args)}:
                return [
                    DataTest(
                        data_text(self.entry_point, args),
                        CandidateCall(tuple(cast("list[Plain]", args))),
                        by_reference=True,
                    )
                ]
        raise DataError(f"Problem {self.problem_id!r}: test {number} has none of the known forms: {shown(raw, 120)}")

    def _statements(self, text: str, number: int) -> list[Test]:
        try:
            body = self._parsed.get(text) or parse(text).body
        except SyntaxError as error:
            raise DataError(f"Problem {self.problem_id!r}: test {number} is no Python: {error}") from None
        match body:
            case [ast.Assert(test=expression)]:
                try:
                    compiled = compile_expression(expression, self.entry_point, self._known)
                except NotPlainError:
                    return self._room(text, body)
                if compiled.calls == ():
                    return []
                self.in_place |= compiled.in_place
                return [AssertTest(text, compiled.term, compiled.calls, compiled.stated)]
        return self._room(text, body)

    def _room(self, text: str, body: Sequence[ast.stmt]) -> list[Test]:
        root = self.entry_point.split(".", 1)[0].removesuffix("()")
        looked_up, made = names_looked_up(text)
        used = names_used(body)
        unknown = (used & looked_up) - made - self._known
        # A name that the test makes for itself somewhere is the candidate's where it is looked up before, or elsewhere.
        about = root in looked_up or bool(imported_as_program(body, root))
        if not (unknown or about or any(argument for _, argument in uncalled_tests(body, self.entry_point))):
            return []  # `assert True` says nothing about the candidate
        asserts = [node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Assert)]
        recorded = unknown == {self.entry_point} and is_about_values(body) and not uncalled_tests(body, "")
        return [RoomTest(text, all(_asks_equality(node.test) for node in asserts), recorded=recorded)]


def _asks_equality(expression: ast.expr) -> bool:
    match expression:
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            exact = all(isinstance(op, ast.Eq | ast.Is) for op in ops)
            return exact and all(isinstance(side, ast.Constant) or _is_exact(side) for side in (left, *comparators))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _asks_equality(operand)
        case ast.Call(func=func):
            return ast.unparse(func) != "math.isclose"
    return False


_MODULES: Final = frozenset(
    {"bisect", "collections", "copy", "functools", "heapq", "itertools", "math", "operator", "random", "re", "string",
     "typing", "decimal", "fractions", "datetime", "statistics", "numbers"}
)  # fmt: skip
_LOOKING: Final = frozenset(
    {"id", "open", "input", "globals", "locals", "vars", "eval", "exec", "compile", "__import__", "isinstance", "type",
     "hasattr", "getattr", "callable", "dir", "print", "iter", "next"}
)  # fmt: skip


def is_about_values(body: Sequence[ast.stmt]) -> bool:
    """Whether test code can see nothing of a call but its value, and its arguments, which is found out otherwise."""
    for node in (node for statement in body for node in ast.walk(statement)):
        match node:
            case ast.Import(names=names) if any(alias.name.split(".")[0] not in _MODULES for alias in names):
                return False
            case ast.ImportFrom(module=module) if (module or "").split(".")[0] not in _MODULES:
                return False
            case ast.Name(id=name) if name in _LOOKING:
                return False
            case ast.Compare(ops=ops, comparators=sides):
                for op, side in zip(ops, sides, strict=True):
                    if isinstance(op, ast.Is | ast.IsNot) and not isinstance(side, ast.Constant):
                        return False
            case ast.Try() | ast.With() | ast.AsyncFunctionDef() | ast.Await():
                return False
    return True


def _is_exact(side: ast.expr) -> bool:
    """Whether the side of a comparison is the answer itself, not something that several answers share."""
    return not any(isinstance(node, ast.Call) and ast.unparse(node.func) in _LOSSY for node in ast.walk(side))


def data_text(entry_point: str, args: Sequence[JSON]) -> str:
    """What a test says whose expected answer is the reference's."""
    return f"{_call_text(entry_point, args)} must give what the reference gives"


def _call_text(entry_point: str, args: Sequence[JSON]) -> str:
    return f"{entry_point}({', '.join(shown(argument, 200) for argument in args)})"
