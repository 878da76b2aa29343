"""Words and letters compared: without case, but for strings of letters, whose order and case say something."""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.meaning.found import Found, no, yes
from pidistill_math.reading.syntax import Node, sym, vocabulary

_WORDS: Final = re.compile(r"[^\W_]+")
_ROMAN: Final = re.compile(r"\b(?:I{1,3}|IV|V)\b")
"""Numbers of statements, of which a part is another option."""
_FORMULA: Final = re.compile(r"\$([^$]{1,300})\$|\\\((.{1,300}?)\\\)")
_COMMAND: Final = re.compile(r"\\(?:text|mathrm|operatorname|textbf)\s*\{[^{}]*\}|\\[A-Za-z]+")
_IN_TERMS_OF: Final = re.compile(
    r"\bin\s+terms\s+of\s+((?:[A-Za-z]\s*,\s*)*[A-Za-z],?\s+and\s+[A-Za-z])\b(?!\s*')", re.IGNORECASE
)
_SPELT: Final = re.compile(
    r"\b(?:strings?|words?|letters?|codes?|sequences?|permut\w*|segments?|anagrams?)\b", re.IGNORECASE
)
_MOST_LETTERS: Final = 4
_NO_PRODUCT: Final = vocabulary(
    "yes no odd even all none one two five six nine ten zero red blue true east west both any"
)


def shared_words(given: str, content: str) -> bool:
    """Whether an option's words are quoted in full or in part."""
    if all(map(_ROMAN.search, (given, content))) and not same_statements(given, content):
        return False
    words = [_WORDS.findall(text.casefold()) for text in (given, content)]
    texts = [f" {_article(' '.join(found))} " for found in words]
    return texts[0] in texts[1] or texts[1] in texts[0]


def same_statements(given: str, content: str) -> bool:
    """Whether two options are of the same statements, by their numbers."""
    return set(_ROMAN.findall(given)) == set(_ROMAN.findall(content)) != set()


def bare_letter(node: Node) -> str:
    """The letter of an option that is given alone, '' for anything else."""
    if node.head == "choice":
        return "" if node.args else node.text
    letter = letter_of(node)
    return letter if letter.isupper() and letter <= "J" else ""


def letter_of(node: Node) -> str:
    """The letter that a symbol or a constant is written with, '' for anything else."""
    return node.text if node.head in ("sym", "const") and len(node.text) == 1 else ""


def same_words(left: Node, right: Node) -> Found:
    """Words against words without case; strings of letters in order and case, also where one is read as a product."""
    if left.head != right.head:
        pair = [product_letters(node) for node in (left, right)]
        if pair[0] and pair[1]:
            return yes("letters") if pair[0] == pair[1] else no("other letters than the reference", "letters")
        return no("words on one side only", "words")
    texts = [" ".join(node.text.split()).strip(".") for node in (left, right)]
    if texts[0] == texts[1]:
        return yes("words")
    if all(_letters(text) for text in texts) or any(text.isupper() and not set(text) & set("AEIOUY") for text in texts):
        if sorted(texts[0]) == sorted(texts[1]) and all(_commutes(text) for text in texts):
            return yes("letters")
        return no("other letters than the reference, or in another order", "letters")
    folded = [_article(text.casefold().replace("-", " ")) for text in texts]
    return yes("words") if folded[0] == folded[1] else no("other words than the reference", "words")


def multiplied(left: Node, right: Node, text: str) -> tuple[Node, Node]:
    """Reference and answer, each run of letters that the question has as variables being their product.

    ``ab`` is a word unless the question, `text`, is about a and b: then ``ba`` and ``a \\cdot b`` are the same
    product, and ``AB`` is another.
    """
    if left.head != "words" or not _is_product(left.text, text):
        return left, right
    return _product(left), _product(right) if right.head == "words" and right.text.isalpha() else right


def _is_product(word: str, text: str) -> bool:
    if not (word.isalpha() and word.isascii() and 1 < len(word) <= _MOST_LETTERS) or word.isupper():
        return False
    if word.lower() in _NO_PRODUCT or _SPELT.search(text):
        return False
    formulas = " ".join(_COMMAND.sub(" ", found[1] or found[2]) for found in _FORMULA.finditer(text))
    formulas += "".join(found[1] for found in _IN_TERMS_OF.finditer(text))
    return set(word) <= set(formulas)


def _product(node: Node) -> Node:
    return Node("mul", tuple(sym(letter) for letter in node.text))


def _article(text: str) -> str:
    first, _, rest = text.partition(" ")
    return rest if first in ("the", "a", "an", "on") and len(rest) > 1 else text


def _letters(text: str) -> bool:
    """Whether it is a string of letters rather than a word: capitals alone."""
    return (text.isupper() and text.isalpha() and len(text) > 1) or _commutes(text)


def _commutes(text: str) -> bool:
    """Whether small letters can only be variables multiplied: no vowel among them, and no repeat."""
    plain = text.isalpha() and text.islower() and len(set(text)) == len(text) and len(text) <= 5
    return plain and not set(text) & set("aeiou")


def product_letters(node: Node) -> str:
    """The letters that a word, a symbol or a product of such is written with; '' for anything else."""
    if node.head == "words":
        return node.text if node.text.isalpha() else ""
    if node.head == "sym":
        return node.text
    if node.head == "mul" and not node.text and all(part.head in ("sym", "const") for part in node.args):
        return "".join(part.text for part in node.args)
    return ""


def is_segment_reversed(left: Node, right: Node) -> bool:
    """Whether two pairs of capitals name one segment from its two ends."""
    ours, theirs = product_letters(left), product_letters(right)
    return len(ours) == 2 and ours.isupper() and ours == theirs[::-1]


def option_letters(node: Node) -> frozenset[str]:
    """The letters of several options that are written as one string, ``ACD``; none for any other word."""
    letters = product_letters(node)
    options = len(letters) > 1 and len(set(letters)) == len(letters) and all("A" <= letter <= "J" for letter in letters)
    return frozenset(letters) if options else frozenset()
