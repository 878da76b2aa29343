"""What code looks up while it runs, rather than when a function of it is called.

A cell of a notebook that says `fib = cached(fib)` makes `fib`, and yet needs the one from above. Which names are needed
so depends on the order of the statements, which a table of symbols does not know. A function's body runs later, when
all names have been made.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

_BY_TEXT = re.compile(r"\b(?:globals|vars|locals|eval|exec|getattr|modules)\b")
_NAME = re.compile(r"[^\W\d]\w*")
_LONGEST_TEXT = 200
"""Characters of a text that may be a name or an expression, and no docstring."""
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def running(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """These and what stands in them in the order in which it is written, but for what functions and classes hold."""
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting += reversed(list(ast.iter_child_nodes(node)))


def roots(nodes: Sequence[ast.AST]) -> set[str]:
    """Names at whose objects these begin, as `a` of `a.b[c].d(e)`."""
    found = set[str]()
    for node in nodes:
        while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name):
            found.add(node.id)
    return found


def named_in_texts(code: str, body: Iterable[ast.stmt]) -> frozenset[str]:
    """Names that code may look up by a text: `globals()["helper"]`, `eval("helper(x)")`."""
    if not _BY_TEXT.search(code):
        return frozenset()
    texts = (node.value for it in body for node in ast.walk(it) if isinstance(node, ast.Constant))
    return frozenset(
        name for text in texts if isinstance(text, str) and len(text) <= _LONGEST_TEXT for name in _NAME.findall(text)
    )


def looked_up_before_made(body: Iterable[ast.stmt]) -> frozenset[str]:
    """Names that statements of a module look up as they run, before one of them has made them. One that is made in
    some of the ways that a statement may take counts as made. None where the code is nested too deeply to tell."""
    order = _Order(set())
    try:
        for statement in body:
            order.visit(statement)
    except RecursionError:
        return frozenset()
    return frozenset(order.found)


class _Order(ast.NodeVisitor):
    """Goes through code in the order in which it runs."""

    def __init__(self, made: set[str]) -> None:
        self.made, self.found = made, set[str]()

    def visit(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                self._look_up(name)
            case ast.Name(id=name, ctx=ast.Del()):
                self._look_up(name)
                self.made.discard(name)
            case ast.Name(id=name):
                self.made.add(name)
            case ast.Assign(targets=targets, value=value):
                self._all([value, *targets])
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                self._look_up(name)
                self.visit(value)
                self.made.add(name)
            case ast.AnnAssign(value=None, annotation=annotation):
                self.visit(annotation)
            case ast.AnnAssign(target=target, annotation=annotation, value=ast.AST() as value):
                self._all([value, annotation, target])
            case ast.NamedExpr(target=target, value=value):
                self._all([value, target])
            case ast.For(iter=values) | ast.AsyncFor(iter=values):
                self._all([values, node.target, *node.body, *node.orelse])
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._all([*node.decorator_list, node.args, *([node.returns] if node.returns else [])])
                self.made.add(node.name)
            case ast.ClassDef(name=name):
                self._all([*node.decorator_list, *node.bases, *node.keywords])
                self._within(node.body)
                self.made.add(name)
            case ast.Lambda(args=args):
                self.visit(args)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node)
            case ast.ExceptHandler(type=kind, name=name):
                self._all([kind] if kind else [])
                self.made |= {name} if name else set()
                self._all(node.body)
            case ast.alias(name=name, asname=asname):
                self.made.add(asname or name.partition(".")[0])
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                self.made.add(name)
                self.generic_visit(node)
            case _:
                self.generic_visit(node)

    def _look_up(self, name: str) -> None:
        if name not in self.made:
            self.found.add(name)

    def _all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _within(self, nodes: Iterable[ast.AST]) -> None:
        """`nodes`, whose names are their own."""
        inner = _Order(set(self.made))
        inner._all(nodes)
        self.found |= inner.found

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        told: list[ast.AST] = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        made: list[ast.AST] = []
        for part in node.generators:
            made += [part.iter, part.target, *part.ifs]
        self._within([*made, *told])
