"""What a block of code defines, told by its lines, as in `extract`, so that it need not be Python."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from pidistill_code.extraction.prose import margins

BUILT_IN: Final = frozenset(dir(builtins))
_MADE = re.compile(r"(?:(?:async[ \t]+)?def|class)[ \t]+([A-Za-z_]\w*)|([A-Za-z_]\w*)[ \t]*(?::[^=\n]*)?=(?!=)")


def defines(code: str, name: str) -> bool:
    """Whether `code` defines `name`. Most answers are told without a pattern of their own, which is slow to compile."""
    if name not in code:
        return False
    return code.startswith(f"def {name}(") or f"\ndef {name}(" in code or bool(_definition(name).search(code))


def imports(code: str, name: str) -> bool:
    """Whether `code` has `name` from an import and makes none of its own."""
    made = re.search(
        rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{re.escape(name)}\b|^{re.escape(name)}[ \t]*[:=]", code, re.M
    )
    return made is None


def written(name: str) -> re.Pattern[str]:
    """A definition of `name` that is more than a name for something: a block may say what came of a call so."""
    return re.compile(rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{re.escape(name)}\b|^{re.escape(name)}[^=\n]*=[^\n]*"
                      r"(?:\blambda\b|\w\()", re.MULTILINE)  # fmt: skip


def _definition(name: str) -> re.Pattern[str]:
    escaped = re.escape(name)
    return re.compile(
        rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{escaped}\b|^{escaped}[ \t]*(?::[^=\n]*)?=(?!=)|"
        rf"^from[ \t]+\S+[ \t]+import[ \t][^\n]*\b{escaped}\b|^import[ \t][^\n]*\b{escaped}\b",
        re.MULTILINE,
    )


def made_by(piece: str) -> str:
    """The name that a statement makes, as its first line has it; none where that tells no name."""
    made = _MADE.match(re.sub(r"^(?:@[^\n]*\n)+", "", piece))
    return (made[1] or made[2]) if made else ""


def pieces(block: str) -> Iterator[str]:
    """The statements at the margin, with their decorators."""
    lines = block.split("\n")
    begins = [number for number, _ in margins(lines)]
    start = None
    for number, end in pairwise([*begins, len(lines)]):
        start = number if start is None else start
        if not lines[number].startswith("@"):
            yield "\n".join(lines[start:end]).rstrip()
            start = None
