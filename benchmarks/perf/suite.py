"""What a suite costs beside its cells: overhead a cell, running a finished suite again, the board.

    python benchmarks/perf/suite.py [--cells 1000] [--workers 2] [--records 1000000]

The cells are those of the tests' miniature world (`tests/suite/world.py`): two problems to train on, two held out, an
engine that adds, an objective that writes a file; store, verification pool and loop are real. `overhead` is all that a
suite's processes are alive for, less the loop itself: wall-clock time times workers, less the seconds that the cells
took, which is what a second machine would not speed up. `a cell in all` is wall-clock time by cell. Resume and status
are commands, started as a person starts them: seconds by the wall clock, and on processors. Then a store of `--records`
rollouts and verdicts (0: none) is made and asked what a report asks, as `store.py --size` does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from pidistill.suite.board import Journal  # noqa: E402
from tests.suite.world import install_sums, write_suite  # noqa: E402

SETTINGS = "data.train.limit = 2\ndata.evaluate.limit = 2\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="What a suite costs beside its cells.")
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--records", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = install_sums(folder / "site")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
        rest = '[[exclude]]\nrecipe = "retry"\n'
        rest += f'[[include]]\nrecipe = "rejection"\nseed = "0-{arguments.cells - 1}"\n'
        file = write_suite(folder, settings=SETTINGS, rest=rest, workers=arguments.workers)

        def run(*command: str) -> tuple[float, float]:
            """Seconds by the wall clock, and on processors."""
            start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(
                [sys.executable, "-m", "pidistill", "suite", *command, str(file)], env=environment,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                sys.exit(done.stdout + done.stderr)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            return round(time.perf_counter() - start, 2), round(spent, 2)

        first = run("run")
        (suite,) = (folder / "store" / "suites").iterdir()
        lines = Journal(suite).lines()
        ended = [line["at"] for line in lines if line["event"] == "finished"]
        took = [line["facts"]["seconds"] for line in lines if line["event"] == "finished"]
        wall = max(ended) - lines[0]["at"]
        again, status = run("run"), run("status")
        halves = [sum(took[: len(took) // 2]), sum(took[len(took) // 2 :])]
        print(json.dumps({
            "cells": len(took), "workers": arguments.workers,
            "overhead_ms_a_cell": round(1000 * (wall * arguments.workers - sum(took)) / len(took), 1),
            "ms_a_cell_in_all": round(1000 * wall / len(took), 1),
            "ms_of_the_loop": round(1000 * sum(took) / len(took), 1),
            "ms_of_the_loop_first_and_last_half": [round(2000 * half / len(took), 1) for half in halves],
            "first_run_s": first, "resume_s": again, "status_s": status,
        }, indent=1), flush=True)  # fmt: skip
    if arguments.records:
        store = Path(__file__).with_name("store.py")
        subprocess.run([sys.executable, str(store), "--size", str(arguments.records)], check=True)


if __name__ == "__main__":
    main()
