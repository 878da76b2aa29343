"""What lies between two turns of a run: from the last optimizer step of one to the first token of the next.

    python benchmarks/perf/turns.py [--model 0.6B] [--engine transformers | --engine vllm] [--turns 3]

Runs the real loop, `opsd` on the math domain, with turns of `--steps`, and notes when each optimizer step ends, when
weights are handed to the engine and when a first token has been decoded. Between the two lie what a job writes
(adapter, optimizer, teacher), its way into the store, the engine's taking of the new weights, and the next prompts. A
turn is everything from its first token to its last step, sampling and judging included. Must be at most 5 % of it.

`0.6B` is a random model of the shape of Qwen3-0.6B (`opsd_step.py`), which answers nothing, so the guards are off.
Short completions make this strict: longer ones lengthen the turn and not what lies between.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))

from opsd_step import make_model

from pidistill.contracts import Request
from pidistill.contracts.engine import silent
from pidistill.loop import run_cell
from pidistill.plugins import get_manager
from pidistill.progress import Quiet
from pidistill.recipes import run_config
from pidistill.store.store import Store
from pidistill.suite.parts import open_parts
from pidistill.suite.resolve import resolve

LIMIT = 0.05
Event = tuple[str, float]


def main() -> int:
    """Print each gap with its parts, and their median share of a turn. Returns 1 where it is above `LIMIT`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="0.6B", help="0.6B, embedded, a folder or a Hugging Face name")
    parser.add_argument("--engine", default="transformers")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--steps", type=int, default=10, help="steps of a turn; fewer are stricter")
    parser.add_argument("--batch", type=int, default=4, help="completions to a step")
    parser.add_argument("--max-tokens", type=int, default=64)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = str(make_model(Path(folder) / "model")) if options.model == "0.6B" else options.model
        off = [f"guards.{name}=0" for name in ("length", "entropy", "falling", "divergence", "idle")]
        off += [f"guards.{name}=1" for name in ("truncated", "unanswered", "errors")]
        settings = [
            f"model.name={model}", f"engine.name={options.engine}", "engine.dtype=float32",
            f"sampling.max_tokens={options.max_tokens}", "evaluate.max_tokens=4", "data.evaluate.limit=2",
            f"train.steps={options.steps * options.turns}", f"train.refresh_every={options.steps}",
            f"train.batch_size={options.batch}", "recipe.rollouts.samples=1", "verify.workers=1", *off,
        ]  # fmt: skip
        config = resolve(run_config("opsd", "math", sets=settings), get_manager())
        with (
            Store(Path(folder) / "store") as store,
            open_parts(config, get_manager(), store, Quiet()) as parts,
        ):
            cell = parts.cell(config, 0, "turns")
            events: list[Event] = []
            _watch(cell.engine, events)
            run_cell(cell)
    return _report(events, options)


def _watch(engine: Any, events: list[Event]) -> None:
    """Have the engine and every AdamW write down what they do."""

    def now(what: str) -> None:
        events.append((what, time.perf_counter()))

    step: Callable[..., Any] = torch.optim.AdamW.step
    generate, refresh = engine.generate, engine.refresh

    def timed_step(*arguments: Any, **keywords: Any) -> Any:
        found = step(*arguments, **keywords)
        now("step")
        return found

    def timed_generate(requests: Sequence[Request], tell: Callable[[int], None] = silent) -> Iterator[Any]:
        told = 0

        def heard(tokens: int) -> None:  # called before each decoding step, the first of which gives the first token
            nonlocal told
            told += 1
            if told == 2:
                now("token")
            tell(tokens)

        yield from generate(requests, heard)

    def timed_refresh(model: Any) -> None:
        now("refresh")
        refresh(model)
        now("refreshed")

    torch.optim.AdamW.step = timed_step
    engine.generate, engine.refresh = timed_generate, timed_refresh


def _report(events: list[Event], options: argparse.Namespace) -> int:
    """Find the gaps: a step, then a first token, then steps again."""
    shares = []
    began: float | None = None
    for index, (what, when) in enumerate(events):
        if what == "token" and (began is None or events[index - 1][0] == "refreshed"):
            began = when
        if what != "step" or index + 1 == len(events) or events[index + 1][0] == "step":
            continue
        after = events[index + 1 :]
        if not any(name == "step" for name, _ in after):
            break  # the evaluation at the end follows
        named = dict(reversed(after))
        gap, turn = named["token"] - when, when - (began or when)
        shares.append(gap / turn)
        print(
            f"turn of {turn:7.2f} s, then {gap:6.2f} s ({gap / turn:.1%}): {named['refresh'] - when:.2f} s to write "
            f"and publish, {named['refreshed'] - named['refresh']:.2f} s to take the weights, "
            f"{named['token'] - named['refreshed']:.2f} s to the first token",
            flush=True,
        )
    share = statistics.median(shares)
    print(
        f"{options.model}, {options.engine}: {share:.1%} of a turn of {options.steps} steps; "
        f"must be at most {LIMIT:.0%}"
    )
    return int(share > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
