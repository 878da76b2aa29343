"""The suite of the seeds on this machine and on a Ray cluster of two workers: are the results equal?

    python benchmarks/seeds_on_ray.py [--killing] [--folder runs/seeds]
    python benchmarks/seeds_on_ray.py --problems 8 --seeds 0 [--domain math ...]

`benchmarks/suites/seeds.toml` is run twice, into a store each: by the local executor with two workers, and with
`--executor ray` on a cluster of two nodes of one core that is started here, as the tests start theirs. Then every
cell's scores are compared, whoever paid for which rollout, and every rollout's tokens. A part that is finished is not
done again. With `--problems` it is a cut of the same file, with the same arms: so many problems to train on and to
measure by, and two steps for arms that count them.

`--killing` sends SIGKILL to one of Ray's workers when a third of the cells is finished, and to the driver at two
thirds; the same command is then given again.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pidistill.suite.file import read_suite
from pidistill.suite.matrix import cells

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "benchmarks" / "suites" / "seeds.toml"
WORKERS = 2
CUT = {"steps": 2, "refresh_every": 1}


def main() -> None:
    """Run both, compare, and print what was seen as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--domain", action="append", help="Repeatable.  [default: all of the suite]")
    parser.add_argument("--problems", type=int, help="To train on, and as many to measure by.  [default: the file's]")
    parser.add_argument("--seeds", help="[default: the file's]")
    parser.add_argument("--killing", action="store_true", help="A worker of Ray's, and later its driver.")
    parser.add_argument("--folder", type=Path, default=ROOT / "runs" / "seeds")
    given = parser.parse_args()
    folder: Path = given.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "seeds.toml"
    file.write_text(toml(cut(tomllib.loads(SUITE.read_text("utf-8")), given)), "utf-8")
    seen: dict[str, Any] = {"seconds": {}}
    seen["seconds"]["local"] = suite_run(file, folder / "local", "--executor", "local", "--workers", str(WORKERS))
    seen["seconds"]["ray"], seen["killed"] = on_a_cluster(file, folder / "ray", given.killing)
    print(json.dumps(seen | compared(folder / "local", folder / "ray"), indent=1))


def cut(suite: Mapping[str, Any], given: argparse.Namespace) -> dict[str, Any]:
    """The suite with the domains, the seeds and the number of problems asked for; with few problems, few steps, too."""
    domains = given.domain or suite["axes"]["domain"]
    kept = [rule for rule in suite["include"] if rule["domain"] in domains]
    named = {recipe for rule in kept for recipe in rule["recipe"]} | set(suite["axes"]["recipe"])
    overrides = [
        {**rule, "when": {"recipe": [recipe for recipe in rule["when"]["recipe"] if recipe in named]}}
        for rule in suite["overrides"]
    ]
    settings = dict(suite["settings"])
    if given.problems:
        settings["data"] = {side: {"limit": given.problems} for side in ("train", "evaluate")}
        overrides = [{**rule, "set": {**rule["set"], "train": CUT}} for rule in overrides]
    return {
        **suite, "axes": {**suite["axes"], "domain": domains, "seed": given.seeds or suite["axes"]["seed"]},
        "settings": settings, "include": kept, "overrides": overrides,
    }  # fmt: skip


def toml(tables: Mapping[str, Any]) -> str:
    """TOML of what a suite file may hold."""
    lines = [f"{key} = {inline(value)}" for key, value in tables.items() if isinstance(value, str)]
    for key, value in tables.items():
        if isinstance(value, Mapping):
            lines += [f"[{key}]", *(f"{name} = {inline(inner)}" for name, inner in value.items())]
        elif isinstance(value, list):
            for rule in value:
                lines += [f"[[{key}]]", *(f"{name} = {inline(inner)}" for name, inner in rule.items())]
    return "\n".join([*lines, ""])


