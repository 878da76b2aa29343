"""What the core distribution requires, by extra, what of it is installed, and the versions it was tested with.

Read from the installed metadata and `constraints.txt`, which are the only places that say so; nothing is imported.
"""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import dataclass
from pathlib import Path

DISTRIBUTION = "pidistill"
CORE_EXTRA = ""
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?P<rest>.*)")
_EXTRA = re.compile(r"""extra\s*==\s*['"](?P<extra>[^'"]+)['"]""")


@dataclass(frozen=True)
class Requirement:
    """One package that an extra, or the core itself, wants."""

    package: str
    extra: str
    """`""` for the core."""
    wanted: str
    """The version specifier, such as `>=2.6`."""
    installed: str | None
    tested: str | None


def requirements() -> list[Requirement]:
    """All of them, in the order of the metadata; empty where pidistill runs from a folder without being installed."""
    try:
        texts = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    tested = tested_versions()
    found = []
    for text in texts:
        condition, _, marker = text.partition(";")
        match = _REQUIREMENT.match(condition.strip())
        assert match is not None, text
        extra = _EXTRA.search(marker)
        package = match["name"]
        found.append(
            Requirement(
                package,
                extra["extra"] if extra else CORE_EXTRA,
                match["rest"].strip(),
                installed_version(package),
                tested.get(normalised(package)),
            )
        )
    return found


def extra_of(package: str) -> str | None:
    """The extra of the core distribution that brings `package`; None where no extra does."""
    for requirement in requirements():
        if requirement.extra and normalised(requirement.package) == normalised(package):
            return requirement.extra
    return None


def installed_version(package: str) -> str | None:
    """The installed version; None where there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def tested_versions() -> dict[str, str]:
    """Normalised package name -> the version in `constraints.txt`, from the wheel or from the source tree."""
    here = Path(__file__).parent
    for path in (here / "constraints.txt", here.parent / "constraints.txt"):
        if path.is_file():
            lines = (line.split("#")[0].strip() for line in path.read_text("utf-8").splitlines())
            return {normalised(name): version for name, _, version in (line.partition("==") for line in lines if line)}
    return {}


def normalised(package: str) -> str:
    """A distribution's name in the form that all its spellings share (PEP 503)."""
    return re.sub(r"[-_.]+", "-", package).lower()
