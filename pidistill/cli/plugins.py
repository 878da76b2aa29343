"""`pidistill plugins`: what is installed, and what is switched off and why. Imports no plugin's heavy parts."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from pidistill.cli.output import line, stdout
from pidistill.contracts import Spec
from pidistill.discovery import Kind, Plugin, PluginProblem
from pidistill.errors import PidistillError
from pidistill.plugins import DISABLE, Manager, get_manager


@click.command("plugins")
@click.option("-v", "--verbose", is_flag=True, help="Every object with its summary and source, and full tracebacks.")
def command(verbose: bool) -> None:
    """List what is installed: domains, engines, PI forms, and what is switched off and why.

    A broken plugin is reported here with its package, version and reason; everything else goes on working, so the exit
    code is 0 all the same. PIDISTILL_DISABLE_PLUGINS=a,b switches plugins off by name or package.
    """
    manager, console = get_manager(), stdout()
    if verbose:
        _print_objects(console, manager)
    else:
        _print_table(console, manager)
    _print_problems(console, manager, verbose)
    if manager.disabled:
        line(console, f"\n{DISABLE} switches off: {', '.join(manager.disabled)}")


def _print_table(console: Console, manager: Manager) -> None:
    table = Table("plugin", "package", "version", "registers", title="Plugins", title_justify="left")
    for plugin in manager.plugins():
        table.add_row(plugin.name, plugin.package, plugin.version, "\n".join(_registrations(plugin)))
    console.print(table)


def _registrations(plugin: Plugin) -> list[str]:
    lines = [
        f"{kind if len(specs) == 1 else f'{kind}es' if kind.endswith('x') else f'{kind}s'}: "
        + ", ".join(spec.name for spec in specs)
        for kind, specs in plugin.specs.items()
    ]
    return lines + ([f"observes: {', '.join(plugin.observers)}"] if plugin.observers else [])


def _print_objects(console: Console, manager: Manager) -> None:
    for plugin in manager.plugins():
        table = Table("kind", "name", "summary", title=f"{plugin.name} ({plugin.origin})", title_justify="left")
        table.add_column("made by", overflow="fold")
        for kind, specs in plugin.specs.items():
            for spec in specs:
                table.add_row(str(kind), spec.name, spec.summary, spec.factory)
        for domain in plugin.specs.get(Kind.DOMAIN, ()):
            for spec in _own_forms(manager, domain.name):
                table.add_row(f"PI form of {domain.name}", spec.name, spec.summary, spec.factory)
        for hook in plugin.observers:
            table.add_row("observer", hook, "", "")
        console.print(table)


def _own_forms(manager: Manager, domain: str) -> list[Spec]:
    """A domain's own PI forms; none where the domain cannot be made, which `pidistill doctor` reports."""
    try:
        forms = manager.pi_forms(domain)
    except PidistillError:
        return []
    return [spec for name, spec in forms.items() if name not in manager.specs(Kind.PI_FORM)]


def _print_problems(console: Console, manager: Manager, verbose: bool) -> None:
    problems = manager.problems()
    if not problems:
        return
    line(console, "\nSwitched off:", "bold")
    for problem in problems:
        line(console, f"  {describe(problem)}", "red")
        if verbose and problem.traceback:
            line(console, problem.traceback)
    if not verbose and any(problem.traceback for problem in problems):
        line(console, "Tracebacks: pidistill plugins --verbose")


def describe(problem: PluginProblem) -> str:
    """One line that names plugin, package, version and reason."""
    return f"{problem.name} (package {problem.package}, version {problem.version}): {problem.reason}"
