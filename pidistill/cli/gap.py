"""`pidistill gap`: what PI is worth to a model before anything is trained. Thin: configuration in, tables out."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pidistill.cli.options import SANDBOX_HELP, json_option, seeds_option, store_option

FORMS = ("gold", "gibberish", "first-step", "world-feedback")


@click.command("gap")
@click.option("--domain", required=True, help="An installed domain; `pidistill plugins` lists them.")
@click.option("--form", "forms", multiple=True, metavar="FORM",
              help=f"A PI form with its settings. Repeatable.  [default: {', '.join(FORMS)}]")  # fmt: skip
@click.option("--problems", type=click.IntRange(min=2), default=64, show_default=True, help="Pilot problems.")
@click.option("--samples", type=click.IntRange(min=1), default=4, show_default=True, help="Completions each.")
@click.option("--config", "file", type=click.Path(path_type=Path), help="TOML file with the tables of a run.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="One setting of a run. Repeatable.")
@click.option("--model", help="Hugging Face name or local folder.  [default: the domain's embedded model]")
@click.option("--engine", help="Who makes rollouts: transformers, vllm, openai.  [default: transformers]")
@click.option("--sandbox", help=SANDBOX_HELP)
@seeds_option
@store_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where the measurement is written.")
@json_option
def command(
    domain: str,
    forms: tuple[str, ...],
    problems: int,
    samples: int,
    file: Path | None,
    sets: tuple[str, ...],
    model: str | None,
    engine: str | None,
    sandbox: str | None,
    seeds: tuple[int, ...] | None,
    store: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure, before any training, what PI is worth to a model: student, self-teachers, resampling control.

    On the first problems of the training data the student is sampled twice over (the second time is the resampling
    control), then with each form's PI in the prompt, then asked again after its failures. All of it goes to the store
    under the keys of a run of the same seed and settings, so what a run needs of it is not sampled again.

    \b
        pidistill gap --domain DOMAIN --form gold --form wrong --out gap.json
        pidistill predict --gap gap.json --law law.json
    """
    from pidistill.cli.output import line, stderr, stdout, warn_of_problems
    from pidistill.cli.progress import show_progress
    from pidistill.cli.run import overrides
    from pidistill.pilot.measure import measure_gap
    from pidistill.pilot.table import gap_tables
    from pidistill.plugins import get_manager
    from pidistill.recipes import run_config
    from pidistill.report.render import print_tables
    from pidistill.report.write import write_atomically
    from pidistill.suite.resolve import EMBEDDED

    manager = get_manager()
    warn_of_problems(manager)
    manager.domain(domain)
    given = overrides(model, engine, seeds, store, sandbox)
    config = run_config("retry", domain, file=file, overrides=given, sets=sets)
    if config.model.name == EMBEDDED and not config.model.threads:  # so small that a second thread costs time
        config = config.model_copy(update={"model": config.model.model_copy(update={"threads": 1})})
    with show_progress() as progress:
        found = measure_gap(config, list(dict.fromkeys(forms or FORMS)), problems, samples, progress, manager)
    target = out or config.store / "gaps" / f"{found.cell}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found.to_json(), indent=1, allow_nan=False)
    write_atomically(target, f"{text}\n".encode("ascii"))
    if as_json:
        click.echo(text)
    else:
        print_tables(stdout(), f"Gap of {found.model} on {domain}", gap_tables(found), [])
    line(stderr(), f"Written: {target}")
    line(stderr(), f"Next: pidistill predict --gap {target}")
