/-! What a submission's target rests on, as plain data: strings and one flat list of numbers.

This runs where the candidate's text was elaborated, so nothing of it is believed: `import.lean` reads the numbers in another process.
Each entry of the list begins with what it is (the table is there); names, levels and terms are numbered in the order in which they come,
and refer to earlier ones only. Name 0 is the empty one, level 0 is zero.
-/

namespace Pidistill
open Lean Elab

/-- Tables of what has a number already, and the list so far, backwards. -/
structure Export where
  names : Array (List (Name × Nat))
  nameCount : Nat
  levels : List (Level × Nat)
  levelCount : Nat
  terms : Array (List (Expr × Nat))
  termCount : Nat
  strings : List String
  stringCount : Nat
  code : List Nat

def noExport : Export :=
  { names := Array.replicate 512 [], nameCount := 1, levels := [(.zero, 0)], levelCount := 1, terms := Array.replicate 4096 [], termCount := 0
    strings := [], stringCount := 0, code := [] }

def codes (xs : List Nat) (acc : List Nat) : List Nat :=
  match xs with
  | [] => acc
  | x :: rest => codes rest (x :: acc)

def bucketAt {α : Type} (xs : Array (List α)) (i : Nat) : List α :=
  match xs[i]? with
  | some b => b
  | none => []

def findName (n : Name) : List (Name × Nat) → Option Nat
  | [] => none
  | (m, i) :: rest => if m == n then some i else findName n rest

def findLevel (l : Level) : List (Level × Nat) → Option Nat
  | [] => none
  | (m, i) :: rest => if m == l then some i else findLevel l rest

def findTerm (e : Expr) : List (Expr × Nat) → Option Nat
  | [] => none
  | (m, i) :: rest => if m == e then some i else findTerm e rest

def putString (s : String) (x : Export) : Nat × Export :=
  (x.stringCount, { x with strings := s :: x.strings, stringCount := x.stringCount + 1 })

partial def putName (n : Name) (x : Export) : Nat × Export :=
  match n with
  | .anonymous => (0, x)
  | _ =>
    let at_ := (n.hash % 512).toNat
    match findName n (bucketAt x.names at_) with
    | some i => (i, x)
    | none =>
      let (entry, x) := match n with
        | .str p s =>
          let (i, x) := putName p x
          let (j, x) := putString s x
          ([1, i, j], x)
        | .num p k =>
          let (i, x) := putName p x
          ([2, i, k], x)
        | .anonymous => ([], x)
      let i := x.nameCount
      (i, { x with names := x.names.set! at_ ((n, i) :: bucketAt x.names at_), nameCount := i + 1, code := codes entry x.code })

partial def putLevel (l : Level) (x : Export) : Nat × Export :=
  match findLevel l x.levels with
  | some i => (i, x)
  | none =>
    let (entry, x) := match l with
      | .succ a =>
        let (i, x) := putLevel a x
        ([3, i], x)
      | .max a b =>
        let (i, x) := putLevel a x
        let (j, x) := putLevel b x
        ([4, i, j], x)
      | .imax a b =>
        let (i, x) := putLevel a x
        let (j, x) := putLevel b x
        ([5, i, j], x)
      | .param n =>
        let (i, x) := putName n x
        ([6, i], x)
      | _ => ([6, 0], x)
    let i := x.levelCount
    (i, { x with levels := (l, i) :: x.levels, levelCount := i + 1, code := codes entry x.code })

def putLevels : List Level → Export → List Nat × Export
  | [], x => ([], x)
  | l :: rest, x =>
    let (i, x) := putLevel l x
    let (is, x) := putLevels rest x
    (i :: is, x)

def putNames : List Name → Export → List Nat × Export
  | [], x => ([], x)
  | n :: rest, x =>
    let (i, x) := putName n x
    let (is, x) := putNames rest x
    (i :: is, x)

partial def bare : Expr → Expr
  | .mdata _ e => bare e
  | e => e

def termNumber (e : Expr) (x : Export) : Option Nat :=
  let e := bare e
  findTerm e (bucketAt x.terms (e.hash % 4096).toNat)

def binderNumber : BinderInfo → Nat
  | .default => 0
  | .implicit => 1
  | .strictImplicit => 2
  | .instImplicit => 3

def addTerm (e : Expr) (entry : List Nat) (x : Export) : Export :=
  let at_ := (e.hash % 4096).toNat
  let i := x.termCount
  { x with terms := x.terms.set! at_ ((e, i) :: bucketAt x.terms at_), termCount := i + 1, code := codes entry x.code }

