"""The GPU's kernel, held to the definition in float64: on a GPU where there is one, and without one under Triton's
interpreter, and compiled.

The interpreter has to be asked for before the kernel is defined, so the comparison runs in a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytest.importorskip("triton")

HERE = Path(__file__).parent


def run(script: str, cache: Path, **environment: str) -> None:
    own = {"PYTHONPATH": str(HERE.parents[1]), "TRITON_CACHE_DIR": str(cache), **environment}
    done = subprocess.run(
        [sys.executable, HERE / script], env={**os.environ, **own}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_fused_kernel_is_the_definition_in_value_and_gradients(tmp_path: Path) -> None:
    """All kinds, floors, clips, temperatures; rows that no block divides; tokens without weight; chunks; both heads."""
    run("fused_cases.py", tmp_path, TRITON_INTERPRET="1")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_the_fused_kernel_is_the_definition_on_a_gpu(tmp_path: Path) -> None:
    run("fused_cases.py", tmp_path)


def test_every_variant_compiles_for_a_gpu(tmp_path: Path) -> None:
    run("fused_compiled.py", tmp_path)
