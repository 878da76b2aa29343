"""Statistics of a comparison of arms: is the gain real?

`data` is what a cell leaves behind, `grid` pairs it, `intervals` and `significance` are the formulas, `compare` gives
the verdict on each arm and on pairs of arms, `levels` splits it by difficulty. Nothing here draws or prints; that is
`pidistill.report`'s. The names below are imported on first use, so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pidistill.stats.compare import ArmResult, Comparison, compare
    from pidistill.stats.data import CellScores, ProblemScore, Side, Training, cell_scores
    from pidistill.stats.intervals import Estimate, Interval, two_way, wilson
    from pidistill.stats.levels import Stratum, by_band, by_level
    from pidistill.stats.pairs import PairResult

_HOME = {
    "ArmResult": "compare",
    "CellScores": "data",
    "Comparison": "compare",
    "Estimate": "intervals",
    "Interval": "intervals",
    "PairResult": "pairs",
    "ProblemScore": "data",
    "Side": "data",
    "Stratum": "levels",
    "Training": "data",
    "by_band": "levels",
    "by_level": "levels",
    "cell_scores": "data",
    "compare": "compare",
    "two_way": "intervals",
    "wilson": "intervals",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


__all__ = [
    "ArmResult",
    "CellScores",
    "Comparison",
    "Estimate",
    "Interval",
    "PairResult",
    "ProblemScore",
    "Side",
    "Stratum",
    "Training",
    "by_band",
    "by_level",
    "cell_scores",
    "compare",
    "two_way",
    "wilson",
]
