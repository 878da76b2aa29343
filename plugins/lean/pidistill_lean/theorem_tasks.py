"""The tasks of `theorems`, levels 1 to 3: each a kind of statement with a proof that belongs to it.

A kind draws a statement and writes the proof from the same numbers, so that nothing has to be searched for. Proofs use
few tactics in a regular style; the steps that need an idea (a witness, a value, an intermediate fact) are `have`s, and
what proves them is routine. Most goals ask for a witness or need an induction, because a single closing tactic
(`omega`, `simp`, `grind`) then gets nowhere. Levels 4 and 5, which go by induction, are in `theorem_inductions`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

NAME: Final = "t"
"""Every generated theorem has this name."""


@dataclass(frozen=True)
class Task:
    """One theorem and a proof of it."""

    kind: str
    """The function that drew it, for a person."""
    binders: str
    """What stands between the theorem's name and the colon: variables and hypotheses."""
    goal: str
    proof: tuple[str, ...]
    """Lines of the tactic block, unindented."""

    @property
    def head(self) -> str:
        """The theorem up to its proof."""
        return f"theorem {NAME} {self.binders + ' ' if self.binders else ''}: {self.goal} := by"

    @property
    def statement(self) -> str:
        """The theorem with `sorry` for its proof."""
        return f"{self.head}\n  sorry"

    @property
    def solution(self) -> str:
        """The theorem with its proof."""
        return "\n".join([self.head, *(f"  {line}" for line in self.proof)])

    @property
    def key(self) -> str:
        """The statement with its variables renamed in order of appearance: two that differ in names alone are one."""
        declared = dict.fromkeys(re.findall(r"\w+", " ".join(re.findall(r"\(([^():]*) :", self.binders))))
        body = re.sub(r"\([\w ]+ : Prop\) ", "", self.binders) + " : " + self.goal
        names: dict[str, str] = {}

        def rename(match: re.Match[str]) -> str:
            word = match[0]
            return names.setdefault(word, f"v{len(names)}") if word in declared else word

        return re.sub(r"[A-Za-z_]\w*", rename, body)


Kind: TypeAlias = Callable[[random.Random], Task]


# --- Level 1: one step ------------------------------------------------------------------------------------------------

_ATOMS: Final = "pqrsu"


def _conjunction(atoms: Sequence[str], rng: random.Random) -> tuple[str, dict[str, str]]:
    """A random nesting of `atoms` by ∧, and the projection (`.1.2`) that leads to each."""
    if len(atoms) == 1:
        return atoms[0], {atoms[0]: ""}
    cut = rng.randint(1, len(atoms) - 1)
    left, to_left = _conjunction(atoms[:cut], rng)
    right, to_right = _conjunction(atoms[cut:], rng)
    paths = {a: f".1{p}" for a, p in to_left.items()} | {a: f".2{p}" for a, p in to_right.items()}
    return f"{f'({left})' if cut > 1 else left} ∧ {right}", paths


def _props(*used: str) -> str:
    letters = sorted({c for text in used for c in re.findall(r"\b[p-u]\b", text)})
    return f"({' '.join(letters)} : Prop)"


def conjunction(rng: random.Random) -> Task:
    """Parts of a conjunction, put together anew."""
    have, paths = _conjunction(rng.sample(_ATOMS, rng.randint(3, 5)), rng)
    wanted = rng.sample(list(paths), rng.randint(2, 3))
    goal = " ∧ ".join(wanted)
    parts = ", ".join(f"h{paths[atom]}" for atom in wanted)
    return Task("conjunction", f"{_props(have)} (h : {have})", goal, (f"exact ⟨{parts}⟩",))


