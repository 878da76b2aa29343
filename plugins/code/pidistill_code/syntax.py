"""Parsing a data set's code, and a candidate's only where it is too short to take the parser down (`readings`)."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

_LINE = re.compile(r"assert\b[^\n\r]*(?<!\\)")
"""An assert on a line of its own, as far as that can be seen; a backslash would join it to the next."""


def parse(source: str) -> ast.Module:
    """`ast.parse` of a data set's code, silent about the escape sequences in it. Raises `SyntaxError`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def is_python(source: str) -> bool:
    """Whether it is a program, as far as the parser and the rules for names can tell."""
    return _symbols(source) is not None


@lru_cache(maxsize=16)
def _symbols(source: str) -> symtable.SymbolTable | None:
    """The module's names; None where it is no Python. One answer asks for those of the same code several times."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return symtable.symtable(source, "code", "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


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
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update((alias.asname or alias.name).split(".")[0] for alias in aliases)
            case ast.Assign(targets=targets):
                names.update(node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
    return frozenset(names)


_BUILTINS = frozenset(dir(builtins))


def names_used(body: Iterable[ast.AST]) -> frozenset[str]:
    """Names that code reads and that the interpreter does not have by itself."""
    return frozenset(
        node.id
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in _BUILTINS
    )


def names_looked_up(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """Names that code looks up in its module, and names that it makes there.

    A parameter, a variable of a comprehension or of a function, and a method are none of the module's, so a function of
    the same name is still the module's elsewhere in the code. A class that makes a name of its own may read the
    module's before, which counts.
    """
    looked_up: set[str] = set()
    made: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        waiting = [symtable.symtable(source, "tests", "exec")]
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        kind = table.get_type()
        for symbol in table.get_symbols():
            of_module = kind == "module" or symbol.is_global()
            if of_module and _is_made(symbol):
                made.add(symbol.get_name())
            if symbol.is_referenced() and (of_module or kind == "class"):
                looked_up.add(symbol.get_name())
    return frozenset(looked_up), frozenset(made)


def module_names(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """Names that code looks up in its module or sets there from within a function, and those that its own statements
    make, outside functions and classes. None where it is no Python."""
    table = _symbols(source)
    if table is None:
        return frozenset(), frozenset()
    looked_up, made = names_looked_up(source)
    own = {found.get_name() for found in table.get_symbols() if _is_made(found)}
    return looked_up | (made - own), frozenset(own)


def makes(source: str, name: str) -> bool:
    """Whether it is Python whose own statements, outside functions and classes, make `name`."""
    table = _symbols(source)
    try:
        return table is not None and _is_made(table.lookup(name))
    except KeyError:
        return False


def goes_back(source: str) -> bool:
    """Whether statements of a module give something back, as only those of a function may."""
    waiting: list[ast.AST] = [*parse(source).body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return False


def _is_made(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


_PROGRAMS = frozenset(
    {"solution", "solutions", "submission", "candidate", "program", "answer", "main", "my_module", "your_module"}
)
"""What tests call the module that they test."""
_PATCHES = frozenset({"patch", "dict", "multiple", "setattr"})
"""What takes the path of what it replaces, and stands last in its own."""


def imported_as_program(body: Sequence[ast.AST], name: str) -> frozenset[str]:
    """Modules, none of the library's, that stand for the candidate's program: those from which code takes `name`, and
    those that it imports or patches under a name that such modules have."""
    nodes = [node for statement in body for node in ast.walk(statement)]
    owners = {ast.unparse(node.value) for node in nodes if isinstance(node, ast.Attribute) and node.attr == name}
    found: set[str] = set()
    for node in nodes:
        match node:
            case ast.ImportFrom(module=str(module), names=names, level=0):
                if module in _PROGRAMS or any(alias.name in (name, "*") for alias in names):
                    found.add(module)
            case ast.Import(names=names):
                found.update(
                    alias.name for alias in names if alias.name in _PROGRAMS or (alias.asname or alias.name) in owners
                )
            case ast.Call(func=func, args=[ast.Constant(value=str(path)), *_]):
                if ast.unparse(func).rpartition(".")[2] in _PATCHES:
                    found |= {path.partition(".")[0]} & _PROGRAMS
    return frozenset(module for module in found if module.partition(".")[0] not in sys.stdlib_module_names)


_GLOBAL = re.compile(r"(?:__main__|__name__\}?)[\"' +]*\.[\"' ]*(\w+)")
"""What a test replaces in the module that it is in, by its path."""


def set_as_globals(source: str) -> frozenset[str]:
    """Names that code sets in the module that it is in, in a way that says so, where its own statements do not make
    them: `global LIMIT`, `patch("__main__.fetch")`."""
    declared: set[str] = set()
    here: set[str] = set()
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Global):
            declared.update(node.names)
            here.update(node.names if node.col_offset == 0 else ())
    own = module_names(source)[1] if declared else frozenset()
    return frozenset(declared - (own - here)).union(_GLOBAL.findall(source))


_ENTRY_ARGUMENTS = frozenset({"candidate", "func", "function", "fn", "f", "solution", "solve"})


def uncalled_tests(body: Sequence[ast.stmt], entry_point: str) -> tuple[tuple[str, str], ...]:
    """Test functions and test classes that code defines and nothing in it uses, each with the argument it wants."""
    used = _used(body)
    runs_all = any(
        isinstance(node, ast.Call) and ast.unparse(node.func) in ("unittest.main", "main")
        for statement in body
        for node in ast.walk(statement)
    )
    found = []
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name, args=arguments) | ast.AsyncFunctionDef(name=name, args=arguments) if (
                name.startswith(("test", "check")) and name not in used
            ):
                wants = arguments.args[: len(arguments.args) - len(arguments.defaults)]
                given = {*_ENTRY_ARGUMENTS, entry_point}
                takes_entry = wants and (name.startswith("check") or wants[0].arg in given)
                found.append((name, entry_point if takes_entry else ""))
            case ast.ClassDef(name=name, bases=bases) if name not in used and not runs_all:
                if name.startswith("Test") or any("TestCase" in ast.unparse(base) for base in bases):
                    found.append((name, ""))
    return tuple(found)


def _only_lists(statement: ast.stmt, body: Sequence[ast.stmt]) -> bool:
    """Whether a statement does no more than list names under one that nothing reads, such as `__all__`."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Tuple() | ast.List() | ast.Set() | ast.Dict() as value):
            reads = (
                node
                for other in body
                for node in ast.walk(other)
                if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
            )
            return not any(isinstance(node, ast.Call) for node in ast.walk(value)) and next(reads, None) is None
    return False


def _used(body: Sequence[ast.stmt]) -> set[str]:
    """Names that are used by what runs: by more than a function that nothing uses and no test runner would call."""
    found: set[str] = set()
    waiting: list[tuple[str, set[str]]] = []
    for statement in body:
        if _only_lists(statement, body):
            continue
        names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.append((statement.name, names - {statement.name}))
        else:
            found |= names - {statement.name} if isinstance(statement, ast.ClassDef) else names
    mentioned = set().union(*(names for _, names in waiting)) | found
    tests = {name for name, _ in waiting if name.startswith(("test", "check")) and name not in mentioned}
    while reached := [entry for entry in waiting if entry[0] in found | tests]:
        waiting = [entry for entry in waiting if entry not in reached]
        found = found.union(*(names for _, names in reached))
    return found | {name for _, names in waiting for name in names if not name.startswith("test")}
