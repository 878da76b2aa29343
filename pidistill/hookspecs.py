"""Every hook that pidistill calls, in one file. Thin hooks, thick objects: see `contracts` for the objects.

A plugin is a module (distribution `pidistill-<name>`, entry-point group `pidistill`) with functions of these names,
marked with `pidistill.hookimpl`. It may take any subset of a hook's arguments. All hooks are there since 0.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from pidistill.contracts import Spec
    from pidistill.records import JSON, Problem, Rollout, Verdict

PROJECT = "pidistill"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def pidistill_register_domains() -> Sequence[Spec]:  # type: ignore[empty-body]
    """Specs whose factories make a `contracts.Domain`, called without arguments."""


@hookspec
def pidistill_register_pi_forms() -> Sequence[Spec]:  # type: ignore[empty-body]
    """Specs of domain-free PI forms (`contracts.PIForm`). A domain's own forms come from `Domain.pi_forms`."""


@hookspec
def pidistill_register_sandboxes() -> Sequence[Spec]:  # type: ignore[empty-body]
    """Specs of sandboxes (`contracts.Sandbox`)."""


@hookspec
def pidistill_register_engines() -> Sequence[Spec]:  # type: ignore[empty-body]
    """Specs of engines: factories called as `factory(model: ModelRef, config: EngineConfig)` -> `contracts.Engine`."""


@hookspec
def pidistill_register_objectives() -> Sequence[Spec]:  # type: ignore[empty-body]
    """Specs of objectives (`contracts.Objective`), factories called without arguments."""


@hookspec
def pidistill_register_selectors() -> Sequence[Spec]:  # type: ignore[empty-body]
    """Specs of selectors (`contracts.Selector`): frozen dataclasses whose fields are their settings."""


@hookspec
def pidistill_register_recipes() -> Sequence[Spec]:  # type: ignore[empty-body]
    """Specs of recipes: a spec's factory is `"package:recipes/NAME.toml"`. See `authoring.recipes`."""


@hookspec
def pidistill_register_commands() -> Sequence[Spec]:  # type: ignore[empty-body]
    """Specs of extra `pidistill` subcommands: factories *are* click commands, imported when the command is called."""


@hookspec
def pidistill_verdict(problem: Problem, rollout: Rollout, verdict: Verdict) -> None:
    """Observer: one rollout has been judged and stored. Its failure is reported once and cannot fail the run."""


@hookspec
def pidistill_cell_started(cell: Mapping[str, JSON]) -> None:
    """Observer: a cell (recipe, domain, model, seed) starts or resumes."""


@hookspec
def pidistill_cell_finished(cell: Mapping[str, JSON], summary: Mapping[str, JSON]) -> None:
    """Observer: a cell is done; `summary` is its `summary.json`."""


@hookspec
def pidistill_report_sections(report: Mapping[str, JSON]) -> Sequence[tuple[str, str]]:  # type: ignore[empty-body]
    """Observer: extra (title, Markdown) sections for a report."""
