"""Fixtures: one warm Lean and a verifier on it for the whole session, and the optional folders of public files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pidistill.errors import VerifierError
from pidistill_lean.protocol import Runtime
from pidistill_lean.runtimes import open_runtime
from pidistill_lean.verifier import LeanOptions, LeanVerifier

BESIDE = Path(__file__).resolve().parents[4] / "shared"


def _folder(name: str) -> Path:
    data = Path(os.environ.get("PIDISTILL_TEST_DATA", BESIDE / "data"))
    folder = data.parent / name
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}; PIDISTILL_TEST_DATA names the data folder with the public benchmark files")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with minif2f_ds.jsonl."""
    return _folder("data")


@pytest.fixture(scope="session")
def shared_attacks() -> Path:
    """Folder with lean.jsonl, beside the data folder."""
    return _folder("attacks")


@pytest.fixture(scope="session")
def lean() -> Iterator[Runtime]:
    """A warm Lean in WebAssembly, where it is installed."""
    try:
        runtime = open_runtime("wasm")
    except VerifierError as error:
        pytest.skip(f"no Lean here: {error.message} {error.hint}")
    with runtime:
        yield runtime


@pytest.fixture(scope="session")
def verifier(lean: Runtime) -> LeanVerifier:
    """A verifier on the session's Lean, with budgets that a busy machine keeps within."""
    return LeanVerifier(LeanOptions(budget_s=60.0, subgoal_s=60.0), lean)
