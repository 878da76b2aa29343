"""The core loop: rollout -> verify -> construct feedback / PI -> train -> evaluate. Start reading here.

A cell is one recipe on one domain with one model and one seed. `run_cell` is the whole of it, top to bottom; every
recipe of the project, from retry to on-policy self-distillation, is this loop with other settings:

    rollout    the engine completes prompts                       Problem  -> Rollout
    verify     the domain's verifier judges completions           Rollout  -> Verdict
    construct  PI forms make feedback for retries and teachers    Verdict  -> Feedback -> Rollout | Example
    train      an objective turns examples into new weights       Example  -> ModelRef

Each arrow looks into the store first and writes down what it made before the next begins. So a killed run resumes by
running again, and arms that ask for the same rollouts (same model revision, prompt, sampling and seed) pay for them
once. The loop knows no domain, engine, PI form or objective by name; `suite` chooses them and calls it.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pidistill.cell import Ask, Attempt, Cell, judge, rng_for, rollout, sampling, seed_for, train
from pidistill.contracts import Peers, PIForm
from pidistill.errors import OverlapError
from pidistill.pi import feedback, leak
from pidistill.records import PI, Example, Messages, ModelRef, Problem, Rollout, Sampling


@dataclass(frozen=True)
class Phase:
    """One turn of the loop: the problems it samples, and whether its training goes on from the last one's state."""

    name: str
    problems: Sequence[Problem]
    goes_on: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a cell leaves behind. `stats` turns it into numbers."""

    cell: str
    before: Sequence[Attempt]
    after: Sequence[Attempt]
    trained_on: Sequence[Attempt]
    """All training rollouts, of every phase."""
    examples: int
    model: ModelRef


def run_cell(cell: Cell) -> Outcome:
    """Run, or resume, one cell. Raises `OverlapError` before anything is sampled if train and held-out overlap."""
    check_disjoint(cell.train, cell.held_out)
    with cell.store.cell(cell.id, cell.settings()):
        cell.observe("pidistill_cell_started", cell=cell.settings())
        before = evaluate(cell, cell.base, "before")
        model, trained_on, examples_seen = cell.base, list[Attempt](), 0
        for phase in phases(cell):
            attempts = first_attempts(cell, model, phase)
            attempts += retries(cell, model, phase, attempts)
            examples = construct(cell, phase, attempts)
            if examples:
                model = train(cell, model, f"{phase.name}: train", examples, phase.goes_on and model != cell.base)
            else:
                cell.progress.note(
                    f"{cell.id}: {phase.name}: nothing passed the filter, so the weights stay as they are"
                )
            trained_on += attempts
            examples_seen += len(examples)
        after = evaluate(cell, model, "after")
        return Outcome(cell.id, before, after, trained_on, examples_seen, model)


def phases(cell: Cell) -> Iterator[Phase]:
    """The turns of a cell. Off-policy objectives take all problems once a round; on-policy ones a slice a refresh."""
    if not cell.objective.on_policy:
        for number in range(cell.config.recipe.rollouts.rounds):
            yield Phase(f"round {number + 1}", cell.train)
        return
    train_config, rng = cell.config.train, rng_for(cell, "order")
    shuffles = (rng.sample(cell.train, len(cell.train)) for _ in itertools.count())
    order = itertools.chain.from_iterable(shuffles)
    for number in range(math.ceil(train_config.steps / train_config.refresh_every)):
        steps = min(train_config.refresh_every, train_config.steps - number * train_config.refresh_every)
        wanted = math.ceil(steps * train_config.batch_size / cell.config.recipe.rollouts.samples)
        yield Phase(f"refresh {number + 1}", list(itertools.islice(order, wanted)), goes_on=number > 0)


def first_attempts(cell: Cell, model: ModelRef, phase: Phase) -> list[Attempt]:
    """`samples` completions of every problem's prompt, judged: the plain one, or with the PI that the recipe names."""
    drawn = Counter[str]()  # a slice that runs past the end of the data may hold a problem twice
    asks = []
    for problem in phase.problems:
        messages = first_prompt(cell, problem)
        for _ in range(cell.config.recipe.rollouts.samples):
            draw = sampling(cell, problem, phase.name, drawn[problem.id])
            asks.append(Ask(problem, messages, draw))
            drawn[problem.id] += 1
    return judge(cell, rollout(cell, model, f"{phase.name}: first attempts", asks))


def first_prompt(cell: Cell, problem: Problem) -> Messages:
    """What a first attempt sees: the plain prompt, and PI where the recipe has it and its form says something."""
    prompt, name = cell.domain.prompt(problem), cell.config.recipe.rollouts.first_form
    if name is None:
        return prompt
    pi = cell.forms[name].render(problem, None, None, Peers(cell.train), rng_for(cell, "pi", name, problem.id))
    return prompt if pi is None else feedback.teach(prompt, pi).messages


