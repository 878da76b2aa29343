"""The oracle check: does a verifier pass the references and nothing that is obviously not an answer?

Four questions about every problem. Its own reference, as the domain turns it into a completion, must pass. The
reference of the problem before it must not. Empty text and the prompt itself must not. What deviates is listed with its
reason; an ABSTAIN or an ERROR is listed too and never counts as a pass. Two problems may share an answer: where the
references are the same text, or each passes for the other, that is a coincidence, and listed apart.

The check is domain-free and reads no files; `pidistill verify DOMAIN --oracle` prints what it returns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pidistill.contracts import Domain
from pidistill.records import Problem, Status, Verdict
from pidistill.verify.pool import VerifierPool


class Question(StrEnum):
    """What was submitted to a problem."""

    REFERENCE = "its own reference"
    OTHER = "another problem's reference"
    EMPTY = "empty text"
    ECHO = "the prompt itself"


@dataclass(frozen=True)
class Finding:
    """One submission worth a line: a deviation, or a coincidence."""

    question: Question
    problem_id: str
    other_id: str | None
    """With OTHER: the problem whose reference was submitted."""
    status: Status
    reason: str


@dataclass(frozen=True)
class OracleReport:
    """What the oracle check found. `ok` is what the exit status says."""

    domain: str
    identity: str
    """Of the verifier."""
    problems: int
    counts: dict[Question, dict[Status, int]]
    """How many submissions of each kind had each status."""
    unchecked: tuple[str, ...]
    """Ids of problems that the domain has no reference completion for. They count for nothing."""
    deviations: tuple[Finding, ...]
    coincidences: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Every reference passed or coincided, nothing else did, and there was something to check."""
        return not self.deviations and self.submitted(Question.REFERENCE) > 0

    def submitted(self, question: Question) -> int:
        """Submissions of this kind."""
        return sum(self.counts[question].values())

    def passed(self, question: Question) -> int:
        """Those of them that passed."""
        return self.counts[question].get(Status.PASS, 0)


@dataclass(frozen=True)
class _Submission:
    question: Question
    problem: Problem
    completion: str
    other: Problem | None = None


def check_oracle(
    domain: Domain,
    problems: Sequence[Problem],
    pool: VerifierPool,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> OracleReport:
    """Submit all four kinds for every problem. `progress` is called as (verdicts so far, verdicts in all).

    Each reference goes to the next problem that has one, the last one's to the first. Raises `VerifierError` as the
    pool does, and whatever the domain's `oracle` and `prompt` raise.
    """
    references = {index: text for index, p in enumerate(problems) if (text := domain.oracle(p)) is not None}
    submissions = list(_submissions(domain, problems, references))
    verdicts: list[Verdict | None] = [None] * len(submissions)
    for done, (index, verdict) in enumerate(pool.verify([(s.problem, s.completion) for s in submissions]), 1):
        verdicts[index] = verdict
        progress(done, len(submissions))
    judged = [(s, v) for s, v in zip(submissions, verdicts, strict=True) if v is not None]

    checked = {id(problems[index]) for index in references}
    deviations, suspicious = list[Finding](), list[_Submission]()
    for submission, verdict in judged:
        if submission.question is Question.OTHER and verdict.passed:
            suspicious.append(submission)
        elif _deviates(submission, verdict, id(submission.problem) in checked):
            deviations.append(_finding(submission, verdict))
    text_of = {id(problems[index]): text for index, text in references.items()}
    coincidences, false_passes = _settle(suspicious, text_of, pool)

    counts = {question: Counter(v.status for s, v in judged if s.question is question) for question in Question}
    return OracleReport(
        domain=domain.name,
        identity=pool.identity,
        problems=len(problems),
        counts={question: dict(count) for question, count in counts.items()},
        unchecked=tuple(p.id for index, p in enumerate(problems) if index not in references),
        deviations=tuple(deviations + false_passes),
        coincidences=tuple(coincidences),
    )


def _submissions(domain: Domain, problems: Sequence[Problem], references: dict[int, str]) -> Iterator[_Submission]:
    order = list(references)
    following = dict(zip(order, order[1:] + order[:1], strict=True)) if len(order) > 1 else {}
    for index, problem in enumerate(problems):
        if index in references:
            yield _Submission(Question.REFERENCE, problem, references[index])
        if index in following:
            yield _Submission(Question.OTHER, problems[following[index]], references[index], problem)
        yield _Submission(Question.EMPTY, problem, "")
        yield _Submission(Question.ECHO, problem, "\n\n".join(message.content for message in domain.prompt(problem)))


def _deviates(submission: _Submission, verdict: Verdict, checked: bool) -> bool:
    if submission.question is Question.REFERENCE:
        return not verdict.passed
    if not checked:  # nothing can be judged there, so only a pass is worth a line
        return verdict.passed
    return verdict.passed or not verdict.status.judged


def _settle(
    suspicious: Sequence[_Submission], text_of: dict[int, str], pool: VerifierPool
) -> tuple[list[Finding], list[Finding]]:
    """Split the references that passed for another problem into coincidences and false passes."""
    coincidences, false_passes, asked = list[Finding](), list[Finding](), list[_Submission]()
    for submission in suspicious:
        assert submission.other is not None
        if _same_text(submission.problem.reference, submission.other.reference):
            coincidences.append(_passing(submission, "the references are the same text"))
        else:
            asked.append(submission)
    back = [(s.other, text_of[id(s.problem)]) for s in asked if s.other is not None]
    for submission, verdict in zip(asked, pool.verify_all(back), strict=True):
        if verdict.passed:
            coincidences.append(_passing(submission, "each reference passes for the other problem"))
        else:
            false_passes.append(_passing(submission, f"it passes, but the other way round is {verdict.status}"))
    return coincidences, false_passes


def _same_text(first: str | None, second: str | None) -> bool:
    return first is not None and second is not None and first.split() == second.split()


def _finding(submission: _Submission, verdict: Verdict) -> Finding:
    other = submission.other.id if submission.other is not None else None
    reason = verdict.reason or (f"extracted {verdict.answer!r:.200}" if verdict.answer is not None else "")
    return Finding(submission.question, submission.problem.id, other, verdict.status, reason)


def _passing(submission: _Submission, why: str) -> Finding:
    other = submission.other.id if submission.other is not None else None
    return Finding(submission.question, submission.problem.id, other, Status.PASS, why)