/-- The first terms are numbered first; a term waits on the list until its parts have their numbers. -/
partial def putTerms (todo : List Expr) (x : Export) : Export :=
  match todo with
  | [] => x
  | top :: rest =>
    let e := bare top
    match termNumber e x with
    | some _ => putTerms rest x
    | none =>
      match e with
      | .bvar i => putTerms rest (addTerm e [7, i] x)
      | .sort l =>
        let (i, x) := putLevel l x
        putTerms rest (addTerm e [8, i] x)
      | .const n us =>
        let (i, x) := putName n x
        let (js, x) := putLevels us x
        putTerms rest (addTerm e (9 :: i :: count js :: js) x)
      | .app f a =>
        match termNumber f x, termNumber a x with
        | some i, some j => putTerms rest (addTerm e [10, i, j] x)
        | _, _ => putTerms (f :: a :: todo) x
      | .lam n t b bi =>
        match termNumber t x, termNumber b x with
        | some i, some j =>
          let (k, x) := putName n.eraseMacroScopes x
          putTerms rest (addTerm e [11, binderNumber bi, k, i, j] x)
        | _, _ => putTerms (t :: b :: todo) x
      | .forallE n t b bi =>
        match termNumber t x, termNumber b x with
        | some i, some j =>
          let (k, x) := putName n.eraseMacroScopes x
          putTerms rest (addTerm e [12, binderNumber bi, k, i, j] x)
        | _, _ => putTerms (t :: b :: todo) x
      | .letE n t v b _ =>
        match termNumber t x, termNumber v x, termNumber b x with
        | some i, some j, some m =>
          let (k, x) := putName n.eraseMacroScopes x
          putTerms rest (addTerm e [13, k, i, j, m] x)
        | _, _, _ => putTerms (t :: v :: b :: todo) x
      | .lit (.natVal v) =>
        let (i, x) := putString (Nat.repr v) x
        putTerms rest (addTerm e [14, i] x)
      | .lit (.strVal v) =>
        let (i, x) := putString v x
        putTerms rest (addTerm e [15, i] x)
      | .proj n i b =>
        match termNumber b x with
        | some j =>
          let (k, x) := putName n x
          putTerms rest (addTerm e [16, k, i, j] x)
        | none => putTerms (b :: todo) x
      -- a hole, or a variable of the elaborator: no constant has one
      | _ => putTerms rest (addTerm e [17] x)

def putTerm (e : Expr) (x : Export) : Nat × Export :=
  let e := ShareCommon.shareCommon' e
  let x := putTerms [e] x
  ((termNumber e x).getD 0, x)

def hintNumber : ReducibilityHints → Nat
  | .opaque => 0
  | .abbrev => 1
  | .regular h => h.toNat + 2

/-- Name, universe names and type of a constant. -/
def putHead (c : ConstantInfo) (x : Export) : List Nat × Export :=
  let (n, x) := putName c.name x
  let (us, x) := putNames c.levelParams x
  let (t, x) := putTerm c.type x
  (n :: count us :: join us [t], x)

def add (entry : List Nat) (x : Export) : Export := { x with code := codes entry x.code }

def putTyped : List Name → Kernel' → Export → List Nat × Export
  | [], _, x => ([], x)
  | n :: rest, k, x =>
    let (i, x) := putName n x
    let (t, x) := match k.find? n with
      | some c => putTerm c.type x
      | none => putTerm (.sort .zero) x
    let (more, x) := putTyped rest k x
    (i :: t :: more, x)

def putTypes : List Name → Kernel' → Export → List Nat × Export
  | [], _, x => ([], x)
  | n :: rest, k, x =>
    let (own, x) := putTyped [n] k x
    let ctors := match k.find? n with
      | some (.inductInfo v) => v.ctors
      | _ => []
    let (cs, x) := putTyped ctors k x
    let (more, x) := putTypes rest k x
    (join own (count ctors :: join cs more), x)

/-- The constants, each behind those that it rests on. Constructors and recursors are left to the kernel, which makes them. -/
def putConstants (k : Kernel') : List Name → NameSet → Export → Export
  | [], _, x => x
  | n :: rest, seen, x =>
    if seen.contains n then putConstants k rest seen x
    else
      match k.find? n with
      | some (.axiomInfo v) =>
        let (h, x) := putHead (.axiomInfo v) x
        putConstants k rest seen (add (20 :: (if v.isUnsafe then 1 else 0) :: h) x)
      | some (.defnInfo v) =>
        let (h, x) := putHead (.defnInfo v) x
        let (e, x) := putTerm v.value x
        putConstants k rest seen (add (21 :: (if sameSafety v.safety .safe then 0 else 1) :: hintNumber v.hints :: join h [e]) x)
      | some (.thmInfo v) =>
        let (h, x) := putHead (.thmInfo v) x
        let (e, x) := putTerm v.value x
        putConstants k rest seen (add (22 :: join h [e]) x)
      | some (.opaqueInfo v) =>
        let (h, x) := putHead (.opaqueInfo v) x
        let (e, x) := putTerm v.value x
        putConstants k rest seen (add (23 :: (if v.isUnsafe then 1 else 0) :: join h [e]) x)
      | some (.inductInfo v) =>
        let (us, x) := putNames v.levelParams x
        let (ts, x) := putTypes v.all k x
        let entry := 24 :: (if v.isUnsafe then 1 else 0) :: v.numParams :: count us :: join us (count v.all :: ts)
        putConstants k rest (namesIn v.all seen) (add entry x)
      | _ => putConstants k rest seen x
where
  namesIn : List Name → NameSet → NameSet
    | [], acc => acc
    | n :: rest, acc => namesIn rest (acc.insert n)

def numbers : List Nat → List Json → List Json
  | [], acc => acc
  | n :: rest, acc => numbers rest (toJson n :: acc)

def texts : List String → List Json → List Json
  | [], acc => acc
  | s :: rest, acc => texts rest (Json.str s :: acc)

/-- All that `target` rests on beyond `clean`; null where there is no such constant. -/
def exported (clean submitted : Environment) (target : Name) : Json :=
  let base := clean.toKernelEnv
  let k := submitted.toKernelEnv
  match k.find? target with
  | none => Json.null
  | some _ =>
    let closure := close (fun n => (base.find? n).isSome) k target { seen := {}, made := [], axioms := [] }
    let x := putConstants k (turn closure.made []) {} noExport
    Json.mkObj [("strings", Json.arr (texts x.strings []).toArray), ("code", Json.arr (numbers x.code []).toArray)]

end Pidistill
