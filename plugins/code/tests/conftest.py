"""Fixtures: the sandboxes that work here, a warm verifier in each, and the optional folders of public files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pidistill.contracts import DataSource, Sandbox
from pidistill.errors import SandboxError
from pidistill.records import Problem
from pidistill_code.domain import CodeDomain
from pidistill_code.verifier import CodeOptions, CodeVerifier
from pidistill_sandboxes.bubblewrap import BubblewrapSandbox
from pidistill_sandboxes.docker import DockerSandbox
from pidistill_sandboxes.process import ProcessSandbox

SANDBOXES: dict[str, type[Sandbox]] = {
    "process": ProcessSandbox,
    "bubblewrap": BubblewrapSandbox,
    "docker": DockerSandbox,
}
BESIDE = Path(__file__).resolve().parents[4] / "shared"


def _folder(name: str) -> Path:
    data = Path(os.environ.get("PIDISTILL_TEST_DATA", BESIDE / "data"))
    folder = data.parent / name
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}; PIDISTILL_TEST_DATA names the data folder with the public benchmark files")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with HumanEval.jsonl.gz, mbpp.jsonl and sanitized-mbpp.json."""
    return _folder("data")


@pytest.fixture(scope="session")
def shared_attacks() -> Path:
    """Folder with code.jsonl, beside the data folder."""
    return _folder("attacks")


def open_verifier(sandbox: Sandbox, **options: object) -> CodeVerifier:
    """A verifier in `sandbox`; a sandbox that this system cannot give skips the test."""
    try:
        return CodeVerifier(CodeOptions.read(options), sandbox)  # type: ignore[arg-type]
    except SandboxError as error:
        pytest.skip(f"no {sandbox.name} sandbox here: {error.message}")


@pytest.fixture(scope="session", params=list(SANDBOXES))
def every_verifier(request: pytest.FixtureRequest) -> Iterator[CodeVerifier]:
    """A warm verifier in each sandbox. Problems without a reference get half a second, so that loops end soon."""
    verifier = open_verifier(SANDBOXES[request.param](), slow_call_s=0.5)
    yield verifier
    verifier.close()


@pytest.fixture(scope="session")
def verifier() -> Iterator[CodeVerifier]:
    """A warm verifier with the default options, in the process sandbox."""
    verifier = open_verifier(ProcessSandbox())
    yield verifier
    verifier.close()


@pytest.fixture(scope="session")
def humaneval(shared_data: Path) -> list[Problem]:
    """All problems of HumanEval."""
    return list(CodeDomain().problems(DataSource(path=shared_data / "HumanEval.jsonl.gz")))