def retries(cell: Cell, model: ModelRef, phase: Phase, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Up to K more tries after each failure, each prompt holding the earlier failures and the PI about them."""
    settings = cell.config.recipe.rollouts
    form, passing = cell.forms[settings.retry_form], passing_by_problem(attempts)
    chains = [[attempt] for attempt in attempts if failed(attempt)]
    made: list[Attempt] = []
    for number in range(1, settings.retries + 1):
        asks, asked = list[Ask](), list[list[Attempt]]()
        for chain in chains:
            problem, told = chain[0].problem, [(a.rollout.completion, render(cell, form, a, passing)) for a in chain]
            failures = [(completion, pi) for completion, pi in told if pi is not None]
            if len(failures) == len(chain):
                turn = feedback.retry(cell.domain.prompt(problem), failures)
                drawn = sampling(cell, problem, phase.name, chain[0].rollout.sampling.seed, number)
                asks.append(Ask(problem, turn.messages, drawn, number, chain[-1].rollout.id))
                asked.append(chain)
        tries = judge(cell, rollout(cell, model, f"{phase.name}: retry {number}", asks))
        made += tries
        chains = [[*chain, attempt] for chain, attempt in zip(asked, tries, strict=True) if failed(attempt)]
    return made


def construct(cell: Cell, phase: Phase, attempts: Sequence[Attempt]) -> list[Example]:
    """Examples from attempts: what the recipe keeps, always on the *plain* prompt, with the teacher's view if any."""
    settings = cell.config.recipe.examples
    form = cell.forms[settings.teacher_form] if settings.teacher_form else None
    passing, examples = passing_by_problem(attempts), list[Example]()
    for attempt in attempts:
        if not kept(settings.keep, attempt, settings.above):
            continue
        problem, made = attempt.problem, attempt.rollout
        student = cell.domain.prompt(problem)
        leak.check_prompt(cell.domain, problem, student, f"{cell.id}, {phase.name}, example")
        teacher, told = None, "none"
        if form:
            pi = render(cell, form, attempt, passing)
            if pi is None:
                continue
            teacher, told = feedback.teach(student, pi).messages, form.name
        examples.append(
            Example(
                problem.id, student, made.completion, made.token_ids, teacher,
                weight=attempt.verdict.score if settings.keep == "graded" else 1.0,
                logprobs=made.logprobs, rollout_id=made.id, pi_form=told,
            )
        )  # fmt: skip
    return examples


def kept(keep: str, attempt: Attempt, above: float = 0.3) -> bool:
    """Whether a recipe that keeps `keep` trains on this attempt. What could not be judged is never trained on.

    `above` is for "graded" alone: the score that an attempt must be above.
    """
    first, verdict = attempt.rollout.attempt == 0, attempt.verdict
    if not verdict.status.judged:
        return False
    return {
        "first+retry": verdict.passed,
        "first": verdict.passed and first,
        "retry": verdict.passed and not first,
        "graded": verdict.score > above,
        "all": first,
        "correct": first and verdict.passed,
        "incorrect": first and not verdict.passed,
    }[keep]


def evaluate(cell: Cell, model: ModelRef, when: str) -> list[Attempt]:
    """`samples` completions of every held-out problem, judged. Greedy ones do not depend on the cell's seed."""
    config = cell.config.evaluate
    asks = []
    for problem, sample in itertools.product(cell.held_out, range(config.samples)):
        messages = cell.domain.prompt(problem)
        leak.check_prompt(cell.domain, problem, messages, f"{cell.id}, evaluation")
        seed = seed_for(cell, "evaluate", problem.id, sample) if config.temperature else 0
        drawn = Sampling(config.temperature, config.top_p if config.temperature else 1.0, 0, config.max_tokens, seed)
        asks.append(Ask(problem, messages, drawn))
    return judge(cell, rollout(cell, model, f"evaluate {when}", asks))


# --- Rules ------------------------------------------------------------------------------------------------------


def check_disjoint(train: Sequence[Problem], held_out: Sequence[Problem]) -> None:
    """Raise `OverlapError` where a training problem's statement, case and spacing aside, is an evaluation problem's."""
    known = {problem.prompt_hash: problem.id for problem in held_out}
    shared = [(problem.id, known[problem.prompt_hash]) for problem in train if problem.prompt_hash in known]
    if shared:
        raise OverlapError(
            f"{len(shared)} training problems are evaluation problems, the first: {shared[0][0]} = {shared[0][1]}.",
            "Nothing was sampled. Choose disjoint splits with data.train and data.evaluate.",
        )


def failed(attempt: Attempt) -> bool:
    """Judged, and not passed. What could not be judged is no failure to learn from."""
    return attempt.verdict.status.judged and not attempt.verdict.passed


def passing_by_problem(attempts: Sequence[Attempt]) -> Mapping[str, Sequence[Rollout]]:
    """Problem id -> its passing rollouts: what peer solutions are drawn from."""
    passing = defaultdict[str, list[Rollout]](list)
    for attempt in attempts:
        if attempt.verdict.passed:
            passing[attempt.problem.id].append(attempt.rollout)
    return passing


def render(cell: Cell, form: PIForm, about: Attempt, passing: Mapping[str, Sequence[Rollout]]) -> PI | None:
    """The PI of `form` about an attempt, or None where the form lacks what it needs. The same PI on every run."""
    problem, needs = about.problem, form.needs
    if (
        (needs.rollout and not failed(about))
        or (needs.diagnostics and not about.verdict.diagnostics)
        or (needs.reference and problem.reference is None)
        or (needs.solution and problem.solution is None)
    ):
        return None
    peers = Peers(cell.train, [r for r in passing.get(problem.id, ()) if r.id != about.rollout.id])
    rng = rng_for(cell, "pi", form.name, problem.id, about.rollout.id)
    return form.render(problem, about.rollout, about.verdict, peers, rng)
