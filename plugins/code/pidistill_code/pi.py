"""The code domain's PI forms: what its tests are, and what they said of an attempt.

| form | what is told | reveals |
|---|---|---|
| `failing-tests` | the tests that failed, with what was expected and what came | diagnostic |
| `error-trace` | the exception, in the attempt's own lines | diagnostic |
| `test-run` | the whole output of the test run, passed or failed | diagnostic |
| `all-tests` | all tests | tests |
| `shuffled-tests` | another problem's tests, of the same length | nothing; placebo for `all-tests` |

The bare failure bit is the core's `bare-retry`. Lengths are matched in characters, to whole tests, because a form has
no tokenizer: of the other problems' tests the longest run that fits is taken, from a problem whose tests are about as
long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pidistill.contracts import About, Needs, PIForm
from pidistill.records import JSON, PI, Problem, Reveals, Status
from pidistill_code.judging.report import split_diagnostics

_LONGEST: Final = 4_000
"""Characters of tests that are told. Contest problems have megabytes of them."""
_NEAR: Final = 0.1
"""Share by which a placebo's tests may be longer or shorter before they are cut to fit."""


@dataclass(frozen=True)
class FailingTests(PIForm):
    """The tests that failed, each with what came instead of what was expected."""

    name = "failing-tests"
    needs = Needs(rollout=True, diagnostics=True)
    reveals = Reveals.DIAGNOSTIC

    def render(self, about: About) -> PI | None:
        """None where no test failed by itself: the program does not load, or there is no code."""
        tests, _ = split_diagnostics(about.verdict.diagnostics)
        return self.pi(f"{tests}\n", about.problem.id, about.rollout.id) if tests else None


@dataclass(frozen=True)
class ErrorTrace(PIForm):
    """The exception that the attempt raised, and where."""

    name = "error-trace"
    needs = Needs(rollout=True, diagnostics=True)
    reveals = Reveals.DIAGNOSTIC

    def render(self, about: About) -> PI | None:
        """None where nothing was raised: the answers were only wrong."""
        _, error = split_diagnostics(about.verdict.diagnostics)
        return self.pi(f"It ended with this error:\n{error}\n", about.rollout.id) if error else None


@dataclass(frozen=True)
class TestRun(PIForm):
    """What the test run printed, whether the attempt passed or not (the context of code OPSD)."""

    __test__ = False
    name = "test-run"
    needs = Needs(attempt=True)
    reveals = Reveals.DIAGNOSTIC

    def render(self, about: About) -> PI | None:
        """None where the attempt could not be judged."""
        verdict = about.verdict
        if not verdict.status.judged:
            return None
        said = "All tests pass." if verdict.status is Status.PASS else verdict.diagnostics or verdict.reason
        return self.pi(f"The tests of an attempt:\n{said}\n", about.problem.id, about.rollout.id)


@dataclass(frozen=True)
class AllTests(PIForm):
    """All tests that decide the verdict."""

    name = "all-tests"
    reveals = Reveals.TESTS

    def render(self, about: About) -> PI | None:
        """None where the problem has no tests."""
        text = _tests_text(about.problem, _LONGEST)
        return self.pi(_told(text), about.problem.id) if text else None


@dataclass(frozen=True)
class ShuffledTests(PIForm):
    """Another problem's tests, cut to the length of this one's: the same words about nothing."""

    name = "shuffled-tests"
    needs = Needs(peers=True)
    reveals = Reveals.NOTHING
    placebo_for = "all-tests"

    def render(self, about: About) -> PI | None:
        """None where the problem has no tests, or no other problem has tests that are not also its own."""
        own = _tests_text(about.problem, _LONGEST)
        wanted = len(own)
        if not wanted:
            return None
        others = [(p, _tests_text(p, 2 * _LONGEST)) for p in about.others]
        others = [(p, text) for p, text in others if text and not set(text.split("\n")) & set(own.split("\n"))]
        if not others:
            return None
        near = [(p, text) for p, text in others if abs(len(text) - wanted) <= _NEAR * wanted]
        longer = [(p, text) for p, text in others if len(text) > wanted]
        if near or longer:
            other, text = about.rng.choice(near or longer)
            sources = [other]
            text = _cut(text.split("\n"), round(wanted * (1 + _NEAR)))
        else:  # all others are shorter: the longest of them, and more until the length is there
            about.rng.shuffle(others)
            others.sort(key=lambda entry: -len(entry[1]))
            sources, lines = [], list[str]()
            for other, more in others:
                sources.append(other)
                lines += more.split("\n")
                if len("\n".join(lines)) >= wanted * (1 - _NEAR):
                    break
            text = _cut(lines, round(wanted * (1 + _NEAR)))
        return self.pi(_told(text), *(other.id for other in sources))


def _told(tests: str) -> str:
    return f"The tests:\n{tests}\n"


def _tests_text(problem: Problem, most: int) -> str:
    """The problem's tests, one after the other, whole ones up to `most` characters."""
    tests = problem.extra.get("tests")
    if not isinstance(tests, list):
        return ""
    return _cut([_test_text(problem, test) for test in tests], most)


def _test_text(problem: Problem, test: JSON) -> str:
    match test:
        case str():
            return test
        case {"args": list(args), "expected": expected}:
            return f"assert {problem.extra.get('entry_point')}({', '.join(map(repr, args))}) == {expected!r}"
        case {"stdin": stdin, "stdout": stdout}:
            return f"input {stdin!r} prints {stdout!r}"
    return ""


def _cut(lines: Sequence[str], most: int) -> str:
    """As many whole lines as fit into `most` characters; the first one is cut if even that does not fit."""
    kept, length = list[str](), 0
    for line in lines:
        if line and length + len(line) > most and kept:
            break
        if line:
            kept.append(line[:most])
            length += len(line) + 1
    return "\n".join(kept)
