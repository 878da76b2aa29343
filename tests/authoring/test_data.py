"""Data sets by name, local files by split, rows that answer or say what is wrong with them."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.authoring.data import DataRow, DataSets, GeneratedSet, HubSet, file_rows
from pidistill.contracts import DataSource
from pidistill.errors import DataError, MissingDependencyError
from pidistill.records import JSON, Problem


def problem_of(row: DataRow) -> Problem:
    return Problem(row.id("id"), "chess", row.text("position"), row.text_or_none("move"), split=row.split)


def endings(split: str, seed: int, limit: int | None) -> Iterator[Problem]:
    yield from (Problem(f"{split}{seed}{n}", "chess", "?") for n in range(9 if limit is None else limit))


def mate(problem: Problem) -> Problem | None:
    return replace(problem, level=1) if problem.reference == "mate" else None


DATA = DataSets(
    "chess",
    problem_of,
    local="columns position and move",
    generated={"endings": GeneratedSet("Generated.", endings, split="easy")},
    hub={
        "puzzles": HubSet("someone/puzzles", "small", "train", "Puzzles."),
        "mates": HubSet("someone/puzzles", None, "train", "Puzzles that end.", change=mate),
    },
)
ROWS: list[dict[str, JSON]] = [
    {"position": "a", "move": "e4", "split": "train"},
    {"position": "b", "move": "mate", "split": "test"},
    {"position": "c", "move": "mate"},
    {"position": "d", "move": "d4", "split": "test"},
]


def file(folder: Path, rows: list[dict[str, JSON]] = ROWS) -> Path:
    path = folder / "my.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def ids(source: DataSource) -> list[str]:
    return [problem.id for problem in DATA.problems(source)]


def test_every_data_set_has_a_line_and_local_is_the_last() -> None:
    assert list(DATA.summaries()) == ["endings", "puzzles", "mates", "local"]
    assert all(DATA.summaries().values())


def test_a_file_is_read_whole_or_by_the_split_that_its_rows_name(tmp_path: Path) -> None:
    path = file(tmp_path)
    assert ids(DataSource(path=path)) == ["my/1", "my/2", "my/3", "my/4"]
    assert ids(DataSource(path=path, split="test")) == ["my/test/2", "my/test/3", "my/test/4"]
    assert ids(DataSource(path=path, split="test", limit=2)) == ["my/test/2", "my/test/3"]
    assert [p.split for p in DATA.problems(DataSource(path=path))] == ["train", "test", "", "test"]
    assert [p.split for p in DATA.problems(DataSource(path=path, split="test"))] == ["test"] * 3


def test_a_file_may_be_read_under_the_name_of_a_data_set_that_changes_it(tmp_path: Path) -> None:
    found = list(DATA.problems(DataSource("mates", path=file(tmp_path), limit=1)))
    assert [(p.id, p.level) for p in found] == [("my/2", 1)]
    assert len(ids(DataSource("mates", path=file(tmp_path)))) == 2
    assert (
        len(ids(DataSource("puzzles", path=file(tmp_path)))) == len(ids(DataSource("local", path=file(tmp_path)))) == 4
    )


def test_a_generated_set_is_asked_for_its_default_split(tmp_path: Path) -> None:
    assert ids(DataSource("endings", limit=2, seed=5)) == ["easy50", "easy51"]
    assert ids(DataSource("endings", "hard", limit=1)) == ["hard00"]


def test_the_hub_is_asked_for_the_named_split_else_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def load_dataset(path: str, config: str | None, split: str) -> list[dict[str, JSON]]:
        asked.append((path, config, split))
        return ROWS

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    assert ids(DataSource("puzzles", limit=2)) == ["puzzles/train/1", "puzzles/train/2"]
    assert ids(DataSource("mates", "train[:10]")) == ["mates/train[:10]/2", "mates/train[:10]/3"]
    assert asked == [("someone/puzzles", "small", "train"), ("someone/puzzles", None, "train[:10]")]


def test_a_hub_that_cannot_be_reached_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    with pytest.raises(DataError, match=r"'puzzles' \(someone/puzzles, split 'train'\).*no route") as caught:
        ids(DataSource("puzzles"))
    assert "data.path" in caught.value.hint
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingDependencyError, match="'puzzles' needs datasets"):
        ids(DataSource("puzzles"))


@pytest.mark.parametrize("path", [None, Path("my.jsonl")])
def test_a_name_that_is_not_known_is_an_error_at_once(path: Path | None) -> None:
    with pytest.raises(DataError, match=r"The chess domain has no data set 'puzles'\. Did you mean 'puzzles'"):
        DATA.problems(DataSource("puzles", path=path))


@pytest.mark.parametrize("name", ["", "local"])
def test_neither_name_nor_file_is_an_error_that_lists_the_names(name: str) -> None:
    with pytest.raises(DataError, match="neither a data set nor a file") as caught:
        DATA.problems(DataSource(name))
    assert "puzzles" in caught.value.hint and "data.path" in caught.value.hint


def test_a_row_without_its_column_is_named_and_so_are_the_columns_that_it_has(tmp_path: Path) -> None:
    path = file(tmp_path, [{"position": "a"}, {"move": "e4", "place": " "}])
    with pytest.raises(DataError, match=r"my\.jsonl, row 2: no text in column 'position'") as caught:
        ids(DataSource(path=path))
    assert caught.value.hint == "Columns there: move, place"
    with pytest.raises(DataError, match=r"row 1: column 'position' holds a list, not text"):
        ids(DataSource(path=file(tmp_path, [{"position": ["a"]}])))


def test_an_id_that_comes_twice_is_an_error(tmp_path: Path) -> None:
    rows: list[dict[str, JSON]] = [{"id": 7, "position": "a"}, {"id": "7", "position": "b"}]
    with pytest.raises(DataError, match=r"row 2: id '7' is that of row 1"):
        ids(DataSource(path=file(tmp_path, rows)))


@pytest.mark.parametrize(
    ("said", "level"),
    [(5, 5), ("5", 5), ("Level 5", 5), ("hard", None), (None, None), (True, None), (2.5, None), ("", None)],
)
def test_a_level_is_a_number_however_it_is_written(said: JSON, level: int | None) -> None:
    assert DataRow({"level": said}, "here", 1).level() == level


def test_an_id_falls_back_to_what_the_domain_says_and_then_to_the_place() -> None:
    row = DataRow({"name": "", "id": 0}, "there.jsonl", 4, "there")
    assert (row.id("name", "id"), row.id("name", default="x"), row.id("name")) == ("0", "x", "there/4")


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "level", "split", "id"]), JSONS), st.booleans())
def test_any_row_answers_or_raises_a_data_error_that_names_it(columns: dict[str, JSON], numbers: bool) -> None:
    row = DataRow(columns, "file.jsonl", 3, "file")
    assert row.id("id") and isinstance(row.split, str) and isinstance(row.level(), int | None)
    for ask in (lambda: row.text("a", "b"), lambda: row.text_or_none("a", "b", numbers=numbers)):
        try:
            answer, refused = ask(), "file.jsonl, row 3: "
        except DataError as error:
            answer, refused = None, error.message
        assert isinstance(answer, str | None) and refused.startswith("file.jsonl, row 3: ")


def test_rows_of_a_file_know_where_they_stand(tmp_path: Path) -> None:
    rows = list(file_rows(file(tmp_path)))
    assert [row.number for row in rows] == [1, 2, 3, 4]
    assert rows[1].where.endswith("my.jsonl, row 2") and rows[1].default_id == "my/2"


def graded(split: str, seed: int, limit: int | None) -> Iterator[Problem]:
    yield from (
        Problem(f"{split}{n}", "chess", "?", level=n % 3, extra={"side": "white"})
        for n in range(12 if limit is None else limit)
    )


GRADED = DataSets(
    "chess", problem_of, local="columns", generated={"graded": GeneratedSet("By level.", graded, split="s")},
    hub={"mates": HubSet("someone/puzzles", None, "train", "Puzzles that end.", change=mate)}, instructions=True,
)  # fmt: skip


def test_levels_of_a_generated_set_are_those_asked_for_and_the_limit_counts_them() -> None:
    found = list(GRADED.problems(DataSource("graded", levels=(1, 2), limit=5)))
    assert [p.id for p in found] == ["s1", "s2", "s4", "s5", "s7"]
    assert len(list(GRADED.problems(DataSource("graded", levels=(0,))))) == 4
    with pytest.raises(DataError, match=r"'graded', split 's', has 4 problems of level 0 a seed, 5 were asked"):
        list(GRADED.problems(DataSource("graded", levels=(0,), limit=5)))


def test_levels_of_a_file_are_those_of_its_problems_as_they_are_read(tmp_path: Path) -> None:
    path = file(tmp_path)
    assert len(list(GRADED.problems(DataSource("mates", path=path, levels=(1,), limit=1)))) == 1
    assert len(list(GRADED.problems(DataSource("mates", path=path, levels=(1,))))) == 2
    assert list(GRADED.problems(DataSource(path=path, levels=(1,)))) == []


@pytest.mark.parametrize("said", ["Say a move.", ""])
def test_an_instruction_is_every_problem_s_and_leaves_the_rest(tmp_path: Path, said: str) -> None:
    for source in (DataSource("graded", limit=2), DataSource(path=file(tmp_path))):
        plain = list(GRADED.problems(source))
        told = list(GRADED.problems(replace(source, instruction=said)))
        assert [p.extra for p in told] == [{**p.extra, "instruction": said} for p in plain]
        assert [replace(p, extra={}) for p in told] == [replace(p, extra={}) for p in plain]


def test_a_domain_that_says_no_instruction_refuses_one() -> None:
    with pytest.raises(DataError, match="say the form of their answer in words of their own"):
        DATA.problems(DataSource("endings", instruction="Say a move."))
    with pytest.raises(DataError, match="no data set 'nothing'"):
        DATA.problems(DataSource("nothing", instruction="Say a move."))
