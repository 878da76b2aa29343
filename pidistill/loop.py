"""The core loop: rollout -> verify -> construct feedback / PI -> train -> evaluate. Start reading here.

A cell is one recipe on one domain with one model and one seed. `run_cell` is the whole of it, top to bottom; every
recipe of the project, from retry to on-policy self-distillation, is this loop with other settings:

    rollout    the engine completes prompts                       Problem  -> Rollout
    verify     the domain's verifier judges completions           Rollout  -> Verdict
    construct  PI forms make feedback, a selector chooses         Verdict  -> Feedback -> Rollout | Example
    learn      an objective turns examples into new weights       Example  -> ModelRef

A recipe is a sequence of stages, and a stage a sequence of turns: a round over all problems, or, for an on-policy
objective, the few problems between two refreshes. Each arrow (`pidistill.arrows`) looks into the store first and writes
down what it made before the next begins. So a killed run resumes by running again, and arms that ask for the same
rollouts pay for them once. The loop knows no domain, engine, form, selector or objective by name; `suite` chooses them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from pidistill import budget
from pidistill.arrows.inform import inform, views
from pidistill.arrows.keep import keep_problems
from pidistill.arrows.learn import learn
from pidistill.arrows.rollout import Ask, rollout
from pidistill.arrows.verify import verify
from pidistill.arrows.where import Where
from pidistill.cell import Cell, first_draw, sampling, seed_for
from pidistill.checks import before_sampling
from pidistill.config import EvaluateConfig, Stage
from pidistill.errors import StarvedError
from pidistill.groups import about_each, about_problems, chosen, unsolved
from pidistill.guards import Watch, check_base
from pidistill.outcome import Outcome, StageOutcome
from pidistill.pi import feedback, leak
from pidistill.records import Attempt, Example, Messages, ModelRef, Problem, Sampling
from pidistill.turns import Steps, Turn, turns


def run_cell(cell: Cell) -> Outcome:
    """Run, or resume, one cell.

    Raises `OverlapError`, `LeakError` or `UsageError` before anything is sampled, `StaleError` where the cell began
    with other parts, `StarvedError` where a stage finds nothing to train on for the steps that it was asked for, and
    `GuardError` where going on would be in vain.
    """
    before_sampling(cell)
    with cell.store.cell(cell.id, cell.settings()):
        cell.begin()
        cell.observe("pidistill_cell_started", cell=cell.settings())
        keep_problems(cell)
        before = evaluate(cell, cell.base, cell.config.evaluate, Where("", 0, "evaluate before"))
        check_base(cell, before)
        model, stages = cell.base, list[StageOutcome]()
        for stage in cell.config.stages:
            stages.append(run_stage(cell, model, stage))
            model = stages[-1].model
        return Outcome(cell.id, before, stages)


def run_stage(cell: Cell, start: ModelRef, stage: Stage) -> StageOutcome:
    """One stage: turns of gathering attempts, constructing examples and learning, then an evaluation of its own."""
    model, steps, watch = start, Steps.asked_by(cell, stage), Watch(cell, stage)
    attempts, count, began = list[Attempt](), 0, ""
    for turn in turns(cell, stage, steps):
        examples, made = list[Example](), list[Attempt]()
        while problems := turn.draw(len(examples)):
            fresh, of_teacher = gather(cell, model, stage, turn, problems)
            made += fresh
            examples += construct(cell, model, stage, turn, fresh, of_teacher)
        attempts += made
        watch.saw(turn.label, made, model)
        examples = examples[: turn.wanted]
        if examples:
            learnt = learn(cell, model, stage, turn.where("train"), examples, turn.goes_on and model != start)
            watch.trained(turn.label, learnt.metrics, model)
            model, began = learnt.model, began or learnt.start
            steps.taken += learnt.steps
            count += len(examples)
        elif steps.asked is None:
            cell.progress.note(f"{cell.id}: {turn.label}: nothing passed the filter, so the weights stay as they are")
    if steps.asked and not steps.taken:
        raise StarvedError(
            f"{cell.id}, stage {stage.name!r}: none of the {steps.asked} steps could be taken. {steps.drawn} problems "
            f"were drawn, {len(attempts)} attempts made, and the selector {stage.examples.keep!r} kept none of them.",
            "Take easier problems, a model that solves some, another selector (--set recipe.examples.keep=all), or "
            "draw more: --set train.draw_limit=32",
        )
    if steps.short:
        cell.progress.note(f"{cell.id}, stage {stage.name!r}: {steps}")
    after = evaluate(cell, model, stage.evaluate, Where(stage.name, 0, "evaluate after"))
    return StageOutcome(stage, attempts, count, steps, model, after, began)


def gather(
    cell: Cell, model: ModelRef, stage: Stage, turn: Turn, problems: Sequence[Problem]
) -> tuple[list[Attempt], list[Attempt]]:
    """The attempts on `problems`, first ones before retries, and the teacher's own where the recipe samples them."""
    where, settings = turn.where("first attempts"), stage.rollouts
    attempts = first_attempts(cell, model, stage, turn, where, problems, settings.samples)
    for number in itertools.count(1):
        if not (settings.matches and (more := budget.next_problems(cell, stage, problems, attempts))):
            break
        attempts += first_attempts(cell, model, stage, turn, turn.where(f"more attempts {number}"), more, 1)
    if settings.fresh:
        where = turn.where("fresh attempts")
        attempts += first_attempts(cell, model, stage, turn, where, unsolved(attempts), settings.fresh)
    attempts += retries(cell, model, stage, turn, attempts)
    return attempts, teacher_attempts(cell, model, stage, turn, problems)


