"""How tests are dealt out to workers (`pytest -n 2 --dist loadgroup`), so that what is expensive is made once.

A file stays together, for its module's fixtures. All that needs the tests' own Docker daemon stays together: there is
one daemon and one image, and some tests stop it. Files that take long go first, so that no worker ends with one while
the others have nothing left; their order costs or saves time and decides nothing else.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

DOCKER = "docker"
_NEEDS_DOCKER = {"docker_daemon", "docker_sandbox"}

LONG_FIRST = [
    "plugins/lean/tests/test_attacks.py",
    DOCKER,
    "plugins/lean/tests/test_theorems.py",
    "tests/integration/test_kill.py",
    "plugins/lean/tests/test_runtime_wasm.py",
    "tests/tiny/test_the_shipped_lean_model.py",
    "tests/engines/test_vllm_engine.py",
    "sandboxes/sandbox_tests/test_attacks.py",
    "plugins/code/tests/test_attacks.py",
    "tests/train/test_sft.py",
    "plugins/lean/tests/test_minif2f_core.py",
    "plugins/lean/tests/test_verifier.py",
    "plugins/lean/tests/test_setup.py",
    "tests/verify/test_pool_verdicts.py",
    "tests/tiny/test_the_lean_corpus.py",
]
"""Groups and files, longest first; what is not named comes after them, in pytest's order."""


def needs_docker(item: pytest.Item) -> bool:
    """By its fixtures, or by the sandbox that it is run for."""
    fixtures = set(getattr(item, "fixturenames", ()))
    params = getattr(getattr(item, "callspec", None), "params", {})
    return bool(_NEEDS_DOCKER & fixtures) or params.get("sandbox") == "docker"


def without_group(node_id: str) -> str:
    """A node id as pytest has it; xdist adds the group to it, where there is one: `FILE::TEST@GROUP`."""
    name, _, group = node_id.rpartition("@")
    return name if "::" in name and "]" not in group else node_id


def group_of(node_id: str) -> str:
    """The group of a test, from the node id that xdist gives it; without one, its file."""
    name = without_group(node_id)
    return node_id[len(name) + 1 :] or node_id.split("::")[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if needs_docker(item):
            item.add_marker(pytest.mark.xdist_group(DOCKER))
    rank = {name: place for place, name in enumerate(LONG_FIRST)}

    def place(item: pytest.Item) -> int:
        mark = item.get_closest_marker("xdist_group")
        return rank.get(mark.args[0] if mark else item.nodeid.split("::")[0], len(rank))

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """As many as there are cores for this process, and two at least: many tests wait for what they have started."""
    return max(2, len(os.sched_getaffinity(0)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadGroupScheduling

    class Scheduling(LoadGroupScheduling):
        """By group, and by file where a test has none."""

        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    if config.getoption("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False  # else those with most tests go first
    return Scheduling(config, log)
