"""The tasks of `theorems`, levels 4 and 5: facts about functions that are known by what they do at each step.

At level 4 the fact to be proved by induction is the goal, or an instance of it. At level 5 it has to be found: the goal
says less than the induction needs. No closing tactic of Lean's library does inductions.
"""

from __future__ import annotations

import random
from typing import Final

from pidistill_lean.theorem_tasks import Kind, Task


def _by_induction(name: str, fact: str, step: str) -> tuple[str, ...]:
    """`have name : ∀ k, fact` by induction on numbers. `step` rewrites the goal of the step."""
    return (
        f"have {name} : ∀ k, {fact} := by",
        "  intro k; induction k with",
        "  | zero => omega",
        f"  | succ k ih => rw [{step}]; omega",
    )


def _by_list_induction(name: str, fact: str, step: str) -> tuple[str, ...]:
    return (
        f"have {name} : ∀ ys, {fact} := by",
        "  intro ys; induction ys with",
        "  | nil => rw [List.length_nil]; omega",
        f"  | cons y ys ih => rw [{step}, List.length_cons]; omega",
    )


def _steps(start: int, step: int) -> str:
    return f"(f : Nat → Nat) (h0 : f 0 = {start}) (h : ∀ n, f (n + 1) = f n + {step})"


def _line(step: int, start: int, at: str) -> str:
    return f"{step} * {at} + {start}" if start else f"{step} * {at}"


# --- Level 4 ----------------------------------------------------------------------------------------------------------


def closed_form(rng: random.Random) -> Task:
    """The values of a function that grows evenly."""
    a, b, c = rng.randint(2, 9), rng.randint(0, 20), rng.randint(0, 5)
    at = f"(n + {c})" if c else "n"
    goal = f"f {at} = {_line(a, b + a * c, 'n')}"
    return Task(
        "closed_form",
        f"{_steps(b, a)} (n : Nat)",
        goal,
        (*_by_induction("h1", f"f k = {_line(a, b, 'k')}", "h"), f"have h2 := h1 {at}", "omega"),
    )


def closed_list_form(rng: random.Random) -> Task:
    """The values of a function on lists that grows evenly with their length."""
    a, b = rng.randint(2, 9), rng.randint(0, 20)
    more = [rng.randint(1, 9) for _ in range(rng.randint(0, 2))]
    argument = f"({' :: '.join(map(str, more))} :: xs)" if more else "xs"
    fact = f"g ys = {_line(a, b, 'ys.length')}"
    last = ("rw [" + "h, " * len(more) + "h1]",) if more else ("exact h1 xs",)
    total = _line(a, b, "xs.length") + f" + {a}" * len(more)
    return Task(
        "closed_list_form",
        f"(g : List Nat → Nat) (h0 : g [] = {b}) (h : ∀ x xs, g (x :: xs) = g xs + {a}) (xs : List Nat)",
        f"g {argument} = {total}",
        (*_by_list_induction("h1", fact, "h"), *last),
    )


def progression(rng: random.Random) -> Task:
    """A property that holds at all terms of an arithmetic progression."""
    a, b, c = rng.randint(2, 9), rng.randint(1, 20), rng.randint(0, 4)
    term = f"{a} * k + {b}"
    goal = f"P ({a} * n + {b + a * c})"
    at = f"(n + {c})" if c else "n"
    return Task(
        "progression",
        f"(P : Nat → Prop) (h0 : P {b}) (h : ∀ n, P n → P (n + {a})) (n : Nat)",
        goal,
        (
            f"have h1 : ∀ k, P ({term}) := by",
            "  intro k; induction k with",
            "  | zero => exact h0",
            "  | succ k ih => exact h _ ih",
            f"exact h1 {at}",
        ),
    )


def common_divisor(rng: random.Random) -> Task:
    """A sum of multiples of two numbers is a multiple of a divisor of both."""
    d = rng.randint(2, 9)
    p, q = rng.randint(1, 5), rng.randint(1, 5)
    c, r = rng.randint(1, 4), rng.randint(0, d - 1)
    u = rng.randint(1, 5)
    tail = f" + {r}" if r else ""
    inner = f"{p} * a + {c * q} * b + {u}"
    whole = f"n + {c} * m" if c > 1 else "n + m"
    return Task(
        "common_divisor",
        f"(n m : Nat) (h : ∃ a, n = {d * p} * a{tail}) (g : ∃ b, m = {d * q} * b)",
        f"∃ k, {whole} + {d * u} = {d} * k{tail}",
        (
            "obtain ⟨a, ha⟩ := h",
            "obtain ⟨b, hb⟩ := g",
            f"have h1 : {whole} + {d * u} = {d} * ({inner}){tail} := by omega",
            f"exact ⟨{inner}, h1⟩",
        ),
    )


