/-! Reads what `export.lean` writes, in the process that decides. The data may be anything: it is not believed.

A number is an index into what was read before it, or the reading stops there. Terms are made by Lean's own constructors, so whatever is
read is a term; whether it means anything is for the kernel to say. No fuel is needed: each step uses up some of the list.
-/

namespace Pidistill
open Lean Elab

/-- What has been read so far. -/
structure Import' where
  strings : Array String
  names : Array Name
  levels : Array Level
  terms : Array Expr
  /-- Backwards. -/
  declarations : List Declaration

abbrev Read (α : Type) := Except String (α × List Nat)

def pickList {α : Type} (xs : Array α) : Nat → List Nat → Read (List α)
  | 0, rest => .ok ([], rest)
  | Nat.succ n, i :: rest =>
    match xs[i]? with
    | some x =>
      match pickList xs n rest with
      | .ok (ys, rest) => .ok (x :: ys, rest)
      | .error e => .error e
    | none => .error "a number points nowhere"
  | _, [] => .error "the data breaks off"

def binderOf : Nat → Option BinderInfo
  | 0 => some .default
  | 1 => some .implicit
  | 2 => some .strictImplicit
  | 3 => some .instImplicit
  | _ => none

/-- Terms of a declaration stand alone. -/
def closedTerm (e : Expr) : Option Expr := if e.hasLooseBVars || e.hasFVar || e.hasMVar then none else some e

/-- The kernel runs compiled code where it meets one of these. -/
def compiledNames : List Name := [``Lean.reduceBool, ``Lean.reduceNat]

def hintsOf : Nat → ReducibilityHints
  | 0 => .opaque
  | 1 => .abbrev
  | n => .regular (Nat.toUInt32 (n - 2))

