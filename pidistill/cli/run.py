"""`pidistill run`: one or more recipes on a domain, over some seeds. Thin: configuration in, comparison out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pidistill.cli.comparison import as_is_option, compare, renew_option
from pidistill.cli.options import SANDBOX_HELP, json_option, seeds_option, store_option
from pidistill.cli.output import warn_of_problems
from pidistill.plugins import get_manager
from pidistill.recipes import run_config


@click.command("run")
@click.argument("recipes", nargs=-1, required=True, metavar="RECIPE...")
@click.option("--domain", required=True, help="An installed domain; `pidistill plugins` lists them.")
@click.option("--config", "file", type=click.Path(path_type=Path), help="TOML file with the tables of a run.")
@click.option(
    "--set", "sets", multiple=True, metavar="KEY=VALUE", help="One setting, such as train.lr=1e-4. Repeatable."
)
@click.option("--model", help="Hugging Face name or local folder.  [default: the domain's embedded model]")
@click.option("--engine", help="Who makes rollouts: transformers, vllm, openai.  [default: transformers]")
@click.option("--sandbox", help=SANDBOX_HELP)
@seeds_option
@store_option
@renew_option
@as_is_option
@json_option
def command(
    recipes: tuple[str, ...],
    domain: str,
    file: Path | None,
    sets: tuple[str, ...],
    model: str | None,
    engine: str | None,
    sandbox: str | None,
    seeds: tuple[int, ...] | None,
    store: Path | None,
    renew: bool,
    as_is: bool,
    as_json: bool,
) -> None:
    """Run one or more recipes on a domain, and compare base with trained.

    Everything that is made goes to the store before it is used, so the same command resumes a run that was stopped,
    and recipes that need the same rollouts share them. Settings are taken from, later ones winning: the defaults, the
    recipe, --config, the options here, --set.

    \b
        pidistill run retry --domain DOMAIN
        pidistill run star-gold star-gibberish --domain DOMAIN --model Qwen/Qwen3-1.7B --engine vllm
        pidistill run retry --domain DOMAIN --set recipe.rollouts.retries=3 --set train.lr=5e-6
    """
    manager = get_manager()
    warn_of_problems(manager)
    manager.domain(domain)
    given = overrides(model, engine, seeds, store, sandbox)
    configs = [run_config(name, domain, file=file, overrides=given, sets=sets) for name in dict.fromkeys(recipes)]
    name = f"{'-'.join(config.recipe.name for config in configs)}-{domain}"
    compare(configs, name, f"{', '.join(config.recipe.name for config in configs)} on {domain}", as_json, renew, as_is)


def overrides(
    model: str | None,
    engine: str | None,
    seeds: tuple[int, ...] | None,
    store: Path | None,
    sandbox: str | None = None,
) -> dict[str, Any]:
    """The options that were given, as the tables they set."""
    given = {
        "model": model and {"name": model}, "engine": engine and {"name": engine}, "seeds": seeds, "store": store,
        "verify": sandbox and {"sandbox": sandbox},
    }  # fmt: skip
    return {key: value for key, value in given.items() if value is not None}
