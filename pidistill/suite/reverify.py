"""The same rollouts under another verifier, or another version of it: what changes, problem by problem.

Nothing is sampled and no cell changes. The new verdicts are kept under the new verifier's identity, so that a second
look costs nothing, and a run with that verifier finds them. A number that moves under a verifier that should agree says
how much of a gain the verifier is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pidistill.config import RunConfig, VerifyConfig, build, merge, parse_set
from pidistill.errors import UsageError
from pidistill.plugins import Manager
from pidistill.progress import Progress
from pidistill.records import JSON, Problem, Rollout, Status, Verdict
from pidistill.report.model import Rows
from pidistill.store.store import Store
from pidistill.suite.export import MEASURED
from pidistill.suite.matrix import SuiteCell
from pidistill.suite.parts import verifier_pool
from pidistill.suite.resolve import confine, resolve
from pidistill.verify.key import reusable, verdict_key
from pidistill.verify.pool import VerifierPool

PAYER = "reverify"
"""Who pays for verdicts that no cell has asked for."""


@dataclass(frozen=True)
class Judged:
    """One rollout of one cell, judged twice."""

    cell: str
    arm: str
    arrow: str
    problem: str
    rollout: str
    verifiers: tuple[str, str]
    before: Verdict | None
    """None where it ended in ERROR, which is not kept."""
    after: Verdict

    @property
    def statuses(self) -> tuple[str, str]:
        return (self.before.status if self.before else Status.ERROR).value, self.after.status.value

    @property
    def changed(self) -> bool:
        """Whether anything that a number is made of is another."""
        return self.statuses[0] != self.statuses[1] or (
            self.before is not None and self.before.score != self.after.score
        )

    def to_json(self) -> dict[str, JSON]:
        """As plain values."""
        return {
            "cell": self.cell, "arm": self.arm, "arrow": self.arrow, "problem": self.problem, "rollout": self.rollout,
            "verifiers": list(self.verifiers), "statuses": list(self.statuses), "changed": self.changed,
            "scores": [self.before.score if self.before else None, self.after.score],
            "answers": [self.before.answer if self.before else None, self.after.answer], "reason": self.after.reason,
        }  # fmt: skip


def reverify_suite(
    store: Store, cells: Sequence[SuiteCell], sets: Sequence[str], manager: Manager, progress: Progress, *,
    training: bool = False,
) -> list[Judged]:  # fmt: skip
    """Judge the rollouts of the finished cells anew. Raises `UsageError` for settings that are not of a verifier."""
    done = [cell for cell in cells if cell.arm.config is not None and store.summary(cell.id) is not None]
    if not done:
        raise UsageError("No cell of this suite is finished.", "Run it first: pidistill suite run FILE")
    groups: dict[str, tuple[RunConfig, list[SuiteCell]]] = {}
    for cell in done:
        config = other_verifier(cell.planned.config, sets)
        key = f"{config.domain} {config.verify.model_dump_json()}"
        groups.setdefault(key, (config, []))[1].append(cell)
    found: list[Judged] = []
    for config, members in groups.values():
        (resolved,) = confine([resolve(config, manager)], manager)
        with verifier_pool(resolved, manager) as pool:
            found += _judged(store, members, pool, resolved.verify.budget_s, progress, training)
    return found


def other_verifier(config: RunConfig, sets: Sequence[str]) -> RunConfig:
    """`config` with settings of its verifier replaced, and no others."""
    told = merge(*(parse_set(text) for text in sets))
    if wrong := [key for key in told if key != "verify"]:
        raise UsageError(
            f"--set {wrong[0]}: the rollouts stay as they are.", "Set keys of verify, such as verify.budget_s."
        )
    tables = merge(config.verify.model_dump(exclude_unset=True), told.get("verify", {}))
    return config.model_copy(update={"verify": build(VerifyConfig, tables, "--set verify")})


def _judged(
    store: Store, cells: Sequence[SuiteCell], pool: VerifierPool, budget_s: float, progress: Progress, training: bool
) -> list[Judged]:
    """The rollouts of cells that are judged by one verifier."""
    places = list(_places(store, cells, training))
    keys = [verdict_key(problem, rollout.completion, pool.identity) for _, _, problem, rollout in places]
    wanted = {key: (problem, rollout) for key, (_, _, problem, rollout) in zip(keys, places, strict=True)}

    def make(missing: list[str]) -> Iterator[dict[str, Verdict]]:
        handed_in = [(wanted[key][0], wanted[key][1].completion) for key in missing]
        with progress.task(f"verify by {pool.identity}", len(missing)) as task:
            for index, verdict in pool.verify(handed_in):
                yield {missing[index]: verdict}
                task.advance(1)

    made = store.shared(
        store.verdicts, wanted, make, PAYER,
        usable=lambda verdict: reusable(verdict, budget_s), keep=lambda verdict: verdict.status is not Status.ERROR,
    )  # fmt: skip
    found = []
    for key, (cell, arrow, problem, rollout) in zip(keys, places, strict=True):
        verifier = str((store.provenance(cell.id) or {}).get("verifier", ""))
        before = store.verdicts.get(verdict_key(problem, rollout.completion, verifier))
        verifiers = verifier, pool.identity
        found.append(
            Judged(cell.id, cell.arm.label, arrow, problem.id, rollout.id, verifiers, before, made[key])
        )  # fmt: skip
    return found


def _places(
    store: Store, cells: Sequence[SuiteCell], training: bool
) -> Iterator[tuple[SuiteCell, str, Problem, Rollout]]:
    """Where cells used rollouts that were judged. Those that only wrote PI were not."""
    for cell in cells:
        uses = store.uses(cell.id)
        judged = {(use.stage, use.turn, use.arrow) for use in uses if use.kind == "verdict"}
        for use in uses:
            if use.kind != "rollout" or (use.arrow not in MEASURED and not training):
                continue
            if (use.stage, use.turn, use.arrow) not in judged:
                continue
            for key in use.keys:
                rollout = store.rollouts.get(key)
                problem = store.problems.get(rollout.problem_hash) if rollout is not None else None
                if rollout is not None and problem is not None:
                    yield cell, use.arrow, problem, rollout


def rows(found: Sequence[Judged]) -> Rows:
    """An arm and arrow a line: how many verdicts changed, and which way."""
    groups: dict[tuple[str, str], list[Judged]] = {}
    for judged in found:
        groups.setdefault((judged.arm, judged.arrow), []).append(judged)
    lines = []
    for (arm, arrow), members in groups.items():
        counts = Counter(_way(judged) for judged in members)
        rates = " -> ".join(_rate([judged.statuses[side] for judged in members]) for side in (0, 1))
        turned = (str(counts[way]) for way in ("pass", "fail", "other"))
        lines.append((f"{arm}: {arrow}", str(len(members)), *turned, rates))
    head = ("Arm", "Judged", "Now pass", "Now fail", "Other", "Passed, %")
    return Rows("Under the other verifier", head, tuple(lines), detail=False)


def changes_of(found: Sequence[Judged]) -> list[str]:
    """A line for each rollout that is judged otherwise; one that several cells used is told once."""
    lines = dict[str, str]()
    for judged in found:
        if judged.changed:
            answer = judged.after.answer
            lines.setdefault(
                judged.rollout,
                f"{judged.problem}: {' -> '.join(judged.statuses)}, answer {answer!r:.60}. {judged.after.reason} "
                f"Rollout {judged.rollout}, first in {judged.cell}",
            )
    return list(lines.values())


def _rate(statuses: Sequence[str]) -> str:
    """Of what could be judged, the share that passed."""
    judged = [status for status in statuses if Status(status).judged]
    return f"{100 * judged.count(Status.PASS) / len(judged):.1f}" if judged else "-"


def _way(judged: Judged) -> str:
    before, after = judged.statuses
    if not judged.changed:
        return "same"
    if after == Status.PASS:
        return "pass"
    return "fail" if before == Status.PASS else "other"
