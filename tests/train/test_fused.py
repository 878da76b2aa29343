"""The GPU's kernel under Triton's interpreter, held to the definition in float64.

The interpreter has to be asked for before the kernel is defined, so the comparison runs in a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")

CASES = Path(__file__).with_name("fused_cases.py")


def test_the_fused_kernel_is_the_definition_in_value_and_gradients() -> None:
    """All kinds, floors, clips, temperatures; rows that no block divides; tokens without weight; chunks; both heads."""
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": str(CASES.parents[2])}
    done = subprocess.run([sys.executable, CASES], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
