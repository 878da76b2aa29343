"""What a comparison finds: whether two answers are one, by which rule, and why not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Found:
    """Whether two answers are one, by which rule, and why not."""

    same: bool
    rule: str
    reason: str = ""


def yes(rule: str) -> Found:
    """They are one."""
    return Found(True, rule)


def no(reason: str, rule: str = "kind") -> Found:
    """They are not, and why."""
    return Found(False, rule, reason)
