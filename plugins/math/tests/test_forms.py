"""Two hundred answers as models write them, over forty references: what is right passes, what is wrong does not."""

from __future__ import annotations

import itertools

import pytest

from pidistill.records import Problem, Status
from pidistill_math.verifier import MathVerifier

FORMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "42": (("42", "x = 42", "42.0"), ("24", "42\\text{ or }43")),
    "-7": (("-7", "\u22127", "x=-7"), ("7", "\\pm 7")),
    "1250": (("1{,}250", "1250", "1,250"), ("125", "1{,}520")),
    "\\frac{3}{8}": (("\\dfrac{3}{8}", "0.375", "3/8"), ("\\frac{8}{3}", "0.38")),
    "\\frac{11}{4}": (("2\\frac{3}{4}", "2.75", "\\tfrac{11}{4}"), ("2\\frac{1}{4}", "11 \\cdot 4")),
    "3\\sqrt{5}": (("\\sqrt{45}", "3 \\sqrt{5}", "3\\sqrt5"), ("5\\sqrt{3}", "6.7")),
    "12\\pi": (("12\\pi", "12 \\pi \\text{ cm}^2", "A = 12\\pi"), ("12", "6\\pi")),
    "\\frac{\\pi}{6}": (("\\pi/6", "\\dfrac{\\pi}{6}", "\\frac{1}{6}\\pi"), ("30", "\\frac{\\pi}{3}")),
    "x^2-4x+3": (("(x-1)(x-3)", "3-4x+x^2", "x^{2} - 4x + 3"), ("x^2+4x+3", "(x-1)(x+3)")),
    "2x+5": (("5+2x", "2x + 5", "y = 2x+5"), ("2x-5", "5x+2")),
    "y=3x-2": (("y = 3x - 2", "3x-2", "y=-2+3x"), ("y=3x+2", "x=3y-2")),
    "(2,-3)": (("(2, -3)", "\\left(2,-3\\right)", "x = 2, y = -3"), ("(-3,2)", "2,-3")),
    "(1,0,-1)": (("(1, 0, -1)", "\\langle 1, 0, -1 \\rangle", "(1;0;-1)"), ("(1,0,1)", "\\{1,0,-1\\}")),
    "[0,\\infty)": (("x \\ge 0", "[0, +\\infty)", "x \\in [0,\\infty)"), ("(0,\\infty)", "x > 0")),
    "(-3,5]": (("-3 < x \\le 5", "(-3, 5]", "\\{x \\mid -3 < x \\leq 5\\}"), ("[-3,5)", "(-3,5)")),
    "x<2": (("(-\\infty, 2)", "x < 2", "2 > x"), ("x \\le 2", "x > 2")),
    "\\{-1,4\\}": (("\\{4, -1\\}", "x = -1 \\text{ or } x = 4", "-1, 4"), ("\\{1,-4\\}", "(-1,4)")),
    "2,3,5": (("2, 3, 5", "5, 3, 2", "2, 3 \\text{ and } 5"), ("2,3", "2,3,5,7")),
    "1\\pm\\sqrt{2}": (
        ("1+\\sqrt{2}, 1-\\sqrt{2}", "1 \\pm \\sqrt{2}", "x = 1 \\pm \\sqrt{2}"),
        ("1+\\sqrt{2}", "2\\pm 1"),
    ),
    "4-3i": (("4 - 3i", "-3i+4", "4-3\\mathrm{i}"), ("4+3i", "4-3")),
    "2e^{i\\pi/6}": (
        ("\\sqrt{3}+i", "2e^{\\frac{i\\pi}{6}}", "2(\\cos 30^\\circ + i\\sin 30^\\circ)"),
        ("\\sqrt{3}-i", "2"),
    ),
    "25\\%": (("25\\%", "\\frac{1}{4}", "25 \\text{ percent}"), ("2.5\\%", "75\\%")),
    "\\$18.50": (("18.50", "\\$18.5", "18.50 \\text{ dollars}"), ("\\$1850", "18.50\\text{ cents}")),
    "45^\\circ": (("45", "45^{\\circ}", "45 \\text{ degrees}"), ("45\\pi", "135^\\circ")),
    "\\text{even}": (("even", "\\text{Even}", "\\textbf{even}"), ("\\text{odd}", "\\text{even or odd}")),
    "\\text{Tuesday}": (("\\text{Tuesday}", "Tuesday", "\\text{tuesday}"), ("\\text{Thursday}", "\\text{Tue or Wed}")),
    "\\text{(D)}": (("D", "(D)", "\\textbf{(D) } 17"), ("B", "C \\text{ or } D")),
    "B": (("\\text{B}", "\\text{(B)}", "B. 12"), ("8", "\\text{not B}")),
    "1011_2": (("1011_2", "1011_{2}", "1011_{\\text{two}}"), ("11", "1101_2")),
    "0.\\overline{27}": (("\\frac{3}{11}", "0.\\overline{27}", "3/11"), ("0.27", "\\frac{27}{100}")),
    "3:4": (("3:4", "3 : 4", "a:b = 3:4"), ("4:3", "3,4")),
    "\\begin{pmatrix}2\\\\-1\\end{pmatrix}": (
        ("\\begin{bmatrix} 2 \\\\ -1 \\end{bmatrix}", "\\begin{pmatrix} 2 \\\\ -1 \\end{pmatrix}",
         "\\left[\\begin{array}{c} 2 \\\\ -1 \\end{array}\\right]"),
        ("\\begin{pmatrix}-1\\\\2\\end{pmatrix}", "(2,-1)"),
    ),
    "\\sin 2x": (("2\\sin x\\cos x", "\\sin(2x)", "\\sin{2x}"), ("2\\sin x", "\\sin^2 x")),
    "\\ln 8": (("3\\ln 2", "\\ln(8)", "\\ln 8"), ("\\log 8", "2")),
    "\\frac{n(n+1)}{2}": (
        ("\\frac{n^2+n}{2}", "\\dfrac{n(n+1)}{2}", "\\binom{n+1}{2}"),
        ("\\frac{n(n-1)}{2}", "n(n+1)"),
    ),
    "e^{-2}": (("\\frac{1}{e^2}", "e^{-2}", "1/e^2"), ("e^2", "-e^2")),
    "5\\text{ cm}": (("5", "5\\text{ cm}", "5 \\, \\mathrm{cm}"), ("5\\text{ m}", "50")),
    "f(x)=x^2+1": (("x^2+1", "f(x) = x^2 + 1", "f(x)=1+x^2"), ("f(x)=x^2-1", "f(x)=x+1")),
    "x=k\\pi, k\\in\\mathbb{Z}": (
        ("x = k\\pi, k \\in \\mathbb{Z}", "n\\pi, n\\in\\mathbb{Z}", "k\\pi \\text{ for any integer } k"),
        ("x=2k\\pi, k\\in\\mathbb{Z}", "\\pi"),
    ),
    "\\emptyset": (("\\varnothing", "\\text{no solution}", "\\emptyset"), ("\\{0\\}", "0")),
}  # fmt: skip

