"""The Docker daemon stops in the middle of a real run: what is affected is ERROR and says what to do, never a FAIL or
TIMEOUT; after the daemon's return the same command ends as if nothing had happened.

Everything is real but who writes the programs: an engine from a package made here recites the references, and gets
every third first attempt wrong. What it says is sampled, stored, judged in Docker, and trained on. An observer of the
same package holds the run still after a given verdict, while the daemon stops.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fake_packages import HEAD, install
from pidistill.records import Status
from pidistill.store.store import Store
from pidistill_sandboxes.docker import DockerSandbox
from pidistill_sandboxes.testing import Daemon

torch = pytest.importorskip("torch", reason="pip install 'pidistill[train]'")

RECITER = (
    HEAD
    + """
    import os
    import time
    from pathlib import Path
    from pidistill.contracts import DataSource, Generation

    @hookimpl
    def pidistill_register_engines():
        return [Spec("reciter", "Recites references.", "reciter:Reciter")]

    @hookimpl
    def pidistill_verdict(problem, verdict):
        with open(os.environ["RECITER_VERDICTS"], "a") as file:
            file.write(f"{verdict.status} {verdict.reason}\\n".replace("\\r", ""))
        hold = Path(os.environ["RECITER_VERDICTS"]).with_suffix(".hold")  # its text: the verdict to wait after
        while hold.exists() and Path(os.environ["RECITER_VERDICTS"]).read_text().count("\\n") >= int(hold.read_text()):
            time.sleep(0.02)

    class Reciter:
        name = "reciter"

        def __init__(self, model, config):
            from transformers import AutoTokenizer
            from pidistill.plugins import get_manager

            self.model, self.tokenizer = model, AutoTokenizer.from_pretrained(model.base)
            domain = get_manager().domain("code")
            self.known = {}
            for split in ("train", "test"):
                for number, problem in enumerate(domain.problems(DataSource("functions", split, limit=40))):
                    self.known[domain.prompt(problem)[0].content] = (number, problem)

        def generate(self, requests, tell=None):
            for index, request in enumerate(requests):
                number, problem = self.known[request.messages[0].content]
                right = len(request.messages) > 1 or number % 3
                body = problem.reference if right else f"def {problem.extra['entry_point']}(*args): return None"
                text = f"```python\\n{body}\\n```"
                ids = tuple(self.tokenizer(text)["input_ids"])
                yield [(index, Generation(text, ids, (-0.1,) * len(ids), 1, False))]

        def identity(self):
            return {}

        def refresh(self, model):
            self.model = model

        def close(self):
            pass
"""
)


class Runs:
    """`pidistill run code-retry` with the reciter in Docker, on so many problems, with a store of that name."""

    def __init__(self, folder: Path, train: int, evaluate: int) -> None:
        from small_models import make_model

        self.folder = folder
        self.model = make_model(folder / "model", max_length=2048)
        self.sizes = {"train": train, "evaluate": evaluate}
        install(folder / "site", "pidistill-reciter", "1.0", {"reciter.py": RECITER}, {"reciter": "reciter"})

    def start(self, name: str) -> subprocess.Popen[str]:
        command = [
            sys.executable, "-m", "pidistill", "run", "code-retry", "--domain", "code", "--sandbox", "docker",
            "--engine", "reciter", "--model", str(self.model), "--seeds", "0", "--store", str(self.folder / name),
        ]  # fmt: skip
        sets = ["model.threads=1", "verify.workers=1", "train.max_length=2048", "train.lora_rank=2"]
        sets += [f"data.{side}.dataset=functions" for side in self.sizes]
        sets += ["data.train.split=train", "data.evaluate.split=test"]
        sets += [f"data.{side}.limit={count}" for side, count in self.sizes.items()]
        command += [part for text in sets for part in ("--set", text)]
        path = os.pathsep.join([str(self.folder / "site"), *filter(None, sys.path)])
        env = {**os.environ, "PYTHONPATH": path, "RECITER_VERDICTS": str(self.folder / f"{name}.verdicts")}
        return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, name: str) -> dict[str, object]:
        """Run to the end; the report's data."""
        process = self.start(name)
        _, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
        return self.report(name)

    def report(self, name: str) -> dict[str, object]:
        (path,) = (self.folder / name).glob("reports/*/report.json")
        data = json.loads(path.read_text())
        assert isinstance(data, dict)
        data["ledger"].sort(key=lambda row: sorted(row.items()))  # its order is that in which stages were first reached
        return data

    def verdicts(self, name: str) -> list[str]:
        """Lines `status reason`, in the order in which observers were told, of all runs on that store."""
        path = self.folder / f"{name}.verdicts"
        return path.read_text().splitlines() if path.exists() else []


def wait_for(holds: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not holds():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.fixture(scope="module")
def runs(docker_sandbox: DockerSandbox, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """With one run, `undisturbed`, at its end."""
    made = Runs(tmp_path_factory.mktemp("runs"), train=40, evaluate=6)
    made.finish("undisturbed")
    assert {line.split()[0] for line in made.verdicts("undisturbed")} == {"PASS", "FAIL"}
    return made


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("name", "stops_at"), [("early", 8), ("late", 39)])
def test_a_run_outlives_its_docker_daemon(docker_daemon: Daemon | None, runs: Runs, name: str, stops_at: int) -> None:
    """Early: so much is left that the run stops and says why. Late: it goes on, and its report counts the errors."""
    if docker_daemon is None:
        pytest.skip("the machine's own daemon is not ours to stop")
    hold = runs.folder / f"{name}.hold"
    hold.write_text(str(stops_at))
    process = runs.start(name)
    wait_for(lambda: len(runs.verdicts(name)) >= stops_at, process)
    docker_daemon.stop()
    hold.unlink()
    try:
        _, err = process.communicate(timeout=600)
        told = err.strip().splitlines()
        refused = runs.start(name)
        (line,) = refused.communicate(timeout=300)[1].strip().splitlines()
    finally:
        process.kill()  # it has ended, unless this test fails
        docker_daemon.start()
    assert {line.split()[0] for line in runs.verdicts(name)} == {"PASS", "FAIL", "ERROR"}, err
    assert all("Start the Docker daemon" in v for v in runs.verdicts(name) if v.startswith("ERROR"))
    assert (refused.returncode, "Start the Docker daemon" in line) == (1, True)  # before anything is sampled
    if name == "early":
        assert process.returncode == 1
        assert "20 problems in a row are ERROR" in told[-1] and "Start the Docker daemon" in told[-1]
    else:
        assert process.returncode == 0, err
        assert any("verdicts are ERROR" in line and "Start the Docker daemon" in line for line in told)
        assert runs.report(name) != runs.report("undisturbed")

    assert runs.finish(name) == runs.report("undisturbed")
    with Store(runs.folder / name) as store:
        assert store.rollouts.duplicates == 0
        assert not any(entry.record.status is Status.ERROR for entry in store.verdicts.entries())
        judged = [verdict for verdict in runs.verdicts(name) if not verdict.startswith("ERROR")]
        assert len(judged) == len(store.verdicts)  # what was judged before was not judged again
