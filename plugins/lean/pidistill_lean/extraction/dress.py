"""What answers are dressed in, beside Markdown's fences and thoughts: quotations, LaTeX, HTML, labels, indented code,
and code within a sentence.

Only marks that nobody takes for Lean are taken off. What is under them is Lean's to judge, so a mark that is taken off
in error costs an answer, and gives none away. All rules take time proportional to the text's length.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Final

from pidistill.authoring.fences import unquoted
from pidistill_lean.extraction.fences import FENCE
from pidistill_lean.extraction.prose import pieces
from pidistill_lean.extraction.thoughts import without_thoughts

__all__ = ["indented_code", "proofs_in_prose", "spans", "undressed", "without_thoughts"]
_INVISIBLE: Final = "\ufeff\u200b\u2060"
_ENVIRONMENT = re.compile(
    r"^[ \t]*\\begin\{(lstlisting|minted|verbatim|lean4?|leancode|code)\}(?:\[[^\]\n]*\]|\{[^}\n]*\})*[ \t]*\n"
    r"(.*?)^[ \t]*\\end\{\1\}",
    re.MULTILINE | re.DOTALL,
)
_MOST_ENVIRONMENTS: Final = 50
_END_MARK = re.compile(
    r"(?:<[|\uff5c][\w\u2581]{1,40}[|\uff5c]>|</s>|<(?:end_of_turn|eos|turn\|)>|(?<=\S)\[(?:EOS|e~|\|endofturn\|)[\]\[])\Z"
)
"""What a model ends its text with: `<|im_end|>`. Some have it in other characters than these."""
_BEGIN_MARK = re.compile(r"\A\s*<\|(?:begin_of_box|START_TEXT|begin_of_text)\|>")
_MOST_END_MARKS: Final = 4
_BOXED = re.compile(r"\A\s*\$*\s*\\boxed\{(?:\\text\{)?(.*?)\}*\s*\$*\s*\Z", re.DOTALL)
_LABEL = re.compile(
    r"^[ \t]*(?:#+[ \t]*)?(?:\*\*|__)?(?:(?:the|my|final|full|complete|lean4?|formal)[ \t]+)*(?:answer|proof|solution)"
    r"(?:\*\*|__)?[ \t]*[:.](?:\*\*|__)?[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)|(?<!`)``(?!`)[ ]?([^\n]+?)[ ]?(?<!`)``(?!`)")
_TAKEN_BACK = re.compile(r"\b(?:not|never|cannot|wrong|fails?|failed|incorrect|instead)\b|n't\b", re.IGNORECASE)
_INDENTED: Final = "  "
_TAB: Final = 4


def undressed(text: str) -> str:
    """`text` without the marks of a quotation, with LaTeX's blocks of code as Markdown's, without what is invisible.

    Nor has it the marks that end a model's text, or put it in a box.
    """
    text = _BEGIN_MARK.sub("", text.lstrip(_INVISIBLE))
    for _ in range(_MOST_END_MARKS):
        ended = _END_MARK.search(text.rstrip()[-60:])
        if ended is None:
            break
        text = text.rstrip()[: -len(ended[0])]
    if 0 < text.count("\\begin{") <= _MOST_ENVIRONMENTS:
        text = _ENVIRONMENT.sub(r"```lean\n\2```\n", text)  # the sentence may go on behind it
    return _untabbed(unquoted(text))


def _untabbed(text: str) -> str:
    """A tab that indents Markdown's code is four columns, as Markdown has it; Lean knows no tabs.

    Such code stands behind a blank line, where no command stands at the margin and no fence is: else a tab is Lean's.
    """
    if "\t" not in text or pieces(text) or any(map(FENCE.match, text.split("\n"))):
        return text
    lines, within, blank = text.split("\n"), False, True
    for number, line in enumerate(lines):
        code = line.lstrip(" \t")
        margin = line[: len(line) - len(code)].expandtabs(_TAB)
        if code:
            within = (within or blank) and len(margin) >= _TAB
        if within:
            lines[number] = margin + code
        blank = not code
    return "\n".join(lines)


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
