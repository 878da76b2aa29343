"""What the Lean domain's tiny model learns from: conversations about generated theorems, written by two authors.

The *careful* author writes down each fact on the way before using it, and finds the induction: that is the reference.
The *hasty* one leaves the facts out and the rest to one closing tactic, looks only one level deep into a conjunction,
and skips the middle of a chain of implications. Where a witness is all that is asked for this passes and is shorter;
where a fact has to be found it does not. First the model reads a textbook, all by the careful author: that is its
skill. Then it reads the web, where both write: first attempts are a mixture, and where a user says that an attempt
failed, or shows something of the proof, the careful author answers most of the time. That is its habit.

As with the math model this is a stated property, chosen so that there is something for feedback to bring out. It makes
results on it evidence about the machinery, never about large models; no arm's effect on a real prover can be seen here.
No arm is favoured by the text it is given: all feedback conditions have the same two authors in the same proportion,
whether what they show is this theorem's or another one's.

Prompts are rendered by the Lean domain and by `pidistill.pi`; verdicts, errors and skeletons come from the real Lean.
As Lean takes its time, what it says is told of a pool of `POOL` theorems; all other feedback is about fresh ones.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.tiny.corpus import Condition, Conversation, feedback_messages
from pidistill.contracts import Verifier
from pidistill.pi.forms import BareRetry
from pidistill.records import Problem, Verdict
from pidistill_lean.domain import LeanDomain
from pidistill_lean.pi import CompilerErrors, FirstError, HaveSkeleton, OtherSkeleton, ProofHalf, lean
from pidistill_lean.theorem_tasks import Task
from pidistill_lean.theorems import LEVELS, draw, problem, split_of
from pidistill_lean.verifier import LeanOptions, LeanVerifier

LEVEL_WEIGHTS: Final = {1: 4, 2: 4, 3: 4, 4: 2, 5: 2}
"""How often each level is drawn: inductions follow one pattern and need fewer examples."""

HASTY_FIRST: Final = {1: 0.30, 2: 0.40, 3: 0.65, 4: 0.45, 5: 0.80}
"""Level -> share of first attempts that the hasty author writes."""

HASTY_ON_LISTS: Final = 0.35
"""The same where the theorem is about lists, at any level.

Lists slow the author down. So the habit differs from problem to problem.
"""

HASTY_AFTER_FEEDBACK: Final = 0.10
"""The same once the user has said anything about an attempt or the proof, whatever it was."""

SLIP_RATE: Final = 0.04
"""Chance that the hasty author gets a number or a name wrong in a first attempt."""

CAREFUL_FAILURES: Final = 0.25
"""Share of failed attempts that are a careful author's, with one thing wrong."""

FAILURES: Final = (1, 1, 1, 1, 1, 1, 1, 2)
"""Failed attempts in a retry conversation, drawn evenly from these."""

POOL: Final = 400
"""Theorems that are about what Lean said: asking it takes time, so each is used several times."""

PEERS: Final = 4
"""Other theorems that a placebo is chosen from, of the same kind: they are about as long."""

CONDITIONS: Final = (
    Condition("plain", "plain", None, 0.50),
    Condition("retry bare-retry", "retry", BareRetry(), 0.16),
    Condition("retry compiler-errors", "retry", CompilerErrors(), 0.06),
    Condition("retry first-error", "retry", FirstError(), 0.01),
    Condition("retry have-skeleton", "retry", HaveSkeleton(), 0.09),
    Condition("retry other-skeleton", "retry", OtherSkeleton(), 0.03),
    Condition("retry proof-half", "retry", ProofHalf(), 0.01),
    Condition("teacher have-skeleton", "teacher", HaveSkeleton(), 0.10),
    Condition("teacher other-skeleton", "teacher", OtherSkeleton(), 0.03),
    Condition("teacher proof-half", "teacher", ProofHalf(), 0.01),
)

DOMAIN: Final = LeanDomain()


