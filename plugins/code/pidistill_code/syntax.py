"""Parsing a data set's code: never a candidate's, which could be made to take the parser down."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache

_LINE = re.compile(r"assert\b[^\n\r]*(?<!\\)")
"""An assert on a line of its own, as far as that can be seen; a backslash would join it to the next."""


def parse(source: str) -> ast.Module:
    """`ast.parse` of a data set's code, silent about the escape sequences in it. Raises `SyntaxError`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def parse_lines(texts: Sequence[str]) -> Mapping[str, list[ast.stmt]]:
    """What `parse` finds in those of `texts` that are an assert on a line, parsed together, which is much faster.

    Nothing where one of them is no statement. One that begins where its line does, as the next one does on the next
    line, is the whole of its line and would be the same alone.
    """
    lines = [text for text in texts if _LINE.fullmatch(text)]
    try:
        body = parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # parsed alone, the one at fault says so
        return {}
    if [(found.lineno, found.col_offset) for found in body] != [(number, 0) for number in range(1, len(lines) + 1)]:
        return {}
    return {line: [found] for line, found in zip(lines, body, strict=True)}


@lru_cache(maxsize=256)
def defined_names(source: str) -> frozenset[str]:
    """Names that the top level of trusted code defines or imports."""
    names: set[str] = set()
    for statement in parse(source).body:
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update((alias.asname or alias.name).split(".")[0] for alias in aliases)
            case ast.Assign(targets=targets):
                names.update(node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
    return frozenset(names)
