"""Rows of data files: what goes in comes out, in order, and what is wrong is named with its file and row."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.errors import DataError
from pidistill.records import Problem
from pidistill.rows import Row, numbered, read_rows

VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
ROWS = st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=6)


def _problem(row: Row, number: int) -> Problem:
    return Problem(id=str(row.get("id", number)), domain="any", prompt="?")


@given(ROWS, st.booleans(), st.booleans())
def test_rows_come_back_in_order_from_every_text_format(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], whole: bool, packed: bool
) -> None:
    path = tmp_path_factory.mktemp("rows") / ("rows.json" + ("" if whole else "l") + (".gz" if packed else ""))
    text = json.dumps(rows) if whole else "\n\n".join(json.dumps(row) for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    assert list(read_rows(path)) == rows


def test_rows_come_back_in_order_from_parquet(tmp_path: Path) -> None:
    rows = [{"id": str(number), "levels": [number]} for number in range(5)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    assert list(read_rows(tmp_path / "rows.parquet")) == rows


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("a.jsonl", b'{"id": 1}\n{"id": \n', "line 2"),
        ("a.jsonl", b'{"id": 1}\n[1]\n', "line 2: expected an object, got list"),
        ("a.json", b'{"id": 1}', "expected a list of objects, got dict"),
        ("a.json", b'[{"id": 1}, 2]', "row 2: expected an object, got int"),
        ("a.jsonl", b"\xff\xfe", "after line 0"),
        ("a.jsonl.gz", b"not gzip", "after line 0"),
        ("a.parquet", b"not parquet", "not a Parquet file"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_row(tmp_path: Path, name: str, content: bytes, where: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        list(read_rows(tmp_path / name))
    assert name in caught.value.message and where in caught.value.message


def test_a_missing_file_is_named_with_the_formats(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"No file .*gone\.jsonl"):
        read_rows(tmp_path / "gone.jsonl")


def test_the_limit_counts_rows_from_the_first() -> None:
    assert [p.id for p in numbered(({"id": n} for n in range(9)), _problem, "here", 3)] == ["0", "1", "2"]


def test_an_id_that_comes_twice_is_an_error_that_names_both_rows() -> None:
    with pytest.raises(DataError, match=r"here, row 3: id 'a' is that of row 1 already"):
        list(numbered([{"id": "a"}, {"id": "b"}, {"id": "a"}], _problem, "here"))