def chain(rng: random.Random) -> Task:
    """A proposition from a chain of implications, among which one may be of no use."""
    atoms = rng.sample(_ATOMS, rng.randint(3, 4))
    facts = [f"{a} → {b}" for a, b in pairwise(atoms)]
    start, goal, steps = atoms[0], atoms[-1], list(facts)
    if rng.random() < 0.6:
        a, b = rng.sample(atoms, 2)
        if f"{a} → {b}" not in facts:
            facts.append(f"{a} → {b}")
    facts.append(start)
    rng.shuffle(facts)
    names = {fact: f"h{number}" for number, fact in enumerate(facts, 1)}
    term = names[start]
    for number, step in enumerate(steps):
        term = f"{names[step]} {term if number == 0 else f'({term})'}"
    binders = " ".join(f"({name} : {fact})" for fact, name in names.items())
    return Task("chain", f"{_props(*facts)} {binders}", goal, (f"exact {term}",))


def disjunction(rng: random.Random) -> Task:
    """A disjunction from one of its parts, or from a conjunction that holds it."""
    known = rng.sample(_ATOMS, rng.randint(1, 3))
    have, paths = _conjunction(known, rng)
    part = rng.choice(known)
    parts = [part, *rng.sample([atom for atom in _ATOMS if atom not in known], rng.randint(1, 2))]
    rng.shuffle(parts)
    at, goal = parts.index(part), " ∨ ".join(parts)
    term = f"h{paths[part]}"
    for side in [*(["Or.inl"] if at < len(parts) - 1 else []), *["Or.inr"] * at]:
        term = f"{side} {f'({term})' if ' ' in term else term}"
    return Task("disjunction", f"{_props(have, goal)} (h : {have})", goal, (f"exact {term}",))


def linear(rng: random.Random) -> Task:
    """What a linear equation says of a number, by `omega`."""
    n, a, b = rng.randint(1, 20), rng.randint(2, 9), rng.randint(1, 20)
    c, d = rng.randint(2, 9), rng.randint(0, 9)
    kind = rng.choice(("Nat", "Int"))
    goal = f"{c} * n + {d} = {c * n + d}" if d else f"{c} * n = {c * n}"
    return Task("linear", f"(n : {kind}) (h : {a} * n + {b} = {a * n + b})", goal, ("omega",))


def rewrite(rng: random.Random) -> Task:
    """Two rewriting steps: a hypothesis and commutativity."""
    n = rng.randint(2, 40)
    sign, lemma = rng.choice((("+", "add_comm"), ("*", "mul_comm")))
    kind = rng.choice(("Nat", "Int"))
    value, term = rng.choice(((f"{n}", f"{n}"), (f"c + {n}", f"(c + {n})"), (f"{n} * c", f"({n} * c)")))
    names = "a b c" if "c" in value else "a b"
    return Task(
        "rewrite",
        f"({names} : {kind}) (h : a = {value})",
        f"a {sign} b = b {sign} {term}",
        (f"rw [h, {kind}.{lemma}]",),
    )


# --- Level 2: one fact on the way -------------------------------------------------------------------------------------


def witness(rng: random.Random) -> Task:
    """The solution of a linear equation."""
    a, w, b = rng.randint(2, 9), rng.randint(2, 12), rng.randint(1, 20)
    shape, c = rng.choice(
        ((f"{a} * # + {b} = ?", a * w + b), (f"{b} + {a} * # = ?", a * w + b), (f"{a} * (# + {b}) = ?", a * (w + b)))
    )
    goal = shape.replace("?", str(c))
    fact = goal.replace("#", str(w))
    return Task(
        "witness",
        "",
        f"∃ k : Nat, {goal.replace('#', 'k')}",
        (f"have h : {fact} := by rfl", f"exact ⟨{w}, h⟩"),
    )


def quotient(rng: random.Random) -> Task:
    """A number, told by an equation, divided with remainder."""
    a, w, s = rng.randint(2, 9), rng.randint(2, 9), rng.randint(1, 30)
    b = rng.randint(0, a - 1)
    tail = f" + {b}" if b else ""
    return Task(
        "quotient",
        f"(n : Nat) (h : n + {s} = {a * w + b + s})",
        f"∃ k, n = {a} * k{tail}",
        (f"have h1 : n = {a} * {w}{tail} := by omega", f"exact ⟨{w}, h1⟩"),
    )


