"""Where training begins and in which order it goes depends on the cell's seed, and on nothing that was drawn before."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pidistill.contracts import Objective, TrainJob
from pidistill.engines.loading import trained_ref
from pidistill.train.opsd import OpsdObjective
from pidistill.train.sft import SFTObjective
from pidistill.train.weights import save_adapter

Job = Callable[..., TrainJob]


def draw_a_thousand() -> None:
    """What other arms, engines and reports may have done before."""
    for _ in range(1000):
        random.random()
    np.random.rand(1000)
    torch.rand(1000)


@pytest.mark.parametrize("objective", [SFTObjective(), OpsdObjective()], ids=lambda objective: objective.name)
def test_two_arms_of_one_seed_begin_alike_whatever_was_drawn_between_them_and_another_seed_does_not(
    objective: Objective, job: Job
) -> None:
    steps = {"steps": 2, "refresh_every": 2} if objective.on_policy else {}
    first = objective.train(job("first", **steps))
    draw_a_thousand()
    second = objective.train(job("second", lr=1e-4, **steps))
    other = objective.train(job("other", seed=1, **steps))
    assert first.start == second.start != other.start
    assert first.order == second.order
    if not objective.on_policy:
        assert first.order != other.order, "data order is the seed's, too"


def test_the_adapter_that_a_job_begins_with_is_equal_byte_for_byte(
    job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pidistill.train import sft

    kept: list[bytes] = []
    opened = sft.open_trainee

    def open_and_keep(one: TrainJob, start: object):  # type: ignore[no-untyped-def]
        trainee = opened(one, start)  # type: ignore[arg-type]
        folder = tmp_path / f"start-{len(kept)}"
        save_adapter(trainee.model, "default", folder)  # type: ignore[arg-type]
        kept.append((folder / "adapter_model.safetensors").read_bytes())
        return trainee

    monkeypatch.setattr(sft, "open_trainee", open_and_keep)
    SFTObjective().train(job("first"))
    draw_a_thousand()
    SFTObjective().train(job("second"))
    SFTObjective().train(job("other", seed=1))
    assert kept[0] == kept[1] != kept[2]


def test_equal_weights_have_equal_revisions_whatever_order_peft_writes_its_settings_in(job: Job) -> None:
    one, two = job("one"), job("two")
    SFTObjective().train(one)
    SFTObjective().train(two)
    settings = json.loads((two.out_dir / "adapter_config.json").read_text())
    assert isinstance(settings["target_modules"], list) and len(settings["target_modules"]) > 1
    settings["target_modules"].reverse()
    (two.out_dir / "adapter_config.json").write_text(json.dumps(dict(reversed(settings.items()))))
    revisions = [trained_ref(each.model, each.out_dir, adapter=True).revision for each in (one, two)]
    assert revisions[0] == revisions[1]
    settings["r"] += 1
    (two.out_dir / "adapter_config.json").write_text(json.dumps(settings))
    assert trained_ref(two.model, two.out_dir, adapter=True).revision != revisions[0]


KILLED = """
    import pickle, sys, time
    from pathlib import Path
    from pidistill.train import metrics
    from pidistill.train.sft import SFTObjective

    write = metrics.StepLog.write

    def slow(log, step, row):
        write(log, step, row)
        if step == 7:
            Path(sys.argv[2]).write_text("seven steps are done")
            time.sleep(600)

    metrics.StepLog.write = slow
    SFTObjective().train(pickle.loads(Path(sys.argv[1]).read_bytes()))
"""


def test_a_job_killed_after_step_seven_sees_the_same_rows_when_it_runs_again_and_ends_in_the_same_bits(
    job: Job, tmp_path: Path
) -> None:
    import pickle

    def ten_problems(name: str) -> TrainJob:
        made = job(name, batch_size=2, epochs=3, seed=5)
        examples = [replace(made.examples[i % 8], rollout_id=f"r{i}", weight=1.0 - i / 20) for i in range(10)]
        return replace(made, examples=examples)

    undisturbed = SFTObjective().train(ten_problems("undisturbed"))
    assert undisturbed.steps == 15
    killed = ten_problems("killed")
    (tmp_path / "job").write_bytes(pickle.dumps(replace(killed, progress=print)))
    told = tmp_path / "told"
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "job"), str(told)])
    while not told.exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    half = [json.loads(line) for line in (killed.out_dir / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in half] == list(range(1, 8))
    again = SFTObjective().train(killed)
    whole = [json.loads(line) for line in (killed.out_dir / "metrics.jsonl").read_text().splitlines()]
    first = (tmp_path / "undisturbed" / "metrics.jsonl").read_text().splitlines()
    assert whole[:7] == half and whole == [json.loads(line) for line in first]
    assert (again.order, again.start) == (undisturbed.order, undisturbed.start)
    ours, theirs = (folder / "adapter_model.safetensors" for folder in (killed.out_dir, tmp_path / "undisturbed"))
    assert ours.read_bytes() == theirs.read_bytes()
