"""Measures a model on every level of `basics` under several instructions, on the split that nothing else reads.

    python -m benchmarks.real.choose --model runs/real/model

Prints, for each level and instruction, the share of problems solved greedily and at the temperature of training, the
share of completions that hold no answer, and the share that were cut off. `--to FILE` writes a suite file like
`suite.toml` with the pair whose accuracy is nearest the middle of 30 to 55 %, by both measures.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from pidistill.config import EngineConfig
from pidistill.contracts import DataSource, Request
from pidistill.engines.loading import resolve_model
from pidistill.engines.transformers_engine import TransformersEngine
from pidistill.records import Problem, Sampling, Status
from pidistill_math.basics import KINDS
from pidistill_math.domain import DEFAULT_INSTRUCTION, MathDomain
from pidistill_math.verifier import MathVerifier

SUITE: Final = Path(__file__).with_name("suite.toml")
INSTRUCTIONS: Final = (
    DEFAULT_INSTRUCTION,
    'Begin with "The answer is".',
    'Reply with "The answer is" and the number.',
    "Write only: The answer is N. Here N is the number.",
    "Put the number in \\boxed{}.",
    'For example: "The answer is 12."',
)
WANTED: Final = (0.30, 0.55)


class Measured(NamedTuple):
    """One level under one instruction."""

    level: int
    instruction: str
    greedy: float
    sampled: float
    unanswered: float
    truncated: float

    @property
    def distance(self) -> float:
        """From the middle of what is wanted, of the worse of the two measures."""
        middle = sum(WANTED) / 2
        return max(abs(self.greedy - middle), abs(self.sampled - middle))

    @property
    def fits(self) -> bool:
        """Whether both measures lie where there is room above and below."""
        return all(WANTED[0] <= value <= WANTED[1] for value in (self.greedy, self.sampled))


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write the suite where that is asked for."""
    parser = argparse.ArgumentParser(description="Find the level and instruction that leave a model room.")
    parser.add_argument("--model", default="runs/real/model", help="folder of the model")
    parser.add_argument("--problems", type=int, default=48, help="of each level, for each instruction")
    parser.add_argument("--levels", type=int, nargs="*", default=list(KINDS), help="levels to look at")
    parser.add_argument("--temperature", type=float, default=0.7, help="of training")
    parser.add_argument("--max-tokens", type=int, default=32, help="of a completion")
    parser.add_argument("--batch-size", type=int, default=512, help="sequences side by side")
    parser.add_argument("--to", type=Path, help="suite file to write with what was found")
    options = parser.parse_args(arguments)
    config = EngineConfig(batch_size=options.batch_size, dtype="float32")
    engine = TransformersEngine(resolve_model(options.model), config)
    found = []
    print(f"{'level':>5} {'greedy':>7} {'sampled':>8} {'no answer':>10} {'cut off':>8}  instruction")
    for instruction in INSTRUCTIONS:
        began = time.monotonic()
        for one in measured(engine, options.levels, instruction, options):
            found.append(one)
            print(
                f"{one.level:>5} {one.greedy:>7.1%} {one.sampled:>8.1%} {one.unanswered:>10.1%} {one.truncated:>8.1%}"
                f"  {one.instruction}{'  <' if one.fits else ''}",
                flush=True,
            )
        print(f"      ({time.monotonic() - began:.0f} s)", flush=True)
    best = min(found, key=lambda one: one.distance)
    print(f"Nearest: level {best.level} ({KINDS[best.level][0]}), {best.instruction!r}")
    if options.to is not None:
        options.to.write_text(suite_with(SUITE.read_text("utf-8"), best), "utf-8")
    return 0 if best.fits else 1


def measured(
    engine: TransformersEngine, levels: Sequence[int], instruction: str, options: argparse.Namespace
) -> list[Measured]:
    """Every level under one instruction; all in one go, since that is what a GPU likes."""
    domain, verifier = MathDomain(), MathVerifier()
    problems = [
        problem
        for level in levels
        for problem in domain.problems(DataSource("basics", "choose", None, options.problems, 0, instruction, (level,)))
    ]
    temperatures = (0.0, options.temperature)
    requests = [
        Request(domain.prompt(problem), Sampling(temperature=temperature, max_tokens=options.max_tokens, seed=number))
        for temperature in temperatures
        for number, problem in enumerate(problems)
    ]
    passed, unanswered, truncated = ([0.0] * len(requests) for _ in range(3))
    for batch in engine.generate(requests):
        for index, generation in batch:
            status = verifier.verify(problems[index % len(problems)], generation.completion).status
            passed[index], unanswered[index] = float(status is Status.PASS), float(status is Status.NO_ANSWER)
            truncated[index] = float(generation.truncated)
    return [
        Measured(level, instruction, *(share(values, side, problems, level) for values, side in (
            (passed, 0), (passed, 1), (unanswered, 1), (truncated, 1),
        )))
        for level in levels
    ]  # fmt: skip


def share(values: Sequence[float], side: int, problems: Sequence[Problem], level: int) -> float:
    """The mean of `values` over a level's problems; side 0 are the greedy completions, side 1 the sampled ones."""
    mine = [values[side * len(problems) + number] for number, one in enumerate(problems) if one.level == level]
    return sum(mine) / len(mine)


def suite_with(text: str, best: Measured) -> str:
    """The text of a suite with another level and instruction. Both sides of its data get them."""
    text, levels = re.subn(r"levels = \[\d+\]", f"levels = [{best.level}]", text)
    said = "instruction = " + json.dumps(best.instruction, ensure_ascii=False)
    text, instructions = re.subn(r'instruction = "(?:[^"\\]|\\.)*"', lambda _: said, text)
    if (levels, instructions) != (2, 2):
        raise SystemExit("The suite does not say level and instruction once for each side of its data.")
    return text


if __name__ == "__main__":
    sys.exit(main())