def unpacking(rng: random.Random) -> Task:
    """An implication to a conjunction, and another one from a part of it."""
    start, end, *inner = rng.sample(_ATOMS, rng.randint(4, 5))
    middle, paths = _conjunction(inner, rng)
    part = rng.choice(inner)
    first, second = f"{start} → {middle}", f"{part} → {end}"
    facts = [first, second, start]
    rng.shuffle(facts)
    names = {fact: f"h{number}" for number, fact in enumerate(facts, 1)}
    terms = {atom: f"h4{path}" for atom, path in paths.items()} | {end: f"{names[second]} h4{paths[part]}"}
    wanted = [end, *rng.sample(inner, rng.randint(1, 2))]
    rng.shuffle(wanted)
    binders = " ".join(f"({name} : {fact})" for fact, name in names.items())
    return Task(
        "unpacking",
        f"{_props(*facts)} {binders}",
        " ∧ ".join(wanted),
        (f"have h4 : {middle} := {names[first]} {names[start]}", f"exact ⟨{', '.join(terms[a] for a in wanted)}⟩"),
    )


def _numbers(rng: random.Random, least: int, most: int) -> list[int]:
    return [rng.randint(1, 9) for _ in range(rng.randint(least, most))]


def prefix(rng: random.Random) -> Task:
    """The list that another one must be put behind."""
    first, last = _numbers(rng, 1, 3), _numbers(rng, 1, 2)
    fact = f"{first} ++ {last} = {first + last}"
    return Task(
        "prefix",
        "",
        f"∃ xs : List Nat, xs ++ {last} = {first + last}",
        (f"have h : {fact} := by rfl", f"exact ⟨{first}, h⟩"),
    )


def preimage(rng: random.Random) -> Task:
    """The list that a map turns into another one."""
    xs, c = _numbers(rng, 2, 3), rng.randint(2, 9)
    sign, ys = rng.choice((("+", [x + c for x in xs]), ("*", [x * c for x in xs])))
    function = f"map (· {sign} {c}) = {ys}"
    return Task(
        "preimage",
        "",
        f"∃ xs : List Nat, xs.{function}",
        (f"have h : {xs}.{function} := by rfl", f"exact ⟨{xs}, h⟩"),
    )


def square(rng: random.Random) -> Task:
    """A product with a number that an equation tells."""
    x, s, c = rng.randint(2, 12), rng.randint(1, 20), rng.randint(0, 9)
    sign, told = rng.choice((("+", x + s), ("-", x - s)))
    goal = f"x * x + {c} = {x * x + c}" if c else f"x * x = {x * x}"
    return Task(
        "square",
        f"(x : Int) (h : x {sign} {s} = {told})",
        goal,
        (f"have h1 : x = {x} := by omega", "simp [h1]"),
    )


# --- Level 3: two facts on the way ------------------------------------------------------------------------------------


def twice(rng: random.Random) -> Task:
    """What a linear function applied twice takes to a number."""
    a, b, w = rng.randint(2, 5), rng.randint(1, 9), rng.randint(1, 9)
    v = a * w + b
    c = a * v + b
    return Task(
        "twice",
        f"(f : Nat → Nat) (h : ∀ n, f n = {a} * n + {b})",
        f"∃ n, f (f n) = {c}",
        (
            f"have h1 : f {w} = {v} := by rw [h]",
            f"have h2 : f {v} = {c} := by rw [h]",
            f"exact ⟨{w}, by rw [h1, h2]⟩",
        ),
    )


