"""Run by test_parallel.py in two processes, as torchrun would: trains every job and writes what came of it.

    python parallel_cases.py JOBS OUT

JOBS is a file of pickled (objective's class, job) pairs; OUT, a folder for each of them.
"""

from __future__ import annotations

import dataclasses
import json
import pickle
import sys
from pathlib import Path

import torch

from pidistill.train import parallel, session


def main(jobs: Path, out: Path) -> None:
    torch.set_num_threads(1)
    if parallel.takes_part():
        return
    said = {}
    for name, (objective, job) in pickle.loads(jobs.read_bytes()).items():
        trained = objective().train(dataclasses.replace(job, out_dir=out / name, working=None))
        said[name] = [trained.steps, trained.tokens_trained, trained.order, dict(trained.metrics)]
    session.close()
    (out / "said.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
