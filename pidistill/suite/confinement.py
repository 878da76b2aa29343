"""Which sandbox a domain's verifier gets: found once, on the host, before anything is sampled.

Workers are told the name of a sandbox that has just been seen to work. So a machine without one stops a run with a line
that says what to install, and not with workers that die after minutes of sampling; `auto` tries to break out of its
candidates once and not once per worker; and all workers of a run, and its cells, name one and the same sandbox.
"""

from __future__ import annotations

from pidistill.contracts import Domain, Sandbox
from pidistill.discovery import Kind
from pidistill.plugins import Manager

STRONGEST = "auto"
"""The sandbox that is asked for where a domain needs one and none was named."""


def find_sandbox(manager: Manager, domain: Domain, wanted: str | None) -> str | None:
    """The name of the sandbox for `domain`: `wanted`, or what it stands for; None where the domain needs none.

    Opens it once where the domain runs untrusted code. Raises `UsageError` for an unknown name and `SandboxError`, one
    line with what to install, where it does not work here: nothing weaker is taken in its place.
    """
    if not domain.needs_sandbox:
        if wanted is not None:
            manager.spec(Kind.SANDBOX, wanted)
        return wanted
    name = wanted or STRONGEST
    sandbox = manager.sandbox(name)
    chosen: Sandbox = manager.call(Kind.SANDBOX, name, sandbox.chosen)
    if chosen is sandbox:
        manager.call(Kind.SANDBOX, name, lambda: sandbox.open().close())
    return chosen.name


def sandbox_factory(manager: Manager, name: str | None) -> str | None:
    """The `"package.module:Class"` of a sandbox's name, so that a worker imports just that."""
    return manager.spec(Kind.SANDBOX, name).factory if name is not None else None