def system(rng: random.Random) -> Task:
    """A product of two numbers that two equations tell."""
    x, y = rng.randint(2, 12), rng.randint(2, 9)
    a, b = rng.randint(1, 3), rng.randint(1, 3)
    term = f"{a} * x - {b} * y".replace("1 * ", "")
    return Task(
        "system",
        f"(x y : Int) (h : x + y = {x + y}) (g : {term} = {a * x - b * y})",
        f"x * y = {x * y}",
        (f"have h1 : x = {x} := by omega", f"have h2 : y = {y} := by omega", "simp [h1, h2]"),
    )


def either(rng: random.Random) -> Task:
    """Division with remainder, in each of two cases."""
    a, (v, w) = rng.randint(2, 9), rng.sample(range(1, 10), 2)
    b = rng.randint(0, a - 1)
    tail = f" + {b}" if b else ""
    m, n = a * v + b, a * w + b
    goal = f"∃ k, n = {a} * k{tail}"
    return Task(
        "either",
        f"(n : Nat) (h : n = {m} ∨ n = {n})",
        goal,
        (
            f"have h1 : n = {m} → {goal} := by intro e; exact ⟨{v}, e⟩",
            f"have h2 : n = {n} → {goal} := by intro e; exact ⟨{w}, e⟩",
            "exact h.elim h1 h2",
        ),
    )


def length(rng: random.Random) -> Task:
    """The length of a list made of known ones, divided."""
    while True:
        m, ys, a = rng.randint(1, 9), _numbers(rng, 1, 3), rng.randint(2, 6)
        copies = rng.randint(1, 2)
        total = copies * m + len(ys)
        if total % a == 0 and total > a:
            break
    whole = rng.choice((f"xs ++ {ys}", f"{ys} ++ xs") if copies == 1 else (f"xs ++ {ys} ++ xs", f"{ys} ++ xs ++ xs"))
    w = total // a
    return Task(
        "length",
        f"(xs : List Nat) (h : xs.length = {m})",
        f"∃ k, ({whole}).length = {a} * k",
        (
            f"have h1 : ({whole}).length = {total} := by simp [h]",
            f"have h2 : {total} = {a} * {w} := by rfl",
            f"exact ⟨{w}, h1.trans h2⟩",
        ),
    )


def divisor(rng: random.Random) -> Task:
    """A multiple of a number is one of its divisors' multiples, a remainder kept."""
    d, q = rng.randint(2, 9), rng.randint(2, 6)
    r, s = rng.randint(0, 4), rng.randint(1, 4)
    tail, far = (f" + {r}" if r else ""), (f" + {r % d}" if r % d else "")
    up = r // d + s
    inner = f"{q} * m + {up}"
    return Task(
        "divisor",
        f"(n : Nat) (h : ∃ m, n = {d * q} * m{tail})",
        f"∃ k, n + {d * s} = {d} * k{far}",
        (
            "obtain ⟨m, hm⟩ := h",
            f"have h1 : n + {d * s} = {d} * ({inner}){far} := by omega",
            f"exact ⟨{inner}, h1⟩",
        ),
    )


def conversion(rng: random.Random) -> Task:
    """Two implications between facts about numbers, one after the other."""
    s, x, b = rng.randint(1, 9), rng.randint(1, 9), rng.randint(2, 9)
    middle = x + s
    end = b * middle
    binders = f"(P Q R : Nat → Prop) (h : ∀ n, P n → Q (n + {s})) (g : ∀ n, Q n → R ({b} * n)) (h0 : P {x})"
    return Task(
        "conversion",
        binders,
        f"R {end} ∧ Q {middle}",
        (f"have h1 : Q {middle} := h {x} h0", f"have h2 : R {end} := g {middle} h1", "exact ⟨h2, h1⟩"),
    )


ONE_STEP: Final[tuple[Kind, ...]] = (conjunction, chain, disjunction, linear, rewrite)
ONE_FACT: Final[tuple[Kind, ...]] = (witness, quotient, unpacking, prefix, preimage, square)
TWO_FACTS: Final[tuple[Kind, ...]] = (twice, system, either, length, divisor, conversion)
