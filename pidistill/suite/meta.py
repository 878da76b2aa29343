"""What a report says beside the scores: recipes, verifiers, settings, and the ledger, from the cells' summaries.

What is only shown (a recipe's one line, its published result) is the present recipe's; all else is what the cells were
run with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pidistill.records import JSON, canonical_json
from pidistill.report.model import ReportMeta, Rows
from pidistill.store.ledger import LedgerRow
from pidistill.suite.planned import Planned
from pidistill.suite.resolve import EMBEDDED

EMBEDDED_NOTE = (
    "The embedded model shows what the machinery does; it is no evidence about large models. Its own README.md says "
    "what it was made to be."
)
ARROWS = ("evaluate before", "first attempts", "retries", "other roles", "evaluate after")
LEDGER = ("cell", "stage", "kind", "made", "reused", "twice", "completion tokens made", "used", "prompt tokens",
          "trained", "processed")  # fmt: skip
_PRESENTATION = ("recipe.summary", "recipe.definition", "recipe.source", "recipe.published")


def report_meta(title: str, cells: Sequence[Planned], summaries: Sequence[Mapping[str, Any]]) -> ReportMeta:
    """The report's other half, from what is planned and what came out."""
    recipes = {cell.config.recipe.name: cell.config.recipe for cell in cells}
    arms = [" / ".join(dict.fromkeys((cell.config.recipe.name, cell.config.domain))) for cell in cells]
    rows = [[LedgerRow.from_json(row) for row in summary["ledger"]] for summary in summaries]
    identities = {
        cell.config.domain: str(summary["provenance"]["verifier"])
        for cell, summary in zip(cells, summaries, strict=True)
    }
    control_for: dict[str, tuple[str, ...]] = {name: recipe.control_for for name, recipe in recipes.items()}
    for name, recipe in recipes.items():
        for control in recipe.controls:
            if control in control_for and name not in control_for[control]:
                control_for[control] = (*control_for[control], name)
    return ReportMeta(
        title=title,
        published={name: recipe.published for name, recipe in recipes.items() if recipe.published},
        summaries={name: recipe.summary for name, recipe in recipes.items() if recipe.summary},
        control_for=control_for,
        verifier=", ".join(f"{domain}: {identity}" for domain, identity in identities.items()),
        settings=settings(arms, summaries),
        notes=(EMBEDDED_NOTE,) if any(cell.config.model.name == EMBEDDED for cell in cells) else (),
        costs=costs(arms, rows),
        ledger=Rows("Ledger by cell and stage", LEDGER, tuple(_text(row) for cell in rows for row in cell)),
    )


def settings(arms: Sequence[str], summaries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Dotted key -> value of what all cells share, and arm by arm of what they do not."""
    by_arm = {arm: dict(_flat(summary["cell"]["config"])) for arm, summary in zip(arms, summaries, strict=True)}
    tables = list(by_arm.values())
    shared = {key: value for key, value in tables[0].items() if all(table.get(key) == value for table in tables)}
    own = {
        f"{arm}: {key}": value
        for arm, table in by_arm.items()
        for key, value in table.items()
        if key not in shared and key not in ("domain", "recipe.name", *_PRESENTATION)
    }
    return {**{key: value for key, value in shared.items() if key not in _PRESENTATION}, **own}


def costs(arms: Sequence[str], ledgers: Sequence[Sequence[LedgerRow]]) -> Rows:
    """The ledger in short: rollouts by arm and kind of arrow, `sampled + reused`, summed over seeds and turns."""
    counts: dict[tuple[str, str], list[int]] = {}
    twice = 0
    for arm, rows in zip(arms, ledgers, strict=True):
        for row in rows:
            twice += row.twice
            if row.kind == "rollout":
                cell = counts.setdefault((arm, _column(row.arrow)), [0, 0])
                cell[0] += row.made
                cell[1] += row.reused
    shown = [arrow for arrow in ARROWS if arrow != "other roles" or any(column == arrow for _, column in counts)]
    lines = tuple(
        (arm, *("{} + {}".format(*counts[arm, column]) if (arm, column) in counts else "-" for column in shown))
        for arm in dict.fromkeys(arms)
    )
    notes = ["Rollouts: sampled by this arm + found in the store, where an earlier arm or seed had paid for them."]
    if twice:
        notes.append(f"{twice} records were made twice, by processes that worked at the same time.")
    return Rows("Ledger: sampled + reused", ("Arm", *shown), lines, tuple(notes), detail=False)


def _column(arrow: str) -> str:
    if arrow in ARROWS:
        return arrow
    return "retries" if arrow.startswith("retry") and "," not in arrow else "other roles"


def _text(row: LedgerRow) -> tuple[str, ...]:
    counts = (
        row.made, row.reused, row.twice, row.completion_tokens_made, row.completion_tokens_used, row.prompt_tokens_used,
        row.tokens_trained, row.tokens_processed,
    )  # fmt: skip
    place = f"{row.stage} {row.turn}: {row.arrow}" if row.turn else row.arrow
    return (row.cell, place, row.kind, *(f"{count:,}" for count in counts))


def _flat(tables: Mapping[str, JSON], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tables.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        elif value not in (None, "", {}, []):
            yield f"{prefix}{key}", value if isinstance(value, str) else canonical_json(value)
