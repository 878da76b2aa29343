"""What the math domain's tiny model learns from: conversations about generated arithmetic, written by two authors.

The *careful* author works every operation out. The *hasty* one likes to skip the working, the more so the more there is
of it, and makes slips. First the model reads a textbook, all by the careful author: that is its skill. Then it reads
the web, where both write: first attempts are a mixture, and where a user says that an attempt was wrong, or tells
something about the solution, the careful author answers most of the time. That is its habit. So the model can do more
than it does at first: the skill is latent, and the default is sloppy.

That is a stated property of this model, chosen so that there is something for feedback to bring out. It makes results
on it evidence about the machinery, never about large models. No arm is favoured by the text it is given: all feedback
conditions have the same two authors in the same proportion. An answer that the user tells is true or false as its PI
form makes it, and the author ends with the true one either way.

All prompts are rendered by `pidistill.pi`, the same code that asks for retries later.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from benchmarks.tiny.corpus import Condition, Conversation, feedback_messages
from pidistill.pi.forms import BareRetry, FirstStep, Gibberish, Gold, PeerSolution, Wrong
from pidistill.records import Message, Messages, Problem
from pidistill_math.arithmetic import draw, problem, solution
from pidistill_math.arithmetic_expr import Expression, NotExact, Operation, work

LEVEL_WEIGHTS: Final = {1: 2, 2: 3, 3: 3, 4: 2, 5: 2}
"""How often each level is drawn."""

HASTY_FIRST: Final = {1: 0.50, 2: 0.50, 3: 0.70, 4: 0.75, 5: 0.80}
"""Level -> share of first attempts that the hasty author writes."""

HASTY_AFTER_FEEDBACK: Final = 0.10
"""The same once the user has said anything about the solution, whatever it was."""

SLIP_RATE: Final = 0.06
"""Chance that a line of the hasty author ends in a wrong result."""

FAILURES: Final = (1, 1, 1, 1, 1, 1, 2, 3)
"""Failed attempts in a retry conversation, drawn evenly from these."""


CONDITIONS: Final = (
    Condition("plain", "plain", None, 0.60),
    Condition("retry bare-retry", "retry", BareRetry(), 0.10),
    Condition("retry gold", "retry", Gold(), 0.04),
    Condition("retry wrong", "retry", Wrong(), 0.02),
    Condition("retry gibberish", "retry", Gibberish(), 0.02),
    Condition("retry first-step", "retry", FirstStep(), 0.02),
    Condition("retry peer-solution", "retry", PeerSolution(), 0.02),
    Condition("teacher gold", "teacher", Gold(), 0.07),
    Condition("teacher wrong", "teacher", Wrong(), 0.03),
    Condition("teacher gibberish", "teacher", Gibberish(), 0.02),
    Condition("teacher first-step", "teacher", FirstStep(), 0.03),
    Condition("teacher peer-solution", "teacher", PeerSolution(), 0.03),
)


def textbook(count: int, seed: int) -> Iterator[Conversation]:
    """`count` plain problems with the careful author's solutions: the first phase, which teaches the skill."""
    rng = random.Random(f"tiny math textbook {seed}")
    for _ in range(count):
        (level,) = rng.choices(list(LEVEL_WEIGHTS), list(LEVEL_WEIGHTS.values()))
        expression = draw("pretrain", level, rng)
        task = problem(expression, level, "pretrain", "0")
        yield Conversation("textbook", level, (Message("user", task.prompt),), careful_attempt(expression))


def conversations(count: int, seed: int) -> Iterator[Conversation]:
    """`count` conversations of all kinds by both authors: the second phase, which makes the habit."""
    rng = random.Random(f"tiny math {seed}")
    weights = [condition.weight for condition in CONDITIONS]
    for _ in range(count):
        (condition,) = rng.choices(CONDITIONS, weights)
        yield conversation(condition, rng)


def conversation(condition: Condition, rng: random.Random) -> Conversation:
    """One conversation of one kind, on a random problem for which its PI form has something to say."""
    while True:
        (level,) = rng.choices(list(LEVEL_WEIGHTS), list(LEVEL_WEIGHTS.values()))
        expression = draw("pretrain", level, rng)
        task = problem(expression, level, "pretrain", "0")
        messages = prompt(condition, task, expression, rng)
        if messages is not None:
            hasty = HASTY_FIRST[level] if condition.kind == "plain" else HASTY_AFTER_FEEDBACK
            slips = condition.kind == "plain"
            text = hasty_attempt(expression, rng, slips) if rng.random() < hasty else careful_attempt(expression)
            return Conversation(condition.name, level, messages, text)


def prompt(condition: Condition, task: Problem, expression: Expression, rng: random.Random) -> Messages | None:
    """The messages before the completion, or None where the PI form has nothing to say on this problem."""
    plain = (Message("user", task.prompt),)
    if condition.form is None:
        return plain
    failures = [failed_attempt(expression, rng) for _ in range(rng.choice(FAILURES))]
    peer = careful_attempt(expression) if rng.random() < 0.7 else hasty_attempt(expression, rng, slips=False)
    other_level = rng.choice(list(LEVEL_WEIGHTS))
    other = problem(draw("pretrain", other_level, rng), other_level, "pretrain", "1")
    return feedback_messages(condition, task, plain, [(attempt, None) for attempt in failures], rng, [other], peer)


def careful_attempt(expression: Expression) -> str:
    """All the working, no slips: the reference solution."""
    return solution(*work(expression))


def hasty_attempt(expression: Expression, rng: random.Random, slips: bool = True) -> str:
    """Some of the working skipped, and with `slips` a wrong result now and then."""

    def skip(operation: Operation) -> bool:
        return rng.random() < temptation(operation)

    def slip(result: int) -> int:
        return slipped(result, rng) if slips and rng.random() < SLIP_RATE else result

    while True:
        try:
            return solution(*work(expression, skip, slip))
        except NotExact:  # a slip above a division; the author notices that it does not come out
            continue


def failed_attempt(expression: Expression, rng: random.Random) -> str:
    """An attempt with a wrong answer: mostly hasty, with one slip in the last line or before it."""
    right = work(expression)[1]
    everything = rng.random() < 0.2

    def skip(operation: Operation) -> bool:
        return not everything and rng.random() < temptation(operation)

    def slip(result: int) -> int:
        return slipped(result, rng) if rng.random() < 0.5 else result

    while True:
        try:
            lines, answer = work(expression, skip, slip)
        except NotExact:
            continue
        if answer != right:
            return solution(lines, answer)


def temptation(operation: Operation) -> float:
    """Chance that the hasty author skips the working of `operation`.

    Parentheses slow the author down, since they say what to do first. So the habit differs from problem to problem.
    """
    return 0.55 if "(" in str(operation) else 0.95


def slipped(result: int, rng: random.Random) -> int:
    """A wrong result near the right one: a miscounted unit or carry, or one digit misread."""
    if rng.random() < 0.5:
        return max(0, result + rng.choice((-10, -2, -1, 1, 2, 10))) if result > 0 else result + 1
    digits = list(str(abs(result)))
    at = rng.randrange(len(digits))
    digits[at] = str((int(digits[at]) + rng.randint(1, 9)) % 10)
    return int("".join(digits))
