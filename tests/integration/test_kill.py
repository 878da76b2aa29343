"""A run that is killed with SIGKILL ten times, and started again each time, ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import time
from contextlib import suppress
from pathlib import Path

import pytest

from pidistill.store.store import Store
from tests.warm import Run, Warm

KILLS = 10
SETTINGS = [
    "--domain", "math", "--seeds", "0", "--set", "engine.batch_size=16", "--set", "train.batch_size=8",
    "--set", "train.lr=1e-3", "--set", "verify.workers=1", "--set", "model.threads=1", "--set", "train.steps=4",
    "--set", "train.refresh_every=1",
]  # fmt: skip
ARMS = ["retry", "rejection", "opsd", "--set", "data.train.limit=48", "--set", "data.evaluate.limit=48"]
STAGES = """
summary = "Train on what passes, then distil."
[[stages]]
name = "revise"
rollouts = {retries = 1}
[[stages]]
name = "distil"
examples = {keep = "all", teacher_form = "gold"}
train = {objective = "opsd"}
"""
ROUNDS = """
summary = "Three rounds of retrying."
[rollouts]
retries = 1
rounds = 3
"""


def staged(folder: Path) -> list[str]:
    """Recipes of one's own: one of two stages, and one of three rounds."""
    paths = []
    for name, text in (("two-stages", STAGES), ("three-rounds", ROUNDS)):
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.toml").write_text(text)
        paths.append(str(folder / f"{name}.toml"))
    return [*paths, "--set", "data.train.limit=32", "--set", "data.evaluate.limit=24"]


def start(warm: Warm, what: list[str], store: Path) -> Run:
    return warm.start(["run", *what, *SETTINGS, "--store", str(store)])


def progress(store: Path) -> int:
    """Bytes and files that the run has left behind: grows with every piece of finished work.

    The run is at work meanwhile: a folder may get its final name, and a file may go, between its listing and its size.
    """
    size = 0
    for folder, _, names in os.walk(store):
        for name in names:
            with suppress(FileNotFoundError):
                size += os.stat(os.path.join(folder, name)).st_size + 1
    return size


def finish(warm: Warm, what: list[str], store: Path) -> dict[str, object]:
    run = start(warm, what, store)
    assert run.wait() == 0, run.output()
    (report,) = store.glob("reports/*/report.json")
    data = json.loads(report.read_text())
    data["settings"].pop("store", None)
    assert isinstance(data, dict)
    return data


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["arms", "stages"])
def test_ten_kills_change_nothing(warm_process: Warm, tmp_path: Path, kind: str) -> None:
    what = ARMS if kind == "arms" else staged(tmp_path / "recipes")
    undisturbed = finish(warm_process, what, tmp_path / "undisturbed")
    whole = progress(tmp_path / "undisturbed")
    store, rng = tmp_path / "killed", random.Random(7)
    moments = sorted(rng.uniform(0, whole) for _ in range(KILLS))
    killed = 0
    for moment in moments:
        run = start(warm_process, what, store)
        while run.poll() is None and (not store.exists() or progress(store) < moment):
            time.sleep(0.01)
        if run.poll() is None:
            time.sleep(rng.uniform(0, 0.3))
            run.kill()
            killed += 1
        run.wait()
    assert killed >= KILLS // 2, "the run was over before it could be killed"
    assert finish(warm_process, what, store) == undisturbed
    with Store(store) as opened:
        assert opened.rollouts.duplicates == 0 == opened.verdicts.duplicates
        assert not opened.damage()
    if kind == "stages":
        arms = undisturbed["arms"]
        assert isinstance(arms, list)
        assert [[stage["name"] for stage in arm["stages"]] for arm in arms] == [["revise", "distil"], ["train"]]
