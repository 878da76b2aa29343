"""The measurements of the math model and its card: first attempts by level, and what feedback of each kind does.

Everything is measured on held-out `test` problems with the weights as shipped. The card says openly how the model came
to have room for improvement, and what results on it can and cannot show.
"""

from __future__ import annotations

import dataclasses
import random
import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from benchmarks.tiny.evaluation import Answer, answer, percent
from benchmarks.tiny.math_corpus import CONDITIONS, HASTY_AFTER_FEEDBACK, HASTY_FIRST, SLIP_RATE
from benchmarks.tiny.training import Pretraining
from pidistill.contracts import Peers
from pidistill.pi.feedback import retry_messages, teacher_messages
from pidistill.records import JSON, Message, Messages, Problem, Rollout, Sampling
from pidistill_math.arithmetic import LEVELS, MAX_TOKENS, SOURCE, problems

TEMPERATURE: Final = 0.7


def measure(
    model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, count: int = 500, seed: int = 0
) -> dict[str, JSON]:
    """Pass rates in per cent on the first `count` test problems: by level, greedy and sampled, and by condition.

    Retries follow the model's own failed samples. Conditions that tell something are also shown to the model without a
    failure, as a teacher's prompt.
    """
    tasks = list(problems("test", limit=count))
    plain: list[Messages] = [(Message("user", task.prompt),) for task in tasks]
    references = [str(task.reference) for task in tasks]
    greedy = answer(model, tokenizer, plain, references, max_tokens=MAX_TOKENS, seed=seed)
    sampled = answer(model, tokenizer, plain, references, temperature=TEMPERATURE, max_tokens=MAX_TOKENS, seed=seed)
    report: dict[str, JSON] = {
        "problems": count,
        "greedy": _by_level(tasks, greedy),
        "sampled": _by_level(tasks, sampled),
        "truncated": round(100 * sum(a.truncated for a in sampled) / count, 1),
        "tokens": round(sum(a.tokens for a in sampled) / count, 1),
        "without_answer": round(100 * sum("\\boxed{" not in a.completion for a in sampled) / count, 1),
    }
    rng = random.Random(seed)
    conditions: dict[str, JSON] = {}
    for condition in CONDITIONS[1:]:
        rows: list[tuple[Problem, Messages]] = []
        for task, messages, first, one_greedy in zip(tasks, plain, sampled, greedy, strict=True):
            if condition.kind == "retry" and first.passed:
                continue
            own = _rollout(task, messages, first.completion, "own")
            right = next((a.completion for a in (one_greedy, first) if a.passed), str(task.solution))
            peers = Peers(tuple(rng.sample(tasks, 2)), (_rollout(task, messages, right, "peer"),))
            assert condition.form is not None
            pi = condition.form.render(task, own, None, peers, rng)
            if pi is not None and condition.kind == "retry":
                rows.append((task, retry_messages(messages, [(first.completion, pi.text)])))
            elif pi is not None:
                rows.append((task, teacher_messages(messages, pi.text)))
        told = [task for task, _ in rows]
        answers = answer(
            model,
            tokenizer,
            [messages for _, messages in rows],
            [str(task.reference) for task in told],
            temperature=TEMPERATURE,
            max_tokens=MAX_TOKENS,
            seed=seed,
        )
        conditions[condition.name] = {"prompts": len(rows), **_by_level(told, answers)}
    report["conditions"] = conditions
    return report


def table(report: Mapping[str, JSON]) -> str:
    """The report as a Markdown table of pass rates in per cent."""
    lines = [
        "| prompt | prompts | all | " + " | ".join(f"level {level}" for level in LEVELS) + " |",
        "|---|" + "---:|" * (len(LEVELS) + 2),
    ]
    rows: dict[str, JSON] = {"first attempt, greedy": report["greedy"], "first attempt, sampled": report["sampled"]}
    rows |= report["conditions"]  # type: ignore[arg-type]
    for name, row in rows.items():
        assert isinstance(row, dict)
        cells = [row["all"], *(row[f"level {level}"] for level in LEVELS)]
        shown = " | ".join("-" if cell is None else f"{cell:.1f}" for cell in cells)
        lines.append(f"| {name} | {row.get('prompts', report['problems'])} | {shown} |")
    return "\n".join(lines)


def card(settings: Pretraining, report: Mapping[str, JSON], facts: Mapping[str, JSON]) -> str:
    """The model card, README.md of the model folder."""
    shares = ", ".join(f"{round(100 * share)} % at level {level}" for level, share in HASTY_FIRST.items())
    seen = ", ".join(f"{condition.name} {round(100 * condition.weight)} %" for condition in CONDITIONS)
    made = "\n".join(f"* {name}: {value}" for name, value in {**dataclasses.asdict(settings), **facts}.items())
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

{_wrapped(what)}

    python -m benchmarks.tiny.build math

## What it is made to be

{_wrapped(history)}

{_wrapped(fairness)}

It learned from the `pretrain` split only; `train` and `test` problems cannot be in it, by construction of the splits.

Its settings were chosen over four builds while looking at `test` problems of seed 0, at the arms' results on them too
(docs/log.md). The demo therefore evaluates on `test` problems of seed 1.

## What it does

Pass rates in per cent on held-out `test` problems, T = {TEMPERATURE} unless it says greedy. Retries follow the model's
own failed samples ('all' is their own denominator), teacher rows are given the information without an attempt.

{table(report)}

Of the sampled first attempts {report["truncated"]} % ran past the limit of {MAX_TOKENS} tokens and
{report["without_answer"]} % gave no answer; their mean length is {report["tokens"]} tokens.

## How it was made

{made}
"""


def _wrapped(text: str) -> str:
    """One paragraph in lines of at most 110 characters."""
    return textwrap.fill(" ".join(text.split()), 110, break_long_words=False, break_on_hyphens=False)


def _by_level(tasks: Sequence[Problem], answers: Sequence[Answer]) -> dict[str, JSON]:
    """Pass rates over all and by level; None where a level has no problem."""
    rates: dict[str, JSON] = {"all": percent(answers) if answers else None}
    for level in LEVELS:
        of_level = [a for task, a in zip(tasks, answers, strict=True) if task.level == level]
        rates[f"level {level}"] = percent(of_level) if of_level else None
    return rates


def _rollout(task: Problem, messages: Messages, completion: str, name: str) -> Rollout:
    return Rollout(name, task.id, messages, completion, (), (), 0, Sampling(), "", "tiny")
