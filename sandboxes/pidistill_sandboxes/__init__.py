"""Sandboxes for pidistill: `process`, `bubblewrap` and `docker`, and `auto`, the strongest of them that works here.

This module only registers. `session` is the trusted side of all of them, `inside` what runs behind the walls,
`selfcheck` tries to break out.
"""

from __future__ import annotations

from pidistill.contracts import Spec
from pidistill.hookspecs import hookimpl

__version__ = "0.1.0"


@hookimpl
def pidistill_register_sandboxes() -> list[Spec]:
    """The three sandboxes, and the choice among them."""
    return [
        Spec("auto", "The strongest sandbox that passes its self-check here.", "pidistill_sandboxes.auto:AutoSandbox"),
        Spec("docker", "A container without network or privileges.", "pidistill_sandboxes.docker:DockerSandbox"),
        Spec("bubblewrap", "bwrap, everything unshared.", "pidistill_sandboxes.bubblewrap:BubblewrapSandbox"),
        Spec("process", "Namespaces, seccomp and Landlock.", "pidistill_sandboxes.process:ProcessSandbox"),
    ]


@hookimpl
def pidistill_register_commands() -> list[Spec]:
    """`pidistill sandbox`: make images, run self-checks."""
    return [Spec("sandbox", "Build sandbox images, check sandboxes.", "pidistill_sandboxes.command:group")]
