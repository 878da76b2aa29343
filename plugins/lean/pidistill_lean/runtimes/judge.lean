/-! The judge: facts about what a submission made, found where none of it was elaborated.

What `import.lean` has read goes through the kernel, declaration by declaration, in the clean environment. Only then is it compared with
what the problem's own text made: constants as terms, never as text.
-/

namespace Pidistill
open Lean Elab

/-- Without what says nothing: metadata, and of a `let` whether it is a `have`. The kernel takes both for the same, and the data does not say. -/
partial def strip (e : Expr) : Expr :=
  e.replace (fun x => match x with
    | .mdata _ y => some (strip y)
    | .letE n t v b true => some (.letE n (strip t) (strip v) (strip b) false)
    | _ => none)

def renameConst (pairs : List (Name × Name)) (n : Name) : Name :=
  match pairs with
  | [] => n
  | (to, from_) :: rest => if from_ == n then to else renameConst rest n

def renameConsts (pairs : List (Name × Name)) (e : Expr) : Expr :=
  match pairs with
  | [] => e
  | _ => e.replace (fun x => match x with
    | .const n us => some (.const (renameConst pairs n) us)
    | _ => none)

/-- What was there before the statement, and before the submission. -/
structure Known where
  given : Name → Bool
  found : Name → Bool

/-- The pairs of constants at the same places, or `none` where the lists cannot belong to equal terms. A constant of the
clean environment stands for itself only. -/
def pairConsts (known : Known) : List Name → List Name → Option (List (Name × Name))
  | [], [] => some []
  | x :: xs, y :: ys =>
    match pairConsts known xs ys with
    | none => none
    | some rest =>
      if known.given x || known.found y then (if known.given x && known.found y && x == y then some rest else none)
      else some ((x, y) :: rest)
  | _, _ => none

/-- Equal up to binder names, metadata and the names of constants made in the texts; those come back in pairs. -/
def sameExpr (known : Known) (a b : Expr) : Option (List (Name × Name)) :=
  let a := strip a
  let b := strip b
  match pairConsts known (constantsOf a) (constantsOf b) with
  | none => none
  | some pairs => if a == renameConsts pairs b then some pairs else none

def levelsOf : List Name → List Level
  | [] => []
  | n :: rest => .param n :: levelsOf rest

/-- Type or value of `y`'s constant with the universe names of `x`'s. -/
def relevel (x y : ConstantInfo) (e : Expr) : Expr :=
  e.instantiateLevelParams y.levelParams (levelsOf x.levelParams)

def joinPairs (a b : Option (List (Name × Name))) : Option (List (Name × Name)) :=
  match a, b with
  | some xs, some ys => some (join xs ys)
  | _, _ => none

