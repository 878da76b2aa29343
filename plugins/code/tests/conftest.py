"""Fixtures: a warm verifier in each sandbox that works here.

What is known of a problem, its tests read and its gate, is shared by all of them that have the same options: many files
judge the same problems, and each sandbox has the same Python. That each finds it by itself is a test of `test_gate`.

The sandboxes, and the Docker daemon that the tests start, are `pidistill_sandboxes.testing`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pidistill.contracts import DataSource, Sandbox
from pidistill.records import Problem
from pidistill_code.domain import CodeDomain
from pidistill_code.verifier import CodeOptions, CodeVerifier, Known
from pidistill_sandboxes.process import ProcessSandbox

_PROBLEMS = 10_000
"""As many as all tests have, and more."""


def open_verifier(sandbox: Sandbox, known: Known | None = None, **options: object) -> CodeVerifier:
    """A verifier in `sandbox`."""
    return CodeVerifier(CodeOptions.read(options), sandbox, known)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def known_everywhere() -> Known:
    """What the verifiers of the next fixture know."""
    return Known(_PROBLEMS)


@pytest.fixture(scope="session")
def every_verifier(sandbox: Sandbox, known_everywhere: Known) -> Iterator[CodeVerifier]:
    """A warm verifier in each sandbox. Problems without a reference get half a second, so that loops end soon."""
    verifier = open_verifier(sandbox, known_everywhere, slow_call_s=0.5)
    yield verifier
    verifier.close()


@pytest.fixture(scope="session")
def verifier(process_sandbox: ProcessSandbox) -> Iterator[CodeVerifier]:
    """A warm verifier with the default options, in the process sandbox."""
    verifier = open_verifier(process_sandbox, Known(_PROBLEMS))
    yield verifier
    verifier.close()


@pytest.fixture(scope="session")
def humaneval(shared_data: Path) -> list[Problem]:
    """All problems of HumanEval."""
    return list(CodeDomain().problems(DataSource(path=shared_data / "HumanEval.jsonl.gz")))
