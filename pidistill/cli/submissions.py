"""Submissions in and verdicts out, as JSON lines, for `pidistill verify`.

A submission is `{"problem_id": ..., "completion": ...}` with the problem in the data file, or carries its own problem
as `{"problem": {...}, "completion": ...}`. A verdict's line holds the problem's id and the verdict's fields.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pidistill.errors import DataError, RecordError, did_you_mean
from pidistill.records import JSON, Problem, Status, Verdict

FIELDS = frozenset({"problem_id", "problem", "completion"})


@dataclass(frozen=True)
class Submission:
    """One completion of one problem, as a person handed it in."""

    problem: Problem
    completion: str


def read_submissions(path: Path, problems: Mapping[str, Problem], domain: str) -> list[Submission]:
    """The submissions in a JSONL file, in order. Raises `DataError` naming file and line."""
    try:
        with existing(path).open(encoding="utf-8") as lines:
            return [
                parse_submission(text, problems, domain, f"{path}, line {number}")
                for number, text in enumerate(lines, 1)
                if text.strip()
            ]
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: {error.reason} at byte {error.start}.") from None


def existing(path: Path) -> Path:
    """`path`, if it is a file. Raises `DataError` with the nearest name in its folder."""
    if path.is_file():
        return path
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder, not a file.")
    names = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
    folder = "" if path.parent.is_dir() else f" There is no folder {str(path.parent)!r}."
    raise DataError(f"No file {str(path)!r}.{folder}{did_you_mean(path.name, names)}", "Give a file that exists.")


def parse_submission(text: str, problems: Mapping[str, Problem], domain: str, where: str) -> Submission:
    """The submission in one line of JSON. Raises `DataError` that begins with `where`."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON: {error}.") from None
    if not isinstance(row, dict):
        raise DataError(f"{where}: expected an object with a completion, got {type(row).__name__}.")
    if unknown := sorted(set(row) - FIELDS):
        raise DataError(f"{where}: unknown field {unknown[0]!r}.{did_you_mean(unknown[0], FIELDS)}")
    completion = row.get("completion")
    if not isinstance(completion, str):
        raise DataError(f"{where}: 'completion' must be text, got {type(completion).__name__}.")
    if "problem" in row:
        return Submission(_own_problem(row["problem"], domain, where), completion)
    name = row.get("problem_id")
    if not isinstance(name, str):
        raise DataError(f"{where}: needs 'problem_id' (text), or 'problem' (an object).")
    if name not in problems:
        hint = "Give the file that has it: --data FILE" if not problems else ""
        raise DataError(f"{where}: no problem {name!r} in the data.{did_you_mean(name, problems)}", hint)
    return Submission(problems[name], completion)


def _own_problem(data: JSON, domain: str, where: str) -> Problem:
    if not isinstance(data, dict):
        raise DataError(f"{where}: 'problem' must be an object, got {type(data).__name__}.")
    try:
        problem = Problem.from_json({"domain": domain, **data})
    except RecordError as error:
        raise DataError(f"{where}: {error}.") from None
    if problem.domain != domain:
        raise DataError(f"{where}: the problem is of domain {problem.domain!r}, not {domain!r}.")
    return problem


def verdict_line(submission: Submission, verdict: Verdict) -> str:
    """One line of JSON, without its line end."""
    return json.dumps({"problem_id": submission.problem.id, **verdict.to_json()})


def summarise(verdicts: Sequence[Verdict]) -> str:
    """Counts by status and the pass rate; where verdicts are ERROR, also the rate's worst and best bounds."""
    counts = Counter(verdict.status for verdict in verdicts)
    return f"{_counts(counts)}; {_rate(counts)}"


def _counts(counts: Mapping[Status, int]) -> str:
    shown = [f"{status} {counts[status]}" for status in Status if counts.get(status)]
    return ", ".join(shown) if shown else "no submissions"


def _rate(counts: Mapping[Status, int]) -> str:
    passed = counts.get(Status.PASS, 0)
    judged = sum(count for status, count in counts.items() if status.judged)
    errors = counts.get(Status.ERROR, 0)
    if not judged + errors:
        return "pass rate: nothing could be judged"
    rate = f"pass rate {passed}/{judged}" + (f" = {passed / judged:.2%}" if judged else "")
    if not errors:
        return rate
    worst, best = passed / (judged + errors), (passed + errors) / (judged + errors)
    return f"{rate}, between {worst:.2%} and {best:.2%} had the errors been judged"


def index_problems(problems: Iterable[Problem], where: str) -> dict[str, Problem]:
    """Problems by id. Raises `DataError` where two share one."""
    found: dict[str, Problem] = {}
    for problem in problems:
        if problem.id in found:
            raise DataError(f"{where}: two problems have the id {problem.id!r}.")
        found[problem.id] = problem
    return found
