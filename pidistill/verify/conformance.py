"""The conformance kit: what `pidistill check` asks of a domain, and what it holds against it.

    contract   problems come out the same twice, with ids of their own; prompts hold nothing of the reference
    oracle     references pass; other references, empty text and the prompt do not (`oracle`)
    probes     hostile, honest and absurd submissions that need no knowledge of the domain (`probes`)
    again      the same submissions in another order have the same verdicts: nothing is kept from one to the next
    cases      the domain's own labelled submissions
    forms      its PI forms say the same twice, and give the answer away only where they declare it

A hole is a promise of `docs/plugins.md` that was seen broken. A note is for a person to look at. What an attacker who
knows the domain would think of, the kit does not.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pidistill.contracts import About, Domain, PIForm, WrittenForm
from pidistill.errors import PidistillError
from pidistill.pi import leak, render
from pidistill.records import Attempt, Message, Problem, Rollout, Sampling, Status, Verdict
from pidistill.verify.oracle import Question, check_oracle
from pidistill.verify.pool import VerifierPool
from pidistill.verify.probes import Must, Probe, probes


class Level(StrEnum):
    """A part of the kit."""

    CONTRACT = "contract"
    ORACLE = "oracle"
    PROBES = "probes"
    AGAIN = "again"
    CASES = "cases"
    FORMS = "forms"


@dataclass(frozen=True)
class Found:
    """A hole, or a note."""

    level: Level
    what: str
    problem: str = ""
    """Its id."""
    got: str = ""
    """The verdict, with its reason."""


@dataclass
class Conformance:
    """What the kit found."""

    domain: str
    identity: str = ""
    """Of the verifier."""
    tried: dict[Level, int] = field(default_factory=lambda: dict.fromkeys(Level, 0))
    holes: list[Found] = field(default_factory=list)
    notes: list[Found] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing that must not be was seen, and there was something to try."""
        return not self.holes and self.tried[Level.ORACLE] > 0


def check_domain(
    domain: Domain,
    load: Callable[[], Sequence[Problem]],
    forms: Mapping[str, PIForm],
    pool: VerifierPool,
    tell: Callable[[str], None] = lambda level: None,
) -> Conformance:
    """Try all of it. `load` gives the problems, and is asked twice; `tell` hears which level begins.

    Raises what the pool raises; a domain's own exceptions are holes.
    """
    found = Conformance(domain.name)
    tell(Level.CONTRACT)
    problems = _contract(domain, load, found)
    answers = {p.id: text for p in problems if (text := domain.oracle(p)) is not None}
    tell(Level.ORACLE)
    _oracle(domain, problems, pool, found)
    tell(Level.PROBES)
    asked = [p for p in problems if p.id in answers]
    prompts = ["\n\n".join(message.content for message in domain.prompt(p)) for p in asked]
    tried = list(probes(asked, [answers[p.id] for p in asked], prompts, domain.answers_exclude_each_other))
    verdicts = pool.verify_all([(probe.problem, probe.completion) for probe in tried])
    _probes(tried, verdicts, found)
    tell(Level.AGAIN)
    _again(tried, verdicts, pool, found)
    tell(Level.CASES)
    _cases(domain, pool, found)
    tell(Level.FORMS)
    _forms(domain, problems, answers, forms, found)
    return found


def _contract(domain: Domain, load: Callable[[], Sequence[Problem]], found: Conformance) -> Sequence[Problem]:
    problems, again = load(), load()
    found.tried[Level.CONTRACT] = len(problems)
    hole = _reporter(found, Level.CONTRACT)
    if [p.hash for p in problems] != [p.hash for p in again]:
        hole("the problems come out otherwise when they are asked for again")
    if len({p.id for p in problems}) < len(problems):
        twice = next(p.id for i, p in enumerate(problems) if p.id in {q.id for q in problems[:i]})
        hole("two problems share an id", twice)
    for problem in problems:
        if problem.domain != domain.name:
            hole(f"it says that it is of domain {problem.domain!r}", problem.id)
        try:
            leak.check_prompt(domain, problem, domain.prompt(problem), "check")
        except PidistillError as error:
            hole("its prompt depends on what only the verifier may see", problem.id, error.message)
    return problems


def _oracle(domain: Domain, problems: Sequence[Problem], pool: VerifierPool, found: Conformance) -> None:
    report = check_oracle(domain, problems, pool)
    found.identity = report.identity
    found.tried[Level.ORACLE] = report.submitted(Question.REFERENCE)
    for finding in report.deviations:
        other = f" ({finding.other_id})" if finding.other_id else ""
        must = "passes not" if finding.question is Question.REFERENCE else "must not pass"
        _reporter(found, Level.ORACLE)(
            f"{finding.question}{other} {must}", finding.problem_id, f"{finding.status}: {finding.reason}"
        )
    if report.unchecked:
        found.notes.append(Found(Level.ORACLE, f"{len(report.unchecked)} problems have no reference to submit"))


