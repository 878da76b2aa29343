"""The suite of the seeds in small, on this machine and on a Ray cluster of two workers: are the results equal?

    python benchmarks/seeds_on_ray.py [--domain math ...] [--problems 8] [--seeds 0] [--folder runs/seeds-cut]

`benchmarks/suites/seeds.toml` in full is 336 cells. This runs a cut of the same file, with the same arms: fewer
problems to train on and to measure by, two steps for arms that count them, and the seeds asked for. It is run twice,
into a store each: by the local executor with two workers, and with `--executor ray` on a cluster of two nodes of one
core that is started here, as the tests start theirs. Then every cell's scores are compared, whoever paid for which
rollout, and every rollout's tokens. A part that is finished is not done again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "benchmarks" / "suites" / "seeds.toml"
WORKERS = 2
CUT = {"steps": 2, "refresh_every": 1}


def main() -> None:
    """Run both, compare, and print what was seen as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--domain", action="append", help="Repeatable.  [default: all of the suite]")
    parser.add_argument("--problems", type=int, default=8, help="To train on, and as many to measure by.")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--folder", type=Path, default=ROOT / "runs" / "seeds-cut")
    given = parser.parse_args()
    folder: Path = given.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "seeds-cut.toml"
    file.write_text(toml(cut(tomllib.loads(SUITE.read_text("utf-8")), given)), "utf-8")
    seen: dict[str, Any] = {"file": file.name, "seconds": {}}
    seen["seconds"]["local"] = suite_run(file, folder / "local", "--executor", "local", "--workers", str(WORKERS))
    seen["seconds"]["ray"] = on_a_cluster(file, folder / "ray")
    print(json.dumps(seen | compared(folder / "local", folder / "ray"), indent=1))


def cut(suite: Mapping[str, Any], given: argparse.Namespace) -> dict[str, Any]:
    """The suite with the domains and seeds asked for, few problems and few steps."""
    domains = given.domain or suite["axes"]["domain"]
    few = {"data": {side: {"limit": given.problems} for side in ("train", "evaluate")}}
    settings = suite["settings"] | few
    settings["train"] = settings["train"] | {"batch_size": 8}
    short = [{**rule, "set": {**rule["set"], "train": CUT}} for rule in suite["overrides"] if "train" in rule["set"]]
    others = [rule for rule in suite["overrides"] if "train" not in rule["set"]]
    kept = [rule for rule in suite["include"] if rule["domain"] in domains]
    named = {recipe for rule in kept for recipe in rule["recipe"]} | set(suite["axes"]["recipe"])
    for rule in short:
        rule["when"] = {"recipe": [recipe for recipe in rule["when"]["recipe"] if recipe in named]}
    return {
        **suite, "title": f"{suite['title']}: a cut", "store": str(given.folder / "local"),
        "axes": {**suite["axes"], "domain": domains, "seed": given.seeds},
        "settings": settings, "include": kept, "overrides": [*short, *others],
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
    command = [sys.executable, "-m", "pidistill", "suite", "run", str(file), "--store", str(store), *options]
    with (store.parent / f"{store.name}.log").open("w") as log:
        done = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, check=False)
    if done.returncode:
        sys.exit(f"{store.name}: exit code {done.returncode}, see {store.parent / f'{store.name}.log'}")
    return round(time.perf_counter() - start, 1)


def on_a_cluster(file: Path, store: Path) -> float:
    """The same on two Ray nodes of one core each."""
    import ray
    from ray.cluster_utils import Cluster

    os.environ["PYTHONPATH"] = str(ROOT)
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(WORKERS):
            nodes.add_node(num_cpus=1)
        return suite_run(file, store, "--executor", "ray", "--address", nodes.address)
    finally:
        ray.shutdown()
        nodes.shutdown()


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
