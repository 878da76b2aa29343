"""The picture is legible: no text lies on other text or outside, whatever the number and the names of the arms."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from pidistill.report.picture import LOOKS, _figure, draw
from pidistill.stats.compare import Comparison, compare
from pidistill.stats.data import CellScores
from pidistill.stats.levels import Stratum, by_level
from tests.stats.simulated import arm, cell, half_solved

LONG = "skeleton-guided retry from the first try with a very long name, number"


def analysed(cells: list[CellScores]) -> tuple[Comparison, tuple[Stratum, ...]]:
    return compare(cells, np.random.default_rng(0), pairs=()), by_level(cells)


def arms(names: list[str], seeds: int = 3) -> list[CellScores]:
    rng, base = np.random.default_rng(2), half_solved(50)
    gains = itertools.cycle([0.25, 0.0, -0.25, 0.1])
    return [c for name in names for c in arm(rng, name, base, seeds=seeds, gain=next(gains))]


def visible_texts(figure: Figure) -> Iterator[tuple[str, Bbox]]:
    figure.canvas.draw()
    undrawn = {
        label
        for axes in figure.axes
        for axis, (low, high) in ((axes.xaxis, sorted(axes.get_xlim())), (axes.yaxis, sorted(axes.get_ylim())))
        for tick in axis.get_major_ticks()
        if not low <= tick.get_loc() <= high
        for label in (tick.label1, tick.label2)
    }
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text not in undrawn and text.get_visible() and text.get_text().strip():
            yield text.get_text(), text.get_window_extent()


@pytest.mark.parametrize(
    "cells",
    [
        arms(["retry"]),
        arms(["retry"], seeds=1),
        arms(["retry", "rejection", "star-gold", "star-gibberish", "opsd"]),
        arms([f"{LONG} {n}" for n in range(12)]) + arms(["unbroken" * 12], seeds=1),
        [cell("opsd", s, np.zeros(20), np.ones(20), levels=0) for s in range(2)],
        [cell("none", 0, np.zeros(1), np.zeros(1))],
        arms(["$\\frac$ _a_ <b> &amp;"]),
    ],
    ids=["one arm", "one seed", "five arms", "thirteen long names", "no levels", "one problem", "odd characters"],
)
def test_no_text_overlaps_or_leaves_the_page(cells: list[CellScores]) -> None:
    comparison, levels = analysed(cells)
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 9}):
        figure = _figure(comparison.arms, levels, "a comparison of arms on math")
        texts = list(visible_texts(figure))
    page = figure.bbox
    for text, box in texts:
        assert page.x0 <= box.x0, text
        assert box.x1 <= page.x1, text
        assert page.y0 <= box.y0, text
        assert box.y1 <= page.y1, text
    for (one, a), (other, b) in itertools.combinations(texts, 2):
        overlap = Bbox.intersection(a, b)
        assert overlap is None or min(overlap.width, overlap.height) < 1.5, (one, other)


def test_findings_differ_in_shape_as_well_as_in_colour() -> None:
    assert len({look.marker for look in LOOKS.values()}) == len(LOOKS)
    assert len({look.colour for look in LOOKS.values()}) == len(LOOKS)


def test_the_same_comparison_gives_the_same_bytes_and_leaves_no_setting_behind() -> None:
    comparison, levels = analysed(arms(["retry", "opsd"]))
    before = dict(matplotlib.rcParams)
    once, again = (draw(comparison, levels, "t") for _ in range(2))
    assert once == again
    assert dict(matplotlib.rcParams) == before
    assert once["png"].startswith(b"\x89PNG")
    assert ElementTree.fromstring(once["svg"]).tag.endswith("svg")
