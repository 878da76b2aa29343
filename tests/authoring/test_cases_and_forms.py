"""Cases of a package's file, a tiny model that may be missing, specs of forms, and memory with an end."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.authoring import clock
from pidistill.authoring.cases import read_cases
from pidistill.authoring.clock import keep_time, off_the_clock
from pidistill.authoring.data import DataRow, DataSets
from pidistill.authoring.domain import PluginDomain, Tiny, form_specs
from pidistill.authoring.fences import fenced
from pidistill.authoring.memory import LastUsed
from pidistill.authoring.recipes import recipe_specs
from pidistill.contracts import Case
from pidistill.errors import DataError
from pidistill.pi.forms import Gold, Wrong
from pidistill.records import JSON, Problem, Status


def problem_of(row: DataRow) -> Problem:
    return Problem(row.id("id"), "chess", row.text_or_none("position") or "?", row.text("reference"))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an importable package, `a_chess_package`."""
    folder = tmp_path / "a_chess_package"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith("a_chess_package")]:
        del sys.modules[name]


def write(folder: Path, *rows: dict[str, JSON]) -> None:
    (folder / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def test_a_case_holds_its_problem_beside_or_under_it(package: Path) -> None:
    own: dict[str, JSON] = {
        "id": "a",
        "reference": "e4",
        "completion": "",
        "expected": ["FAIL", "NO_ANSWER"],
        "why": "w",
    }
    under: dict[str, JSON] = {
        "id": "b", "problem": {"reference": "d4", "position": "p"}, "submission": "d4", "expected": ["PASS"],
    }  # fmt: skip
    write(package, own, under)
    assert list(read_cases("a_chess_package", problem_of)) == [
        Case("a", Problem("case/a", "chess", "?", "e4"), "", frozenset({Status.FAIL, Status.NO_ANSWER}), "w"),
        Case("b", Problem("case/b", "chess", "p", "d4"), "d4", frozenset({Status.PASS})),
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"expected": ["PAS"]}, "not a list of statuses"),
        ({"expected": []}, "not a list of statuses"),
        ({"expected": "PASS"}, "not a list of statuses"),
        ({"completion": None}, "no column 'completion' or 'submission'"),
        ({"id": "a"}, "id 'a' was there before"),
        ({"id": ""}, "no text in column 'id'"),
        ({"reference": 3}, "holds a int"),
    ],
)
def test_a_case_that_makes_no_sense_is_named(package: Path, change: dict[str, JSON], said: str) -> None:
    good: dict[str, JSON] = {"id": "a", "reference": "e4", "completion": "", "expected": ["FAIL"]}
    write(package, good, {**good, "id": "b", **change})
    with pytest.raises(DataError, match=rf"cases\.jsonl, row 2: .*{said}"):
        list(read_cases("a_chess_package", problem_of))


def test_a_tiny_model_is_there_once_its_weights_are(package: Path) -> None:
    class Chess(PluginDomain):
        name: ClassVar[str] = "chess"
        data = DataSets("chess", problem_of, local="")
        prompt = oracle = open_verifier = None  # type: ignore[assignment]

    Chess.__module__ = "a_chess_package.domain"
    assert Chess().embedded() is None  # type: ignore[abstract]
    Chess.tiny = Tiny("endings", train=4, evaluate=3, max_tokens=9)
    assert Chess().embedded() is None  # type: ignore[abstract]
    (package / "embedded").mkdir()
    (package / "embedded" / "config.json").write_text("{}")
    made = Chess().embedded()  # type: ignore[abstract]
    assert made is not None and made.model == package / "embedded" and made.demo is None
    assert (made.train.split, made.train.limit, made.evaluate.split, made.evaluate.limit) == ("train", 4, "test", 3)
    assert made.evaluate.seed != 0 and made.max_tokens == 9
    (package / "demo.toml").touch()
    made = Chess().embedded()  # type: ignore[abstract]
    assert made is not None and made.demo == package / "demo.toml"


def test_a_forms_spec_is_read_off_its_class() -> None:
    gold, wrong = form_specs(Gold, Wrong)
    assert (gold.name, gold.load()) == ("gold", Gold)
    assert wrong.summary.startswith("Another problem's reference answer")


def test_recipes_are_the_files_of_a_folder_which_is_not_imported(package: Path) -> None:
    (package / "recipes").mkdir()
    for name in ("two.toml", "one.toml", "notes.txt"):
        (package / "recipes" / name).touch()
    assert [(spec.name, spec.factory) for spec in recipe_specs("a_chess_package.recipes")] == [
        ("one", "a_chess_package.recipes:one.toml"),
        ("two", "a_chess_package.recipes:two.toml"),
    ]
    assert "a_chess_package.recipes" not in sys.modules
    with pytest.raises(ModuleNotFoundError, match=r"a_chess_package\.nowhere"):
        recipe_specs("a_chess_package.nowhere")


def test_memory_keeps_what_was_used_last_and_nothing_that_failed() -> None:
    memory: LastUsed[str, int] = LastUsed(2)
    made: list[str] = []

    def make(key: str) -> int:
        made.append(key)
        return len(made)

    for key in ("a", "b", "a", "c", "a", "b"):
        memory.get(key, lambda key=key: make(key))  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"] and len(memory) == 2
    with pytest.raises(ZeroDivisionError):
        memory.get("d", lambda: 1 // 0)
    assert memory.get("d", lambda: 7, keep=lambda value: value < 5) == 7
    assert memory.get("d", lambda: 8) == 8


def test_time_off_the_clock_is_the_workers_business_and_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import contextmanager

    said: list[str] = []

    @contextmanager
    def stopped() -> Iterator[None]:
        said.append("stop")
        yield
        said.append("go")

    with off_the_clock():
        pass
    monkeypatch.setattr(clock, "_stopped", clock._stopped)  # so that it is what it was afterwards
    keep_time(stopped)
    with off_the_clock():
        said.append("work")
    assert said == ["stop", "work", "go"]


def test_a_fence_is_three_ticks_where_nothing_stands_in_the_way() -> None:
    assert fenced("x = 1", "python") == "```python\nx = 1\n```"


@given(st.text(alphabet="`a \n\t", max_size=40))
def test_no_text_closes_its_own_fence(text: str) -> None:
    first, *inside, last = fenced(text, "lean4").split("\n")
    assert first == f"{last}lean4" and set(last) == {"`"} and "\n".join(inside) == text
    assert not any(line.strip(" \t").startswith(last) for line in inside)
