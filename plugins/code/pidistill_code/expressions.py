"""Asserts as data: an expression of a test compiled to steps that the trusted side takes itself.

A test such as `assert sorted(f([2, 1])) == [1, 2]` needs no Python of the candidate's: its constants are worked out
once, the call of `f` is sent to the sandbox as plain values, and `sorted` and `==` act here on the plain answer. This
module compiles the expressions that can be treated so: displays, arithmetic, comparisons, subscripts, and calls of
the harmless builtins in `FUNCTIONS`. `NotPlainError` says that an expression is none; it then goes to the room
(`room.py`).

An argument that only the candidate's program can make (an instance of its own class, a lambda, a type) is made there:
the *call* is evaluated in the program, its result judged here like any other.
"""

from __future__ import annotations

import ast
import builtins
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from pidistill.sandbox import Plain
from pidistill_code.operations import BINARY, COMPARE, FUNCTIONS, MATH_CONSTANTS, TYPES, UNARY, truth
from pidistill_code.values import TypeName, is_plain

Ask: TypeAlias = "Callable[[CandidateCall], object]"
"""Makes a call and gives the normalised answer."""
Term: TypeAlias = Callable[[Ask], object]


class NotPlainError(Exception):
    """The expression is none that the trusted side evaluates. Says why."""


class _NeedsProgramError(NotPlainError):
    """An argument can only be made inside the candidate's program."""


@dataclass(frozen=True)
class CandidateCall:
    """A call of the candidate's function."""

    args: tuple[Plain, ...] = ()
    kwargs: Mapping[str, Plain] = field(default_factory=dict)
    in_place: str | None = None
    """The whole call as Python text, to be evaluated inside the program; `args` and `kwargs` are then empty."""


@dataclass(frozen=True)
class Compiled:
    """An expression, ready to be evaluated."""

    term: Term
    calls: tuple[CandidateCall, ...] | None
    """All calls that evaluating it may make, known beforehand; None where one depends on the answer of another."""
    in_place: bool
    """Whether a call in it has to be evaluated in the program."""
    stated: tuple[object, ...] = ()
    """The constants in it that are no part of a call's arguments: what it expects, or something near it."""


def compile_expression(node: ast.expr, entry_point: str, known: frozenset[str] = frozenset()) -> Compiled:
    """Compile `node`, in which `entry_point` names the candidate's function and `known` names trusted helpers.

    Evaluation raises `TypeError`, `ValueError`, `ArithmeticError` or `LookupError` where an answer is of a wrong kind.
    Raises `NotPlainError`.
    """
    compiler = _Compiler(entry_point, known)
    term = compiler.term(node)
    return Compiled(term, None if compiler.dependent else tuple(compiler.calls), compiler.in_place,
                    tuple(compiler.stated))  # fmt: skip


