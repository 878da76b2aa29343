"""A finished comparison opens nothing; what its cells were run with is compared, and never mixed."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pidistill.cli.main import run
from pidistill.errors import StaleError, StoreError
from pidistill.progress import Quiet
from pidistill.recipes import run_config
from pidistill.report.write import FILES
from pidistill.store.store import Store
from pidistill.suite import parts, planned
from pidistill.suite.compare import report_folder, run_comparison
from pidistill.suite.publish import MADE_OF
from pidistill.suite.trace import find, trace

SETS = [
    "data.train.limit=24", "data.evaluate.limit=20", "train.lr=1e-3", "train.batch_size=8", "model.threads=1",
    "train.steps=2", "train.refresh_every=1", "seeds=[0]", "verify.workers=1",
]  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two finished cells on the embedded math model."""
    store = tmp_path_factory.mktemp("finished") / "store"
    run_comparison(configs(store), report_folder(configs(store), "first"), Quiet(), title="Two arms")
    return store


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy"


def configs(store: Path, *sets: str):  # type: ignore[no-untyped-def]
    return [run_config(name, "math", overrides={"store": store}, sets=[*SETS, *sets]) for name in ("star-gold", "opsd")]


@pytest.fixture
def unopenable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No model, engine, data set or worker can be opened."""

    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("a finished comparison opens nothing")

    for name in ("resolve_model", "VerifierPool", "GuardedDomain", "use_threads"):
        monkeypatch.setattr(parts, name, refuse)
    monkeypatch.setattr("pidistill.verify.process.WorkerProcess.__init__", refuse)
    monkeypatch.setattr("pidistill.engines.transformers_engine.TransformersEngine.__init__", refuse)
    return


@pytest.mark.usefixtures("unopenable")
def test_a_finished_comparison_is_reported_without_opening_anything_and_no_observer_hears_of_it(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    monkeypatch.setattr("pidistill.plugins.Manager.observe", lambda self, hook, **_: heard.append(hook))
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file()}
    report = run_comparison(configs(copy), tmp_path / "again", Quiet(), title="Two arms")
    assert [arm.recipe for arm in report.comparison.arms] == ["star-gold", "opsd"]
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file()} == before
    assert heard == []
    first = json.loads(next((copy / "reports").glob("*/report.json")).read_text())
    assert json.loads((tmp_path / "again" / "report.json").read_text()) == first


@pytest.mark.usefixtures("unopenable")
def test_a_report_that_stands_is_not_drawn_again_and_one_that_does_not_is(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands while the numbers, the words, the store, the code and the files themselves are as they were."""
    out = tmp_path / "out"
    first = run_comparison(configs(copy), out, Quiet(), title="Two arms")
    files = {path.name: path.read_bytes() for path in out.iterdir()}

    def drawn(title: str = "Two arms") -> bool:
        before = {path.stat().st_ino for path in out.glob("report.json")}
        report = run_comparison(configs(copy), out, Quiet(), title=title)
        assert (report.to_json(), report.markdown()) == (first.to_json() | {"title": title}, report.markdown())
        return {(out / "report.json").stat().st_ino} != before

    assert not drawn()
    assert {path.name: path.read_bytes() for path in out.iterdir()} == files
    for name in (FILES[0], FILES[-1], MADE_OF):
        content = (out / name).read_bytes()
        (out / name).write_bytes(content[:-9] + b"x" + content[-8:])
        assert drawn(), f"{name} was not what had been written"
    (out / FILES[1]).unlink()
    assert drawn(), "a file was gone"
    assert {path.name: path.read_bytes() for path in out.iterdir()} == files
    assert drawn("Two other words") and not drawn("Two other words") and drawn()
    segment = next((copy / "verdicts").glob("*.jsonl"))
    segment.write_bytes(segment.read_bytes())
    assert drawn(), "a file of the store was written"
    monkeypatch.setattr("pidistill.suite.publish.code_identity", lambda module: "other code")
    assert drawn() and not drawn()
    monkeypatch.setattr("pidistill.plugins.Manager.has_report_sections", lambda self: True)
    assert drawn() and drawn(), "a plugin's section may say anything"


