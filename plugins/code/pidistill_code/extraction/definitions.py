"""Which block of an answer defines what is asked for.

The last one that does, unless the words above it say that it is another version (`announcing`), or words below that
another one is chosen (`choosing`). A function of that name
within a class, a test or a string is another one, and so is nothing that says no more than how it is called, or that
shows a part of a definition that stands above: each of these counts only where nothing else defines it. What gives the
name to a function that was written under another one defines it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Final

from pidistill_code.extraction.announcing import (
    announces_alternative,
    announces_another,
    announces_chosen,
    announces_less,
    is_marked_chosen,
)
from pidistill_code.extraction.blocks import BUILT_IN, defines, imports, made_by, pieces, written
from pidistill_code.extraction.choosing import chosen
from pidistill_code.extraction.prose import STRING, is_prose, margins
from pidistill_code.extraction.readings import LONGEST_LOOKED_AT
from pidistill_code.lookups import running
from pidistill_code.syntax import is_python, module_names, parse

_SIGNATURE = re.compile(r"(?:async[ \t]+)?def[ \t]+\w+[ \t]*\([^()]*\)[^:\n]*(?::[ \t]*)?")
_RETURNS = re.compile(r"\n(?:[ \t][^\n]*\n|\n)*?[ \t]+(?:return|yield)[ \t]")
"""Lines of a definition that goes on, up to one by which it gives something back."""
_MOST_PARTS: Final = 20
"""Blocks that are compared with those above."""
_LONGEST_STUB: Final = 2_000
_COMMENT = re.compile(r"^([ \t]+)#[^\n]*$", re.MULTILINE)
_LEFT_OUT = re.compile(
    r"^[ \t]+(?:\.\.\.|#\W*(?:(?:the )?(?:rest|remaining) (?:is |stays |remains |code )?"
    r"(?:unchanged|(?:the )?same|as (?:before|above)|of (?:the )?(?:code|function))|"
    r"(?:same|as) (?:code )?(?:as )?(?:above|before)|unchanged|(?:existing|previous|remaining) code)?\W*)$",
    re.MULTILINE | re.IGNORECASE,
)
"""A line that stands for others, which are left out."""
_MANY: Final = 2
"""Statements below a comment that would stand for all of them."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*_FUNCTIONS, ast.ClassDef)


def last_definition(blocks: Sequence[str], name: str, words: Sequence[str] = (), below: str = "") -> int | None:
    """The number of the block that defines `name`, of those that only import it the last where there are no others.

    `words` stand above each, and `below` under the last.
    """
    named = _named(blocks, name)
    those = [number for number, block in enumerate(blocks) if number in named or defines(block, name)]
    those = [number for number in those if not _only_asks(blocks[number], name)] or those
    makes = [number for number in those if number in named or not imports(blocks[number], name)]
    coded = [number for number in makes if number in named or written(name).search(blocks[number])]
    filled = [number for number in coded if not is_stub(blocks[number], name)]
    at_margin = [number for number in filled if _at_margin(blocks[number], name)]
    whole = [
        number
        for number in at_margin[-_MOST_PARTS:]
        if (words and announces_less(words[number])) or not _is_part(blocks[number], blocks[:number], name)
    ]
    found = whole or at_margin or filled or coded or makes or those
    if words and len(found) > 1:
        said = "\n".join([*words[found[-1] + 1 :], below])
        if (at := chosen([words[number] for number in found], said)) is not None:
            return found[at]
        found = [number for number in found if not announces_another(words[number], number > found[0])] or found
        final = next((number for number in reversed(found) if announces_chosen(words[number])), found[-1])
        marked = is_marked_chosen(words[final])
        if all(announces_alternative(words[number], marked) for number in found if number > final):
            return final
    return next(reversed(found), None)


def without_others(text: str, name: str) -> str:
    """Plain text up to the words above a last definition of `name`, as long as these call it another version and there
    is one above."""
    if text.count(name) <= 1 or len(text) > LONGEST_LOOKED_AT:
        return text
    lines = text.split("\n")
    starts = list(margins(lines))
    for at in reversed([n for n, (number, line) in enumerate(starts) if defines(line, name)]):
        words = at
        while words and is_prose(starts[words - 1][1]):
            words -= 1
        above = lines[: starts[words][0]]
        said = "\n".join(lines[starts[words][0] : starts[at][0]])
        if words == at or not defines("\n".join(above), name) or not announces_another(said, below_one=True):
            break
        lines = above
    return "\n".join(lines)


def is_stub(code: str, name: str) -> bool:
    """Whether all that `code` says of `name` is how it would be called: a body of `...`, `pass`, a docstring or a
    comment, or one that leaves something out, with `...` where it gives nothing back, or as a comment says."""
    if name not in code or len(code) >= _LONGEST_STUB:
        return False
    if _SIGNATURE.fullmatch(code.strip()) or _leaves_out(code):
        return True
    told = code if is_python(code) else _COMMENT.sub(r"\1pass", code)
    makers = [node for node in _statements(told) if any(_made_by(it) == name for it in running([node]))]
    return bool(makers) and all(map(says_nothing, makers))


def _leaves_out(code: str) -> bool:
    """Whether a comment says that lines are left out, and nothing shows that none are."""
    if "#" not in code:
        return False
    said = [found for found in _LEFT_OUT.finditer(code) if re.search(r"#.*\w", found[0])]
    return bool(said) and not _is_complete(code, code.count("\n", 0, said[-1].end()) + 1)