def inline(value: object) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {inline(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value)


def suite_run(file: Path, store: Path, *options: str) -> float:
    """Seconds that the command took. A suite of which a cell failed ends here, with what it said."""
    start = time.perf_counter()
    with begun(file, store, *options) as process:
        code = process.wait()
    if code:
        sys.exit(f"{store.name}: exit code {code}, see {log_of(store)}")
    return round(time.perf_counter() - start, 1)


def log_of(store: Path) -> Path:
    """Where the runs into a store write what they say."""
    return store.with_suffix(".log")


def begun(file: Path, store: Path, *options: str) -> subprocess.Popen[bytes]:
    """The command, started; what it says is added to the store's log."""
    command = [sys.executable, "-m", "pidistill", "suite", "run", str(file), "--store", str(store), *options]
    with log_of(store).open("a") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)


def on_a_cluster(file: Path, store: Path, killing: bool) -> tuple[float, dict[str, int]]:
    """The same on two Ray nodes of one core each: seconds of all of it, and the cells finished at each kill."""
    import ray
    from ray.cluster_utils import Cluster

    start = time.perf_counter()
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(WORKERS):
            nodes.add_node(num_cpus=1)
        options = ("--executor", "ray", "--address", nodes.address)
        killed = killed_on_the_way(file, store, options) if killing else {}
        suite_run(file, store, *options)
        return round(time.perf_counter() - start, 1), killed
    finally:
        ray.shutdown()
        nodes.shutdown()


def killed_on_the_way(file: Path, store: Path, options: Sequence[str]) -> dict[str, int]:
    """Run until two thirds of the cells are finished, and end that at once; a worker is ended after one third."""
    of = len(cells(read_suite(file)))
    killed: dict[str, int] = {}
    with begun(file, store, *options) as driver:
        while driver.poll() is None:
            time.sleep(0.5)
            finished = len(list(store.glob("cells/*/summary.json")))
            if "worker" not in killed and finished >= of / 3 and (workers := ray_workers()):
                os.kill(workers[0], signal.SIGKILL)
                killed["worker"] = finished
            if finished >= 2 * of / 3:
                driver.kill()
                killed["driver"] = finished
    return killed


def ray_workers() -> list[int]:
    """Processes that work for a suite on this machine's Ray."""
    files = [(int(folder.name), folder / "cmdline") for folder in Path("/proc").glob("[0-9]*")]
    return [pid for pid, file in files if file.exists() and b"ray::Slot" in file.read_bytes()]


def compared(one: Path, other: Path) -> dict[str, Any]:
    """What differs between two stores of the same suite."""
    from pidistill.store.store import Store

    found = []
    for root in (one, other):
        with Store(root, read_only=True) as store:
            cells = {name: whoever_paid(store.summary(name)) for name in store.cells.names()}
            rollouts = {key: store.rollouts.raw(key) for key in store.rollouts.keys()}  # noqa: SIM118
            tokens = {key: data["record"]["token_ids"] for key, data in rollouts.items() if data is not None}
            twice = store.rollouts.duplicates + store.verdicts.duplicates
            found.append((cells, tokens, twice))
    (cells, tokens, twice), (others, other_tokens, other_twice) = found
    return {
        "cells": len(cells),
        "cells_ray": len(others),
        "cells_that_differ": _different(cells, others),
        "rollouts": len(tokens),
        "rollouts_ray": len(other_tokens),
        "rollouts_that_differ": len(_different(tokens, other_tokens)),
        "made_twice": [twice, other_twice],
    }


def _different(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    """What the two do not have alike, or not both."""
    return sorted(key for key in one.keys() | other.keys() if key not in one or one[key] != other.get(key))


def whoever_paid(summary: Mapping[str, Any] | None) -> dict[str, Any]:
    """A cell's scores, without who sampled what first."""
    if summary is None:
        return {}
    training = {**summary["scores"]["training"], "rollouts_made": 0, "rollouts_reused": 0}
    return {**summary["scores"], "training": training}


if __name__ == "__main__":
    main()
