"""What the columns of a row mean: HumanEval, MBPP (full and sanitized), LiveCodeBench, and data of one's own.

The columns decide, not the file's name. `problem_of` turns a row into a `Problem` whose `extra` is what `suite` reads.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from typing import Final, cast

from pidistill.authoring.data import DataRow
from pidistill.records import JSON, Problem
from pidistill_code.livecode import livecode_problem
from pidistill_code.suites.inputs import COLUMNS, inputs_of
from pidistill_code.syntax import defined_names, parse

_PARTS: Final = ((11, 510, "test"), (511, 600, "validation"), (601, 974, "train"), (1, 10, "prompt"))
"""Task ids of MBPP's splits."""


def problem_of(row: DataRow) -> Problem:
    """The problem in one row. Raises `DataError` naming the row.

    So it does for numbers that JSON has not: what is no record has no hash, and nothing of it can be kept. Python reads
    `Infinity` and `1e999` all the same, in a row and in a test that is JSON by itself.
    """
    problem = _problem_of(row)
    try:
        problem.hash  # noqa: B018  # which is kept
    except ValueError:
        raise row.wrong(
            "a number in it is infinite or none (Infinity, NaN, 1e999), which JSON has not.",
            "A test that is Python can say it: assert f(1) == float('inf').",
        ) from None
    return problem


def _problem_of(row: DataRow) -> Problem:
    columns = row.columns
    try:
        if "question_content" in columns:
            return livecode_problem(row)
        if "entry_point" in columns and ("test" in columns or any(column in columns for column in COLUMNS)):
            return humaneval(row)
        if "test_list" in columns:
            return mbpp(row)
        if "tests" in columns:
            return own(row)
    except SyntaxError as error:
        raise row.wrong(f"its code or tests are no Python: {error}") from None
    raise row.wrong(
        "columns of no known kind.",
        "HumanEval has entry_point and test, MBPP test_list, LiveCodeBench question_content, data of one's own tests. "
        + row.said,
    )


# --- HumanEval -------------------------------------------------------------------------------------------------------


def humaneval(row: DataRow) -> Problem:
    """HumanEval's columns, or EvalPlus's: there inputs stand in place of tests, and the reference gives the answers."""
    prompt, entry_point = row.text("prompt"), row.text("entry_point")
    canonical = row.columns.get("canonical_solution")
    tests: list[JSON] = [{"args": args} for args in inputs_of(row)]
    if not tests:
        tests = list(check_tests(row.text("test"), entry_point))
    reference = None if canonical is None else f"{prompt}{canonical}"
    return Problem(
        id=row.id("task_id", default=row.where),
        domain="code",
        prompt=prompt,
        reference=reference,
        solution=reference,
        split=row.split,
        source=row.source,
        extra={
            "entry_point": entry_point,
            "tests": tests,
            "preamble": preamble_of(prompt, entry_point),
            "continues": True,
        },
    )


def preamble_of(prompt: str, entry_point: str) -> str:
    """What stands before the function that a code prompt asks for: imports and helpers. '' where nothing does."""
    lines = prompt.split("\n")
    for number, line in enumerate(lines):
        if line.startswith((f"def {entry_point}(", f"async def {entry_point}(")):
            return "\n".join(lines[:number]).strip("\n")
    return ""


def check_tests(code: str, entry_point: str) -> Iterator[str]:
    """The tests in HumanEval's `check(candidate)`, one text each, about `entry_point`.

    In order. An assert stands alone, but for those from the first to the last statement that is none or uses what one
    has bound: these are one test together, so that what a test has done before is done before.
    """
    module = parse(code)
    outside = [node for node in module.body if not isinstance(node, ast.FunctionDef) or node.name != "check"]
    outside = [
        node for node in outside if not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "METADATA")
    ]
    check = next((node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "check"), None)
    if check is None:
        raise SyntaxError("no function check(candidate)")
    candidate = check.args.args[0].arg if check.args.args else "candidate"
    outside = [node for node in outside if not _calls_check(node)]
    body = [_Renamed(candidate, entry_point).visit(node) for node in check.body if not _is_nothing(node)]
    bound = {name for node in [*outside, *body] if not isinstance(node, ast.Assert) for name in _bound(node)}
    tied = [number for number, node in enumerate(body) if not isinstance(node, ast.Assert) or _used(node) & bound]
    first, last = (tied[0], tied[-1] + 1) if tied else (len(body), len(body))
    for node in body[:first]:
        yield f"assert {ast.unparse(cast(ast.Assert, node).test)}"  # without its message, which says that it failed
    if tied:
        yield ast.unparse(ast.Module([*outside, *body[first:last]], []))
    for node in body[last:]:
        yield f"assert {ast.unparse(cast(ast.Assert, node).test)}"