/-- Name, universe names, type. -/
def readHead (x : Import') : List Nat → Read ConstantVal
  | n :: k :: rest =>
    match x.names[n]?, pickList x.names k rest with
    | some name, .ok (us, t :: rest) =>
      match (x.terms[t]?).bind closedTerm with
      | some type => if name.isAnonymous then .error "a constant has no name" else .ok ({ name := name, levelParams := us, type := type }, rest)
      | none => .error "a type is no closed term"
    | _, _ => .error "a constant breaks off"
  | _ => .error "a constant breaks off"

def readValue (x : Import') : List Nat → Read Expr
  | v :: rest =>
    match (x.terms[v]?).bind closedTerm with
    | some e => .ok (e, rest)
    | none => .error "a value is no closed term"
  | [] => .error "a constant breaks off"

def readTyped (x : Import') : List Nat → Read Constructor
  | n :: t :: rest =>
    match x.names[n]?, (x.terms[t]?).bind closedTerm with
    | some name, some type => if name.isAnonymous then .error "a constructor has no name" else .ok ({ name := name, type := type }, rest)
    | _, _ => .error "a constructor is no closed term"
  | _ => .error "a type breaks off"

def readConstructors (x : Import') : Nat → List Nat → Read (List Constructor)
  | 0, rest => .ok ([], rest)
  | Nat.succ k, rest =>
    match readTyped x rest with
    | .error e => .error e
    | .ok (c, rest) =>
      match readConstructors x k rest with
      | .error e => .error e
      | .ok (cs, rest) => .ok (c :: cs, rest)

def readTypes (x : Import') : Nat → List Nat → Read (List InductiveType)
  | 0, rest => .ok ([], rest)
  | Nat.succ k, rest =>
    match readTyped x rest with
    | .error e => .error e
    | .ok (head, m :: rest) =>
      match readConstructors x m rest with
      | .error e => .error e
      | .ok (cs, rest) =>
        match readTypes x k rest with
        | .error e => .error e
        | .ok (ts, rest) => .ok ({ name := head.name, type := head.type, ctors := cs } :: ts, rest)
    | .ok (_, []) => .error "a type breaks off"

def Import'.declared (x : Import') (d : Declaration) : Import' := { x with declarations := d :: x.declarations }
def Import'.term (x : Import') (e : Expr) : Import' := { x with terms := x.terms.push e }
def Import'.level (x : Import') (l : Level) : Import' := { x with levels := x.levels.push l }
def Import'.name (x : Import') (n : Name) : Import' := { x with names := x.names.push n }

/-- Longer literals are read by nobody. -/
def longestNumeral : Nat := 20000

def readDeclaration (x : Import') (kind : Nat) (rest : List Nat) : Read Declaration :=
  match kind, rest with
  | 20, 0 :: rest =>
    match readHead x rest with
    | .ok (h, rest) => .ok (.axiomDecl { name := h.name, levelParams := h.levelParams, type := h.type, isUnsafe := false }, rest)
    | .error e => .error e
  | 21, 0 :: hints :: rest =>
    match readHead x rest with
    | .error e => .error e
    | .ok (h, rest) =>
      match readValue x rest with
      | .ok (v, rest) =>
        .ok (.defnDecl { name := h.name, levelParams := h.levelParams, type := h.type, value := v, hints := hintsOf hints, safety := .safe, all := [h.name] }, rest)
      | .error e => .error e
  | 22, rest =>
    match readHead x rest with
    | .error e => .error e
    | .ok (h, rest) =>
      match readValue x rest with
      | .ok (v, rest) => .ok (.thmDecl { name := h.name, levelParams := h.levelParams, type := h.type, value := v, all := [h.name] }, rest)
      | .error e => .error e
  | 23, 0 :: rest =>
    match readHead x rest with
    | .error e => .error e
    | .ok (h, rest) =>
      match readValue x rest with
      | .ok (v, rest) => .ok (.opaqueDecl { name := h.name, levelParams := h.levelParams, type := h.type, value := v, isUnsafe := false, all := [h.name] }, rest)
      | .error e => .error e
  | 24, 0 :: params :: k :: rest =>
    match pickList x.names k rest with
    | .ok (us, m :: rest) =>
      match readTypes x m rest with
      | .ok (types, rest) => .ok (.inductDecl us params types false, rest)
      | .error e => .error e
    | _ => .error "a type breaks off"
  | _, 1 :: _ => .error "it rests on unsafe code"
  | _, _ => .error "an entry is of no known kind"

/-- Reads names, levels, terms and declarations to the end of the list. -/
partial def readAll (x : Import') (code : List Nat) : Except String Import' :=
  match code with
  | [] => .ok x
  | 10 :: f :: a :: rest =>
    match x.terms[f]?, x.terms[a]? with
    | some f, some a => readAll (x.term (.app f a)) rest
    | _, _ => .error "a number points nowhere"
  | 1 :: p :: s :: rest =>
    match x.names[p]?, x.strings[s]? with
    | some p, some s => readAll (x.name (.str p s)) rest
    | _, _ => .error "a number points nowhere"
  | 2 :: p :: n :: rest =>
    match x.names[p]? with
    | some p => readAll (x.name (.num p n)) rest
    | none => .error "a number points nowhere"
  | 3 :: a :: rest =>
    match x.levels[a]? with
    | some a => readAll (x.level (.succ a)) rest
    | none => .error "a number points nowhere"
  | 4 :: a :: b :: rest =>
    match x.levels[a]?, x.levels[b]? with
    | some a, some b => readAll (x.level (.max a b)) rest
    | _, _ => .error "a number points nowhere"
  | 5 :: a :: b :: rest =>
    match x.levels[a]?, x.levels[b]? with
    | some a, some b => readAll (x.level (.imax a b)) rest
    | _, _ => .error "a number points nowhere"
  | 6 :: n :: rest =>
    match x.names[n]? with
    | some n => readAll (x.level (.param n)) rest
    | none => .error "a number points nowhere"
  | 7 :: i :: rest => if i < 100000 then readAll (x.term (.bvar i)) rest else .error "a variable is out of all bounds"
  | 8 :: l :: rest =>
    match x.levels[l]? with
    | some l => readAll (x.term (.sort l)) rest
    | none => .error "a number points nowhere"
  | 9 :: n :: k :: rest =>
    match x.names[n]?, pickList x.levels k rest with
    | some n, .ok (us, rest) =>
      if hasName compiledNames n then .error ("it mentions " ++ nameText n ++ ", which runs compiled code")
      else readAll (x.term (.const n us)) rest
    | _, _ => .error "a number points nowhere"
  | 11 :: bi :: n :: t :: b :: rest =>
    match binderOf bi, x.names[n]?, x.terms[t]?, x.terms[b]? with
    | some bi, some n, some t, some b => readAll (x.term (.lam n t b bi)) rest
    | _, _, _, _ => .error "a number points nowhere"
  | 12 :: bi :: n :: t :: b :: rest =>
    match binderOf bi, x.names[n]?, x.terms[t]?, x.terms[b]? with
    | some bi, some n, some t, some b => readAll (x.term (.forallE n t b bi)) rest
    | _, _, _, _ => .error "a number points nowhere"
  | 13 :: n :: t :: v :: b :: rest =>
    match x.names[n]?, x.terms[t]?, x.terms[v]?, x.terms[b]? with
    | some n, some t, some v, some b => readAll (x.term (.letE n t v b false)) rest
    | _, _, _, _ => .error "a number points nowhere"
  | 14 :: s :: rest =>
    match x.strings[s]? with
    | some s =>
      if s.utf8ByteSize > longestNumeral then .error "a numeral is too long"
      else match s.toNat? with
        | some v => readAll (x.term (.lit (.natVal v))) rest
        | none => .error "a numeral is none"
    | none => .error "a number points nowhere"
  | 15 :: s :: rest =>
    match x.strings[s]? with
    | some s => readAll (x.term (.lit (.strVal s))) rest
    | none => .error "a number points nowhere"
  | 16 :: n :: i :: b :: rest =>
    match x.names[n]?, x.terms[b]? with
    | some n, some b => if i < 100000 then readAll (x.term (.proj n i b)) rest else .error "a field is out of all bounds"
    | _, _ => .error "a number points nowhere"
  | kind :: rest =>
    match readDeclaration x kind rest with
    | .ok (d, rest) => readAll (x.declared d) rest
    | .error e => .error e

def naturals : List Json → List Nat → Option (List Nat)
  | [], acc => some (turn acc [])
  | .num n :: rest, acc =>
    match n.exponent, n.mantissa with
    | 0, .ofNat v => naturals rest (v :: acc)
    | _, _ => none
  | _, _ => none

def strings : List Json → List String → Option (List String)
  | [], acc => some (turn acc [])
  | .str s :: rest, acc => strings rest (s :: acc)
  | _, _ => none

/-- The declarations in the data, in order. -/
def imported (data : Json) : Except String (List Declaration) :=
  match data.getObjVal? "strings", data.getObjVal? "code" with
  | .ok (.arr ss), .ok (.arr ns) =>
    match strings ss.toList [], naturals ns.toList [] with
    | some ss, some ns =>
      match readAll { strings := ss.toArray, names := #[.anonymous], levels := #[.zero], terms := #[], declarations := [] } ns with
      | .ok x => .ok (turn x.declarations [])
      | .error e => .error e
    | _, _ => .error "the data holds something else than strings and numbers"
  | _, _ => .error "the data has another form"

end Pidistill
