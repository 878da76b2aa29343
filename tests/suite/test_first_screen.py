"""Cherry-picking does not survive: whoever opens the page reads of it before scrolling, at a desk and on a phone.

Real commands fill a store and report a part of it; a headless Chromium says where the lines stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pidistill.cli.main import run
from pidistill.progress import Quiet
from pidistill.recipes import run_config
from pidistill.suite.compare import run_comparison
from tests.report.chrome import opened

pytestmark = pytest.mark.usefixtures("sums")

SETTINGS = ("engine.name=moody", "engine.batch_size=7", "train.objective=practice", "verify.workers=1")
SCREENS = ((1280, 800), (390, 844))
IN_VIEW = """[...document.querySelectorAll('.first')].filter((line) => {
  const place = line.getBoundingClientRect();
  return place.top >= 0 && place.bottom <= innerHeight && place.right <= innerWidth;
}).map((line) => line.textContent)"""


def report(store: Path, recipes: Sequence[str], seeds: Sequence[int], *sets: str) -> Path:
    """Run and report these arms; returns the page."""
    before = {page: page.stat().st_mtime_ns for page in store.glob("reports/*/index.html")}
    told = [word for text in (*SETTINGS, *sets) for word in ("--set", text)]
    chosen = ",".join(map(str, seeds))
    assert run(["run", *recipes, "--domain", "sums", "--store", str(store), "--seeds", chosen, *told]) == 0
    (page,) = (p for p in store.glob("reports/*/index.html") if before.get(p) != p.stat().st_mtime_ns)
    return page


def seen(pages: Sequence[Path]) -> dict[tuple[int, int], list[list[str]]]:
    """By screen, the lines of each page that are to be seen without scrolling."""
    found = {}
    with opened() as tab:
        for width, height in SCREENS:
            tab.screen(width, height)
            found[width, height] = list[list[str]]()
            for page in pages:
                tab.open(page.as_uri())
                found[width, height].append(tab.run(IN_VIEW))
    return found


def fill(store: Path, recipes: Sequence[str], seeds: Sequence[int], *sets: str) -> None:
    """Run these arms as `report` does, and make no report."""
    given = {"store": store, "seeds": tuple(seeds)}
    configs = [run_config(name, "sums", overrides=given, sets=[*SETTINGS, *sets]) for name in recipes]
    run_comparison(configs, None, Quiet())


def test_seeds_arms_and_problems_that_were_chosen_afterwards_are_on_the_first_screen(tmp_path: Path) -> None:
    seeds, arms, limits = (tmp_path / name for name in ("seeds", "arms", "limits"))
    fill(seeds, ["retry"], range(10))
    fill(arms, ["retry"], (0, 1))
    for limit in (2, 4):
        fill(limits, ["retry"], (0, 1), f"data.evaluate.limit={limit}")
    pages = [
        report(seeds, ["retry"], (2, 5, 7)),
        report(arms, ["rejection"], (0, 1)),
        report(limits, ["retry"], (0, 1), "data.evaluate.limit=3"),
    ]
    for screen, lines in seen(pages).items():
        assert lines[0] == [
            "Seeds chosen afterwards: retry on sums: reported seeds 2, 5, 7; the store also holds 0, 1, 3, 4, 6, 8, 9."
        ], screen
        assert len(lines[1]) == 1 and "reported is 1 of 2 arms" in lines[1][0] and "left out: retry." in lines[1][0]
        assert len(lines[2]) == 1 and lines[2][0].startswith("Problems chosen afterwards: retry on sums: reported on")
        assert all(f"limit {limit}" in lines[2][0] for limit in (2, 3, 4)), screen


def test_all_of_them_at_once_fit_on_a_phone(tmp_path: Path) -> None:
    store = tmp_path / "store"
    fill(store, ["retry", "rejection"], range(3))
    for number in range(9):
        fill(store, ["retry"], (0,), f"train.lr={number + 1}e-4")
    fill(store, ["retry"], (0,), "data.evaluate.limit=2")
    page = report(store, ["retry"], (1,))
    for screen, (lines,) in seen([page]).items():
        begins = [line.partition(" chosen afterwards")[0] for line in lines]
        assert begins == ["Seeds", "Problems", "Arms"], (screen, lines)
