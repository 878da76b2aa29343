-- Prelude of `minif2f-core`: the part of Mathlib's vocabulary that can be said with the core library alone.
-- Each entry states the same as Mathlib's, so a proof of a statement under this prelude proves the same claim. What
-- would need real or complex numbers, finite sets, sums, digits or `ZMod` is left out; those statements do not elaborate.

-- As in a file that imports Mathlib inside its own project; without it, `ℝ` would become a variable.
set_option autoImplicit false

-- The same types: Mathlib's ℕ, ℤ and ℚ are notations for the core library's `Nat`, `Int` and `Rat`.
local notation "ℕ" => Nat
local notation "ℤ" => Int
local notation "ℚ" => Rat

-- Mathlib: `Even a ↔ ∃ r, a = r + r` and `Odd a ↔ ∃ m, a = 2 * m + 1`, word for word, for any type that has the operations.
def Even {α : Type} [Add α] (a : α) : Prop := ∃ r, a = r + r
def Odd {α : Type} [Add α] [Mul α] [OfNat α 1] [OfNat α 2] (a : α) : Prop := ∃ m, a = 2 * m + 1

-- Mathlib: `Nat.Prime p` is `Irreducible p`: no unit, and in every product a factor is a unit. The one unit of ℕ is 1.
def Nat.Prime (p : Nat) : Prop := p ≠ 1 ∧ ∀ a b, p = a * b → a = 1 ∨ b = 1

-- Mathlib: the larger of `a` and `-a`. Of the types here it is there for ℤ alone, as only ℤ has both operations.
def abs {α : Type} [Max α] [Neg α] (a : α) : α := max a (-a)

-- Mathlib's recursions.
def Nat.factorial : Nat → Nat
  | 0 => 1
  | n + 1 => (n + 1) * factorial n
local notation:10000 n "!" => Nat.factorial n

def Nat.choose : Nat → Nat → Nat
  | _, 0 => 1
  | 0, _ + 1 => 0
  | n + 1, k + 1 => choose n k + choose n (k + 1)

-- Mathlib: equal remainders.
def Nat.ModEq (n a b : Nat) : Prop := a % n = b % n
local notation:50 a " ≡ " b " [MOD " n "]" => Nat.ModEq n a b
def Int.ModEq (n a b : Int) : Prop := a % n = b % n
local notation:50 a " ≡ " b " [ZMOD " n "]" => Int.ModEq n a b

-- Mathlib: a set is its membership predicate; least and greatest elements are members that bound the set.
def Set (α : Type) : Type := α → Prop
def setOf {α : Type} (p : α → Prop) : Set α := p
instance {α : Type} : Membership α (Set α) := ⟨fun s a => s a⟩
instance {α : Type} : Singleton α (Set α) := ⟨fun a => setOf fun b => b = a⟩
instance {α : Type} : SDiff (Set α) := ⟨fun s t => setOf fun a => a ∈ s ∧ ¬ a ∈ t⟩
macro "{ " x:ident " : " t:term " | " p:term " }" : term => `(setOf fun $x : $t => $p)
def IsLeast {α : Type} [LE α] (s : Set α) (a : α) : Prop := a ∈ s ∧ ∀ b, b ∈ s → a ≤ b
def IsGreatest {α : Type} [LE α] (s : Set α) (a : α) : Prop := a ∈ s ∧ ∀ b, b ∈ s → b ≤ a

-- MiniF2F's header opens these; where the core library has no such namespace, opening it changes nothing.
open Nat Rat
