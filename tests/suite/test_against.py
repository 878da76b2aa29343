"""Two runs, or two files, against each other: the same problems of the same seeds, and what is not in both is said."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pidistill.cli.main import run
from pidistill.errors import PidistillError
from pidistill.report.browser import Shown
from pidistill.report.model import ReportMeta
from pidistill.report.write import write_report
from pidistill.stats.data import CellScores, ProblemScore, Side
from pidistill.store.store import Store
from pidistill.suite.against import against


def cell(recipe: str, seed: int, after: Sequence[int], domain: str = "math", first: int = 0) -> CellScores:
    """A cell that solves none of its problems before training, and these after it."""
    side = {0: Side(0.0, {"FAIL": 1}, 9.0, 0.0), 1: Side(1.0, {"PASS": 1}, 9.0, 0.0)}
    problems = [ProblemScore(f"p{n}", 1, side[0], side[passed]) for n, passed in enumerate(after, first)]
    return CellScores(recipe, domain, "tiny", seed, tuple(problems))


def fill(root: Path, *cells: CellScores, suffix: str = "") -> Path:
    with Store(root) as store:
        for scores in cells:
            name = f"{scores.recipe}-{scores.domain}-s{scores.seed}{suffix}"
            with store.cell(name, {}):
                store.write_summary(name, {"scores": scores.to_json()})
    return root


def sides(found: Sequence[CellScores]) -> dict[tuple[str, int], list[tuple[float | None, float | None]]]:
    return {(c.recipe, c.seed): [(p.base.score, p.after.score) for p in c.problems] for c in found}


def test_two_stores_are_paired_by_arm_seed_and_problem(tmp_path: Path) -> None:
    a = fill(tmp_path / "a", cell("retry", 0, [0, 1, 1]), cell("retry", 1, [1, 1, 0]), cell("opsd", 0, [1, 1, 1]))
    b = fill(tmp_path / "b", cell("retry", 1, [1, 0, 1, 0], first=1), cell("retry", 2, [1, 1, 1]))
    found = against(str(a), str(b))
    assert sides(found.cells) == {("retry / math", 1): [(1.0, 1.0), (0.0, 0.0)]}
    assert found.notes == (
        f"Only in {a}: opsd / math.",
        "retry / math: seeds in one of them only, and left out: 0, 2.",
        "retry / math: 3 held-out problems are in one of them only, and are left out.",
    )


def test_two_arms_of_one_store_are_matched_by_domain(tmp_path: Path) -> None:
    root = fill(
        tmp_path / "s", cell("retry", 0, [1, 0]), cell("opsd", 0, [1, 1]), cell("opsd", 0, [0, 1], "code"),
    )  # fmt: skip
    found = against(f"{root}:opsd", f"{root}:retry")
    assert sides(found.cells) == {("retry / math against opsd / math", 0): [(1.0, 1.0), (1.0, 0.0)]}
    assert found.notes == (f"Only in {root}:opsd: opsd / code.",)
    assert sides(against(f"{root}:opsd / code", f"{root}:opsd / code").cells) == {
        ("opsd / code", 0): [(0.0, 0.0), (1.0, 1.0)]
    }


def test_a_report_names_its_cells(tmp_path: Path) -> None:
    root = fill(tmp_path / "s", cell("retry", 0, [1, 0]))
    fill(root, cell("retry", 0, [1, 1]), suffix="-slow")
    reports = []
    for suffix in ("", "-slow"):
        shown = Shown(f"retry-math-s0{suffix}", f"retry{suffix}", "math", "tiny", 0)
        folder = root / "reports" / f"r{suffix}"
        meta = replace(ReportMeta("r"), cells=(shown,))
        write_report([cell(f"retry{suffix}", 0, [1, 0])], folder, meta)
        reports.append(str(folder / "index.html"))
    assert sides(against(*reports).cells) == {("retry-slow / math against retry / math", 0): [(1.0, 1.0), (0.0, 1.0)]}
    with pytest.raises(PidistillError, match="several cells of a seed"):
        against(str(root), str(root))


def test_two_files_are_paired_by_item(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, scores in (("a", [0, 0, 1, 0]), ("b", [1, 1, 1, 0])):
        rows = "".join(json.dumps({"item": f"i{n}", "score": score}) + "\n" for n, score in enumerate(scores))
        (tmp_path / f"{name}.jsonl").write_text(rows)
    a, b = (str(tmp_path / f"{name}.jsonl") for name in "ab")
    assert run(["compare", a, b, "--json"]) == 0
    (arm,) = json.loads(capsys.readouterr().out)["arms"]
    assert (arm["base"]["rate"], arm["after"]["rate"], arm["problems"]) == (0.25, 0.75, 4)
    assert arm["finding"] == "unreplicated"


def test_the_command_says_which_is_which_and_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    solved = [n % 3 == 0 for n in range(90)]
    a = fill(tmp_path / "a", *(cell("retry", s, [int(x) for x in solved]) for s in range(3)))
    rng = random.Random(0)
    better = [[int(x or rng.random() < 0.5) for x in solved] for _ in range(3)]
    b = fill(tmp_path / "b", *(cell("retry", s, better[s]) for s in range(3)))
    assert run(["compare", str(a), str(b)]) == 0
    told = "".join(capsys.readouterr().out.split())
    assert f"Baseis{a},afteris{b}." in told and "|gain|" in told


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("a", "nowhere", "no such store, report or file"),
        ("a", "scores.jsonl", "is a file of scores and"),
        ("a", "empty", "is no store"),
        ("a:rety", "a", "Did you mean 'retry'"),
        ("a", "other-domain", "no arm in common"),
        ("a", "other-seed", "no seed is in both: 0 and 7"),
        ("a", "other-problems", "no held-out problem is in both"),
    ],
)
def test_what_cannot_be_paired_is_named(tmp_path: Path, first: str, second: str, said: str) -> None:
    fill(tmp_path / "a", cell("retry", 0, [1, 0]))
    fill(tmp_path / "other-domain", cell("retry", 0, [1, 0], "code"), cell("opsd", 0, [1, 0], "code"))
    fill(tmp_path / "other-seed", cell("retry", 7, [1, 0]))
    fill(tmp_path / "other-problems", cell("retry", 0, [1, 0], first=50))
    (tmp_path / "empty").mkdir()
    (tmp_path / "scores.jsonl").write_text('{"item": "1", "score": 1}\n')
    with pytest.raises(PidistillError, match=said):
        against(str(tmp_path / first), str(tmp_path / second))
