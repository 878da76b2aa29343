"""What answers are dressed in, beside Markdown's fences: thoughts, quotations, LaTeX, HTML, labels, indented code, and
code within a sentence.

Only marks that nobody takes for Lean are taken off. What is under them is Lean's to judge, so a mark that is taken off
in error costs an answer, and gives none away. All rules take time proportional to the text's length.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Final

from pidistill.authoring.fences import unquoted

_INVISIBLE: Final = "\ufeff\u200b\u2060"
_ENVIRONMENT = re.compile(
    r"^[ \t]*\\begin\{(lstlisting|minted|verbatim|lean4?|leancode|code)\}(?:\[[^\]\n]*\]|\{[^}\n]*\})*[ \t]*\n"
    r"(.*?)^[ \t]*\\end\{\1\}",
    re.MULTILINE | re.DOTALL,
)
_MOST_ENVIRONMENTS: Final = 50
_END_MARK = re.compile(r"(?:<[|\uff5c][\w\u2581]{1,40}[|\uff5c]>|</s>)\Z")
"""What a model ends its text with: `<|im_end|>`. Some have it in other characters than these."""
_MOST_END_MARKS: Final = 4
_THINKING: Final = r"(?:\w+:)?(?:think(?:ing)?|thoughts?)"
_THOUGHT: Final = rf"(?:{_THINKING}|reasoning|reflection|scratchpad|analysis)"
_THOUGHTS = re.compile(
    rf"(?P<endless><{_THINKING}>|\[{_THINKING}\]|\u25c1{_THINKING}\u25b7|<\|begin_of_{_THINKING}\|>)"
    rf"|(?P<open><{_THOUGHT}>|\[{_THOUGHT}\])"
    rf"|</{_THOUGHT}>|\[/{_THOUGHT}\]|\u25c1/{_THOUGHT}\u25b7|<\|end_of_{_THOUGHT}\|>"
    r"|<\|channel\|>final\b[^\n]{0,80}?<\|message\|>",
    re.IGNORECASE,
)
"""Where thoughts begin, and where they end: each family of models has marks of its own. Those that a model is trained
to think between are endless where the text breaks off; the others may be a word for what the answer is in."""
_BOXED = re.compile(r"\A\s*\$*\s*\\boxed\{(?:\\text\{)?(.*?)\}*\s*\$*\s*\Z", re.DOTALL)
_LABEL = re.compile(
    r"^[ \t]*(?:#+[ \t]*)?(?:\*\*|__)?(?:(?:the|my|final|full|complete|lean4?|formal)[ \t]+)*(?:answer|proof|solution)"
    r"(?:\*\*|__)?[ \t]*[:.](?:\*\*|__)?[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)|(?<!`)``(?!`)[ ]?([^\n]+?)[ ]?(?<!`)``(?!`)")
_TAKEN_BACK = re.compile(r"\b(?:not|never|cannot|wrong|fails?|failed|incorrect|instead)\b|n't\b", re.IGNORECASE)
_INDENTED: Final = "  "


def undressed(text: str) -> str:
    """`text` without the marks of a quotation, with LaTeX's blocks of code as Markdown's, without what is invisible.

    Nor has it the marks that end a model's text.
    """
    text = text.lstrip(_INVISIBLE)
    for _ in range(_MOST_END_MARKS):
        ended = _END_MARK.search(text.rstrip()[-60:])
        if ended is None:
            break
        text = text.rstrip()[: -len(ended[0])]
    if 0 < text.count("\\begin{") <= _MOST_ENVIRONMENTS:
        text = _ENVIRONMENT.sub(r"```lean\n\2```\n", text)  # the sentence may go on behind it
    return unquoted(text)


def without_thoughts(text: str) -> str | None:
    """`text` without what stands between the marks of thoughts; None where there is nothing but some that have no end.

    A mark that ends thoughts without one that begins them ends those that the prompt began. What follows `</think>` is
    all that counts: nobody thinks behind the answer there.
    """
    text = text.rsplit("</think>", 1)[-1]
    kept: list[str] = []
    at = 0
    opened: re.Match[str] | None = None
    for mark in _THOUGHTS.finditer(text):
        if mark["open"] or mark["endless"]:
            opened = opened or mark
            continue
        if opened is None:
            kept.clear()
        else:
            kept.append(text[at : opened.start()])
        at, opened = mark.end(), None
    rest = text[at:] if opened is None or not opened["endless"] else text[at : opened.start()]
    found = "".join([*kept, rest])
    return None if opened is not None and not found.strip() else found


def indented_code(text: str) -> list[str]:
    """Markdown's indented blocks, at the margin: what is indented behind a blank line, to where that ends."""
    found: list[list[str]] = []
    within, blank = False, True
    for line in text.split("\n"):
        if line.startswith(_INDENTED) and line.strip():
            if not within and blank:
                found.append([])
                within = True
            if within:
                found[-1].append(line)
        elif line.strip():
            within = False
        elif within:
            found[-1].append("")
        blank = not line.strip()
    return [textwrap.dedent("\n".join(lines)).rstrip() for lines in found]


def spans(text: str) -> list[str]:
    """Code within sentences, without its marks; none where the sentence takes the last one back."""
    found = list(_SPAN.finditer(text))
    if not found or _TAKEN_BACK.search(text, found[-1].end()):
        return []
    return [match[1] or match[2] for match in found]


def proofs_in_prose(text: str, begins_like_lean: Callable[[str], bool]) -> Iterator[str]:
    """Bare proofs that stand in prose: in a box, behind a label, indented behind a paragraph, as code in a sentence.

    The last of each kind, the likeliest kind first.
    """
    if boxed := _BOXED.match(text):
        yield boxed[1]
    labels = list(_LABEL.finditer(text))
    if labels:
        rest = text[labels[-1].end() :].strip("\n")
        if rest.startswith(":=") or begins_like_lean(rest):
            yield rest
    paragraphs = re.split(r"\n[ \t]*\n", text)
    for at, paragraph in enumerate(paragraphs[1:], 1):
        if paragraph.startswith(_INDENTED) and begins_like_lean(paragraph):
            yield "\n".join(_while_indented("\n\n".join(paragraphs[at:]).split("\n")))
            break
    if inline := spans(text):
        code = inline[-1].strip()
        if code.startswith(":=") or begins_like_lean(code):
            yield code


def _while_indented(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if line.strip() and not line.startswith(_INDENTED):
            return
        yield line