# --- Level 5 ----------------------------------------------------------------------------------------------------------


def avoided(rng: random.Random) -> Task:
    """A number that a function never takes, because of what all its values are."""
    a, b = rng.randint(3, 9), rng.randint(1, 20)
    while (c := rng.randint(b + 1, 90)) % a == b % a:
        pass
    return Task(
        "avoided",
        f"{_steps(b, a)} (n : Nat)",
        f"f n ≠ {c}",
        (*_by_induction("h1", f"f k = {a} * k + {b}", "h"), "have h2 := h1 n", "omega"),
    )


def avoided_on_lists(rng: random.Random) -> Task:
    """The same of a function on lists."""
    a, b = rng.randint(3, 9), rng.randint(1, 20)
    while (c := rng.randint(b + 1, 90)) % a == b % a:
        pass
    return Task(
        "avoided_on_lists",
        f"(g : List Nat → Nat) (h0 : g [] = {b}) (h : ∀ x xs, g (x :: xs) = g xs + {a}) (xs : List Nat)",
        f"g xs ≠ {c}",
        (
            *_by_list_induction("h1", f"g ys = {a} * ys.length + {b}", "h"),
            "have h2 := h1 xs",
            "omega",
        ),
    )


def crossing(rng: random.Random) -> Task:
    """The sum of two functions that pass their values to each other."""
    a, b = rng.randint(1, 5), rng.randint(1, 5)
    c, d = rng.randint(0, 9), rng.randint(0, 9)
    fact = f"f k + g k = {_line(a + b, c + d, 'k')}"
    m = a + b
    goal = f"(f n + g n) % {m} = {(c + d) % m}"
    return Task(
        "crossing",
        f"(f g : Nat → Nat) (f0 : f 0 = {c}) (g0 : g 0 = {d}) (hf : ∀ n, f (n + 1) = g n + {a}) "
        f"(hg : ∀ n, g (n + 1) = f n + {b}) (n : Nat)",
        goal,
        (*_by_induction("h1", fact, "hf, hg"), "have h2 := h1 n", "omega"),
    )


def doubling(rng: random.Random) -> Task:
    """A function that doubles and adds: a power of two comes in."""
    c, b = rng.randint(1, 9), rng.randint(1, 9)
    fact = f"f k + {c} = {b + c} * 2 ^ k"
    less = rng.randint(0, c - 1)
    goal = f"f n + {less} < {b + c} * 2 ^ n" if rng.random() < 0.5 else f"f n + {c + less} = {b + c} * 2 ^ n + {less}"
    return Task(
        "doubling",
        f"(f : Nat → Nat) (h0 : f 0 = {b}) (h : ∀ n, f (n + 1) = 2 * f n + {c}) (n : Nat)",
        goal,
        (*_by_induction("h1", fact, "h, Nat.pow_succ"), "have h2 := h1 n", "omega"),
    )


def residue(rng: random.Random) -> Task:
    """A number that a function never takes, because of its remainder, which multiplication keeps."""
    while True:
        m, q, r = rng.randint(2, 6), rng.randint(1, 3), rng.randint(0, 5)
        a = m * q + 1
        c, b, v = m * rng.randint(1, 4), r + m * rng.randint(0, 3), rng.randint(5, 90)
        if r < m and v % m != r:
            break
    return Task(
        "residue",
        f"(f : Nat → Nat) (h0 : f 0 = {b}) (h : ∀ n, f (n + 1) = {a} * f n + {c}) (n : Nat)",
        f"f n ≠ {v}",
        (*_by_induction("h1", f"f k % {m} = {r}", "h"), "have h2 := h1 n", "omega"),
    )


INDUCTION: Final[tuple[Kind, ...]] = (closed_form, closed_list_form, progression, common_divisor)
INVENTION: Final[tuple[Kind, ...]] = (avoided, avoided_on_lists, crossing, doubling, residue)
