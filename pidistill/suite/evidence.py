"""What stands in the store about a report's cells beside their scores: learning curves, verifiers, what was left out.

Each function turns summaries, uses and checkpoints into what a report shows; none of them decides anything.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pidistill.records import Status
from pidistill.report.browser import Browser, Shown
from pidistill.report.model import Curve, ReportMeta, Rows
from pidistill.stats.data import CellScores, ProblemScore
from pidistill.store.store import Store
from pidistill.suite.browse import browse
from pidistill.suite.gaps import arm_gaps

LOG = "metrics.jsonl"
MOST_POINTS = 150
"""Of a curve; more are averaged."""
NAMED = 6
"""Problems that are named one by one."""
_EXCLUDED = {
    "excluded_long": "examples that are too long for the objective",
    "excluded_empty": "examples with an empty completion",
    "excluded_teacher_long": "examples whose teacher's prompt is too long",
    "teacher_cut": "examples whose teacher's prompt was cut",
}


def with_evidence(
    meta: ReportMeta, store: Store, cells: Sequence[tuple[str, CellScores]], summaries: Sequence[Mapping[str, Any]],
    *, page: bool,
) -> ReportMeta:  # fmt: skip
    """`meta` with all that this module finds; with `page`, also what only a page shows, which takes longer to read."""
    browser = browse(store, cells) if page else None
    shown = tuple(Shown(name, s.recipe, s.domain, s.model, s.seed) for name, s in cells)
    return replace(
        meta, cells=shown, browser=browser,
        curves=curves(store, cells) if page else (), excluded=excluded(store, cells),
        cards=verifier_cards(summaries, browser), gaps=arm_gaps(store, cells, summaries) if page else (),
    )  # fmt: skip


def curves(store: Store, cells: Sequence[tuple[str, CellScores]]) -> tuple[Curve, ...]:
    """The loss of each cell, stage by stage, from the logs that lie beside its checkpoints."""
    found = list[Curve]()
    for name, scores in cells:
        steps, stages = 0, dict[str, list[tuple[float, float]]]()
        for use in store.uses(name):
            for key in use.keys if use.kind == "checkpoint" else ():
                for loss in _losses(store.checkpoints.log(key, LOG) or b""):
                    steps += 1
                    stages.setdefault(use.stage, []).append((float(steps), loss))
        arm = (scores.recipe, scores.domain, scores.model)
        found += [Curve(arm, scores.seed, stage, _thinned(points)) for stage, points in stages.items()]
    return tuple(found)


def _losses(log: bytes) -> Iterator[float]:
    for line in log.splitlines():
        try:
            loss = json.loads(line)["loss"]
        except (ValueError, KeyError, TypeError):
            continue  # of an objective that writes another log under this name
        if isinstance(loss, int | float) and abs(loss) < 1e9:
            yield float(loss)


def _thinned(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """As many points as can be seen: the mean of each stretch of steps."""
    stretch = -(-len(points) // MOST_POINTS)
    parts = [points[start : start + stretch] for start in range(0, len(points), stretch or 1)]
    return tuple(
        (round(sum(x for x, _ in part) / len(part), 3), round(sum(y for _, y in part) / len(part), 6)) for part in parts
    )


def verifier_cards(summaries: Sequence[Mapping[str, Any]], browser: Browser | None) -> Rows:
    """A column per verifier: what it is, what it ran with, and what it said in the held-out measurements."""
    cards: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for summary in summaries:
        scores = summary["scores"]
        cards.setdefault((scores["domain"], str(summary["provenance"]["verifier"])), []).append(summary)
    columns = [_card(domain, identity, members, browser) for (domain, identity), members in cards.items()]
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = tuple((name, *(column.get(name, "-") for column in columns)) for name in names)
    header = ("Verifier", *(identity for _, identity in cards))
    notes = (
        "Counts are of held-out samples, before and after, over all cells. How often a verifier is wrong is not in a "
        "store: pidistill verify DOMAIN --oracle and pidistill check DOMAIN measure it.",
    )
    return Rows("Verifiers", header, rows, notes, open=True, wrap=frozenset(range(1, len(header))))


def _card(domain: str, identity: str, members: Sequence[Mapping[str, Any]], browser: Browser | None) -> dict[str, str]:
    config, outside = members[0]["cell"].get("config", {}), members[0].get("outside", {})
    verify = config.get("verify", {})
    counts: Counter[str] = Counter()
    for summary in members:
        for problem in summary["scores"]["problems"]:
            for side in ("base", "after"):
                counts.update(problem[side]["statuses"])
    judged = sum(count for name, count in counts.items() if Status(name).judged)
    card = {
        "Domain": domain,
        "Code": ", ".join(f"{package} {digest}" for package, digest in outside.get("code", {}).items()) or "-",
        "Time limit": f"{verify['budget_s']:g} s" if "budget_s" in verify else "-",
        "Sandbox": str(verify.get("sandbox") or "auto"),
        "Wrappers": ", ".join(verify.get("wrappers") or ()) or "none",
        "Options": ", ".join(f"{key}={value}" for key, value in (verify.get("options") or {}).items()) or "none",
        "Judged": f"{judged:,} of {sum(counts.values()):,}",
    }
    card |= {status.value: _share(counts[status.value], sum(counts.values())) for status in Status}
    return card | _seconds(identity, browser)


def _seconds(identity: str, browser: Browser | None) -> dict[str, str]:
    table: Any = browser.tables.get("verdicts") if browser is not None else None
    if browser is None or not table or identity not in browser.texts:
        return {}
    place = browser.texts.index(identity)
    took = sorted(s for s, v in zip(table["seconds"], table["verifier"], strict=True) if v == place)
    if not took:
        return {}
    at = [took[min(len(took) - 1, int(share * len(took)))] for share in (0.5, 0.99)]
    return {"Seconds a verdict": f"median {at[0]:.3g}, 99 % within {at[1]:.3g}, longest {took[-1]:.3g}"}


def _share(count: int, total: int) -> str:
    return f"{count:,} ({100 * count / total:.1f} %)" if count and total else "0"


def excluded(store: Store, cells: Sequence[tuple[str, CellScores]]) -> Rows:
    """What was measured or made and counts for nothing, and why."""
    arms: dict[tuple[str, str, str], list[tuple[str, CellScores]]] = {}
    for name, scores in cells:
        arms.setdefault((scores.recipe, scores.domain, scores.model), []).append((name, scores))
    rows = list[tuple[str, ...]]()
    for arm, members in arms.items():
        label = " / ".join(dict.fromkeys(arm[:2]))
        unjudged: dict[str, Counter[str]] = {}
        for _, scores in members:
            for problem in scores.problems:
                if problem.base.score is None or problem.after.score is None:
                    unjudged.setdefault(problem.id, Counter()).update(_outside(problem))
        if unjudged:
            rows.append((label, "held-out problems", str(len(unjudged)), _why(unjudged)))
        if left := sum(scores.training.unjudged for _, scores in members):
            rows.append((label, "training rollouts", str(left), "ERROR or ABSTAIN: no verdict to select or train by"))
        counts: Counter[str] = Counter()
        for name, _ in members:
            counts.update(_of_training(store, name))
        rows += [(label, "examples", str(counts[key]), why) for key, why in _EXCLUDED.items() if counts[key]]
    notes = (
        "A held-out problem that some seed could not judge, before or after, is left out of its arm in all seeds; "
        "what it could have said is in the bounds.",
    )
    return Rows("Left out, and why", ("Arm", "What", "Count", "Why"), tuple(rows), notes, open=True,
                wrap=frozenset({3}))  # fmt: skip


def _outside(problem: ProblemScore) -> Counter[str]:
    counts: Counter[str] = Counter()
    for side in (problem.base, problem.after):
        counts.update({name: n for name, n in side.statuses.items() if not Status(name).judged})
    return counts


def _why(unjudged: Mapping[str, Counter[str]]) -> str:
    total: Counter[str] = sum(unjudged.values(), Counter[str]())
    said = ", ".join(f"{count} x {name}" for name, count in sorted(total.items()))
    named = ", ".join(itertools.islice(unjudged, NAMED))
    more = f" and {len(unjudged) - NAMED} more" if len(unjudged) > NAMED else ""
    return f"{said}: {named}{more}"


def _of_training(store: Store, cell: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for use in store.uses(cell):
        for key in use.keys if use.kind == "checkpoint" else ():
            metrics = (store.checkpoints.find(key) or {}).get("metrics", {})
            counts.update({name: int(metrics.get(name, 0)) for name in _EXCLUDED})
    return counts
