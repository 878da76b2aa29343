"""Measure a gap: student, resampling control, self-teachers and bare retry on a pilot sample, before any training.

It is the loop's own work, through the loop's own arrows, with the draws that a run of the same seed makes: the
student's samples are the first attempts of every recipe that goes in rounds, the retries those of bare retry, the
baseline every recipe's evaluation before. What is measured here is not sampled again by the runs that follow, and what
they have sampled is not sampled here. An on-policy recipe names its draws by refresh, and shares the baseline alone.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from pidistill import loop
from pidistill.arrows.inform import inform
from pidistill.arrows.keep import keep_problems
from pidistill.arrows.rollout import Ask, rollout
from pidistill.arrows.verify import verify
from pidistill.arrows.where import Where
from pidistill.cell import Cell, sampling
from pidistill.checks import before_sampling
from pidistill.config import RunConfig
from pidistill.contracts import Needs
from pidistill.groups import about_each, about_problems, by_problem
from pidistill.law.gaps import FormGap, Gap, Speaker, difference, path_diversity, share, speaker
from pidistill.pi import feedback
from pidistill.plugins import Manager
from pidistill.progress import Progress
from pidistill.records import Attempt, Problem, content_hash
from pidistill.stats.clusters import cluster_of
from pidistill.stats.intervals import Estimate
from pidistill.store.ledger import ledger, totals
from pidistill.store.store import Store
from pidistill.suite.parts import check_names, open_parts
from pidistill.suite.resolve import confine, model_label, resolve
from pidistill.turns import Steps, Turn

NOTHING = Estimate(0.0, 0.0, None, -1.0, 1.0, 1.0, "no variation seen")


def measure_gap(
    config: RunConfig, forms: Sequence[str], problems: int, samples: int, progress: Progress, manager: Manager
) -> Gap:
    """The gap of each of `forms` on the first `problems` training problems. `config` is a run of bare retry.

    Raises `PidistillError` for what cannot be run; what was sampled until then is in the store.
    """
    check_names(config, manager)
    for text in forms:
        manager.pi_form(text, config.domain)
    seed, name = config.seeds[0], gap_name(config, forms, problems, samples)
    (resolved,) = confine([resolve(config, manager)], manager)
    with Store(config.store) as store, open_parts(resolved, manager, store, progress) as parts:
        bare = parts.cell(resolved, seed, name)
        own = {text: manager.pi_form(text, config.domain) for text in forms}
        # A measurement is made whole each time, of records found by content: what it once began with binds nothing.
        cell = replace(bare, forms={**bare.forms, **own}, renew=True)
        before_sampling(cell)
        began = time.monotonic()
        with store.cell(cell.id, cell.settings()):
            cell.begin()
            keep_problems(cell)
            paid = _paid(cell)
            found = Pilot(cell, cell.train_problems[:problems], samples).measure(forms)
        made = _paid(cell) - paid
        settings = {
            "temperature": f"{resolved.sampling.temperature:g}",
            "max_tokens": str(resolved.sampling.max_tokens),
        }
        return replace(
            found, seconds=time.monotonic() - began, tokens_made=made, settings=settings,
            model=model_label(resolved.model.name),
        )  # fmt: skip


def gap_name(config: RunConfig, forms: Sequence[str], problems: int, samples: int) -> str:
    """What a measurement is called, before anything is opened: its file in the store, and its cell in the ledger."""
    digest = content_hash("gap", config.identity(), config.seeds[0], list(forms), problems, samples)[:12]
    return f"gap-{config.domain}-s{config.seeds[0]}-{digest}"


class Pilot:
    """One measurement: the pilot problems and who is sampled on them."""

    def __init__(self, cell: Cell, problems: Sequence[Problem], samples: int) -> None:
        self.cell, self.problems, self.samples = cell, problems, samples
        self.ids = [problem.id for problem in problems]
        alone = cell.domain.drawn_independently(cell.config.data.train.source())
        self.clusters = {problem.id: cluster_of(problem, alone) for problem in problems}
        (self.stage,) = cell.config.stages
        twice = self.stage.rollouts.model_copy(update={"samples": 2 * samples, "retries": 1, "rounds": 1})
        self.stage = self.stage.model_copy(update={"rollouts": twice})
        self.turn = Turn(self.stage.name, 1, "round 1", None, False, Steps(None), iter(problems), 2 * samples)

    def measure(self, forms: Sequence[str]) -> Gap:
        cell, base = self.cell, self.cell.base
        where, count = self.turn.where("first attempts"), 2 * self.samples
        drawn = by_problem(loop.first_attempts(cell, base, self.stage, self.turn, where, self.problems, count))
        student = [a for each in drawn.values() for a in each[: self.samples]]
        control = [a for each in drawn.values() for a in each[self.samples :]]
        firsts = [each[0] for each in drawn.values()]
        retries = loop.retries(cell, base, self.stage, self.turn, firsts)
        before = loop.evaluate(cell, base, cell.config.evaluate, Where("", 0, "evaluate before"))
        of_student, of_control = _scores(student), _scores(control)
        gaps = tuple(self._form(text, student, firsts, control) for text in forms)
        judged = [a.verdict.passed for a in before if a.verdict.status.judged]
        tried = [a.verdict.passed for a in retries if a.verdict.status.judged]
        passing = defaultdict[str, list[str]](list)
        for attempt in (*student, *control):
            if attempt.verdict.passed:
                passing[attempt.problem.id].append(attempt.rollout.completion)
        everything = _scores([*student, *control])
        sometimes = [0 < sum(scores) < len(scores) for scores in everything.values() if scores]
        return Gap(
            cell=cell.id, domain=cell.config.domain, model="", revision=base.revision, seed=cell.seed,
            problems=len(self.problems), train_problems=len(cell.train_problems), samples=self.samples,
            student=_speaker(student), control=_speaker(control),
            resampling=difference(of_control, of_student, self.ids, self.clusters, self.ids) or NOTHING,
            forms=gaps,
            baseline=share(sum(judged), len(judged)),
            baseline_rate=sum(judged) / len(judged) if judged else None,
            held_out=len(judged),
            retries=len(tried), retries_passed=sum(tried), retry_yield=share(sum(tried), len(tried)),
            frontier=sum(sometimes) / len(sometimes) if sometimes else 0.0,
            diversity=path_diversity(passing), seconds=0.0, tokens_made=0,
        )  # fmt: skip

    def _form(self, text: str, student: list[Attempt], firsts: list[Attempt], control: list[Attempt]) -> FormGap:
        """One self-teacher: the same weights and decoding, and the form's PI in the prompt."""
        cell, form = self.cell, self.cell.forms[text]
        where = self.turn.where("teacher attempts")
        if _of_an_attempt(form.needs):
            abouts = about_each(cell, form, firsts, student)
        else:
            abouts = about_problems(cell, form, self.problems)
        told = inform(cell, cell.base, self.stage, where, form, abouts)
        asks = list[Ask]()
        for problem, pi in zip(self.problems, told, strict=True):
            if pi is not None:
                messages = feedback.teach(cell.domain.prompt(problem), pi).messages
                for sample in range(self.samples):
                    draw = sampling(cell, self.stage.sampling, "teacher", problem.id, self.turn.label, sample)
                    asks.append(Ask(problem, messages, draw, pi_ids=(pi.digest(),)))
        attempts = verify(cell, where, rollout(cell, cell.base, where, asks, "teacher"))
        reached = [problem.id for problem, pi in zip(self.problems, told, strict=True) if pi is not None]
        scores = _scores(attempts)
        against = {"gap": _scores(student), "net": _scores(control)}
        wide = {name: difference(scores, other, self.ids, self.clusters, reached) for name, other in against.items()}
        own = {name: difference(scores, other, reached, self.clusters, reached) for name, other in against.items()}
        plain = {a.problem.id: a.rollout.prompt_tokens for a in student}
        longer = [a.rollout.prompt_tokens - plain[a.problem.id] for a in attempts]
        return FormGap(
            text, form.reveals.value, len(reached), _speaker(attempts) if attempts else None,
            wide["gap"] or NOTHING, own["gap"], wide["net"] or NOTHING, own["net"],
            sum(longer) / len(longer) if longer else 0.0, form.placebo_for or "",
        )  # fmt: skip


def _paid(cell: Cell) -> int:
    """Completion tokens that this measurement has sampled until now, in this process or an earlier one."""
    return totals(ledger(cell.store, [cell.id]), cell.id).completion_tokens_made


def _of_an_attempt(needs: Needs) -> bool:
    """Whether a form may look at attempts: then it is asked about the first of each problem."""
    return needs.rollout or needs.attempt or needs.diagnostics or needs.sibling


def _scores(attempts: Sequence[Attempt]) -> dict[str, list[float]]:
    found = defaultdict[str, list[float]](list)
    for attempt in attempts:
        if attempt.verdict.status.judged:
            found[attempt.problem.id].append(float(attempt.verdict.passed))
    return dict(found)


def _speaker(attempts: Sequence[Attempt]) -> Speaker:
    scores = _scores(attempts)
    unjudged = sum(not attempt.verdict.status.judged for attempt in attempts)
    return speaker(scores, unjudged, [len(attempt.rollout.token_ids) for attempt in attempts])