@pytest.mark.usefixtures("unopenable")
def test_a_finished_store_on_a_read_only_disk_is_reported_and_not_gone_on_with(copy: Path) -> None:
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = sorted(copy.rglob("*"))
    with Store(copy, read_only=True) as store:
        assert store.read_only
    os_access, os.access = os.access, lambda path, mode: mode != os.W_OK  # root may write anywhere
    try:
        report = run_comparison(configs(copy), None, Quiet())
        assert len(report.comparison.arms) == 2 and sorted(copy.rglob("*")) == before
        with pytest.raises(StoreError, match=r"read-only, and 2 cells are not finished"):
            run_comparison(configs(copy, "train.lr=5e-4"), None, Quiet())
    finally:
        os.access = os_access  # type: ignore[assignment]
        for path in (copy, *copy.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.usefixtures("unopenable")
def test_a_changed_summary_moves_nothing_and_is_shown(copy: Path, tmp_path: Path) -> None:
    told = configs(copy, 'recipe.summary="Said in other words."', 'recipe.published="+99 pp"')
    report = run_comparison(told, tmp_path / "out", Quiet())
    assert report.meta.summaries["opsd"] == "Said in other words."
    assert "+99 pp" in (tmp_path / "out" / "report.md").read_text()


def test_a_verifier_of_other_code_or_another_package_makes_finished_cells_stale_by_name(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = planned.outside(configs(copy)[0], parts.Manager())
    patched = {**now, "code": {"pidistill_math": "0123456789abcdef"}}
    monkeypatch.setattr(planned, "outside", lambda config, manager: patched)
    with pytest.raises(StaleError, match=r"2 cells began with other parts.*code\.pidistill_math") as error:
        run_comparison(configs(copy), tmp_path / "out", Quiet())
    assert "--renew" in error.value.hint and "--as-is" in error.value.hint
    assert not (tmp_path / "out").exists()
    run_comparison(configs(copy), tmp_path / "out", Quiet(), as_is=True)
    assert (tmp_path / "out" / "report.json").is_file()


def test_a_cell_that_was_begun_with_other_parts_is_not_gone_on_with_until_it_is_renewed(
    copy: Path, tmp_path: Path
) -> None:
    (cell, _) = [cell.id for cell in planned.plan(configs(copy))]
    with Store(copy) as store:
        known = store.provenance(cell)
        assert known is not None and {"model", "verifier", "train", "held_out", "packages"} <= set(known)
        store.write_provenance(cell, {**known, "verifier": "math@0+older"})
        (store.cell_dir(cell) / "summary.json").unlink()
        made = len(store.rollouts)
    with pytest.raises(StaleError, match=r"verifier was math@0\+older"):
        run_comparison(configs(copy), tmp_path / "out", Quiet())
    report = run_comparison(configs(copy), tmp_path / "out", Quiet(), renew=True)
    assert len(report.comparison.arms) == 2
    with Store(copy) as store:
        assert len(store.rollouts) == made, "rollouts hold under any verifier"
        renewed = store.provenance(cell)
        assert renewed is not None and renewed["verifier"] == known["verifier"]


@pytest.mark.usefixtures("unopenable")
def test_a_cell_with_errors_is_not_finished_until_they_are_judged_unless_it_is_taken_as_it_is(
    copy: Path, tmp_path: Path
) -> None:
    cell = planned.plan(configs(copy))[0].id
    with Store(copy) as store:
        summary = store.summary(cell)
        assert summary is not None and summary["errors"] == 0
        store.write_summary(cell, {**summary, "errors": 3})
    with pytest.raises(AssertionError, match="opens nothing"):
        run_comparison(configs(copy), tmp_path / "out", Quiet())
    assert len(run_comparison(configs(copy), tmp_path / "out", Quiet(), as_is=True).comparison.arms) == 2


def test_reports_of_other_cells_lie_in_other_folders(tmp_path: Path) -> None:
    folders = {
        report_folder(configs(tmp_path, *sets), "run")
        for sets in ((), ("train.lr=2e-3",), ("seeds=[0, 1]",), ("data.evaluate.limit=9",))
    }
    assert len(folders) == 4
    assert report_folder(configs(tmp_path, "verify.workers=2", "model.threads=2"), "run") in folders
    assert report_folder(configs(tmp_path)[:1], "run") not in folders


def test_from_a_rollout_down_to_everything_behind_it(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cell = next(cell.id for cell in planned.plan(configs(copy)) if "star-gold" in cell.id)
    with Store(copy, read_only=True) as store:
        retried = next(use for use in store.uses(cell) if use.arrow == "retry 1" and use.kind == "rollout").keys[0]
        found = trace(store, find(store, retried[:12]))
    (pi,) = found.pi
    assert found.problem is not None and str(found.problem.reference) in pi.text
    assert run(["show", retried[:12], "--store", str(copy)]) == 0
    told = capsys.readouterr().out
    for part in (
        "PI, form gold, reveals answer", pi.text, "Prompt as sent", "Completion",
        f"Verdict: {found.verdicts[0].record.status}",
        f"Paid by: {cell}", f"{cell}: stage train, turn 1: retry 1", found.rollout.record.model_revision,
    ):  # fmt: skip
        assert part in told, part
    assert run(["show", cell, "--store", str(copy)]) == 0
    assert retried in capsys.readouterr().out
    assert run(["show", "nothing", "--store", str(copy)]) == 2
    assert "No rollout 'nothing'" in capsys.readouterr().err


@pytest.mark.usefixtures("unopenable")
def test_fifteen_finished_cells_are_reported_at_once(copy: Path, tmp_path: Path) -> None:
    """Two seconds is what a person waits for; processor time, so that other work beside it does not count."""
    seeds = tuple(range(8))
    with Store(copy) as store:
        for config in configs(copy):
            summary = store.summary(config.cell_id(0))
            assert summary is not None
            for seed in seeds[1:]:
                with store.cell(config.cell_id(seed), {"seed": seed}):
                    for use in store.uses(config.cell_id(0)):
                        store.note_use(config.cell_id(seed), use)
                    scores = {**summary["scores"], "seed": seed}
                    store.write_summary(config.cell_id(seed), {**summary, "scores": scores})
    many = [config.model_copy(update={"seeds": seeds}) for config in configs(copy)]
    start = time.process_time()
    report = run_comparison(many, tmp_path / "out", Quiet())
    assert [len(arm.seeds) for arm in report.comparison.arms] == [8, 8]
    assert time.process_time() - start < 2.0
