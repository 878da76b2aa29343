"""Fixtures: one warm Lean and a verifier on it for a file of tests.

Its two processes take 3 GiB, so that none stays open behind the file that needed it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pidistill.errors import VerifierError
from pidistill_lean.protocol import Runtime
from pidistill_lean.runtimes import open_runtime
from pidistill_lean.verifier import LeanOptions, LeanVerifier


@pytest.fixture(scope="module")
def lean() -> Iterator[Runtime]:
    """A warm Lean in WebAssembly, where it is installed."""
    try:
        runtime = open_runtime("wasm")
    except VerifierError as error:
        pytest.skip(f"no Lean here: {error.message} {error.hint}")
    with runtime:
        yield runtime


@pytest.fixture(scope="module")
def verifier(lean: Runtime) -> LeanVerifier:
    """A verifier on the file's Lean, with budgets that a busy machine keeps within."""
    return LeanVerifier(LeanOptions(budget_s=60.0, subgoal_s=60.0), lean)
