"""A test as the room is told of it, when it is run beside a program."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Use: TypeAlias = tuple[str, str, int, int]
"""What an object of the program's did, as `inside.beliefs` tells it: the method, the instruction of the test, how many
times."""


class Spec(NamedTuple):
    """Test code as the room runs it."""

    preamble: str
    statements: str
    names: tuple[str, ...]
    """Those that it uses, and that the candidate may define."""
    uncalled: tuple[tuple[str, str], ...]
    """Test functions and classes that it defines and nothing calls, each with the name of the argument it wants."""
    classes: tuple[str, ...] = ()
    """Those of `names` that the task wants to be classes."""
    operators: tuple[str, ...] = ()
    """Special methods of these that the task is about, so that their word on data counts, and methods of plain data
    that it speaks of."""
    uses: tuple[Use, ...] | None = None
    """Where the reference's objects had a word on data; None where that is unknown."""
    trusted: bool = False
    """Whether the program is the reference."""
    modules: tuple[str, ...] = ()
    """Modules that stand for the candidate's program: the test imports the entry point from there."""
    apart: int = 0
    """Whether what the program changes of tests' objects, and the reference does not, is put back: 0, or a way of
    `inside.kept`."""
    settable: tuple[str, ...] = ()
    """Those of `names` that are the program's even where the tests set them."""
    own: tuple[str, ...] = ()
    """Those that the tests make themselves, and that are not the program's from then on."""