def first_attempts(
    cell: Cell, model: ModelRef, stage: Stage, turn: Turn, where: Where, problems: Sequence[Problem], count: int
) -> list[Attempt]:
    """`count` completions of every problem's prompt, judged: the plain one, or with the PI that the recipe names."""
    asks = list[Ask]()
    for problem, (messages, pi_ids) in zip(problems, prompts(cell, model, stage, where, problems), strict=True):
        for _ in range(count):
            draw = first_draw(cell, stage, turn.label, problem, turn.next_draw(problem))
            asks.append(Ask(problem, messages, draw, pi_ids=pi_ids))
    return verify(cell, where, rollout(cell, model, where, asks))


def prompts(
    cell: Cell, model: ModelRef, stage: Stage, where: Where, problems: Sequence[Problem]
) -> list[tuple[Messages, tuple[str, ...]]]:
    """What first attempts see, with the keys of the PI in it: the plain prompt, and PI where the recipe says so."""
    plain = [cell.domain.prompt(problem) for problem in problems]
    if stage.rollouts.first_form is None:
        return [(prompt, ()) for prompt in plain]
    form = cell.forms[stage.rollouts.first_form]
    told = inform(cell, model, stage, where, form, about_problems(cell, form, problems))
    return [
        (prompt, ()) if pi is None else (feedback.teach(prompt, pi).messages, (pi.digest(),))
        for prompt, pi in zip(plain, told, strict=True)
    ]


