"""What the code domain's tiny model learns from: conversations about generated functions, written by two authors.

The *careful* author works in small steps, one for each phrase of the docstring: that is the reference. The *hasty* one
returns everything at once and has habits that cost tests: no parentheses where the words do not say so, 'at most 7' and
'at least 7' without the 7 itself, '9 minus x' the wrong way round, no thought for the empty list, no brackets around
what is subtracted. First the model reads a textbook, all by the careful author: that is its skill. Then it reads the
web, where both write: first attempts are a mixture, and where a user says that an attempt failed, or tells something of
the tests, the careful author answers most of the time. That is its habit.

As with the math model this is a stated property, chosen so that there is something for feedback to bring out. It makes
results on it evidence about the machinery, never about large models. No arm is favoured by the text it is given: all
feedback conditions have the same two authors in the same proportion, whether what they tell is true or another
problem's.

Prompts are rendered by the code domain and by `pidistill.pi`; what a test run said of an attempt comes from the real
verifier, in the sandbox.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Iterator
from typing import Final

from benchmarks.tiny.corpus import Condition, Conversation, feedback_messages
from pidistill.contracts import Verifier
from pidistill.pi.forms import BareRetry
from pidistill.records import Messages, Problem, Verdict
from pidistill_code.domain import CodeDomain
from pidistill_code.function_tasks import LEVELS, Part, Task
from pidistill_code.functions import TASKS, problem
from pidistill_code.pi import AllTests, ErrorTrace, FailingTests, ShuffledTests, TestRun

LEVEL_WEIGHTS: Final = {1: 2, 2: 4, 3: 2, 4: 2, 5: 4}
"""How often each level is drawn: those with two values, which are harder to tell apart, more often."""

RAISES: Final = 4
"""The level where attempts may raise: what the hasty author writes of the largest of nothing."""

HASTY_FIRST: Final = {1: 0.35, 2: 0.65, 3: 0.70, 4: 0.70, 5: 0.75}
"""Level -> share of first attempts that the hasty author writes."""

HASTY_AFTER_FEEDBACK: Final = 0.10
"""The same once the user has said anything about an attempt or the tests, whatever it was."""

SLIP_RATE: Final = 0.04
"""Chance that the hasty author gets a number wrong in a first attempt."""

CAREFUL_FAILURES: Final = 0.15
"""Share of failed attempts that are a careful author's, with a wrong number."""

FAILURES: Final = (1, 1, 1, 1, 1, 1, 1, 2)
"""Failed attempts in a retry conversation, drawn evenly from these."""

CONDITIONS: Final = (
    Condition("plain", "plain", None, 0.52),
    Condition("retry bare-retry", "retry", BareRetry(), 0.10),
    Condition("retry failing-tests", "retry", FailingTests(), 0.04),
    Condition("retry error-trace", "retry", ErrorTrace(), 0.02),
    Condition("retry test-run", "retry", TestRun(), 0.05),
    Condition("retry all-tests", "retry", AllTests(), 0.05),
    Condition("retry shuffled-tests", "retry", ShuffledTests(), 0.04),
    Condition("teacher test-run", "teacher", TestRun(), 0.10),
    Condition("teacher all-tests", "teacher", AllTests(), 0.04),
    Condition("teacher shuffled-tests", "teacher", ShuffledTests(), 0.04),
)

DOMAIN: Final = CodeDomain()


def textbook(count: int, seed: int) -> Iterator[Conversation]:
    """`count` plain problems with the careful author's functions: the first phase, which teaches the skill."""
    rng = random.Random(f"tiny code textbook {seed}")
    for _ in range(count):
        task, record = drawn(rng)
        yield Conversation("textbook", task.level, DOMAIN.prompt(record), careful_attempt(task))


def conversations(count: int, seed: int) -> Iterator[Conversation]:
    """`count` conversations of all kinds by both authors: the second phase, which makes the habit."""
    rng = random.Random(f"tiny code {seed}")
    weights = [condition.weight for condition in CONDITIONS]
    for _ in range(count):
        (condition,) = rng.choices(CONDITIONS, weights)
        yield conversation(condition, rng)


def conversation(condition: Condition, rng: random.Random) -> Conversation:
    """One conversation of one kind, on a random problem for which its PI form has something to say."""
    while True:
        task, record = drawn(rng, RAISES if isinstance(condition.form, ErrorTrace) else None)
        messages = prompt(condition, task, record, rng)
        if messages is not None:
            plain = condition.kind == "plain"
            hasty = rng.random() < (HASTY_FIRST[task.level] if plain else HASTY_AFTER_FEEDBACK)
            text = hasty_attempt(task, rng, slips=plain) if hasty else careful_attempt(task)
            return Conversation(condition.name, task.level, messages, text)


