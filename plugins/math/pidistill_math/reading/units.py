"""The closed list of words that may stand behind a number, and what each does to it.

A unit has a dimension and a scale in it; units of one dimension convert, of two refute each other, and a number
without a unit may stand for one with (``5`` for ``5 cm``). Words that scale (``thousand``, ``dozen``) multiply.
Counted things (``apples``) are units of a dimension of their own, and words such as ``ways`` count anything. A word
that is in no list here is never dropped: it makes an answer unreadable. In a *reference* a single unknown word behind
a number is taken for a counted thing, because whoever wrote the reference knew what was counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pidistill_math.reading.syntax import vocabulary

ANYTHING: Final = "count"
"""The dimension of words that count anything."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A dimension with its exponent folded in (``length^2``, ``length/time``), and the scale in that dimension."""

    dimension: str
    scale: Fraction = Fraction(1)
    label: str = ""
    """The word as it was written, for reasons and for units that no list knows."""


def _table(dimension: str, rows: str) -> dict[str, Unit]:
    """One unit a word; each row is the scale followed by its spellings."""
    found = {}
    for row in rows.strip().splitlines():
        scale, *names = row.split()
        for name in names:
            found[name] = Unit(dimension, Fraction(scale), name)
    return found


MEASURES: Final[dict[str, Unit]] = {
    **_table("length", """
        1 m meter meters metre metres
        1/100 cm cms centimeter centimeters centimetre centimetres
        1/1000 mm millimeter millimeters millimetre millimetres
        1/10 dm decimeter decimeters decimetre decimetres
        1000 km kms kilometer kilometers kilometre kilometres
        1/1000000 μm micrometer micrometers micron microns
        1/1000000000 nm nanometer nanometers
        127/5000 in inch inches
        381/1250 ft foot feet
        1143/1250 yd yard yards yds
        201168/125 mi mile miles
        1852 nmi
    """),
    **_table("mass", """
        1 g gram grams gramme grammes
        1000 kg kgs kilogram kilograms kilo kilos
        1/1000 mg milligram milligrams
        1000000 t ton tons tonne tonnes
        45359237/100000 lb lbs pound pounds
        45359237/1600000 oz ounce ounces
    """),
    **_table("time", """
        1 s sec secs second seconds
        60 min mins minute minutes
        3600 h hr hrs hour hours
        86400 day days
        604800 week weeks wk wks
        1/1000 ms millisecond milliseconds
    """),
    **_table("months", "1 month months\n12 year years yr yrs\n120 decade decades\n1200 century centuries"),
    **_table("length^3", """
        1/1000 L l liter liters litre litres
        1/1000000 mL ml milliliter milliliters millilitre millilitres cc
        1/100000 cL cl centiliter centiliters
        1/10000 dL dl deciliter deciliters
        473176473/125000000000 gal gallon gallons
        473176473/500000000000 qt quart quarts
        473176473/1000000000000 pt pint pints
        473176473/2000000000000 cup cups
    """),
    **_table("length^2", "10000 hectare hectares ha\n100 are ares\n316160658/78125 acre acres"),
    **_table("length/time", "1397/3125 mph\n5/18 kph kmh kmph\n1 mps\n463/900 knot knots"),
    **_table("angle", "1 degree degrees deg\n1/60 arcminute arcminutes\n1/3600 arcsecond arcseconds"),
    **_table("radian", "1 rad radian radians\n1 steradian"),
    **_table("turn", "1 revolution revolutions rev revs turn turns rotation rotations"),
    **_table("turn/time", "1/60 rpm"),
    **_table("dollar", "1 dollar dollars usd USD buck bucks\n1/100 cent cents ¢ penny pennies"),
    **_table("euro", "1 euro euros EUR eur"), **_table("pound sterling", "1 GBP gbp"),
    **_table("rupee", "1 rupee rupees rs Rs INR"),
    **_table("yuan", "1 yuan rmb RMB CNY"), **_table("yen", "1 yen JPY"),
    **_table("ruble", "1 ruble rubles rouble roubles"),
    **_table("peso", "1 peso pesos"), **_table("won", "1 won"), **_table("franc", "1 franc francs"),
    **_table("force", "1 N newton newtons\n1000 kN"),
    **_table("energy", "1 J joule joules\n1000 kJ kilojoule kilojoules\n4184/1000 cal calorie calories\n4184 kcal"),
    **_table("power", "1 W watt watts\n1000 kW kilowatt kilowatts\n1000000 MW"),
    **_table("pressure", "1 Pa pascal pascals\n1000 kPa\n101325 atm"),
    **_table("voltage", "1 V volt volts"), **_table("current", "1 A amp amps ampere amperes"),
    **_table("resistance", "1 ohm ohms"), **_table("frequency", "1 Hz hertz\n1000 kHz\n1000000 MHz"),
    **_table("kelvin", "1 K kelvin kelvins"), **_table("celsius", "1 celsius"), **_table("fahrenheit", "1 fahrenheit"),
    **_table("amount", "1 mol mole moles"), **_table("data", "1 bit bits\n8 byte bytes\n8192 KB kilobyte kilobytes"),
    **_table("percent", "1 percent pct percentage"),
    **_table("clock", "1 a.m. am AM A.M.\n2 p.m. pm PM P.M.\n3 o'clock"),
}  # fmt: skip
"""Units of measurement. A clock's halves are scales of one dimension: they do not convert, but they conflict."""

