"""The math domain's own PI form: the first step of a LaTeX solution.

The core's `first-step` cuts at the first line or full stop, which in LaTeX falls inside formulas and pictures, and
looks for the answer as the data spells it. Here a step is a whole sentence with its formulas, and the answer is
looked for in every number and formula of it, with the judge that marks rollouts. Telling the answer itself is the
core's form `gold`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pidistill.pi.forms import FirstStep
from pidistill.records import Status
from pidistill.text import holds
from pidistill_math.comparing.judge import judge
from pidistill_math.reading.answers import read
from pidistill_math.reading.syntax import Unreadable

_PICTURE = re.compile(r"\[asy\].*?\[/asy\]|\\begin\{asy\}.*?\\end\{asy\}", re.DOTALL)
_FORMULA = re.compile(
    r"\$\$.+?\$\$|\$[^$]+\$|\\\[.+?\\\]|\\\(.+?\\\)|\\begin\{(align|equation|gather|array)(\*?)\}.+?\\end\{\1\2\}",
    re.DOTALL,
)
_SENTENCE_END = re.compile(r"(?<![A-Z])[.!?](?=\s|$)|\n\s*\n")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:/\d+)?")
_RELATION = re.compile(r"=|\\(?:approx|equiv|to|implies|Rightarrow|le|ge|leq|geq)(?![A-Za-z])|[<>&]|\\\\|,(?!\d{3})")
_BOX: Final = ("\\boxed", "\\fbox")
_LONGEST_STEP: Final = 2_000


def math_first_step(solution: str) -> str:
    """The first sentence of a worked solution, formulas whole; '' where there is no second one, or it is too long."""
    text = _PICTURE.sub("", solution).strip()
    # A display that ends a sentence holds the full stop: "\[x = 3.\] Then ..." ends where the display does.
    formulas = [(match.start(), match.end(), match.group()) for match in _FORMULA.finditer(text)]
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    ends = [end for end in ends if not any(start < end <= stop for start, stop, _ in formulas)]
    ends += [stop for _, stop, formula in formulas if re.search(r"\.\s*(?:\\\]|\$\$|\$|\\end\{[a-z*]+\})$", formula)]
    for end in sorted(ends):
        step = text[:end].strip()
        if step and text[end:].strip(" .\n"):
            return step if len(step) <= _LONGEST_STEP else ""
    return ""


def holds_answer(step: str, reference: str) -> bool:
    """Whether any number or formula of `step`, or a side of one, is the answer in any spelling that would pass."""
    if holds(step, reference) or any(box in step for box in _BOX):
        return True
    if (word := _words(reference)) and re.search(rf"\b{re.escape(word)}\b", step, re.IGNORECASE):
        return True
    formulas = [match.group() for match in _FORMULA.finditer(step)]
    stripped = [re.sub(r"^(\$\$|\$|\\\[|\\\()|(\$\$|\$|\\\]|\\\))$", "", formula).strip() for formula in formulas]
    pieces = [*stripped, *_NUMBER.findall(step)]
    pieces += [side for formula in stripped for side in _RELATION.split(formula)]
    candidates = dict.fromkeys(piece.strip(" .,;") for piece in pieces)
    return any(judge(reference, piece, limit_s=1, lenient=True).status is Status.PASS for piece in candidates if piece)


def _words(reference: str) -> str:
    """The words of a reference that is words or the letter of an option; '' for any other."""
    try:
        node = read(reference, True)
    except Unreadable:
        return ""
    return node.text if node.head in ("words", "choice") else ""


@dataclass(frozen=True)
class MathFirstStep(FirstStep):
    """The first step of the reference solution, left out where it holds the answer in any equivalent spelling."""

    name = "math-first-step"

    def step(self, solution: str) -> str:
        """The first sentence, formulas whole; see `math_first_step`."""
        return math_first_step(solution)

    def gives_away(self, step: str, reference: str) -> bool:
        """Whether `step` holds the answer; see `holds_answer`."""
        return holds_answer(step, reference)
