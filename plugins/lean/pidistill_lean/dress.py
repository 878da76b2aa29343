"""What answers are dressed in, beside Markdown's fences: quotations, LaTeX, HTML, labels, and code within a sentence.

Only marks that nobody takes for Lean are taken off. What is under them is Lean's to judge, so a mark that is taken off
in error costs an answer, and gives none away. All rules take time proportional to the text's length.
"""

from __future__ import annotations

import re
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
