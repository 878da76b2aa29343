"""Files of an answer that import from each other.

An answer may show its program in several files, each in a block that says its name, above or in its first line. Here
all of it is one program, so what one of them imports from another is there already: the import becomes a comment, and
`helpers` finds the names that are needed. A file that makes no such name only has the name of a module.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Final

from pidistill_code.extraction.edits import path_in
from pidistill_code.extraction.fenced import Block
from pidistill_code.extraction.readings import LONGEST_LOOKED_AT
from pidistill_code.syntax import is_python, module_names, parse

_IMPORTS = re.compile(r"^(?:from[ \t]+[.\w]+[ \t]+import|import)\b", re.MULTILINE)
_MOST: Final = 20
"""Files."""


def with_own_imports(blocks: Sequence[Block], name: str) -> list[Block]:
    """The blocks without what they import from each other by their files' names; `name` is asked for, and what imports
    it is a test."""
    files = {file: number for number, block in enumerate(blocks) if (file := _module(block))}
    if not 1 <= len(files) <= _MOST or len(blocks) == 1:
        return list(blocks)
    made = {
        file: module_names(text)[1] if len(text := blocks[at].text) <= LONGEST_LOOKED_AT else frozenset[str]()
        for file, at in files.items()
    }
    return [
        block._replace(text=_without(block.text, {it: made[it] for it, at in files.items() if at != number}, name))
        if _IMPORTS.search(block.text) and len(block.text) <= LONGEST_LOOKED_AT and is_python(block.text)
        else block
        for number, block in enumerate(blocks)
    ]


def _module(block: Block) -> str:
    """What a block would be imported as."""
    above = next((line for line in reversed(block.words.split("\n")) if line.strip()), "")
    first = block.text.lstrip("\n").split("\n", 1)[0]
    path = path_in(above) or (path_in(first) if first.startswith("#") else "")
    return path.rpartition("/")[2].removesuffix(".py") if path.endswith(".py") else ""


def _without(code: str, made: Mapping[str, frozenset[str]], name: str) -> str:
    """`code` without its imports of what each of those files has made."""
    lines = code.split("\n")
    for node in parse(code).body:
        match node:
            case ast.ImportFrom(module=str(module), names=names) if (file := module.rpartition(".")[2]) in made:
                if not {it.name for it in names} - {"*"} <= made[file]:  # a module of the same name
                    continue
                if any(it.name == name for it in names) or node.col_offset or not node.end_lineno:
                    continue
                named = [f"{it.asname} = {it.name}" for it in names if it.asname not in (None, it.name)]
                first, last = node.lineno - 1, node.end_lineno
                if ";" in "".join(lines[first:last]):  # another statement shares its line
                    continue
                lines[first:last] = ["; ".join(named) or "# in another file", *["#"] * (last - first - 1)]
    return "\n".join(lines)
