/-! The trusted judge: facts about one submission, and the outline of a source text.

Nothing here talks to the outside: `serve.lean` adds the transport of the WebAssembly runtime, and a REPL session may elaborate
this same file as commands. No import stands here for that reason; `import Lean` is the caller's.

Loops are own recursion over lists: the build of Lean in WebAssembly has only the exported halves of its modules, and
an interpreted program cannot call the specialised helpers that `for` and many list functions compile to.
-/

namespace Pidistill
open Lean Elab

/-! ## Small things -/

def forList {α : Type} (xs : List α) (act : α → IO Unit) : IO Unit :=
  match xs with
  | [] => pure ()
  | x :: rest => do act x; forList rest act

def mapList {α β : Type} (xs : List α) (f : α → IO β) : IO (List β) :=
  match xs with
  | [] => pure []
  | x :: rest => do let y ← f x; let ys ← mapList rest f; pure (y :: ys)

def anyList {α : Type} (xs : List α) (p : α → Bool) : Bool :=
  match xs with
  | [] => false
  | x :: rest => p x || anyList rest p

def join {α : Type} (xs ys : List α) : List α :=
  match xs with
  | [] => ys
  | x :: rest => x :: join rest ys

def count {α : Type} (xs : List α) : Nat :=
  match xs with
  | [] => 0
  | _ :: rest => count rest + 1

def nameText : Name → String
  | .anonymous => ""
  | .str .anonymous s => s
  | .num .anonymous n => Nat.repr n
  | .str p s => nameText p ++ "." ++ s
  | .num p n => nameText p ++ "." ++ Nat.repr n

def userText (n : Name) : String := nameText (privateToUserName n)

def hasName (xs : List Name) (n : Name) : Bool := anyList xs (fun x => x == n)

def inputContext (source name : String) : Parser.InputContext :=
  { inputString := source, fileName := name, fileMap := FileMap.ofString source
    endPos := source.rawEndPos, endPos_valid := by simp }

def jsonNames (xs : List Name) : IO Json := do
  let ys ← mapList xs (fun n => pure (Json.str (userText n)))
  pure (Json.arr ys.toArray)

def jsonMessage (severity text : String) (pos : Position) (endPos : Option Position) : Json :=
  let base := [("severity", Json.str severity), ("text", Json.str text), ("line", toJson pos.line), ("column", toJson pos.column)]
  match endPos with
  | some e => Json.mkObj (join base [("end_line", toJson e.line), ("end_column", toJson e.column)])
  | none => Json.mkObj base

def severityName : MessageSeverity → String
  | .information => "information"
  | .warning => "warning"
  | .error => "error"

def jsonLog (log : List Message) : IO Json := do
  let ys ← mapList log (fun m => do
    let text ← m.data.toString
    pure (jsonMessage (severityName m.severity) text m.pos m.endPos))
  pure (Json.arr ys.toArray)

def isError (m : Message) : Bool :=
  match m.severity with
  | .error => true
  | _ => false

/-! ## Elaborating a text, command by command -/

/-- Something that a submission may not contain: where, and why. -/
structure Refusal where
  pos : Position
  text : String

/-- Judges a command before it is elaborated: `none` lets it through. -/
abbrev Gate := Environment → Syntax → Option (Syntax × String)

def elabOne (ictx : Parser.InputContext) (cmd : Syntax) (cmdPos : String.Pos.Raw) (st : Command.State) : IO Command.State := do
  let ctx : Command.Context :=
    { fileName := ictx.fileName, fileMap := ictx.fileMap, cmdPos := cmdPos, snap? := none, cancelTk? := none }
  let result ← EIO.toIO' ((Command.elabCommandTopLevel cmd ctx).run st)
  match result with
  | .ok (_, st') => pure st'
  | .error e =>
    let text ← e.toMessageData.toString
    throw (IO.userError ("a command could not be elaborated: " ++ text))

partial def elabCommands (ictx : Parser.InputContext) (gate : Gate) (ps : Parser.ModuleParserState) (st : Command.State) :
    IO (Command.State × Option Refusal) := do
  match st.scopes with
  | [] => throw (IO.userError "no scope is open")
  | scope :: _ =>
  let pmctx : Parser.ParserModuleContext :=
    { env := st.env, options := scope.opts, currNamespace := scope.currNamespace, openDecls := scope.openDecls }
  let (cmd, ps', log) := Parser.parseCommand ictx pmctx ps st.messages
  let st := { st with messages := log }
  if cmd.getKind == ``Parser.Command.eoi then
    return (st, none)
  match gate st.env cmd with
  | some (at_, why) =>
    let pos := ictx.fileMap.toPosition (at_.getPos?.getD ps.pos)
    return (st, some { pos := pos, text := why })
  | none =>
    let st ← elabOne ictx cmd ps.pos st
    elabCommands ictx gate ps' st

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
  let (st, _) ← elabCommands ictx (fun _ _ => none) ps st
  pure { imports := names, state := { st with messages := {} }, errors := st.messages.toList }

/-! ## Facts -/

abbrev Kernel' := Lean.Kernel.Environment

def constantsOf (e : Expr) : List Name := e.getUsedConstants.toList

/-- What a constant's acceptance by the kernel depends on. -/
def dependencies (c : ConstantInfo) : List Name :=
  let t := constantsOf c.type
  match c with
  | .defnInfo v => join t (constantsOf v.value)
  | .thmInfo v => join t (constantsOf v.value)
  | .opaqueInfo v => join t (constantsOf v.value)
  | .inductInfo v => join t (join v.ctors v.all)
  | .ctorInfo v => v.induct :: t
  | .recInfo v => join v.all t
  | _ => t

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

/-- The pairs of constants at the same places, or `none` where the lists cannot belong to equal terms. A constant of the
clean environment stands for itself only. -/
def pairConsts (known : Name → Bool) : List Name → List Name → Option (List (Name × Name))
  | [], [] => some []
  | x :: xs, y :: ys =>
    match pairConsts known xs ys with
    | none => none
    | some rest =>
      if known x || known y then (if x == y then some rest else none) else some ((x, y) :: rest)
  | _, _ => none

/-- Equal up to binder names, metadata and the names of constants made in the texts; those come back in pairs. -/
def sameExpr (known : Name → Bool) (a b : Expr) : Option (List (Name × Name)) :=
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
def sameConstant (known : Name → Bool) (x y : ConstantInfo) : Option (List (Name × Name)) :=
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
partial def comparePairs (known : Name → Bool) (kx ky : Kernel') (todo : List (Name × Name)) (seen : List (Name × Name))
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

/-- The constant of that name, also where the text made it private. -/
def lookUp (env : Environment) (n : Name) : Option ConstantInfo := env.toKernelEnv.find? n

def facts (clean submitted : Environment) (trusted : Environment) (target : Name) : IO (List (String × Json)) := do
  let base := clean.toKernelEnv
  let known := fun n => (base.find? n).isSome
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
    let closure := close known ky target { seen := {}, made := [], axioms := [] }
    let error ← replay ky base (turn closure.made []) []
    let axioms ← jsonNames closure.axioms
    let differ ← jsonNames changed
    return [("target_kind", Json.str kind), ("type_matches", Json.bool fine), ("changed", differ), ("axioms", axioms),
      ("replay_error", match error with | some e => Json.str e | none => Json.null)]
  | _, _ => return [("target_kind", Json.str kind)]

end Pidistill
