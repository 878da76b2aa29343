"""What a suite made, for other programs: every rollout with its verdict, in either format the same."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from pidistill.cli.main import run
from pidistill.store.store import Store
from tests.suite.test_run import drive
from tests.suite.world import write_suite


@pytest.mark.usefixtures("sums")
def test_both_formats_hold_every_rollout_of_the_finished_cells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_suite(tmp_path, rest='[[exclude]]\nseed = "1-2"')
    assert run(["suite", "export", str(file), "--to", str(tmp_path / "x.jsonl")]) == 1
    assert "pidistill suite run" in capsys.readouterr().err
    driven = drive(file)
    jsonl, table = tmp_path / "out" / "measured.jsonl", tmp_path / "out" / "measured.parquet"
    assert run(["suite", "export", str(file), "--to", str(jsonl)]) == 0
    assert run(["suite", "export", str(file), "--to", str(table)]) == 0
    rows = [json.loads(line) for line in jsonl.read_text().splitlines()]
    assert len(rows) == 2 * 2 * 30
    other = parquet.read_table(table).to_pylist()
    assert [{**row, "resps": row["resps"][0][0], "filtered_resps": row["filtered_resps"][0]} for row in rows] == other
    with Store(tmp_path / "store", read_only=True) as store:
        for cell in driven.cells:
            summary = store.summary(cell.id)
            assert summary is not None
            after = {p["id"]: p["after"]["score"] for p in summary["scores"]["problems"]}
            mine = [row for row in rows if row["cell"] == cell.id and row["arrow"] == "evaluate after"]
            assert {row["doc_id"]: row["acc"] for row in mine} == after
            assert all((row["resps"][0][0].strip() == row["target"]) == (row["acc"] == 1.0) for row in mine)
    assert run(["suite", "export", str(file), "--to", str(jsonl), "--training"]) == 0
    everything = [json.loads(line) for line in jsonl.read_text().splitlines()]
    assert len(everything) > len(rows) and {"first attempts", "retry 1"} < {row["arrow"] for row in everything}
    assert run(["suite", "export", str(file), "--to", str(tmp_path / "x.csv")]) == 2
    assert "'.csv' is none" in capsys.readouterr().err
    assert not list((tmp_path / "out").glob(".*"))
