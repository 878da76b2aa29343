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
from typing import Final, TypeAlias, cast

from pidistill.sandbox import Plain
from pidistill_code.suites.operations import BINARY, COMPARE, FUNCTIONS, MATH_CONSTANTS, TAKES, TYPES, UNARY, truth
from pidistill_code.suites.values import TypeName, is_plain

Ask: TypeAlias = "Callable[[CandidateCall], object]"
"""Makes a call and gives the normalised answer."""
Term: TypeAlias = Callable[[Ask], object]
_IDENTITY = (ast.Is, ast.IsNot)


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
    value = compiler.value(node)
    term = value.term if isinstance(value, _Step) else lambda ask: value
    return Compiled(term, None if compiler.dependent else tuple(compiler.calls), compiler.in_place,
                    tuple(compiler.stated))  # fmt: skip


class _Step:
    """What has a call in it, and so is evaluated for each candidate."""

    __slots__ = ("term",)

    def __init__(self, term: Term) -> None:
        self.term = term


class _Compiler:
    """Works out the constants of an expression from the leaves up: a node comes to its value, or to a `_Step`."""

    def __init__(self, entry_point: str, known: frozenset[str]) -> None:
        self.entry_point, self.known = entry_point, known
        self.calls: list[CandidateCall] = []
        self.stated: list[object] = []
        self.dependent = self.in_place = False

    def value(self, node: ast.expr) -> object:
        match node:  # the commonest first
            case ast.Constant(value=value) if value is not Ellipsis:
                return value
            case ast.List(elts=elements):
                return self._apply(list, elements)
            case ast.Call():
                return self._call(node)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if not isinstance(op, _IDENTITY):
                return self._apply(_OPERATORS[type(op)], [left, right])
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                return self._comparison(left, ops, comparators)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return -number
            case ast.UnaryOp(op=op, operand=operand):
                return self._apply(_OPERATORS[type(op)], [operand])
            case ast.Tuple(elts=elements):
                return self._apply(tuple, elements)
            case ast.Name(id=name) if name in TYPES:
                return TypeName(f"builtins.{name}")
            case ast.Set(elts=elements):
                return self._apply(set, elements)
            case ast.Dict(keys=keys, values=values) if None not in keys:
                half = len(keys)
                both = [*cast("list[ast.expr]", keys), *values]
                return self._apply(lambda items: dict(zip(items[:half], items[half:], strict=True)), both)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return self._apply(_OPERATORS[type(op)], [left, right])
            case ast.BoolOp(op=op, values=values):
                operands = [self.value(value) for value in values]
                self._note(operands)
                if _Step in map(type, operands[1:]):  # calls that may not be made
                    self.dependent = True
                return _shortcut(isinstance(op, ast.And), operands)
            case ast.Subscript(value=value, slice=index) if not isinstance(index, ast.Slice | ast.Tuple):
                return self._apply(_spread(operator.getitem), [value, index])
            case ast.Attribute(value=ast.Name(id="math"), attr=name) if name in MATH_CONSTANTS:
                return getattr(math, name)
        raise NotPlainError(f"{type(node).__name__} in {ast.unparse(node)!r:.80}")

    def _apply(self, function: Callable[[list[object]], object], nodes: Sequence[ast.expr]) -> object:
        """`function` of the list of what `nodes` come to; worked out now if it can be."""
        values = [
            node.value if type(node) is ast.Constant and node.value is not Ellipsis else self.value(node)
            for node in nodes  # most are constants, so these are read here as well
        ]
        if _Step in map(type, values):
            self._note(values)
            return _Step(lambda ask: function([v.term(ask) if type(v) is _Step else v for v in values]))
        try:
            return function(values)
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise NotPlainError(str(error)) from error

    def _note(self, values: Sequence[object]) -> None:
        self.stated += [value for value in values if type(value) is not _Step]

    def _comparison(self, left: ast.expr, ops: Sequence[ast.cmpop], comparators: Sequence[ast.expr]) -> object:
        for op, right in zip(ops, comparators, strict=True):
            if isinstance(op, _IDENTITY) and not (
                isinstance(right, ast.Constant) and right.value in (None, True, False)
            ):
                raise NotPlainError("identity of values that have been copied")
        steps = [COMPARE[type(op)] for op in ops]
        if len(ops) == 1:
            return self._apply(_spread(steps[0]), [left, *comparators])
        sides = [self.value(node) for node in (left, *comparators)]
        self._note(sides)
        if _Step not in map(type, sides):
            return all(step(a, b) for step, a, b in zip(steps, sides, sides[1:], strict=False))
        if _Step in map(type, sides[2:]):
            self.dependent = True

        def compare(ask: Ask) -> bool:
            value = _come_to(sides[0], ask)
            for step, side in zip(steps, sides[1:], strict=True):
                other = _come_to(side, ask)
                if not truth(step(value, other)):
                    return False
                value = other
            return True

        return _Step(compare)

    def _call(self, node: ast.Call) -> object:
        nodes, names = node.args, list[str]()
        for keyword in node.keywords:
            nodes, names = [*nodes, keyword.value], [*names, keyword.arg or "**"]
        if "**" in names or ast.Starred in map(type, nodes):
            raise NotPlainError("unpacked arguments")
        if isinstance(node.func, ast.Name) and node.func.id == self.entry_point:
            return self._candidate(node, nodes, names)
        name = ast.unparse(node.func)
        if name not in FUNCTIONS or name in self.known:
            raise NotPlainError(f"a call of {name!r:.80}")
        most, allowed = TAKES.get(name, (len(nodes), frozenset()))
        types = any(isinstance(given, ast.Name) and given.id in TYPES for given in nodes)
        if types or len(node.args) > most or not allowed.issuperset(names):
            raise NotPlainError(f"arguments of {name!r}")
        return self._apply(_spread(FUNCTIONS[name], names), nodes)

    def _candidate(self, node: ast.Call, nodes: Sequence[ast.expr], names: Sequence[str]) -> object:
        before = (len(self.calls), self.dependent)
        try:
            values = [self.value(argument) for argument in nodes]
            waits = _Step in map(type, values)
            if not is_plain([value for value in values if type(value) is not _Step] if waits else values):
                raise _NeedsProgramError("an argument of no plain type")
        except NotPlainError as error:
            if not isinstance(error, _NeedsProgramError) and not self._needs_program(nodes):
                raise
            del self.calls[before[0] :]
            self.dependent, self.in_place = before[1], True
            return self._known_call(CandidateCall(in_place=ast.unparse(node)))
        if not waits:
            return self._known_call(_call_with(values, names))
        self.dependent = True
        return _Step(lambda ask: ask(_call_with([v.term(ask) if type(v) is _Step else v for v in values], names)))

    def _known_call(self, call: CandidateCall) -> _Step:
        self.calls.append(call)
        return _Step(lambda ask: ask(call))

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


def _come_to(side: object, ask: Ask) -> object:
    return side.term(ask) if isinstance(side, _Step) else side


def _spread(function: Callable[..., object], names: Sequence[str] = ()) -> Callable[[list[object]], object]:
    """`function` as one of a list: its arguments, the last of them keywords `names`."""

    def spread(values: list[object]) -> object:
        split = len(values) - len(names)
        return function(*values[:split], **dict(zip(names, values[split:], strict=True)))

    return spread if names else lambda values: function(*values)


_OPERATORS: Final = {kind: _spread(function) for kind, function in (*UNARY.items(), *BINARY.items(), *COMPARE.items())}


def _call_with(values: Sequence[object], names: Sequence[str]) -> CandidateCall:
    plain, split = cast("Sequence[Plain]", values), len(values) - len(names)
    if not names:
        return CandidateCall(tuple(plain))
    return CandidateCall(tuple(plain[:split]), dict(zip(names, plain[split:], strict=True)))


def _shortcut(every: bool, operands: Sequence[object]) -> _Step:
    def term(ask: Ask) -> object:
        value: object = every
        for operand in operands:
            value = operand.term(ask) if isinstance(operand, _Step) else operand
            if truth(value) is not every:
                break
        return value

    return _Step(term)
