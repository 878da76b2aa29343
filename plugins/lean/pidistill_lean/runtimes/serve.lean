/-! The transport of the WebAssembly runtime: one call of `handle` is one request, and its result the reply.

Two processes run this program. One elaborates submissions and answers `elaborate` and `outline`; the other, which is never sent a
candidate's text, answers `item` and `judge`. Which of their calls leave something behind is the caller's to say: the process puts its
memory back after all others. `main` only makes what is called, and waits; `build.lean` compiles it.
-/

namespace Pidistill
open Lean Elab

structure Trusted where
  header : String
  statement : String
  env : Environment

structure Cache where
  cleans : List (String × Clean)
  trusted : List Trusted

def findClean (key : String) : List (String × Clean) → Option Clean
  | [] => none
  | (k, c) :: rest => if k == key then some c else findClean key rest

def findTrusted (header statement : String) : List Trusted → Option Trusted
  | [] => none
  | t :: rest => if t.statement == statement && t.header == header then some t else findTrusted header statement rest

def joinNames : List Name → String
  | [] => ""
  | n :: rest => nameText n ++ " " ++ joinNames rest

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

def cleanFor (cache : IO.Ref Cache) (header : String) (extra : List Name) (strictly : Bool) : IO Clean := do
  let key := (if strictly then "strict" else "plain") ++ "\u0000" ++ header ++ "\u0000" ++ joinNames extra
  let c ← cache.get
  match findClean key c.cleans with
  | some clean => pure clean
  | none =>
    let clean ← makeClean header extra (if strictly then strict options else options)
    cache.modify (fun c => { c with cleans := (key, clean) :: firstFew 3 c.cleans })
    pure clean

/-! ## Elaborating -/

/-- One of the texts that may be what the completion says, elaborated. -/
structure Attempt where
  index : Nat
  found : Elaborated
  unavailable : List Name
  imports : List Name
  own : Clean

