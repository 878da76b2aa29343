"""Lean runtimes: which there are, which work here, and how to open one.

Each is a module with a class and a `look()`. `auto` takes the first that works, in the order of `names()`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from pidistill.errors import VerifierError, unknown_name
from pidistill_lean.protocol import Runtime

_RUNTIMES = {
    "native": "pidistill_lean.runtimes.native:NativeRuntime",
    "wasm": "pidistill_lean.runtimes.wasm:WasmRuntime",
}
"""Best first: the native one has Mathlib."""


@dataclass(frozen=True)
class Look:
    """What was found of one runtime."""

    name: str
    works: bool
    found: str
    """Version and place, or what is missing."""
    hint: str = ""
    """The command that installs what is missing."""


def names() -> list[str]:
    """The runtimes, best first."""
    return list(_RUNTIMES)


def look() -> list[Look]:
    """Every runtime, looked at without starting it."""
    return [_look(name) for name in _RUNTIMES]


def open_runtime(name: str = "auto", **options: object) -> Runtime:
    """Open the runtime of that name, or the best that works.

    `options` go to its class. Raises `UsageError` for an unknown name, `VerifierError` where it, or with `auto` none,
    works here.
    """
    if name == "auto":
        seen = look()
        name = next((one.name for one in seen if one.works), "")
        if not name:
            raise VerifierError(
                "No Lean runtime works here: " + "; ".join(f"{one.name}: {one.found}" for one in seen) + ".",
                "Try: pidistill lean setup",
            )
    if name not in _RUNTIMES:
        raise unknown_name("Lean runtime", name, [*_RUNTIMES, "auto"], "pidistill lean look")
    module, _, kind = _RUNTIMES[name].partition(":")
    runtime: Runtime = getattr(importlib.import_module(module), kind)(**options)
    return runtime


def _look(name: str) -> Look:
    module = importlib.import_module(_RUNTIMES[name].partition(":")[0])
    works, found, hint = module.look()
    return Look(name, works, found, hint)
