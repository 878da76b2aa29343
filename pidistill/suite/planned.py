"""A planned cell: named from its configuration alone, and looked up in the store without opening anything.

A finished cell is one whose summary stands on records that are all there, and whose parts are still those that it was
run with. What can be compared without opening a model or a worker is compared here: the installed packages, and the
code that the verifier is made of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pidistill.cell import differences, stale
from pidistill.config import RunConfig
from pidistill.plugins import Manager
from pidistill.provenance import code_identity
from pidistill.records import JSON
from pidistill.store.store import Store
from pidistill.suite.parts import packages


@dataclass(frozen=True)
class Planned:
    """One cell of a comparison."""

    config: RunConfig
    """As given, defaults that depend on the domain unresolved."""
    seed: int
    name: str = ""
    """The cell's name, where it is known already."""

    @property
    def id(self) -> str:
        """The cell's name. Nothing is opened for it."""
        return self.name or self.config.cell_id(self.seed)


def plan(configs: Sequence[RunConfig]) -> list[Planned]:
    """The cells of `configs`, arm by arm and seed by seed; one that is asked for twice is there once."""
    cells = [
        Planned(config, seed, name)
        for config in configs
        for seed, name in zip(config.seeds, config.cell_ids(config.seeds), strict=True)
    ]
    return list({cell.id: cell for cell in cells}.values())


def outside(config: RunConfig, manager: Manager) -> dict[str, JSON]:
    """The part of a cell's provenance that is known without opening anything."""
    return outside_of(config.domain, manager)


def outside_of(domain: str, manager: Manager) -> dict[str, JSON]:
    """`outside`, which is the same for all cells of a domain."""
    modules = [manager.domains()[domain].factory.partition(":")[0]]
    code: dict[str, JSON] = {module.partition(".")[0]: code_identity(module) for module in modules}
    return {"packages": dict(packages(domain, manager)), "code": code}


def finished(
    cells: Sequence[Planned], store: Store, manager: Manager, *, renew: bool, as_is: bool
) -> dict[str, dict[str, Any]]:
    """Cell -> summary, for those that are finished. One with verdicts of ERROR is not, where it can be gone on with.

    Raises `StaleError` where a finished cell was made with other packages or another verifier than are installed now,
    unless it is to be run anew (`renew`) or taken `as_is`.
    """
    found, changed = look_up(cells, store, manager, renew=renew, as_is=as_is)
    if changed:
        raise stale(changed)
    return found


def look_up(
    cells: Sequence[Planned], store: Store, manager: Manager, *, renew: bool, as_is: bool
) -> tuple[dict[str, dict[str, Any]], dict[str, Mapping[str, tuple[JSON, JSON]]]]:
    """As `finished`, with the cells that are stale, and what changed, in place of an error."""
    found: dict[str, dict[str, Any]] = {}
    present: dict[str, dict[str, JSON]] = {}  # by domain: it is the same for all of its cells
    changed: dict[str, Mapping[str, tuple[JSON, JSON]]] = {}
    for cell in cells:
        summary = store.summary(cell.id)
        if summary is None:
            continue
        if cell.config.domain not in present:
            present[cell.config.domain] = outside(cell.config, manager)
        differs = differences(summary["outside"], present[cell.config.domain])
        if differs and renew:
            continue
        if summary["errors"] and not (as_is or store.read_only):
            continue  # what could not be judged is tried again
        if differs and not as_is:
            changed[cell.id] = differs
        found[cell.id] = summary
    return found, changed
