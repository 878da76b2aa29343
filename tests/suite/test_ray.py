"""A suite on a Ray cluster comes to what it comes to on one machine, and outlives the loss of a worker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pidistill.errors import UsageError
from pidistill.plugins import get_manager
from pidistill.progress import Quiet
from pidistill.suite.board import Journal
from pidistill.suite.driver import run_suite
from pidistill.suite.executors.job import Executor, Job, Result
from pidistill.suite.file import read_suite
from tests.suite.test_run import (
    descendants_of,
    drive,
    end_in_the_middle,
    finished_in,
    nothing_twice,
    scores,
    started,
    states,
)
from tests.suite.world import ROOT, install_sums, write_suite

ray = pytest.importorskip("ray", reason="pip install 'pidistill[ray]'")

from pidistill.suite.executors.cluster import RayExecutor  # noqa: E402


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two Ray nodes of one core each, and the folder of the plugin that their workers find."""
    from ray.cluster_utils import Cluster

    patch = pytest.MonkeyPatch()
    site = install_sums(tmp_path_factory.mktemp("cluster") / "site")
    patch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(ROOT)]))
    patch.setenv("RAY_DISABLE_IMPORT_WARNING", "1")
    patch.syspath_prepend(str(ROOT))
    patch.syspath_prepend(str(site))
    get_manager.cache_clear()
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        nodes.add_node(num_cpus=1)
    ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
    yield site
    ray.shutdown()
    nodes.shutdown()
    get_manager.cache_clear()
    patch.undo()


class Watched:
    """An executor of which a test sees what is started."""

    def __init__(self, inner: Executor, site: Path, kill: bool) -> None:
        self.inner, self.site, self.kill = inner, site, kill

    @property
    def workers(self) -> int:
        return self.inner.workers

    def start(self, job: Job) -> bool:
        return self.inner.start(job)

    def wait(self, timeout_s: float) -> list[Result]:
        if self.kill and (ours := ray_workers(self.site)) and len(descendants_of(self.site)) >= 2:
            time.sleep(0.5)
            os.kill(ours[0], signal.SIGKILL)
            self.kill = False
        return self.inner.wait(timeout_s)

    def close(self) -> None:
        self.inner.close()


def ray_workers(site: Path) -> list[int]:
    """Processes that are actors of our cluster's, and no other's."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            ours = str(site).encode() in (folder / "environ").read_bytes()
            if ours and b"ray::Slot" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_two_workers_come_to_the_same_and_a_lost_one_costs_nothing_but_its_time(cluster: Path, tmp_path: Path) -> None:
    settings = 'engine.options.mood = "slow"'
    file = write_suite(tmp_path / "ray", settings=settings, workers=0)
    suite = read_suite(file)
    driven = run_suite(
        suite, lambda: Watched(RayExecutor(suite.running, suite.needs), cluster, kill=True), get_manager(), Quiet()
    )
    assert states(driven.board) == {"finished": 6}, [square.reason for square in driven.board.squares]
    events = [line["event"] for line in Journal(driven.registration.folder).lines()]
    assert events.count("lost") == 1 and driven.board.workers == 2
    assert nothing_twice(tmp_path / "ray" / "store")
    drive(write_suite(tmp_path / "local", settings=settings))
    assert scores(tmp_path / "ray" / "store") == scores(tmp_path / "local" / "store")
    deadline = time.monotonic() + 10
    while descendants_of(cluster) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert descendants_of(cluster) == [], "no process outlives the suite"


@pytest.mark.slow
def test_the_end_of_the_driver_loses_no_finished_cell_on_the_cluster(cluster: Path, tmp_path: Path) -> None:
    file = write_suite(tmp_path, settings='engine.options.mood = "slow"', workers=0)
    address = ray.get_runtime_context().gcs_address
    end_in_the_middle(file, cluster, signal.SIGKILL, "--executor", "ray", "--address", address)
    deadline = time.monotonic() + 30
    while descendants_of(cluster) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert descendants_of(cluster) == [], "Ray ends the actors of a driver that is gone, and they their processes"
    done, suite = finished_in(file), read_suite(file)
    driven = run_suite(suite, lambda: RayExecutor(suite.running, suite.needs), get_manager(), Quiet())
    assert states(driven.board) == {"finished": 6} and not done & set(started(driven))
    assert nothing_twice(tmp_path / "store")


@pytest.mark.slow
def test_a_cell_that_fails_on_the_cluster_is_said_as_on_one_machine(cluster: Path, tmp_path: Path) -> None:
    file = write_suite(
        tmp_path, axes='engine.options.mood = ["well", "raise", "kill"]', workers=0,
        rest='retries = 0\n[[exclude]]\nseed = "1-2"\n[[exclude]]\nrecipe = "rejection"',
    )  # fmt: skip
    suite = read_suite(file)
    driven = run_suite(suite, lambda: RayExecutor(suite.running, suite.needs), get_manager(), Quiet())
    reasons = sorted(square.reason for square in driven.board.of("failed"))
    assert states(driven.board) == {"finished": 1, "failed": 2}
    assert reasons[0].startswith("Its process was ended by SIGKILL") and "divided by zero" in reasons[1]


@pytest.mark.usefixtures("cluster")
def test_what_the_cluster_has_no_room_for_is_refused_in_one_line(tmp_path: Path) -> None:
    suite = read_suite(write_suite(tmp_path, rest="[needs]\ncpus = 99.0"))
    with pytest.raises(UsageError, match=r"no room for what one cell needs \(cpus 99\)"):
        RayExecutor(suite.running, suite.needs)
