"""The Lean model: how it is measured, what its card says, and its description for `build`.

The card says openly how the model came to have room for improvement, and what results on it can and cannot show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pidistill_lean
from benchmarks.tiny.domains import TinyDomain
from benchmarks.tiny.lean_corpus import (
    CONDITIONS,
    DOMAIN,
    HASTY_AFTER_FEEDBACK,
    HASTY_FIRST,
    HASTY_ON_LISTS,
    SLIP_RATE,
    conversations,
    judged,
    textbook,
)
from benchmarks.tiny.measure import TEMPERATURE, Exam, made, table, wrapped
from benchmarks.tiny.training import Pretraining
from pidistill.records import JSON, Problem, Verdict
from pidistill_lean.theorems import LEVELS, MAX_TOKENS, SOURCE, problems

PIECES: Final = r"\d|\n|(?<!\w)[pqrsu](?!\w)|[^\d\n]+?(?=\d|\n|(?<!\w)[pqrsu](?!\w)|$)"
"""Digits and the letters of propositions alone, since a proof has to pick among them; any other text together.

Statements are long and have few turns of phrase, so a turn of phrase becomes one token.
"""


def judge(tasks: Sequence[Problem], completions: Sequence[str]) -> list[Verdict]:
    """The Lean verifier's verdicts."""
    return [*map(judged, tasks, completions)]


def card(settings: Pretraining, report: Mapping[str, JSON], facts: Mapping[str, JSON]) -> str:
    """The model card, README.md of the model folder."""
    shares = ", ".join(f"{round(100 * share)} % at level {level}" for level, share in HASTY_FIRST.items())
    seen = ", ".join(f"{condition.name} {round(100 * condition.weight)} %" for condition in CONDITIONS)
    what = f"""
    A Qwen3-architecture model of {facts["parameters"]:,} parameters (bfloat16) with a tokenizer and chat template
    of its own. It proves generated theorems of Lean's core library (`{SOURCE}`, levels 1 to 5) and nothing else. It
    exists so that every recipe runs in minutes on two CPU cores through the code that a large model uses. Rebuild it,
    where a Lean runtime works, with"""
    history = f"""
    It learned from two authors. The careful one writes down each fact on the way (`have`) before using it, and finds
    the induction. The hasty one leaves the facts out and the rest to one closing tactic, looks one level deep into a
    conjunction and skips the middle of a chain of implications: that passes where a witness is all that is asked for,
    and fails where a fact has to be found. In {round(100 * SLIP_RATE)} % of first attempts that author also gets a
    number or a name wrong. First came a textbook, all by the careful author; then a web, where both write. There the
    hasty one wrote {shares} of the first attempts ({round(100 * HASTY_ON_LISTS)} % where the theorem is about lists),
    and {round(100 * HASTY_AFTER_FEEDBACK)} % of the attempts that follow feedback, whatever that feedback says. So the
    model is able to do more than it shows at first, and being told that it failed brings some of that out. **That is
    built in.** Results on this model show what the machinery does; they are no evidence about large models. Whether a
    retry helps or hurts here says nothing about real provers."""
    fairness = f"""
    All feedback conditions were learned from the same two authors in the same proportion, and what the compiler said
    of an attempt is what Lean said. They differ in how often they were seen: {seen}."""
    return f"""\
# The embedded model of the Lean domain

{wrapped(what)}

    python -m benchmarks.tiny.build lean

## What it is made to be

{wrapped(history)}

{wrapped(fairness)}

It learned from the `pretrain` split only; `train` and `test` problems cannot be in it, by construction of the splits.

Its settings were chosen over four builds while looking at `test` problems of seed 0 (docs/log.md). The demo therefore
evaluates on `test` problems of seed 1.

## What it does

Pass rates in per cent on held-out `test` problems (a proof passes if Lean's kernel accepts it), T = {TEMPERATURE}
unless it says greedy. Retries follow the model's own failed samples ('all' is their own denominator); 'resampled' is
a fresh sample for the same problems; teacher rows are shown part of this or another reference proof, without
an attempt. Level 1 has no skeletons, since its proofs have no steps.

{table(report)}

Of the sampled first attempts {report["truncated"]} % ran past the limit of {MAX_TOKENS} tokens and
{report["without_answer"]} % gave no answer; their mean length is {report["tokens"]} tokens.

## How it was made

{made(settings, facts)}
"""


TINY = TinyDomain(
    folder=Path(str(pidistill_lean.__file__)).parent / "embedded",
    settings=Pretraining(textbook=30_000, web=16_000, tokens_per_batch=1536, vocabulary=1024),
    textbook=textbook,
    web=conversations,
    exam=Exam(
        problems=lambda count: problems("test", limit=count),
        prompt=DOMAIN.prompt,
        judge=judge,
        conditions=CONDITIONS,
        levels=tuple(LEVELS),
        max_tokens=MAX_TOKENS,
    ),
    card=card,
    pieces=PIECES,
)
