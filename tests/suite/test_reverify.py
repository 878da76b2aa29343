"""The same rollouts under another verifier: nothing is sampled, no cell changes, and what changes is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pidistill.cli.main import run
from pidistill.store.store import Store
from tests.suite.test_run import drive
from tests.suite.world import write_suite


@pytest.mark.usefixtures("sums")
def test_what_another_verifier_says_is_told_problem_by_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_suite(tmp_path, rest='[[exclude]]\nseed = "1-2"')
    assert run(["suite", "reverify", str(file)]) == 1
    cells = [cell.id for cell in drive(file).cells]
    with Store(tmp_path / "store", read_only=True) as store:
        before = {name: store.summary(name) for name in cells}
        sampled, verdicts = len(store.rollouts), len(store.verdicts)
    capsys.readouterr()
    assert run(["suite", "reverify", str(file), "--json"]) == 0
    same = json.loads(capsys.readouterr().out)
    assert len(same) == 2 * 2 * 30 and not any(judged["changed"] for judged in same)
    noisy = ["--set", 'verify.wrappers=["noisy:false_pass=0.5,seed=1"]']
    assert run(["suite", "reverify", str(file), *noisy, "--json"]) == 0
    other = json.loads(capsys.readouterr().out)
    turned = [judged for judged in other if judged["changed"]]
    assert turned and {judged["statuses"][1] for judged in turned} == {"PASS"}
    assert all(judged["verifiers"][0] != judged["verifiers"][1] for judged in other)
    with Store(tmp_path / "store", read_only=True) as store:
        assert {name: store.summary(name) for name in cells} == before
        assert len(store.rollouts) == sampled and len(store.verdicts) > verdicts
        kept = len(store.verdicts)
    assert run(["suite", "reverify", str(file), *noisy]) == 0
    told = capsys.readouterr().out
    assert "Now pass" in told and "-> PASS" in told and f"Rollout {turned[0]['rollout']}" in told
    with Store(tmp_path / "store", read_only=True) as store:
        assert len(store.verdicts) == kept, "a second look costs nothing"
    assert run(["suite", "reverify", str(file), "--training", "--json"]) == 0
    assert {"first attempts", "retry 1"} < {judged["arrow"] for judged in json.loads(capsys.readouterr().out)}
    assert run(["suite", "reverify", str(file), "--set", "train.lr=1"]) == 2
    assert "the rollouts stay as they are" in capsys.readouterr().err
    assert run(["suite", "reverify", str(file), "--set", "verify.budget=1"]) == 2
    assert "Did you mean 'budget_s'" in capsys.readouterr().err
