"""A built model's exam: first attempts by level, and what feedback of each kind does. The numbers of its card.

Everything is measured on held-out `test` problems with the weights as shipped. Who judges is said by the domain.
"""

from __future__ import annotations

import random
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, cast

from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from benchmarks.tiny.corpus import Condition, feedback_messages
from benchmarks.tiny.evaluation import Completion, complete, percent
from benchmarks.tiny.training import Pretraining
from pidistill.records import JSON, Messages, Problem, Status, Verdict

TEMPERATURE: Final = 0.7

Judge = Callable[[Sequence[Problem], Sequence[str]], list[Verdict]]
"""(problems, one completion of each) -> their verdicts."""


@dataclass(frozen=True)
class Exam:
    """How a domain's model is measured."""

    problems: Callable[[int], Iterable[Problem]]
    """count -> the first `count` held-out problems that the builder may look at."""
    prompt: Callable[[Problem], Messages]
    judge: Judge
    conditions: Sequence[Condition]
    """The corpus's, `plain` among them."""
    levels: Sequence[int]
    max_tokens: int


@dataclass(frozen=True)
class Answer:
    """A judged completion."""

    made: Completion
    verdict: Verdict


def measure(
    model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, exam: Exam, count: int = 500, seed: int = 0
) -> dict[str, JSON]:
    """Pass rates in per cent on `count` test problems: by level, greedy and sampled, and by condition.

    Retries follow the model's own failed samples; `resampled` is a fresh sample for the same problems, with nothing
    said. What a teacher is told about an attempt is about a sample, a failed one where the form needs that.
    """

    def answers(tasks: Sequence[Problem], prompts: Sequence[Messages], temperature: float, seed: int) -> list[Answer]:
        made = complete(model, tokenizer, prompts, temperature=temperature, max_tokens=exam.max_tokens, seed=seed)
        return [*map(Answer, made, exam.judge(tasks, [one.text for one in made]))]

    tasks = list(exam.problems(count))
    plain = [exam.prompt(task) for task in tasks]
    greedy, sampled = answers(tasks, plain, 0.0, seed), answers(tasks, plain, TEMPERATURE, seed)
    failed = [i for i, first in enumerate(sampled) if not first.verdict.passed]
    resampled = answers([tasks[i] for i in failed], [plain[i] for i in failed], TEMPERATURE, seed + 1)
    report: dict[str, JSON] = {
        "problems": count,
        "greedy": by_level(tasks, greedy, exam.levels),
        "sampled": by_level(tasks, sampled, exam.levels),
        "truncated": round(100 * sum(a.made.truncated for a in sampled) / count, 1),
        "tokens": round(sum(a.made.tokens for a in sampled) / count, 1),
        "without_answer": round(100 * sum(a.verdict.status is Status.NO_ANSWER for a in sampled) / count, 1),
    }
    conditions: dict[str, JSON] = {
        "resampled": {"prompts": len(failed), **by_level([tasks[i] for i in failed], resampled, exam.levels)}
    }
    rng = random.Random(seed)
    for condition in exam.conditions:
        if condition.form is None:
            continue
        rows: list[tuple[Problem, Messages]] = []
        for task, messages, first, one_greedy in zip(tasks, plain, sampled, greedy, strict=True):
            if first.verdict.passed and (condition.kind == "retry" or condition.form.needs.rollout):
                continue
            right = next((a.made.text for a in (one_greedy, first) if a.verdict.passed), str(task.solution))
            others, attempt = rng.sample(tasks, 2), (first.made.text, first.verdict)
            told = feedback_messages(condition, task, messages, [attempt], rng, others, right)
            if told is not None:
                rows.append((task, told))
        asked = [task for task, _ in rows]
        given = answers(asked, [messages for _, messages in rows], TEMPERATURE, seed)
        conditions[condition.name] = {"prompts": len(rows), **by_level(asked, given, exam.levels)}
    report["conditions"] = conditions
    return report


def by_level(tasks: Sequence[Problem], answers: Sequence[Answer], levels: Sequence[int]) -> dict[str, JSON]:
    """Pass rates over all and by level; None where a level has no problem."""
    passed = [answer.verdict.passed for answer in answers]
    rates: dict[str, JSON] = {"all": percent(passed) if passed else None}
    for level in levels:
        of_level = [ok for task, ok in zip(tasks, passed, strict=True) if task.level == level]
        rates[f"level {level}"] = percent(of_level) if of_level else None
    return rates


# --- Text ------------------------------------------------------------------------------------------------------------


def table(report: Mapping[str, JSON]) -> str:
    """The report as a Markdown table of pass rates in per cent."""
    rows = {"first attempt, greedy": report["greedy"], "first attempt, sampled": report["sampled"]}
    rows |= cast("dict[str, JSON]", report["conditions"])
    columns = list(cast("dict[str, JSON]", report["greedy"]))
    lines = ["| prompt | prompts | " + " | ".join(columns) + " |", "|---|" + "---:|" * (len(columns) + 1)]
    for name, row in rows.items():
        assert isinstance(row, dict)
        shown = " | ".join("-" if row[column] is None else f"{row[column]:.1f}" for column in columns)
        lines.append(f"| {name} | {row.get('prompts', report['problems'])} | {shown} |")
    return "\n".join(lines)


def made(settings: Pretraining, facts: Mapping[str, JSON]) -> str:
    """Settings and facts of the build as a Markdown list."""
    return "\n".join(f"* {name}: {value}" for name, value in {**asdict(settings), **facts}.items())


def wrapped(text: str) -> str:
    """One paragraph in lines of at most 110 characters."""
    return textwrap.fill(" ".join(text.split()), 110, break_long_words=False, break_on_hyphens=False)