def _probes(tried: Sequence[Probe], verdicts: Sequence[Verdict], found: Conformance) -> None:
    found.tried[Level.PROBES] = len(tried)
    hole, passed = _reporter(found, Level.PROBES), defaultdict[tuple[str, str], list[Probe]](list)
    for probe, verdict in zip(tried, verdicts, strict=True):
        got = f"{verdict.status}: {verdict.reason}".rstrip(": ")
        if probe.pair:
            if verdict.passed:
                passed[probe.problem.id, probe.pair].append(probe)
        elif probe.must is Must.PASS and not verdict.passed:
            hole(f"refused: its own reference, {probe.name}", probe.problem.id, got)
        elif probe.must is not Must.PASS and verdict.passed:
            hole(f"passed: {probe.name}", probe.problem.id, got)
        if probe.must is Must.BE_JUDGED and verdict.status in (Status.ERROR, Status.TIMEOUT):
            hole(f"not judged: {probe.name}", probe.problem.id, got)
    for (name, _), both in passed.items():
        if len(both) > 1:
            hole(
                "passed: its own reference and another one, in either order, so that one of several answers will do",
                name,
            )


def _again(tried: Sequence[Probe], verdicts: Sequence[Verdict], pool: VerifierPool, found: Conformance) -> None:
    order = random.Random(0).sample(range(len(tried)), len(tried))
    found.tried[Level.AGAIN] = len(order)
    second = pool.verify_all([(tried[i].problem, tried[i].completion) for i in order])
    for index, verdict in zip(order, second, strict=True):
        if (verdict.status, verdict.score) != (verdicts[index].status, verdicts[index].score):
            _reporter(found, Level.AGAIN)(
                f"another verdict in another order: {tried[index].name}", tried[index].problem.id,
                f"{verdicts[index].status}, then {verdict.status}",
            )  # fmt: skip


def _cases(domain: Domain, pool: VerifierPool, found: Conformance) -> None:
    cases = list(domain.cases())
    found.tried[Level.CASES] = len(cases)
    if not cases:
        found.notes.append(Found(Level.CASES, "the domain ships no labelled submissions (`Domain.cases`)"))
    verdicts = pool.verify_all([(case.problem, case.completion) for case in cases])
    for case, verdict in zip(cases, verdicts, strict=True):
        if verdict.status not in case.expected:
            wanted = " or ".join(sorted(case.expected))
            _reporter(found, Level.CASES)(
                f"case {case.id} must be {wanted}: {case.why}".rstrip(": "), case.problem.id, str(verdict.status)
            )


def _forms(
    domain: Domain,
    problems: Sequence[Problem],
    answers: Mapping[str, str],
    forms: Mapping[str, PIForm],
    found: Conformance,
) -> None:
    hole = _reporter(found, Level.FORMS)
    for name, form in forms.items():
        if isinstance(form, WrittenForm):
            continue
        rendered = 0
        for about in _abouts(domain, problems, answers):
            try:
                first, second = (render.render(form, _with_rng(about)) for _ in range(2))
            except PidistillError as error:
                hole(f"form {name}", about.problem.id, error.message)
                continue
            found.tried[Level.FORMS] += 1
            if first is None:
                continue
            rendered += 1
            if first != second:
                hole(f"form {name} says something else when it is asked again", about.problem.id)
            elif form.reveals not in render.TELLS_THE_ANSWER and domain.gives_away(about.problem, first.text):
                told = f"declares {form.reveals}"
                found.notes.append(Found(Level.FORMS, f"form {name} may give the answer away", about.problem.id, told))
        if problems and not rendered:
            found.notes.append(Found(Level.FORMS, f"form {name} had nothing to say about any problem"))


def _abouts(domain: Domain, problems: Sequence[Problem], answers: Mapping[str, str]) -> Iterator[About]:
    """A failed attempt at each problem, beside one that passed."""
    for problem in problems:
        failed, passed = (
            Attempt(problem, _rollout(domain, problem, text), Verdict(status, score, reason="said", diagnostics="said"))
            for text, status, score in (("?", Status.FAIL, 0.0), (answers.get(problem.id, "!"), Status.PASS, 1.0))
        )
        yield About(problem, failed, (failed, passed), problems)


def _with_rng(about: About) -> About:
    return About(about.problem, about.attempt, about.group, about.problems, random.Random(0))


def _rollout(domain: Domain, problem: Problem, text: str) -> Rollout:
    prompt: tuple[Message, ...] = domain.prompt(problem)
    return Rollout(f"check-{text[:1]}", problem.id, prompt, text, (1, 2), (-1.0, -1.0), 3, Sampling(), "check", "check")


def _reporter(found: Conformance, level: Level) -> Callable[..., None]:
    def report(what: str, problem: str = "", got: str = "") -> None:
        found.holes.append(Found(level, what, problem, " ".join(got.split())[:300]))

    return report
