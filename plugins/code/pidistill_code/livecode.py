"""LiveCodeBench's rows: contest problems with examples and hidden tests, on standard input or of a method of
`Solution`.

Tests are JSON lists of `{"input", "output", "testtype"}` in two columns. The hidden ones may be packed: base64 of
zlib of a pickle of the JSON text. The pickle is read by a reader that knows texts only, so it cannot make or call
anything.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import pickle
import zlib
from typing import Final, NoReturn, cast

from pidistill.authoring.data import DataRow
from pidistill.errors import DataError
from pidistill.records import JSON, Problem

LIMIT_S: Final = 6.0
"""Seconds a test may take: the limit of LiveCodeBench's own runner."""
_STARRED: Final = (
    "string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random", "statistics", "itertools",
    "functools", "operator", "io", "sys", "json", "builtins", "typing",
)  # fmt: skip
PRELUDE: Final = "\n".join(
    [*(f"from {name} import *" for name in _STARRED), f"import {', '.join(_STARRED)}", "sys.setrecursionlimit(50000)"]
)
"""What LiveCodeBench's runner puts before a program, names and recursion limit."""
_MOST_BYTES: Final = 1 << 28
_LEVELS: Final = {"easy": 1, "medium": 2, "hard": 3}


def livecode_problem(row: DataRow) -> Problem:
    """The problem in a row of LiveCodeBench. Raises `DataError` naming the row."""
    columns, where = row.columns, row.where
    public = _tests(columns.get("public_test_cases"), f"{where}, public_test_cases")
    hidden = _tests(columns.get("private_test_cases"), f"{where}, private_test_cases")
    raw = [*public, *hidden]
    functional = any(test.get("testtype") == "functional" for test in raw)
    name = _function_name(row) if functional else None
    starter = str(columns.get("starter_code") or "").strip()
    content = str(columns["question_content"]).strip()
    tests = [_functional(test, where) if functional else _printed(test) for test in raw]
    extra: dict[str, JSON] = {
        "kind": "function" if functional else "script",
        "tests": tests,
        "limit_s": LIMIT_S,
    }
    extra["preamble"] = PRELUDE
    if name:
        extra["entry_point"] = f"Solution().{name}"
    return Problem(
        id=f"LiveCodeBench/{row.id('question_id', default=where)}",
        domain="code",
        prompt=f"{content}\n\nStart from this:\n```python\n{starter}\n```" if starter else content,
        level=_LEVELS.get(str(columns.get("difficulty", "")).lower()),
        split=row.split,
        source=row.source,
        extra=extra,
    )


def _function_name(row: DataRow) -> str:
    metadata = row.columns.get("metadata") or "{}"
    values = json.loads(metadata) if isinstance(metadata, str) else metadata
    name = values.get("func_name") if isinstance(values, dict) else None
    if not isinstance(name, str) or not name.isidentifier():
        raise row.wrong("functional tests, but metadata names no function in 'func_name'.")
    return name


def _functional(test: dict[str, JSON], where: str) -> JSON:
    try:
        args = [json.loads(line) for line in str(test["input"]).split("\n") if line.strip()]
        return {"args": args, "expected": json.loads(str(test["output"]))}
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: a functional test that is no JSON: {error}") from None


def _printed(test: dict[str, JSON]) -> JSON:
    return {"stdin": str(test["input"]), "stdout": str(test["output"])}


def _tests(value: JSON, where: str) -> list[dict[str, JSON]]:
    tests: object = value or []
    if isinstance(value, str):
        try:
            tests = json.loads(value)
        except json.JSONDecodeError:
            tests = _unpacked(value, where)
    if not isinstance(tests, list) or not all(isinstance(t, dict) and "input" in t and "output" in t for t in tests):
        raise DataError(f"{where}: not a list of tests with 'input' and 'output'.")
    return cast("list[dict[str, JSON]]", tests)


def _unpacked(text: str, where: str) -> JSON:
    try:
        unzip = zlib.decompressobj()
        data = unzip.decompress(base64.b64decode(text, validate=True), _MOST_BYTES)
        if unzip.unconsumed_tail:
            raise DataError(f"{where}: unpacks to more than {_MOST_BYTES >> 20} MiB.")
        unpickled = _TextUnpickler(io.BytesIO(data)).load()
        return cast(JSON, json.loads(unpickled))
    except (binascii.Error, zlib.error, pickle.UnpicklingError, ValueError, TypeError, EOFError, IndexError) as error:
        raise DataError(f"{where}: neither JSON nor packed JSON: {error}") from None


class _TextUnpickler(pickle.Unpickler):
    """Reads built-in values only: whatever names a class or function is refused."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def persistent_load(self, pid: object) -> NoReturn:
        raise pickle.UnpicklingError("it refers to something outside")
