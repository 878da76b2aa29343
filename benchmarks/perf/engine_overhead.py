"""How much time our code adds to vLLM's own: `VLLMEngine.generate` against bare `LLM.generate`, in one run.

Both sides complete the same conversations with the same sampling on the same vLLM. The bare side is handed prompts that
are rendered already; ours starts from messages: it renders them, collects completions as they finish, reads out
log-probabilities and decodes the text. Runs alternate in pairs (A B, B A, ...), and the median of the pairs' ratios is
what counts: must be at most 1.05.

    python benchmarks/perf/engine_overhead.py [--model FOLDER] [--requests 256] [--max-tokens 128] [--pairs 15]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

from pidistill.config import EngineConfig
from pidistill.contracts import DataSource, Request
from pidistill.engines import chat
from pidistill.engines.loading import resolve_model
from pidistill.engines.vllm_engine import VLLMEngine
from pidistill.records import Sampling
from pidistill_math.domain import MathDomain

LIMIT = 1.05


def main() -> int:
    """Print each pair and the median ratio. Returns 1 where it is above `LIMIT`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    domain = MathDomain()
    parser.add_argument("--model", default=str(domain.embedded().model), help="folder or Hugging Face name")
    parser.add_argument("--requests", type=int, default=256)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--pairs", type=int, default=15)
    arguments = parser.parse_args()

    problems = domain.problems(DataSource(dataset="arithmetic", split="test", limit=arguments.requests))
    requests = [
        Request(domain.prompt(problem), Sampling(temperature=0.7, max_tokens=arguments.max_tokens, seed=seed))
        for seed, problem in enumerate(problems)
    ]
    engine = VLLMEngine(
        resolve_model(arguments.model),
        EngineConfig(name="vllm", batch_size=128, options={"enable_prefix_caching": False}),
    )
    bare = _bare(engine, requests)

    def ours() -> int:
        return sum(len(made.token_ids) for batch in engine.generate(requests) for _, made in batch)

    bare(), ours()  # Warm up both.
    ratios = []
    for pair in range(arguments.pairs):
        first, second = (bare, ours) if pair % 2 == 0 else (ours, bare)
        (first_s, first_tokens), (second_s, second_tokens) = _timed(first), _timed(second)
        if first_tokens != second_tokens:
            print(f"The two sides made different completions: {first_tokens} and {second_tokens} tokens.")
            return 1
        bare_s, ours_s = (first_s, second_s) if pair % 2 == 0 else (second_s, first_s)
        ratios.append(ours_s / bare_s)
        print(f"pair {pair}: {first_tokens} tokens, vLLM {bare_s:.3f} s, ours {ours_s:.3f} s, ratio {ratios[-1]:.3f}")
    engine.close()
    median = statistics.median(ratios)
    print(f"median ratio {median:.3f} (lowest {min(ratios):.3f}, highest {max(ratios):.3f}); must be <= {LIMIT}")
    return 0 if median <= LIMIT else 1


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


def _timed(run: Callable[[], int]) -> tuple[float, int]:
    start = time.perf_counter()
    tokens = run()
    return time.perf_counter() - start, tokens


if __name__ == "__main__":
    sys.exit(main())
