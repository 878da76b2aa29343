"""The code model: how it is measured, what its card says, and its description for `build`.

The card says openly how the model came to have room for improvement, and what results on it can and cannot show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pidistill_code
from benchmarks.tiny.code_corpus import (
    CONDITIONS,
    DOMAIN,
    HASTY_AFTER_FEEDBACK,
    HASTY_FIRST,
    SLIP_RATE,
    conversations,
    judged,
    textbook,
)
from benchmarks.tiny.domains import TinyDomain
from benchmarks.tiny.measure import TEMPERATURE, Exam, made, table, wrapped
from benchmarks.tiny.training import Pretraining
from pidistill.records import JSON, Problem, Verdict
from pidistill_code.function_tasks import LEVELS
from pidistill_code.functions import MAX_TOKENS, SOURCE, problems

PIECES: Final = r"\d|\n *|```python|>>> |, | ?[-+*/%<>=]=? ?| ?[A-Za-z_]+| ?[^\w\s]+|\s"
"""As the tokenizer's own, with indentation in one piece and brackets together."""


def judge(tasks: Sequence[Problem], completions: Sequence[str]) -> list[Verdict]:
    """The code verifier's verdicts, in the sandbox."""
    return [*map(judged, tasks, completions)]


def card(settings: Pretraining, report: Mapping[str, JSON], facts: Mapping[str, JSON]) -> str:
    """The model card, README.md of the model folder."""
    shares = ", ".join(f"{round(100 * share)} % at level {level}" for level, share in HASTY_FIRST.items())
    seen = ", ".join(f"{condition.name} {round(100 * condition.weight)} %" for condition in CONDITIONS)
    what = f"""
    A Qwen3-architecture model of {facts["parameters"]:,} parameters (bfloat16) with a tokenizer and chat template
    of its own. It writes generated small functions (`{SOURCE}`, levels 1 to 5) and nothing else. It exists so that
    every recipe runs in minutes on two CPU cores through the code that a large model uses. Rebuild it, where a sandbox
    works, with"""
    history = f"""
    It learned from two authors. The careful one works in small steps, one for each phrase of the docstring. The hasty
    one returns everything at once and has habits that cost hidden tests: no parentheses around what is multiplied or
    subtracted, 'at most 7' without the 7, '9 minus x' the wrong way round, no thought for the empty list; in
    {round(100 * SLIP_RATE)} % of first attempts also a wrong number. First came a textbook, all by the careful author;
    then a web, where both write. There the hasty one wrote {shares} of the first attempts, and
    {round(100 * HASTY_AFTER_FEEDBACK)} % of the attempts that follow feedback, whatever that feedback says. So the
    model is able to do more than it shows at first, and being told that it failed brings some of that out. **That is
    built in.** Results on this model show what the machinery does; they are no evidence about large models."""
    fairness = f"""
    All feedback conditions were learned from the same two authors in the same proportion, and what a test run said
    of an attempt is what the verifier said. They differ in how often they were seen: {seen}."""
    return f"""\
# The embedded model of the code domain

{wrapped(what)}

    python -m benchmarks.tiny.build code

## What it is made to be

{wrapped(history)}

{wrapped(fairness)}

It learned from the `pretrain` split only; `train` and `test` problems cannot be in it, by construction of the splits.

Its settings were fixed after one other build, looking at `test` problems of seed 0 and at no arm's results
(docs/log.md). The demo evaluates on `test` problems of seed 1.

## What it does

Pass rates in per cent on held-out `test` problems (all hidden tests, in the sandbox), T = {TEMPERATURE} unless it says
greedy. Retries follow the model's own failed samples ('all' is their own denominator); 'resampled' is a fresh sample
for the same problems; teacher rows are told about an attempt or the tests without seeing an attempt.

{table(report)}

Of the sampled first attempts {report["truncated"]} % ran past the limit of {MAX_TOKENS} tokens and
{report["without_answer"]} % gave no answer; their mean length is {report["tokens"]} tokens.

## How it was made

{made(settings, facts)}
"""


TINY = TinyDomain(
    folder=Path(str(pidistill_code.__file__)).parent / "embedded",
    settings=Pretraining(textbook=20_000, web=12_000),
    textbook=textbook,
    web=conversations,
    exam=Exam(
        problems=lambda count: problems("test", limit=count),
        prompt=DOMAIN.prompt,
        judge=judge,
        conditions=CONDITIONS,
        levels=LEVELS,
        max_tokens=MAX_TOKENS,
    ),
    card=card,
    pieces=PIECES,
)
