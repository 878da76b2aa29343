"""Finds installed plugins and checks each one alone, so that a broken package switches off itself and nothing else.

The first three of the four layers of isolation live here (the fourth, observers, is `plugins.Manager.observe`):

1. Entry points are read and imported one by one: a package with unreadable metadata or a failing import is one problem.
2. Each plugin is checked in a pluggy manager of its own: an unknown hook argument, a misspelt hook, a forgotten
   `@hookimpl`, an async or wrapping hook is one problem.
3. Each register hook is called for that plugin alone: raising, or returning anything but specs of this API, is one
   problem.

A plugin is all in or all off. What happens when two sound plugins claim one name is `plugins.py`'s to settle.
"""

from __future__ import annotations

import enum
import importlib.metadata
import inspect
import re
import traceback
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pluggy

from pidistill import hookspecs
from pidistill.contracts import API, Spec
from pidistill.errors import did_you_mean
from pidistill.requirements import normalised

GROUP = "pidistill"
UNKNOWN = "unknown"


class Kind(enum.StrEnum):
    """What a spec makes. The value is the word used in messages."""

    DOMAIN = "domain"
    PI_FORM = "PI form"
    SANDBOX = "sandbox"
    ENGINE = "engine"
    OBJECTIVE = "objective"
    SELECTOR = "selector"
    RECIPE = "recipe"
    COMMAND = "command"

    @property
    def hook(self) -> str:
        """The hook that registers specs of this kind."""
        return "pidistill_register_" + {Kind.SANDBOX: "sandboxes"}.get(self, f"{self.value.lower().replace(' ', '_')}s")


HOOKS = frozenset(name for name in vars(hookspecs) if name.startswith("pidistill_"))
OBSERVERS = HOOKS - {kind.hook for kind in Kind}


@dataclass(frozen=True)
class PluginProblem:
    """A plugin, or a part of one, that is switched off, and why."""

    name: str
    """The entry point's name."""
    package: str
    version: str
    reason: str
    """One line for a person."""
    traceback: str = ""


@dataclass(frozen=True)
class Plugin:
    """A plugin that passed all checks, and what it registers."""

    name: str
    package: str
    version: str
    hooks: pluggy.PluginManager = field(repr=False, compare=False)
    """A manager that holds this plugin only."""
    specs: Mapping[Kind, tuple[Spec, ...]] = field(default_factory=dict)
    observers: tuple[str, ...] = ()
    """Names of the observer hooks it implements."""

    @property
    def origin(self) -> str:
        """Package and version, as messages give them."""
        return f"{self.package} {self.version}"

    def problem(self, reason: str, trace: str = "") -> PluginProblem:
        """A problem of this plugin."""
        return PluginProblem(self.name, self.package, self.version, reason, trace)


class _BrokenError(Exception):
    """Why a plugin is off. Never leaves this file."""


def installed_entry_points() -> tuple[list[importlib.metadata.EntryPoint], list[PluginProblem]]:
    """The entry points of group `pidistill`, by name, and the packages whose entry points cannot be read.

    Not `importlib.metadata.entry_points`, which raises for all packages when one has a malformed file.
    """
    found: list[importlib.metadata.EntryPoint] = []
    problems: list[PluginProblem] = []
    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        try:
            text = distribution.read_text("entry_points.txt") or ""
        except (OSError, UnicodeDecodeError):
            continue  # nothing says that this package is ours
        if not re.search(rf"^\s*\[\s*{GROUP}\s*\]", text, re.MULTILINE):
            continue
        package, version = _identity(distribution)
        key = normalised(package)
        if key in seen:  # a second copy further down sys.path, which import does not see either
            continue
        seen.add(key)
        try:
            found += [point for point in distribution.entry_points if point.group == GROUP]
        except Exception as error:  # layer 1: metadata written by someone else
            reason = f"its entry_points.txt cannot be read: {one_line(error)}"
            problems.append(PluginProblem(UNKNOWN, package, version, reason, traceback.format_exc()))
    return sorted(found, key=lambda point: (point.name, _identity(point.dist))), problems


def package_of(point: importlib.metadata.EntryPoint) -> str:
    """The distribution that an entry point comes from."""
    return _identity(point.dist)[0]


def load_entry_point(point: importlib.metadata.EntryPoint) -> Plugin | PluginProblem:
    """The checked plugin behind an entry point, or what is wrong with it."""
    return load_plugin(point.name, *_identity(point.dist), point.load)


def load_plugin(name: str, package: str, version: str, get: Callable[[], object]) -> Plugin | PluginProblem:
    """The checked plugin that `get` imports, or what is wrong with it. Raises nothing."""
    try:
        plugin = _import(get)
        manager = _register(plugin, name)
        specs = {kind: specs for kind in Kind if (specs := _collect(manager, kind))}
    except _BrokenError as broken:
        cause = broken.__cause__
        trace = "".join(traceback.format_exception(cause)) if cause is not None else ""
        return PluginProblem(name, package, version, str(broken), trace)
    observers = tuple(sorted(hook for hook in OBSERVERS if getattr(manager.hook, hook).get_hookimpls()))
    return Plugin(name, package, version, manager, specs, observers)


