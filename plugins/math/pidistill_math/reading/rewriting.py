"""Spellings of answers that the grammar does not know, as ones that it does. Text in, text out.

Only what keeps every value and every relation is respelt here: words that announce an answer, colons behind names,
a decimal in a parenthesis behind its value, sets of reals in words, conditions on a parameter in words or in a
parenthesis, lines that are items. What is not one of these is left as it is, for the grammar to read or to refuse.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.reading import units
from pidistill_math.reading.numbers import spelt_number
from pidistill_math.reading.parts import with_names
from pidistill_math.reading.quantified import unquantified
from pidistill_math.reading.spoken import spoken
from pidistill_math.reading.typography import plainly

_ANNOUNCED = re.compile(
    r"^\s*(?:\\text(?:rm|bf)?\{\s*)?(?:(?:the\s+)?(?:final\s+)?answer(?:\s+is|\s*:)|there\s+(?:are|is|will\s+be))\s*:?\s*\}?"
    r"(?=[\s$\\\d({-]*\S)",
    re.IGNORECASE,
)
_HENCE = re.compile(
    r"\s*(?:\\(?:therefore|Rightarrow|implies|Longrightarrow)(?![A-Za-z])"
    r"|\\text\s*\{\s*(?:so|thus|therefore|hence),?\s*\}|(?:so|thus|therefore|hence)\b,?)\s*",
    re.IGNORECASE,
)
_IMPLIES = re.compile(r"\\(?:Rightarrow|implies|Longrightarrow)(?![A-Za-z])|\u21d2|\u27f9")
_ALIGNED = re.compile(r"\s*\\begin\{(aligned|align\*?|gathered|split)\}(?P<lines>.*)\\end\{\1\}\s*", re.DOTALL)
_OR_FORM = re.compile(r"(?<=\S)(?:\\[,;: ]|~|\s)*\(\s*or\s+(?P<form>[^()]{1,40})\)\s*$")
_OR_IN_TEXT = re.compile(
    r"(?:\\[,;: ]|~|\s)*\\text\s*\{\s*\(\s*or\s*\}(?P<form>[^{}]{1,40}(?:\{[^{}]{1,20}\}[^{}]{0,20}){0,3})"
    r"\\text\s*\{(?P<unit>[^{}()]{0,20})\)\s*\}\s*$"
)
_SUMS_OF_MONEY = re.compile(r"[^=]*\\\$[^=]*[-+*/\\][^=]*=(?:[^=]*=)*")
"""The sides of a chain before its last, one of which works with amounts of money."""
_TRANSPOSED = re.compile(
    r"\s*(?:\\left\s*)?[(\[](?P<items>[^()\[\]]{3,200})(?:\\right\s*)?[)\]]\s*\^\s*\{?\s*(?:T|\\top|\\intercal|\\(?:mathsf|mathrm|text)\{T\})\s*\}?\s*"
)
_COMPOSED = re.compile(r"\(\s*([a-zA-Z])\s*\\circ\s*([a-zA-Z])\s*\)\s*\(([^()]{1,40})\)")
_SENTENCE = re.compile(
    r"\s*\\text(?:rm|bf)?\s*\{\s*(?:the\s+)?(?!what|which|how|whether|nothing|nobody|[a-z ]*answer)"
    r"(?P<name>[a-z](?:[a-z ]{0,38}[a-z])?)"
    r"\s+(?:is|equals)\s*\}\s*",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"\s*\\text\s*\{\s*is\s+(?:the|our|my)\s+(?:final\s+|correct\s+)?answer\.?\s*\}\s*$|(?<=ways)\s+to\s+do\s+(?:it|this|that|so)(?=\s*\}?\s*$)",
    re.IGNORECASE,
)
_SIZE_OF = re.compile(
    r"\s*\\(?:text|mathrm|textrm|operatorname)\s*\{\s*(?P<size>area|perimeter|volume|length)\s*\}\s*\(\s*(?:\\\w+\s*)?[A-Z]{2,8}\s*\)(?=\s*=)",
    re.IGNORECASE,
)
_PROGRAM_BINARY = re.compile(r"\s*0b([01]{1,64})\s*")
_BESIDE = re.compile(
    r"(?:\\[,;: ]|~|\s)*(?:\\text\{\s*)?\(\s*(?:\\text\{\s*)?"
    r"(?:(?:approximately|approx\.?|about|roughly)(?![A-Za-z])|\\approx|\u2248)\s*\}?"
    r"(?P<value>(?=[^()]*\d)[^()]{1,40})\)\s*\}?\s*$",
    re.IGNORECASE,
)
_ROUGHLY = re.compile(
    r"(?<=\S),\s*(?:\\text\{\s*)?(?:which\s+is\s+|or\s+)?(?:approximately|approx\.?|about|roughly|\\approx|\u2248)\s*\}?\s*"
    r"(?P<value>\d[\d,]*\.\d+)\s*$",
    re.IGNORECASE,
)
"""A decimal that is said behind an exact value."""
_EXACTLY = re.compile(r"(?<=\S)\s*(?:\\text\{\s*)?\((?:exact|exactly|only)\)\s*\}?\s*$", re.IGNORECASE)
_ONLY = re.compile(
    r"\s*(?:\\text\s*\{\s*)?(?:the\s+)?only\s+(?:(?:such|possible|valid)\s+)*(?:[a-z]+\s+(?:is|are)\s*)?\}?\s*(?=\$?[A-Za-z]\s*=)",
    re.IGNORECASE,
)
"""What says of a named value that it is the only one."""
_TWICE = re.compile(r"\s*(?:(?P<word>[A-Za-z-]+)\s*\((?P<value>\d+)\)|(?P<before>\d+)\s*\((?P<behind>[A-Za-z-]+)\))\s*")
_CURRENCY = re.compile(r"^\s*(?:(?:USD|US)|\\(?:text|mathrm)\s*\{\s*(?:USD|US)\s*\})\s*(?:\\?\$)?\s*(?=\d)")
_TEXT = re.compile(r"\\(?:text|textrm|mathrm|mbox)\{([^{}]*)\}")
_REALS = re.compile(
    r"(?:(?:the\s+set\s+of\s+)?all\s+)(?P<without>non-?zero\s+)?(?:real\s+numbers?|reals?(?:\s+values?)?)(?:\s+(?:of\s+)?[a-z])?"
    r"(?:,?\s+(?:except|other\s+than|excluding|but|besides)(?:\s+for|\s+when|\s+at)?\s+(?P<points>.{1,80}))?",
    re.IGNORECASE,
)
_UNION = re.compile(r"(?<=[\])}])\s*U\s*(?=[\[({\\])")
_CONDITION = re.compile(
    r"(?:\\[,;: ]|\\q?quad|~|\s)*(?<!\\)\(\s*(?P<name>[A-Za-z])\s*(?:\\in|\u2208)\s*(?P<set>[^()]{1,30})\)\s*$"
)
_BLACKBOARD = re.compile(
    r"\\Bbb\s*(?:\{\s*([A-Z])\s*\}|([A-Z])(?![A-Za-z]))"
    r"|(?<=\\in)\s*(?:\\(?:mathbf|mathrm|textbf|boldsymbol|bold|bf)\s*)?(?:\{\s*([ZN])\s*\}|(?<![A-Za-z])([ZN]))(?=\s*(?:[,;.)}$\\]|$))"
)
"""Sets of numbers in other types: ``\\Bbb Z``, and ``\\mathbf{Z}`` or ``Z`` behind a sign of membership."""
_COUNTED_OUT = re.compile(
    r"(?P<before>[,;]\s*(?:\\[,;: ]|\\q?quad|~|\s)*)(?P<name>[a-z])\s*=\s*"
    r"(?:(?P<both>0\s*,\s*\\pm\s*1\s*,\s*\\pm\s*2\s*(?:,\s*\\pm\s*3\s*)?)|(?P<first>0\s*,)?\s*1\s*,\s*2\s*(?:,\s*3\s*)?)"
    r",\s*(?:\\[lc]?dots[bc]?|\.\.\.)\s*$"
)
"""A parameter whose values are begun: ``k = 0, \\pm 1, \\pm 2, \\dots``."""
_WHOLE = re.compile(
    r"(?P<value>.*?)[,\s]*\b(?:where|for|with|and)\s+(?P<name>[A-Za-z])\s+is\s+(?:an?\s+|any\s+|some\s+)(?:arbitrary\s+)?integer\s*",
    re.IGNORECASE | re.DOTALL,
)
_CONSTANT = re.compile(
    r"(?P<value>.*?)[,\s]*\b(?:(?:where|with)\s+[A-Za-z]\s+is\s+(?:an?|any|some)\s+(?:arbitrary\s+)?(?:real\s+)?constant"
    r"|for\s+(?:any|some|every|all)\s+(?:real\s+)?constants?\s+[A-Za-z])\s*",
    re.IGNORECASE | re.DOTALL,
)
_LINE = re.compile(r"\s*\\\\\s*(?=[A-Za-z](?:_\w)?\s*=)")
_COLON = re.compile(r"(?<=[\d}])\s*\\colon\s*(?=[\d\\])")
_LETTER_DIGITS = re.compile(r"(?=\d*[A-Fa-f])([0-9A-Fa-f]{2,16})_\{?\s*(?:16|hex)\s*\}?")
_PROGRAM_HEX = re.compile(r"\s*0x([0-9A-Fa-f]{1,16})\s*")
_SWISS = re.compile(r"(?<![\d'\u2019])\d{1,3}(?:['\u2019]\d{3})+(?![\d'\u2019])")
"""Thousands between apostrophes, as in Switzerland: no feet, of which three digits are no inches."""
_PROGRAM_GROUPS = re.compile(r"(?<![\w{}])\d{1,3}(?:_\d{3}){2,}(?![\w{}])")
_TYPED_FRACTION = re.compile(r"\^\{?(\d{1,6})\}?\s*/\s*_\{?(\d{1,6})\}?")
_UNIT_BESIDE = re.compile(
    r"(?<=[\d}])(?:\\[,;: ]|~|\s)*\\text\s*\{\s*\((?P<unit>[A-Za-z]{1,12}(?:\s[A-Za-z]{1,12})?)\)\s*\}"
    r"(?P<power>\^\{?[23]\}?)?\s*$"
)
_BEGUN = re.compile(r"^\s*=(?=[^=]*$)\s*")
"""The equals sign that an answer goes on from its derivation with."""
_NOUN_BEFORE = re.compile(
    r"(?:(?<=^)|(?<=,)|(?<=, ))\s*\\text\{\s*"
    r"(?P<noun>cent(?:er|re)|vertex|focus|radius|diameter|area|perimeter|volume|slope|midpoint"
    r"|mean|median|mode|probability)\s*:?\s*\}\s*(?=\\left\s*[(\[]|\\[dt]?frac|\\sqrt|[(\d])",
    re.IGNORECASE,
)
"""The noun of a value right before it, without an equals sign."""
_RUPEES = re.compile(
    r"\s*(?:\u20b9|\\text\{\s*Rs\.?\s*\}|\\text\{\s*Rs\.?\s*(?=[\d,.]+\s*\}))\s*(?P<amount>\d[\d,]*(?:\.\d+)?)\s*\}?\s*"
)
_POINTED_GROUPS = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{3}){2,}(?![\w.]*\d)")
_IN_BASE = re.compile(
    r"\s*(?P<digits>[0-9]{1,40})(?:\\[,;: ]|~|\s)*(?:\\text\{)?\s*\(?\s*(?:in\s+)?base[\s-]*\}?"
    r"\s*(?:(?P<base>[2-9]|1\d)|(?P<word>[a-z]{3,7}))\s*\)?\s*\}?\s*"
)
_DIAGONAL = re.compile(
    r"\\?(?:operatorname|mathrm|text)?\s*\{?\s*\bdiag\}?\s*(?:\\left)?\((?P<cells>[^()]{1,100}?)(?:\\right)?\)"
)
_LONGEST: Final = 400
"""Characters of the longest answer that is respelt: those that are longer are written by machines."""

_ALL_THAT = re.compile(
    r"\\text\s*\{\s*(?:all|every|any)(?:\s+real)?(?:\s+(?:numbers?|values?))?(?:\s+of)?\s*\}\s*"
    r"(?=[a-z]\s*(?:\\(?:ge|le|geq|leq|ne|neq|geqslant|leqslant)(?![A-Za-z])|[<>]))",
    re.IGNORECASE,
)
"""What announces an inequality: 'all x > 2'."""
_BOLD_OPTION = re.compile(
    r"\\(?:mathbf|mathrm|boldsymbol|bf|mathsf)\s*\{\s*\((?P<one>[A-J])\)\s*\}|\(\s*\\(?:mathbf|mathrm)\s*\{(?P<other>[A-J])\}\s*\)"
)
"""The label of an option in a bold type of formulas, which is read as one of text."""


def respelt(text: str) -> str:
    """An answer in spellings that the grammar knows."""
    text = plainly(_BEGUN.sub("", text))
    text = _SWISS.sub(_digits, text) if "'" in text or "\u2019" in text else text
    if "diag" in text:
        text = _DIAGONAL.sub(_as_matrix, text)
    if text.endswith("}") and "(" in text and (beside := _UNIT_BESIDE.search(text)) is not None:
        if all(map(_measures, beside["unit"].split())):
            text = f"{text[: beside.start()]}\\text{{ {beside['unit']}}}{beside['power'] or ''}"
    if "." in text:
        text = _POINTED_GROUPS.sub(_digits, text)
    if "base" in text and (based := _IN_BASE.fullmatch(text)) is not None:
        name = based["base"] or based["word"]
        text = f"{based['digits']}_{{{name if name.isdigit() else spelt_number(name) or 0}}}"
    if (rupees := _RUPEES.fullmatch(text)) is not None:
        text = f"{rupees['amount']}\\text{{ rupees}}"
    if "\\$" in text and "=" in text and (sums := _SUMS_OF_MONEY.match(text)) is not None:
        text = sums.group().replace("\\$", "") + text[sums.end() :]
    if "_" in text:
        text = _TYPED_FRACTION.sub(r"\\frac{\1}{\2}", _PROGRAM_GROUPS.sub(_digits, text))
    if len(text) > _LONGEST or not any(char.isalpha() for char in text):
        return text
    text = _whole_numbers(unquantified(text.strip()))
    if "nly" in text and (only := _ONLY.match(text)) is not None:
        text = text[only.end() :]
    if (bold := _BOLD_OPTION.match(text)) is not None:
        text = f"\\textbf{{({bold['one'] or bold['other']})}}{text[bold.end() :]}"
    text = _ALL_THAT.sub("", text) if text.startswith("\\text") and _ALL_THAT.match(text) else text
    if (hence := _HENCE.match(text)) is not None and hence.end() < len(text):
        text = text[hence.end() :]
    if "\\begin" in text and (aligned := _ALIGNED.fullmatch(text)) is not None:
        text = _lines(aligned["lines"])
    if "^" in text and "," in text and (row := _TRANSPOSED.fullmatch(text)) is not None:
        text = "\\begin{pmatrix}" + row["items"].replace(",", "\\\\") + "\\end{pmatrix}"
    if "(or" in text.replace(" ", ""):
        text = _OR_IN_TEXT.sub(r" \\text{ or } \g<form>\\text{\g<unit>}", text)
    text = _OR_FORM.sub(r" or \g<form>", text)
    if "circ" in text:
        text = _COMPOSED.sub(r"\1(\2(\3))", text)
    text = _concluded(text)
    if "text" in text:
        text = _CLOSING.sub("", _SENTENCE.sub(r"\\text{\g<name>} = ", text, count=1) if _SENTENCE.match(text) else text)
    if "text" in text:
        text = _NOUN_BEFORE.sub(r"\\text{\g<noun>} = ", text)
    if "=" in text and (size := _SIZE_OF.match(text)) is not None:
        text = f"\\text{{{size['size']}}}{text[size.end() :]}"
    text = with_names(text)
    if (binary := _PROGRAM_BINARY.fullmatch(text)) is not None:
        return f"{binary[1]}_2"
    text = _CURRENCY.sub(r"\\$", _EXACTLY.sub("", _ANNOUNCED.sub(_in_its_text, text, count=1)))
    if "(" in text and (match := _TWICE.fullmatch(_TEXT.sub(r"\1", text))) is not None:
        value, word = match["value"] or match["before"], match["word"] or match["behind"]
        return value if spelt_number(word) == int(value) else text
    if "\\\\" in text and "\\begin" not in text:
        text = _LINE.sub(", ", text)
    if "\\colon" in text:
        text = _COLON.sub(":", text)
    if "U" in text:
        text = _UNION.sub(r" \\cup ", text)
    if text[-1:].isdigit() and "," in text and (match := _ROUGHLY.search(text)) is not None:
        text = f"{text[: match.start()]} \\approx {match['value']}"
    if text.rstrip().endswith((")", "}")) and (match := _BESIDE.search(text)) and match.start():
        text = f"{text[: match.start()]} \\approx {match['value']}"
    if (match := _CONDITION.search(text)) is not None and match.start():
        text = f"{text[: match.start()]}, {match['name']} \\in {match['set']}"
    return spoken(_in_words(text))


def _whole_numbers(text: str) -> str:
    """Domains of parameters as ``\\in \\mathbb{Z}`` says them."""
    if "\\in" in text or "\\Bbb" in text:
        text = _BLACKBOARD.sub(lambda found: f"\\mathbb{{{next(filter(None, found.groups()))}}}", text)
    if text.endswith(("dots", "dotsc", "dotsb", "...")) and (found := _COUNTED_OUT.search(text)) is not None:
        whole = "\\mathbb{Z}" if found["both"] else "\\mathbb{N}" if found["first"] else "\\mathbb{Z}^+"
        return f"{text[: found.start()]}, {found['name']} \\in {whole}"
    return text


def _measures(word: str) -> bool:
    """Whether a word is a unit, or says of which power one is."""
    return word in units.PREFIXES or units.measure(word) is not None or units.counted(word) is not None


def _as_matrix(match: re.Match[str]) -> str:
    """A diagonal matrix by its cells."""
    cells = [cell.strip() for cell in match["cells"].split(",")]
    rows = (" & ".join(cell if at == row else "0" for at in range(len(cells))) for row, cell in enumerate(cells))
    return "\\begin{pmatrix}" + " \\\\ ".join(rows) + "\\end{pmatrix}"


def _in_its_text(match: re.Match[str]) -> str:
    """What is left of an announcement: the text that it opens and does not close."""
    return "\\text{" if "{" in match.group() and "}" not in match.group() else ""


def _digits(match: re.Match[str]) -> str:
    return re.sub(r"\D", "", match.group())


def _lines(text: str) -> str:
    """Aligned lines as items, where a line that begins with an equals sign goes on with the one before it."""
    chained = re.sub(r"\\\\\s*&?\s*(?==|\\approx)", " ", text)
    items = [item.replace("&", " ").strip() for item in chained.split("\\\\")]
    return ", ".join(item.rstrip(",;. ") for item in items if item)


def _concluded(text: str) -> str:
    """What equations imply, where they do not give the same name another value before."""
    parts = [part.strip() for part in _IMPLIES.split(text)]
    if len(parts) == 1 or not all("=" in part for part in parts):
        return text
    name = parts[-1].partition("=")[0].replace(" ", "")
    return text if any(part.partition("=")[0].replace(" ", "") == name for part in parts[:-1]) else parts[-1]


def _in_words(text: str) -> str:
    """Sets of reals and conditions that are said in words."""
    low = text.lower()
    if "real" not in low and "integer" not in low and "constant" not in low:
        return text
    flat = " ".join(_TEXT.sub(r"\1", text).replace("$", " ").split())
    if (match := _REALS.fullmatch(flat)) is not None and (match["without"] or match["points"]):
        points = re.sub(r"^[A-Za-z]\s*=\s*|(?<=,)\s*[A-Za-z]\s*=\s*", "", match["points"] or "0")
        points = re.sub(r",?\s+and\s+(?:[A-Za-z]\s*=\s*)?", ", ", points)
        return f"\\mathbb{{R}}\\setminus\\{{{points}\\}}"
    if (match := _WHOLE.fullmatch(flat)) is not None:
        return f"{match['value']}, {match['name']} \\in \\mathbb{{Z}}"
    if (match := _CONSTANT.fullmatch(flat)) is not None:
        return match["value"]
    return text


def letter_digits(text: str) -> str:
    """The digits of a hexadecimal numeral with letters among them, ``2A3_{16}``; '' for anything else."""
    if (program := _PROGRAM_HEX.fullmatch(text)) is not None:
        return program[1].upper()
    if "_" not in text:
        return ""
    match = _LETTER_DIGITS.fullmatch(_TEXT.sub(r"\1", text).strip().strip("$").strip())
    return match[1].upper() if match else ""
