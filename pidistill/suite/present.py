"""What finished cells of a domain would be compared with now, without a registry of plugins being asked twice."""

from __future__ import annotations

import functools

from pidistill.errors import PidistillError
from pidistill.plugins import get_manager
from pidistill.records import content_hash
from pidistill.suite.planned import outside_of


@functools.cache
def present_parts(domain: str) -> str | None:
    """Hash of the packages and the verifier's code as they are installed; None where the domain is not."""
    manager = get_manager()
    try:
        if domain not in manager.domains():
            return None
        return content_hash(outside_of(domain, manager))
    except (PidistillError, ModuleNotFoundError):
        return None
