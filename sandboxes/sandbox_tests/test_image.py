"""What lies in the image that is made of this interpreter, and what of it costs a container nothing."""

from __future__ import annotations

import importlib.util
import tarfile
from pathlib import Path

from pidistill.sandbox import Call, Limits
from pidistill_sandboxes.docker import DockerSandbox
from pidistill_sandboxes.rootfs import write_rootfs

LOOKS = (
    "import importlib.util, json, os\n"
    "def compiled():\n    return os.path.exists(importlib.util.cache_from_source(json.__file__))\n"
    "def networks():\n    return [line.split(':')[0].strip() for line in open('/proc/net/dev').readlines()[2:]]\n"
)
HASHED_AND_NOT_CHECKED = b"\1\0\0\0"


def test_each_module_lies_beside_its_bytecode_which_no_time_makes_stale(tmp_path: Path) -> None:
    with tarfile.open(write_rootfs(tmp_path / "root.tar")) as tar:
        members = {member.name: member for member in tar.getmembers()}
        modules = [name for name in members if name.endswith(".py")]
        assert len(modules) > 300
        for name in modules:
            compiled = tar.extractfile(members[importlib.util.cache_from_source(name)])
            assert compiled is not None
            head = compiled.read(8)
            assert head == importlib.util.MAGIC_NUMBER + HASHED_AND_NOT_CHECKED, name


def test_a_container_has_the_bytecode_and_no_network(docker_sandbox: DockerSandbox) -> None:
    calls = [Call(name, ()) for name in ("compiled", "networks")]
    with docker_sandbox.open() as session:
        compiled, networks = session.run(LOOKS, calls, Limits()).answers
    assert compiled.value is True
    assert set(networks.value) <= {"lo"}
