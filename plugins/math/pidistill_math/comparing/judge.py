"""Whether an answer is the reference: read both whole, say what kind each is, compare.

The order matters. The reference is read first: what cannot be read there is ABSTAIN with the reason, whatever the
answer says, so that `pidistill verify math --oracle` finds such rows before anyone trains on them. An answer that is
spelt like the reference then passes at once. An answer of which any part cannot be read fails; so does one that
contradicts itself, that is of another kind, and that leaves its work to the reader (`policy`). `Ruling.rule` names the
rule.

What `equality` cannot compute because it is no arithmetic (limits, integrals in a reference) goes to math-verify in
`algebra`, and only texts that were read whole get there.

`judge` has no state; `verifier` remembers its rulings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pidistill.records import Status
from pidistill_math.comparing import algebra
from pidistill_math.comparing.compare import Comparison
from pidistill_math.comparing.ratios import one_digit_of_minutes
from pidistill_math.comparing.references import defect, without_boxes
from pidistill_math.comparing.second_reading import second_reading
from pidistill_math.comparing.statements import statements_against
from pidistill_math.meaning.domains import at_large
from pidistill_math.meaning.kinds import Equation, Named, Shape, Single
from pidistill_math.meaning.numeric import NoValue, TooLarge
from pidistill_math.meaning.shapes import shape
from pidistill_math.question.asking import Question
from pidistill_math.question.asking_units import ordinal_for_a_count, without_asked_noun
from pidistill_math.question.forms_algebra import another_equation_form
from pidistill_math.reading.answers import read
from pidistill_math.reading.syntax import Unreadable

_WHOLE = re.compile(r"\s*-?\d{1,18}\s*", re.ASCII)
"""A whole number in digits alone."""
LONGEST: Final = 2_000
"""Characters of the longest answer read; the longest reference answers known to us have a few hundred."""


@dataclass(frozen=True)
class Ruling:
    """What is found of one answer: a status, the rule that decided, and one line for a person."""

    status: Status
    rule: str
    reason: str = ""


def judge(reference: str, answer: str, limit_s: int = 3, question: str = "", lenient: bool = False) -> Ruling:
    """Compare `answer` with `reference`, both without their box.

    `question` settles what an equation names and what a percentage or a base means. `lenient` works out what an answer
    leaves unevaluated. `limit_s` bounds each step that a computer algebra system takes, in whole seconds. ABSTAIN where
    the reference cannot be judged, TIMEOUT where the answer took too long.
    """
    if _WHOLE.fullmatch(reference) and _WHOLE.fullmatch(answer):  # nothing to be read, and no question settles more
        if int(reference) == int(answer):
            return Ruling(Status.PASS, "spelling" if reference.strip() == answer.strip() else "value")
        return Ruling(Status.FAIL, "value", "another value than the reference")
    asked = Question(question)
    ours = _reference(reference, asked)
    if isinstance(ours, str):
        return Ruling(Status.ABSTAIN, "reference", ours)
    if answer.strip() == reference.strip():
        return Ruling(Status.PASS, "spelling")
    if len(answer) > LONGEST:
        return Ruling(Status.FAIL, "oversize", f"the answer is longer than {LONGEST} characters")
    if ordinal_for_a_count(question, answer):
        return Ruling(Status.FAIL, "kind", "a place in a row, where the question asks how many")
    if one_digit_of_minutes(reference, answer):
        return Ruling(Status.FAIL, "ratio", "one digit of minutes, where the reference has two")
    if (statements := statements_against(reference, answer, asked)) is not None:
        return Ruling(Status.PASS if statements.same else Status.FAIL, statements.rule, statements.reason)
    found = _compared(reference, answer, asked, limit_s, lenient)
    if found.status is Status.FAIL and (again := second_reading(reference, ours, answer, asked)) != (reference, answer):
        other = _compared(*again, asked, limit_s, lenient)
        return other if other.status is Status.PASS else found
    return found


def _compared(reference: str, answer: str, asked: Question, limit_s: int, lenient: bool) -> Ruling:
    """One reading of an answer against a reference that can be read."""
    ours = _reference(reference, asked)
    if isinstance(ours, str):
        return Ruling(Status.FAIL, "unreadable", ours)
    try:
        theirs = at_large(shape(read(without_asked_noun(asked.text, answer)), asked.accepts), asked.text)
    except Unreadable as error:
        return Ruling(Status.FAIL, "unreadable", f"the answer cannot be read: {error}")
    except (TooLarge, RecursionError):
        return Ruling(Status.FAIL, "oversize", "the answer is too large to be computed")
    try:
        found = Comparison(asked, lenient).same(ours, theirs)
    except Unreadable as error:
        return Ruling(Status.FAIL, "unreadable", f"the answer cannot be read: {error}")
    except (TooLarge, RecursionError):
        return Ruling(Status.FAIL, "oversize", "the answer or the reference is too large to be computed")
    except NoValue:
        if not (_is_calculus(ours) or (lenient and _is_calculus(theirs))):
            return Ruling(Status.FAIL, "no value", "the answer has no value to be compared")
        return _by_algebra(reference, answer, limit_s)
    if found.same and not lenient and (form := another_equation_form(asked.text, ours, theirs)):
        return Ruling(Status.FAIL, "form", form)
    status = Status.PASS if found.same else Status.FAIL
    return Ruling(status, found.rule, found.reason)


def trouble(reference: str, question: str = "") -> str:
    """Why a reference cannot be judged, '' where it can."""
    found = _reference(reference, Question(question))
    return found if isinstance(found, str) else ""


@lru_cache(maxsize=2048)
def _reference(reference: str, asked: Question) -> Shape | str:
    """The reference as a shape, or why it cannot be judged."""
    if trouble := defect(reference):
        return trouble
    if len(reference) > LONGEST:
        return f"the reference is longer than {LONGEST} characters"
    try:
        return shape(read(without_boxes(reference), True), asked.asks_for)
    except Unreadable as error:
        return f"the reference cannot be read: {error}"
    except (TooLarge, RecursionError):
        return "the reference is too large to be computed"


def _is_calculus(found: Shape) -> bool:
    """Whether an answer holds a limit, an integral or a series."""
    nodes = [found.node] if isinstance(found, Single) else found.sides if isinstance(found, Equation) else ()
    if isinstance(found, Named):
        return _is_calculus(found.inner)
    return any(node.has("big") for node in nodes)


def _by_algebra(reference: str, answer: str, limit_s: int) -> Ruling:
    """The word of math-verify on two texts that were read whole and that are no arithmetic."""
    verdict = algebra.same(reference, answer, limit_s)
    if verdict is None:
        return Ruling(Status.TIMEOUT, "math-verify", f"comparing takes more than {limit_s} s, or all memory")
    if verdict:
        return Ruling(Status.PASS, "math-verify")
    return Ruling(Status.FAIL, "math-verify", "not equal to the reference")
