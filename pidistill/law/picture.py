"""The law's picture: configurations, line, prediction band, and each point as it was predicted when left out."""

from __future__ import annotations

import io
import typing

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pidistill.errors import UsageError
from pidistill.law.configurations import Configuration
from pidistill.law.fit import Law

FORMATS = ("svg", "png")
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B8860B", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
INK, FAINT = "#222222", "#8A8A8A"


def draw_law(law: Law, kind: str) -> bytes:
    """The picture as `svg` or `png`; the same law gives the same bytes. Raises `UsageError` for another kind."""
    if kind not in FORMATS:
        raise UsageError(f"No picture of kind {kind!r}.", f"Name a file that ends in {' or '.join(FORMATS)}.")
    style = {"font.family": "DejaVu Sans", "font.size": 9, "svg.fonttype": "path", "svg.hashsalt": "pidistill"}
    with matplotlib.rc_context(typing.cast(typing.Any, style)):
        figure = Figure(figsize=(7.0, 4.6))
        FigureCanvasAgg(figure)
        _plot(figure, law)
        target = io.BytesIO()
        extra = {"metadata": {"Date": None}} if kind == "svg" else {"dpi": 160}
        figure.savefig(target, format=kind, facecolor="white", **typing.cast(typing.Any, extra))
        return target.getvalue()


def _plot(figure: Figure, law: Law) -> None:
    axes, fit = figure.add_axes((0.1, 0.12, 0.86, 0.76)), law.pooled
    room = 0.08 * (fit.gap_high - fit.gap_low)
    x = np.linspace(fit.gap_low - room, fit.gap_high + room, 100)
    bands = [fit.predict(float(v)) for v in x]
    axes.fill_between(x, [b.low for b in bands], [b.high for b in bands], color="#DDDDDD", alpha=0.6, linewidth=0,
                      label="95 % prediction interval")  # fmt: skip
    axes.plot(x, [fit.at(float(v)) for v in x], color=INK, linewidth=1.3)
    axes.axhline(0, color=FAINT, linewidth=0.7)
    names = list(dict.fromkeys(_name(c) for c in law.configurations))
    domains = list(dict.fromkeys(c.domain for c in law.configurations))
    for place, name in enumerate(names):
        own = [c for c in law.configurations if _name(c) == name]
        look = {"color": COLOURS[place % 6], "marker": MARKERS[domains.index(own[0].domain) % 6]}
        axes.plot([c.gap for c in own], [c.improvement for c in own], linestyle="none", markersize=6,
                  label=name or "configurations", **typing.cast(typing.Any, look))  # fmt: skip
    for c, guess in zip(law.configurations, law.guesses, strict=True):
        axes.plot([c.gap, c.gap], [c.improvement, guess], color=FAINT, linewidth=0.7, zorder=1)
        axes.plot([c.gap], [guess], marker="_", color=FAINT, markersize=7, zorder=1)
    axes.set_xlabel("Gap before training: self-teacher minus student, pp (dashes: predicted when left out)")
    axes.set_ylabel("Improvement after training, pp")
    held = law.judged_by
    axes.set_title(
        f"slope {fit.slope:.2f}, R$^2$ {fit.r2:.2f}; {held.what} left out: RMSE {held.law_rmse:.1f} pp, mean of "
        f"the others {held.mean_rmse:.1f} pp: {held.better}", fontsize=9, color=INK,
    )  # fmt: skip
    axes.legend(frameon=False, fontsize=8, loc="best")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _name(configuration: Configuration) -> str:
    """What the legend calls those that are alike."""
    return " ".join(part for part in (configuration.domain, configuration.family) if part)
