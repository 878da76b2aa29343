"""Two arms started together on one empty store make nothing twice, and end as they do one after the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pidistill.store.store import Store
from tests.warm import Run, Warm

SETTINGS = [
    "--domain", "math", "--seeds", "0", "--set", "data.train.limit=32", "--set", "data.evaluate.limit=24",
    "--set", "train.lr=1e-3", "--set", "verify.workers=1", "--set", "model.threads=1", "--set", "engine.batch_size=16",
]  # fmt: skip
ARMS = ("retry", "rejection")


def start(warm: Warm, arm: str, store: Path) -> Run:
    return warm.start(["run", arm, *SETTINGS, "--store", str(store)])


def results(store: Path) -> dict[str, object]:
    """What each arm came to, whoever paid."""
    found = {}
    for path in store.glob("reports/*/report.json"):
        (arm,) = json.loads(path.read_text())["arms"]
        for paid in ("rollouts_made", "rollouts_reused"):
            arm["training"].pop(paid)
        found[arm["recipe"]] = arm
    return found


@pytest.mark.slow
def test_two_arms_together_pay_for_nothing_twice(warm_process: Warm, tmp_path: Path) -> None:
    for arm in ARMS:
        run = start(warm_process, arm, tmp_path / "apart")
        assert run.wait() == 0 and "Written" in run.output(), run.output()
    for run in [start(warm_process, arm, tmp_path / "together") for arm in ARMS]:
        assert run.wait() == 0, run.output()
    assert results(tmp_path / "together") == results(tmp_path / "apart")
    with Store(tmp_path / "together", read_only=True) as one, Store(tmp_path / "apart", read_only=True) as other:
        assert one.rollouts.duplicates == 0 == one.verdicts.duplicates
        assert set(one.rollouts.keys()) == set(other.rollouts.keys())
        assert set(one.verdicts.keys()) == set(other.verdicts.keys())