class _Constant:
    """A term without a call in it."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __call__(self, ask: Ask) -> object:
        return self.value


class _Compiler:
    def __init__(self, entry_point: str, known: frozenset[str]) -> None:
        self.entry_point, self.known = entry_point, known
        self.calls: list[CandidateCall] = []
        self.stated: list[object] = []
        self.dependent = self.in_place = False

    def term(self, node: ast.expr) -> Term:
        match node:
            case ast.Constant(value=value) if value is not Ellipsis:
                return _Constant(value)
            case ast.Name(id=name) if name in TYPES:
                return _Constant(TypeName(f"builtins.{name}"))
            case ast.List(elts=elements):
                return self._apply(lambda *items: list(items), elements)
            case ast.Tuple(elts=elements):
                return self._apply(lambda *items: items, elements)
            case ast.Set(elts=elements):
                return self._apply(lambda *items: set(items), elements)
            case ast.Dict(keys=keys, values=values) if None not in keys:
                half = len(keys)
                both = [*cast("list[ast.expr]", keys), *values]
                return self._apply(lambda *items: dict(zip(items[:half], items[half:], strict=True)), both)
            case ast.UnaryOp(op=op, operand=operand):
                return self._apply(UNARY[type(op)], [operand])
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return self._apply(BINARY[type(op)], [left, right])
            case ast.BoolOp(op=op, values=values):
                terms = [self.term(value) for value in values]
                self._note(terms)
                return _shortcut(isinstance(op, ast.And), terms)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                return self._comparison(left, ops, comparators)
            case ast.Subscript(value=value, slice=index) if not isinstance(index, ast.Slice | ast.Tuple):
                return self._apply(operator.getitem, [value, index])
            case ast.Attribute(value=ast.Name(id="math"), attr=name) if name in MATH_CONSTANTS:
                return _Constant(getattr(math, name))
            case ast.Call():
                return self._call(node)
        raise NotPlainError(f"{type(node).__name__} in {ast.unparse(node)!r:.80}")

    def _apply(self, function: Callable[..., object], nodes: Sequence[ast.expr], names: Sequence[str] = ()) -> Term:
        """`function` of the terms of `nodes`, the last of them keywords `names`; worked out now if it can be."""
        terms = [self.term(node) for node in nodes]
        split = len(terms) - len(names)

        def run(ask: Ask) -> object:
            values = [term(ask) for term in terms]
            if not names:
                return function(*values)
            return function(*values[:split], **dict(zip(names, values[split:], strict=True)))

        if not all(isinstance(term, _Constant) for term in terms):
            self._note(terms)
            return run
        try:
            return _Constant(run(_nobody))
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise NotPlainError(str(error)) from error

    def _note(self, terms: Sequence[Term]) -> None:
        self.stated += [term.value for term in terms if isinstance(term, _Constant)]

    def _comparison(self, left: ast.expr, ops: Sequence[ast.cmpop], comparators: Sequence[ast.expr]) -> Term:
        for op, right in zip(ops, comparators, strict=True):
            if isinstance(op, ast.Is | ast.IsNot) and not (
                isinstance(right, ast.Constant) and right.value in (None, True, False)
            ):
                raise NotPlainError("identity of values that have been copied")
        steps = [COMPARE[type(op)] for op in ops]

        def compare(*values: object) -> bool:
            return all(step(a, b) for step, a, b in zip(steps, values, values[1:], strict=False))

        return self._apply(compare, [left, *comparators])

    def _call(self, node: ast.Call) -> Term:
        names = [keyword.arg for keyword in node.keywords]
        if None in names or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise NotPlainError("unpacked arguments")
        nodes, keywords = [*node.args, *(keyword.value for keyword in node.keywords)], cast("list[str]", names)
        if isinstance(node.func, ast.Name) and node.func.id == self.entry_point:
            return self._candidate(node, nodes, keywords)
        name = ast.unparse(node.func)
        if name not in FUNCTIONS or name in self.known:
            raise NotPlainError(f"a call of {name!r:.80}")
        return self._apply(FUNCTIONS[name], nodes, keywords)

    def _candidate(self, node: ast.Call, nodes: Sequence[ast.expr], names: Sequence[str]) -> Term:
        before = (len(self.calls), self.dependent)
        try:
            terms = [self.term(argument) for argument in nodes]
            if any(isinstance(term, _Constant) and not is_plain(term.value) for term in terms):
                raise _NeedsProgramError("an argument of no plain type")
        except NotPlainError as error:
            if not isinstance(error, _NeedsProgramError) and not self._needs_program(nodes):
                raise
            del self.calls[before[0] :]
            self.dependent, self.in_place = before[1], True
            return self._known_call(CandidateCall(in_place=ast.unparse(node)))
        split = len(terms) - len(names)
        if all(isinstance(term, _Constant) for term in terms):
            values = cast("list[Plain]", [term(_nobody) for term in terms])
            return self._known_call(CandidateCall(tuple(values[:split]), dict(zip(names, values[split:], strict=True))))
        self.dependent = True

        def run(ask: Ask) -> object:
            values = cast("list[Plain]", [term(ask) for term in terms])
            return ask(CandidateCall(tuple(values[:split]), dict(zip(names, values[split:], strict=True))))

        return run

    def _known_call(self, call: CandidateCall) -> Term:
        self.calls.append(call)
        return lambda ask: ask(call)

    def _needs_program(self, nodes: Sequence[ast.expr]) -> bool:
        """Whether an argument holds what only the candidate's program can make."""
        for argument in nodes:
            called = {id(n.func) for n in ast.walk(argument) if isinstance(n, ast.Call)}
            for inner in ast.walk(argument):
                if isinstance(inner, ast.Lambda):
                    return True
                if isinstance(inner, ast.Name) and inner.id not in self.known:
                    if not hasattr(builtins, inner.id) or id(inner) not in called:
                        return True
        return False


def _nobody(call: CandidateCall) -> object:
    raise AssertionError("a constant makes no call")


def _shortcut(every: bool, terms: Sequence[Term]) -> Term:
    def run(ask: Ask) -> object:
        value: object = every
        for term in terms:
            value = term(ask)
            if truth(value) is not every:
                break
        return value

    return run
