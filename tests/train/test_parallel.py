"""Two processes give the losses and the weights of one."""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pidistill.contracts import TrainJob
from pidistill.records import Example
from pidistill.train import parallel, session
from pidistill.train.opsd import OpsdObjective
from pidistill.train.policy import GrpoObjective
from pidistill.train.sft import SFTObjective

Job = Callable[..., TrainJob]
CASES = Path(__file__).with_name("parallel_cases.py")
TWO = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "TORCHELASTIC_RUN_ID": "test"}


def silent(done: int, total: int, metrics: object) -> None:
    """A job's own progress cannot be pickled."""


def in_two_processes(jobs: Path, out: Path) -> dict[str, list[object]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    running = []
    for rank in range(2):
        own = {"MASTER_PORT": port, "RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"}
        path = os.pathsep.join([str(CASES.parents[2]), str(CASES.parent), str(CASES.parents[1])])
        with (out / f"said by {rank}").open("w") as said:
            running.append(
                subprocess.Popen(
                    [sys.executable, CASES, jobs, out],
                    env={**os.environ, **TWO, **own, "PYTHONPATH": path},
                    stdout=said,
                    stderr=said,
                )
            )
    while None in (codes := [process.poll() for process in running]):
        if any(codes):  # the other would wait for it for days
            for process in running:
                process.kill()
        time.sleep(0.05)
    assert not any(codes), "\n".join((out / f"said by {rank}").read_text() for rank in range(2))
    found: dict[str, list[object]] = json.loads((out / "said.json").read_text())
    return found


def test_two_processes_train_as_one(job: Job, examples: list[Example], tmp_path: Path) -> None:
    """SFT, OPSD and GRPO; batches that two do not divide, a last one of one row, weights, clipping of the gradient."""
    weighted = [replace(e, weight=1 - i / 10) for i, e in enumerate(examples)]
    judged = [
        replace(e, problem_id=f"p{i // 4}", rollout_id=f"r{i}", advantage=(-1) ** i * 0.5)
        for i, e in enumerate(examples)
    ]
    common = {"batch_size": 3, "progress": silent, "lr": 1e-3}
    jobs = {
        "sft": (SFTObjective, job("sft", examples=weighted[:7], epochs=2, **common)),
        "opsd": (
            OpsdObjective,
            job("opsd", examples=weighted[:7], steps=3, teacher="ema", max_grad_norm=0.1, **common),
        ),
        "grpo": (GrpoObjective, job("grpo", examples=judged[:7], steps=3, kl_coef=0.1, micro_batch_size=1, **common)),
    }
    (tmp_path / "jobs").write_bytes(pickle.dumps(jobs))
    together = tmp_path / "together"
    together.mkdir()
    two = in_two_processes(tmp_path / "jobs", together)
    for name, (objective, one) in jobs.items():
        alone = objective().train(one)
        session.close()
        counts, metrics = [alone.steps, alone.tokens_trained, alone.order], dict(alone.metrics)
        *other_counts, other_metrics = two[name]
        assert counts == other_counts, name
        assert metrics == pytest.approx(other_metrics, rel=1e-4, abs=1e-6), name
        ours, theirs = (load_file(folder / "adapter_model.safetensors") for folder in (one.out_dir, together / name))
        assert ours.keys() == theirs.keys()
        for key in ours:
            torch.testing.assert_close(ours[key], theirs[key], rtol=1e-4, atol=2e-6, msg=lambda m, k=key: f"{k}: {m}")


def test_a_job_that_fails_ends_all_processes(job: Job, examples: list[Example], tmp_path: Path) -> None:
    """Its error is told, and no process waits for another."""
    unjudged = job("grpo", examples=examples, progress=silent, steps=1)
    (tmp_path / "jobs").write_bytes(pickle.dumps({"grpo": (GrpoObjective, unjudged)}))
    with pytest.raises(AssertionError, match="has no advantage, which a policy gradient needs"):
        in_two_processes(tmp_path / "jobs", tmp_path)


def test_alone_nothing_is_shared() -> None:
    assert parallel.mine([1, 2, 3]) == [1, 2, 3]
    assert parallel.sums(1.5, 2) == (1.5, 2)
    assert parallel.first()
    assert not parallel.takes_part()
