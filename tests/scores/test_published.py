"""The published figures, fed in as data: what papers print comes out of their rows, and what they claim does not."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pidistill.cli.main import cli
from pidistill.scores.analyse import Analysis, analyse
from pidistill.scores.read import load
from pidistill.scores.sections import section_table
from pidistill.scores.table import arm_table

DATA = Path(__file__).parent.parent / "data"


def analysis(name: str) -> Analysis:
    return analyse(load(DATA / f"{name}.toml").sheet, np.random.default_rng(0))


def test_five_deltas_about_zero_show_no_effect() -> None:
    opsd, lucky = analysis("seed-000").arms
    assert opsd.finding == "no effect shown"
    assert opsd.values == pytest.approx((-0.014, 0.004, 0.002, 0.0, 0.010))
    assert opsd.estimate is not None
    assert (opsd.estimate.low, opsd.estimate.high) == (pytest.approx(-0.011, abs=5e-4), pytest.approx(0.011, abs=5e-4))
    assert opsd.equivalence is not None
    assert opsd.equivalence.shown, "null within 2 pp, which is more than not being told from zero"
    assert (lucky.finding, lucky.p_holm) == ("unreplicated", None)
    assert lucky.distance is not None
    assert lucky.distance.difference == pytest.approx(0.0556)
    assert lucky.distance.sds == pytest.approx(6.26, abs=0.01)
    assert lucky.distance.p == pytest.approx(0.0046, abs=3e-4), "an outlier, but not one of five standard errors"


def test_gold_and_bare_retry_are_told_apart_before_the_correction_and_not_after() -> None:
    found = {(pair.a, pair.b): pair for pair in analysis("seed-002").pairs}
    gold = found["Gold answer STaR", "'Try again' (no target)"]
    assert gold.difference.p == pytest.approx(0.04, abs=0.003)
    assert gold.p_holm == pytest.approx(3 * gold.difference.p)
    assert gold.finding == "no difference shown"
    assert not any(pair.equivalence.shown for pair in found.values()), "nor are any two shown to be the same"


def test_the_best_of_twelve_arms_is_not_what_it_looks() -> None:
    (best,) = analysis("best-of-twelve").arms
    assert best.estimate is not None
    assert [100 * x for x in (best.mean, best.estimate.low, best.estimate.high)] == pytest.approx(
        [5.0, 1.6, 8.4], abs=0.05
    )
    assert best.p == pytest.approx(0.0055, abs=5e-5)
    assert best.p_holm == pytest.approx(0.066, abs=5e-4)
    assert best.finding == "unreplicated"


def test_means_and_deviations_are_those_that_are_published() -> None:
    for name in ("seed-000", "seed-002"):
        for row in arm_table(analysis(name)).rows:
            published = row[-1].text.removesuffix("pp")
            if "+/-" in published:
                assert row[2].text == published


def test_what_is_derived_from_the_rows_is_what_is_published() -> None:
    checked = 0
    for section in load(DATA / "seed-002.toml").sheet.sections:
        table = section_table(section)
        for row, figures in zip(table.rows, section.rows, strict=True):
            texts = [entry.text for entry in row]
            if section.kind == "ratios" and figures.published.endswith("x"):
                assert round(float(texts[4])) == int(figures.published[:-1])
                checked += 1
            elif section.kind in ("levels", "scan") and re.fullmatch(r"[+-][\d.]+(pp)?", figures.published):
                said = float(figures.published.removesuffix("pp"))
                computed = [float(text) for text in texts[1:4] if re.fullmatch(r"[+-]?[\d.]+", text)]
                assert min(abs(said - value) for value in computed) < 0.11, "two roundings"
                checked += 1
    assert checked >= 15


def test_the_inverted_u_over_models_has_a_top_that_the_points_do_not_place() -> None:
    curves = {
        s.title: section_table(s).notes[0] for s in load(DATA / "seed-002.toml").sheet.sections if s.kind == "curve"
    }
    assert "top at" in curves["Inverted U over models (retry)"]
    assert "not shown" in curves["Inverted U over models (retry)"]


@pytest.mark.parametrize("name", ["seed-000", "seed-002", "best-of-twelve"])
def test_the_command_prints_every_table(name: str) -> None:
    result = CliRunner().invoke(cli, ["stats", str(DATA / f"{name}.toml")])
    assert result.exit_code == 0, result.output
    sheet = load(DATA / f"{name}.toml").sheet
    assert "Effect of each arm" in result.output
    for section in sheet.sections:
        assert section.title in result.output
    as_json = CliRunner().invoke(cli, ["stats", str(DATA / f"{name}.toml"), "--json"])
    assert '"finding"' in as_json.output
