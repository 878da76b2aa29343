"""What an answer is wrapped into: tags that a prompt has asked for, one more fence, a listing of LaTeX's.

As everywhere, what stands in a string of the code is none of these.
"""

from __future__ import annotations

import html
import re
import textwrap
from typing import Final

from pidistill_code.extraction.blocks import defines
from pidistill_code.extraction.pages import FENCE, code_begins
from pidistill_code.extraction.programs import is_program
from pidistill_code.extraction.readings import LONGEST_LOOKED_AT
from pidistill_code.extraction.wholes import blanked, marks_in_strings
from pidistill_code.syntax import is_python

_TAGS: Final = (
    ("[PYTHON]", "[/PYTHON]"),
    ("[BEGIN]", "[DONE]"),
    ("<answer>", "</answer>"),
    ("<code>", "</code>"),
    ("<python>", "</python>"),
    ("[ANSWER]", "[/ANSWER]"),
    ("<solution>", "</solution>"),
    ("[code]", "[/code]"),
)
_MOST_TAGS: Final = 100
_MOST_LISTINGS: Final = 20
_ANSWER = re.compile(
    r"^[ \t]*(?=[<\[])(?:<(answer|final_answer|final|solution)>|\[(ANSWER)\])"
    r"(?:[ \t]*$(?=\n)|(?=(?:async[ \t]+)?def[ \t]|class[ \t]|import[ \t]|from[ \t]|@\w))",
    re.MULTILINE | re.IGNORECASE,
)
_LISTING = re.compile(
    r"^[ \t]*\\begin\{(verbatim|lstlisting|minted|python|pythoncode)\}(?:\[[^\]\n]*\])?(?:\{[^}\n]*\})?[ \t]*\n(.*?)"
    r"^[ \t]*\\end\{\1\}[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_OF_WIKI = re.compile(r"^[ \t]*\{code(?::[\w=|.+-]*)?\}[ \t]*\n(.*?)^[ \t]*\{code\}[ \t]*$", re.MULTILINE | re.DOTALL)
_LABEL = re.compile(
    r"\A\s*(?:(?:final|python|the)[ \t]+)?(?:answer|solution|code|python|program|output|response|a)[ \t]*:[ \t]*"
    r"(?=(?:async[ \t]+)?def[ \t]+\w|(?:class|import|from)[ \t]+\w|@\w)",
    re.IGNORECASE,
)
"""In front of code, on its first line, where Python has no such thing."""
_HERE = re.compile(
    r"^[ \t]*(?:\$[ \t]+)?cat\b[^\n<]*<<-?[ \t]*(['\"]?)(\w+)\1[^\n]*\n(.*?)^[ \t]*\2[ \t]*$", re.MULTILINE | re.DOTALL
)
"""What a shell is told to write to a file."""
_OF_MARKDOWN = re.compile(r"[ \t]*```+[ \t]*(?:markdown|md)[ \t]*$", re.IGNORECASE)
_ESCAPED = re.compile(r"^([ \t]*)((?:\\`){3,})", re.MULTILINE)
"""A fence whose back quotes Markdown would show as such."""


def unwrapped(text: str) -> str:
    """`text` without a fence around what is Markdown itself, with the listings of LaTeX and of wikis as fences, its own
    fences without backslashes, and without a label in front of the first line of code."""
    if 0 < text.count("\\begin{") <= _MOST_LISTINGS and "```" not in text and not is_python(text[:LONGEST_LOOKED_AT]):
        text = _LISTING.sub(lambda found: f"```\n{found[2]}```", text)
    if 1 < text.count("{code") <= _MOST_LISTINGS and "```" not in text:  # which is Python, but does nothing there
        text = _OF_WIKI.sub(lambda found: f"```\n{found[1]}```", text)
    if "\\`" in text and "```" not in text:
        text = _ESCAPED.sub(lambda found: found[1] + found[2].replace("\\", ""), text)
    if "<<" in text and "cat" in text:
        text = _HERE.sub(_as_fence, text, _MOST_LISTINGS)
    text = _LABEL.sub("", text)
    return _without_markdown_fence(text) if "```" in text else text


def _as_fence(found: re.Match[str]) -> str:
    """What a shell writes to a file, in a fence of its own, within another one or not."""
    fences = sum(FENCE.match(line) is not None for line in found.string[: found.start()].split("\n"))
    ends, begins = ("```\n", "\n```sh") if fences % 2 else ("", "")
    return f"{ends}```\n{found[3]}```{begins}"


def _without_markdown_fence(text: str) -> str:
    """A fence marked as Markdown's holds others of its own length, which do not close it as their language tells."""
    lines = text.split("\n")
    fences = [number for number, line in enumerate(lines) if FENCE.match(line)]
    if len(fences) < 3 or not _OF_MARKDOWN.match(lines[fences[0]]):
        return text
    first, second = (FENCE.match(lines[number]) for number in fences[:2])
    if first is None or second is None or first[2] != second[2] or not second[3]:
        return text
    dropped, within = {fences[0]}, False
    for number in fences[1:]:
        fence = FENCE.match(lines[number])
        if not within and fence is not None and not fence[3]:
            dropped.add(number)
            break
        within = not within
    return "\n".join(line for number, line in enumerate(lines) if number not in dropped)


def answer_in_tags(text: str, name: str) -> str:
    """Where there are fences beside it: the last plain answer in tags as a block like the others."""
    if ("```" not in text and "~~~" not in text) or not _ANSWER.search(text):
        return text
    shown = blanked(text, marks_in_strings(text, name))
    for opening in list(_ANSWER.finditer(shown))[:-_MOST_TAGS:-1]:
        fences = sum(1 for line in shown[: opening.start()].split("\n") if FENCE.match(line))
        word = opening[1] or opening[2]
        closing = re.compile(rf"[<\[]/{re.escape(word)}[>\]]", re.IGNORECASE).search(shown, opening.end())
        if fences % 2 or closing is None:
            continue
        inner = text[opening.end() : closing.start()]
        code = textwrap.dedent(inner).strip("\n")
        if len(code) <= LONGEST_LOOKED_AT and (defines(code, name) and is_python(code) if name else is_program(code)):
            return f"{text[: opening.start()]}\n```python\n{code}\n```\n{text[closing.start() :]}"
    return text


def within_tags(text: str, name: str, quoted: frozenset[int]) -> str:
    """What stands between the last tags that begin a line, or before one that ends it, if that defines `name`, or where
    a program is asked for. The lines `quoted` in strings have no tags."""
    shown = blanked(text, quoted) if quoted else text
    within = len(text) if name else code_begins(text)
    for opening, closing in _TAGS:
        at, looked_at = shown.rfind(opening, 0, within), 0
        while at >= 0 and looked_at < _MOST_TAGS:
            looked_at += 1
            if not text[text.rfind("\n", 0, at) + 1 : at].strip():
                end = shown.find(closing, at)
                inner = text[at + len(opening) : end if end >= 0 else len(text)].strip("\n")
                inner = inner.removeprefix("<![CDATA[").removesuffix("]]>").strip("\n")
                inner = (
                    html.unescape(inner) if "<" not in inner and "&" in inner and not is_whole_code(inner) else inner
                )
                if defines(inner, name) if name else inner.strip():
                    return inner
            at = shown.rfind(opening, 0, at)
    for _, closing in _TAGS:  # the prompt may have opened it
        at = shown.find(f"\n{closing}")
        if at >= 0 and name and defines(text[:at], name):
            return text[:at]
    return text


def is_whole_code(text: str) -> bool:
    """Whether it is Python as it stands, so that nothing in it is escaped."""
    return len(text) <= LONGEST_LOOKED_AT and is_python(text)
