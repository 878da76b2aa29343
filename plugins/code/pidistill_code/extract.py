"""The code in a completion: from a Markdown fence, from plain text with prose around it, or as the prompt's
continuation.

Only lines and indentation are looked at, never the grammar: a completion is foreign text, and parsing it in the
worker would let deep nesting take the worker down. What is wrong with the code the sandbox finds out. The rules,
first match wins:

1. What follows the last `</think>` counts, if there is one.
2. Fenced blocks marked as Python or not at all: the last one that defines the entry point; where none does, the last
   one of all (a program, or a function's body in a fence). An unclosed fence reaches to the end.
3. Plain text that defines the entry point: from the first line of code to the last.
4. Plain text that goes on where the prompt stops, if the problem allows that: the prompt, then the text up to the first
   unindented line that cannot be code.

All rules take time proportional to the text's length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 1_000_000
"""Characters; longer code is no answer."""
_FENCE = re.compile(r"^[ \t]{0,3}(```+|~~~+)[ \t]*([\w+.-]*)[^\n]*$")
_PYTHON: Final = frozenset({"", "python", "python3", "py", "py3", "pycon", "cpython"})
_STATEMENT = re.compile(
    r"(?:def|class|async|import|from|if|elif|else|for|while|with|try|except|finally|return|raise|print|assert|global|"
    r"pass|del|yield|match|case|nonlocal)\b|[@#)\]}\"']|[A-Za-z_][\w.\[\]'\", ]{0,200}(?:[-+*/%|&^]|//|\*\*|<<|>>)?="
    r"|[A-Za-z_][\w.]{0,200}\(|\*?\(?[A-Za-z_]\w*(?:, ?\*?[A-Za-z_]\w*){0,20}\)? ?="
)
_OPENING = re.compile(r"(?:def|class|import|from \S+ import|async def|@\w)")


@dataclass(frozen=True)
class Extracted:
    """The program in a completion."""

    code: str | None
    """None where there is none; `reason` then says why."""
    continued: int = 0
    """How many lines of the prompt come first in `code`."""
    reason: str = ""


def extract(completion: str, entry_point: str, prompt: str | None = None) -> Extracted:
    """The program in `completion`. `prompt` is the code it may continue; None where it may not. Never raises."""
    text = completion.rsplit("</think>", 1)[-1].replace("\r\n", "\n").replace("\r", "\n")
    name = entry_point.split(".", 1)[0].removesuffix("()")
    blocks = fenced_blocks(text)
    code = text
    if blocks:
        code = next((block for block in reversed(blocks) if _defines(block, name)), blocks[-1])
    if not code.strip():
        return Extracted(None, reason="the completion is empty")
    if _defines(code, name) or not name:
        code = code if blocks else _without_prose(code, bool(name))
        return _checked(code, 0)
    if prompt is None:
        return Extracted(None, reason=f"nothing in it defines {name!r}") if not blocks else _checked(code, 0)
    lines = (code if blocks else _body(code)).split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    if not lines:
        return Extracted(None, reason="the completion holds no code")
    if not lines[0][0].isspace():  # tokenizers and strip() take the first line's indentation away
        if not _STATEMENT.match(lines[0]):
            return Extracted(None, reason=f"nothing in it defines {name!r}, nor does it go on where the prompt stops")
        rest = [line for line in lines[1:] if line.strip()]
        inner = any(line[0].isspace() for line in rest) and not lines[0].rstrip().endswith(":")
        lines = ["    " + lines[0], *lines[1:]] if inner else ["    " + line if line.strip() else "" for line in lines]
    head = prompt.rstrip("\n")
    return _checked("\n".join([head, *lines]), head.count("\n") + 1)


def _checked(code: str, continued: int) -> Extracted:
    if len(code) > LONGEST:
        return Extracted(None, reason=f"the code is longer than {LONGEST:,} characters")
    return Extracted(code.rstrip() + "\n", continued)


def _defines(code: str, name: str) -> bool:
    """Whether `code` defines `name`. Most answers are told without a pattern of their own, which is slow to compile."""
    if name not in code:
        return False
    return code.startswith(f"def {name}(") or f"\ndef {name}(" in code or bool(_definition(name).search(code))


def _definition(name: str) -> re.Pattern[str]:
    escaped = re.escape(name)
    return re.compile(
        rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{escaped}\b|^{escaped}[ \t]*(?::[^=\n]*)?=(?!=)|"
        rf"^from[ \t]+\S+[ \t]+import[ \t][^\n]*\b{escaped}\b|^import[ \t][^\n]*\b{escaped}\b",
        re.MULTILINE,
    )


def fenced_blocks(text: str) -> list[str]:
    """Contents of the Markdown fences that may hold Python, in order. A fence is closed by one as long as its own."""
    blocks: list[str] = []
    if "```" not in text and "~~~" not in text:
        return blocks
    fence, language, lines = "", "", list[str]()
    for line in text.split("\n"):
        match = _FENCE.match(line)
        if not fence:
            if match:
                fence, language, lines = match[1], match[2].lower(), []
        elif match and match[1].startswith(fence) and not match[2]:
            if language in _PYTHON:
                blocks.append("\n".join(lines))
            fence = ""
        else:
            lines.append(line)
    if fence and language in _PYTHON:
        blocks.append("\n".join(lines))
    return blocks


def _without_prose(text: str, named: bool) -> str:
    """Plain text from its first line of code to its last. Without an entry point to go by it is code as a whole."""
    if not named:
        return text
    lines = text.split("\n")
    start = next((i for i, line in enumerate(lines) if _OPENING.match(line)), 0)
    return _until_prose(lines[start:])


def _body(text: str) -> str:
    return _until_prose(text.split("\n"))


def _until_prose(lines: list[str]) -> str:
    """The lines up to the first unindented one, after an indented one, that cannot be code."""
    indented = quoted = False
    for number, line in enumerate(lines):
        if not line or line.isspace():
            continue
        if line[0].isspace():
            indented = True
        elif indented and not quoted and not _STATEMENT.match(line):
            return "\n".join(lines[:number])
        quoted ^= (line.count('"""') + line.count("'''")) % 2 == 1
    return "\n".join(lines)
