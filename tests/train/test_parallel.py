"""Two processes give the losses and the weights of one."""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pidistill.contracts import TrainJob
from pidistill.records import Example
from pidistill.train import parallel
from pidistill.train.opsd import OpsdObjective
from pidistill.train.policy import GrpoObjective
from pidistill.train.sft import SFTObjective

Job = Callable[..., TrainJob]
CASES = Path(__file__).with_name("parallel_cases.py")
TWO = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "TORCHELASTIC_RUN_ID": "test"}


def silent(done: int, total: int, metrics: object) -> None:
    """A job's own progress cannot be pickled."""


def run(jobs: Path, out: Path, processes: int) -> dict[str, list[object]]:
    out.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environments = [
        {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(CASES.parents[2])}
        | ({**TWO, "MASTER_PORT": port, "RANK": str(rank), "LOCAL_RANK": str(rank)} if processes > 1 else {})
        for rank in range(processes)
    ]
    running = [
        subprocess.Popen([sys.executable, CASES, jobs, out], env=e, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for e in environments
    ]
    said = [process.communicate()[0].decode() for process in running]
    assert all(process.returncode == 0 for process in running), "\n".join(said)
    found: dict[str, list[object]] = json.loads((out / "said.json").read_text())
    return found


def test_two_processes_train_as_one(job: Job, examples: list[Example], tmp_path: Path) -> None:
    """SFT, OPSD and GRPO; batches that two do not divide, a last one of one row, weights, clipping of the gradient."""
    weighted = [replace(e, weight=1 - i / 10) for i, e in enumerate(examples)]
    judged = [replace(e, problem_id=f"p{i // 4}", advantage=(-1) ** i * 0.5) for i, e in enumerate(examples)]
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
    one, two = (run(tmp_path / "jobs", tmp_path / f"{n} processes", n) for n in (1, 2))
    for name in jobs:
        (*counts, metrics), (*other_counts, other_metrics) = one[name], two[name]
        assert counts == other_counts, name
        assert metrics == pytest.approx(other_metrics, rel=1e-4, abs=1e-6), name
        ours, theirs = (load_file(tmp_path / f"{n} processes" / name / "adapter_model.safetensors") for n in (1, 2))
        assert ours.keys() == theirs.keys()
        for key in ours:
            torch.testing.assert_close(ours[key], theirs[key], rtol=1e-4, atol=2e-6, msg=lambda m, k=key: f"{k}: {m}")


def test_alone_nothing_is_shared() -> None:
    assert parallel.mine([1, 2, 3]) == [1, 2, 3]
    assert parallel.sums(1.5, 2) == (1.5, 2)
    assert parallel.first()
    assert not parallel.takes_part()
