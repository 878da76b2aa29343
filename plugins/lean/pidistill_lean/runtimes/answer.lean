/-! What the requests are answered with, whichever transport they come by: `elaborate` where candidates' texts go, `item` and `judge` where
none does. How a clean environment is come by is the transport's to say. -/

namespace Pidistill
open Lean Elab

abbrev Reply := List (String × Json)

def field (request : Json) (name : String) : IO String :=
  match request.getObjVal? name with
  | .ok (.str s) => pure s
  | _ => throw (IO.userError ("the request has no field " ++ name))

def fieldList (request : Json) (name : String) : IO (List String) :=
  match request.getObjVal? name with
  | .ok (.arr xs) => match strings xs.toList [] with
    | some ss => pure ss
    | none => throw (IO.userError ("the request's field " ++ name ++ " holds something else than strings"))
  | _ => throw (IO.userError ("the request has no field " ++ name))

def plainNames : List String → IO (List Name)
  | [] => pure []
  | s :: rest => do
    let more ← plainNames rest
    pure (s.toName :: more)

/-! ## Elaborating -/

/-- One of the texts that may be what the completion says, elaborated. -/
structure Attempt where
  index : Nat
  found : Elaborated
  unavailable : List Name
  imports : List Name
  own : Clean

/-- How a text begins that has no header: reading one takes an environment of its own. -/
def bodyWords : List String := ["theorem ", "lemma ", "def ", "open ", "namespace ", "section ", "variable ", "set_option "]

/-- What stands in front of a text's commands, as Lean reads it. -/
def headerOf (ictx : Parser.InputContext) (text : String) : IO (Syntax × Parser.ModuleParserState × MessageLog) := do
  if anyList bodyWords (fun w => w.isPrefixOf text) then return (.missing, {}, {})
  let (head, ps, log) ← Parser.parseHeader ictx
  return (head, ps, log)

/-- `with_` gives the clean environment that has these modules, too, where it can be had. -/
def attempt (clean : Clean) (with_ : List Name → IO (Option Clean)) (given : List String) (text : String) (index : Nat) : IO Attempt := do
  let ictx := inputContext text "submission"
  let (head, ps, log) ← headerOf ictx text
  let none' := nothingYet { clean.state with messages := log }
  if withoutCore head clean.imports then
    let told := withError ictx 0 "the file says `prelude`, and so has none of Lean's own definitions" none'
    return { index := index, found := told, unavailable := [], imports := [], own := clean }
  match ← importsOf clean.state.env (importNames head) with
  | .unavailable modules => pure { index := index, found := none', unavailable := modules, imports := [], own := clean }
  | .plain =>
    let found ← elabText ictx (some { header := clean.commands, statement := given }) ps none'.state
    pure { index := index, found := found, unavailable := [], imports := [], own := clean }
  | .more modules =>
    match ← with_ modules with
    | none => pure { index := index, found := none', unavailable := modules, imports := [], own := clean }
    | some own =>
      let found ← elabText ictx (some { header := own.commands, statement := given }) ps { own.state with messages := log }
      pure { index := index, found := found, unavailable := [], imports := modules, own := own }

def isWhole (target : Name) (a : Attempt) : Bool :=
  match sorted a.found.state.messages.toList, a.found.refused, a.unavailable with
  | false, none, [] =>
    match a.found.state.env.toKernelEnv.find? target with
    | some (.thmInfo v) => !hasName (constantsOf v.value) ``sorryAx
    | _ => false
  | _, _, _ => false

/-- Takes the first text that comes to a proof without an error; else the first that parses; else the first. -/
partial def attempts (clean : Clean) (with_ : List Name → IO (Option Clean)) (given : List String) (target : Name) (index : Nat)
    (best : Option Attempt) : List String → IO (Option Attempt)
  | [] => pure best
  | text :: rest => do
    let a ← attempt clean with_ given text index
    if isWhole target a then return (some a)
    let best := match best with
      | none => some a
      | some b => if b.found.broken && !a.found.broken then some a else some b
    attempts clean with_ given target (index + 1) best rest

def elaborate (clean : Clean) (with_ : List Name → IO (Option Clean)) (request : Json) : IO Reply := do
  let target := (← field request "target").toName
  match ← attempts clean with_ (← fieldList request "given") target 0 none (← fieldList request "texts") with
  | none => throw (IO.userError "the request has no text")
  | some a =>
    match a.unavailable with
    | _ :: _ => return [("chosen", toJson a.index), ("unavailable", ← jsonNames a.unavailable)]
    | [] =>
      let st := a.found.state
      let log := st.messages.toList
      let messages ← jsonLog log
      -- where the parser lost its way, what it took for a command is nobody's
      let refusal := match a.found.refused with
        | some r => if a.found.broken then Json.null else jsonMessage "error" r.text r.pos none
        | none => Json.null
      let wrong := sorted log
      let data := match a.found.refused, wrong with
        | none, false => exported a.own.state.env st.env target
        | _, _ => Json.null
      return [("chosen", toJson a.index), ("messages", messages), ("errors", Json.bool wrong), ("refused", refusal),
        ("imports", ← jsonNames a.imports), ("data", data)]

/-! ## Deciding -/

def place (p : Option String.Pos.Raw) : Json :=
  match p with
  | some p => toJson p.byteIdx
  | none => Json.null

def placed : List (Syntax × Environment) → List Json → List Json
  | [], acc => acc
  | (cmd, _) :: rest, acc => placed rest (Json.arr #[place cmd.getPos?, place cmd.getTailPos?] :: acc)

/-- Whether the problem can be judged, and how its text is made: its commands, the errors in it, and its environment are given. -/
def itemReply (env : Environment) (done : List (Syntax × Environment)) (errors : List Message) (target : Name) : IO Reply := do
  let told ← jsonLog errors
  let errors' := match errors, unfit env target with
    | [], some why => Json.arr #[jsonMessage "error" why { line := 1, column := 0 } none]
    | _, _ => told
  let maker := (makerOf target done none).getD .missing
  return [("statement_errors", errors'), ("commands", Json.arr (placed done []).toArray),
    ("target_start", place maker.getPos?), ("target_end", place maker.getTailPos?),
    ("proof_start", place ((valueOf maker).bind (fun v => v.getPos?)))]

def judgeReply (clean : Clean) (with_ : List Name → IO (Option Clean)) (env : Environment) (target : Name) (request : Json) : IO Reply := do
  let imports ← plainNames (← fieldList request "imports")
  match request.getObjVal? "data" with
  | .error e => throw (IO.userError e)
  | .ok data =>
    match ← importsOf clean.state.env imports with
    | .plain => facts clean.state.env env clean.state.env target data
    | .unavailable _ => return factsOf "theorem" false [] [] (some "it imports what is not there")
    | .more modules =>
      match ← with_ modules with
      | some own => facts clean.state.env env own.state.env target data
      | none => return factsOf "theorem" false [] [] (some "it imports what is not there")

end Pidistill
