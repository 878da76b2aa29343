"""Writes the table of every arm into `docs/results.md`, from the report of a suite.

    pidistill suite run benchmarks/suites/arms.toml
    python benchmarks/arms_table.py runs/arms/reports/*/report.json
    python benchmarks/arms_table.py runs/arms/reports/suite-*/report.json "five seeds"
    python benchmarks/arms_table.py runs/real/store/reports/suite-*/report.json "a real model"
    python benchmarks/arms_table.py runs/real/store/reports/controls-*/report.json "controls on a real model"

The second argument says which of the page's tables it is. Nothing is picked: each arm of the report is a row, whatever
came of it, beside what its seed published. The text around the table is written by hand, and says what a reader should
make of it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pidistill.recipes import list_recipes

PAGE = Path(__file__).parents[1] / "docs" / "results.md"
BEGIN, END = "<!-- the table of {}: made by benchmarks/arms_table.py -->", "<!-- the end of the table -->"
HEAD = ("arm", "domain", "base %", "change, pp (95 %)", "p (Holm)", "finding", "tokens", "steps", "published")


def main(path: str, name: str = "arms") -> None:
    """Put the table of the report at `path` into the page, where the table called `name` is."""
    report = json.loads(Path(path).read_text("utf-8"))
    begin, text = BEGIN.format(name), PAGE.read_text("utf-8")
    before, rest = text.split(begin)
    after = rest.split(END, 1)[1]
    table = "\n".join(lines(report))
    PAGE.write_text(f"{before}{begin}\n\n{table}\n\n{END}{after}", "utf-8")


def lines(report: dict[str, Any]) -> Iterator[str]:
    """The table in Markdown, one of arms against their controls, and one for the arms of several stages."""
    published = {recipe.name: recipe.published for recipe in list_recipes()}
    yield from _table(HEAD, [_row(arm, published.get(arm["recipe"].split(" [")[0], "")) for arm in report["arms"]])
    only = report["arms"][0]["domain"]
    pairs = [_pair(pair, only) for pair in report["pairs"]]
    yield "\nArms against their controls, paired by problem:\n"
    yield from _table(("difference", "domain", "pp (95 %)", "p (Holm)", "finding"), pairs)
    staged = [arm for arm in report["arms"] if len(arm["stages"]) > 1]
    if staged:
        yield "\nThose of several stages, after each:\n"
        yield from _table(
            ("arm", "domain", "stage", "accuracy %", "tokens", "examples", "steps"),
            [row for arm in staged for row in _stages(arm)],
        )


def _row(arm: dict[str, Any], published: str) -> tuple[str, ...]:
    delta, base, after, training = arm["delta"], arm["base"], arm["after"], arm["training"]
    return (
        f"`{arm['recipe']}`",
        arm["domain"],
        f"{100 * base['rate']:.1f}",
        f"{100 * delta['mean']:+.1f} ({100 * delta['low']:+.1f} to {100 * delta['high']:+.1f})",
        "" if arm["p_holm"] is None else _p(arm["p_holm"]),
        arm["withheld"] or arm["finding"],
        f"{base['tokens']:.0f} -> {after['tokens']:.0f}",
        str(training["steps"]),
        published,
    )


def _pair(pair: dict[str, Any], only: str) -> tuple[str, ...]:
    """A row of a pair; its arms name their domain where the report has several, and else it is `only`."""
    difference = pair["difference"]
    (one, *domain), (other, *_) = pair["a"].split(" / ")[:2], pair["b"].split(" / ")[:2]
    return (
        f"`{one}` - `{other}`",
        domain[0] if domain else only,
        f"{100 * difference['mean']:+.1f} ({100 * difference['low']:+.1f} to {100 * difference['high']:+.1f})",
        "" if pair["p_holm"] is None else _p(pair["p_holm"]),
        pair["withheld"] or pair["finding"],
    )


def _stages(arm: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    yield (f"`{arm['recipe']}`", arm["domain"], "before", f"{100 * arm['base']['rate']:.1f}",
           f"{arm['base']['tokens']:.0f}", "", "")  # fmt: skip
    for stage in arm["stages"]:
        counts = (f"{stage['tokens']:.0f}", str(stage["examples"]), str(stage["steps"]))
        yield ("", "", stage["name"], f"{100 * stage['rate']:.1f}", *counts)


def _p(value: float) -> str:
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
