"""Whether two problems are the same one in another dress, or the same but for its numbers.

`plain` takes off what changes no problem: case, spacing, width, invisible characters, closing punctuation, a heading
such as "Problem 3:", typographic quotes and dashes, and the LaTeX spellings of one thing (`\\dfrac`, `\\frac12`, `$x$`,
`\\(x\\)`, `\\left(`, `x^{2}`). What does change one stays: every digit, sign, relation, operator and variable, and
`5!` is no 5. Nothing is computed: 1/2 and 0.5 are two texts.
"""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from collections.abc import Sequence

from pidistill.records import Problem
from pidistill.stats.clusters import template

COMPARED = (
    "the text, with case, spacing, width, invisible characters, LaTeX dress, closing punctuation and a heading such as "
    "'Problem 3:' aside"
)
"""What a message says was compared."""

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-")
_RUNS = (
    (re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+"), "^", _RAISED),
    (re.compile("[₀₁₂₃₄₅₆₇₈₉₊₋]+"), "_", _LOWERED),
)
_CHARACTERS = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "′": "'", "`": "'", "–": "-", "—": "-",
     "−": "-", "‐": "-", "‑": "-", "⁄": "/", "∕": "/", "÷": "/", "⋅": "·", "∗": "*", "∙": "·", "≦": "≤", "≧": "≥",
     "⩽": "≤", "⩾": "≥", "∶": ":", "。": ".", "，": ",", "ϕ": "φ", "∣": "|"}
)  # fmt: skip
_SYMBOLS = {
    "times": "×", "cdot": "·", "div": "/", "pm": "±", "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥",
    "geqslant": "≥", "ne": "≠", "neq": "≠", "infty": "∞", "pi": "π", "theta": "θ", "alpha": "α", "beta": "β",
    "gamma": "γ", "lambda": "λ", "mu": "μ", "sigma": "σ", "phi": "φ", "varphi": "φ", "epsilon": "ε", "varepsilon": "ε",
    "ldots": "...", "dots": "...", "cdots": "...", "dotsc": "...", "circ": "°", "degree": "°", "angle": "∠", "in": "∈",
    "to": "→", "rightarrow": "→", "mid": "|", "vert": "|", "lvert": "|", "rvert": "|", "ast": "*", "prime": "'",
    "lt": "<", "gt": ">", "triangle": "△", "sum": "∑", "int": "∫", "approx": "≈", "equiv": "≡", "cup": "∪",
    "cap": "∩",
}  # fmt: skip
_NOTHING = (
    "left", "right", "bigl", "bigr", "big", "biggl", "biggr", "displaystyle", "textstyle", "limits", "quad", "qquad",
    "thinspace", "enspace", "rm", "bf", "noindent",
)  # fmt: skip
_HEADING = re.compile(
    r"^[\s#>*_-]*(?:(?:problem|question|exercise|task|example|prompt)\s*(?:(?:no\.?|nr\.?|#)?\s*\d+)?\s*[*_]*\s*[:.)]"
    r"|q\s*\d*\s*[:.)]|\(?\d+\s*[.)](?=\s+[^\W\d]))[\s*_]*"
)
_FRACTION = re.compile(r"\\frac\s*(?:\{([^{}]*)\}|(\w))\s*(?:\{([^{}]*)\}|(\w))")
_ROOT = re.compile(r"\\sqrt\s*(?:\{([^{}]*)\}|(\w))")
_WORDS = re.compile(
    r"\\(?:text|textrm|textbf|textit|mathrm|mathbf|mathit|mathbb|mathsf|mbox|operatorname|ensuremath)\*?\s*\{([^{}]*)\}"
)
_ATOM = re.compile(r"(?:\d+(?:\.\d+)?|[^\W\d_])$")
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0f]")
UNSEEN = ("Cf", "Cc", "Co")
"""Unicode's categories of what nobody sees."""
_CLOSING = " \t\n.?:;,…"


