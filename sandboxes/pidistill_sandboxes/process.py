"""The `process` sandbox: namespaces, a root of its own, Landlock, seccomp and limits, with nothing installed for it.

Needs Linux 5.12 or later on x86-64 or 64-bit ARM, and either user namespaces for everybody or root. Where one of them
is missing it does not open, and says which protections are.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Mapping
from typing import ClassVar

from pidistill.contracts import Sandbox
from pidistill.errors import SandboxError
from pidistill.records import JSON
from pidistill_sandboxes.guest import HOST_PYTHON_FLAGS, ProcessGuest, host_python
from pidistill_sandboxes.inside.rooms import interpreter_view
from pidistill_sandboxes.session import WarmSession

TMP_BYTES = 64 << 20
"""All files that a program has at one time."""


class ProcessSandbox(Sandbox):
    """Forks each program from a warm interpreter in namespaces of its own."""

    name: ClassVar[str] = "process"

    def open(self) -> WarmSession:
        """A session. Raises `SandboxError` that lists the protections this system cannot give."""
        if not sys.platform.startswith("linux"):
            raise SandboxError("The process sandbox needs Linux.", "Use Docker: --sandbox docker")
        view, masks = interpreter_view(os.path.realpath(sys.base_prefix))
        config: dict[str, JSON] = {"room": True, "scratch": ["/tmp"], "tmp_bytes": TMP_BYTES}
        config |= {"view": list(view), "masks": list(masks), "outer_user": unused_user()}
        try:
            return WarmSession(lambda: ProcessGuest([host_python(), *HOST_PYTHON_FLAGS]), config)
        except SandboxError as error:
            raise SandboxError(
                f"The process sandbox cannot be had here. Missing protections: {error.message}",
                "Allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "
                "kernel.apparmor_restrict_unprivileged_userns), or try: --sandbox docker",
            ) from error

    def self_check(self) -> Mapping[str, bool]:
        """Protection -> whether it held when tried just now."""
        from pidistill_sandboxes.selfcheck import check

        return check(self)


def unused_user() -> int:
    """A user number for whoever started as root: nobody's, and another for each session, so that limits are apart."""
    return random.SystemRandom().randrange(0x4000_0000, 0x7000_0000) if os.geteuid() == 0 else os.geteuid()
