"""Letters side by side: a function, a unit, a word, or variables multiplied.

In mathematics ``xy`` is a product and ``cm`` behind a number a unit; ``Saturday`` is a word, and so is every run of
letters in an answer that holds nothing else. The rule for what is left: up to three letters, capitals (segments), or
letters in the order of the alphabet (``abcd``) are variables; longer runs are words, and a word that the grammar has
no use for makes the answer unreadable.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pidistill_math.reading import units
from pidistill_math.reading.lexer import Token
from pidistill_math.reading.syntax import vocabulary

FUNCTIONS: Final = vocabulary(
    """cis
    sin cos tan cot sec csc sinh cosh tanh coth sech csch arcsin arccos arctan arccot arcsec arccsc arcsinh arccosh
    arctanh arsinh arcosh artanh asin acos atan ln log lg exp max min gcd lcm det deg rank dim arg Re Im tr sgn sign erf
    Arg Arcsin Arccos Arctan ctg tg arctg cosec floor ceil abs"""
)
_GREEK: Final = vocabulary("""alpha beta gamma delta epsilon theta lambda sigma omega phi psi rho tau kappa""")
_NAMED: Final = {"pi": "pi", "Pi": "pi", "infty": "infty", "infinity": "infty", "Infinity": "infty", "inf": "infty",
                 "oo": "infty", "lim": "lim", "sqrt": "usqrt", "cbrt": "ucbrt", "times": "times", "GCD": "gcd",
                 "LCM": "lcm", "cis": "cis", "mod": "mod", "emptyset": "emptyset",
                 "varnothing": "emptyset"}  # fmt: skip
ORDINALS: Final = frozenset({"st", "nd", "rd", "th"})
JOINING: Final = frozenset({"and", "or", "but", "plus", "minus", "over"})
_SHORT_WORDS: Final = vocabulary(
    """is it if of to the and are but for not was has odd yes any all one two six ten you who she his her its may can
    had did out off per sum set see"""
)
"""Words of three letters and less that nobody means as a product; ``by`` and ``an`` are products (``ax + by``)."""
_SEPARATING: Final = frozenset(",.;:'\"!-")


def resolved(found: list[Token]) -> list[Token]:
    """The tokens with every run and every roman or text word classified."""
    wordy = all(t.kind in ("run", "letter", "word") or (t.kind == "op" and t.text in _SEPARATING) for t in found)
    spelt = wordy and any(t.kind == "run" and t.text not in FUNCTIONS and t.text not in _NAMED for t in found)
    result: list[Token] = []
    for at, token in enumerate(found):
        following = found[at + 1] if at + 1 < len(found) else None
        if token.kind == "run":
            result += _run(token, result, spelt, following)
        elif token.kind == "cmd" and token.text in ("max", "min") and following is not None and following.text == "=":
            result.append(replace(token, kind="word"))  # the name of a value
        elif token.kind == "word":
            result.append(_word(token, result, following, len(found) == 1))
        elif token.kind == "letter" and spelt and len(found) > 1 and _beside_a_word(found, at):
            result.append(replace(token, kind="word"))
        else:
            result.append(token)
    return result


def _beside_a_word(found: list[Token], at: int) -> bool:
    """Whether a single letter is a word of a phrase ('a circle'), not an item of its own."""
    return any(0 <= i < len(found) and found[i].kind in ("run", "word") for i in (at - 1, at + 1))


def _in_a_phrase(before: list[Token], following: Token | None) -> bool:
    """Whether a letter of text has a word of text beside it: 'a circle', 'type B'."""
    if following is not None and following.kind == "word" and following.style == "text":
        return True
    return bool(before) and before[-1].kind == "word" and before[-1].style == "text" and not _unit(before[-1].text)


def _operand(before: list[Token]) -> bool:
    """Whether what stands before could be a quantity that a unit follows."""
    if not before:
        return False
    last = before[-1]
    return (
        last.kind == "num"
        or last.text in ("per", ")", "}", "pi", "circ", "%")
        or (last.kind == "word" and _unit(last.text))
    )


def _unit(word: str) -> bool:
    return units.measure(word) is not None or units.counted(word) is not None or units.scale(word) is not None


def _run(token: Token, before: list[Token], spelt: bool, following: Token | None) -> list[Token]:
    text = token.text
    if text == "min" and before and before[-1].kind == "num" and (following is None or following.text in (",", ".")):
        return [replace(token, kind="word")]
    if text.lower() in JOINING or text in _SHORT_WORDS:
        return [replace(token, kind="word")]
    if text in FUNCTIONS:
        return [replace(token, kind="cmd")]
    if text in _NAMED:
        return [replace(token, kind="cmd", text=_NAMED[text])]
    if text in _GREEK and not spelt:
        return [replace(token, kind="cmd")]
    per = len(before) > 1 and before[-1].text in ("/", "per") and before[-2].kind == "word"
    if (_operand(before) or per) and _unit(text):
        return [replace(token, kind="word")]
    if before and before[-1].kind == "word" and _unit(before[-1].text) and units.ends_a_unit(text):
        return [replace(token, kind="word")]
    if spelt or (text in ORDINALS and before and before[-1].kind == "num" and not token.gap):
        return [replace(token, kind="word")]
    if text[:-1] in FUNCTIONS and text[-1] in "xyzn":
        return [replace(token, kind="cmd", text=text[:-1]), Token("letter", text[-1], "thin")]
    if len(text) <= 3 or text.isupper() or list(text) == sorted(set(text)):
        return [Token("letter", char, token.gap if not i else "") for i, char in enumerate(text)]
    return [replace(token, kind="word")]


def _word(token: Token, before: list[Token], following: Token | None, alone: bool) -> Token:
    """A word of text or of roman type: a letter where it is one, a function, or a word."""
    text = token.text
    if len(text) == 1:
        if token.style == "text" and _in_a_phrase(before, following):
            return token
        unit = units.measure(text) is not None and not alone and _operand(before)
        unit = unit or (units.measure(text) is not None and len(before) > 1 and before[-1].text in ("/", "cdot", "per"))
        return token if unit and not (following and following.text == "_") else replace(token, kind="letter")
    if text in ("min", "max", "rank", "dim", "det") and following is not None and following.text in ("=", ":"):
        return token  # the name of a value
    if text in FUNCTIONS and text not in ("min", "deg", "sec", "mod", "sign", "abs"):
        return replace(token, kind="cmd")
    below = len(before) > 1 and before[-1].text in ("/", "per") and before[-2].kind == "word"
    if text in ("sec", "min", "max", "abs") and not _operand(before) and not alone and not below:
        return replace(token, kind="cmd")
    return token