/-- Whether two constants made in the two texts are the same thing, given that the pairs which come back are. -/
def sameConstant (known : Known) (x y : ConstantInfo) : Option (List (Name × Name)) :=
  if count x.levelParams != count y.levelParams then none
  else
    let types := sameExpr known x.type (relevel x y y.type)
    match x, y with
    | .thmInfo _, .thmInfo _ => types
    | .axiomInfo _, .axiomInfo _ => if x.name == y.name then types else none
    | .defnInfo v, .defnInfo w =>
      if sameSafety v.safety w.safety then joinPairs types (sameExpr known v.value (relevel x y w.value)) else none
    | .opaqueInfo v, .opaqueInfo w =>
      -- nobody sees the value: two of one type and one value are as different as two axioms
      if x.name == y.name && v.isUnsafe == w.isUnsafe then joinPairs types (sameExpr known v.value (relevel x y w.value)) else none
    | .inductInfo v, .inductInfo w =>
      if x.name == y.name && v.numParams == w.numParams && v.ctors == w.ctors && v.all == w.all && v.isUnsafe == w.isUnsafe then
        let rec own : List Name → List (Name × Name)
          | [] => []
          | n :: rest => (n, n) :: own rest
        joinPairs types (some (join (own v.ctors) (own v.all)))
      else none
    | .ctorInfo v, .ctorInfo w =>
      if x.name == y.name && v.cidx == w.cidx then joinPairs types (some [(v.induct, w.induct)]) else none
    | .recInfo v, .recInfo w =>
      if x.name == y.name && v.all == w.all then
        let rec own' : List Name → List (Name × Name)
          | [] => []
          | n :: rest => (n, n) :: own' rest
        joinPairs types (some (own' v.all))
      else none
    | _, _ => none

/-- Compares all that the pairs lead to. Returns names that differ under one name, and whether all others agree. -/
partial def comparePairs (known : Known) (kx ky : Kernel') (todo : List (Name × Name)) (seen : List (Name × Name))
    (changed : List Name) (fine : Bool) : List Name × Bool :=
  match todo with
  | [] => (changed, fine)
  | (x, y) :: rest =>
    if anyList seen (fun p => p.1 == x && p.2 == y) then comparePairs known kx ky rest seen changed fine
    else
      let seen := (x, y) :: seen
      let next := match kx.find? x, ky.find? y with
        | some cx, some cy => sameConstant known cx cy
        | _, _ => none
      match next with
      | some more => comparePairs known kx ky (join more rest) seen changed fine
      | none =>
        if x == y then comparePairs known kx ky rest seen (x :: changed) fine
        else comparePairs known kx ky rest seen changed false

/-! ## Replay -/

def kernelText (e : Kernel.Exception) : IO String := do
  (e.toMessageData {}).toString

def constructorNames : List Constructor → List Name → List Name
  | [], acc => acc
  | c :: rest, acc => constructorNames rest (c.name :: acc)

def typeNames : List InductiveType → List Name → List Name
  | [], acc => acc
  | t :: rest, acc => typeNames rest (t.name :: constructorNames t.ctors acc)

def declaredNames : Declaration → List Name
  | .axiomDecl v => [v.name]
  | .defnDecl v => [v.name]
  | .thmDecl v => [v.name]
  | .opaqueDecl v => [v.name]
  | .inductDecl _ _ types _ => typeNames types []
  | _ => []

/-- Adds the declarations to the clean kernel environment, checking each. Returns what went wrong, if anything. -/
partial def replay (k : Kernel') (todo : List Declaration) : IO (Kernel' × Option String) := do
  match todo with
  | [] => return (k, none)
  | decl :: rest =>
    let names := declaredNames decl
    let name := match names with
      | n :: _ => n
      | [] => .anonymous
    if anyList names (fun n => (k.find? n).isSome) then return (k, some s!"{userText name} is there already")
    match k.addDeclCore 0 decl none with
    | .ok k => replay k rest
    | .error e =>
      let text ← kernelText e
      return (k, some s!"the kernel refused {userText name}: {text}")

def kindOf : Option ConstantInfo → String
  | none => "missing"
  | some (.thmInfo _) => "theorem"
  | some (.axiomInfo _) => "axiom"
  | some (.defnInfo _) => "definition"
  | some _ => "other"

/-- Lean's own axioms by their names. One of the submission's is marked, whatever it calls itself: `«Quot.sound»` is a name of
one part, and a private `propext` reads like the real one. -/
def axiomText (known : Name → Bool) (n : Name) : String :=
  if known n then nameText n else "new axiom " ++ userText n

/-- The universe names in the order in which the type mentions them, then the others. -/
def universesInOrder (type : Expr) (names : List Name) : List Name :=
  let used := turn (collectLevelParams {} type).params.toList []
  let rec among : List Name → List Name
    | [] => []
    | n :: rest => if hasName names n then n :: among rest else among rest
  let rec others (used : List Name) : List Name → List Name
    | [] => []
    | n :: rest => if hasName used n then others used rest else n :: others used rest
  let used := among (turn used [])
  join used (others used names)

/-- A theorem's universe names are its own: their order is of no account. -/
def sameStatement (known : Known) (given found : ConstantInfo) : Option (List (Name × Name)) :=
  if count given.levelParams != count found.levelParams then none
  else
    match sameExpr known given.type (relevel given found found.type) with
    | some pairs => some pairs
    | none =>
      let mine := universesInOrder given.type given.levelParams
      let theirs := universesInOrder found.type found.levelParams
      sameExpr known given.type (found.type.instantiateLevelParams theirs (levelsOf mine))

/-- Whether a constant comes with a module. What a header declares does not: it is the problem's own text, and may rest on `sorry`. -/
def isImported (env : Environment) (n : Name) : Bool := (env.getModuleIdxFor? n).isSome

/-- The axioms among them that the problem's own text has, as they are, are given; so are those of the header. -/
def ownAxioms (imported : Name → Bool) (known : Known) (kx ky : Kernel') : List Name → List Name
  | [] => []
  | n :: rest =>
    let more := ownAxioms imported known kx ky rest
    if imported n then n :: more
    else if known.found n then more
    else
      match kx.find? n with
      | some (.axiomInfo _) =>
        match comparePairs known kx ky [(n, n)] [] [] true with
        | ([], true) => more
        | _ => n :: more
      | _ => n :: more

def newAxioms : List Declaration → List Name → List Name
  | [], acc => acc
  | .axiomDecl v :: rest, acc => newAxioms rest (v.name :: acc)
  | _ :: rest, acc => newAxioms rest acc

def texted (known : Name → Bool) : List Name → List Json
  | [] => []
  | n :: rest => Json.str (axiomText known n) :: texted known rest

def declaredKind (target : Name) : List Declaration → String
  | [] => "missing"
  | d :: rest =>
    if hasName (declaredNames d) target then
      match d with
      | .thmDecl _ => "theorem"
      | .axiomDecl _ => "axiom"
      | .defnDecl _ => "definition"
      | _ => "other"
    else declaredKind target rest

def factsOf (kind : String) (fine : Bool) (changed : List Name) (axioms : List Json) (error : Option String) : List (String × Json) :=
  let rec named : List Name → List Json
    | [] => []
    | n :: rest => Json.str (userText n) :: named rest
  [("target_kind", Json.str kind), ("type_matches", Json.bool fine), ("changed", Json.arr (named changed).toArray),
   ("axioms", Json.arr axioms.toArray), ("replay_error", match error with | some e => Json.str e | none => Json.null)]

/-- `cleanGiven` is what `trusted` was made from, `cleanFound` has what the submission imports, too. -/
def facts (cleanGiven trusted cleanFound : Environment) (target : Name) (data : Json) : IO (List (String × Json)) := do
  let base := cleanFound.toKernelEnv
  let baseGiven := cleanGiven.toKernelEnv
  let known : Known := { given := fun n => (baseGiven.find? n).isSome, found := fun n => (base.find? n).isSome }
  match imported data with
  | .error why => return factsOf "theorem" false [] [] (some why)
  | .ok declarations =>
    let (ky, error) ← replay base declarations
    match error with
    | some e => return factsOf (declaredKind target declarations) false [] (texted known.found (newAxioms declarations [])) (some e)
    | none =>
      let kx := trusted.toKernelEnv
      match kx.find? target, if known.found target then none else ky.find? target with
      | some given, some found =>
        let (changed, fine) := match sameStatement known given found with
          | none => ([], false)
          | some ps => comparePairs known kx ky ps [] [] true
        let imported := isImported cleanFound
        let closure := close imported ky target { seen := {}, made := [], axioms := [] }
        let axioms := texted known.found (ownAxioms imported known kx ky closure.axioms)
        return factsOf (kindOf (some found)) fine changed axioms none
      | _, _ => return factsOf "missing" false [] [] none

/-! ## The problem itself -/

/-- Where in its command the proof of a theorem begins. -/
partial def valueOf (stx : Syntax) : Option Syntax :=
  match stx with
  | .node _ k args =>
    if k == ``Parser.Command.declValSimple || k == ``Parser.Command.declValEqns || k == ``Parser.Command.whereStructInst then some stx
    else firstOf args.toList valueOf
  | _ => none

/-- Of the commands, last first: the one that made `target`. -/
def makerOf (target : Name) : List (Syntax × Environment) → Option Syntax → Option Syntax
  | [], found => found
  | (cmd, env) :: rest, found => if (env.toKernelEnv.find? target).isSome then makerOf target rest (some cmd) else found

def closeAll (known : Name → Bool) (k : Kernel') : List Name → Closure → Closure
  | [], acc => acc
  | n :: rest, acc => closeAll known k rest (close known k n acc)

/-- What is wrong with the target as a problem, if anything. What is imported is taken as it is. What the claim mentions counts with its
proofs, as the definition of a number with a proof of its bound: who states the claim rests on them, too. -/
def unfit (env : Environment) (target : Name) : Option String :=
  match env.toKernelEnv.find? target with
  | none => some "the statement declares nothing of the target's name"
  | some (.thmInfo v) =>
    let rests := (closeAll (isImported env) env.toKernelEnv (constantsOf v.type) { seen := {}, made := [], axioms := [] }).axioms
    if hasName rests ``sorryAx then some "what the statement says rests on sorry"
    else if anyList [``Lean.ofReduceBool, ``Lean.ofReduceNat, ``Lean.trustCompiler] (hasName rests) then
      some "what the statement says rests on compiled code"
    else none
  | some _ => some "the target is no theorem"

end Pidistill
