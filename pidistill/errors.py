"""Every error that pidistill raises on purpose.

A `PidistillError` is for a person: one message that names the file, problem or plugin, says what was wrong, and gives
the next command to try. The command line prints that message without a traceback and exits with `exit_code`. Anything
else that escapes is a bug and keeps its traceback.

No error here, or anywhere, ever becomes a score: a verifier that fails yields a verdict with status ERROR, outside the
denominator, and the loop goes on.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PidistillError(Exception):
    """Base of all of them. `hint` is the next thing to try, printed after the message."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(PidistillError):
    """The command, configuration or name given cannot be used as it is."""

    exit_code = 2


class RecordError(PidistillError, ValueError):
    """A record's content does not fit its type."""


class DataError(PidistillError):
    """A data file or data set cannot be read, or a row of it makes no sense."""


class OverlapError(PidistillError):
    """Training and evaluation problems overlap."""


class LeakError(PidistillError):
    """Privileged information was about to reach a student or evaluation prompt."""


class MissingDependencyError(PidistillError):
    """An optional package is not installed. The message carries the command that installs it."""

    def __init__(self, package: str, extra: str, why: str) -> None:
        super().__init__(f"{why} needs {package}, which is not installed.", f"Try: pip install 'pidistill[{extra}]'")


class PluginError(PidistillError):
    """A plugin is broken, or two plugins claim one name."""


class EngineError(PidistillError):
    """An engine cannot load its model or make rollouts."""


class VerifierError(PidistillError):
    """A verifier cannot be opened, or its worker keeps dying before it does any work."""


class SandboxError(PidistillError):
    """A sandbox cannot be opened, or has failed at its own work. Never what the candidate's program did."""


class StoreError(PidistillError):
    """The store on disk cannot be read or is in use."""


class HeldError(StoreError):
    """A cell is being run by another process."""


class StaleError(PidistillError):
    """Cells began with another model, verifier, data or package than are here now."""


class StarvedError(PidistillError):
    """A stage could not take a single optimizer step: nothing that it may train on came out of what it may draw."""

    exit_code = 3


class GuardError(PidistillError):
    """A guard stopped a run that would have gone on in vain. What was made is kept."""

    exit_code = 3


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """' Did you mean X?' for the nearest of `known`, or '' when nothing is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def unknown_name(kind: str, name: str, known: Iterable[str], listing: str) -> UsageError:
    """The error for a misspelt recipe, domain, engine or PI form. `listing`: the command that lists the right ones."""
    names = sorted(known)
    near = did_you_mean(name, names)
    have = "" if near else f"Known: {', '.join(names) or 'none'}. "
    return UsageError(f"Unknown {kind} {name!r}.{near}", f"{have}List them: {listing}")
