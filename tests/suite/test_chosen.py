"""Cherry-picking does not survive: what the store holds and a report leaves out stands on the report's first lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from pidistill.cli.main import run
from pidistill.config import as_json
from pidistill.plugins import get_manager
from pidistill.progress import Quiet
from pidistill.recipes import run_config
from pidistill.store.store import Store
from pidistill.suite.chosen import chosen_afterwards
from pidistill.suite.compare import run_comparison
from tests.suite.test_run import drive
from tests.suite.world import write_suite


class Shelf:
    """A store with finished cells that hold nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, recipe: str, seeds: Sequence[int], domain: str = "math", *sets: str) -> list[str]:
        config, names = run_config(recipe, domain, sets=sets), []
        with Store(self.root) as store:
            for seed in seeds:
                settings = {"config": as_json(config, without=("seeds", "store")), "seed": seed}
                with store.cell(config.cell_id(seed), settings):
                    store.write_summary(config.cell_id(seed), {"seed": seed})
                names.append(config.cell_id(seed))
        return names

    def said(self, reported: Sequence[str]) -> list[str]:
        with Store(self.root, read_only=True) as store:
            return chosen_afterwards(store, reported)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "store")


def test_ten_seeds_run_and_three_reported(shelf: Shelf) -> None:
    names = shelf.add("retry", range(10))
    assert shelf.said(names[4:7]) == [
        "Seeds chosen afterwards: retry on math: reported seeds 4, 5, 6; the store also holds 0, 1, 2, 3, 7, 8, 9."
    ]
    assert shelf.said(names) == []


def test_seeds_that_differ_between_arms_are_said_for_each(shelf: Shelf) -> None:
    retry, other = shelf.add("retry", range(4)), shelf.add("rejection", range(4))
    said = sorted(shelf.said([*retry[:2], *other[1:]]), reverse=True)
    assert len(said) == 2 and "retry on math: reported seeds 0, 1; the store also holds 2, 3." in said[0]
    assert "rejection on math: reported seeds 1, 2, 3; the store also holds 0." in said[1]


def test_arms_dropped(shelf: Shelf) -> None:
    reported = shelf.add("retry", range(3))
    for arm in ("rejection", "star-gold", "opsd"):
        shelf.add(arm, range(3))
    (said,) = shelf.said(reported)
    assert said.startswith("Arms chosen afterwards: reported is 1 of 4 arms that the store holds on math")
    assert "left out: opsd, rejection, star-gold." in said


def test_a_setting_that_was_tried_is_an_arm_and_is_named_by_what_tells_it_apart(shelf: Shelf) -> None:
    reported = shelf.add("retry", range(3), "math", "train.lr=1e-4")
    shelf.add("retry", range(3), "math", "train.lr=3e-4")
    shelf.add("retry", range(3))
    (said,) = shelf.said(reported)
    assert "1 of 3 arms" in said and "retry [train.lr=0.0003]" in said and "retry [train.lr=default]" in said


@pytest.mark.parametrize(
    ("tried", "said"),
    [
        (["data.evaluate.limit=40"], "(limit 40)"),
        (["data.evaluate.limit=60"], "(limit 60)"),
        (["data.evaluate.seed=7"], "(seed 7)"),
        (["data.evaluate.split=odd", "data.evaluate.limit=3"], "(limit 3, split odd)"),
        ([], "the default problems"),
    ],
)
def test_the_held_out_problems_changed(shelf: Shelf, tried: list[str], said: str) -> None:
    reported = shelf.add("retry", range(3), "math", "data.evaluate.limit=50")
    shelf.add("retry", range(2), "math", *tried)
    (line,) = shelf.said(reported)
    assert line == (
        f"Problems chosen afterwards: retry on math: reported on (limit 50); the store also holds it on {said}."
    )


def test_how_it_is_evaluated_is_a_choice_too(shelf: Shelf) -> None:
    reported = shelf.add("retry", range(3))
    shelf.add("retry", range(3), "math", "evaluate.samples=4", "evaluate.temperature=0.7")
    (said,) = shelf.said(reported)
    assert "Arms chosen afterwards" in said and "evaluate.samples=4" in said


def test_what_is_no_choice_is_not_said(shelf: Shelf) -> None:
    reported = shelf.add("retry", range(3))
    shelf.add("retry", range(5), "code")  # another domain
    shelf.add("retry", range(5), "math", "model.name=gpt2")  # another model
    with Store(shelf.root) as store, store.cell("unfinished-cell", {"config": {}, "seed": 9}):
        pass
    assert shelf.said(reported) == []


