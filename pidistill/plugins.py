"""The plugin manager: what is installed, by name, and what is switched off and why.

`get_manager()` is the one for this process; everything that is named in a configuration (domain, engine, objective, PI
form, sandbox, command) is looked up here. Finding and checking plugins is `discovery.py`'s work; this file settles
clashes, makes the objects behind the specs, and calls observers (the fourth layer of isolation).

Clashes. A name belongs to the core first, then to the distribution named `pidistill-<name>`; a claim of anyone else is
switched off and reported. Where neither holds a claim, nobody gets the name, and using it is an error that names both
packages. The same rule settles two plugins with one entry-point name.

`PIDISTILL_DISABLE_PLUGINS=a,b` switches plugins off by entry-point or package name, before they are imported.
"""

from __future__ import annotations

import functools
import importlib.metadata
import logging
import os
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TypeVar, cast

from pidistill import __version__, builtin
from pidistill.contracts import Domain, Objective, PIForm, Sandbox, Selector, Spec
from pidistill.discovery import (
    OBSERVERS,
    Kind,
    Plugin,
    PluginProblem,
    installed_entry_points,
    iter_specs,
    load_entry_point,
    load_plugin,
    one_line,
    package_of,
)
from pidistill.errors import MissingDependencyError, PidistillError, PluginError, unknown_name
from pidistill.parts import make, name_of
from pidistill.records import JSON
from pidistill.requirements import extra_of, normalised

DISABLE = "PIDISTILL_DISABLE_PLUGINS"
CORE = "core"
LISTING = "pidistill plugins"
RECIPES = "pidistill recipes"

T = TypeVar("T")
log = logging.getLogger(__name__)


