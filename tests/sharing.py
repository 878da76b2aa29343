"""How tests are dealt out to workers (`pytest -n 2 --dist loadfile`), so that what is expensive is made once.

A file stays together, for its module's fixtures. So do all files that start runs from one warm process, those of the
code domain that judge the same benchmarks, whose problems are looked at once, and all that ask one warm Lean, which
takes seconds to start and as long again until Node has compiled what is used often. All that needs the tests' own
Docker daemon stays together: there is one daemon and one image, some tests stop it, and some count what it leaves on
the machine. Files that take long go first, so that no worker ends with one while the others have nothing left; their
order costs or saves time and decides nothing else.

Tests are dealt out by the process that starts the workers, which collects none and sees their names alone. So each
worker leaves a file that says which of them belong together.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

DOCKER, LEAN, WARM, BENCHMARKS = "docker", "lean", "warm_process", "code benchmarks"
ON_BENCHMARKS = {f"plugins/code/tests/test_{name}.py" for name in ("gate", "learning", "mbpp", "humaneval")}
ON_LEAN = {f"tests/tiny/test_the_{name}.py" for name in ("lean_corpus", "shipped_lean_model")}
"""Which ask the warm Lean without the fixture."""
_NEEDS_DOCKER = {"docker_daemon", "docker_sandbox"}
_FOLDER = pytest.StashKey[TemporaryDirectory[str]]()

LONG_FIRST = [
    DOCKER,
    LEAN,
    "plugins/code/tests/test_attacks.py",
    "plugins/code/tests/test_sabotage.py",
    "plugins/lean/tests/test_runtime_wasm.py",
    "tests/train/test_opsd.py",
    WARM,
    BENCHMARKS,
    "tests/integration/test_arms.py",
    "tests/train/test_sft.py",
    "tests/train/test_parallel.py",
    "tests/suite/test_first_screen.py",
    "tests/report/test_page.py",
    "plugins/code/tests/test_rooms.py",
    "plugins/lean/tests/test_state.py",
    "sandboxes/sandbox_tests/test_attacks.py",
    "tests/suite/test_ray.py",
    "tests/suite/test_run.py",
    "plugins/lean/tests/test_setup.py",
    "tests/engines/test_vllm_engine.py",
    "tests/verify/test_pool_verdicts.py",
]
"""Groups and files, longest first; what is not named comes after them, in pytest's order."""


def needs_docker(item: pytest.Item) -> bool:
    """By its fixtures, or by the sandbox that it is run for."""
    fixtures = set(getattr(item, "fixturenames", ()))
    params = getattr(getattr(item, "callspec", None), "params", {})
    return bool(_NEEDS_DOCKER & fixtures) or params.get("sandbox") == "docker"


def group_of(item: pytest.Item) -> str:
    """What it stays together with: what needs Docker, a warm process or Lean, code's benchmarks, or its file."""
    if needs_docker(item):
        return DOCKER
    if WARM in getattr(item, "fixturenames", ()):
        return WARM
    file = item.nodeid.split("::")[0]
    if LEAN in getattr(item, "fixturenames", ()) or file in ON_LEAN:
        return LEAN
    return BENCHMARKS if file in ON_BENCHMARKS else file


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    rank = {name: place for place, name in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: rank.get(group_of(item), len(rank)))
    if told := getattr(config, "workerinput", {}).get("groups"):
        Path(told).write_text(json.dumps({item.nodeid: group_of(item) for item in items}), "utf-8")


# --- In the process that starts the workers -------------------------------------------------------------------------


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores for this process: tests wait for what they have started, those of Docker most of
    the time."""
    return 1 + len(os.sched_getaffinity(0))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    folder = node.config.stash.setdefault(_FOLDER, TemporaryDirectory(prefix="groups-", ignore_cleanup_errors=True))
    node.workerinput["groups"] = str(Path(folder.name, node.gateway.id))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        """By group."""

        groups: dict[str, str] | None = None

        def _split_scope(self, nodeid: str) -> str:
            if self.groups is None:
                told = next(Path(config.stash[_FOLDER].name).iterdir())
                self.groups = json.loads(told.read_text("utf-8"))
            return self.groups[nodeid]

    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # else those with most tests go first
    return Scheduling(config, log)
