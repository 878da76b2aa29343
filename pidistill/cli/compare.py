"""`pidistill compare`: two runs, or two files of scores, paired by problem. Thin."""

from __future__ import annotations

import json

import click

from pidistill.cli.options import json_option


@click.command("compare")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--metric", default="", help="Which score, where a file has several: NAME, or NAME,FILTER.")
@click.option(
    "--margin", type=click.FloatRange(0, 100, min_open=True), default=2.0, show_default=True,
    help="In pp: what counts as no difference.",
)  # fmt: skip
@json_option
def command(first: str, second: str, metric: str, margin: float, as_json: bool) -> None:
    """Compare two runs, or two files of scores: is B better than A on the same problems?

    A and B are stores, arms of stores (STORE:ARM), reports, or files of scores by item as for `pidistill stats`. Runs
    are compared by what was measured after training, paired by problem and by seed; several arms are matched by name.

    \b
        pidistill compare runs/before runs/after
        pidistill compare runs/demo:rejection runs/demo:retry
        pidistill compare samples_before.jsonl samples_after.jsonl --metric exact_match
    """
    import numpy as np

    from pidistill.cli.output import stdout
    from pidistill.report.model import ReportMeta
    from pidistill.report.render import print_tables
    from pidistill.report.table import check_table, effect_table, report_notes, seed_table, strata_table
    from pidistill.stats.compare import compare
    from pidistill.stats.levels import by_level
    from pidistill.suite.against import against

    paired = against(first, second, metric)
    found = compare(paired.cells, np.random.default_rng(0), pairs=(), margin=margin / 100)
    if as_json:
        click.echo(json.dumps({"title": paired.title, **found.to_json(), "notes": list(paired.notes)}, indent=2))
        return
    levels = strata_table("By level", "Level", by_level(paired.cells), detail=False)
    tables = [effect_table(found.arms), seed_table(found.arms), levels, check_table(found.arms)]
    told = [f"Base is {first}, after is {second}.", *paired.notes, *report_notes(found, ReportMeta(""))]
    print_tables(stdout(), paired.title, [table for table in tables if table.rows], told)
