"""Labelled submissions that ship with the math domain; `pidistill check` runs them against the verifier.

They are data (`cases.jsonl`): id, kind, reference, completion, the statuses that are right, and why. Honest submissions
in unusual dress are among them, because refusing those is a fault too. Each kind is a rule of the verifier, in a
sentence in `RULES`; `table` writes kinds, rules and one case that passes and one that does not as Markdown, which is
what the documentation holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from pidistill.authoring.cases import read_cases
from pidistill.authoring.data import DataRow
from pidistill.contracts import Case
from pidistill.records import Problem

QUESTION: Final = "Find the value."
RULES: Final = {
    "numbers": "Numerals, fractions, decimals and powers of ten are exact; leading and trailing zeros say nothing.",
    "digit gaps": "A comma, thin space or space groups digits by three; before a proper fraction it makes a mixed "
    "number; apostrophes, two points or more, and commas as in India group where nothing else can be meant; a comma "
    "that can group nothing, or that stands behind a nought, is a decimal comma where the other side is a decimal; any "
    "other digits side by side cannot be read.",
    "repeating decimals": "A bar, dots, a parenthesis, or an ellipsis after a period shown three times.",
    "rounding": "A decimal of six places or more may be the other side rounded, unless an exact value is asked for; "
    "a shorter one stands for itself.",
    "percent": "A hundredth, which no count and no money is; also its bare number where percent is asked for, "
    "or nothing in particular is; a "
    "percentage "
    "that the question gives asks for none.",
    "units": "A closed list with dimensions and scales: one dimension converts (a newton is a kilogram times a metre "
    "over a second squared), two refute, a bare number may stand for a quantity in the unit that the question asks "
    "for; an area is in no units of length, nor a length in units of area, and 'units' stand for any unit of length; "
    "feet go by their mark where feet are asked for; the noun of 'how many' may be repeated, and the 'per week' that "
    "the question has, and the 'of flour' behind a unit; a unit that stands outside of the box is one in it.",
    "scale words": "Thousand, million, dozen multiply, and k and M where money or a count is asked for; numbers may be "
    "written in words.",
    "degrees and ordinals": "A degree is pi/180 inside functions and against a multiple of pi where the "
    "question speaks "
    "of an angle, and a unit elsewhere; the ending of an ordinal is read, and is no count; a place in "
    "words is its number where a place is asked for.",
    "words beside a number": "A word that is no unit is never dropped: the answer cannot be read.",
    "times and ratios": "Part by part, minutes with two digits; a ratio is proportional or a quotient only "
    "where one is asked for.",
    "bases": "A numeral in a base has that base; its digits alone stand for it, its value does not; digits in another "
    "base than the one asked for are another number.",
    "complex numbers": "i is the imaginary unit in any type; polar and exponential forms are values.",
    "expressions": "Equal at every point where both have a real value; a logarithm of an absolute value has one where "
    "the logarithm has none; case and indices tell variables apart.",
    "matrices": "Of one size, cell by cell; brackets do not count, a scalar factor does, a tuple is none.",
    "tuples and lists": "Tuples and vectors in order, lists and sets without, unless the question asks for an "
    "order; a name's several values are a list; a number times a vector is one; "
    "`x = a, y = b` is a tuple by name.",
    "kinds of answer": "Number, tuple, set, interval, matrix, words differ in kind, and a mismatch refutes; a list is "
    "a set without braces, a set of one its member.",
    "intervals and inequalities": "Intervals, inequalities and set-builders are sets of reals in normal form.",
    "families": "Values in a whole parameter are compared as sets.",
    "residues": "A class modulo a number; neither a number nor a class of another modulus.",
    "names and equations": "`name = value` stands for its value unless the question plainly asks for "
    "another, or for a letter that it is not; what is no name counts where it is asked for, or where it is "
    "the sign of what is asked for in words; quantifiers of a function's argument and of its constants say nothing "
    "where they are over all that the question gives; "
    "equations hold up to a factor.",
    "chains": "A chain of equals signs must be true, angles by their degrees, ratios by their quotients and quantities "
    "by their units, and begin or end in the answer.",
    "letters and words": "Words without case, or in a sentence whose other words are the question's; strings of "
    "letters in order and case; a segment from either end.",
    "options": "The letter of an option in any dress, against the letter or the option's value; both where both are "
    "given; never another letter beside it. Statements by their numbers, lists and intervals are options by "
    "value too; 'B (3)' and 'three, option B' are an option where the question has it.",
    "Unicode": "Mathematics in Unicode is read as LaTeX; a look-alike letter of another script is not.",
    "plain text": "Functions, constants and operators as programs write them.",
    "dress": "Bold, colour, size, spacing and delimiters say nothing.",
    "hedges": "Two values are two values, whatever joins them.",
    "boxes": "The last complete box that is the statement itself: not inside an operation, denied, quoted, or "
    "withdrawn, nor one side of an equation that is false or of more than the letter asked for; boxes "
    "of named or numbered parts together, each part's last where the question has such parts. Labelled parts "
    "are compared by their labels; 'at most' is an answer where "
    "the greatest is asked for. What stands within marks of thoughts, of whatever family of models, is no answer, and "
    "where they have no end there is none.",
    "invisible text": "What hides, strikes out or cannot be seen cannot be read.",
    "stated without a box": "One sentence after 'answer', read whole, or its one number beside those that "
    "it repeats from the question; a remark in brackets on how it comes about is left off; a question or an unfinished "
    "one states nothing.",
    "not evaluated": "Against a literal only final forms count: numerals, fractions, whole powers; sums, products, "
    "roots and functions of numerals leave the work. `lenient` works them out. Nor does the question's own "
    "formula, or a form other than the one that it names, count: expanded, factored, in lowest terms, as a fraction, a "
    "decimal or a mixed number, in scientific notation, in simplest radical, slope-intercept or vertex form, in "
    "partial fractions, in terms of the functions that it names.",
    "too large to compute": "Bounds on length, depth, bits and terms come before any computation.",
    "references": "A missing, cut off or pictured reference, or prose, is ABSTAIN with the reason.",
}
"""What the verifier holds about each kind of case."""


@dataclass(frozen=True)
class Row:
    """One line of `cases.jsonl`."""

    id: str
    kind: str
    reference: str
    completion: str
    expected: tuple[str, ...]
    why: str
    question: str = QUESTION


def rows() -> Iterator[Row]:
    """All lines, in the order of the file."""
    for line in files("pidistill_math").joinpath("cases.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield Row(**{**row, "expected": tuple(row["expected"])})


def cases() -> Iterator[Case]:
    """All labelled cases, in the order of the file."""
    return read_cases("pidistill_math", problem)


def problem(row: DataRow) -> Problem:
    """The problem of a case. Where its row asks nothing, it is about its reference alone."""
    return Problem(row.id("id"), "math", row.text_or_none("question") or QUESTION, row.text_or_none("reference"))


def table() -> str:
    """Kind, rule, a case that passes and one that does not, as a Markdown table."""
    lines = ["| kind | rule | passes | does not |", "|---|---|---|---|"]
    known = list(rows())
    for kind, rule in RULES.items():
        of_kind = [r for r in known if r.kind == kind and (r.reference + r.completion).isprintable()]
        good = next((row for row in of_kind if row.expected == ("PASS",)), None)
        bad = next((row for row in of_kind if "PASS" not in row.expected), None)
        lines.append(f"| {kind} | {rule} | {_shown(good)} | {_shown(bad)} |")
    return "\n".join(lines)


def _shown(row: Row | None) -> str:
    """A case in a cell: reference and answer as they are written."""
    if row is None:
        return "none ships"
    answer = row.completion.removeprefix("The computation is above, so ").removesuffix(".")
    cells = (f"`{' '.join(text.split())}`".replace("|", "\\|") for text in (row.reference, answer) if text.strip())
    return " ← ".join(cells) or "an empty reference"