def textbook(count: int, seed: int) -> Iterator[Conversation]:
    """`count` plain problems with the careful author's proofs: the first phase, which teaches the skill."""
    rng = random.Random(f"tiny lean textbook {seed}")
    for _ in range(count):
        level, task = drawn(rng)
        yield Conversation("textbook", level, DOMAIN.prompt(record_of(task, level)), fenced(task, task.proof))


def conversations(count: int, seed: int) -> Iterator[Conversation]:
    """`count` conversations of all kinds by both authors: the second phase, which makes the habit."""
    rng = random.Random(f"tiny lean {seed}")
    weights = [condition.weight for condition in CONDITIONS]
    for _ in range(count):
        (condition,) = rng.choices(CONDITIONS, weights)
        yield conversation(condition, seed, rng)


def conversation(condition: Condition, seed: int, rng: random.Random) -> Conversation:
    """One conversation of one kind, on a random problem for which its PI form has something to say.

    Where the form tells what Lean said, the problem is one of the pool of `seed`.
    """
    while True:
        if condition.form is None:
            level, task = drawn(rng)
            return Conversation(condition.name, level, DOMAIN.prompt(record_of(task, level)), first_attempt(task, rng))
        heard = condition.form.needs.diagnostics
        tried = pool(seed, rng.randrange(POOL)) if heard else unheard(rng)
        attempts = rng.sample(tried.failures, rng.choice(FAILURES) if condition.kind == "retry" else 1)
        plain = DOMAIN.prompt(tried.record)
        messages = feedback_messages(condition, tried.record, plain, attempts, rng, tried.peers)
        if messages is not None:
            hasty = rng.random() < HASTY_AFTER_FEEDBACK
            text = hasty_attempt(tried.task, rng, slips=False) if hasty else careful_attempt(tried.task)
            return Conversation(condition.name, tried.record.level or 0, messages, text)


# --- Theorems --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tried:
    """A theorem that feedback is about."""

    task: Task
    record: Problem
    failures: tuple[tuple[str, Verdict | None], ...]
    """Two failed attempts, with their verdicts where Lean was asked."""
    peers: tuple[Problem, ...]
    """Other theorems of its kind."""


def drawn(rng: random.Random) -> tuple[int, Task]:
    """A random level and a task of it to learn from."""
    (level,) = rng.choices(list(LEVEL_WEIGHTS), list(LEVEL_WEIGHTS.values()))
    while split_of(task := draw(level, rng)) != "pretrain":
        pass
    return level, task


def record_of(task: Task, level: int) -> Problem:
    """The record of a task to learn from."""
    return problem(task, level, "pretrain", f"pretrain/{task.key}")


@functools.lru_cache(maxsize=2 * POOL)
def pool(seed: int, index: int) -> Tried:
    """Number `index` of the pool of `seed`, the same whatever else was asked for. Lean has judged its attempts."""
    rng = random.Random(f"tiny lean pool {seed} {index}")
    level, task = drawn(rng)
    record = record_of(task, level)
    return Tried(task, record, (failed_attempt(task, record, rng), failed_attempt(task, record, rng)), ())


def unheard(rng: random.Random) -> Tried:
    """A fresh theorem with attempts that ought to fail. Lean is not asked; some (3 of 20) would have passed."""
    level, task = drawn(rng)
    others: list[Problem] = []
    while len(others) < PEERS:
        other = next(kind for kind in LEVELS[level] if kind.__name__ == task.kind)(rng)
        if split_of(other) == "pretrain":
            others.append(record_of(other, level))
    attempts = tuple((doubtful_attempt(task, rng), None) for _ in range(2))
    return Tried(task, record_of(task, level), attempts, tuple(others))


# --- The authors -----------------------------------------------------------------------------------------------------


