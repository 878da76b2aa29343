"""`pidistill predict`: from a measured gap, and a fitted law if there is one, to a prediction and advice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from pidistill.cli.options import json_option
from pidistill.errors import DataError, RecordError, StoreError

if TYPE_CHECKING:
    from pidistill.law.advise import Advice
    from pidistill.law.gaps import Gap
    from pidistill.pilot.outcomes import Outcome
    from pidistill.records import Record

R = TypeVar("R", bound="Record")


@click.command("predict")
@click.option("--gap", "gap_file", type=click.Path(path_type=Path), required=True, help="What `pidistill gap` wrote.")
@click.option("--law", "law_file", type=click.Path(path_type=Path), help="What `pidistill law --out` wrote.")
@click.option("--family", default="", help="The model's family, as the law's configurations call it.")
@click.option("--steps", type=click.IntRange(1), default=200, show_default=True, help="Optimizer steps thought of.")
@click.option("--batch", type=click.IntRange(1), default=16, show_default=True, help="Examples a step.")
@click.option(
    "--store", type=click.Path(path_type=Path, file_okay=False),
    help="A store whose finished runs are set beside what was predicted of them.",
)  # fmt: skip
@json_option
def command(
    gap_file: Path, law_file: Path | None, family: str, steps: int, batch: int, store: Path | None, as_json: bool
) -> None:
    """Predict what distillation would give, and advise what to try: from a gap, and a law if there is one.

    Each option (retry, distillation from each form, structural PI, reward first, nothing) stands with the numbers that
    speak for and against it, and what a run of it is expected to take. Without a law nothing is predicted: how much of
    a gap training keeps is a thing to be measured, not assumed. With --store what training came to stands beside it.

    \b
        pidistill predict --gap gap.json --law law.json --steps 50
        pidistill run opsd --domain DOMAIN
        pidistill predict --gap gap.json --law law.json --store runs
    """
    from pidistill.cli.output import stdout
    from pidistill.law.advise import advise
    from pidistill.law.fit import Law
    from pidistill.law.gaps import Gap
    from pidistill.pilot.table import advice_tables, line_text, outcome_table
    from pidistill.report.render import print_tables

    gap = _read(Gap, gap_file, "pidistill gap")
    law = None if law_file is None else _read(Law, law_file, "pidistill law FILE --out")
    advice = advise(gap, law, family=family, steps=steps, batch=batch)
    found = None if store is None else _outcomes(store, gap, advice)
    if as_json:
        after = {} if found is None else {"outcomes": [one.to_json() for one in found]}
        click.echo(json.dumps({**advice.to_json(), **after}, indent=1, allow_nan=False))
        return
    fitted = [] if law is None else [f"Law: {line_text(law.of_family(family) or law.pooled)}"]
    tables = advice_tables(advice) + ([] if found is None else [outcome_table(found)])
    print_tables(stdout(), f"{gap.model} on {gap.domain}", tables, [*fitted, *advice.warnings])


def _outcomes(folder: Path, gap: Gap, advice: Advice) -> tuple[Outcome, ...]:
    from pidistill.pilot.outcomes import outcomes
    from pidistill.store.store import Store

    if not folder.is_dir():
        raise StoreError(f"{folder}: there is no such folder.", "Name the folder of a store: --store DIR")
    with Store(folder) as store:
        return outcomes(store, gap, advice.predictions)


def _read(kind: type[R], path: Path, made_by: str) -> R:
    """The record in `path`. Raises `DataError` naming the file and the command that makes one."""
    hint = f"Make one: {made_by}"
    try:
        return kind.from_json(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise DataError(f"No file {str(path)!r}.", hint) from None
    except (OSError, ValueError, RecordError) as error:
        raise DataError(f"{path}: not a {kind.__name__.lower()} that can be read: {error}.", hint) from error