def drawn(rng: random.Random, level: int | None = None) -> tuple[Task, Problem]:
    """A random task to learn from, and its record."""
    if level is None:
        (level,) = rng.choices(list(LEVEL_WEIGHTS), list(LEVEL_WEIGHTS.values()))
    task = TASKS.draw_of("pretrain", level, rng)
    return task, problem(task, "pretrain", f"pretrain-{rng.getrandbits(48):012x}", rng)


def prompt(condition: Condition, task: Task, record: Problem, rng: random.Random) -> Messages | None:
    """The messages before the completion, or None where the PI form has nothing to say on this problem."""
    plain = DOMAIN.prompt(record)
    if condition.form is None:
        return plain
    attempts: list[tuple[str, Verdict | None]] = []
    if condition.kind == "retry":
        attempts += [failed_attempt(task, record, rng) for _ in range(rng.choice(FAILURES))]
    else:  # a teacher is told of any attempt
        text = hasty_attempt(task, rng) if rng.random() < HASTY_FIRST[task.level] else careful_attempt(task)
        attempts.append((text, judged(record, text)))
    others = [drawn(rng)[1] for _ in range(3)]
    return feedback_messages(condition, record, plain, attempts, rng, others)


# --- The authors -----------------------------------------------------------------------------------------------------


def careful_attempt(task: Task) -> str:
    """In small steps: the reference."""
    return fenced(task, list(task.code))


def hasty_attempt(task: Task, rng: random.Random, slips: bool = True) -> str:
    """All at once, with the habits; with `slips` a wrong number now and then."""
    text = fenced(task, [f"return {hasty_expression(task)}"])
    return slipped(text, rng) if slips and rng.random() < SLIP_RATE else text


def hasty_expression(task: Task) -> str:
    """What the hasty author returns."""
    if task.test is None:
        first, second = (part.number for part in task.values)
        product = f"{second} * x" if task.values[1].kind == "times" else f"{first} * x"
        rest = first if task.values[1].kind == "times" else second
        return f"{product} {'-' if 'minus' in task.kind else '+'} {rest}"
    test, values = _hasty_test(task.test), [_hasty_value(value) for value in task.values]
    if task.kind == "cases":
        return f"{values[0]} if {test} else {values[1]}"
    if task.kind == "total":
        return f"{task.start} + sum({values[0]} if {test} else -{values[1]} for x in xs)"
    chosen = f"{values[0]} for x in xs if {test}"
    return {"list": f"[{chosen}]", "sum": f"sum({chosen})", "largest": f"max({chosen})", "smallest": f"min({chosen})"}[
        task.kind
    ]


def _hasty_test(test: Part) -> str:
    return {"most": f"x < {test.number}", "least": f"x > {test.number}"}.get(test.kind, test.code)


def _hasty_value(value: Part) -> str:
    return f"x - {value.number}" if value.kind == "from" else value.code


def failed_attempt(task: Task, record: Problem, rng: random.Random) -> tuple[str, Verdict]:
    """An attempt that fails, with its verdict: a hasty one, or one with a wrong number."""
    while True:
        careful = rng.random() < CAREFUL_FAILURES
        text = careful_attempt(task) if careful else hasty_attempt(task, rng, slips=False)
        verdict = None if careful else judged(record, text)
        if verdict is None or verdict.passed:
            text = slipped(text, rng)
            verdict = judged(record, text)
        if not verdict.passed:
            return text, verdict


def slipped(text: str, rng: random.Random) -> str:
    """`text` with one of its numbers changed in one digit."""
    digit = rng.choice(list(re.finditer(r"\d", text)))
    other = rng.choice([d for d in "123456789" if d != digit[0]])
    return text[: digit.start()] + other + text[digit.end() :]


def fenced(task: Task, lines: list[str]) -> str:
    """A whole answer."""
    body = "\n".join(f"    {line}" for line in lines)
    return f"```python\ndef f({task.parameter}):\n{body}\n```"


def judged(record: Problem, completion: str) -> Verdict:
    """The real verdict, in the strongest sandbox that works here. Raises `SandboxError` where none does."""
    return verifier().verify(record, completion)


@functools.cache
def verifier() -> Verifier:
    """The code verifier of this process."""
    return DOMAIN.open_verifier({})


assert set(LEVEL_WEIGHTS) == set(HASTY_FIRST) == set(LEVELS)