def _is_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _calls_check(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "check"


class _Renamed(ast.NodeTransformer):
    """Writes one name for another."""

    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = old, new

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.new, node.ctx) if node.id == self.old else node


def _bound(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.alias(name=name, asname=asname):
                yield (asname or name).split(".")[0]
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name


def _used(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


# --- MBPP ------------------------------------------------------------------------------------------------------------


def mbpp(row: DataRow) -> Problem:
    """MBPP's columns, full (`text`, `test_setup_code`) or sanitized (`prompt`, `test_imports`).

    The first test is shown in the prompt, which otherwise would not name the function. Challenge tests are left out, as
    everywhere: some of MBPP's own references fail them.
    """
    text = row.text("prompt" if "prompt" in row.columns else "text")
    code = row.columns.get("code")
    reference = None if code is None else str(code).replace("\r\n", "\n").replace("\r", "\n")
    tests = [test.replace("\r\n", "\n").strip() for test in _strings(row, "test_list")]
    entry_point = called_function(tests, reference)
    if entry_point is None:
        raise row.wrong("its tests call no function.")
    imports = "\n".join([*_strings(row, "test_imports"), *needed_imports(tests, reference)])
    setup = str(row.columns.get("test_setup_code") or "").replace("\r\n", "\n").replace(" \n", "\n").strip()
    task = int(row.id("task_id", default="0"))
    return Problem(
        id=f"MBPP/{task}",
        domain="code",
        prompt=text.strip(),
        reference=reference,
        solution=reference,
        split=next((name for low, high, name in _PARTS if low <= task <= high), row.split),
        source=row.source,
        extra={
            "entry_point": entry_point,
            "tests": cast("list[JSON]", tests),
            "preamble": imports,
            "setup": setup,
            "shown": 1,
        },
    )


def called_function(tests: list[str], reference: str | None) -> str | None:
    """The function that the tests are about: the outermost one called that the reference defines, else what it defines
    and they use, such as a decorator."""
    defined = defined_names(reference) if reference else frozenset()
    trees = [parse(test) for test in tests]
    called = (node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    used = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name))
    for node in [*called, *(_decorators(trees) if reference is None else used)]:
        # breadth first: outermost calls come first
        if isinstance(node, ast.Name) and (node.id in defined or (not defined and not hasattr(builtins, node.id))):
            return node.id
    return None


def _decorators(trees: list[ast.Module]) -> Iterator[ast.expr]:
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from node.decorator_list


def needed_imports(tests: list[str], reference: str | None) -> list[str]:
    """Imports of the reference that its tests use as well: they were run in one namespace (MBPP/596)."""
    used = {name for test in tests for name in _used(parse(test))}
    imports = [node for node in parse(reference or "").body if isinstance(node, ast.Import | ast.ImportFrom)]
    return [ast.unparse(node) for node in imports if used & set(_bound(node))]


def _strings(row: DataRow, column: str) -> list[str]:
    """A column that holds a list of texts, or a text that is such a list in Python's or JSON's spelling."""
    value = row.columns.get(column)
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError) as error:
            raise row.wrong(f"column {column!r} holds a text that is no list: {error}") from None
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise row.wrong(f"column {column!r} is not a list of texts.")
    return cast("list[str]", value)


# --- Data of one's own -----------------------------------------------------------------------------------------------


def own(row: DataRow) -> Problem:
    """Rows with `prompt` and `tests` in the forms that `suite` reads, and its other keys as columns."""
    prompt, tests = row.text("prompt"), row.columns["tests"]
    if not isinstance(tests, list):
        raise row.wrong(f"column 'tests' holds {type(tests).__name__}, not a list.")
    keys = ("kind", "entry_point", "preamble", "setup", "continues", "shown", "tolerance", "limit_s", "instruction")
    extra: dict[str, JSON] = {key: row.columns[key] for key in keys if row.columns.get(key) is not None}
    extra["kind"] = "script" if extra.get("kind") in ("script", "stdio", "stdin") else "function"
    solution = row.text_or_none("reference", "canonical_solution", "solution")
    if extra.get("continues") and "preamble" not in extra:  # a completion may define the function anew, as HumanEval's
        preamble = preamble_of(prompt, str(extra.get("entry_point", "")))
        extra |= {"preamble": preamble} if preamble else {}
    return Problem(
        id=row.id("id", "task_id", default=row.where),
        domain="code",
        prompt=prompt,
        reference=solution,
        solution=solution,
        level=row.level(),
        split=row.split,
        source=row.source,
        extra={**extra, "tests": tests},
    )