CLOSINGS = (
    "The computation is above.\n\n$\\boxed{{{}}}$",
    "Therefore, the answer is $\\boxed{{{}}}$.",
    "Thus we get\n\\[\\boxed{{{}}}\\]",
    "**Final Answer**\n\n\\[\n\\boxed{{{}}}\n\\]",
    "So the result is \\(\\boxed{{{}}}\\).",
    "<think>Perhaps \\boxed{{0}}?</think>\nHence \\boxed{{{}}}",
)

WRITTEN = [
    (reference, closing.replace("{{", "{").replace("}}", "}").replace("{}", form), right)
    for closing, (reference, form, right) in zip(
        itertools.cycle(CLOSINGS),
        [
            (reference, form, right)
            for reference, (good, bad) in FORMS.items()
            for forms, right in ((good, True), (bad, False))
            for form in forms
        ],
        strict=False,
    )
]


def test_there_are_two_hundred_forms_over_forty_references() -> None:
    assert len(FORMS) >= 40
    assert len(WRITTEN) >= 200


@pytest.mark.parametrize(("reference", "completion", "right"), WRITTEN)
def test_a_form_has_its_verdict(reference: str, completion: str, right: bool) -> None:
    verdict = MathVerifier().verify(Problem("p", "math", "Find the answer.", reference), completion)
    assert (verdict.status is Status.PASS) is right, (verdict.answer, verdict.reason)
    assert verdict.status.judged
