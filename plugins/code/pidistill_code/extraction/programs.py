"""Which block of an answer is the program that reads its input and prints what was asked for.

An answer shows more than that: a line of it again, a test, what an example prints, the asker's own version. So the
program is the last block that reads input and writes output when it runs, with what it needs of the other blocks, and
of which the words above do not say that it is another version, nor words below that another one is chosen. A block that
only calls what another one defines is one. Where no block is such a program, it is the last that looks like code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Final

from pidistill_code.extraction.announcing import announces_another, announces_final, announces_less
from pidistill_code.extraction.choosing import chosen
from pidistill_code.extraction.fenced import Block
from pidistill_code.extraction.helpers import with_helpers
from pidistill_code.extraction.pages import is_typed_in, typed_in
from pidistill_code.extraction.prose import is_prose
from pidistill_code.extraction.readings import LONGEST_LOOKED_AT
from pidistill_code.lookups import running
from pidistill_code.syntax import is_python, parse

_READS = re.compile(
    r"\binput[ \t]*\(|\bstdin\b(?![ \t]*=[ \t]*\w*\.?PIPE)|\bopen[ \t]*\([ \t]*0\b|\bos\.read[ \t]*\([ \t]*0\b|"
    r"\bfileinput\b|=[ \t]*input\b|\bargv\b|/dev/fd/0|\.read(?:_text|lines?)?\(\)"
)
_WRITES = re.compile(r"\bprint\b|\bstdout\b|\bwrite\b|\bos\.write\b")
_FAKES = re.compile(
    r"^(?:sys\.)?stdin[ \t]*=[ \t]*(?:io\.)?(?:StringIO|BytesIO)\([ \t]*(?:[bfru]{0,2}[\"']|\w+[ \t]*\))|"
    r"\bpatch[\w.]*\([ \t]*[\"'](?:builtins\.input|sys\.stdin)|^(?:builtins\.)?input[ \t]*=[ \t]*lambda",
    re.MULTILINE,
)
"""What a test does that gives the program its input."""
_LIKE_A_PROGRAM = re.compile(
    r"\b(?:input|print|open|write|readlines?|read|main)[ \t]*\(|\bsys\.std(?:in|out)\b|^import ", re.MULTILINE
)
_SHELL = re.compile(r"[ \t]*(?:\$|>|%)[ \t]")
_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_PROMPTS: Final = (">>>", "...", "In [")
"""How the lines of a session begin."""
_MOST_LOOKED_AT: Final = 8
"""Blocks that may be the program, the last first, each of which is looked at with what it needs."""


def program_of(blocks: Sequence[Block], below: str = "") -> str:
    """The program among `blocks`, of which one at least is not empty; `below` is said under the last."""
    blocks = _without_others(_without_sessions(blocks), below)
    texts = [number for number, block in enumerate(blocks) if block.text.strip()]
    marked = [number for number in texts if blocks[number].marked]
    if len(texts) == 1:
        return blocks[texts[0]].text
    if (found := next(_whole_programs(blocks, texts), None)) is not None:
        return found
    likely = [
        number
        for number in marked or texts
        if _LIKE_A_PROGRAM.search(blocks[number].text) and not _SHELL.match(blocks[number].text)
    ]
    chosen = (likely or marked or texts)[-1]
    return with_helpers([block.text if block.marked or not marked else "" for block in blocks], chosen, "")


def _without_others(blocks: Sequence[Block], below: str) -> Sequence[Block]:
    """Nothing for the programs beside one that is chosen by words."""
    programs = [number for number, block in enumerate(blocks) if is_program(block.text)]
    if len(programs) < 2:
        return blocks
    said = "\n".join([*(block.words for block in blocks[programs[-1] + 1 :]), below])
    at = chosen([blocks[number].words for number in programs], said)
    others = set(programs) - {programs[at]} if at is not None else ()
    return [it._replace(text="") if number in others else it for number, it in enumerate(blocks)]


def _without_sessions(blocks: Sequence[Block]) -> list[Block]:
    """A session is an example of what another block does; where none is like a program, it is what was typed there."""
    sessions = [block for block in blocks if block.text.lstrip().startswith((">>> ", "In ["))]
    others = [block for block in blocks if block not in sessions]
    if any(may_be_one(block.text) for block in others):
        return others
    typed = [typed_in(block.text) if block in sessions else "" for block in blocks]
    return [it._replace(text=code) if code.strip() else it for it, code in zip(blocks, typed, strict=True)]


def typed_program(text: str) -> str | None:
    """What was typed in a session that is a program, where nothing in `text` but its prompts and words is like one."""
    if not is_typed_in(text) or not is_program(code := typed_in(text)):
        return None
    beside = (line for line in text.split("\n") if not line.lstrip().startswith(_PROMPTS))
    return None if any(may_be_one(line) and not is_prose(line) for line in beside) else code


def _whole_programs(blocks: Sequence[Block], texts: Sequence[int]) -> Iterator[str]:
    """Those that are one, the likeliest first."""
    others, looked_at = list[str](), 0
    first = next((number for number in texts if may_be_one(blocks[number].text)), len(blocks))
    for number in reversed(texts):
        block = blocks[number]
        if looked_at == _MOST_LOOKED_AT:
            break
        if len(block.text) > LONGEST_LOOKED_AT:
            continue
        if not is_python(block.text):
            if (
                _READS.search(block.text)
                and _WRITES.search(block.text)
                and not announces_another(block.words, first < number)
            ):
                yield block.text  # a slip in the answer does not make the draft above the answer
            continue
        if not _runs(block.text):
            continue
        looked_at += 1
        beside = [it.text if it.marked or not block.marked else "" for it in blocks]
        code = with_helpers(beside, number, "")
        reads = _READS.search(code) or announces_final(block.words)
        if not (reads and _WRITES.search(code)) or _is_shown_again(number, blocks):
            continue
        if _takes_input_from_another(code, number, blocks):
            continue
        if _reading(code) > _reading(block.text):  # cells of a notebook, each of which reads in its turn
            code = "\n\n".join(it for it in beside[: number + 1] if is_python(it) and not _tests(it))
        if _FAKES.search(block.text) or _tests(block.text) or announces_another(block.words, first < number):
            others.append(code)
        else:
            yield code
    yield from others


def _takes_input_from_another(code: str, number: int, blocks: Sequence[Block]) -> bool:
    """Whether `code` reads input that statements of another block read, which is a program without this one: so it is
    where a part of a program is shown again, or another way to write it."""
    if not any(is_program(it.text) for n, it in enumerate(blocks) if n != number):
        return False
    return _reading(code) > _reading(blocks[number].text)


def _is_shown_again(number: int, blocks: Sequence[Block]) -> bool:
    """Whether its lines, but not they alone, stand in a program above, as where that is explained line by line; not
    where it is said that some are gone."""
    if announces_less(blocks[number].words):
        return False
    lines = _lines(blocks[number].text)
    for above in map(_lines, (it.text for it in blocks[:number] if is_program(it.text))):
        ends = range(len(lines), len(above) + 1)
        if len(above) > len(lines) and any(above[end - len(lines) : end] == lines for end in ends):
            return True
    return False


def _lines(code: str) -> list[str]:
    """Without their indentation and blank ones."""
    return [line.strip() for line in code.split("\n") if line.strip()]


def _reading(code: str) -> int:
    """How many statements read input as the program runs."""
    lines = code.split("\n")
    return sum(
        not isinstance(node, _DEFINITIONS)
        and _READS.search("\n".join(lines[node.lineno - 1 : node.end_lineno])) is not None
        and any(isinstance(it, ast.Call) for it in running([node]))
        for node in parse(code).body
    )


def _tests(code: str) -> bool:
    """Whether it asserts something of what it does not read."""
    return not _READS.search(code) and any(isinstance(node, ast.Assert) for node in parse(code).body)


def _runs(code: str) -> bool:
    """Whether it does anything but make names."""
    return any(
        not isinstance(node, _DEFINITIONS) and any(isinstance(it, ast.Call) for it in running([node]))
        for node in parse(code).body
    )


def may_be_one(code: str, wholly: bool = False) -> bool:
    """Whether `code`, of any length and Python or not, is like a part of a program; `wholly`: like all of one."""
    if wholly:
        return bool(_READS.search(code) and _WRITES.search(code))
    return bool(_READS.search(code) or _LIKE_A_PROGRAM.search(code))


def is_program(code: str) -> bool:
    """Whether `code` is Python that reads input and writes output."""
    if len(code) > LONGEST_LOOKED_AT or not (_READS.search(code) and _WRITES.search(code)):
        return False
    return is_python(code) and _runs(code)
