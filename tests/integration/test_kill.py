"""A run that is killed with SIGKILL ten times, and started again each time, ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pidistill.store.store import Store

KILLS = 10
COMMAND = [
    sys.executable, "-m", "pidistill", "run", "retry", "rejection", "opsd", "--domain", "math", "--seeds", "0",
    "--set", "data.train.limit=48", "--set", "data.evaluate.limit=48", "--set", "engine.batch_size=16",
    "--set", "train.steps=4", "--set", "train.refresh_every=1", "--set", "train.batch_size=8",
    "--set", "train.lr=1e-3", "--set", "verify.workers=1", "--set", "model.threads=1",
]  # fmt: skip


def start(store: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, "--store", str(store)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )


def progress(store: Path) -> int:
    """Bytes and files that the run has left behind: grows with every piece of finished work."""
    return sum(path.stat().st_size + 1 for path in store.rglob("*") if path.is_file())


def finish(store: Path) -> dict[str, object]:
    process = start(store)
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0, output.decode()
    (report,) = store.glob("reports/*/report.json")
    data = json.loads(report.read_text())
    data["settings"].pop("store", None)
    assert isinstance(data, dict)
    return data


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_kills_change_nothing(tmp_path: Path) -> None:
    undisturbed = finish(tmp_path / "undisturbed")
    whole = progress(tmp_path / "undisturbed")
    store, rng = tmp_path / "killed", random.Random(7)
    moments = sorted(rng.uniform(0, whole) for _ in range(KILLS))
    killed = 0
    for moment in moments:
        process = start(store)
        while process.poll() is None and (not store.exists() or progress(store) < moment):
            time.sleep(0.01)
        if process.poll() is None:
            time.sleep(rng.uniform(0, 0.3))
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.communicate()
    assert killed >= KILLS // 2, "the run was over before it could be killed"
    assert finish(store) == undisturbed
    with Store(store) as opened:
        assert opened.rollouts.duplicates == 0
