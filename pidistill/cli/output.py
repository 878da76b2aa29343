"""What the commands print with: the two consoles, and the line that says some plugin is off.

Results go to stdout; progress, notes and warnings to stderr, so that a result can be piped.
"""

from __future__ import annotations

import os
import sys

from rich.console import Console

from pidistill.plugins import Manager

PLAIN_WIDTH = 120
"""Columns where there is no terminal to ask."""


class _PipeConsole(Console):
    """A console that leaves a closed pipe to the command line's error boundary."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def stdout() -> Console:
    """A console for results."""
    return _PipeConsole(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else PLAIN_WIDTH, highlight=False)


def stderr() -> Console:
    """A console for what is not a result."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def line(console: Console, text: str, style: str = "") -> None:
    """Text as it is: no markup read into it, and no line broken that a person may want to search for."""
    console.print(text, style=style, markup=False, soft_wrap=True)


def warn_of_problems(manager: Manager) -> None:
    """One line on stderr where plugins are off, so that nobody wonders where a domain went."""
    if problems := manager.problems():
        packages = ", ".join(sorted({f"{problem.package} {problem.version}" for problem in problems}))
        line(stderr(), f"Switched off, at least in part: {packages}. Why: pidistill plugins", "yellow")
