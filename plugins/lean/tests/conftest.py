"""Fixtures: one warm Lean and a verifier on it for all files here, and for what else of this process asks Lean.

Its two processes take 1.4 GiB and 6 s to start. Tests that kill them or count them open a Lean of their own, and so do
those of what one submission leaves to the next.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pidistill.errors import VerifierError
from pidistill_lean import pi
from pidistill_lean.protocol import Runtime
from pidistill_lean.runtimes import open_runtime
from pidistill_lean.verifier import LeanOptions, LeanVerifier


@pytest.fixture(scope="session")
def lean() -> Iterator[Runtime]:
    """A warm Lean in WebAssembly, where it is installed: the one that PI forms ask, where that is one."""
    try:
        runtime = pi.lean()
        if runtime.name != "wasm":
            runtime = open_runtime("wasm")
    except VerifierError as error:
        pytest.skip(f"no Lean here: {error.message} {error.hint}")
    yield runtime
    if runtime is not pi.lean():  # which ends with this process
        runtime.close()


@pytest.fixture(scope="session")
def verifier(lean: Runtime) -> LeanVerifier:
    """A verifier on that Lean, with budgets that a busy machine keeps within."""
    return LeanVerifier(LeanOptions(budget_s=60.0, subgoal_s=60.0), lean)
