"""What a block of code defines, and which of the other blocks of an answer belong to it.

An answer may show a helper, say a word on it, and use it in the next block. Lines at the margin are looked at, as in
`extract`. What is added to the block that counts has to be Python by itself.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from typing import Final

from pidistill_code.prose import margins
from pidistill_code.syntax import is_python

_BUILT_IN: Final = frozenset(dir(builtins))
_MADE = re.compile(r"(?:(?:async[ \t]+)?def|class)[ \t]+([A-Za-z_]\w*)|([A-Za-z_]\w*)[ \t]*(?::[^=\n]*)?=(?!=)")
_HARMLESS = re.compile(r"import\b|from\b|@|[#)\]}]|\"\"\"|''" + "'")
_IMPORTED = re.compile(r"^(?:from[ \t]+\S+[ \t]+)?import[ \t]*(\([^)]*\)|[^\n]*)", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
_LONGEST_TAKEN: Final = 20_000
"""Characters of a block that single definitions are taken out of."""


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
    return re.compile(rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{re.escape(name)}\b|^{re.escape(name)}[^\n]*=[^\n]*"
                      r"(?:\blambda\b|\w\()", re.MULTILINE)  # fmt: skip


def _definition(name: str) -> re.Pattern[str]:
    escaped = re.escape(name)
    return re.compile(
        rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{escaped}\b|^{escaped}[ \t]*(?::[^=\n]*)?=(?!=)|"
        rf"^from[ \t]+\S+[ \t]+import[ \t][^\n]*\b{escaped}\b|^import[ \t][^\n]*\b{escaped}\b",
        re.MULTILINE,
    )


def with_helpers(blocks: list[str], at: int) -> str:
    """The block number `at`, after those before it that only define what it uses and does not define itself, and
    before those behind it that do: in a program, a function may stand below what calls it. Of a block before it that
    does more, such as to show its use, or to try what is defined anew, only the definitions that are used are taken."""
    code, helpers = blocks[at], list[str]()
    words = set(_WORD.findall(code))
    for block in blocks[at + 1 :]:
        made = _definitions(block)
        if made & words - _BUILT_IN and not any(defines(code, name) for name in made):
            code = f"{code.rstrip()}\n\n\n{block}"
            words |= set(_WORD.findall(block))
    for block in reversed(blocks[:at]):
        made, imported = _definitions(block), _imported(block)
        helps = made & words and not any(defines(code, name) for name in made)
        own = any(defines(code, name) and not imports(code, name) for name in imported)
        if (helps and _may_be_python(block)) or (imported & {*words, "*"} and not own):
            helpers.insert(0, block.rstrip() + "\n\n")
            words |= set(_WORD.findall(block))
        elif taken := _taken_out(block, words, code):
            helpers.insert(0, taken + "\n\n")
            words |= set(_WORD.findall(taken))
    return "".join([*helpers, code])


def _definitions(block: str) -> set[str]:
    """Names that a block of definitions and imports makes; none where it does anything else."""
    found: set[str] = set()
    for _, line in margins(block.split("\n")):
        made = _MADE.match(line)
        if made:
            found.add(made[1] or made[2])
        elif not _HARMLESS.match(line):
            return set()
    return found


def _imported(block: str) -> set[str]:
    """Names that a block of nothing but imports makes; none where it does anything else."""
    lines = [line for _, line in margins(block.split("\n"))]
    if not all(re.match(r"import\b|from\b|#|\)", line) for line in lines):
        return set()
    names = [name for found in _IMPORTED.findall(block) for name in found.strip("()").split(",")]
    bare = [name.split("#")[0].split() for name in names]
    return {words[-1] if len(words) == 3 else words[0].split(".")[0] for words in bare if words}


def _taken_out(block: str, words: set[str], code: str) -> str:
    """The definitions in `block` of what `code` uses and does not define itself, with the imports above them."""
    if len(block) > _LONGEST_TAKEN:
        return ""
    pieces, found = list(_pieces(block)), list[str]()
    wanted = words - _BUILT_IN
    for piece in reversed(pieces):  # a helper may use one above it
        first = re.sub(r"^(?:@[^\n]*\n)+", "", piece)
        made = _MADE.match(first)
        name = (made[1] or made[2]) if made else ""
        helps = name in wanted and bool(made and (made[1] or _CONSTANT.fullmatch(name)))
        if (helps and not defines(code, name)) or (found and re.match(r"(?:import|from)\b", piece)):
            if is_python(piece):
                found.insert(0, piece)
                wanted |= set(_WORD.findall(piece)) - _BUILT_IN
    return "\n".join(found)


def _may_be_python(block: str) -> bool:
    return len(block) > _LONGEST_TAKEN or is_python(block)


def _pieces(block: str) -> Iterator[str]:
    """The statements at the margin, with their decorators."""
    lines = block.split("\n")
    begins = [number for number, _ in margins(lines)]
    start = None
    for number, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        start = number if start is None else start
        if not lines[number].startswith("@"):
            yield "\n".join(lines[start:end]).rstrip()
            start = None