SYMBOLIC: Final = vocabulary("""m g s h t l L N J W V K A in ft""")
"""Units that are also letters or words of mathematics: units only where they are written as text."""

SCALES: Final = {
    "hundred": 10**2, "hundreds": 10**2, "thousand": 10**3, "thousands": 10**3, "million": 10**6, "millions": 10**6,
    "billion": 10**9, "billions": 10**9, "trillion": 10**12, "trillions": 10**12, "dozen": 12, "dozens": 12,
    "score": 20, "gross": 144, "pair": 2, "pairs": 2,
}  # fmt: skip
"""Words that multiply the number before them. A pair of things that are pairs (points, values) is still two of them."""
_NOT_SCALES: Final = frozenset({"pair", "pairs", "score"})
"""Scale words that count things more often than they multiply: read as counted things."""

PREFIXES: Final = vocabulary("""square sq cubic cu""")
FREE: Final = vocabulary(
    """unit units way ways time times item items object objects thing things piece pieces element elements total
    possibility possibilities arrangement arrangements solution solutions value values different distinct possible
    total altogether answer answers integer integers number numbers outcome outcomes case cases choice choices each
    combination combinations permutation permutations"""
)
"""Words that count anything."""

COUNTED: Final = vocabulary(
    """adult apple animal arrow bacterium ball balloon banana bag barrel basket bead bean bear bee beetle bicycle bike
    bill bird biscuit block blog book boat bookcase bottle bowl box boxes boy bracelet branch branches brick brother
    brownie bucket bug bulb bun bus buses bush bushes bushel button cake calf calves camera camper can candle candy
    candies car card carrot carton cat cell chair chapter cherry cherries chicken child children chip chocolate
    circle city cities class classes classmate client clip clown coach coaches coat coin coffee color colour
    contestant cookie corner couple cow crate crayon cube cupcake curve customer cut dancer dart deer defect desk
    diagonal diamond die dice digit dime dinner dish dishes divisor dog doll donut doughnut door dress dresses
    drawer duck edge egg elephant employee engineer error event face factor fan farmer ferry ferries fish flag
    flight floor flower fly flies fork friend frog fruit function game gift girl glass glasses goal goat goose geese
    grade grape graph group guest gumball hand handshake hat head hen hexagon hit hole home horse house household
    inning intersection jar jellybean job jump key kid kite kitten lamb lamp lap laptop leaf leaves leg lemon letter
    light line lion lollipop lot machine magazine man marble mark marker match matches meal medal member men mentos
    message mice mint monkey mouse movie muffin mug mushroom neighbor nickel night notebook nut octagon onion orange
    page pair pancake paper parrot part participant passenger patient path pattern pea peach peaches pear pen pencil
    penguin people person persons phone photo picture pie pig pigeon pill pin pizza plane plant plate player plum
    point polygon position post potato potatoes present prime prize problem pupil puppy puppies puzzle quarter
    question rabbit race rectangle red ribbon ring road robot rock room root rope rose round row ruler runner
    sandwich sandwiches scarf scarves seat section segment sequence server set sheep shelf shelves ship shirt shoe
    shop side sister skirt slice slide snack snowball soldier song spoon spot square stack stamp star step sticker
    stick stone store stop story stories straw strawberry strawberries street student subset suit sweater symbol
    table tangerine target task teacher team teddy term test tetrahedron ticket tile tire toddler token tomato
    tomatoes toy train tray treat tree triangle trip trophy trophies truck tulip turkey turtle tv vase vertex
    vertices vehicle visitor volunteer voter vote walnut watch watches watermelon wheel window winner wire wolf
    wolves woman women word worker yacht zebra zero zeros"""
)
"""Things that are counted, in the singular or where the plural is not formed by an s in both."""

MODIFIERS: Final = vocabulary("""different distinct possible total old long tall high deep wide away in all""")
"""Words that may stand before or behind a unit without changing it."""
_BEHIND: Final = vocabulary("""old long tall high deep wide away ago left remaining altogether overall total""")


