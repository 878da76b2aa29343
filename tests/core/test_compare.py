"""A comparison runs what is missing, reports what is there, and says who paid."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pidistill.errors import UsageError
from pidistill.progress import Quiet
from pidistill.recipes import run_config
from pidistill.store.ledger import LedgerRow
from pidistill.suite.compare import run_comparison
from pidistill.suite.meta import costs
from pidistill.suite.parts import group_key
from pidistill.suite.resolve import model_label


def row(cell: str, stage: str, made: int, reused: int, kind: str = "rollout") -> LedgerRow:
    return LedgerRow(cell, "", 0, stage.rpartition(": ")[2], kind, made, reused)


def test_the_short_ledger_adds_up_seeds_and_rounds_by_stage() -> None:
    rows = [
        row("a0", "evaluate before", 5, 0),
        row("a0", "round 1: first attempts", 4, 1),
        row("a0", "round 2: first attempts", 3, 0),
        row("a0", "round 1: retry 1", 2, 0),
        row("a0", "round 1: retry 2", 1, 0),
        row("a0", "round 1: train", 1, 0, "checkpoint"),
        row("a1", "evaluate before", 0, 5),
        row("b0", "evaluate before", 0, 5),
    ]
    cells = [[line for line in rows if line.cell == name] for name in ("a0", "a1", "b0")]
    table = costs(["retry", "retry", "opsd"], cells)
    assert table.header == ("Arm", "evaluate before", "first attempts", "retries", "evaluate after")
    assert table.rows == (("retry", "5 + 5", "7 + 1", "3 + 0", "-"), ("opsd", "0 + 5", "-", "-", "-"))


def test_cells_share_a_bench_exactly_when_only_recipe_training_and_seed_differ() -> None:
    base = run_config("retry", "math")
    assert group_key(base) == group_key(run_config("opsd", "math", sets=["train.lr=1e-3", "seeds=[7]"]))
    for other in ("model.name=gpt2", "data.train.limit=3", "engine.name=vllm", "verify.budget_s=1", "store=elsewhere"):
        assert group_key(base) != group_key(run_config("retry", "math", sets=[other]))


def test_two_stores_are_refused(tmp_path: Path) -> None:
    configs = [run_config("retry", "math", overrides={"store": tmp_path / name}) for name in ("a", "b")]
    with pytest.raises(UsageError, match="one store"):
        run_comparison(configs, tmp_path / "out", Quiet())


def test_a_local_model_is_called_by_its_folder(tmp_path: Path) -> None:
    assert model_label(str(tmp_path)) == tmp_path.name
    assert model_label("Qwen/Qwen3-1.7B") == "Qwen/Qwen3-1.7B"


@pytest.mark.slow
def test_a_comparison_of_real_parts_is_reported_and_running_it_again_samples_nothing(tmp_path: Path) -> None:
    sets = [
        "data.train.limit=24", "data.evaluate.limit=20", "train.lr=1e-3", "train.batch_size=8", "model.threads=1",
        "train.steps=2", "train.refresh_every=1", "seeds=[0, 1]", "verify.workers=1",
    ]  # fmt: skip
    overrides = {"store": tmp_path / "store"}
    configs = [run_config(name, "math", overrides=overrides, sets=sets) for name in ("retry", "opsd")]
    report = run_comparison(configs, tmp_path / "out", Quiet(), title="Two arms")
    assert [arm.recipe for arm in report.comparison.arms] == ["retry", "opsd"]
    assert all(arm.base == report.comparison.arms[0].base for arm in report.comparison.arms)
    for name in ("report.json", "report.md", "picture.png", "picture.svg", "index.html"):
        assert (tmp_path / "out" / name).stat().st_size > 500
    segments = sorted((tmp_path / "store" / "rollouts").iterdir())
    again = run_comparison(configs, tmp_path / "again", Quiet(), title="Two arms")
    assert sorted((tmp_path / "store" / "rollouts").iterdir()) == segments
    assert again.to_json() == report.to_json()
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == json.loads(json.dumps(report.to_json()))
