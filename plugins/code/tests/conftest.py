"""Fixtures: a warm verifier in each sandbox that works here.

The sandboxes, and the Docker daemon that the tests start, are `pidistill_sandboxes.testing`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pidistill.contracts import DataSource, Sandbox
from pidistill.records import Problem
from pidistill_code.domain import CodeDomain
from pidistill_code.verifier import CodeOptions, CodeVerifier
from pidistill_sandboxes.process import ProcessSandbox


def open_verifier(sandbox: Sandbox, **options: object) -> CodeVerifier:
    """A verifier in `sandbox`."""
    return CodeVerifier(CodeOptions.read(options), sandbox)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def every_verifier(sandbox: Sandbox) -> Iterator[CodeVerifier]:
    """A warm verifier in each sandbox. Problems without a reference get half a second, so that loops end soon."""
    verifier = open_verifier(sandbox, slow_call_s=0.5)
    yield verifier
    verifier.close()


@pytest.fixture(scope="session")
def verifier(process_sandbox: ProcessSandbox) -> Iterator[CodeVerifier]:
    """A warm verifier with the default options, in the process sandbox."""
    verifier = open_verifier(process_sandbox)
    yield verifier
    verifier.close()


@pytest.fixture(scope="session")
def humaneval(shared_data: Path) -> list[Problem]:
    """All problems of HumanEval."""
    return list(CodeDomain().problems(DataSource(path=shared_data / "HumanEval.jsonl.gz")))