def attempt (cache : IO.Ref Cache) (header : String) (given : List String) (text : String) (index : Nat) : IO Attempt := do
  let clean ← cleanFor cache header [] false
  let ictx := inputContext text "submission"
  let (head, ps, log) ← Parser.parseHeader ictx
  let none' : Elaborated := { state := { clean.state with messages := log }, refused := none, broken := sorted log.toList, done := [] }
  match ← importsOf clean.state.env (importNames head) with
  | .unavailable modules => pure { index := index, found := none', unavailable := modules, imports := [], own := clean }
  | .plain =>
    let found ← elabText ictx (some { header := clean.commands, statement := given }) ps none'.state
    pure { index := index, found := found, unavailable := [], imports := [], own := clean }
  | .more modules =>
    let own ← cleanFor cache header modules false
    let found ← elabText ictx (some { header := own.commands, statement := given }) ps { own.state with messages := log }
    pure { index := index, found := found, unavailable := [], imports := modules, own := own }

def isWhole (target : Name) (a : Attempt) : Bool :=
  let k := a.found.state.env.toKernelEnv
  let there := match k.find? target with
    | some (.thmInfo v) => !hasName (constantsOf v.value) ``sorryAx
    | _ => false
  there && !sorted a.found.state.messages.toList && a.found.refused.isNone && anyList [a.unavailable] (fun u => match u with | [] => true | _ => false)

/-- Takes the first text that comes to a proof without an error; else the first that parses; else the first. -/
partial def attempts (cache : IO.Ref Cache) (header : String) (given : List String) (target : Name) (index : Nat) (best : Option Attempt) :
    List String → IO (Option Attempt)
  | [] => pure best
  | text :: rest => do
    let a ← attempt cache header given text index
    if isWhole target a then return (some a)
    let best := match best with
      | none => some a
      | some b => if b.found.broken && !a.found.broken then some a else some b
    attempts cache header given target (index + 1) best rest

def elaborate (cache : IO.Ref Cache) (request : Json) : IO Reply := do
  let target := (← field request "target").toName
  match ← attempts cache (← field request "header") (← fieldList request "given") target 0 none (← fieldList request "texts") with
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
      let data := match a.found.refused with
        | some _ => Json.null
        | none => exported a.own.state.env st.env target
      return [("chosen", toJson a.index), ("messages", messages), ("errors", Json.bool (sorted log)), ("refused", refusal),
        ("imports", ← jsonNames a.imports), ("data", data)]

/-! ## Deciding -/

def trustedFor (cache : IO.Ref Cache) (header statement : String) : IO (Environment × List (Syntax × Environment) × List Message) := do
  let clean ← cleanFor cache header [] true
  let c ← cache.get
  match findTrusted header statement c.trusted with
  | some t => pure (t.env, [], [])
  | none =>
    let all ← elabText (inputContext statement "statement") none {} clean.state
    let t : Trusted := { header := header, statement := statement, env := all.state.env }
    cache.modify (fun c => { c with trusted := t :: firstFew 15 c.trusted })
    let errors := join (onlyErrors clean.errors) (onlyErrors all.state.messages.toList)
    pure (t.env, all.done, errors)

def place (p : Option String.Pos.Raw) : Json :=
  match p with
  | some p => toJson p.byteIdx
  | none => Json.null

def placed : List (Syntax × Environment) → List Json → List Json
  | [], acc => acc
  | (cmd, _) :: rest, acc => placed rest (Json.arr #[place cmd.getPos?, place cmd.getTailPos?] :: acc)

/-- Whether the problem can be judged, and how its text is made. -/
def item (cache : IO.Ref Cache) (request : Json) : IO Reply := do
  let target := (← field request "target").toName
  let header ← field request "header"
  let statement ← field request "statement"
  match ← (cleanFor cache header [] true).toBaseIO with
  | .error e =>
    -- such as a module that is not here
    return [("statement_errors", Json.arr #[jsonMessage "error" ("the header cannot be used: " ++ toString e) { line := 1, column := 0 } none])]
  | .ok _ =>
    cache.modify (fun c => { c with trusted := without header statement c.trusted })
    let (env, done, errors) ← trustedFor cache header statement
    let unfitness := match errors, unfit env target with
      | [], some why => [jsonMessage "error" why { line := 1, column := 0 } none]
      | _, _ => []
    let told ← jsonLog errors
    let errors' := match unfitness with
      | [] => told
      | xs => Json.arr xs.toArray
    let maker := (makerOf target done none).getD .missing
    return [("statement_errors", errors'), ("commands", Json.arr (placed done []).toArray),
      ("target_start", place maker.getPos?), ("target_end", place maker.getTailPos?),
      ("proof_start", place ((valueOf maker).bind (fun v => v.getPos?)))]
where
  without (header statement : String) : List Trusted → List Trusted
    | [] => []
    | t :: rest => if t.statement == statement && t.header == header then without header statement rest else t :: without header statement rest

def judge (cache : IO.Ref Cache) (request : Json) : IO Reply := do
  let target := (← field request "target").toName
  let header ← field request "header"
  let (env, _, errors) ← trustedFor cache header (← field request "statement")
  if anyList errors (fun _ => true) then throw (IO.userError "the statement has errors")
  let clean ← cleanFor cache header [] true
  let imports ← plainNames (← fieldList request "imports")
  match request.getObjVal? "data" with
  | .error e => throw (IO.userError e)
  | .ok data =>
    match ← importsOf clean.state.env imports with
    | .unavailable _ => return factsOf "theorem" false [] [] (some "it imports what is not there")
    | .plain => facts clean.state.env env clean.state.env target data
    | .more modules =>
      let own ← cleanFor cache header modules true
      facts clean.state.env env own.state.env target data

def answer (cache : IO.Ref Cache) (request : Json) : IO Reply := do
  match ← field request "op" with
  | "elaborate" => elaborate cache request
  | "judge" => judge cache request
  | "item" => item cache request
  | "outline" =>
    let clean ← cleanFor cache "" [] false
    outline clean.state.env (← field request "source")
  | "prepare" =>
    match ← (cleanFor cache (← field request "header") [] ((← field request "rules") == "strict")).toBaseIO with
    | .ok _ => return []
    | .error e => return [("unusable", Json.str (toString e))]
  | "hello" => return [("version", Json.str Lean.versionString)]
  | other => throw (IO.userError ("unknown operation " ++ other))

def handle (cache : IO.Ref Cache) (line : String) : IO String := do
  let found ← try
      match Json.parse line with
      | .error e => pure [("event", Json.str "trouble"), ("text", Json.str e)]
      | .ok request =>
        let fields ← answer cache request
        pure (("event", Json.str "done") :: fields)
    catch e => pure [("event", Json.str "trouble"), ("text", Json.str (toString e))]
  pure (Json.mkObj found).compress

end Pidistill

/-- Says where in memory the function is that answers requests, and never reads one itself: the host calls the function while this
waits for input, so that all that a request does can be undone. -/
unsafe def main : IO Unit := do
  let cache ← IO.mkRef ({ cleans := [], trusted := [] } : Pidistill.Cache)
  let kept ← IO.mkRef (Pidistill.handle cache)
  let answer ← kept.get
  let out ← IO.getStdout
  out.putStrLn ("@@ready " ++ Nat.repr (ptrAddrUnsafe answer).toNat)
  out.flush
  let line ← (← IO.getStdin).getLine
  let answer ← kept.get
  out.putStrLn (← answer line)