def retries(cell: Cell, model: ModelRef, stage: Stage, turn: Turn, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Up to K more tries after each failure, each prompt holding the earlier failures and the PI about them."""
    settings, made = stage.rollouts, list[Attempt]()
    form = cell.forms[settings.retry_form]
    chains = [[a] for a in attempts if a.failed or (settings.revise and a.verdict.passed)]
    for number in range(1, settings.retries + 1):
        where = turn.where(f"retry {number}")
        failures = [attempt for chain in chains for attempt in chain]
        told = iter(inform(cell, model, stage, where, form, about_each(cell, form, failures, attempts)))
        asks, asked = list[Ask](), list[list[Attempt]]()
        for chain in chains:
            pis = [next(told) for _ in chain]
            known = [(a.rollout.completion, pi) for a, pi in zip(chain, pis, strict=True) if pi is not None]
            if len(known) == len(chain):
                first = chain[0]
                say = feedback.retry if first.failed else feedback.revise
                draw = sampling(
                    cell, stage.sampling, "sample", first.problem.id, turn.label, first.rollout.sampling.seed, number
                )
                pi_ids = tuple(pi.digest() for _, pi in known)
                messages = say(cell.domain.prompt(first.problem), known).messages
                asks.append(Ask(first.problem, messages, draw, number, chain[-1].rollout.id, pi_ids))
                asked.append(chain)
        tries = verify(cell, where, rollout(cell, model, where, asks, settings.retry_role))
        made += tries
        chains = [[*c, a] for c, a in zip(asked, tries, strict=True) if a.failed and c[0].failed]
    return made


def teacher_attempts(
    cell: Cell, model: ModelRef, stage: Stage, turn: Turn, problems: Sequence[Problem]
) -> list[Attempt]:
    """Completions by the teacher, which sees the teacher's PI, judged; none where the recipe samples none."""
    count, form_name = stage.rollouts.teacher_samples, stage.examples.teacher_form
    if not count or form_name is None:
        return []
    where, form = turn.where("teacher attempts"), cell.forms[form_name]
    asks = list[Ask]()
    told = inform(cell, model, stage, where, form, about_problems(cell, form, problems))
    for problem, pi in zip(problems, told, strict=True):
        if pi is not None:
            messages = feedback.teach(cell.domain.prompt(problem), pi).messages
            for sample in range(count):
                draw = sampling(cell, stage.sampling, "teacher", problem.id, turn.label, sample)
                asks.append(Ask(problem, messages, draw, pi_ids=(pi.digest(),)))
    return verify(cell, where, rollout(cell, model, where, asks, "teacher"))


def construct(
    cell: Cell, model: ModelRef, stage: Stage, turn: Turn, attempts: Sequence[Attempt], of_teacher: Sequence[Attempt]
) -> list[Example]:
    """Examples: the attempts that the selector chooses, on the *plain* prompt, with the teacher's view if any."""
    choices, examples = chosen(cell.selectors[stage.examples.keep], attempts, of_teacher), list[Example]()
    forms = [stage.examples.teacher_form, stage.examples.contrast_form]
    where, of = turn.where("teacher's view"), [choice.attempt for choice in choices]
    told, against = (views(cell, model, stage, where, form, of, attempts) for form in forms)
    for choice, pi, other in zip(choices, told, against, strict=True):
        if (forms[0] and pi is None) or (forms[1] and other is None):
            continue
        problem, made = choice.attempt.problem, choice.attempt.rollout
        student = cell.domain.prompt(problem)
        leak.check_prompt(cell.domain, problem, student, f"{cell.id}, {turn.label}, example")
        foreign = cell.speaker(made.role).model is not None  # another model's tokens are not this one's
        examples.append(
            Example(
                problem.id, student, made.completion, () if foreign else made.token_ids,
                feedback.teach(student, pi).messages if pi else None, choice.weight,
                () if foreign else made.logprobs, made.id, pi.form if pi else "none", pi.digest() if pi else "",
                choice.advantage, feedback.teach(student, other).messages if other else None,
            )
        )  # fmt: skip
    return examples


def evaluate(cell: Cell, model: ModelRef, config: EvaluateConfig, where: Where) -> list[Attempt]:
    """`samples` completions of every held-out problem, judged. Greedy ones do not depend on the cell's seed."""
    asks = list[Ask]()
    for problem, sample in itertools.product(cell.held_out, range(config.samples)):
        messages = cell.domain.prompt(problem)
        leak.check_prompt(cell.domain, problem, messages, f"{cell.id}, evaluation")
        seed = seed_for(cell, "evaluate", problem.id, sample) if config.temperature else 0
        drawn = Sampling(config.temperature, config.top_p if config.temperature else 1.0, 0, config.max_tokens, seed)
        asks.append(Ask(problem, messages, drawn))
    return verify(cell, where, rollout(cell, model, where, asks))