class Manager:
    """The plugins of one process. Made with explicit entry points in tests, by `get_manager()` otherwise.

    Look-ups raise `UsageError` for a name that nobody registers (with the nearest that somebody does), and
    `PluginError`, naming the package, for one that is claimed twice or whose object cannot be made.
    """

    def __init__(
        self, entry_points: Sequence[importlib.metadata.EntryPoint] | None = None, disabled: Sequence[str] | None = None
    ) -> None:
        self._problems: list[PluginProblem] = []
        if entry_points is None:
            entry_points, unreadable = installed_entry_points()
            self._problems += unreadable
        if disabled is None:
            disabled = [name.strip() for name in os.environ.get(DISABLE, "").split(",") if name.strip()]
        self.disabled: tuple[str, ...] = tuple(disabled)
        """Names given in `PIDISTILL_DISABLE_PLUGINS`, whether or not such a plugin is installed."""

        core = load_plugin(CORE, "pidistill", __version__, lambda: builtin)
        if isinstance(core, PluginProblem):
            raise PluginError(f"pidistill's own registrations are broken: {core.reason}", "Reinstall pidistill.")
        loaded = [core]
        for point in entry_points:
            if point.name in self.disabled or package_of(point) in self.disabled:
                continue
            outcome = load_entry_point(point)
            if isinstance(outcome, Plugin):
                loaded.append(outcome)
            else:
                self._problems.append(outcome)
        self._plugins = self._settle_plugins(loaded)
        self._clashes: dict[tuple[Kind, str], str] = {}
        self._owners = self._settle_specs()
        self._made: dict[tuple[Kind, str, str], object] = {}
        self._failed_observers: set[tuple[str, str]] = set()

    # --- What there is ----------------------------------------------------------------------------------------------

    def plugins(self) -> Sequence[Plugin]:
        """The plugins that are on: the core first, then by name."""
        return self._plugins

    def problems(self) -> Sequence[PluginProblem]:
        """What is switched off and why, and which observers have failed so far."""
        return tuple(self._problems)

    def specs(self, kind: Kind) -> dict[str, Spec]:
        """Name -> spec of everything usable of one kind, by name."""
        return {name: spec for (of, name), (spec, _) in sorted(self._owners.items()) if of is kind}

    def domains(self) -> dict[str, Spec]:
        """Registered domains by name."""
        return self.specs(Kind.DOMAIN)

    def commands(self) -> dict[str, Spec]:
        """Extra `pidistill` subcommands by name."""
        return self.specs(Kind.COMMAND)

    # --- Objects by name --------------------------------------------------------------------------------------------

    def domain(self, name: str) -> Domain:
        """The domain; one instance per process."""
        return self._object(Kind.DOMAIN, name, Domain)  # type: ignore[type-abstract]

    def objective(self, name: str) -> Objective:
        """The objective; one instance per process."""
        return self._object(Kind.OBJECTIVE, name, Objective)  # type: ignore[type-abstract]

    def sandbox(self, name: str) -> Sandbox:
        """The sandbox; one instance per process."""
        return self._object(Kind.SANDBOX, name, Sandbox)  # type: ignore[type-abstract]

    def selector(self, text: str) -> Selector:
        """The selector that `text` names, with its settings."""
        return self._object(Kind.SELECTOR, text, Selector)  # type: ignore[type-abstract]

    def recipe(self, name: str) -> Path:
        """The file of a recipe."""
        spec, plugin = self._find(Kind.RECIPE, name)
        package, _, file = spec.factory.partition(":")
        path = self._guard(f"recipe {name!r}", plugin, lambda: Path(str(resources.files(package) / file)))
        if not path.is_file():
            raise PluginError(f"{plugin.origin}: recipe {name!r} has no file {path}.", f"Reinstall {plugin.package}.")
        return path

    def spec(self, kind: Kind, name: str) -> Spec:
        """The spec of that name. Imports nothing, so it is the quick way to check a name."""
        return self._find(kind, name)[0]

    def owner(self, kind: Kind, name: str) -> str:
        """The distribution that registers `name`."""
        return self._find(kind, name)[1].package

    def factory(self, kind: Kind, name: str) -> Callable[..., object]:
        """The imported factory of any spec; engines are made with it, since whoever makes one must close it.

        Raises `MissingDependencyError` where an extra of the core is not installed.
        """
        return self._load(kind, *self._find(kind, name))

    def pi_forms(self, domain: str | None = None) -> dict[str, Spec]:
        """PI forms by name: the registered ones and, for a domain, its own.

        A domain's form under a registered form's name is switched off and becomes a problem.
        """
        forms = self.specs(Kind.PI_FORM)
        if domain is None:
            return forms
        _, plugin = self._find(Kind.DOMAIN, domain)
        for spec in self._guard(f"domain {domain!r}", plugin, self.domain(domain).pi_forms):
            if (Kind.PI_FORM, spec.name) in self._owners:
                owner = self._owners[Kind.PI_FORM, spec.name][1]
                reason = f"PI form {spec.name!r} of domain {domain!r} is off: {owner.origin} has one of that name"
                self._report(plugin.problem(reason))
                continue
            forms[spec.name] = spec
        return forms

    def pi_form(self, text: str, domain: str | None = None) -> PIForm:
        """The PI form that `text` names with its settings, registered or of `domain`; one instance per process."""
        name = name_of(text)
        if (Kind.PI_FORM, name) in self._owners or (Kind.PI_FORM, name) in self._clashes:
            return self._object(Kind.PI_FORM, text, PIForm)  # type: ignore[type-abstract]
        forms = self.pi_forms(domain)
        if domain is None or name not in forms:
            raise unknown_name("PI form", name, forms, LISTING)
        plugin = self._find(Kind.DOMAIN, domain)[1]
        return self._make(Kind.PI_FORM, text, forms[name], plugin, PIForm, scope=domain)  # type: ignore[type-abstract]

    def call(self, kind: Kind, name: str, method: Callable[[], T]) -> T:
        """`method()` of an object looked up here; what it raises becomes a `PluginError` that names the package."""
        return self._guard(f"{kind} {name!r}", self._find(kind, name)[1], method)

    # --- Observers --------------------------------------------------------------------------------------------------

    def observe(self, hook: str, **arguments: object) -> None:
        """Call an observer hook of each plugin alone.

        A failure is logged as a warning and becomes a problem, once for a plugin and hook, and cannot fail the caller.
        """
        for _ in self._observations(hook, arguments):
            pass

    def has_report_sections(self) -> bool:
        """Whether any plugin may give sections for a report."""
        return any("pidistill_report_sections" in plugin.observers for plugin in self._plugins)

    def report_sections(self, report: Mapping[str, JSON]) -> list[tuple[str, str]]:
        """Extra (title, Markdown) sections that plugins give for a report; a malformed one is left out and reported."""
        hook, sections = "pidistill_report_sections", list[tuple[str, str]]()
        for plugin, returned in self._observations(hook, {"report": report}):
            for section in returned if isinstance(returned, list | tuple) else [returned]:
                match section:
                    case (str() as title, str() as text):
                        sections.append((title, text))
                    case _:
                        self._report(
                            plugin.problem(f"{hook} returned {type(section).__name__}, not (title, text) pairs")
                        )
        return sections

    def _observations(self, hook: str, arguments: Mapping[str, object]) -> Iterator[tuple[Plugin, object]]:
        assert hook in OBSERVERS, hook
        for plugin in self._plugins:
            if hook not in plugin.observers:
                continue
            try:
                results = getattr(plugin.hooks.hook, hook)(**arguments)
            except (Exception, SystemExit) as error:  # layer 4
                if (plugin.name, hook) not in self._failed_observers:
                    self._failed_observers.add((plugin.name, hook))
                    reason = f"{hook} raised {one_line(error)} (the run went on)"
                    self._report(plugin.problem(reason, traceback.format_exc()))
                continue
            yield from ((plugin, result) for result in results)

    # --- Settling and making ----------------------------------------------------------------------------------------

    def _report(self, problem: PluginProblem) -> None:
        """Record a problem met after loading, and warn of it once."""
        if problem not in self._problems:
            self._problems.append(problem)
            log.warning("plugin %s (%s %s): %s", problem.name, problem.package, problem.version, problem.reason)

    def _settle_plugins(self, loaded: Sequence[Plugin]) -> tuple[Plugin, ...]:
        """The plugins left once those that share an entry-point name are settled."""
        by_name: dict[str, list[Plugin]] = defaultdict(list)
        for plugin in loaded:
            by_name[plugin.name].append(plugin)
        kept: list[Plugin] = []
        for name, claims in by_name.items():
            winner = _rightful(name, claims)
            kept += [winner] if winner else []
            for plugin in claims:
                if plugin is not winner:
                    reason = f"plugin name {name!r} is also claimed by {_others(plugin, claims)}; {_outcome(winner)}"
                    self._problems.append(plugin.problem(reason))
        return tuple(kept)

    def _settle_specs(self) -> dict[tuple[Kind, str], tuple[Spec, Plugin]]:
        """Who owns each name. Fills `_clashes` for the names that nobody gets."""
        claims: dict[tuple[Kind, str], list[tuple[Spec, Plugin]]] = defaultdict(list)
        for kind, spec, plugin in iter_specs(self._plugins):
            claims[kind, spec.name].append((spec, plugin))
        owners: dict[tuple[Kind, str], tuple[Spec, Plugin]] = {}
        for (kind, name), claimed in claims.items():
            plugins = [plugin for _, plugin in claimed]
            winner = _rightful(name, plugins)
            if winner is not None:
                owners[kind, name] = claimed[plugins.index(winner)]
            else:
                both = " and ".join(plugin.origin for plugin in plugins)
                self._clashes[kind, name] = f"The {kind} {name!r} is claimed by {both}; neither gets the name."
            for plugin in plugins:
                if plugin is not winner:
                    reason = f"{kind} {name!r} is also claimed by {_others(plugin, plugins)}; {_outcome(winner)}"
                    self._problems.append(plugin.problem(reason))
        return owners

    def _find(self, kind: Kind, name: str) -> tuple[Spec, Plugin]:
        if (kind, name) in self._clashes:
            hint = f"Uninstall one of them, or switch one off: {DISABLE}=<package>"
            raise PluginError(self._clashes[kind, name], hint)
        if (kind, name) not in self._owners:
            listing = RECIPES if kind is Kind.RECIPE else LISTING
            raise unknown_name(str(kind), name, self.specs(kind), listing)
        return self._owners[kind, name]

    def _object(self, kind: Kind, text: str, expected: type[T]) -> T:
        return self._make(kind, text, *self._find(kind, name_of(text)), expected)

    def _make(self, kind: Kind, text: str, spec: Spec, plugin: Plugin, expected: type[T], scope: str = "") -> T:
        """The object behind a spec, with the settings in `text`, made once. `scope`: the domain whose own it is."""
        key = (kind, scope, text)
        if key not in self._made:
            factory = self._load(kind, spec, plugin)
            made = self._guard(f"{kind} {spec.name!r}", plugin, lambda: make(factory, text, str(kind)))
            if not isinstance(made, expected):
                raise PluginError(
                    f"{plugin.origin}: {spec.factory} of {kind} {spec.name!r} made a {type(made).__name__}, "
                    f"not a pidistill.contracts.{expected.__name__}."
                )
            self._made[key] = made
        return cast(T, self._made[key])

    def _load(self, kind: Kind, spec: Spec, plugin: Plugin) -> Callable[..., object]:
        what = f"{kind} {spec.name!r}"
        try:
            return self._guard(what, plugin, spec.load)
        except PluginError as error:
            missing = error.__cause__
            if plugin.name == CORE and isinstance(missing, ModuleNotFoundError):
                package = (missing.name or "").partition(".")[0]
                if extra := extra_of(package):
                    raise MissingDependencyError(package, extra, f"The {what}") from error
            raise

    def _guard(self, what: str, plugin: Plugin, call: Callable[[], T]) -> T:
        """`call()`, with whatever a foreign object raises turned into a `PluginError` that names the package."""
        try:
            return call()
        except PidistillError:
            raise
        except Exception as error:
            hint = f"The traceback: run the same command with --debug. Switch it off: {DISABLE}={plugin.name}"
            raise PluginError(f"{plugin.origin}: {what} failed: {one_line(error)}", hint) from error


@functools.cache
def get_manager() -> Manager:
    """The manager of this process. Worker processes have their own."""
    return Manager()


def _rightful(name: str, claims: Sequence[Plugin]) -> Plugin | None:
    """The one of `claims` that `name` belongs to; None where it belongs to nobody."""
    if len(claims) == 1:
        return claims[0]
    for rightful in (
        [plugin for plugin in claims if plugin.name == CORE and plugin.package == "pidistill"],
        [plugin for plugin in claims if normalised(plugin.package) == f"pidistill-{name}"],
    ):
        if len(rightful) == 1:
            return rightful[0]
    return None


def _others(plugin: Plugin, claims: Sequence[Plugin]) -> str:
    return " and ".join(other.origin for other in claims if other is not plugin)


def _outcome(winner: Plugin | None) -> str:
    return f"it stays with {winner.origin}" if winner else "neither gets it"
