"""Files of figures: what lm-eval and Inspect write, what people type, and errors that name file, line and next step."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pidistill.cli.main import cli
from pidistill.errors import DataError, PidistillError, UsageError
from pidistill.scores.harness import score_of
from pidistill.scores.read import load
from pidistill.stats.compare import compare


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines), "utf-8")
    return path


def lm_row(doc: int, score: float, kind: str = "strict-match", **more: object) -> dict[str, object]:
    return {
        "doc_id": doc, "doc": {"question": str(doc)}, "target": "1", "arguments": {}, "resps": [["x"]],
        "filtered_resps": ["x"], "filter": kind, "metrics": ["exact_match"], "doc_hash": f"h{doc}",
        "exact_match": score, **more,
    }  # fmt: skip


def scores(path: Path, **options: object) -> tuple[list[float | None], list[float | None]]:
    (cell,) = load(path, **options).cells  # type: ignore[arg-type]
    return [p.base.score for p in cell.problems], [p.after.score for p in cell.problems]


def test_lm_evals_samples_are_paired_by_document(tmp_path: Path) -> None:
    before = write(tmp_path / "samples_before.jsonl", *(lm_row(i, i % 2) for i in range(10)))
    after = write(tmp_path / "samples_after.jsonl", *(lm_row(i, 1.0) for i in reversed(range(10))))
    base, trained = scores(after, base=before)
    assert base == [i % 2 for i in range(10)]
    assert trained == [1.0] * 10


def test_filters_and_metrics_are_named_where_there_are_several(tmp_path: Path) -> None:
    rows = [
        lm_row(i, float(kind == "flexible-extract"), kind)
        for i in range(4)
        for kind in ("strict-match", "flexible-extract")
    ]
    file = write(tmp_path / "s.jsonl", *rows)
    with pytest.raises(DataError, match=r"2 filters: flexible-extract, strict-match"):
        load(file, base=file)
    assert scores(file, base=file, metric="exact_match,flexible-extract")[0] == [1.0] * 4
    two = write(tmp_path / "t.jsonl", *(lm_row(i, 1.0, metrics=["exact_match", "f1"], f1=0.25) for i in range(4)))
    with pytest.raises(DataError, match=r"2 metrics: exact_match, f1"):
        load(two, base=two)
    assert scores(two, base=two, metric="f1")[0] == [0.25] * 4
    with pytest.raises(DataError, match="Did you mean 'exact_match'"):
        load(two, base=two, metric="exact_mach")


def test_another_version_of_a_task_is_not_compared(tmp_path: Path) -> None:
    before = write(tmp_path / "a.jsonl", *(lm_row(i, 1.0) for i in range(3)))
    after = write(tmp_path / "b.jsonl", *(lm_row(i, 1.0, doc_hash=f"other{i}") for i in range(3)))
    with pytest.raises(DataError, match="another document on each side"):
        load(after, base=before)
    short = write(tmp_path / "c.jsonl", *(lm_row(i, 1.0) for i in range(2)))
    with pytest.raises(DataError, match="'2' is on one side alone"):
        load(short, base=before)


def inspect_log(values: list[object], errors: tuple[int, ...] = ()) -> dict[str, object]:
    boom = {"error": {"message": "boom"}}
    samples = [
        {"id": i, "epoch": 1, "scores": {"match": {"value": v}}, **(boom if i in errors else {})}
        for i, v in enumerate(values)
    ]
    return {"version": 2, "status": "success", "eval": {"task": "gsm8k"}, "samples": samples}


def test_inspects_logs_are_read_whole_and_zipped(tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    before.write_text(json.dumps(inspect_log(["C", "I", "P", "N", 1.0])))
    after = tmp_path / "after.eval"
    with zipfile.ZipFile(after, "w") as archive:
        archive.writestr("header.json", "{}")
        for sample in inspect_log(["C", "C", True, 0, "I"])["samples"]:  # type: ignore[attr-defined]
            archive.writestr(f"samples/{sample['id']}_epoch_1.json", json.dumps(sample))
    base, trained = scores(after, base=before)
    assert base == [1.0, 0.0, 0.5, 0.0, 1.0]
    assert trained == [1.0, 1.0, 1.0, 0.0, 0.0]


def test_a_sample_that_failed_is_no_zero_and_epochs_are_samples(tmp_path: Path) -> None:
    log = inspect_log(["C", "I", "C"], errors=(2,))
    log["samples"] = [*log["samples"], {"id": 0, "epoch": 2, "scores": {"match": {"value": "I"}}}]  # type: ignore[misc]
    file = tmp_path / "log.json"
    file.write_text(json.dumps(log))
    (cell,) = load(file, base=file).cells
    assert [p.base.score for p in cell.problems] == [0.5, 0.0, None]
    assert cell.problems[2].base.statuses == {"ERROR": 1}


def test_rows_by_item_with_a_base_of_their_own_or_an_arm_that_is_everyones(tmp_path: Path) -> None:
    own = write(
        tmp_path / "own.csv",
        "arm,seed,item,base,after,cluster",
        "r,0,a,0,1,x",
        "r,0,b,1,1,x",
        "r,1,a,0,0,x",
        "r,1,b,1,,x",
    )
    loaded = load(own)
    assert [cell.seed for cell in loaded.cells] == [0, 1]
    assert loaded.cells[1].problems[1].after.score is None
    assert loaded.cells[0].problems[0].cluster == "x"
    rows = [{"arm": arm, "seed": 0, "item": i, "score": i % 2} for arm in ("base", "r") for i in range(4)]
    shared = write(tmp_path / "shared.jsonl", *rows)
    (cell,) = load(shared).cells
    assert (cell.recipe, [p.base.score for p in cell.problems]) == ("r", [0.0, 1.0, 0.0, 1.0])
    with pytest.raises(UsageError, match="no arm is called 'untrained'"):
        load(shared, baseline="untrained")


def test_scores_by_item_get_the_verdict_of_a_report(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["arm,seed,item,base,after"]
    for seed in range(4):
        for item in range(200):
            base = item % 3 == 0
            lines.append(f"good,{seed},{item},{int(base)},{int(base or rng.random() < 0.4)}")
    file = write(tmp_path / "s.csv", *lines)
    assert compare(load(file).cells, rng).arms[0].finding == "gain"
    result = CliRunner().invoke(cli, ["stats", str(file)])
    assert result.exit_code == 0, result.output
    assert "gain" in result.output


def test_a_sheet_names_files_of_scores(tmp_path: Path) -> None:
    write(tmp_path / "b.jsonl", *(lm_row(i, 0.0) for i in range(30)))
    for seed in range(2):
        write(tmp_path / f"s{seed}.jsonl", *(lm_row(i, float((i + seed) % 3 > 0)) for i in range(30)))
    sheet = write(
        tmp_path / "sheet.toml",
        '[[arms]]\nname = "retry"\n[arms.files]\nbase = "b.jsonl"\nafter = { 0 = "s0.jsonl", 1 = "s1.jsonl" }',
    )
    loaded = load(sheet)
    assert [(cell.recipe, cell.seed) for cell in loaded.cells] == [("retry", 0), ("retry", 1)]


def test_figures_by_seed_come_as_rows(tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", "Arm;Seed;Base;After", "a;1;41.4;40.0", "a;2;41.4 ;41.8%", "b;1;40;+45")
    a, b = load(file).sheet.arms
    assert (a.deltas, a.seeds) == ((pytest.approx(-1.4), pytest.approx(0.4)), ("1", "2"))
    assert b.deltas == (5.0,)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.toml", "[[arms]]\nname='a'\n", "needs one of files, counts"),
        ("x.toml", "[[arms]]\nname='a'\ndeltas=[1]\nafter=[2]\nbase=1\n", "deltas and after"),
        ("x.toml", "[[arms]]\nname='a'\nafter=[2]\n", "no 'base'"),
        ("x.toml", "[[arms]]\nname='a'\ndelta=[2]\n", "Did you mean 'deltas'"),
        ("x.toml", "[[arms]]\nname='a'\ndeltas=[1,2]\nseeds=[1,1]\n", "1 seeds for 2 values"),
        ("x.toml", "[[arms]]\nname='a'\ndeltas=[1]\n[[arms]]\nname='a'\ndeltas=[1]\n", "two arms are called 'a'"),
        ("x.toml", "[[arms]]\nname='a'\ndeltas=[1]\nreplicated_by='b'\n", "no arm is called 'b'"),
        ("x.toml", "title = ", "x.toml"),
        ("x.csv", "arm,seed,delta\n", "no rows"),
        ("x.csv", "arm,seed,delta\na,1,nine\n", "line 2: 'nine' is no number"),
        ("x.csv", "arm,seed,delta\na,1,2\na,1,3\n", "line 3: seed '1' is given twice"),
        ("x.csv", "arm,seeds,delta\na,1,2\n", "Did you mean 'seed'"),
        ("x.csv", "arm,seed,delta\na,1\n", "line 2: not as many fields"),
        ("x.csv", "arm,seed,delta\na,1,2,3\n", "line 2: not as many fields"),
        ("x.csv", "arm,seed,item,base,after\na,1,i,0,41.4\n", "line 2: a score of 41.4 does not lie in 0 to 1"),
        ("x.jsonl", '{"arm": "a", "item": "i", "score": [1]}\n', "is no score"),
        ("x.jsonl", "{nope\n", "line 1: not JSON"),
        ("x.eval", "not a zip", "x.eval"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_file_and_place(tmp_path: Path, name: str, text: str, message: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(PidistillError) as caught:
        load(file)
    assert message in str(caught.value)
    result = CliRunner().invoke(cli, ["stats", str(tmp_path / "missing.toml")])
    assert result.exit_code != 0


@given(st.text())
def test_any_text_is_a_score_from_zero_to_one_or_none_or_an_error(text: str) -> None:
    try:
        score = score_of(text, "here")
    except DataError:
        return
    assert score is None or 0.0 <= score <= 1.0
