"""Programs compiled out here for a guest of the same bytecode, whose own compiler would be cold in each program.

Compiling touches some eighty pages that a forked process has to copy first, which is as much as a short program costs
beside it. Whatever stands in the way, the text is sent alone and compiled inside, as it is where the guest's Python is
another one: what is no Python, what the compiler has to warn of, and what is long or could take the compiler long.
"""

from __future__ import annotations

import marshal
import re
import warnings
from typing import Final

from pidistill_sandboxes.inside.child import FILE

_LONGEST: Final = 20_000
"""Characters; short enough for any nesting to be an error of the parser."""
_REPEATED: Final = "finally"
"""What follows it is compiled once for each way that leads there, so a few of them within each other have no end."""
_MOST_NESTED: Final = 200
"""Anonymous functions: within each other each has a name as long as all of theirs, and no brackets limit the depth."""
_MODULE: Final = re.escape(FILE.removesuffix(".py")) + r"\Z"
"""What the compiler calls a module that it warns about."""
_FORMAT: Final = 2
"""As `wire` has it: a format with references would tell whether this process holds a name that the program has."""


def compiled(source: str) -> bytes | None:
    """The code of a module with this text, for `child`; None where it is to be compiled inside. Never raises."""
    if len(source) > _LONGEST or _REPEATED in source or source.count("lambda") > _MOST_NESTED:
        return None
    with warnings.catch_warnings():
        # those about the program alone: any object's end may fall in here, and what it warns of is told as ever
        warnings.filterwarnings("error", module=_MODULE)
        try:
            return marshal.dumps(compile(source, FILE, "exec", dont_inherit=True, optimize=0), _FORMAT)
        except (SyntaxError, ValueError, RecursionError, MemoryError, Warning):
            return None
