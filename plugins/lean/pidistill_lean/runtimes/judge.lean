/-! The judge: facts about one submission.

The trusted statement and the submission are elaborated from the same clean environment. Constants are compared as terms, never as text, and
what the target rests on is handed to the kernel again, in the clean environment.
-/

namespace Pidistill
open Lean Elab

/-! ## Elaborating a text, command by command -/

/-- Something that a submission may not contain: where, and why. -/
structure Refusal where
  pos : Position
  text : String

def elabOne (ictx : Parser.InputContext) (cmd : Syntax) (cmdPos : String.Pos.Raw) (st : Command.State) : IO Command.State := do
  let ctx : Command.Context :=
    { fileName := ictx.fileName, fileMap := ictx.fileMap, cmdPos := cmdPos, snap? := none, cancelTk? := none }
  let result ← EIO.toIO' ((Command.elabCommandTopLevel cmd ctx).run st)
  match result with
  | .ok (_, st') => pure st'
  | .error e =>
    let text ← e.toMessageData.toString
    throw (IO.userError ("a command could not be elaborated: " ++ text))

def append (log : MessageLog) : List Message → MessageLog
  | [] => log
  | m :: rest => append (log.add m) rest

/-- Elaborates command by command. Each command starts with an empty log: this Lean drops what an earlier one said. With `gated`, stops in front of the first one that the gate refuses. -/
partial def elabCommands (ictx : Parser.InputContext) (gated : Bool) (ps : Parser.ModuleParserState) (st : Command.State) :
    IO (Command.State × Option Refusal) := do
  match st.scopes with
  | [] => throw (IO.userError "no scope is open")
  | scope :: _ =>
    let pmctx : Parser.ParserModuleContext :=
      { env := st.env, options := scope.opts, currNamespace := scope.currNamespace, openDecls := scope.openDecls }
    let (cmd, ps', log) := Parser.parseCommand ictx pmctx ps {}
    let told := append st.messages log.toList
    let st := { st with messages := told }
    if cmd.getKind == ``Parser.Command.eoi then
      return (st, none)
    match if gated then passage st.env cmd else .elaborate with
    | .refuse stx why => return (st, some { pos := ictx.fileMap.toPosition (stx.getPos?.getD ps.pos), text := why })
    | .skip => elabCommands ictx gated ps' st
    | .elaborate =>
      let after ← elabOne ictx cmd ps.pos { st with messages := {} }
      let after := { after with messages := append told after.messages.toList }
      match if gated then madeMeta st.env after.env cmd else none with
      | some why => return (st, some { pos := ictx.fileMap.toPosition (cmd.getPos?.getD ps.pos), text := why })
      | none => elabCommands ictx gated ps' after

/-! ## Clean environments -/

/-- The state in front of every text with this header. -/
structure Clean where
  imports : List Name
  state : Command.State
  errors : List Message

def importNames (header : Syntax) : List Name :=
  let rec names : List Import → List Name
    | [] => []
    | i :: rest => i.module :: names rest
  names (headerToImports ⟨header⟩).toList

def options : Options :=
  let o : Options := {}
  let o := o.insert `linter.all (DataValue.ofBool false)
  let o := o.insert `Elab.async (DataValue.ofBool false)
  o

/-- Imports the modules and elaborates the rest of the header. -/
def makeClean (header : String) (extra : List Name) : IO Clean := do
  let ictx := inputContext header "header"
  let (stx, ps, log) ← Parser.parseHeader ictx
  let names := join (importNames stx) extra
  let imports ← mapList names (fun n => pure ({ module := n } : Import))
  let env ← importModules imports.toArray options (trustLevel := 0) (loadExts := true)
  let env := env.setMainModule `Main
  let st := Command.mkState env log options
  let st := { st with infoState := { st.infoState with enabled := false } }
  let (st, _) ← elabCommands ictx false ps st
  pure { imports := names, state := { st with messages := {} }, errors := st.messages.toList }

/-- The libraries that come with Lean. A submission may import more of them than the header does. -/
def coreLibraries : List Name := [`Init, `Std, `Lean]

inductive Imports where
  | plain
  | more (modules : List Name)
  | unavailable (modules : List Name)

def isThere (module : Name) : IO Bool := do
  try
    let path ← findOLean module
    path.pathExists
  catch _ => pure false

/-- What a submission's own `import` lines ask for beyond the header's environment. -/
def importsOf (env : Environment) (header : Syntax) : IO Imports := do
  let have_ := env.header.moduleNames.toList
  let rec beyond : List Name → List Name
    | [] => []
    | n :: rest => if hasName have_ n then beyond rest else n :: beyond rest
  let rec split : List Name → List Name → List Name → IO Imports
    | [], [], [] => pure .plain
    | [], more, [] => pure (.more more)
    | [], _, missing => pure (.unavailable missing)
    | n :: rest, more, missing => do
      let core := hasName coreLibraries n.getRoot
      let found ← isThere n
      if core && found then split rest (n :: more) missing else split rest more (n :: missing)
  split (beyond (importNames header)) [] []

/-! ## Facts -/

partial def strip (e : Expr) : Expr :=
  e.replace (fun x => match x with
    | .mdata _ y => some (strip y)
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

def sameSafety : DefinitionSafety → DefinitionSafety → Bool
  | .safe, .safe => true
  | .unsafe, .unsafe => true
  | .partial, .partial => true
  | _, _ => false

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
      if v.isUnsafe == w.isUnsafe then joinPairs types (sameExpr known v.value (relevel x y w.value)) else none
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

/-- Axioms of Lean's library that are reported by name. Core theorems look like axioms where only the exported half
of a module was imported, so the rest of the library is taken as it is: it was not the candidate who chose it. -/
def libraryAxioms : List Name :=
  [``propext, ``Classical.choice, ``Quot.sound, ``sorryAx, ``Lean.ofReduceBool, ``Lean.ofReduceNat, ``Lean.trustCompiler]

structure Closure where
  seen : NameSet
  /-- Made by the submission, dependencies first. -/
  made : List Name
  axioms : List Name

/-- All that `n` rests on. -/
partial def close (known : Name → Bool) (k : Kernel') (n : Name) (acc : Closure) : Closure :=
  if acc.seen.contains n then acc
  else
    let acc := { acc with seen := acc.seen.insert n }
    if known n then
      if hasName libraryAxioms n then { acc with axioms := n :: acc.axioms } else acc
    else
      match k.find? n with
      | none => acc
      | some c =>
        let rec all : List Name → Closure → Closure
          | [], acc => acc
          | d :: rest, acc => all rest (close known k d acc)
        let acc := all (dependencies c) acc
        let acc := { acc with made := n :: acc.made }
        match c with
        | .axiomInfo _ => { acc with axioms := n :: acc.axioms }
        | _ => acc

def turn {α : Type} (xs acc : List α) : List α :=
  match xs with
  | [] => acc
  | x :: rest => turn rest (x :: acc)

def inductiveTypes (k : Kernel') : List Name → Option (List InductiveType)
  | [] => some []
  | n :: rest =>
    match k.find? n, inductiveTypes k rest with
    | some (.inductInfo v), some more =>
      let rec ctors : List Name → Option (List Constructor)
        | [] => some []
        | c :: cs =>
          match k.find? c, ctors cs with
          | some (.ctorInfo w), some ds => some ({ name := c, type := w.type } :: ds)
          | _, _ => none
      match ctors v.ctors with
      | some cs => some ({ name := n, type := v.type, ctors := cs } :: more)
      | none => none
    | _, _ => none

def declarationOf (k : Kernel') (c : ConstantInfo) : Option Declaration :=
  match c with
  | .axiomInfo v => some (.axiomDecl v)
  | .defnInfo v => some (.defnDecl v)
  | .thmInfo v => some (.thmDecl v)
  | .opaqueInfo v => some (.opaqueDecl v)
  | .inductInfo v =>
    match inductiveTypes k v.all with
    | some types => some (.inductDecl v.levelParams v.numParams types v.isUnsafe)
    | none => none
  | _ => none

def kernelText (e : Kernel.Exception) : IO String := do
  (e.toMessageData {}).toString

def sameRules : List RecursorRule → List RecursorRule → Bool
  | [], [] => true
  | a :: as, b :: bs => a.ctor == b.ctor && a.nfields == b.nfields && a.rhs == b.rhs && sameRules as bs
  | _, _ => false

/-- A constructor or recursor must be what the kernel itself makes of the inductive type. -/
def sameGenerated (a b : ConstantInfo) : Bool :=
  match a, b with
  | .ctorInfo v, .ctorInfo w =>
    v.type == w.type && v.levelParams == w.levelParams && v.induct == w.induct && v.cidx == w.cidx
      && v.numParams == w.numParams && v.numFields == w.numFields && v.isUnsafe == w.isUnsafe
  | .recInfo v, .recInfo w =>
    v.type == w.type && v.levelParams == w.levelParams && v.all == w.all && v.numParams == w.numParams
      && v.numIndices == w.numIndices && v.numMotives == w.numMotives && v.numMinors == w.numMinors
      && sameRules v.rules w.rules && v.k == w.k && v.isUnsafe == w.isUnsafe
  | _, _ => false

/-- Adds the constants to the clean kernel environment, checking each. Returns what went wrong, if anything. -/
partial def replay (k : Kernel') (clean : Kernel') (todo generated : List Name) : IO (Option String) := do
  match todo with
  | n :: rest =>
    match k.find? n with
    | none => return some s!"{userText n} is missing"
    | some c =>
      match c with
      | .ctorInfo _ => replay k clean rest (n :: generated)
      | .recInfo _ => replay k clean rest (n :: generated)
      | .quotInfo _ => return some s!"{userText n} cannot be declared"
      | _ =>
        if (clean.find? n).isSome then replay k clean rest generated
        else
          match declarationOf k c with
          | none => return some s!"{userText n} is not a whole declaration"
          | some decl =>
            match clean.addDeclCore 0 decl none with
            | .ok clean => replay k clean rest generated
            | .error e =>
              let text ← kernelText e
              return some s!"the kernel refused {userText n}: {text}"
  | [] =>
    let rec check : List Name → Option String
      | [] => none
      | n :: rest =>
        match k.find? n, clean.find? n with
        | some a, some b => if sameGenerated a b then check rest else some s!"{userText n} is not what the kernel makes of its type"
        | _, _ => some s!"{userText n} does not come from an inductive type"
    return check generated

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

/-- `cleanGiven` and `cleanFound` are the environments from which `trusted` and `submitted` were made. -/
def facts (cleanGiven trusted cleanFound submitted : Environment) (target : Name) : IO (List (String × Json)) := do
  let base := cleanFound.toKernelEnv
  let baseGiven := cleanGiven.toKernelEnv
  let known : Known := { given := fun n => (baseGiven.find? n).isSome, found := fun n => (base.find? n).isSome }
  let kx := trusted.toKernelEnv
  let ky := submitted.toKernelEnv
  let kind := kindOf (ky.find? target)
  match kx.find? target, ky.find? target with
  | some given, some found =>
    let pairs := if count given.levelParams == count found.levelParams
      then sameExpr known given.type (relevel given found found.type) else none
    let (changed, fine) := match pairs with
      | none => ([], false)
      | some ps => comparePairs known kx ky ps [] [] true
    let closure := close known.found ky target { seen := {}, made := [], axioms := [] }
    let error ← replay ky base (turn closure.made []) []
    let axioms ← mapList closure.axioms (fun n => pure (Json.str (axiomText known.found n)))
    let differ ← jsonNames changed
    return [("target_kind", Json.str kind), ("type_matches", Json.bool fine), ("changed", differ), ("axioms", Json.arr axioms.toArray),
      ("replay_error", match error with | some e => Json.str e | none => Json.null)]
  | _, _ => return [("target_kind", Json.str kind)]

end Pidistill