def _import(get: Callable[[], object]) -> object:
    try:
        return get()
    except (Exception, SystemExit) as error:  # layer 1
        raise _BrokenError(f"import failed: {one_line(error)}") from error


def _register(plugin: object, name: str) -> pluggy.PluginManager:
    """A manager holding `plugin` alone, once all its hooks are known to be callable."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, name)
    except Exception as error:  # layer 2: pluggy's own checks, and attribute access on a foreign object
        text = " ".join(str(error).split())
        raise _BrokenError(f"a hook does not fit its specification: {text}") from error
    callers = manager.get_hookcallers(plugin) or []
    for caller in callers:
        for implementation in caller.get_hookimpls():
            hook, function = caller.name, implementation.function
            if hook not in HOOKS and not implementation.optionalhook:
                raise _BrokenError(f"unknown hook {hook!r}.{did_you_mean(hook, HOOKS)}")
            if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
                raise _BrokenError(f"{hook} is async; hooks are called synchronously")
            if implementation.wrapper or implementation.hookwrapper:
                raise _BrokenError(f"{hook} is a wrapper; each plugin is called alone, so there is nothing to wrap")
    marked = {caller.name for caller in callers}
    for hook in sorted(HOOKS - marked):
        function = inspect.getattr_static(plugin, hook, None)
        if isinstance(function, types.FunctionType) and not hasattr(function, f"{hookspecs.PROJECT}_spec"):
            raise _BrokenError(f"{hook} lacks the @pidistill.hookimpl marker")
    if not marked:
        raise _BrokenError("it implements no hook; see pidistill/hookspecs.py for their names")
    return manager


def _collect(manager: pluggy.PluginManager, kind: Kind) -> tuple[Spec, ...]:
    """The specs of one kind that the manager's only plugin registers."""
    caller = getattr(manager.hook, kind.hook)
    if not caller.get_hookimpls():
        return ()
    try:
        results = caller()
    except (Exception, SystemExit) as error:  # layer 3
        raise _BrokenError(f"{kind.hook} raised {one_line(error)}") from error
    returned = results[0] if results else None
    if inspect.iscoroutine(returned):
        returned.close()
        raise _BrokenError(f"{kind.hook} returned a coroutine; hooks are called synchronously")
    if not isinstance(returned, Sequence) or isinstance(returned, str | bytes):
        raise _BrokenError(f"{kind.hook} returned {type(returned).__name__}, not a list of pidistill.contracts.Spec")
    names: set[str] = set()
    for spec in returned:
        _check_spec(spec, kind)
        if spec.name in names:
            raise _BrokenError(f"{kind.hook} returned two specs named {spec.name!r}")
        names.add(spec.name)
    return tuple(returned)


_FACTORIES = {Kind.RECIPE: (r"[\w.]+:[\w.+/-]+\.toml", "'package:NAME.toml'")}
"""How the factory of a kind that is no Python object is written."""


def _check_spec(spec: object, kind: Kind) -> None:
    if not isinstance(spec, Spec):
        raise _BrokenError(f"{kind.hook} returned an item of type {type(spec).__name__}, not pidistill.contracts.Spec")
    if not isinstance(spec.name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_.+-]*", spec.name):
        raise _BrokenError(f"{kind.hook}: {spec.name!r} is no name: lower-case letters, digits, '-', '_', '+' and '.'")
    if spec.api != API:
        raise _BrokenError(f"{kind} {spec.name!r} is made for API {spec.api!r}; this pidistill has API {API}")
    pattern, form = _FACTORIES.get(kind, (r"[\w.]+:\w+", "'package.module:Class'"))
    if not isinstance(spec.factory, str) or not re.fullmatch(pattern, spec.factory):
        raise _BrokenError(f"{kind} {spec.name!r}: factory {spec.factory!r} is not {form}")
    if not isinstance(spec.summary, str):
        raise _BrokenError(f"{kind} {spec.name!r}: summary is {type(spec.summary).__name__}, not text")


def _identity(distribution: importlib.metadata.Distribution | None) -> tuple[str, str]:
    """Package and version, `unknown` where the metadata does not say."""
    if distribution is None:
        return UNKNOWN, UNKNOWN
    try:
        return distribution.metadata["Name"] or UNKNOWN, distribution.metadata["Version"] or UNKNOWN
    except Exception:  # layer 1: a missing METADATA file surfaces as TypeError, KeyError or OSError by Python version
        return UNKNOWN, UNKNOWN


def one_line(error: BaseException) -> str:
    """Type and first line of an error."""
    lines = str(error).split("\n")
    return f"{type(error).__name__}: {lines[0].strip()}" if lines[0].strip() else type(error).__name__


def iter_specs(plugins: Sequence[Plugin]) -> Iterator[tuple[Kind, Spec, Plugin]]:
    """Every spec of every plugin."""
    for plugin in plugins:
        for kind, specs in plugin.specs.items():
            for spec in specs:
                yield kind, spec, plugin
