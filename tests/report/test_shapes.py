"""Gains against gaps and against the base: a line only where there are points enough, and each said in words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pidistill.report.model import ArmGap, ReportMeta
from pidistill.report.shapes import PLACES, gain_by_level, gain_by_model, law_panel
from pidistill.report.write import write_report
from pidistill.stats.compare import ArmResult, compare
from pidistill.stats.data import CellScores
from pidistill.stats.levels import by_level
from tests.report.chrome import opened
from tests.report.test_page import BROKEN, DESK, PHONE, picture
from tests.stats.simulated import cell

MODELS = ("tiny", "small", "fair", "good")
FORMS = ("told [teacher_form=gold]", "told [teacher_form=<b>wrong</b> & more]")


def world(gain: float = 1.0, models: Sequence[str] = MODELS) -> list[CellScores]:
    """Two arms on each model, whose gain is what its base leaves times what its base has: an inverted U."""
    rng, cells = np.random.default_rng(5), []
    for place, model in enumerate(models):
        share = 0.12 + 0.22 * place
        base = (np.arange(250) % 50 < 50 * share).astype(float)
        for form, seed in itertools.product(FORMS, range(2)):
            after = np.where(rng.random(250) < gain * share * (1 - share), 1.0, base)
            cells.append(cell(form, seed, base, after, model=model))
    return cells


def arms(cells: Sequence[CellScores]) -> tuple[ArmResult, ...]:
    return compare(cells, np.random.default_rng(0), pairs=()).arms


def gaps(found: Sequence[ArmResult], slope: float = 0.5) -> tuple[ArmGap, ...]:
    """A gap for each arm that is `slope` times its gain."""
    return tuple(
        ArmGap((a.recipe, a.domain, a.model), "gold", slope * 100 * a.delta.mean + n / 10, -5.0, 200.0)
        for n, a in enumerate(found)
    )


def test_the_line_through_the_arms_is_drawn_with_its_band_and_each_base_left_out() -> None:
    found = arms(world())
    panel = law_panel(found, gaps(found))
    assert panel is not None
    assert panel.svg.count('<circle class="dot') == len(found) == 8
    assert panel.svg.count('class="band"') == 1 and panel.svg.count('class="left-out"') == 8
    assert re.search(r"slope 1\.\d\d|slope 2\.\d\d", panel.said) and "8 arms" in panel.said
    assert "one base model is left out" in panel.said and "Not shown: that the gap makes the gain" in panel.said
    assert "<b>" not in panel.svg and "&lt;b&gt;wrong" in panel.svg


@pytest.mark.parametrize("count", [1, 3])
def test_too_few_arms_are_points_without_a_line(count: int) -> None:
    found = arms(world())[:count]
    panel = law_panel(found, gaps(found))
    assert panel is not None and "No line" in panel.said
    assert panel.svg.count('<circle class="dot') == count and "band" not in panel.svg and "left-out" not in panel.svg


def test_arms_of_one_gap_are_points_without_a_line() -> None:
    found = arms(world())
    panel = law_panel(found, [ArmGap((a.recipe, a.domain, a.model), "gold", 3.0, 1.0, 5.0) for a in found])
    assert panel is not None and "No line" in panel.said


def test_without_a_gap_of_an_arm_there_is_no_panel() -> None:
    found = arms(world())
    assert law_panel(found, ()) is None
    assert law_panel(found, [ArmGap(("another", "math", "tiny"), "gold", 3.0, 1.0, 5.0)]) is None


def test_everything_that_is_drawn_lies_in_its_panel() -> None:
    found = arms(world())
    panels = [law_panel(found, gaps(found, slope=9.0)), *gain_by_model(found), *gain_by_level(by_level(world()))]
    for panel in panels:
        assert panel is not None
        box = re.match(r'<svg viewBox="0 0 (\S+) (\S+)"', panel.svg)
        assert box is not None
        for x, y in re.findall(r'<circle class="dot[^>]* cx="([^"]+)" cy="([^"]+)"', panel.svg):
            assert 0 <= float(x) <= float(box[1]) and 0 <= float(y) <= float(box[2])
        for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", panel.svg):
            assert -1 <= float(x) <= float(box[1]) + 1 and -1 <= float(y) <= float(box[2]) + 1


def test_the_inverted_u_over_models_has_its_top_and_interval() -> None:
    (panel, _) = gain_by_model(arms(world()))
    assert panel.svg.count('class="fit"') == 2, "the curve and its top"
    top = re.search(r"top at ([\d.]+)", panel.said)
    assert top is not None and 25 < float(top[1]) < 45, "p (1 - p) (1 - p) is highest at a third"


def test_a_top_outside_the_points_is_said_to_be_no_u() -> None:
    cells = []
    for place, model in enumerate(MODELS):
        base = (np.arange(200) % 100 < 5 + 5 * place).astype(float)
        after = (np.arange(200) % 100 < 5 + 5 * place + (4, 9, 13, 16)[place]).astype(float)
        cells += [cell("told", seed, base, after, model=model) for seed in range(2)]
    (panel,) = gain_by_model(arms(cells))
    assert "outside the points" in panel.said and panel.svg.count('class="fit"') == 1


def test_one_recipe_on_one_model_has_no_panel_over_models() -> None:
    assert gain_by_model(arms(world(models=("fair",)))) == []
    assert gain_by_model(arms(world(models=MODELS[: PLACES - 1]))) == []


def test_levels_make_a_panel_an_arm_and_problems_without_a_level_none() -> None:
    rng = np.random.default_rng(3)
    base = np.where(np.arange(100) % 5 == 0, 0.0, (rng.random(100) < 0.2 * (np.arange(100) % 5)).astype(float))
    cells = [cell(name, seed, base, base) for name in ("a", "b") for seed in range(2)]
    panels = gain_by_level(by_level(cells))
    assert [panel.title for panel in panels] == ["a", "b"]
    assert all(panel.svg.count('<circle class="dot') == 5 for panel in panels)
    assert all("no inverted U" in p.said or "not shown" in p.said or "Too few" in p.said for p in panels)
    assert gain_by_level(by_level([cell("a", 0, base, base, levels=0)])) == []


def test_the_page_shows_law_and_u_on_every_screen(tmp_path: Path) -> None:
    found = arms(world())
    write_report(world(), tmp_path, ReportMeta("shapes", gaps=gaps(found)))
    with opened() as tab:
        for name, size, dark in (("law-light", DESK, False), ("law-dark", DESK, True), ("law-phone", PHONE, False)):
            tab.screen(*size, dark=dark)
            tab.open((tmp_path / "index.html").as_uri())
            heads = tab.run("[...document.querySelectorAll('#shapes h2')].map((head) => head.textContent)")
            assert heads[0] == "The predictive law" and heads[-1] == "Gain against the base, over models"
            assert tab.run("document.querySelector('nav a[href=\"#shapes\"]').textContent") == "Where the gain lies"
            assert tab.run("document.querySelectorAll('.law .dot').length") == 8
            fill = tab.run("getComputedStyle(document.querySelector('.law .dot')).fill")
            assert fill != tab.run("getComputedStyle(document.body).backgroundColor") and fill != "rgb(0, 0, 0)"
            assert tab.run("document.querySelector('.law .dot title').textContent").startswith(
                "told [teacher_form=gold]"
            )
            said = tab.run("document.querySelector('.law + .note').textContent")
            assert "Across: what a teacher" in said and "Not shown" in said
            width = tab.run("document.querySelector('.law svg').getBoundingClientRect().right")
            assert 0 < width <= size[0] and tab.run("document.documentElement.scrollWidth") <= size[0]
            over = tab.run(
                "[...document.querySelectorAll('#shapes h3')].filter((h) => h.scrollWidth > h.clientWidth + 1).length"
            )
            assert over == 0 and tab.run(BROKEN) == []
            tab.run("document.querySelector('#shapes').scrollIntoView()")
            tab.screenshot(picture(tmp_path, f"{name}.png"))
        assert tab.errors == []
        assert not [url for url in tab.requests if not url.startswith(("data:", "about:", "file:", "chrome:"))]


def test_a_page_without_gaps_or_levels_has_no_such_part(tmp_path: Path) -> None:
    base = np.zeros(20)
    write_report([cell("a", s, base, base, levels=0) for s in range(2)], tmp_path, ReportMeta("bare"))
    page = (tmp_path / "index.html").read_text("utf-8")
    assert 'id="shapes"' not in page and "#shapes" not in page
