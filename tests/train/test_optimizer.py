"""Learning rate, step log and seeds."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import get_scheduler

from pidistill.config import TrainConfig
from pidistill.errors import EngineError
from pidistill.train.metrics import StepLog
from pidistill.train.optimizer import adamw, learning_rate
from pidistill.train.randomness import isolated


@pytest.mark.parametrize(("ours", "theirs"), [("constant", "constant_with_warmup"), ("linear",) * 2, ("cosine",) * 2])
@pytest.mark.parametrize("warmup", [0, 3])
def test_the_schedule_is_that_of_transformers(ours: str, theirs: str, warmup: int) -> None:
    config = TrainConfig(schedule=ours, warmup_steps=warmup, lr=0.5)  # type: ignore[arg-type]
    optimizer = adamw(config, [torch.nn.Parameter(torch.zeros(1))])
    scheduler = get_scheduler(theirs, optimizer, num_warmup_steps=warmup, num_training_steps=12)
    for step in range(12):
        assert learning_rate(config, step, 12) == pytest.approx(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()


def test_a_seeded_block_repeats_itself_and_leaves_no_trace_outside() -> None:
    def draw() -> tuple[float, float, float]:
        return random.random(), float(np.random.rand()), torch.rand(1).item()

    with isolated(1):
        first = draw()
    before = random.getstate(), torch.get_rng_state()
    expected_numpy = np.random.get_state()[1].tolist()  # type: ignore[index, union-attr]
    with isolated(1):
        assert draw() == first
    with isolated(2):
        assert draw() != first
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    assert np.random.get_state()[1].tolist() == expected_numpy  # type: ignore[index, union-attr]


def test_the_log_is_a_line_of_json_a_step_and_sums_up(tmp_path: Path) -> None:
    heard: list[tuple[int, int, float]] = []
    with StepLog(tmp_path, 2, lambda done, total, row: heard.append((done, total, row["loss"]))) as log:
        log.write(1, {"loss": 3.0, "grad_norm": 1.0})
        log.write(2, {"loss": 1.0, "grad_norm": 2.0})
        summary = log.summary()
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines == [{"step": 1, "loss": 3.0, "grad_norm": 1.0}, {"step": 2, "loss": 1.0, "grad_norm": 2.0}]
    assert heard == [(1, 2, 3.0), (2, 2, 1.0)]
    assert summary == {
        "loss_first": 3.0,
        "loss_last": 1.0,
        "loss_mean": 2.0,
        "grad_norm_mean": 1.5,
        "grad_norm_max": 2.0,
    }


@pytest.mark.parametrize("name", ["loss", "grad_norm"])
def test_a_number_that_is_not_finite_stops_the_job(name: str, tmp_path: Path) -> None:
    with (
        StepLog(tmp_path, 2, lambda *_: None) as log,
        pytest.raises(EngineError, match=f"{name} is nan at step 1") as error,
    ):
        log.write(1, {"loss": 1.0, "grad_norm": 1.0, name: float("nan")})
    assert "train.lr" in error.value.hint
