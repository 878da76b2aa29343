"""`pidistill demo`: the arms whose comparison is the point of the project, on every embedded model that is installed.

It differs from `pidistill run` in nothing but its settings. Those of a small model are `demo.toml`'s; which recipes
make a domain's demo, the domain says (`contracts.Embedded.demo`). A domain whose verifier cannot work on this machine
is named and left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import click

from pidistill.cli.comparison import compare
from pidistill.cli.options import json_option, store_option
from pidistill.cli.output import line, stderr, warn_of_problems
from pidistill.config import RunConfig, merge, read_toml
from pidistill.discovery import Kind
from pidistill.errors import PidistillError, PluginError, UsageError
from pidistill.plugins import Manager, get_manager
from pidistill.recipes import run_config
from pidistill.suite.confinement import find_sandbox

ARMS = ("retry", "rejection")
"""What a domain's demo is where the domain says nothing."""
SETTINGS = Path(str(resources.files("pidistill.cli") / "demo.toml"))
QUICK: dict[str, Any] = {
    "data": {"train": {"limit": 64}, "evaluate": {"limit": 64}},
    "train": {"steps": 4, "refresh_every": 2},
}


@click.command("demo")
@store_option
@click.option("--seeds", "seed_count", type=click.IntRange(min=1), default=3, show_default=True, help="How many seeds.")
@click.option("--quick", is_flag=True, help="A few problems and one seed: shows that it works, and nothing else.")
@json_option
def command(store: Path | None, seed_count: int, quick: bool, as_json: bool) -> None:
    """Run the whole loop on the embedded models: five arms, base against trained, in minutes.

    Samples, verifies, builds feedback and PI, trains and evaluates, with the real parts and a model of a few million
    parameters that comes with each domain, and prints what came out, as it is. A domain that cannot run here (code
    without a sandbox, say) is named and left out. The same command resumes.
    """
    manager = get_manager()
    warn_of_problems(manager)
    domains: list[str] = []
    for name in embedded_domains(manager):
        reason = obstacle(manager, name)
        if reason is None:
            domains.append(name)
        else:
            line(stderr(), f"Left out: {name}. {reason}", "yellow")
    if not domains:
        line(stderr(), "No domain's demo can run here. See: pidistill doctor", "yellow")
        return
    configs = demo_configs(manager, domains, store, seed_count, quick)
    title = f"Demo: {len(configs)} arms on {' and '.join(domains)}, embedded model"
    compare(configs, "demo", title, as_json)


def demo_configs(
    manager: Manager, domains: Sequence[str], store: Path | None, seed_count: int, quick: bool
) -> list[RunConfig]:
    """A run for every arm of every domain's demo."""
    own: dict[str, Any] = {"seeds": tuple(range(1 if quick else seed_count)), **(QUICK if quick else {})}
    if store is not None:
        own["store"] = store
    shared = read_toml(SETTINGS)
    configs = []
    for domain in domains:
        tables = demo_tables(manager, domain)
        for arm in tables["arms"]:
            said = merge(shared, tables.get("recipes", {}).get(arm, {}), tables.get("settings", {}), own)
            configs.append(run_config(arm, domain, overrides=said))
    return configs


def demo_tables(manager: Manager, domain: str) -> Mapping[str, Any]:
    """The arms of a domain's demo and what they set, as the domain says; else the arms that are about no domain."""
    embedded = manager.call(Kind.DOMAIN, domain, manager.domain(domain).embedded)
    if embedded is None or embedded.demo is None:
        return {"arms": ARMS}
    tables = read_toml(embedded.demo)
    if not tables.get("arms"):
        raise UsageError(f"{embedded.demo}: names no arms.", f"See the package of domain {domain!r}.")
    return tables


def embedded_domains(manager: Manager) -> list[str]:
    """The domains that bring a model of their own, or are too broken to say. Raises `UsageError` where none does."""
    found = [name for name in manager.domains() if _brings_a_model(manager, name)]
    if not found:
        raise UsageError(
            "No installed domain brings an embedded model.", "Try: pip install pidistill-math. See: pidistill plugins"
        )
    return found


def _brings_a_model(manager: Manager, name: str) -> bool:
    try:
        return manager.domain(name).embedded() is not None
    except PluginError:
        return True  # so that `obstacle` says what is wrong with it


def obstacle(manager: Manager, name: str) -> str | None:
    """Why the verifier of domain `name` cannot work on this machine, on one line with what to do; None if it can."""
    try:
        domain = manager.domain(name)
        find_sandbox(manager, domain, None)
    except PidistillError as error:
        return " ".join(str(error).split())
    parts = [part for part in domain.parts() if part.enough]
    if parts and not any(part.works for part in parts):
        return "It needs one of these. " + " ".join(f"{part.name}: {part.note}" for part in parts)
    return None
