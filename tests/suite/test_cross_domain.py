"""A domain that pip has just installed stands beside math and code in one suite, on one page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_plugin_page import wheel_of_the_page

SUITE = """
title = "Three domains"
store = "store"
[axes]
domain = ["math", "code", "parity"]
recipe = ["retry"]
model = "embedded:math"
seed = 0
[settings]
model.threads = 1
engine.batch_size = 16
train.lr = 1e-3
train.batch_size = 8
data.train.limit = 8
data.evaluate.limit = 6
verify.workers = 1
guards.unanswered = 1 # the math model knows nothing of parity
sampling.max_tokens = 24
evaluate.max_tokens = 24
[[overrides]]
when.domain = "parity"
set.data = {train = {dataset = "numbers", split = "train"}, evaluate = {dataset = "numbers", split = "test"}}
[run]
workers = 2
"""


@pytest.mark.slow
def test_a_domain_that_pip_has_installed_stands_beside_math_and_code(tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(site), str(wheel_of_the_page(tmp_path))], check=True, capture_output=True)
    (tmp_path / "three.toml").write_text(SUITE)
    done = subprocess.run(
        [sys.executable, "-m", "pidistill", "suite", "run", "three.toml"], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(site)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (page,) = tmp_path.glob("store/reports/three-*/index.html")
    (data,) = (json.loads(path.read_text()) for path in tmp_path.glob("store/reports/three-*/report.json"))
    assert [arm["domain"] for arm in data["arms"]] == ["math", "code", "parity"]
    top = page.read_text().partition("<figure")[0]
    assert "3 cells (1 arms, 1 seeds). Finished: 3." in top
