"""Running planned cells one after another, with the live parts of the last one's group kept open.

What `pidistill run` does in its own process, and what each worker of a suite does in its. Opening a model, an engine
and a verification pool is slow, so cells that share them should follow each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any

from pidistill.budget import matched_cell
from pidistill.config import RunConfig
from pidistill.loop import run_cell
from pidistill.plugins import Manager
from pidistill.progress import Progress
from pidistill.store.store import Store
from pidistill.suite.finish import finish
from pidistill.suite.parts import Parts, group_key, open_parts
from pidistill.suite.planned import Planned
from pidistill.suite.resolve import confine, resolve


def resolve_all(cells: list[Planned], manager: Manager) -> Mapping[str, RunConfig]:
    """Cell -> its configuration without open defaults. A sandbox that does not work is found here, before sampling."""
    confined = confine([resolve(cell.config, manager) for cell in cells], manager)
    return {cell.id: config for cell, config in zip(cells, confined, strict=True)}


class Runner:
    """The cells of one process. Use as a context manager."""

    def __init__(self, store: Store, manager: Manager, progress: Progress) -> None:
        self.store, self.manager, self.progress = store, manager, progress
        self._group: str | None = None
        self._parts: Parts | None = None
        self._open = ExitStack()

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def run(self, planned: Planned, resolved: RunConfig, *, renew: bool) -> dict[str, Any]:
        """Run one cell, or go on with it; returns its summary. Raises as `run_cell` and `open_parts` do."""
        live = self._parts_of(resolved).cell(resolved, planned.seed, planned.id)
        live = replace(live, renew=renew, matched=matched_cell(planned.config, planned.seed))
        try:
            return finish(live, run_cell(live), planned, self.manager)
        finally:
            for objective in live.objectives.values():
                objective.close()

    def _parts_of(self, resolved: RunConfig) -> Parts:
        group = group_key(resolved)
        if self._parts is None or group != self._group:
            self._parts = None
            self._open.close()
            self._parts = self._open.enter_context(open_parts(resolved, self.manager, self.store, self.progress))
            self._group = group
        return self._parts
