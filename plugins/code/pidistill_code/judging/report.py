"""A run's failing tests and error as text: what a verdict's diagnostics say, and how PI forms take it apart again.

    Failing tests (2 of 6):
    assert f([1, 2]) == 3  # got 4
    assert f([]) == 0  # raised IndexError: list index out of range

    Error:
    line 2, in f
        return xs[0]
    IndexError: list index out of range

Answers are shown as Python writes plain values, on one line, so the first empty line ends the tests whatever the
candidate returned or raised. Line numbers are those of the candidate's own code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pidistill.sandbox import Raised
from pidistill_code.judging.judge import Result, Run, raised_text

_TESTS: Final = "Failing tests"
_ERROR: Final = "Error:"
_MOST_TESTS: Final = 5
_LONGEST_TRACE: Final = 2_000
_LINE = re.compile(r"^line (\d{1,9})\b", re.MULTILINE)


def diagnostics(run: Run, first_line: int) -> str:
    """What a failed run has to say. `first_line`: the line of the program where the candidate's code begins."""
    parts = []
    failing = [result for result in run.results if not result.passed]
    if failing:
        more = len(failing) - _MOST_TESTS
        lines = [f"{_TESTS} ({len(failing)} of {run.total}):", *map(_line, failing[:_MOST_TESTS])]
        parts.append("\n".join([*lines, f"... and {more} more"] if more > 0 else lines))
    raised = _first_raised(run, failing)
    if raised is not None:
        parts.append(f"{_ERROR}\n{trace(raised, first_line)}")
    return "\n\n".join(parts)


def split_diagnostics(text: str) -> tuple[str, str]:
    """(failing tests, error) of what `diagnostics` wrote; '' for what is not there."""
    tests, _, rest = text.partition("\n\n")
    if not tests.startswith(_TESTS):
        return "", text.removeprefix(f"{_ERROR}\n")
    return tests, rest.removeprefix(f"{_ERROR}\n")


def trace(raised: Raised, first_line: int) -> str:
    """The frames within the candidate's own lines, then the exception."""

    def renumbered(match: re.Match[str]) -> str:
        return f"line {max(1, int(match[1]) - first_line + 1)}"

    return (_LINE.sub(renumbered, raised.traceback) + raised_text(raised))[-_LONGEST_TRACE:]


def _line(result: Result) -> str:
    text = result.test.text.strip().replace("\n\n", "\n")
    note = " ".join(result.got.split("\n"))[:400]
    return f"{text}  # {note}" if note else text


def _first_raised(run: Run, failing: Sequence[Result]) -> Raised | None:
    if not run.outcome.loaded.ok and run.outcome.loaded.raised is not None:
        return run.outcome.loaded.raised
    return next((result.raised for result in failing if result.raised is not None), None)
