"""What the block that counts needs of an answer's other blocks.

An answer may show a helper, say a word on it, and use it in the next block, or use it and show it below. Read as the
cells of a notebook its blocks are one program. So each name that the block that counts looks up and does not make is
taken from the statements that make it, with the names that these need in turn, and with the statements that change what
was made. Of several versions the last block's counts. Examples, which make nothing that is needed, are left out: they
may print, fail or take long.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple

from pidistill_code.extraction.arguments import calls, is_value, takes
from pidistill_code.extraction.blocks import BUILT_IN, made_by, pieces
from pidistill_code.extraction.definitions import says_nothing
from pidistill_code.extraction.readings import LONGEST_LOOKED_AT
from pidistill_code.extraction.setups import extends, sets_in_module, sets_up
from pidistill_code.lookups import looked_up_before_made, named_in_texts, roots, running
from pidistill_code.syntax import is_python, module_names, parse

_LONGEST_TAKEN: Final = 20_000
"""Characters of other blocks, the nearest first, that are looked at."""
_FUTURE = re.compile(r"^from[ \t]+__future__[ \t]+import[ \t][^\n]*$", re.MULTILINE)
_STAR = re.compile(r"from\s+\S+\s+import\s*\*")
_SETTERS: Final = frozenset({"setattr", "delattr"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_NO_SETUP: Final = BUILT_IN | {"main"}
"""Functions that show something, or are the program itself."""
_AT_TIMES = (ast.If, ast.For, ast.While, ast.Match, ast.AugAssign)
"""Statements that may leave a name as it is, or as it was."""


class _Statement(NamedTuple):
    block: int
    source: str
    needs: frozenset[str]
    at_once: frozenset[str]
    """Those that it needs when it runs, whatever is made later."""
    makes: frozenset[str]
    surely: bool
    """Whether it makes them whatever they were."""
    changes: frozenset[str]
    """Names of objects that it sets something of, derives a class from, or registers something with."""
    uses: frozenset[str]
    """Names that it calls, or hands to what it calls, for no answer that it keeps."""
    defines: bool
    """Whether it is a function, a class or an import, rather than data."""
    stub: bool
    """Whether it only says how a function is called."""
    sets: frozenset[str]
    """Names that its function makes when it is called."""
    extends: frozenset[str]
    """Names of what it gives an attribute, if it does nothing else."""
    sets_up: bool
    """Whether it sets a limit of the interpreter's."""
    node: ast.stmt
    """Its last part, where several share a line."""


def with_helpers(blocks: Sequence[str], at: int, name: str) -> str:
    """The block number `at` with what it needs of the others: before it, or behind it where that needs the block.

    A program, for which no `name` is asked, reads its input in order: of a block that only makes names all is taken.
    """
    code = blocks[at]
    if len(blocks) == 1 or len(code) > LONGEST_LOOKED_AT:
        return code
    needed, made = _names(code)
    body = _parsed(code)
    found = _Needed(list(_others(blocks, at)), at, made, calls(body))
    for wanted in sorted((needed - made) | looked_up_before_made(body)):
        found.take(wanted)
    for wanted in sorted(named_in_texts(code, body) - made):
        found.take_made(wanted)
    found.take_setups(frozenset(it.name for it in body if isinstance(it, _SCOPES)))
    taken = found.in_order(as_read=not name)
    if not taken:
        return code
    late = [it for it in taken if it.block > at]
    behind = late if any(it.needs & made for it in late) else []
    return _joined([it for it in taken if it not in behind], code, behind)


