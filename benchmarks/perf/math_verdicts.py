"""Math verdicts a second: the verification pool against math-verify called one at a time, on the same rollouts.

    python benchmarks/perf/math_verdicts.py [--data math500.jsonl] [--workers 2] [--json FILE]

The traffic is MATH-500 with 20 whole rollouts of each problem, grouped by problem as an engine delivers them. What 20
samples of one model look like decides the result, so this is how they are made. Each rollout has its own text of 200
to 4,000 characters: the problem restated, sentences of the worked solution, a closing of its own. Only the answers
repeat, because a model that is asked 20 times gives a handful of answers. Per rollout, independently, with these
shares:

* 5 % the reference solution, word for word;
* 47 % the reference answer as the data spells it (a model trained on such data spells answers this way);
* 12 % an equivalent form: other typography, another order, ``x=5`` for ``5``, a reduced or decimal fraction, a unit;
* 15 % a near miss: one number or sign of the reference changed;
* 11 % a wrong answer: the reference of another problem, or a small integer;
* 10 % prose without an answer: a rollout cut off before its box.

Within a class a problem has at most three forms (two for equivalent forms), drawn with weights 4 : 2 : 1, as sampling
does.

math-verify is called as its README shows (`parse` of the reference, `parse` of the whole rollout, `verify`) in this
process, single-threaded as it has to be, on the first half of the rollouts; then the pool judges all of them at once;
then math-verify judges the second half, so that a machine busy with other work slows both. Both are warm before the
clock starts. Verdicts are compared as pass or no pass. Each answer on which they differ is printed under the rule that
decided, with the reason; a rule that is not in `LISTED` makes the run a failure.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from pidistill.contracts import DataSource
from pidistill.records import Problem, Status, Verdict
from pidistill.verify.opener import Opener
from pidistill.verify.pool import VerifierPool
from pidistill_math.domain import MathDomain

ROLLOUTS = 20
SHARES = {"solution": 5, "same": 47, "equivalent": 12, "near miss": 15, "wrong": 11, "no answer": 10}
LISTED = {
    "prose": "no answer is stated; math-verify takes the last expression of the unfinished text",
    "unevaluated": "the answer leaves an operation to be worked out, and math-verify works it out",
    "unreadable": "part of the answer is in no grammar; math-verify drops it, or takes another expression of the text",
    "unit": "the units differ; math-verify drops them",
    "kind": "another kind of answer (a list for one value), or another name; math-verify flattens, or drops it",
    "form": "another form than the question names (a decimal for a fraction); math-verify compares values",
    "base": "numerals of two bases; math-verify drops the base",
    "ratio": "times and ratios, which math-verify divides",
    "rounding": "a decimal that rounds the other side; math-verify compares fewer digits",
    "oversize": "the answer cannot be computed within any budget",
    "letters": "strings of letters, which math-verify multiplies",
}
Pair = tuple[Problem, str, str]
"""Problem, completion, class."""


def near_misses(reference: str, rng: random.Random) -> list[str]:
    """Answers that differ from the reference in one number or sign."""
    reference = re.sub(r"\\frac(\d)(\d)", r"\\frac{\1}{\2}", reference)
    numbers = list(re.finditer(r"\d+", reference))
    found = []
    for match in rng.sample(numbers, min(3, len(numbers))):
        changed = str(max(1, int(match[0]) + rng.choice((-2, -1, 1, 2, 10))))
        if len(changed) > 1 and re.search(r"(?:[\^_}]|\\frac|\\sqrt)$", reference[: match.start()]):
            changed = f"{{{changed}}}"
        found.append(reference[: match.start()] + changed + reference[match.end() :])
    if "-" in reference[1:]:
        found.append(reference[0] + reference[1:].replace("-", "+", 1))
    elif "+" in reference:
        found.append(reference.replace("+", "-", 1))
    elif "\\text" not in reference and not re.match(r"[(\[]|\\left|.*=", reference):
        found.append(reference[1:] if reference[0] == "-" else f"-{reference}")
    return [answer for answer in found if answer != reference][:3] or ["0"]


def equivalents(reference: str, rng: random.Random) -> list[str]:
    """Other ways to write the reference that a person would accept."""
    found = [
        reference.replace("\\frac", "\\dfrac"),
        re.sub(r"\s+(?![A-Za-z])", "", reference) if "\\text" not in reference else reference,
        reference.replace("(", "\\left(").replace(")", "\\right)") if "\\left" not in reference else reference,
        reference.replace("\\cdot", "\\times"),
        f" {reference} ",
    ]
    if re.fullmatch(r"-?\d+", reference):
        found += [f"{reference}.0", f"x={reference}", f"{reference}\\text{{ units}}"]
        if len(reference) > 4:
            found.append(f"{int(reference):,}")
    if match := re.fullmatch(r"\\frac\{(\d+)\}\{(\d+)\}", reference):
        top, bottom = int(match[1]), int(match[2])
        found += [f"{top}/{bottom}", f"\\frac{{{2 * top}}}{{{2 * bottom}}}"]
        if 10**6 % bottom == 0:
            found.append(str(float(Fraction(top, bottom))))
    if match := re.fullmatch(r"(.+) ?\+ ?(.+)", reference):
        if not re.search(r"[\\(,={-]", reference):
            found.append(f"{match[2]}+{match[1]}")
    if re.fullmatch(r"-?\d+(, ?-?\d{1,2})+", reference):
        found.append(", ".join(reversed(re.split(r", ?", reference))))
    if "\\sqrt" in reference and (match := re.fullmatch(r"(\d+) ?\\sqrt\{(\d+)\}", reference)):
        found.append(f"\\sqrt{{{int(match[1]) ** 2 * int(match[2])}}}")
    different = sorted(set(found) - {reference})
    return rng.sample(different, min(2, len(different)))


def traffic(problems: Sequence[Problem], rng: random.Random) -> Iterator[Pair]:
    """`ROLLOUTS` whole rollouts of each problem."""
    references = [p.reference for p in problems if p.reference is not None]
    for problem in problems:
        assert problem.reference is not None and problem.solution is not None
        answers = {
            "same": [problem.reference],
            "equivalent": equivalents(problem.reference, rng),
            "near miss": near_misses(problem.reference, rng),
            "wrong": [*rng.sample(references, 2), str(rng.randrange(100))],
        }
        for _ in range(ROLLOUTS):
            (kind,) = rng.choices(list(SHARES), weights=list(SHARES.values()))
            if kind == "solution":
                yield problem, problem.solution, kind
            elif kind == "no answer":
                yield problem, prose(problem, rng), kind
            else:
                forms = answers[kind] or [problem.reference]
                (answer,) = rng.choices(forms, weights=(4, 2, 1)[: len(forms)])
                yield problem, f"{prose(problem, rng)}\n\n{closing(answer, rng)}", kind


def prose(problem: Problem, rng: random.Random) -> str:
    """The problem restated and a beginning of its worked solution, cut before the box."""
    assert problem.solution is not None
    sentences = re.split(r"(?<=[.:])\s+", problem.solution.split("\\boxed", 1)[0])
    kept = " ".join(sentences[: rng.randint((len(sentences) + 1) // 2, len(sentences))])
    opening = rng.choice(("We are given:", "Let me think step by step.", "First, restate the problem:", "Okay, so"))
    then = rng.choice(("Step 1.", "Now we compute.", "Let us solve this.", "We proceed as follows."))
    return f"{opening} {problem.prompt}\n\n{then} {kept}"[:4_000]


def closing(answer: str, rng: random.Random) -> str:
    """How a rollout ends: the boxed answer in one of the usual sentences."""
    box = f"\\boxed{{{answer}}}"
    return rng.choice(
        (
            f"The final answer is ${box}$.",
            f"Therefore, the answer is ${box}$.",
            f"Thus we get\n\\[{box}\\]",
            f"**Final Answer**\n\n\\[\n{box}\n\\]",
            f"So the result is \\({box}\\).",
            f"Hence {box}",
        )
    )


def math_verify_passes(pairs: Sequence[Pair]) -> list[bool]:
    """Verdicts of math-verify with its defaults, one pair at a time."""
    from math_verify import parse, verify

    return [verify(parse(f"${problem.reference}$"), parse(completion)) for problem, completion, _ in pairs]


def pool_verdicts(pool: VerifierPool, pairs: Sequence[Pair]) -> list[Verdict]:
    """Verdicts of the pool, in the order of `pairs`."""
    found = dict(pool.verify([(problem, completion) for problem, completion, _ in pairs]))
    return [found[i] for i in range(len(pairs))]


def difference(verdict: Verdict, theirs: bool) -> str:
    """'' where both agree, else the listed class of the difference, or `unlisted`."""
    if verdict.passed == theirs:
        return ""
    if verdict.status is Status.NO_ANSWER:
        return "prose"
    rule = verdict.reason.split(":", 1)[0]
    return rule if rule in LISTED else "unlisted"


def warm_up() -> list[Pair]:
    """Pairs of many kinds on which libraries load what they load late; none of them is in the traffic."""
    forms = (
        ("{0}x+y", "y+{0}x+z^2"), ("({0},{1}]", "[{0},{1})"), ("y={0}x^2-z", "z={0}x"), ("\\cot {0}x", "\\tan {0}x"),
        ("\\{{{0},a\\}}", "({0},a)"), ("(-\\infty,{0})\\cup(a,\\infty)", "x<{0}"), ("{0}!", "{1}!"),
        ("\\begin{{pmatrix}}{0}\\\\a\\end{{pmatrix}}", "\\begin{{pmatrix}}a\\\\{0}\\end{{pmatrix}}"),
    )  # fmt: skip
    return [
        (Problem(f"warm-{i}-{k}", "math", "", ours.format(i, i + 1)), f"\\boxed{{{theirs.format(i, i + 1)}}}", "")
        for i in range(2, 42)
        for k, (ours, theirs) in enumerate(forms)
    ]


def main() -> int:
    """Run, print both rates, their ratio and the differences. Exit status 1 where a difference is not listed."""
    default = Path(os.environ.get("PIDISTILL_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=default / "math500.jsonl", help="MATH-500 as JSONL or Parquet")
    parser.add_argument("--workers", type=int, default=2, help="worker processes of the pool")
    parser.add_argument("--problems", type=int, default=None, help="only the first so many problems")
    parser.add_argument("--seed", type=int, default=0, help="of the traffic")
    parser.add_argument("--json", type=Path, help="write the result here as well")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)

    problems = list(MathDomain().problems(DataSource(path=arguments.data, limit=arguments.problems)))
    pairs = list(traffic(problems, random.Random(arguments.seed)))
    half = len(pairs) // 2
    opener = Opener(domain="math", factory="pidistill_math.domain:MathDomain")
    with VerifierPool(opener, workers=arguments.workers, budget_s=10.0) as pool:
        pool_verdicts(pool, warm_up())
        math_verify_passes(warm_up()[:40])
        marks = [time.perf_counter()]
        theirs = math_verify_passes(pairs[:half])
        marks.append(time.perf_counter())
        ours = pool_verdicts(pool, pairs)
        marks.append(time.perf_counter())
        theirs += math_verify_passes(pairs[half:])
        marks.append(time.perf_counter())
    seconds = {"math-verify": marks[1] - marks[0] + marks[3] - marks[2], "pool": marks[2] - marks[1]}

    differences = Counter(
        name for verdict, passed in zip(ours, theirs, strict=True) if (name := difference(verdict, passed))
    )
    differing = [
        {
            "rule": difference(verdict, passed),
            "id": pair[0].id,
            "reference": pair[0].reference,
            "answer": verdict.answer,
            "pool": verdict.status,
            "why": verdict.reason,
        }
        for pair, verdict, passed in zip(pairs, ours, theirs, strict=True)
        if difference(verdict, passed)
    ]
    unlisted = [row for row in differing if row["rule"] == "unlisted"]
    result = {
        "pairs": len(pairs),
        "different_answers": len({(p.reference, v.answer) for (p, _, _), v in zip(pairs, ours, strict=True)}),
        "classes": dict(Counter(kind for _, _, kind in pairs)),
        "rules": dict(Counter(v.reason.split(":", 1)[0] if v.answer else v.status for v in ours)),
        "passes": {"pool": sum(v.passed for v in ours), "math-verify": sum(theirs)},
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "verdicts_per_s": {name: round(len(pairs) / value, 1) for name, value in seconds.items()},
        "ratio": round(seconds["math-verify"] / seconds["pool"], 1),
        "workers": arguments.workers,
        "differences": {name: {"count": count, "why": LISTED.get(name, "")} for name, count in differences.items()},
        "differing": differing,
        "unlisted": unlisted,
    }
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(f"{len(pairs)} rollouts of {len(problems)} problems, {result['different_answers']} different answers")
    print(f"math-verify, one at a time: {len(pairs) / seconds['math-verify']:8.0f} verdicts/s")
    print(f"pool, {arguments.workers} workers:            {len(pairs) / seconds['pool']:8.0f} verdicts/s")
    print(f"ratio: {result['ratio']}")
    print(f"decided by: {result['rules']}")
    for name, count in differences.most_common():
        print(f"{count} verdicts differ, {name}: {LISTED.get(name, 'NOT LISTED')}")
    shown = {(row["rule"], row["reference"], row["answer"]): row for row in differing if row["answer"] is not None}
    for row in shown.values():
        print(f"  {row['rule']}: {row['reference']!r} <- {row['answer']!r}: {row['pool']}, {row['why']}")
    print(f"unlisted differences: {len(unlisted)}")
    return 1 if unlisted else 0


if __name__ == "__main__":
    sys.exit(main())
