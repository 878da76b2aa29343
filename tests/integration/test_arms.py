"""Every arm there is runs to its end on the embedded model of its domain, with its real objective, in a few steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pidistill.config import RunConfig
from pidistill.discovery import Kind
from pidistill.plugins import Manager, get_manager
from pidistill.progress import Quiet
from pidistill.recipes import run_config
from pidistill.store.ledger import ledger, totals
from pidistill.store.store import Store
from pidistill.suite.compare import run_comparison
from pidistill.suite.planned import plan

FEW = [
    "data.train.limit=12", "data.evaluate.limit=4", "train.steps=2", "train.refresh_every=1", "train.batch_size=8",
    "train.draw_limit=60", "train.lr=1e-3", "model.threads=1", "seeds=[0]", "verify.workers=1",
]  # fmt: skip
ROLES = {"cross-hint": "roles.hinter.model=embedded:code", "cross-retry": "roles.solver.model=embedded:code"}


def arms() -> Iterator[tuple[str, str]]:
    """(recipe, the domain whose plugin brings it); the core's are tried on math."""
    core = set(Manager([]).specs(Kind.RECIPE))
    for recipe, spec in get_manager().specs(Kind.RECIPE).items():
        brought_by = next((d for d in ("code", "lean") if f"pidistill_{d}" in spec.factory), "math")
        yield recipe, "math" if recipe in core else brought_by


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all: arms share their baseline and first attempts, as in a suite."""
    return tmp_path_factory.mktemp("arms")


def config(recipe: str, domain: str, store: Path) -> RunConfig:
    sets = [*FEW, *([ROLES[recipe]] if recipe in ROLES else [])]
    return run_config(recipe, domain, overrides={"store": store}, sets=sets)


@pytest.mark.slow
@pytest.mark.parametrize(("recipe", "domain"), sorted(arms(), key=lambda arm: (arm[1], arm[0])))
def test_an_arm_runs_to_its_end(recipe: str, domain: str, store: Path) -> None:
    one = config(recipe, domain, store)
    if matches := one.recipe.rollouts.matches:
        run_comparison([config(matches, domain, store)], None, Quiet())
    run_comparison([one], None, Quiet())
    (cell,) = plan([one])
    with Store(store, read_only=True) as found:
        summary = found.summary(cell.id)
        assert summary is not None
        stages = summary["scores"]["stages"]
        assert [stage["name"] for stage in stages] == [stage.name for stage in one.stages]
        for asked, done in zip(one.stages, stages, strict=True):
            assert done["examples"] > 0
            if get_manager().objective(asked.train.objective).on_policy:
                assert done["steps"] == done["steps_asked"] == 2


@pytest.mark.slow
def test_matched_compute_is_within_two_percent_by_the_ledger(tmp_path: Path) -> None:
    arms = [
        run_config(
            arm, "math", overrides={"store": tmp_path}, sets=[*FEW, "data.train.limit=64", "sampling.max_tokens=48"]
        )
        for arm in ("retry", "compute-matched")
    ]  # fmt: skip
    run_comparison(arms, None, Quiet())
    with Store(tmp_path, read_only=True) as store:
        spent = []
        for cell in plan(arms):
            rows = ledger(store, [cell.id])
            generated = sum(
                row.completion_tokens_used for row in rows if row.kind == "rollout" and "evaluate" not in row.arrow
            )
            spent.append(generated + totals(rows, cell.id).tokens_trained)
    assert spent[1] == pytest.approx(spent[0], rel=0.02)
