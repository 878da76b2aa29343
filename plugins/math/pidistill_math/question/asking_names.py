"""Whether the name in an answer plainly is another than the one that a question asks for by a sign or a word.

``y = 4`` is no answer to 'Find the value of x' where the question has y too, nor ``f(2) = 11`` to 'Find g(2)', nor
``minimum = 5`` to 'Find the maximum value'. Solutions name things as they like, though (``A = 12`` for the area of R),
so that only questions count which ask for the sign itself with nothing but such words as 'the value of' before it.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.question.asking_events import another_event
from pidistill_math.reading.syntax import Node

_SIGN: Final = r"(?P<sign>[a-z](?:_(?:\w|\{\w{1,4}\}))?)"
_PLAINLY = re.compile(
    r"\b(?:find|compute|determine|calculate|what\s+is|what's|solve\s+for|solve\s+[^.?!]{1,80}?\s+for|give|(?<!mum\s)(?<!absolute\s)(?<!expected\s)value\s+of)\s+"
    r"(?:(?:the|all|possible|exact|numerical|real|positive|negative|integer|whole|prime|natural|smallest|largest|least|greatest"
    r"|integers?|values?\s+of|values?|constants?|variables?|unknown|numbers?(?!\s+of\b)|coordinate)\s+){0,5}"
    rf"\$\s*{_SIGN}\s*\$(?!\s*-)",
    re.IGNORECASE,
)
_OF_TWO = re.compile(
    r"\b(?:find|compute|determine|calculate|what\s+is|what's)\s+the\s+(?:\w+\s+)?(?:sum|product|difference)\s+(?:of|between)\s+"
    r"\$(?P<one>[a-z])\$\s+and\s+\$(?P<other>[a-z])\$",
    re.IGNORECASE,
)
_COORDINATE = re.compile(r"\bthe\s+\$?(?P<axis>[xy])\$?[\s-]*coordinate\b", re.IGNORECASE)
_POINT = re.compile(r"\bcoordinates\s+of\s+(?:the\s+)?(?:(?:point|vertex)\s+)?\$(?P<point>[A-Z])\$")
_SLOPE = re.compile(r"\b(?:find|what\s+is|determine|compute|calculate)\s+the\s+slope\b", re.IGNORECASE)
_INTERCEPT = re.compile(
    r"\b(?:find|what\s+is|determine|compute|calculate)\s+the\s+\$?(?P<axis>[xy])\$?[\s-]*intercept\b", re.IGNORECASE
)
_HOW_MANY_ROOTS = re.compile(
    r"\b(?:how\s+many|number\s+of)\s+(?:(?!of\b)[a-z-]+\s+){0,3}?(?:solutions|roots|zeros|zeroes)\b", re.IGNORECASE
)
_NO_INTERCEPTS: Final = {"x": ("m", "b", "y"), "y": ("m", "x")}
"""Letters that no intercept on an axis goes by."""
_EXTREME = re.compile(
    r"\b(?:find|what\s+is|determine|compute|calculate)\s+the\s+(?P<which>maximum|minimum|largest|smallest|greatest|least)\b",
    re.IGNORECASE,
)
_LARGE: Final = ("max", "largest", "greatest")
_SMALL: Final = ("min", "smallest", "least")
_STATISTICS: Final = ("mean", "median", "mode", "range", "variance", "standard deviation")
_STATISTIC = re.compile(
    r"\b(?:find|what\s+is|compute|calculate|determine)\s+the\s+(mean|median|mode|range|variance|standard\s+deviation)\b",
    re.IGNORECASE,
)
_RATIO = re.compile(
    r"\bratio\s+(?:of\s+)?\$?\s*(?:\\[dt]?frac\s*\{\s*(?P<top>[A-Za-z]{1,4})\s*\}\s*\{\s*(?P<bottom>[A-Za-z]{1,4})\s*\}"
    r"|(?P<one>[A-Za-z]{1,4})\s*(?:[:/]|\\colon|\$?\s+to\s+\$?)\s*(?P<other>[A-Za-z]{1,4}))\s*[$?.,]"
)
_ANGLE = re.compile(
    r"\b(?:[Ff]ind|[Ww]hat\s+is|[Cc]ompute|[Dd]etermine|[Cc]alculate|[Hh]ow\s+many|[Gg]ive)\b"
    r"(?:,?\s+(?:the|degree|measure|size|value|number|of|degrees|radians|in|is|are|there|exact|acute|obtuse|interior|exterior"
    r"|base|inscribed|central|unknown|missing)\b){0,7},?\s*"
    r"(?:\bangle\s+\$?|\$?\s*(?:m\s*|\\text\{m\}\s*)?\\angle\s*\{?\s*)(?P<angle>[A-Z]{3}|[A-Z])(?![A-Za-z])"
    r"(?!\s*\$?\s*(?:,|and|[+\-/]))"
)
"""An angle that is itself asked for: its sine, or a radius of the triangle with that angle, is another thing."""
_TRIGONOMETRIC: Final = ("sin", "cos", "tan", "cot", "sec", "csc")
_DERIVATIVE = re.compile(
    r"\b(?:find|compute|determine|calculate|evaluate|give|take|what\s+is|what's)\s+(?:(?:the|value|of|an?)\s+){0,4}"
    r"(?:(?P<order>first|second|third|fourth)\s+)?derivative\s+of\s+(?:the\s+function\s+)?\$\s*(?P<name>[A-Za-z])\s*[($]",
    re.IGNORECASE,
)
"""A derivative that is asked for; one that the question gives says nothing of the answer's name."""
_ORDERS: Final = ("first", "second", "third", "fourth")
_OF_MATRICES: Final = {
    "det": r"\bdeterminant|\\det",
    "tr": r"\btrace|\\(?:tr|operatorname\{tr\})",
    "rank": r"\brank",
    "nullity": r"\bnullity",
}
_COMMON: Final = {"lcm": "least common multiple", **dict.fromkeys(("gcd", "gcf", "hcf"), "greatest common divisor")}
_COMMON_ASKED: Final = {
    "least common multiple": r"\b(?:least|lowest|smallest)\s+common\s+multiple|lcm\b",
    "greatest common divisor": r"\b(?:greatest|highest|largest)\s+common\s+(?:divisor|factor)|(?:gcd|gcf|hcf)\b",
}
_SPELT_OUT: Final = {"determinant": "det", "trace": "tr"}
_DERIVED_BY = re.compile(
    r"[A-Za-z]\s*(?:'|\\prime)+\}?\s*\(\s*(?P<argument>[a-z])\s*\)"
    r"|\\[dt]?frac\s*\{\s*d\s*\w*\s*\}\s*\{\s*d\s*(?P<below>[a-z])\s*\}"
)
_RESULTS: Final = ("sum", "product", "difference", "quotient", "remainder")
_RESULT = re.compile(
    r"\b(?:find|compute|determine|calculate|what\s+is|what's)\s+the\s+(?P<result>sum|product|difference|quotient|remainder)\b",
    re.IGNORECASE,
)
_GENERAL_TERM = re.compile(r"\b(?:general|\$?n\$?(?:-?\^?\{?th\}?\$?|-th))[\s-]+term\b", re.IGNORECASE)
_PERSON = re.compile(r"\b(?!(?:How|What|If|The|A|An|Find|Each|In|On|At|When|Together)\b)[A-Z][a-z]+\b")
_HOW_MANY = re.compile(r"\bhow\s+many\b(?P<clause>[^.?!]{1,100})", re.IGNORECASE)


