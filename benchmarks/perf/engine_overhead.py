"""How much time the loop adds to vLLM's own: `cell.rollout` against bare `LLM.generate`, in one run.

Both sides complete the same conversations with the same sampling on the same vLLM. The bare side is handed prompts that
are rendered already. Ours starts from what the loop wants: it makes the content keys, looks into an empty store,
renders the prompts, collects completions as they finish, reads out log-probabilities, decodes the text, and writes
every rollout to the store. Runs alternate in pairs (A B, B A, ...), and the median of the pairs' ratios is what
counts: must be at most 1.05. The ratio of processor time stands beside that of the clock on the wall: on a machine
that others use it is the steadier one. A tiny model with short completions is the worst case: our work is per rollout.

    python benchmarks/perf/engine_overhead.py [--model FOLDER] [--requests 256] [--max-tokens 128] [--pairs 15]
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pidistill.arrows.rollout import Ask, rollout
from pidistill.arrows.where import Where
from pidistill.cell import Cell
from pidistill.contracts import Request
from pidistill.engines import chat
from pidistill.engines.vllm_engine import VLLMEngine
from pidistill.plugins import get_manager
from pidistill.progress import Quiet
from pidistill.recipes import run_config
from pidistill.records import Sampling
from pidistill.store.store import Store
from pidistill.suite.parts import open_parts
from pidistill.suite.resolve import resolve

LIMIT = 1.05


def main() -> int:
    """Print each pair and the median ratio. Returns 1 where it is above `LIMIT`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="embedded", help="folder or Hugging Face name")
    parser.add_argument("--requests", type=int, default=256)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--pairs", type=int, default=15)
    arguments = parser.parse_args()
    settings = [
        f"model.name={arguments.model}", "engine.name=vllm", "engine.batch_size=128",
        "engine.runtime.enable_prefix_caching=false", f"data.evaluate.limit={arguments.requests}", "verify.workers=1",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        config = resolve(run_config("retry", "math", sets=settings), get_manager())
        with (
            Store(Path(folder) / "shared") as store,
            open_parts(config, get_manager(), store, Quiet()) as parts,
        ):
            return _compare(parts.cell(config, 0, "overhead"), Path(folder), arguments.max_tokens, arguments.pairs)


def _compare(cell: Cell, folder: Path, max_tokens: int, pairs: int) -> int:
    engine = cell.engine
    assert isinstance(engine, VLLMEngine)
    asks = [
        Ask(problem, cell.domain.prompt(problem), Sampling(temperature=0.7, max_tokens=max_tokens, seed=seed))
        for seed, problem in enumerate(cell.held_out)
    ]
    bare = _bare(engine, [Request(ask.messages, ask.sampling) for ask in asks])
    empty = (_with_empty_store(cell, folder / f"store-{number}") for number in itertools.count())
    cells = list(itertools.islice(empty, pairs + 1))

    def ours() -> int:
        fresh = cells.pop()
        return sum(len(made.token_ids) for _, made in rollout(fresh, fresh.base, Where("", 0, "benchmark"), asks))

    bare(), ours()  # Warm up both.
    ratios, processor = [], []
    for pair in range(pairs):
        first, second = (bare, ours) if pair % 2 == 0 else (ours, bare)
        times = [_timed(first), _timed(second)]
        if times[0].tokens != times[1].tokens:
            print(f"The two sides made different completions: {times[0].tokens} and {times[1].tokens} tokens.")
            return 1
        its, own = times if pair % 2 == 0 else reversed(times)
        ratios.append(own.wall_s / its.wall_s)
        processor.append(own.processor_s / its.processor_s)
        print(
            f"pair {pair}: {its.tokens} tokens, vLLM {its.wall_s:.3f} s, ours {own.wall_s:.3f} s, "
            f"ratio {ratios[-1]:.3f}, of processor time {processor[-1]:.3f}"
        )
    median = statistics.median(ratios)
    print(
        f"median ratio {median:.3f} (lowest {min(ratios):.3f}, highest {max(ratios):.3f}), "
        f"of processor time {statistics.median(processor):.3f}; must be <= {LIMIT}"
    )
    return 0 if median <= LIMIT else 1


def _with_empty_store(cell: Cell, folder: Path) -> Cell:
    fresh = dataclasses.replace(cell, store=Store(folder))
    fresh.store.cell_dir(fresh.id).mkdir(parents=True)
    return fresh


def _bare(engine: VLLMEngine, requests: list[Request]) -> Callable[[], int]:
    """vLLM's own `generate` on prompts rendered beforehand."""
    llm = engine._llm
    prompts = [
        {"prompt_token_ids": chat.render_prompt(engine._tokenizer, request.messages, {})} for request in requests
    ]
    parameters = [engine._parameters(request.sampling) for request in requests]

    def run() -> int:
        with engine._guarded():
            outputs = llm.generate(prompts, parameters, use_tqdm=False)
        return sum(len(output.outputs[0].token_ids) for output in outputs)

    return run


class _Timed(NamedTuple):
    wall_s: float
    processor_s: float
    tokens: int


def _timed(run: Callable[[], int]) -> _Timed:
    wall, processor = time.perf_counter(), time.process_time()
    tokens = run()
    return _Timed(time.perf_counter() - wall, time.process_time() - processor, tokens)


if __name__ == "__main__":
    sys.exit(main())
