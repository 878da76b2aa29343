"""The vocabulary of LaTeX that answers use: Unicode and its spelling, spacing, dress, and what hides."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

from pidistill_math.reading.syntax import listed, vocabulary

_PLAIN: Final = {
    "\u2212": "-", "\u2013": "-", "\u2014": "-", "\u2010": "-", "\u2011": "-", "\ufe63": "-", "\u00d7": "\\times ",
    "\u2715": "\\times ", "\u22c5": "\\cdot ", "\u00b7": "\\cdot ", "\u2219": "\\cdot ", "\u2022": "\\cdot ",
    "\u00f7": "\\div ", "\u2215": "/", "\u2044": "/", "\u2264": "\\le ", "\u2a7d": "\\le ", "\u2265": "\\ge ",
    "\u2a7e": "\\ge ", "\u2260": "\\ne ", "\u2248": "\\approx ", "\u2243": "\\approx ", "\u2245": "\\cong ",
    "\u2261": "\\equiv ", "\u221e": "\\infty ", "\u00b0": "^{\\circ}", "\u00ba": "^{\\circ}", "\u2218": "\\circ ",
    "\u222a": "\\cup ", "\u2229": "\\cap ", "\u2208": "\\in ", "\u2209": "\\notin ", "\u2205": "\\emptyset ",
    "\u00d8": "\\emptyset ", "\u2216": "\\setminus ", "\u2282": "\\subset ", "\u2286": "\\subseteq ",
    "\u211d": "\\mathbb{R}", "\u2124": "\\mathbb{Z}", "\u2115": "\\mathbb{N}", "\u211a": "\\mathbb{Q}",
    "\u2102": "\\mathbb{C}", "\u2220": "\\angle ", "\u25b3": "\\triangle ", "\u00b1": "\\pm ", "\u2213": "\\mp ",
    "\u2032": "'", "\u2033": "''", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2211": "\\sum ",
    "\u220f": "\\prod ", "\u222b": "\\int ", "\u221a": "\\usqrt ", "\u221b": "\\ucbrt ", "\u2192": "\\to ",
    "\u21d2": "\\Rightarrow ", "\u27e8": "\\langle ", "\u27e9": "\\rangle ", "\u2329": "\\langle ",
    "\u232a": "\\rangle ", "\u230a": "\\lfloor ", "\u230b": "\\rfloor ", "\u2308": "\\lceil ", "\u2309": "\\rceil ",
    "\u2026": "\\ldots ", "\u22ef": "\\cdots ", "\u2223": "\\mid ", "\u2228": "\\lor ", "\u2227": "\\land ",
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2003": " ", "\u2002": " ", "\u2005": " ", "\u2006": " ",
    "\u2008": " ", "\u200a": " ", "\u3000": " ", "\u200b": "", "\u2060": "", "\ufeff": "", "\u00ad": "",
    "\u20ac": "\\euro ", "\u00a3": "\\pounds ", "\u00a2": "\\cents ", "\uff0c": ",", "\u2236": ":",
    "\u00a5": "\\yen ", "\u2103": "^{\\circ}\\text{C}", "\u2109": "^{\\circ}\\text{F}", "\u0131": "\\imath ",
    "\u03d5": "\\phi ", "\u03b5": "\\epsilon ", "\u03c6": "\\phi ", "\u00b5": "\u03bc", "\u210f": "\\hbar ",
    "\u22a5": "\\perp ", "\u2225": "\\parallel ", "\u221d": "\\propto ", "\u2202": "\\partial ",
    "\u2207": "\\nabla ", "\u2234": "\\therefore ", "\u03c2": "\\sigma ",
}  # fmt: skip
_GREEK_LETTERS: Final = listed(
    """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho - sigma tau upsilon phi
    chi psi omega"""
)
_GREEK: Final = {chr(0x3B1 + i): name for i, name in enumerate(_GREEK_LETTERS)} | {
    chr(0x391 + i): name.capitalize() for i, name in enumerate(_GREEK_LETTERS)
}
_SUPERSCRIPT: Final = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱˣᵏᵐ", "0123456789+-nixkm", strict=True))
_SUBSCRIPT: Final = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₙₖₘₓ", "0123456789+-nkmx", strict=True))
_UP = re.compile(f"[{''.join(_SUPERSCRIPT)}]+")
_DOWN = re.compile(f"[{''.join(_SUBSCRIPT)}]+")
_ESCAPED_TWICE = re.compile(r"\\\\(?=[A-Za-z({\[)}\]])")
_ROW_SPACE = re.compile(
    r"\\\\\s*\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm|in|mu|pc|bp)\s*\]|\\(?:cr|tabularnewline)(?![A-Za-z])"
)
"""The end of a row, with the space that it leaves; and its other names."""
_UNIT_VECTOR = re.compile(
    r"\\(?:wide)?hat\s*(?:\{\s*(?:\\(?:mathbf|boldsymbol|bm|mathrm|textbf|bf)\s*(?:\{\s*)?)?(?:([ijk])|\\([ij])math)\s*\}{1,2}|([ijk])(?![A-Za-z])"
    r"|\\([ij])math(?![A-Za-z]))"
)
_SLANTED = re.compile(r"\\(?:sfrac|nicefrac|flatfrac|nfrac)(?![A-Za-z])")
_EMPTY = re.compile(r"(?<=[\d}])\{\}(?!\s*\d)")
_TO = re.compile(r"(?<![\d.])(\d+)\s*(?:\\(?:text|mathrm|textrm)\{\s*to\s*\}|\s+to\s+)\s*(\d+)(?![\d.])")
_ROMAN_GROUP = re.compile(r"\{\s*\\rm\b\s*([^{}]*)\}|\\rm\{([^{}]*)\}")
_LOST_ESCAPES: Final = {"\x08": "b", "\t": "t", "\x0b": "v", "\x0c": "f", "\r": "r"}
_LOST = re.compile(
    r"\\?(?:\x08(?=inom|eta\b|egin|oldsymbol)|\t(?=ext\{|extbf\{|frac|imes|heta|riangle)|\x0b(?=ec|ert|ar)|\x0c(?=rac|loor|orall)"
    r"|\r(?=ight|angle|floor|ceil|ho\b))"
)
"""A backslash and a letter that a program read as one character: a form feed in data is the f of a fraction."""
_HIDDEN: Final = frozenset({"Cf", "Cc", "Co", "Cs"})


def latex(text: str) -> str:
    """`text` with Unicode mathematics in LaTeX. What has no LaTeX is left, and the lexer names it."""
    if not text.isprintable():
        text = _LOST.sub(lambda match: "\\" + _LOST_ESCAPES[match[0][-1]], text)
    if "\\begin" in text:
        text = _ROW_SPACE.sub(r"\\\\ ", text)
    if "\\\\" in text and "\\begin" not in text:
        text = _ESCAPED_TWICE.sub(r"\\", text)
    if "\\&" in text:
        text = text.replace("\\&", "\\text{ and }")
    if "\\" in text or " to " in text or "{}" in text or "{:}" in text or "{.}" in text:
        text = _respelt(text)
    if "**" in text:  # bold in Markdown, or a power as programs write it
        bold = re.fullmatch(r"\s*\*\*(.*)\*\*\s*", text, re.DOTALL)
        text = bold[1] if bold else text.replace("**", "^")
    if "+/-" in text:
        text = text.replace("+/-", "\\pm ")
    if "\\rm" in text:
        text = _ROMAN_GROUP.sub(lambda match: f"\\mathrm{{{match[1] or match[2] or ''}}}", text)
    if text.isascii():
        return text
    text = _UP.sub(lambda m: "^{" + "".join(_SUPERSCRIPT[c] for c in m[0]) + "}", text)
    text = _DOWN.sub(lambda m: "_{" + "".join(_SUBSCRIPT[c] for c in m[0]) + "}", text)
    return "".join(char if char < "\x80" else _one(char) for char in text)


def _respelt(text: str) -> str:
    """Older and rarer spellings of fractions, binomials and ratios as the common ones."""
    for infix, prefix in (("over", "frac"), ("choose", "binom")):
        if f"\\{infix}" in text:
            text = re.sub(rf"\{{([^{{}}\\]+)\\{infix}(?![A-Za-z])([^{{}}\\]+)\}}", rf"\\{prefix}{{\1}}{{\2}}", text)
    if "hat" in text:
        text = _UNIT_VECTOR.sub(lambda match: f"{{{next(filter(None, match.groups()))}}}", text)
    text = _SLANTED.sub(r"\\frac", text)
    text = _EMPTY.sub("", text).replace("{:}", ":").replace("{.}", ".")
    return _TO.sub(r"\1:\2", text)


def _one(char: str) -> str:
    if (plain := _PLAIN.get(char)) is not None:
        return plain
    if (greek := _GREEK.get(char)) is not None:
        return f"\\{greek} "
    wide = unicodedata.normalize("NFKC", char)
    if "\u2044" in wide and unicodedata.category(char) == "No":
        top, bottom = wide.split("\u2044")
        return f"\\frac{{{top}}}{{{bottom}}}"
    if len(wide) == 1 and wide < "\x80" and unicodedata.category(char) not in {*_HIDDEN, "No"}:
        return wide
    return char


SPACING: Final[dict[str, Literal["", "thin", "wide"]]] = {
    ",": "thin", ":": "thin", ";": "thin", " ": "thin", ">": "thin", "!": "", "thinspace": "thin", "enspace": "wide",
    "quad": "wide", "qquad": "wide", "hspace": "wide", "hspace*": "wide", "mspace": "wide", "vspace": "wide",
    "\n": "thin", "\t": "thin", "enskip": "wide", "hfill": "wide", "/": "", "negthinspace": "", "medspace": "thin",
    "thickspace": "thin", "allowbreak": "", "nobreak": "", "noindent": "", "space": "thin", "nobreakspace": "thin",
}  # fmt: skip
"""Spacing commands and the gap that they leave."""
TEXT: Final = vocabulary(
    """text textbf textit textrm textnormal textsf texttt textup textsc textmd mbox hbox emph textsl"""
)
ROMAN: Final = vocabulary("""mathrm mathit operatorname operatorname* mathsf mathop mathtt""")
DRESS: Final = vocabulary(
    """displaystyle textstyle scriptstyle limits nolimits rm bf it sf tt large Large LARGE huge Huge small normalsize
    boldmath unboldmath bigl bigr strut mathstrut cdotp nonumber notag relax mathord mathbin mathrel"""
)
"""Commands without argument that change how things look."""
ARGUMENT_DRESS: Final = vocabulary(
    """mathbf mathnormal boldsymbol bm pmb mathcal mathscr mathfrak underline ensuremath vec overrightarrow
    mathversion bold textcolor underbrace"""
)
"""Commands whose argument is what they dress."""
HIDING: Final = vocabulary(
    """phantom hphantom vphantom cancel bcancel xcancel sout not smash llap rlap mathllap mathrlap mathclap hidden
    iffalse fi verb tiny scriptsize href url label tag footnote class style html require newcommand def let
    renewcommand raisebox makebox rule special write input include catcode color@ opacity st strikeout enclose"""
)
"""Commands that hide, strike out, or are programs."""