def another_name(name: Node, text: str, asked: tuple[Node, ...]) -> str:
    """Why a name is plainly not what `text` asks for; '' where it may be. `asked` are the expressions asked for."""
    if name.head == "sym" and (reason := _another_sign(name.text, text)):
        return reason
    if (
        reason := _another_angle(name, text)
        or _another_ratio(name, text)
        or _another_event(name, asked)
        or another_event(name, text)
    ):
        return reason
    if name.head == "call" and (derived := _DERIVATIVE.search(text)) is not None:
        if name.text.rstrip("()").rstrip("'") == derived["name"]:
            if name.text.count("'") != 1 + _ORDERS.index((derived["order"] or "first").lower()):
                return "the function or another derivative, where the question asks for a derivative"
    if name.head == "call" and name.text.endswith("_") and [arg.head for arg in name.args] == ["sym"]:
        if any(node.head == "sym" and re.fullmatch(rf"{re.escape(name.text)}\d+", node.text) for node in asked):
            return "the general term, where the question asks for one of them"
    if name.head == "call" and name.text.endswith("_") and name.args[0].head == "add" and _GENERAL_TERM.search(text):
        return "another term than the general one, which the question asks for"
    if name.head == "call" and name.text.endswith("()") and asked:
        functions = [node for node in asked if node.head == "call" and node.text.endswith("()")]
        if len(functions) == len(asked) and not any(node.text == name.text for node in functions):
            return "another function than the one that the question asks for"
    size = _SPELT_OUT.get(name.text, name.text)
    if (
        name.head in ("call", "words")
        and size in _OF_MATRICES
        and not re.search(_OF_MATRICES[size], text, re.IGNORECASE)
    ):
        if any(re.search(word, text, re.IGNORECASE) for word in _OF_MATRICES.values()):
            return "another size of a matrix than the one that the question asks for"
    if name.head in ("call", "words") and (common := _COMMON.get(name.text.lower())) is not None:
        asks = [size for size, words in _COMMON_ASKED.items() if re.search(words, text, re.IGNORECASE)]
        if asks and common not in asks:
            return f"the {common}, where the question asks for the {asks[0]}"
    ends = [arg.text for arg in name.args if arg.head == "sym"]
    if name.head == "mul" and len(ends) == 2 == len(name.args) and all(end.isupper() for end in ends):
        if re.search(rf"\$(?:[^$]*[,=]\s*)?(?:{ends[0]}{ends[1]}|{ends[1]}{ends[0]})\s*=\s*\d[^$]*\$", text):
            return "a length that the question gives"
    by, letter = derived_by(text), below_derivative(name)
    if len(by) == 1 and letter is not None and letter not in by:
        return "a derivative by another letter than the one that the question asks for"
    results = {found["result"].lower() for found in _RESULT.finditer(text)}
    indexed = [arg for arg in name.args if arg.head in ("sym", "call") and "_" in arg.text]
    if len(results) == 1 and len(indexed) == len(name.args) > 1:
        if (name.head, *results) in (("mul", "sum"), ("add", "product")):
            return "another operation than the one that the question asks for"
    letters = [arg for arg in name.args if arg.head == "sym" and arg.text.islower()]
    if len(results) == 1 and not asked and len(letters) == len(name.args) > 1:
        if (name.head, *results) in (("mul", "sum"), ("add", "product")):
            return "another operation than the one that the question asks for"
    said = name.text.lower().strip("_()") if name.head in ("words", "call") else name.text.partition("_")[2].lower()
    extremes = {"large" if found["which"].lower().startswith(_LARGE) else "small" for found in _EXTREME.finditer(text)}
    if len(extremes) == 1 and said:
        if said.startswith((*(_SMALL if extremes == {"large"} else _LARGE), "arg")):
            return "the opposite extreme to the one that the question asks for"
    if name.head == "words" and _of_another_person(name.text, text):
        return "what belongs to another than the one that the question asks for"
    if name.head == "words" and _of_another(name.text.lower(), text):
        return "what belongs to another than the one that the question asks for"
    return ""


