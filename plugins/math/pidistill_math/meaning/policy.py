"""Which forms of a value are final, and which leave the work to the reader.

Where the reference is a literal (an integer, a decimal, a fraction of such), an answer must be one too: a numeral, a
fraction, a whole power, a mixed number, a percentage, a numeral times a power of ten. Sums, products, roots,
factorials, logarithms of numerals are 'not evaluated', and a symbol that the reference lacks is never final, though it
cancel (``391 + x - x``). Where the reference is any other constant (``\\sqrt2/2``, ``\\pi/4``), an answer may be any
arithmetic of it, but no function of constants that the reference does not hold (``\\cos 45^\\circ``). Operations that
restate a question (sums, integrals, limits, residues, extrema) must be in the reference in every case.
"""

from __future__ import annotations

from typing import Final

from pidistill_math.reading.syntax import Node, symbols, vocabulary

_RESTATING: Final = {
    "sum": "sum", "prod": "product", "coprod": "product", "int": "integral", "iint": "integral", "iiint": "integral",
    "oint": "integral", "lim": "limit", "bigcup": "union", "bigcap": "intersection",
}  # fmt: skip
_CALLS: Final = {
    "gcd": "common divisor", "lcm": "common divisor", "max": "extremum", "min": "extremum", "det": "determinant",
    "lim": "limit", "mod": "residue", "deg": "degree",
}  # fmt: skip
_OF_CONSTANTS: Final = vocabulary(
    """sin cos tan cot sec csc arcsin arccos arctan arccot arcsec arccsc sinh cosh tanh coth sech csch arsinh arcosh
    artanh ln log floor ceil abs sgn gamma Re Im"""
)


def is_literal(node: Node) -> bool:
    """Whether a reference is a number written out."""
    match node.head:
        case "num":
            return True
        case "neg" | "percent" | "degree":
            return is_literal(node.args[0])
        case "div":
            return all(map(is_literal, node.args))
    return False


def is_final(node: Node) -> bool:
    """Whether an answer to a literal is a final form."""
    match node.head:
        case "num":
            return True
        case "neg" | "percent" | "degree":
            return is_final(node.args[0])
        case "div":
            return all(_in_fraction(part) for part in node.args)
        case "pow":
            return _in_fraction(node)
        case "mul":
            return _scientific(node) or (node.text == "scale" and is_final(node.args[0]))
    return False


def _in_fraction(node: Node) -> bool:
    if node.head == "neg":
        return _in_fraction(node.args[0])
    if node.head == "pow":
        base, exponent = node.args
        exponent = exponent.args[0] if exponent.head == "neg" else exponent
        plain = base.args[0] if base.head == "neg" else base
        fraction = plain.head == "div" and all(part.head == "num" for part in plain.args)
        return (plain.head == "num" or fraction) and exponent.head == "num" and exponent.number.denominator == 1
    return node.head == "num"


def _scientific(node: Node) -> bool:
    if len(node.args) != 2:
        return False
    mantissa, power = node.args
    mantissa = mantissa.args[0] if mantissa.head == "neg" else mantissa
    return mantissa.head == "num" and power.head == "pow" and power.args[0].number == 10 and _in_fraction(power)


def unevaluated(reference: Node, answer: Node) -> str:
    """The operation that an answer leaves to be worked out and the reference does not hold; '' for none."""
    held = {part.text.partition(":")[0] for part in reference.walk() if part.head == "big"}
    called = {part.text for part in reference.walk() if part.head == "call"}
    free = symbols(reference)
    formula = bool(free) and any(part.head == "fact" and symbols(part) for part in answer.walk())
    for part in answer.walk():
        if part.head == "big" and (name := part.text.partition(":")[0]) not in held:
            return _RESTATING.get(name, name)
        if part.head == "numeral" and part is not answer and not reference.has("numeral"):
            return "base"
        if part.head == "fact" and is_literal(part.args[0]) and not (formula or reference.has("fact", "binom")):
            return "factorial"
        if part.head == "residue" and not reference.has("residue"):
            return "residue"
        if part.head == "call" and part.text in _CALLS and part.text not in called:
            return _CALLS[part.text]
        if part.head == "dots" and not reference.has("dots"):
            return "ellipsis"
    if is_literal(reference) and not is_final(answer):
        return "arithmetic"
    if not symbols(answer) <= free:  # a symbol that cancels still leaves the cancelling to the reader
        return "algebra"
    if not free and not called & _OF_CONSTANTS:
        polar = any(part == Node("const", text="i") for part in answer.walk())
        for part in answer.walk():
            if part.head == "call" and part.text in _OF_CONSTANTS and not polar:
                return part.text
    return ""