def test_the_same_weights_in_another_folder_are_the_same_model(shelf: Shelf) -> None:
    names = [*shelf.add("retry", [0], "math", "model.name=/a"), *shelf.add("retry", [1], "math", "model.name=/copy")]
    with Store(shelf.root) as store:
        for name in names:
            store.write_provenance(name, {"model": "0123abcd"})
    (said,) = shelf.said(names[:1])
    assert said.startswith("Seeds chosen afterwards") and said.endswith("reported seeds 0; the store also holds 1.")


def test_more_arms_than_fit_a_line_are_counted(shelf: Shelf) -> None:
    reported = shelf.add("retry", [0])
    for number in range(12):
        shelf.add("retry", [0], "math", f"train.lr={number + 1}e-4")
    (said,) = shelf.said(reported)
    assert "1 of 13 arms" in said and "and 4 more" in said


def test_long_values_leave_room_for_what_else_is_said(shelf: Shelf) -> None:
    path = f"/a/{'very/' * 60}long/path.jsonl"
    reported = shelf.add("retry", [0], "math", "data.evaluate.limit=50")
    shelf.add("retry", [0], "math", f"data.evaluate.path={path}")
    shelf.add("retry", [0], "math", f"data.train.path={path}", "data.evaluate.limit=50")
    said = shelf.said(reported)
    assert len(said) == 2 and all("/a/very/" in line and "ng/path.jsonl" in line and len(line) < 300 for line in said)


@pytest.mark.usefixtures("sums")
def test_it_stands_on_the_pages_first_screen_for_suites_and_runs_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    whole = drive(write_suite(tmp_path, name="whole", store=store))
    few = write_suite(tmp_path, name="few", store=store, rest='[[exclude]]\nseed = 2\n[[exclude]]\nrecipe = "retry"')
    assert run(["suite", "run", str(few)]) == 0
    (page,) = store.glob("reports/few-*/index.html")
    top = page.read_text().partition("<figure")[0]
    assert "Chosen afterwards: 2 of the 2 cells were finished before this suite was registered." in top
    assert "Seeds chosen afterwards: rejection on sums: reported seeds 0, 1; the store also holds 2." in top
    assert "Arms chosen afterwards: reported is 1 of 2 arms" in top and "left out: retry." in top
    told = capsys.readouterr().out
    assert told.index("Seeds chosen afterwards") < told.index("Effect of each arm")
    config = next(cell.planned.config for cell in whole.cells if cell.arm.label == "retry")
    report = run_comparison(
        [config.model_copy(update={"seeds": (1,), "store": store})], tmp_path / "out", Quiet(), manager=get_manager()
    )
    assert "Seeds chosen afterwards: retry on sums: reported seeds 1; the store also holds 0, 2." in report.meta.first
    assert json.loads((tmp_path / "out" / "report.json").read_text())["first"] == list(report.meta.first)
    assert "Seeds chosen afterwards" in (tmp_path / "out" / "report.md").read_text().partition("![")[0]


@pytest.mark.usefixtures("sums")
def test_a_suite_that_was_registered_first_says_nothing_of_choice_until_seeds_are_added(tmp_path: Path) -> None:
    file = write_suite(tmp_path)
    assert run(["suite", "run", str(file)]) == 0
    (data,) = (json.loads(path.read_text()) for path in tmp_path.glob("store/reports/*/report.json"))
    assert len(data["first"]) == 1 and data["first"][0].startswith("Registered")
    assert "6 cells (2 arms, 3 seeds). Finished: 6." in data["first"][0]
    assert run(["suite", "run", str(file)]) == 0
    assert [json.loads(path.read_text()) for path in tmp_path.glob("store/reports/*/report.json")] == [data]
    file.write_text(
        "# With more workers, and the same cells.\n" + file.read_text().replace("workers = 2", "workers = 3")
    )
    assert run(["suite", "run", str(file)]) == 0
    for path in tmp_path.glob("store/reports/*/report.json"):
        assert not [line for line in json.loads(path.read_text())["first"] if "afterwards" in line]
    file.write_text(file.read_text().replace("seed = [0, 1, 2]", "seed = [0, 1, 2, 3]"))
    assert run(["suite", "run", str(file)]) == 0
    (page,) = (text for path in tmp_path.glob("store/reports/*/index.html") if "8 cells" in (text := path.read_text()))
    assert "Chosen afterwards: 6 of the 8 cells were finished before this suite was registered." in page
