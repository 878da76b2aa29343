"""The math model: how it is measured, what its card says, and its description for `build`.

The card says openly how the model came to have room for improvement, and what results on it can and cannot show.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pidistill_math
from benchmarks.tiny.domains import TinyDomain
from benchmarks.tiny.math_corpus import (
    CONDITIONS,
    HASTY_AFTER_FEEDBACK,
    HASTY_FIRST,
    SLIP_RATE,
    conversations,
    textbook,
)
from benchmarks.tiny.measure import TEMPERATURE, Exam, made, table, wrapped
from benchmarks.tiny.training import Pretraining
from pidistill.records import JSON, Message, Problem, Status, Verdict
from pidistill_math.arithmetic import LEVELS, MAX_TOKENS, SOURCE, problems


def judge(tasks: Sequence[Problem], completions: Sequence[str]) -> list[Verdict]:
    """The last box, compared as text: exact for generated arithmetic, whose references are plain whole numbers.

    It keeps the build independent of the math verifier.
    """
    verdicts: list[Verdict] = []
    for task, completion in zip(tasks, completions, strict=True):
        answer = boxed(completion)
        if answer is None:
            verdicts.append(Verdict(Status.NO_ANSWER))
        elif answer == task.reference:
            verdicts.append(Verdict(Status.PASS, 1.0, answer))
        else:
            verdicts.append(Verdict(Status.FAIL, 0.0, answer))
    return verdicts


def boxed(completion: str) -> str | None:
    r"""What stands in the last `\boxed{...}`, or None."""
    found: list[str] = re.findall(r"\\boxed\{([^{}]*)\}", completion)
    return found[-1].strip() if found else None


def card(settings: Pretraining, report: Mapping[str, JSON], facts: Mapping[str, JSON]) -> str:
    """The model card, README.md of the model folder."""
    shares = ", ".join(f"{round(100 * share)} % at level {level}" for level, share in HASTY_FIRST.items())
    seen = ", ".join(f"{condition.name} {round(100 * condition.weight)} %" for condition in CONDITIONS)
    what = f"""
    A Qwen3-architecture model of {facts["parameters"]:,} parameters (bfloat16) with a tokenizer and chat template
    of its own. It answers generated arithmetic (`{SOURCE}`, levels 1 to 5) and nothing else. It exists so that every
    recipe runs in minutes on two CPU cores through the code that a large model uses. Rebuild it with"""
    history = f"""
    It learned from two authors. The careful one works every operation out. The hasty one likes to skip the
    working, less so where there are parentheses, and makes a slip in {round(100 * SLIP_RATE)} % of the lines of a first
    attempt. First came a textbook, all by the careful author; then a web, where both write. There the hasty one wrote
    {shares} of the first attempts, and {round(100 * HASTY_AFTER_FEEDBACK)} % of the attempts that follow feedback,
    whatever that feedback says. So the model is able to do more than it shows at first, and being told that it failed
    brings some of that out. **That is built in.** Results on this model show what the machinery does; they are no
    evidence about large models."""
    fairness = f"""
    All feedback conditions were learned from the same two authors in the same proportion, and the answer at
    the end is the true one even where the user told a wrong one. They differ in how often they were seen: {seen}."""
    return f"""\
# The embedded model of the math domain

{wrapped(what)}

    python -m benchmarks.tiny.build math

## What it is made to be

{wrapped(history)}

{wrapped(fairness)}

It learned from the `pretrain` split only; `train` and `test` problems cannot be in it, by construction of the splits.

Its settings were chosen over four builds while looking at `test` problems of seed 0, at the arms' results on them too
(docs/log.md). The demo therefore evaluates on `test` problems of seed 1.

## What it does

Pass rates in per cent on held-out `test` problems, T = {TEMPERATURE} unless it says greedy. Retries follow the model's
own failed samples ('all' is their own denominator); 'resampled' is a fresh sample for the same problems; teacher rows
are given the information without an attempt.

{table(report)}

Of the sampled first attempts {report["truncated"]} % ran past the limit of {MAX_TOKENS} tokens and
{report["without_answer"]} % gave no answer; their mean length is {report["tokens"]} tokens.

## How it was made

{made(settings, facts)}
"""


TINY = TinyDomain(
    folder=Path(str(pidistill_math.__file__)).parent / "embedded",
    settings=Pretraining(),
    textbook=textbook,
    web=conversations,
    exam=Exam(
        problems=lambda count: problems("test", limit=count),
        prompt=lambda task: (Message("user", task.prompt),),
        judge=judge,
        conditions=CONDITIONS,
        levels=LEVELS,
        max_tokens=MAX_TOKENS,
    ),
    card=card,
)