INCH_MARK: Final = Unit("length", Fraction(254, 10_000), '"')
"""Inches by their mark, which is read as such only where inches are asked for or feet stand before it."""


_DERIVED: Final[dict[str, tuple[dict[str, int], int]]] = {
    "force": ({"mass": 1, "length": 1, "time": -2}, 1),
    "energy": ({"mass": 1, "length": 2, "time": -2}, 1),
    "power": ({"mass": 1, "length": 2, "time": -3}, 1),
    "pressure": ({"mass": 1, "length": -1, "time": -2}, 1),
    "frequency": ({"time": -1}, 0),
}
"""What dimensions are made of, and how many thousands: the units of mass count grams."""


_OF_LENGTH: Final = frozenset({"unit", "units"})
"""Words that count anything, and beside square and cubic units lengths."""


def counted(word: str) -> Unit | None:
    """The unit of a counted thing, or of a word that counts anything; None for any other word."""
    word = word.lower()
    if word in FREE:
        return Unit(ANYTHING, label=word)
    singular = word
    if word not in COUNTED and word.endswith("s"):
        singular = word[:-1]
    return Unit(f"count {singular}", label=word) if singular in COUNTED else None


def scale(word: str) -> int | None:
    """What a scale word multiplies by, or None."""
    word = word.lower()
    return None if word in _NOT_SCALES else SCALES.get(word)


def measure(word: str) -> Unit | None:
    """The unit of measurement that a word names, or None. Case counts only for symbols."""
    return MEASURES.get(word) or (MEASURES.get(word.lower()) if len(word) > 3 else None)


def power(unit: Unit, exponent: int) -> Unit:
    """A unit to a whole power."""
    base, _, old = unit.dimension.partition("^")
    if exponent == 1:
        return unit
    return Unit(f"{base}^{int(old or 1) * exponent}", unit.scale**exponent, f"{unit.label}^{exponent}")


def times(left: Unit, right: Unit) -> Unit:
    """The product of two units, a quotient where the second has a negative power."""
    if "^-" in right.dimension:
        base, _, exponent = right.dimension.partition("^-")
        below = f"{base}^{exponent}" if exponent != "1" else base
        return per(left, Unit(below, 1 / right.scale, right.label))
    return Unit(f"{left.dimension}*{right.dimension}", left.scale * right.scale, f"{left.label} {right.label}")


def per(top: Unit, bottom: Unit) -> Unit:
    """The quotient of two units."""
    return Unit(f"{top.dimension}/{bottom.dimension}", top.scale / bottom.scale, f"{top.label}/{bottom.label}")


def basic(unit: Unit) -> Unit:
    """A unit by length, mass and time: a newton is a thousand grams times a metre over a second squared."""
    powers: dict[str, int] = {}
    scale = unit.scale
    for sign, factor in re.findall(r"([*/]?)([^*/]+)", unit.dimension):
        name, _, exponent = factor.partition("^")
        power = int(exponent or 1) * (-1 if sign == "/" else 1)
        derived, thousands = _DERIVED.get(name, ({name: 1}, 0))
        scale *= Fraction(1000) ** (thousands * power)
        for base, times_ in derived.items():
            powers[base] = powers.get(base, 0) + times_ * power
    spelt = "*".join(f"{base}^{power}" for base, power in sorted(powers.items()) if power)
    return Unit(spelt, scale, unit.label)


def unknown(word: str) -> Unit:
    """The unit of a word of a reference that no list knows."""
    return Unit(f"count {word.lower()}", label=word)


def ends_a_unit(word: str) -> bool:
    """Whether a word may follow a unit without changing it: 'years old'."""
    return word.lower() in _BEHIND


def _stand_in(one: Unit, other: Unit) -> bool:
    """Whether 'units' stand for the unit of length that is meant, and square units for its square."""
    (base, _, power), (of, _, exponent) = (unit.dimension.partition("^") for unit in (one, other))
    return base == ANYTHING and (one.label in _OF_LENGTH or power != "") and of == "length" and power == exponent


def conflict(left: Unit, right: Unit) -> bool:
    """Whether two units cannot be units of one answer."""
    if left.dimension == right.dimension:
        return False
    sizes = [unit for unit in (left, right) if unit.dimension.startswith(f"{ANYTHING}^")]
    if len(sizes) == 2 or (sizes and {left.label, right.label} & _OF_LENGTH):  # square units, cubic ones, units
        return True
    if any(_stand_in(one, other) for one, other in ((left, right), (right, left))):
        return False
    if ANYTHING in (left.dimension, right.dimension):
        return not (left.dimension.startswith("count") and right.dimension.startswith("count"))
    return True
