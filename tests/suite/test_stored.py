"""`pidistill report`: what a store holds, told apart and told whole, with nothing run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pidistill.cli.main import run
from pidistill.config import as_json
from pidistill.recipes import run_config
from pidistill.stats.data import CellScores, ProblemScore, Side
from pidistill.store.store import Store


class Shelf:
    """A store with finished cells."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.capsys = root, capsys

    def add(self, recipe: str, seeds: Sequence[int], *sets: str, model: str = "aaaa", domain: str = "math") -> None:
        config = run_config(recipe, domain, sets=sets)
        side = {0: Side(0.0, {"FAIL": 1}, 9.0, 0.0), 1: Side(1.0, {"PASS": 1}, 9.0, 0.0)}
        problems = tuple(ProblemScore(f"p{n}", 1, side[n % 2], side[n % 3 > 0]) for n in range(12))
        with Store(self.root) as store:
            for seed in seeds:
                name = f"{config.cell_id(seed)}-{model}"
                settings: dict[str, Any] = {"config": as_json(config, without=("seeds", "store")), "seed": seed}
                with store.cell(name, settings):
                    store.write_provenance(name, {"model": model, "verifier": "v@1"})
                    scores = CellScores(recipe, domain, "tiny", seed, problems)
                    store.write_summary(name, {"scores": scores.to_json(), "cell": settings, "ledger": [],
                                               "provenance": {"verifier": "v@1"}, "outside": {}})  # fmt: skip

    def report(self, *arguments: str) -> dict[str, Any]:
        assert run(["report", *arguments, "--store", str(self.root), "--json"]) == 0
        found: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return found


@pytest.fixture
def shelf(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shelf:
    return Shelf(tmp_path / "store", capsys)


def labels(report: dict[str, Any]) -> set[tuple[str, int]]:
    return {(arm["label"], len(arm["seeds"])) for arm in report["arms"]}


def test_everything_that_is_finished_is_reported_and_written_into_the_store(shelf: Shelf) -> None:
    shelf.add("retry", (0, 1))
    shelf.add("rejection", (0,))
    report = shelf.report()
    assert labels(report) == {("retry", 2), ("rejection", 1)} and report["first"] == []
    (page,) = shelf.root.glob("reports/stored-*/index.html")
    assert "was decided after they were run" in page.read_text()
    again = shelf.report()
    assert again == report and len(list(shelf.root.glob("reports/*"))) == 1


def test_what_is_named_is_reported_and_the_rest_is_said(shelf: Shelf) -> None:
    shelf.add("retry", (0, 1))
    shelf.add("rejection", (0,))
    shelf.add("code-retry", (0,), domain="code")
    report = shelf.report("retry", "--domain", "math")
    assert labels(report) == {("retry", 2)}
    (line,) = report["first"]
    assert line.startswith("Arms chosen afterwards: reported is 1 of 2 arms") and "left out: rejection." in line


def test_arms_that_are_called_alike_are_told_apart(shelf: Shelf) -> None:
    shelf.add("retry", (0, 1))
    shelf.add("retry", (0, 1), "train.lr=1e-5")
    assert labels(shelf.report()) == {("retry [train.lr=default]", 2), ("retry [train.lr=1e-05]", 2)}
    shelf.add("retry", (0,), "data.evaluate.limit=7")
    assert {label.partition(" / ")[2] for label, _ in labels(shelf.report())} == {
        "math the default problems", "math (limit 7)"
    }  # fmt: skip


def test_two_models_of_one_name_are_two(shelf: Shelf) -> None:
    shelf.add("retry", (0,), model="a" * 32)
    shelf.add("retry", (0,), model="b" * 32)
    assert labels(shelf.report()) == {("retry / tiny aaaaaaaa", 1), ("retry / tiny bbbbbbbb", 1)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rety"], "has no finished arm 'rety'. Did you mean 'retry'"),
        (["retry", "--domain", "code"], "no such finished cell on 'code'"),
    ],
)
def test_what_is_not_there_is_named(
    shelf: Shelf, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf.add("retry", (0,))
    assert run(["report", *arguments, "--store", str(shelf.root)]) != 0
    assert said in capsys.readouterr().err


def test_an_empty_store_has_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(tmp_path):
        pass
    assert run(["report", "--store", str(tmp_path)]) != 0
    assert "holds no finished cell" in capsys.readouterr().err