class _Needed:
    """The statements of other blocks that are needed, found name by name."""

    def __init__(
        self, statements: list[_Statement], at: int, made: frozenset[str], calls: Mapping[str, list[ast.Call]]
    ) -> None:
        self._statements, self._at, self._made, self._calls = statements, at, made, calls
        self._makers, self._users = defaultdict[str, list[int]](list), defaultdict[str, set[str]](set)
        self._setters, self._callers = defaultdict[str, set[str]](set), defaultdict[str, list[int]](list)
        for number, it in sorted(enumerate(statements), key=lambda one: one[1].stub):
            if it.block < at or not it.makes & made:
                for name in it.makes:
                    if not (it.stub and self._makers[name]):
                        self._makers[name].append(number)
            for name in it.needs if it.defines else ():
                self._users[name] |= it.makes
            for name in it.sets:
                self._setters[name] |= it.makes
            for name in () if it.makes else it.uses:
                self._callers[name].append(number)
        self._only_make = {it.block for it in statements}
        self._only_make -= {it.block for it in statements if not ((it.makes and it.surely) or _STAR.match(it.source))}
        stars = [it.block for it in statements if it.block < at and _STAR.match(it.source)]
        self._first_star = min(stars, default=at)
        self._taken, self._asked, self._unknown = set[int](), set[tuple[str, int]](), False

    def take(self, name: str) -> None:
        """What makes `name`, and what that needs. A statement sees what stands above it when it runs, and a function
        of it sees the last version when it is called, so both are taken."""
        self._follow([(name, self._at)])

    def take_made(self, name: str) -> None:
        """`take`, where one of the blocks makes `name`: what only may be looked up need not be there."""
        if self._makers.get(name):
            self.take(name)

    def take_setups(self, own: frozenset[str]) -> None:
        """What sets a limit that the program may need, and, below, what gives an attribute to its `own` functions and
        classes; where what it takes for that is there."""
        shows = {it.block for it in self._statements if not (it.makes or it.sets_up or _STAR.match(it.source))}
        for number, it in enumerate(self._statements):
            late = it.block > self._at
            wanted = (it.sets_up and not (late and it.block in shows)) or (late and it.extends & own)
            if wanted and all(self._is_there(name, it) for name in it.at_once):
                self._taken.add(number)
                self._follow([(need, it.block) for need in (it.needs - self._made) | self._before(it)])

    def _is_there(self, name: str, it: _Statement) -> bool:
        late = it.block > self._at
        made = any(late or self._block(n) <= it.block for n in self._makers[name])
        return (
            made
            or name in BUILT_IN
            or (late and name in self._made)
            or (it.sets_up and self._first_star <= it.block < self._at)
        )

    def _follow(self, waiting: list[tuple[str, int]]) -> None:
        while waiting:
            wanted, block = waiting.pop()
            if (wanted, block) in self._asked:
                continue
            self._asked.add((wanted, block))
            for number in self._of(wanted, block) - self._taken:
                self._taken.add(number)
                it = self._statements[number]
                waiting += [(need, it.block) for need in (it.needs - self._made) | self._before(it)]
                at_once = it.at_once if it.block < self._at else it.at_once - self._made
                waiting += [(need, it.block - 1) for need in at_once if self._is_first(need, number)]

    def _is_first(self, name: str, number: int) -> bool:
        """Whether no statement of its block has made `name` before this one: then one of a block above has."""
        block = self._block(number)
        return not any(n < number and self._block(n) == block for n in self._makers[name])

    def _before(self, it: _Statement) -> frozenset[str]:
        """What a statement above needs of other blocks though the block that counts makes it, which is too late."""
        return it.at_once if it.block < self._at else frozenset()

    def in_order(self, as_read: bool) -> list[_Statement]:
        """What was taken, and imports of all names of a module where a name is made nowhere else."""
        blocks = {self._statements[number].block for number in self._taken}
        for number, it in enumerate(self._statements):
            star = self._unknown and _STAR.match(it.source) and it.block < self._at
            whole = as_read and it.block in blocks & self._only_make and not it.makes & self._made
            if star or whole or (it.block in blocks and _FUTURE.match(it.source)):
                self._taken.add(number)
        return [self._statements[number] for number in sorted(self._taken)]

    def _of(self, name: str, block: int) -> set[int]:
        makers = self._makers[name]
        if name in BUILT_IN:  # an example may give such a name to something
            makers = [n for n in makers if self._is_meant(name, self._statements[n])]
        elif not makers and (calls := [n for setter in self._setters[name] for n in self._callers[setter]]):
            makers = calls
        elif not makers:
            self._unknown = True
        sure = [self._block(n) for n in makers if self._statements[n].surely] or [self._block(n) for n in makers]
        found = set[int]()
        for last in {max((b for b in sure if b <= block), default=-1), max(sure, default=-1)} - {-1}:
            end = max(last, self._at)
            found |= {n for n in makers if last <= self._block(n) <= end}
            found |= self._changing(name, last, end if last < self._at else last)
        return found

    def _is_meant(self, name: str, it: _Statement) -> bool:
        """Whether a statement makes what the program calls by the name of a built-in: a function that can be called
        so, or, above and among nothing else, what is no mere value."""
        called = self._calls.get(name, [])
        if called and any(takes(it.node, call) for call in called):
            return True
        return it.block < self._at and it.block in self._only_make and not (called and is_value(it.node))

    def _changing(self, name: str, first: int, last: int) -> set[int]:
        """Statements that change what `name` stands for; of data, also calls that are told it or that may reach it."""
        reaching, waiting = {name}, [name]
        is_data = any(not self._statements[n].defines for n in self._makers[name])
        while is_data and waiting:
            new = self._users[waiting.pop()] - reaching
            reaching |= new
            waiting += new
        return {
            number
            for number, it in enumerate(self._statements)
            if first <= it.block <= last and (name in it.changes or (is_data and it.uses & reaching))
        }

    def _block(self, number: int) -> int:
        return self._statements[number].block


def _joined(above: list[_Statement], code: str, below: list[_Statement]) -> str:
    """One program, in which the imports of what is to come in Python stay first."""
    future = [it.source for it in (*above, *below) if _FUTURE.match(it.source)]
    ends = [found.end() for found in _FUTURE.finditer(code)]
    head, rest = (code[: ends[-1]], code[ends[-1] :]) if ends else ("", code)
    first, second = ("\n\n".join(it.source for it in some if it.source not in future) for some in (above, below))
    whole = "\n\n".join(part for part in (head, *future, first, rest.lstrip("\n")) if part)
    return f"{whole.rstrip()}\n\n\n{second}" if second else whole


