"""Fixtures: a warm verifier in each sandbox that works here.

What is known of a problem, its tests read and its gate, is shared by all of them that have the same options: many files
judge the same problems, and each sandbox has the same Python. What a gate has found is shared by all workers that run
tests, in files. That each sandbox finds it by itself is a test of `test_gate`.

The sandboxes, and the Docker daemon that the tests start, are `pidistill_sandboxes.testing`'s.
"""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import pytest

from pidistill.contracts import DataSource, Sandbox
from pidistill.records import Problem
from pidistill_code.domain import CodeDomain
from pidistill_code.judging.gate import Look
from pidistill_code.verifier import CodeOptions, CodeVerifier, Known
from pidistill_sandboxes.process import ProcessSandbox

_PROBLEMS = 10_000
"""As many as all tests have, and more."""


def open_verifier(sandbox: Sandbox, known: Known | None = None, **options: object) -> CodeVerifier:
    """A verifier in `sandbox`."""
    return CodeVerifier(CodeOptions.read(options), sandbox, known)  # type: ignore[arg-type]


class _Looks(OrderedDict[str, Look]):
    """What gates have found, here or in another worker."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def get(self, key: str, default: Look | None = None) -> Look | None:  # type: ignore[override]
        path, known = self._folder / f"{key}.look", super().get(key)
        # another worker may have run the reference since, where none had
        if (known is None or known.uses is None) and path.is_file():
            super().__setitem__(key, pickle.loads(path.read_bytes()))
        return super().get(key, default)

    def __setitem__(self, key: str, look: Look) -> None:
        super().__setitem__(key, look)
        unfinished = self._folder / f"{key}.{os.getpid()}"
        unfinished.write_bytes(pickle.dumps(look))
        unfinished.replace(self._folder / f"{key}.look")


class _Tried(set[str]):
    """Problems whose reference has been run, here or in another worker."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __contains__(self, key: object) -> bool:
        return (self._folder / f"{key}.tried").is_file()

    def add(self, key: str) -> None:
        (self._folder / f"{key}.tried").touch()


@pytest.fixture(scope="session")
def known_everywhere(tmp_path_factory: pytest.TempPathFactory) -> Known:
    """What the verifiers of the next fixture know."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "known"
    folder.mkdir(exist_ok=True)
    known = Known(_PROBLEMS)
    known.looks, known.tried = _Looks(folder), _Tried(folder)
    return known


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
