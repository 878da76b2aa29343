"""What a question asks for, as far as an equation in an answer needs to know.

``m+n = 293`` names its value where the question asks for ``m+n``; ``2x = 5`` does not where it asks for ``x``. Which
formulas are asked for is for `asking_formulas`; here are the words that settle what an answer's parts mean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pidistill_math.meaning.kinds import Named
from pidistill_math.meaning.shapes import letters_only
from pidistill_math.question.asking_formulas import RESULTS, formulas_asked, formulas_beneath, is_capital, rivals, same
from pidistill_math.question.asking_names import another_name, below_derivative, derived_by, other_order
from pidistill_math.question.asking_options import option, option_text
from pidistill_math.question.forms_asked import asks_for_exact
from pidistill_math.reading.syntax import Node, symbols, vocabulary

_SIZE_OF = re.compile(r"\b(?:magnitude|norm|modulus|absolute\s+value|length)\s+of\b", re.IGNORECASE)
_LONGEST: Final = 8_000
_QUANTITIES: Final = vocabulary(
    "radius diameter area perimeter circumference volume odds probability length width height mean median mode"
    " vertex focus midpoint slope"
)
_NO_LENGTH: Final = vocabulary("area volume odds probability mean median mode")
_QUANTITY = re.compile(
    r"\b(?:find|compute|determine|calculate|what\s+is|what's)\s+(?:the|its)\s+(?:[a-z-]+\s+){0,2}?(?P<noun>"
    + "|".join(sorted(_QUANTITIES))
    + r")\b",
    re.IGNORECASE,
)
_RESULT = re.compile(
    rf"\b(?:find|compute|determine|calculate|what\s+is|what's)\s+the\s+(?P<noun>{'|'.join(sorted(RESULTS))})\s+of\b",
    re.IGNORECASE,
)
_POINT = re.compile(
    r"\bordered\s+(?:pair|triple)|\bcoordinates?\b|\bvertex\b"
    r"|\b(?:find|what\s+(?:is|are)|determine|compute|give)\s+(?:all\s+)?(?:the\s+)?(?:\w+\s+)?(?:points?|vectors?)\b",
    re.IGNORECASE,
)
_ORDERED = re.compile(
    r"\b(?:list|order|arrange|rank|sort|write|enter|give|express|put|name)\b(?:[^.?!]|\.\d){0,160}?"
    r"(?:\bin\s+(?:strictly\s+)?(?:increasing|decreasing|ascending|descending|alphabetical|chronological|numerical)\s+order"
    r"|\bin\s+order\s+(?:of|from)\b"
    r"|\bfrom\s+(?:the\s+)?(?:least|smallest|lowest|shortest|greatest|largest|highest|longest|youngest|oldest|first|left|lightest|heaviest)"
    r"\s+to\b)",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:all|both|two|three|roots|zeros|zeroes|solutions|values|integers|numbers|primes|pairs?|triples?|points|lengths|angles"
    r"|intercepts|coordinates|terms|factors|divisors|set|list|respectively|solve)\b|\$\s*\w\s*\$\s*,?\s*and\s+\$\s*\w\s*\$",
    re.IGNORECASE,
)
_SEGMENT = re.compile(
    r"\b(?:which|what|name|longest|shortest|find)\s+(?:\w+\s+){0,2}?(?:sides?|segments?|diagonals?|chords?|edges?|legs?|hypotenuse)\b"
    r"(?!\s+of\s+(?:the|a)\s+(?:\w+\s+)?(?:coin|die))",
    re.IGNORECASE,
)
_OPTIONS_ASKED = re.compile(
    r"\bwhich\s+(?:\w+\s+)?(?:of\s+(?:the\s+)?(?:following|these)|statements?|options?)\b|\b(?:select|choose)\s+all\b|\bmultiple.choice\b",
    re.IGNORECASE,
)
_RATIO_OF = re.compile(r"\bratio\s+of\s+\$?(?P<first>\w+)\$?\s+to\s+\$?(?P<second>\w+)\$?", re.IGNORECASE)
_CALCULUS = re.compile(
    r"\\i*int(?![A-Za-z])|\\lim(?![A-Za-z])|\\sum(?![A-Za-z])|\bintegra|\bderivative|\blimit\b|\binfinite\s+series"
)
_ASKS: Final = (
    r"(?:find|what|how|determine|compute|calculate|is|are|does|do|which|express|write|evaluate|give|state|solve|simplify|factor"
    r"|name|who|when|where|estimate|expand|convert)\b"
)
_PARTS = re.compile(
    rf"(?:^|\s)(?:\(a\)\s*{_ASKS}[\s\S]*\s\(b\)\s*{_ASKS}|\(i\)\s*{_ASKS}[\s\S]*\s\(ii\)\s*{_ASKS}"
    rf"|\(1\)\s*{_ASKS}[\s\S]*\s\(2\)\s*{_ASKS}|a\)\s*{_ASKS}[\s\S]*\sb\)\s*{_ASKS})",
    re.IGNORECASE,
)
"""Labelled things that are asked for, rather than labelled conditions."""
_BOUNDS: Final = {
    "most": re.compile(r"(?<!\bat )\b(?:most|maxim\w+|greatest|largest|highest|upper\s+bound)\b", re.IGNORECASE),
    "least": re.compile(r"(?<!\bat )\b(?:least|minim\w+|smallest|fewest|lowest|lower\s+bound)\b", re.IGNORECASE),
}
_LETTERS_OF: Final = {
    "radius": "rR",
    "diameter": "dD",
    "area": "AS",
    "perimeter": "P",
    "circumference": "C",
    "volume": "V",
    "height": "h",
}
"""Letters by which sizes go where a question does not name them."""
_TUPLE = re.compile(r"\(((?:[^(),\n]{1,16},){1,5}[^(),\n]{1,16})\)")
_RANGE = re.compile(
    r"\brange\s+of\s+(?:the\s+)?(?:function\s+)?\$?\s*[A-Za-z]\s*(?:\\left)?\(\s*(?P<argument>[a-z])\s*(?:\\right)?\)"
)
_SILENT = re.compile(r"\W*(?:find|determine|what\s+is)?\W*(?:the\s+(?:value|answer))?\W*", re.IGNORECASE)
_BASES: Final = {2: "two|binary", 3: "three|ternary", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight|octal",
                 9: "nine", 10: "ten|decimal", 11: "eleven", 12: "twelve", 16: "sixteen|hexadecimal"}  # fmt: skip
_TO_BASE = re.compile(
    r"\b(?:to|in|into|as(?:\s+an?)?)\s+(?:(?:its\s+)?base[\s-]*\$?\s*(?P<base>\d{1,2}|"
    + "|".join(_BASES.values())
    + r")|(?P<name>binary|octal|ternary|hexadecimal|decimal))\b",
    re.IGNORECASE,
)
_GIVEN_PERCENT = re.compile(r"\d[\d.,]*\s*\$?\s*(?:\\?%|percent\b|percentage\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Question:
    """What matters of a question: the expressions that it asks for, and words that settle what a number means."""

    text: str = ""

    @property
    def asked(self) -> tuple[Node, ...]:
        """Expressions that the question asks for."""
        return formulas_asked(self.text[-_LONGEST:])

    def asks_for(self, left: Node) -> bool:
        """Whether an expression is asked for in so many signs."""
        return any(same(node, left) for node in self.asked)

    def accepts(self, left: Node) -> bool:
        """Whether the left side of an equation is what the question asks for."""
        if self.asks_for(left):
            return True
        if left.head == "call" and left.text == "abs" and left.args[0].head == "sym":
            return bool(_SIZE_OF.search(self.text)) and self.has_letter(left.args[0].text)
        if left.head == "div" and all(arg.head == "sym" for arg in left.args) and self.mentions_ratio():
            return all(self.has_letter(arg.text) for arg in left.args)
        return letters_only(left) and not any(n.head == "sym" and n.text in symbols(left) for n in self.asked)

    def other_than_asked(self, name: Node) -> str:
        """Why a name cannot be that of what is asked for; '' where it may be."""
        barred = name.head == "over" or (name.head == "call" and name.text == "abs")
        if barred and name.args[0].head == "mul" and all(map(is_capital, name.args[0].args)):  # a segment under a bar
            name = name.args[0]
        if any(same(node, name) for node in formulas_beneath(self.text[-_LONGEST:])):
            return "the expression of which the question asks for something"
        if other_order(name, self.text[-_LONGEST:], self.asked):
            return "a product in another order than the question asks for"
        if reason := another_name(name, self.text[-_LONGEST:], self.asked):
            return "" if self.asks_for(name) else reason
        if (ratio := _RATIO_OF.search(self.text)) is not None and name.head in ("ratio", "div") and len(name.args) == 2:
            if [arg.text for arg in name.args] == [ratio["second"], ratio["first"]]:
                return "the ratio the other way round than the question asks for"
        if name.head == "words" and (said := name.text.split()[0]) in RESULTS:
            result = _RESULT.search(self.text[-_LONGEST:])
            if result is not None and result["noun"].lower() != said:
                return f"the {said}, where the question asks for the {result['noun'].lower()}"
        quantity = _QUANTITY.search(self.text[-_LONGEST:])
        if quantity is not None:
            asked = quantity["noun"].lower()
            words = name.text.lower().split() if name.head == "words" else []
            if words and words[-1] in _QUANTITIES and asked not in words and len(words) < 3:
                return f"the {name.text}, where the question asks for the {asked}"
            of_another = [size for size, letters in _LETTERS_OF.items() if name.head == "sym" and name.text in letters]
            if of_another and asked in _LETTERS_OF and asked not in of_another and not self.has_letter(name.text):
                return f"the {of_another[0]}, where the question asks for the {asked}"
            segment = name.head == "mul" and len(name.args) == 2 and all(is_capital(arg) for arg in name.args)
            if asked != "length":
                return f"a length, where the question asks for the {asked}" if segment and asked in _NO_LENGTH else ""
        if not self.asked or self.asks_for(name) or below_derivative(name) in derived_by(self.text[-_LONGEST:]):
            return ""
        if any(rivals(name, asked) for asked in self.asked):
            return "another expression than the one that the question asks for"
        return ""

    def letters_of_a_size(self) -> frozenset[str]:
        """The letters by which the size that is asked for goes, where the question gives none of them."""
        found = _QUANTITY.search(self.text[-_LONGEST:])
        letters = _LETTERS_OF.get(found["noun"].lower(), "") if found is not None else ""
        return frozenset(letters) if not any(map(self.has_letter, letters)) else frozenset()

    def asks_for_a_point(self) -> bool:
        """Whether an ordered pair or a point is asked for, so that a pair is no interval."""
        return bool(_POINT.search(self.text))

    def asks_for_a_vector(self) -> bool:
        """Whether a vector is asked for, so that a tuple may be a column."""
        return bool(re.search(r"\bvectors?\b|\\(?:mathbf|vec|overrightarrow)(?![A-Za-z])", self.text, re.IGNORECASE))

    def asks_for_an_interval(self) -> bool:
        """Whether an interval is asked for, so that a pair is one."""
        return bool(re.search(r"\binterval\b|\binequalit|\b(?:domain|range)\s+of\b", self.text, re.IGNORECASE))

    def asks_for_the_range_over(self, subject: Node) -> bool:
        """Whether the range of a function is asked for, of which a letter is the argument."""
        found = _RANGE.search(self.text)
        return found is not None and subject.text == found["argument"]

    def asks_for_an_order(self) -> bool:
        """Whether a list is asked for in an order, so that another order is another answer."""
        return bool(_ORDERED.search(self.text))

    def asks_for_several(self) -> bool:
        """Whether several values are asked for, so that a comma parts two of them."""
        return bool(_SEVERAL.search(self.text))

    def has_parts(self) -> bool:
        """Whether it asks for several things under labels, in the order of which their answers stand."""
        return bool(_PARTS.search(self.text))

    def asks_how_many(self) -> bool:
        """Whether things are counted, so that a percentage is no answer."""
        return bool(
            re.search(r"\bhow\s+many\b(?!\s+(?:\w+\s+)?(?:percent|times))", self.text, re.IGNORECASE)
        ) and not bool(self.mentions_percent())

    def asks_for_an_equation(self) -> bool:
        """Whether an equation is asked for, so that one may be solved or not."""
        return bool(re.search(r"\bequations?\s+(?:of|for|whose|that)\b", self.text, re.IGNORECASE))

    def has_natural_logarithms(self) -> bool:
        """Whether a logarithm without a base is natural: in calculus, where the question itself writes none."""
        return "log" not in self.text and bool(_CALCULUS.search(self.text))

    def is_about_segments(self) -> bool:
        """Whether a side or a segment is asked for, which two letters name in either order."""
        return bool(_SEGMENT.search(self.text))

    def asks_for_options(self) -> bool:
        """Whether it asks which of several options hold, so that their letters have no order."""
        return bool(_OPTIONS_ASKED.search(self.text))

    def asks_for_bound(self, which: str) -> bool:
        """Whether 'at most' ('most'), or 'at least', a value answers the question; '' is no bound, and always does."""
        return not which or bool(_BOUNDS[which].search(self.text))

    def speaks_of_positive(self) -> bool:
        """Whether something is positive in the question, so that absolute values may be left out."""
        return bool(re.search(r"\bpositive\b|>\s*0|\\gt\s*0|\(0\s*,\s*(?:\+\s*)?\\infty", self.text, re.IGNORECASE))

    def asks_to_integrate(self) -> bool:
        """Whether the answer has a constant of integration, which any letter may name."""
        return bool(
            re.search(r"\\int(?![A-Za-z])|\banti-?derivative|\bintegra|\bdifferential\s+eq", self.text, re.IGNORECASE)
        )

    def asks_for_all(self) -> bool:
        """Whether all solutions are asked for, so that a letter in an answer may be any whole number."""
        return bool(re.search(r"\bsolve\b|\bsolutions?\b|\bfind\s+all\b|\bgeneral\b", self.text, re.IGNORECASE))

    def has_letter(self, name: str) -> bool:
        """Whether a letter stands alone somewhere in the question, as a variable does."""
        return bool(re.search(rf"(?<![A-Za-z\\]){re.escape(name)}(?![A-Za-z])", self.text))

    def speaks_of(self, part: Named) -> bool:
        """Whether the question has a name."""
        return part.name.head != "sym" or self.has_letter(part.name.text)

    def order(self, names: Sequence[str]) -> list[str]:
        """The names of a tuple in the order in which the question writes them as one; [] where it does not."""
        for match in _TUPLE.finditer(self.text[-_LONGEST:]):
            written = [name.strip().strip("$\\ ").replace("{", "").replace("}", "") for name in match[1].split(",")]
            if sorted(written) == sorted(names):
                return written
        return []

    def is_about_money(self) -> bool:
        """Whether the question speaks of money, so that a letter behind an amount may be millions."""
        return bool(
            re.search(
                r"\bdollars?\b|\\\$|\$\d[\d,.]*(?![^$]*\$)|\bcosts?\b|\bprice|\bmoney\b", self.text, re.IGNORECASE
            )
        )

    def mentions_percent(self) -> bool:
        """Whether an answer in percent is asked for: by a percentage that the question does not give."""
        return bool(re.search(r"percent|\\?%", _GIVEN_PERCENT.sub("", self.text), re.IGNORECASE))

    def is_silent(self) -> bool:
        """Whether nothing in particular is asked, so that a percentage may be meant."""
        return bool(_SILENT.fullmatch(self.text))

    def option(self, letter: str) -> Node | None:
        """What the question gives as the option of a letter, where that can be read."""
        return option(self.text, letter)

    def option_text(self, letter: str) -> str:
        """What the question writes behind the label of an option; '' where it has no such option."""
        return option_text(self.text, letter)

    def asks_for_degrees(self) -> bool:
        """Whether an angle is asked for in degrees."""
        return bool(re.search(r"\bdegrees\b|\bdegree\s+measure|\bnearest\s+degree", self.text, re.IGNORECASE))

    def is_about_an_angle(self) -> bool:
        """Whether the question speaks of an angle, so that a multiple of pi and degrees may be one."""
        return bool(
            re.search(r"\bangles?\b|\bpolar\b|\\(?:angle|theta|alpha|beta|phi)(?![A-Za-z])", self.text, re.IGNORECASE)
        )

    def asks_for_radians(self) -> bool:
        """Whether an angle is asked for in radians."""
        return bool(re.search(r"\bradians?\b", self.text, re.IGNORECASE))

    def mentions_exact(self) -> bool:
        """Whether an exact value is asked for, so that a rounded one is none."""
        return asks_for_exact(self.text)

    def asks_to_round(self) -> bool:
        """Whether a rounded value is asked for."""
        return bool(re.search(r"\bround(?:ed)?\b|\bnearest\b|\bapproximat", self.text, re.IGNORECASE))

    def mentions_ratio(self) -> bool:
        """Whether a ratio is asked for."""
        return bool(re.search(r"\bratio\b", self.text, re.IGNORECASE))

    def other_base(self, base: int) -> bool:
        """Whether a numeral in another base than `base` is asked for."""
        target = self._target_base()
        return target is not None and target != base

    def _target_base(self) -> int | None:
        """The base to which, or in which, a number is to be written."""
        found = list(_TO_BASE.finditer(self.text))
        if not found:
            return None
        said = (found[-1]["base"] or found[-1]["name"]).lower()
        return int(said) if said.isdigit() else next(b for b, names in _BASES.items() if said in names.split("|"))

    def mentions_base(self, base: int) -> bool:
        """Whether a numeral in `base` is asked for."""
        if (target := self._target_base()) is not None:
            return target == base
        words = f"base[\\s-]*(?:\\$?{base}\\b|{_BASES.get(base, 'none')})|(?:{_BASES.get(base, 'none')})\\b"
        return bool(re.search(words, self.text, re.IGNORECASE)) and bool(
            re.search(r"base|binary|octal|ternary|hexadecimal", self.text, re.IGNORECASE)
        )