def other_order(name: Node, text: str, asked: tuple[Node, ...]) -> bool:
    """Whether a name is a product of matrices in another order than the one that is asked for."""
    if name.head != "mul" or "matri" not in text.lower():
        return False
    products = [[part.text for part in node.args] for node in asked if node.head == "mul"]
    order = [part.text for part in name.args]
    return order not in products and sorted(order) in map(sorted, products)


def _another_angle(name: Node, text: str) -> str:
    """Why a name is of another angle than the one angle that is asked for, or of a function of it."""
    angles = {found["angle"] for found in _ANGLE.finditer(text)}
    if len(angles) != 1:
        return ""
    (angle,) = angles
    if name.head == "call" and name.text in _TRIGONOMETRIC and f"\\{name.text}" not in text:
        return "a function of an angle, where the question asks for the angle"
    written = name.text.split()[-1] if name.head == "angle" else name.text if name.head == "sym" else ""
    if not re.fullmatch("[A-Z]|[A-Z]{3}", written) or written[len(written) // 2] == angle[len(angle) // 2]:
        return ""
    points = set(re.findall(r"(?<![A-Za-z\\])[A-Z]{1,6}(?![A-Za-z])", text)) - {angle}
    if name.head == "sym" and points and not any(written in point for point in (*points, angle)):
        return ""  # none of the question's points, and perhaps a letter of the solution's own
    return f"the angle {written}, where the question asks for {angle}"


def _another_ratio(name: Node, text: str) -> str:
    """Why a ratio is not of the two things, in their order, whose ratio is asked for."""
    found = _RATIO.search(text)
    if found is None or name.head not in ("ratio", "div") or len(name.args) != 2:
        return ""
    asked = [_segment(part) for part in (found["top"] or found["one"], found["bottom"] or found["other"])]
    given = [_segment("".join(inner.text for inner in part.walk())) for part in name.args]
    of_segments = all(len(part) == 2 and part.isupper() for part in (*asked, *given))
    if asked != given and (of_segments or asked == given[::-1]):
        return "another ratio than the one that the question asks for"
    return ""


def _segment(letters: str) -> str:
    """The letters of a segment, which may be read from either end."""
    return "".join(sorted(letters))


def _another_event(name: Node, asked: tuple[Node, ...]) -> str:
    """Why a probability is that of another event, or of the event's complement."""
    if name.head != "call" or name.text != "P()" or len(name.args) != 1:
        return ""
    events = [node.args[0].text for node in asked if node.head == "call" and node.text == "P()" and len(node.args) == 1]
    event = name.args[0]
    complement = event.head in ("pow", "over") and event.args[0].head == "sym"
    if len(events) != 1 or not events[0] or not (event.head == "sym" or complement) or event.text == events[0]:
        return ""
    return "the probability of another event than the one that the question asks for"


def derived_by(text: str) -> set[str]:
    """The letters by which a question derives."""
    return {found["argument"] or found["below"] for found in _DERIVED_BY.finditer(text)}


def below_derivative(name: Node) -> str | None:
    """The letter below a derivative, x of ``dy/dx``; None for any other name."""
    if name.head != "div" or any(part.head != "mul" or len(part.args) != 2 for part in name.args):
        return None
    if any(part.args[0].text != "d" or part.args[1].head != "sym" for part in name.args):
        return None
    return name.args[1].args[1].text


def _another_sign(name: str, text: str) -> str:
    signs = {found["sign"].replace("{", "").replace("}", "") for found in _PLAINLY.finditer(text)}
    if len(signs) == 1:
        (sign,) = signs
        function = re.search(rf"(?<![A-Za-z\\]){re.escape(sign)}(?:\(|\s*\\left\s*\(|\s*:)", text)
        stem = name if "_" in sign else name.partition("_")[0]
        known = re.search(rf"(?<![A-Za-z\\]){re.escape(name.partition('_')[0])}(?![A-Za-z])", text)
        nowhere = r"[a-z](?:_\w)?|[A-Z]_\w" if "_" in sign else r"[a-z](?:_\w)?"
        known = known or re.fullmatch(nowhere, name)  # a variable from nowhere is none of the question's either
        if function is None and known is not None and stem.lower() != sign.lower() and len(name) <= 6:
            return f"a value of {name}, where the question asks for {sign}"
    if (two := _OF_TWO.search(text)) is not None and name in (two["one"], two["other"]):
        return f"a value of {name}, where the question asks for one of both letters"
    points = {found["point"] for found in _POINT.finditer(text)}
    if len(points) == 1 and name not in points and re.fullmatch("[A-Z]", name) and re.search(rf"\b{name}\b", text):
        return f"the point {name}, where the question asks for another"
    axes = {found["axis"].lower() for found in _COORDINATE.finditer(text)}
    if len(axes) == 1 and name in ("x", "y") and name not in axes:
        return f"a value of {name}, where the question asks for the other coordinate"
    statistic = _STATISTIC.search(text)
    if statistic is not None and name == "sigma" and not statistic[1].lower().startswith("standard"):
        return f"a standard deviation, where the question asks for the {statistic[1].lower()}"
    if _SLOPE.search(text) and name in ("x", "y", "b"):
        return f"a value of {name}, where the question asks for a slope"
    if _HOW_MANY_ROOTS.search(text) and re.search(rf"(?<![A-Za-z\\]){re.escape(name)}(?![A-Za-z])", text):
        return f"a value of {name}, where the question asks how many there are"
    intercept = _INTERCEPT.search(text)
    if intercept is not None and name in _NO_INTERCEPTS[intercept["axis"].lower()]:
        return f"a value of {name}, where the question asks for an intercept"
    return ""


def _of_another_person(name: str, text: str) -> bool:
    """Whether a name is a person's, where the question asks about another person by name."""
    people = {found.lower() for found in _PERSON.findall(text)}
    asked = {found.lower() for clause in _HOW_MANY.finditer(text) for found in _PERSON.findall(clause["clause"])}
    return len(asked) == 1 and name in people and name not in asked


def _of_another(name: str, text: str) -> bool:
    """Whether a name is joined by 'and' to the one of two that is counted: 'cows and hens. How many hens'."""
    if _SLOPE.search(text) and "intercept" in name:
        return True
    asked = _STATISTIC.search(text)
    if asked is not None and name in _STATISTICS:
        return name != " ".join(asked[1].lower().split())
    results = [found["result"].lower() for found in _RESULT.finditer(text)]
    if len(results) == 1 and name.split()[0] in _RESULTS and name.split()[0] != results[0]:
        return True
    counted = list(_HOW_MANY.finditer(text))
    if not counted or not name.isalpha() or name in counted[-1]["clause"].lower():
        return False
    clause = counted[-1]["clause"].lower()
    before = text[: counted[-1].start()].lower()
    for pair in re.finditer(rf"\b(?:(\w+)\s+and\s+{name}s?|{name}s?\s+and\s+(\w+))\b", before):
        other = pair[1] or pair[2]
        if re.search(rf"\b{re.escape(other)}\b", clause):
            return True
    return False