def _is_complete(code: str, line: int) -> bool:
    """Whether functions lack no name, and one that has a comment in this line goes on below it with a few statements
    and ends with what it gives back."""
    if not is_python(code):
        return False
    loaded, made = module_names(code)
    if loaded.difference(BUILT_IN, made):
        return False
    for node in ast.walk(parse(code)):
        if isinstance(node, _FUNCTIONS) and node.lineno < line <= (node.end_lineno or 0):
            below = [it for it in node.body if it.lineno > line]
            if len(below) >= _MANY and isinstance(below[-1], ast.Return):
                return True
    return False


def says_nothing(node: ast.stmt) -> bool:
    """Whether it is a function without a body, or one that leaves something out, or a class of such functions."""
    match node:
        case ast.ClassDef(bases=[], body=body):
            methods = [it for it in body if isinstance(it, _FUNCTIONS)]
            return bool(methods) and all(_is_nothing(it) or (it in methods and says_nothing(it)) for it in body)
        case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
            return all(map(_is_nothing, body)) or (any(map(_is_dots, body)) and not any(map(_gives, running(body))))
    return False


def _is_nothing(node: ast.stmt) -> bool:
    match node:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Raise(exc=ast.Name(id="NotImplementedError") | ast.Call(func=ast.Name(id="NotImplementedError"))):
            return True
    return False


def _is_dots(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


def _gives(node: ast.AST) -> bool:
    return isinstance(node, ast.Yield | ast.YieldFrom) or (isinstance(node, ast.Return) and node.value is not None)


def _statements(code: str) -> Iterator[ast.stmt]:
    """Those at its margin, of the code's parts that are Python."""
    if len(code) <= LONGEST_LOOKED_AT:
        for part in [code] if is_python(code) else filter(is_python, pieces(code)):
            yield from parse(part).body


def _made_by(node: ast.AST) -> str:
    if isinstance(node, _SCOPES):
        return node.name
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else ""


def _at_margin(code: str, name: str) -> bool:
    """Whether `code` makes `name` for all that stands in it; of what is no Python, whether its first line does."""
    first = next(line for line in code.split("\n") if line.strip())
    if len(code) > LONGEST_LOOKED_AT or first[:1].isspace():
        return True
    if is_python(code):
        return name in module_names(code)[1]
    return any(_makes(piece, name) for piece in pieces(code))


def _makes(piece: str, name: str) -> bool:
    if is_python(piece):
        return name in module_names(piece)[1]
    own = made_by(piece)
    return own == name if own else defines(piece, name)


def _named(blocks: Sequence[str], name: str) -> set[int]:
    """Which of the blocks give `name` to a lambda, or to a function of theirs or of a block above."""
    those = [
        number
        for number, block in enumerate(blocks)
        if name in block and any("=" in line and name in line.rpartition("=")[0] for line in block.split("\n"))
    ]
    found, known = set[int](), dict[str, int]()
    for number, block in enumerate(blocks) if those else ():
        for node in _statements(block):
            if isinstance(node, _SCOPES):
                known.setdefault(node.name, number)
    for number in those:
        running_here = running(list(_statements(blocks[number])))
        values = [value for node in running_here if (value := _given(node, name))]
        match values[-1:]:
            case [ast.Lambda()]:
                found.add(number)
            case [ast.Name(id=other)] if other != name and known.get(other, number + 1) <= number:
                found.add(number)
    return found


def _given(node: ast.AST, name: str) -> ast.expr | None:
    """The value that a statement gives to `name`."""
    match node:
        case ast.Assign(targets=targets, value=value) if name in [it.id for it in targets if isinstance(it, ast.Name)]:
            return value
        case ast.AnnAssign(target=ast.Name(id=target), value=value) if target == name:
            return value
    return None


def _only_asks(code: str, name: str) -> bool:
    """Whether all that `code` says of `name` is that what it gave is called so from then on: `f = f(3)`."""
    if (
        f"{name}(" not in code.partition("=")[2]
        or not re.search(rf"^{re.escape(name)}[ \t]*=[ \t]*{re.escape(name)}\(", code, re.MULTILINE)
        or not is_python(code)
    ):
        return False
    makers = [node for node in parse(code).body if any(_made_by(it) == name for it in running([node]))]
    return all(
        isinstance(value := _given(node, name), ast.Call) and isinstance(value.func, ast.Name) and value.func.id == name
        for node in makers
    )


def _is_part(code: str, above: Sequence[str], name: str) -> bool:
    """Whether `code` only shows again a part of a definition that stands above: how it begins, but for the lines from
    which that one returns something in the end, or, where it says that it leaves lines out, any of its lines in order.
    Comments may be other ones."""
    if not any(name in block for block in above):
        return False
    parts = [bare for part in _LEFT_OUT.split(code) if (bare := _bare(part))]
    elided = _LEFT_OUT.search(code) is not None
    for block in above if parts else ():
        if name not in block:
            continue
        whole, at = f"\n{_bare(block)}\n", 0
        for part in parts:
            found = whole.find(f"\n{part}\n", at)
            if found < 0:
                break
            at = found + len(part)
        else:
            if elided or _RETURNS.match(whole[at + 1 :]):
                return True
    return False


def _bare(code: str) -> str:
    """`code` without comments and empty lines."""
    if "#" in code:
        code = STRING.sub(lambda found: "" if found[0].startswith("#") else found[0], code)
    return "\n".join(bare for line in code.split("\n") if (bare := line.rstrip()))
