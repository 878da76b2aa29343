"""What lies in the image that is made of this interpreter, and what of it costs a container nothing."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from pidistill.sandbox import Call, Limits
from pidistill_sandboxes.docker import DockerSandbox

LOOKS = (
    "import importlib.util, json, os\n"
    "def compiled():\n    return os.path.exists(importlib.util.cache_from_source(json.__file__))\n"
    "def networks():\n    return [line.split(':')[0].strip() for line in open('/proc/net/dev').readlines()[2:]]\n"
)
HASHED_AND_NOT_CHECKED = b"\1\0\0\0"


@pytest.mark.parametrize("how", ["as it is", "optimised", "with a cache elsewhere"])
def test_each_module_lies_beside_its_bytecode_which_no_time_makes_stale(how: str, tmp_path: Path) -> None:
    """However the interpreter is run that makes the image: inside it is run in one way."""
    path = tmp_path / "root.tar"
    script = f"import pathlib, pidistill_sandboxes.rootfs as made; made.write_rootfs(pathlib.Path({str(path)!r}))"
    prefix = {"PYTHONPYCACHEPREFIX": str(tmp_path / "cache")} if how == "with a cache elsewhere" else {}
    flags = ["-O"] if how == "optimised" else []
    subprocess.run([sys.executable, *flags, "-c", script], env={**os.environ, **prefix}, check=True)
    with tarfile.open(path) as tar:
        members = {member.name: member for member in tar.getmembers()}
        modules = [name for name in members if name.endswith(".py")]
        assert len(modules) > 300
        for name in modules:
            folder, _, module = name.rpartition("/")
            cached = f"{folder}/__pycache__/{module.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"
            compiled = tar.extractfile(members[cached])
            assert compiled is not None
            assert compiled.read(8) == importlib.util.MAGIC_NUMBER + HASHED_AND_NOT_CHECKED, name


def test_a_container_has_the_bytecode_and_no_network(docker_sandbox: DockerSandbox) -> None:
    calls = [Call(name, ()) for name in ("compiled", "networks")]
    with docker_sandbox.open() as session:
        compiled, networks = session.run(LOOKS, calls, Limits()).answers
    assert compiled.value is True
    assert set(networks.value) <= {"lo"}