def _names(code: str) -> tuple[frozenset[str], frozenset[str]]:
    """Names that `code` needs and makes; where it is no Python as a whole, by its statements that are, and by how the
    others begin."""
    if is_python(code):
        needed, made = module_names(code)
        changed = {it.target.id for it in parse(code).body
                   if isinstance(it, ast.AugAssign) and isinstance(it.target, ast.Name)}  # fmt: skip
        plain = {name for it in _of_block(0, code) if it.surely for name in it.makes}
        return needed | changed, made - (changed - plain)
    parts = list(pieces(code))
    known = [module_names(part) for part in parts]
    return (
        frozenset().union(*(needed for needed, _ in known)),
        frozenset().union(*(made for _, made in known), *({made_by(part)} for part in parts)) - {""},
    )


def _parsed(code: str) -> list[ast.stmt]:
    """The statements at its margin, of the parts that are Python."""
    parts = [code] if is_python(code) else filter(is_python, pieces(code))
    return [it for part in parts for it in parse(part).body]


def only_gives(code: str, names: frozenset[str]) -> bool:
    """Whether `code` is Python that does no more than give values to some of `names`."""
    if len(code) > _LONGEST_TAKEN or not names or not is_python(code):
        return False
    body, made = parse(code).body, module_names(code)[1]
    return bool(made) and made <= names and all(isinstance(it, ast.Assign | ast.AnnAssign) and it.value for it in body)


def _others(blocks: Sequence[str], at: int) -> Iterator[_Statement]:
    left, near = _LONGEST_TAKEN, list[int]()
    for number in sorted(set(range(len(blocks))) - {at}, key=lambda number: abs(number - at)):
        left -= len(blocks[number])
        if left < 0:
            break
        near.append(number)
    for number in sorted(near):
        yield from _of_block(number, blocks[number])


def _of_block(block: int, text: str) -> Iterator[_Statement]:
    """The statements at its margin. Where it is no Python as a whole, those that are."""
    for part in [text] if is_python(text) else filter(is_python, pieces(text)):
        lines, nodes = part.split("\n"), list[ast.stmt]()
        for node, after in zip_longest(body := parse(part).body, body[1:]):
            nodes.append(node)
            end = node.end_lineno or node.lineno
            if after is None or _begins(after) > end:  # else they share a line
                if not any(map(_is_main, nodes)) and not all(map(_is_note, nodes)):
                    yield _statement(block, "\n".join(lines[_begins(nodes[0]) - 1 : end]), nodes)
                nodes = []


def _begins(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, _SCOPES) else []
    return min([node.lineno, *(it.lineno for it in decorators)])


def _is_note(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(it, ast.Name) and it.id == "__name__" for it in ast.walk(node.test)
    )


def _statement(block: int, source: str, nodes: list[ast.stmt]) -> _Statement:
    needs, makes = module_names(source)
    changes, uses = set[str](), set[str]()
    for node in running(nodes):
        match node:
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                changes |= roots([node])
            case ast.ClassDef(bases=bases, decorator_list=decorators):
                changes |= roots([*bases, *(it for it in decorators if not isinstance(it, ast.Name))])
                uses |= _all_names(decorators)
            case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
                changes |= roots([it for it in decorators if not isinstance(it, ast.Name)])
                uses |= _all_names(decorators)
            case ast.Expr(value=ast.Call(func=ast.Name(id=name), args=[first, *_])) if name in _SETTERS:
                changes |= roots([first])
            case ast.Expr(value=ast.Call(func=ast.Name(id=name))) if name in _NO_SETUP:
                pass
            case ast.Expr(value=ast.Call() as call):
                uses |= _all_names([call])
            case ast.Assign(value=ast.Call(func=ast.Attribute() as method)):
                uses |= roots([method])
    defines = all(isinstance(node, (*_SCOPES, *_IMPORTS)) for node in nodes)
    surely = not any(isinstance(node, _AT_TIMES) for node in nodes)
    stub = all(map(says_nothing, nodes))
    return _Statement(
        block,
        source,
        needs,
        looked_up_before_made(nodes),
        makes,
        surely,
        frozenset(changes),
        frozenset(uses),
        defines,
        stub,
        sets=frozenset().union(*map(sets_in_module, nodes)),
        extends=extends(nodes[0]) if len(nodes) == 1 else frozenset(),
        sets_up=any(map(sets_up, nodes)) and all(isinstance(it, _IMPORTS) or sets_up(it) for it in nodes),
        node=nodes[-1],
    )


def _all_names(nodes: Sequence[ast.AST]) -> set[str]:
    return {it.id for node in nodes for it in ast.walk(node) if isinstance(it, ast.Name)}
