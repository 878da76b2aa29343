"""What an answer mends of its program in a block below: a helper written anew, a constant, a table that is filled.

Read as the cells of a notebook, the block below is run after the program, and the program calls what it finds then. So
a block counts that makes anew or changes what the program makes itself and what is asked for needs, that does not speak
of what is asked for, as an example does, and that shows nothing. A name that the program imports stays what it is.
Where the words above the block, or those right below it, say that it is a mistake, what there was before, an example or
another way to do the same, it is none, unless they say that something has to be set right.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from pidistill_code.extraction import remarks
from pidistill_code.extraction.arguments import calls, takes
from pidistill_code.extraction.blocks import BUILT_IN
from pidistill_code.extraction.definitions import says_nothing
from pidistill_code.extraction.readings import LONGEST_LOOKED_AT, needs
from pidistill_code.lookups import looked_up_before_made, roots, running
from pidistill_code.syntax import is_python, module_names, parse

_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_QUIET: Final = (*_SCOPES, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Delete, ast.Pass)


class Below(NamedTuple):
    """A block below the program, and what is said around it."""

    above: str
    text: str
    after: str


def with_mendings(code: str, program: str, below: Sequence[Below], name: str) -> str:
    """`code`, the block `program` with what it needs of others, and with those of the blocks below that mend it."""
    below = [it for it in below if _may_mend(it, name)]
    if not below or not (is_python(program) and is_python(code)):
        return code
    body, made = parse(program).body, module_names(code)[1]
    needed = (needs(code, name) & module_names(program)[1]) - _imported(body) - {name}
    called = calls(body)
    for _, block, _ in below:
        if needed and is_python(block):
            body, own = parse(block).body, module_names(block)[1]
            there = looked_up_before_made(body) <= made | BUILT_IN
            fit = all(
                not says_nothing(node)
                and (isinstance(node, ast.ClassDef) or all(takes(node, call) for call in called.get(node.name, ())))
                for node in body
                if isinstance(node, _SCOPES) and node.name in needed
            )
            if there and fit and all(map(_is_quiet, body)) and not needed.isdisjoint(own | _changed(body)):
                code, made = f"{code.rstrip()}\n\n\n{block.strip(chr(10))}\n", made | own
    return code


def _may_mend(it: Below, name: str) -> bool:
    if not it.text.strip() or len(it.text) > LONGEST_LOOKED_AT or re.search(rf"\b{re.escape(name)}\b", it.text):
        return False
    return not remarks.calls_it_another(it.above, it.after)


def _imported(body: Iterable[ast.stmt]) -> set[str]:
    found = [it for it in body if isinstance(it, ast.Import | ast.ImportFrom)]
    return {(alias.asname or alias.name).partition(".")[0] for it in found for alias in it.names}


def _is_quiet(node: ast.stmt) -> bool:
    """Whether it only makes or changes something: it asks nothing, shows nothing and tries nothing out."""
    match node:
        case ast.For(body=body, orelse=orelse) | ast.If(body=body, orelse=orelse):
            return all(map(_is_quiet, (*body, *orelse)))
        case ast.Expr(value=ast.Constant()) | ast.Expr(value=ast.Call(func=ast.Attribute())):
            return True
    return isinstance(node, _QUIET)


def _changed(body: Iterable[ast.stmt]) -> set[str]:
    """Names of what statements change as they run: an item or an attribute of it, or by a method of it."""
    found = set[str]()
    for node in running(list(body)):
        match node:
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                found |= roots([node])
            case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):
                found |= roots([method])
    return found
