/-! Elaborating a text, command by command, from a clean environment.

Both sides do it: the judge with the problem's own text, the elaborating process with a submission. Only the latter has the gate.
-/

namespace Pidistill
open Lean Elab

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

/-- What an elaborated text came to. -/
structure Elaborated where
  state : Command.State
  /-- Set where the gate stopped in front of a command. -/
  refused : Option Refusal
  /-- Whether the parser had an error. -/
  broken : Bool
  /-- Of every command, in reverse: its syntax, and the environment after it. -/
  done : List (Syntax × Environment)
  /-- The environment behind the problem's own commands that the text begins with: they mean there what they mean in the problem. -/
  given : Environment
  /-- Whether a command of the text's own has been met that may change what others mean. -/
  own : Bool

/-- What the elaborating process is told of the problem's own commands: they are let through where a submission repeats them word for
word. Those of the header are in force already. -/
structure Given where
  header : List String
  statement : List String

/-- White space evened out: one blank between words. -/
partial def evenly (todo : List Char) (blank : Bool) (acc : String) : String :=
  match todo with
  | [] => acc
  | c :: rest =>
    if c == ' ' || c == '\n' || c == '\t' || c == '\r' then evenly rest true acc
    else evenly rest false ((if blank && acc != "" then acc.push ' ' else acc).push c)

/-- The text of a command, its white space evened out. -/
def textOfCommand (ictx : Parser.InputContext) (cmd : Syntax) : String :=
  match cmd.getPos?, cmd.getTailPos? with
  | some a, some b => evenly (String.Pos.Raw.extract ictx.inputString a b).toList false ""
  | _, _ => ""

/-- Commands that only change what is open: one of them means something by its place alone. -/
def scopeCommands : List Name :=
  [``Parser.Command.namespace, ``Parser.Command.section, ``Parser.Command.end, ``Parser.Command.open, ``Parser.Command.export,
   ``Parser.Command.variable, ``Parser.Command.universe, ``Parser.Command.set_option, ``Parser.Command.include, ``Parser.Command.omit,
   ``Parser.Command.moduleDoc]

/-- Those of a text's own that change the meaning of nothing behind them. -/
def harmlessCommands : List Name := [``Parser.Command.set_option, ``Parser.Command.moduleDoc]

/-- So does a theorem without attributes, also on what is declared within it: it makes no instance, and nobody runs it. -/
def changesNoMeaning (cmd : Syntax) : Bool :=
  hasName harmlessCommands cmd.getKind ||
    (cmd.getKind == ``Parser.Command.declaration && (argument cmd 1).getKind == ``Parser.Command.theorem &&
      !hasKind "attributes" cmd)

/-- Behind the first command of the list that reads so, or `none`. -/
def behind (text : String) : List String → Option (List String)
  | [] => none
  | x :: rest => if x == text then some rest else behind text rest

def sorted (log : List Message) : Bool := anyList log isError

/-- What it came to, with one error more, behind which nothing is read. -/
def withError (ictx : Parser.InputContext) (pos : String.Pos.Raw) (text : String) (acc : Elaborated) : Elaborated :=
  let m : Message :=
    { fileName := ictx.fileName, pos := ictx.fileMap.toPosition pos, severity := .error, data := stringToMessageData text }
  { acc with state := { acc.state with messages := acc.state.messages.add m }, broken := true }

/-- Whether a command that reads like one of the header's means the same here: not in a namespace that the header does not open. -/
def sameNamespace (header : List String) (here : Name) : Bool :=
  here.isAnonymous || anyList header (fun x => x == "namespace " ++ nameText here || x == "namespace " ++ lastText here)

/-! ### Code that this Lean cannot generate

The libraries that come with this Lean have no code of their definitions, so that it cannot generate code for a definition that maps over a
list. Lean says so in an error. None is needed here, nobody runs it; but a definition that has no code anywhere, and does not say that it is
`noncomputable`, is an error still: one that rests on choice, or that recurses by a type's recursor, which Lean compiles for a few types alone. -/

def hasDefinition : List (Name × ConstantInfo) → Bool := fun cs =>
  anyList cs (fun c => match c.2 with | .defnInfo _ => true | .opaqueInfo _ => true | _ => false)

