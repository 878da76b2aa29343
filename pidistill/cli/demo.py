"""`pidistill demo`: the arms whose comparison is the point of the project, on every embedded model that is installed.

It differs from `pidistill run` in nothing but its settings, which are `demo.toml`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import click

from pidistill.cli.options import compare, json_option, store_option
from pidistill.cli.output import warn_of_problems
from pidistill.config import RunConfig
from pidistill.errors import UsageError
from pidistill.plugins import Manager, get_manager
from pidistill.recipes import run_config

ARMS = ("retry", "rejection", "star-gold", "star-gibberish", "opsd")
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
    parameters that comes with each domain, and prints what came out, as it is. The same command resumes.
    """
    manager = get_manager()
    warn_of_problems(manager)
    domains = embedded_domains(manager)
    title = f"Demo: {len(ARMS)} arms on {' and '.join(domains)}, embedded model"
    compare(demo_configs(domains, store, seed_count, quick), "demo", title, as_json)


def demo_configs(domains: Sequence[str], store: Path | None, seed_count: int, quick: bool) -> list[RunConfig]:
    """A run for every arm on every domain."""
    overrides: dict[str, Any] = {"seeds": tuple(range(1 if quick else seed_count)), **(QUICK if quick else {})}
    if store is not None:
        overrides["store"] = store
    return [run_config(arm, domain, file=SETTINGS, overrides=overrides) for domain in domains for arm in ARMS]


def embedded_domains(manager: Manager) -> list[str]:
    """The domains that bring a model of their own. Raises `UsageError` where none does."""
    found = [name for name in manager.domains() if manager.domain(name).embedded() is not None]
    if not found:
        raise UsageError(
            "No installed domain brings an embedded model.", "Try: pip install pidistill-math. See: pidistill plugins"
        )
    return found
