"""The `auto` sandbox: the strongest one that passes its self-check here. None passing is an error, never a bare exec.

Strongest first: a container also has the kernel's own limits on memory and processes for all of it together; bubblewrap
and `process` isolate alike, and of the two bubblewrap's walls have been looked at by more people.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import ClassVar

from pidistill.contracts import Sandbox
from pidistill.errors import SandboxError
from pidistill.sandbox import Session
from pidistill_sandboxes.bubblewrap import BubblewrapSandbox
from pidistill_sandboxes.docker import DockerSandbox
from pidistill_sandboxes.process import ProcessSandbox

STRONGEST_FIRST: tuple[type[Sandbox], ...] = (DockerSandbox, BubblewrapSandbox, ProcessSandbox)


class AutoSandbox(Sandbox):
    """Stands for the sandbox that `choose` finds, once per process. A run asks `chosen` once and names that one."""

    name: ClassVar[str] = "auto"
    stands_for: ClassVar[tuple[str, ...]] = tuple(kind.name for kind in STRONGEST_FIRST)

    def chosen(self) -> Sandbox:
        """The strongest. Raises `SandboxError` that says of each why not, and what to install, on one line."""
        return choose()

    def open(self) -> Session:
        """A session of the chosen sandbox. Raises as `chosen` does."""
        return choose().open()

    def self_check(self) -> Mapping[str, bool]:
        """That of the chosen sandbox, tried anew."""
        return choose().self_check()


@functools.cache
def choose() -> Sandbox:
    """The first of `STRONGEST_FIRST` whose self-check holds in every point. Takes seconds; raises as `chosen` does."""
    return strongest(tuple(kind() for kind in STRONGEST_FIRST))


def strongest(candidates: tuple[Sandbox, ...]) -> Sandbox:
    """The first of `candidates` whose self-check holds in every point."""
    reasons = []
    for sandbox in candidates:
        try:
            failed = [what for what, held in sandbox.self_check().items() if not held]
        except SandboxError as error:
            reasons.append(f"{sandbox.name}: {' '.join(error.message.split()).rstrip('.')}")
            continue
        if not failed:
            return sandbox
        reasons.append(f"{sandbox.name}: does not hold: {', '.join(failed)}")
    raise SandboxError(
        f"No sandbox works here, and programs are not run without one ({'; '.join(reasons)}).",
        "Install one: apt-get install bubblewrap, or Docker and then: pidistill sandbox build. "
        "What is missing in each: pidistill sandbox check",
    )
