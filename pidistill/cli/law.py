"""`pidistill law`: the line from gap to improvement through finished configurations, and what it is worth."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pidistill.cli.options import json_option


@click.command("law")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the law there, for `predict --law`."
)
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw it there: .svg or .png.")
@json_option
def command(file: Path, out: Path | None, plot: Path | None, as_json: bool) -> None:
    """Fit the law from gap to improvement, and say whether it predicts what it has not seen.

    FILE (CSV, JSONL or TOML) holds a row for each configuration (PI form x model x domain): label, family, gap and
    improvement in percentage points, and, to be checked as confounders, context_tokens, completion_tokens, steps, base,
    seeds.

    \b
        pidistill law configurations.csv --out law.json --plot law.svg
        pidistill predict --gap gap.json --law law.json
    """
    from pidistill.cli.output import line, stderr, stdout
    from pidistill.law.configurations import read_configurations
    from pidistill.law.fit import fit_law
    from pidistill.pilot.table import law_tables
    from pidistill.report.render import print_tables
    from pidistill.report.write import write_atomically

    law = fit_law(read_configurations(file))
    text = json.dumps(law.to_json(), indent=1, allow_nan=False)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, f"{text}\n".encode("ascii"))
    if plot is not None:
        from pidistill.law.picture import draw_law

        plot.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(plot, draw_law(law, plot.suffix.removeprefix(".")))
    if as_json:
        click.echo(text)
    else:
        print_tables(stdout(), f"Law of {file.name}", law_tables(law), [])
    for written in (out, plot):
        if written is not None:
            line(stderr(), f"Written: {written}")