@functools.lru_cache(maxsize=1 << 16)
def plain(text: str) -> str:
    """`text` without its dress; equal for two texts that are one problem."""
    text = html.unescape(text).strip()
    for run, mark, digits in _RUNS:
        text = run.sub(lambda found, mark=mark, digits=digits: mark + found[0].translate(digits), text)  # type: ignore[misc]
    text = re.sub(r"(?<=\d)([½⅓¼⅔¾⅕⅙⅛])", r" \1", text)  # 1½ is one and a half, not eleven halves
    text = unicodedata.normalize("NFKC", text).translate(_CHARACTERS).casefold()
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in UNSEEN)
    text = _INVISIBLE.sub("", text)
    text = _heading_off(_latex(text))
    text = " ".join(text.split()).rstrip(_CLOSING)
    while re.search(r"[^\W\d_]{3,}!+$", text):  # an exclamation, and no factorial
        text = text.rstrip("!").rstrip(_CLOSING)
    # Spaces stay between two letters and between two digits, where they part words and numbers.
    return re.sub(r"(?<![^\W\d_]) | (?![^\W\d_])", lambda found: _space(text, found), text)


def _space(text: str, found: re.Match[str]) -> str:
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    return " " if before.isdigit() and after.isdigit() else ""


def _heading_off(text: str) -> str:
    shorter = _HEADING.sub("", text, count=1)
    return shorter if shorter.strip() else text


def _latex(text: str) -> str:
    """LaTeX's spellings of one thing made one."""
    text = re.sub(r"\\([dtc])frac\b|\\([dtc])frac(?=\d)", r"\\frac", text)
    text = re.sub(r"\\[,;:! ]|\\\\|~|\\(?:q?quad|thinspace)(?![a-z])", " ", text)
    text = re.sub(r"\\[()\[\]$]|\$", " ", text)
    text = re.sub(r"\{,\}", ",", text)
    text = _WORDS.sub(r"\1", text)
    text = re.sub(rf"\\(?:{'|'.join(_NOTHING)})(?![a-z])\s*", "", text)
    text = re.sub(r"\\([a-z]+)", lambda found: _SYMBOLS.get(found[1], found[0]), text)
    text = re.sub(r"\\([%#&_{}])", r"\1", text)
    text = re.sub(r"(?<=\^)\{?°\}?|\^°", "°", text).replace("^°", "°")
    while True:
        once = _FRACTION.sub(lambda f: f"{_atom(f[1] or f[2] or '')}/{_atom(f[3] or f[4] or '')}", text)
        once = _ROOT.sub(lambda f: f"√{_atom(f[1] or f[2] or '')}", once)
        once = re.sub(r"([\^_])\{([^{}]*)\}", lambda f: f"{f[1]}{_atom(f[2])}", once)
        once = re.sub(r"(?<![a-z\\])\{(\w+)\}", r"\1", once)
        if once == text:
            return text
        text = once


def _atom(inside: str) -> str:
    inside = "".join(inside.split())
    signed = inside[1:] if inside[:1] in "+-" else inside
    return inside if _ATOM.match(signed) or not inside else f"({inside})"


def same(train: Sequence[Problem], held_out: Sequence[Problem]) -> list[tuple[Problem, Problem]]:
    """Training problems that are evaluation problems in another dress, each with the one that it is."""
    known = {(problem.domain, plain(problem.prompt)): problem for problem in held_out}
    pairs = ((problem, known.get((problem.domain, plain(problem.prompt)))) for problem in train)
    return [(problem, other) for problem, other in pairs if other is not None]


def alike(train: Sequence[Problem], held_out: Sequence[Problem]) -> list[tuple[Problem, Problem]]:
    """Evaluation problems that are equal to a training problem but for numbers, each with one that it is like."""
    known = {(problem.domain, _template(problem.prompt)): problem for problem in train}
    pairs = ((problem, known.get((problem.domain, _template(problem.prompt)))) for problem in held_out)
    return [(other, problem) for problem, other in pairs if other is not None]


@functools.lru_cache(maxsize=1 << 16)
def _template(text: str) -> str:
    return template(plain(text))


def alike_text(train: Sequence[Problem], held_out: Sequence[Problem]) -> str:
    """A line on those, or '' where there is none."""
    found = alike(train, held_out)
    if not found:
        return ""
    first = ", ".join(f"{one.id} ~ {other.id}" for one, other in found[:3])
    return (
        f"{len(found)} of {len(held_out)} evaluation problems are equal to a training problem but for numbers "
        f"({first}{', ...' if len(found) > 3 else ''}): what is measured on them is a template that was trained on."
    )