/-- What well-founded recursion becomes. Lean compiles that before. -/
def fixpoints : List Name := [``WellFounded.fix, `WellFounded.Nat.fix]

/-- Whether one of the constants has no code because of what it mentions itself: choice, an axiom of the text's own, or what says that it has
none. Axioms of the libraries are none: what a module does not expose is imported as one. A fixpoint counts where the command itself `names` it. -/
def withoutCode (before : Environment) (names : String → Bool) (cs : List (Name × ConstantInfo)) : Bool :=
  let k := before.toKernelEnv
  let none' : Name → Bool := fun n =>
    n == ``Classical.choice || (isNoncomputable before n && !(hasName fixpoints n && !names (lastText n))) ||
      (match k.find? n with
       | some (.axiomInfo _) => (before.getModuleIdxFor? n).isNone
       | _ => false)
  anyList cs (fun c => match c.2 with | .defnInfo v => anyList (constantsOf v.value) none' | _ => false)

/-- Types whose recursor Lean compiles. That of `Nat` has code in the library, which this build lacks. -/
def compiledRecursors : List Name := [``Eq.rec, ``HEq.rec, ``And.rec, ``Iff.rec, ``False.rec, ``Empty.rec, ``Acc.rec, ``Nat.rec, ``Eq.recOn]

def isInductive (k : Kernel') (n : Name) : Bool := match k.find? n with | some (.inductInfo _) => true | _ => false

/-- Whether a constant has no code with any Lean: a recursor, or what comes with each as `recOn`. What structural recursion becomes rests on
`brecOn`, and Lean compiles that before; so it counts only where the command itself `names` it. -/
def isRecursor (k : Kernel') (names : String → Bool) (n : Name) : Bool :=
  let word := lastText n
  !hasName compiledRecursors n &&
    (match k.find? n with
     | some (.recInfo _) => true
     | some _ => isInductive k n.getPrefix && (word == "recOn" || word == "brecOn" && names word)
     | none => false)

/-- Whether one of the constants is a definition over a recursor. What comes with a type of the command's own is made of its recursor, and
Lean compiles none of it. -/
def overRecursor (after : Environment) (cmd : Syntax) (cs : List (Name × ConstantInfo)) : Bool :=
  let k := after.toKernelEnv
  let refused : Expr → Bool := fun value => anyList (constantsOf value) (isRecursor k (fun word => says word cmd))
  let ofOwnType : Name → Bool := fun n => anyList cs (fun t => isInductive k t.1 && t.1.isPrefixOf n)
  anyList cs (fun c =>
    !ofOwnType c.1 &&
      (match c.2 with | .defnInfo v => refused v.value | .opaqueInfo v => refused v.value | _ => false))

def withNoncomputable : List Command.Scope → List Command.Scope
  | [] => []
  | s :: rest => { s with isNoncomputable := true } :: rest

/-- Declarations that may be `noncomputable`. -/
def definitionKinds : List Name := [``Parser.Command.definition, ``Parser.Command.abbrev, ``Parser.Command.instance]

/-- Where among the modifiers `noncomputable` stands. -/
def placeOfNoncomputable : Nat := 4

def putAt (n : Nat) (v : Syntax) : List Syntax → List Syntax
  | [] => []
  | x :: rest =>
    match n with
    | 0 => v :: rest
    | Nat.succ n => x :: putAt n v rest

/-- With `noncomputable` before each definition that says neither this nor `meta`; `none` where there is none. -/
partial def noncomputably (cmd : Syntax) : Option Syntax :=
  let here : Option Syntax :=
    if cmd.getKind == ``Parser.Command.declaration && hasName definitionKinds (argument cmd 1).getKind then
      match argument cmd 0 with
      | .node info k modifiers =>
        if (argument (argument cmd 0) placeOfNoncomputable).getNumArgs == 0 && modifiers.size > placeOfNoncomputable then
          let word := Syntax.node .none ``Parser.Command.noncomputable #[.atom .none "noncomputable "]
          some (cmd.setArg 0 (.node info k (putAt placeOfNoncomputable (.node .none `null #[word]) modifiers.toList).toArray))
        else none
      | _ => none
    else none
  match here, cmd with
  | some found, _ => some found
  | none, .node info k args =>
    if k == ``Parser.Command.mutual || k == ``Parser.Command.in || k == `null then
      match each args.toList with
      | (args, true) => some (.node info k args.toArray)
      | _ => none
    else none
  | none, _ => none
where
  each : List Syntax → List Syntax × Bool
    | [] => ([], false)
    | x :: rest =>
      let (ys, any) := each rest
      match noncomputably x with
      | some y => (y :: ys, true)
      | none => (x :: ys, any)

/-- Whether the command names a definition that was made without code, as `noncomputable` or because this Lean could generate none. -/
def namesUncompiled (env : Environment) (cmd : Syntax) : Bool :=
  anyList (made env) (fun c => match c.2 with
    | .defnInfo _ => (IR.findEnvDecl env c.1).isNone && says (lastText c.1) cmd
    | _ => false)

/-- What a problem's command says that runs a program to show something, for where the program has no code: as `#check` would take it. -/
def withoutRunning (env : Environment) (cmd : Syntax) : Option Syntax :=
  let shown := (guarded cmd).getD cmd
  match termOf shown with
  | some term => if namesUncompiled env shown then some (resolving shown term) else none
  | none => none

/-- Elaborates a command. Where it makes a definition and there are errors, also as if it stood in a `noncomputable section`, and then as if it
said `noncomputable`: recursion through a nested type is shown to end only after code was generated for it. -/
def elabCommand (ictx : Parser.InputContext) (cmd : Syntax) (cmdPos : String.Pos.Raw) (st : Command.State) : IO Command.State := do
  let after ← elabOne ictx cmd cmdPos st
  if !sorted after.messages.toList then return after
  match withoutRunning st.env cmd with
  | some shown =>
    let again ← elabOne ictx shown cmdPos st
    if !sorted again.messages.toList then return again
  | none => pure ()
  let own := ownConstants st.env after.env
  if anyList own (fun c => c.1 == `main) then return after  -- a program's, whose type Lean looks at with its code
  if hasDefinition own then
    let again ← elabOne ictx cmd cmdPos { st with scopes := withNoncomputable st.scopes }
    if hasCode again then return { again with scopes := after.scopes }
  match noncomputably cmd with
  | none => return after
  | some cmd' =>
    let again ← elabOne ictx cmd' cmdPos st
    if hasCode again then return again else return after
where
  /-- Whether there was no error, and nothing that has no code with any Lean. -/
  hasCode (again : Command.State) : Bool :=
    let made := ownConstants st.env again.env
    !(sorted again.messages.toList || withoutCode st.env (fun word => says word cmd) made || overRecursor again.env cmd made)

/-- An option or a plain attribute at which the gate stopped, where this Lean does not have it: one of a library that is not there, or misspelt.
Lean refuses the file for it, so that nothing is hidden in it. -/
def unknown (env : Environment) (stx : Syntax) : IO (Option String) := do
  let word := lastText stx.getKind
  if word == "attrInstance" then
    let attr := argument stx 1
    let name := (argument attr 0).getId.eraseMacroScopes
    if attr.getKind == ``Parser.Attr.simple && !isAttribute env name then return some ("unknown attribute " ++ nameText name)
    return none
  if word == "set_option" || word == "setOption" then
    let name := optionName stx
    try
      let _ ← getOptionDecl name
      return none
    catch _ => return some ("unknown option " ++ nameText name)
  return none

mutual
/-- Elaborates command by command. Each command starts with an empty log: this Lean drops what an earlier one said. With `gate`, stops in front of the first one that the gate refuses. `ahead` is what of the header may still be repeated. -/
partial def elabFrom (ictx : Parser.InputContext) (gate : Option Given) (ahead : List String) (ps : Parser.ModuleParserState) (acc : Elaborated) :
    IO Elaborated := do
  let st := acc.state
  match st.scopes with
  | [] => throw (IO.userError "no scope is open")
  | scope :: _ =>
    let pmctx : Parser.ParserModuleContext :=
      { env := st.env, options := scope.opts, currNamespace := scope.currNamespace, openDecls := scope.openDecls }
    let (cmd, ps', log) := Parser.parseCommand ictx pmctx ps {}
    let told := append st.messages log.toList
    let st := { st with messages := told }
    let acc := { acc with state := st, broken := acc.broken || sorted log.toList }
    if cmd.getKind == ``Parser.Command.eoi then
      return acc
    if cmd.getKind == ``Parser.Command.import then
      return withError ictx (cmd.getPos?.getD ps.pos) "invalid 'import' command, it must be used in the beginning of the file" acc
    match gate with
    | none => elabNext ictx gate [] ps ps' cmd acc false
    | some given =>
      let own := match given.header, given.statement with
        | [], [] => ""
        | _, _ => textOfCommand ictx cmd
      match if own == "" then none else behind own ahead with
      | some rest => elabFrom ictx gate rest ps' acc
      | none =>
        if own != "" && !hasName scopeCommands cmd.getKind && anyList given.header (fun x => x == own) &&
            sameNamespace given.header scope.currNamespace then elabFrom ictx gate [] ps' acc
        else
          -- behind commands of the text's own the problem's words may mean something else, and what they run with them
          let repeated := own != "" && anyList given.statement (fun x => x == own)
          match if repeated && !acc.own then .elaborate cmd else passage acc.given st.env cmd with
          | .refuse stx why =>
            if let some error ← unknown st.env stx then return withError ictx (stx.getPos?.getD ps.pos) error acc
            return { acc with refused := some { pos := ictx.fileMap.toPosition (stx.getPos?.getD ps.pos), text := why } }
          | .skip => elabFrom ictx gate [] ps' { acc with own := true }
          | .elaborate cmd => elabNext ictx gate [] ps ps' cmd acc (!repeated)

partial def elabNext (ictx : Parser.InputContext) (gate : Option Given) (ahead : List String) (ps ps' : Parser.ModuleParserState) (cmd : Syntax)
    (acc : Elaborated) (gated : Bool) : IO Elaborated := do
  let st := acc.state
  let after ← elabCommand ictx cmd ps.pos { st with messages := {} }
  let after := { after with messages := append st.messages after.messages.toList }
  let own := acc.own || gated && !changesNoMeaning cmd
  let acc :=
    { acc with state := after, done := if gated then [] else (cmd, after.env) :: acc.done, own := own, given := if own then acc.given else after.env }
  match if gated then madeMeta st.env after.env cmd else none with
  | some why => return { acc with refused := some { pos := ictx.fileMap.toPosition (cmd.getPos?.getD ps.pos), text := why } }
  | none => elabFrom ictx gate ahead ps' acc
end

/-- Before the first command. -/
def nothingYet (st : Command.State) : Elaborated :=
  { state := st, refused := none, broken := sorted st.messages.toList, done := [], given := st.env, own := false }

def elabText (ictx : Parser.InputContext) (gate : Option Given) (ps : Parser.ModuleParserState) (st : Command.State) : IO Elaborated :=
  elabFrom ictx gate (match gate with | some g => g.header | none => []) ps (nothingYet st)

/-! ## Clean environments -/

/-- The state in front of every text with this header. -/
structure Clean where
  imports : List Name
  state : Command.State
  errors : List Message
  /-- The header's commands, word for word. -/
  commands : List String

def importNames (header : Syntax) : List Name :=
  let rec names : List Import → List Name
    | [] => []
    | i :: rest => i.module :: names rest
  if header.isMissing then [] else names (headerToImports ⟨header⟩).toList

def options : Options :=
  let o : Options := {}
  let o := o.insert `linter.all (DataValue.ofBool false)
  let o := o.insert `Elab.async (DataValue.ofBool false)
  o

/-- The problem's own text may not have variables that nobody wrote: a type that is misspelt, or is not there, would become one. -/
def strict (o : Options) : Options := o.insert `autoImplicit (DataValue.ofBool false)

def commandTexts (ictx : Parser.InputContext) : List (Syntax × Environment) → List String → List String
  | [], acc => acc
  | (cmd, _) :: rest, acc => commandTexts ictx rest (textOfCommand ictx cmd :: acc)

/-- Imports the modules and elaborates the rest of the header. -/
def makeClean (header : String) (extra : List Name) (opts : Options) : IO Clean := do
  let ictx := inputContext header "header"
  let (stx, ps, log) ← Parser.parseHeader ictx
  let names := join (importNames stx) extra
  let imports ← mapList names (fun n => pure ({ module := n } : Import))
  let env ← importModules imports.toArray opts (trustLevel := 0) (loadExts := true)
  let env := env.setMainModule `Main
  let st := Command.mkState env log opts
  let st := { st with infoState := { st.infoState with enabled := false } }
  let all ← elabText ictx none ps st
  pure { imports := names, state := { all.state with messages := {} }, errors := all.state.messages.toList
         commands := commandTexts ictx all.done [] }

/-- The libraries that come with Lean. A submission may import more of them than the header does. -/
def coreLibraries : List Name := [`Init, `Std, `Lean]

/-- Whether a file says `prelude` and then imports none of the libraries that bring Lean's own definitions. It has none of them. -/
def withoutCore (header : Syntax) (inForce : List Name) : Bool :=
  anyList header.getArgs.toList (fun stx => firstToken stx == "prelude") &&
    !anyList (importNames header) (fun n => hasName coreLibraries n || hasName inForce n)

inductive Imports where
  | plain
  | more (modules : List Name)
  | unavailable (modules : List Name)

/-- Whether each part of a module's name is a plain word: it becomes a path. -/
def plainModule : Name → Bool
  | .anonymous => true
  | .str p s => s != "" && anyList [s] (fun s => !s.contains '/' && !s.contains '.' && !s.contains '\u0000' && !s.contains '\\') && plainModule p
  | .num _ _ => false

def isThere (module : Name) : IO Bool := do
  if !plainModule module then return false
  try
    let path ← findOLean module
    path.pathExists
  catch _ => pure false

/-- What a submission's own `import` lines ask for beyond the header's environment. -/
def importsOf (env : Environment) (wanted : List Name) : IO Imports := do
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
      let found ← if core then isThere n else pure false
      if core && found then split rest (n :: more) missing else split rest more (n :: missing)
  split (beyond wanted) [] []

end Pidistill