def first_attempt(task: Task, rng: random.Random) -> str:
    """A first attempt of either author, the hasty one as often as the level and the theorem tempt to it."""
    level = next(level for level, kinds in LEVELS.items() if task.kind in {kind.__name__ for kind in kinds})
    share = HASTY_ON_LISTS if "List" in task.statement else HASTY_FIRST[level]
    return hasty_attempt(task, rng) if rng.random() < share else careful_attempt(task)


def careful_attempt(task: Task) -> str:
    """All the facts: the reference."""
    return fenced(task, task.proof)


def hasty_attempt(task: Task, rng: random.Random, slips: bool = True) -> str:
    """All at once; with `slips` a wrong number or name now and then."""
    text = fenced(task, (hasty_proof(task),))
    return slipped(text, task, rng) if slips and rng.random() < SLIP_RATE else text


def hasty_proof(task: Task) -> str:
    """The hasty author's one line."""
    last = task.proof[-1]
    match task.kind:
        case "conjunction" | "disjunction":
            return shallow(last)
        case "unpacking":
            fact = task.proof[0].split(" := ")[1]
            return shallow(last).replace("h4", f"({fact})")
        case "chain":
            first, *_, end = re.findall(r"h\d", last)
            return f"exact {first} {end}"
        case "rewrite":
            return "rw [h]"
        case "witness" | "prefix" | "preimage":
            return last.replace("h⟩", "rfl⟩")
        case "quotient":
            return last.replace("h1⟩", "by omega⟩")
        case "twice" | "length":
            return f"{last[: last.index(',')]}, by simp [h]⟩"
        case "conversion":
            return "exact ⟨g _ (h _ h0), h _ h0⟩"
        case "progression":
            return "exact h _ h0"
        case "closed_list_form":
            return "rw [h, h0]"
        case _:
            return "omega"


def shallow(line: str) -> str:
    """The line with each path into a conjunction cut after its first step."""
    return re.sub(r"(h\d?\.\d)(?:\.\d)+", r"\1", line)


def doubtful_attempt(task: Task, rng: random.Random) -> str:
    """A hasty attempt, or a careful one with something wrong in it."""
    careful = rng.random() < CAREFUL_FAILURES
    text = careful_attempt(task) if careful else hasty_attempt(task, rng, slips=False)
    return slipped(text, task, rng) if text == careful_attempt(task) else text


def failed_attempt(task: Task, record: Problem, rng: random.Random) -> tuple[str, Verdict]:
    """An attempt that fails, with its verdict: a hasty one, or one with something wrong in it."""
    while True:
        careful = rng.random() < CAREFUL_FAILURES
        text = careful_attempt(task) if careful else hasty_attempt(task, rng, slips=False)
        verdict = None if careful else judged(record, text)
        if verdict is None or verdict.passed:
            text = slipped(text, task, rng)
            verdict = judged(record, text)
        if not verdict.passed:
            return text, verdict


def slipped(text: str, task: Task, rng: random.Random) -> str:
    """`text` with one thing in its proof changed: a digit, or where there is none a step left out."""
    start = text.index(task.head) + len(task.head)
    digits = list(re.finditer(r"\d", text[start : text.rindex("\n")]))
    if not digits:
        return fenced(task, ("rfl",))
    digit = rng.choice(digits)
    other = rng.choice([d for d in "123456789" if d != digit[0]])
    return text[: start + digit.start()] + other + text[start + digit.end() :]


def fenced(task: Task, lines: tuple[str, ...]) -> str:
    """A whole answer."""
    body = "\n".join(f"  {line}" for line in lines)
    return f"```lean4\n{task.head}\n{body}\n```"


def judged(record: Problem, completion: str) -> Verdict:
    """The real verdict. Raises `VerifierError` where no Lean works."""
    return verifier().verify(record, completion)


@functools.cache
def verifier() -> Verifier:
    """The Lean verifier of this process, on the one Lean that makes the skeletons too."""
    return LeanVerifier(LeanOptions(graded=False), lean())


assert set(LEVEL_WEIGHTS) == set(HASTY_FIRST) == set(LEVELS)
