"""`pidistill stats`: the project's own questions, put to figures from a paper or an evaluation harness."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pidistill.cli.options import json_option


@click.command("stats")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--base", type=click.Path(path_type=Path), help="Scores by item of the run to compare FILE with.")
@click.option("--metric", default="", help="Which score, where a file has several: NAME, or NAME,FILTER.")
@click.option("--baseline", default="base", show_default=True, help="The arm that others are compared with, by item.")
@click.option("--margin", type=click.FloatRange(0, 100, min_open=True), help="In pp: what counts as no difference.")
@click.option("--tried", type=click.IntRange(1), help="Arms that were tried, if more than FILE lists.")
@click.option(
    "--effect", type=click.FloatRange(0, 100, min_open=True), help="In pp: what seeds needed are counted for."
)
@json_option
def command(
    file: Path,
    base: Path | None,
    metric: str,
    baseline: str,
    margin: float | None,
    tried: int | None,
    effect: float | None,
    as_json: bool,
) -> None:
    """Test figures that were measured elsewhere: typed in from a paper, or written by lm-eval or Inspect.

    FILE is TOML (arms with `deltas`, `after`, `counts`, `mean`, or `files` by item), or CSV or JSONL with a row per
    seed (arm, seed, delta) or per item (arm, seed, item, base, after). With --base, FILE and it are the scores by item
    of one run after and before: lm-eval's samples, Inspect's log, or rows with item and score.

    \b
        pidistill stats paper.toml
        pidistill stats samples_after.jsonl --base samples_before.jsonl --metric exact_match,strict-match
        pidistill stats scores.csv --baseline untrained --tried 12
    """
    import numpy as np

    from pidistill.cli.output import stdout
    from pidistill.report.model import ReportMeta
    from pidistill.report.render import print_tables
    from pidistill.report.table import check_table, effect_table, report_notes, seed_table
    from pidistill.report.table import pair_table as cell_pairs
    from pidistill.scores.analyse import analyse
    from pidistill.scores.read import load
    from pidistill.scores.sections import section_table
    from pidistill.scores.table import arm_table, pair_table, power_table
    from pidistill.stats.compare import compare

    loaded = load(file, base=base, metric=metric, baseline=baseline)
    changes = {"margin": margin, "tried": tried}
    sheet = loaded.sheet.model_copy(update={key: value for key, value in changes.items() if value is not None})
    rng = np.random.default_rng(0)
    wanted = None if effect is None else effect / 100
    found = analyse(sheet, rng, wanted) if any(arm.files is None for arm in sheet.arms) else None
    by_item = compare(loaded.cells, rng, margin=sheet.margin / 100, tried=sheet.tried) if loaded.cells else None
    if as_json:
        answer = {"arms": found and found.to_json(), "by_item": by_item and by_item.to_json()}
        click.echo(json.dumps(answer, indent=2))
        return
    tables, notes = [], [sheet.source] if sheet.source else []
    if found is not None:
        tables += [arm_table(found), power_table(found, wanted), pair_table(found.pairs)]
    if by_item is not None:
        tables += [effect_table(by_item.arms), seed_table(by_item.arms), cell_pairs(by_item.pairs)]
        tables.append(check_table(by_item.arms))
        notes += report_notes(by_item, ReportMeta(""))
    tables += [section_table(section) for section in sheet.sections]
    print_tables(stdout(), sheet.title or file.name, [table for table in tables if table.rows], notes)
