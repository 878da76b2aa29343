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

def cleanFor (cache : IO.Ref Cache) (header : String) (extra : List Name) (strictly : Bool) : IO Clean := do
  let key := (if strictly then "strict" else "plain") ++ "\u0000" ++ header ++ "\u0000" ++ joinNames extra
  let c ← cache.get
  match findClean key c.cleans with
  | some clean => pure clean
  | none =>
    let clean ← makeClean header extra (if strictly then strict options else options)
    cache.modify (fun c => { c with cleans := (key, clean) :: firstFew 3 c.cleans })
    pure clean

def trustedFor (cache : IO.Ref Cache) (header statement : String) : IO (Environment × List (Syntax × Environment) × List Message) := do
  let clean ← cleanFor cache header [] true
  let c ← cache.get
  match findTrusted header statement c.trusted with
  | some t => pure (t.env, [], [])
  | none =>
    let all ← elabText (inputContext statement "statement") none {} clean.state
    let t : Trusted := { header := header, statement := statement, env := all.state.env }
    cache.modify (fun c => { c with trusted := t :: firstFew 63 c.trusted })
    let errors := join (onlyErrors clean.errors) (onlyErrors all.state.messages.toList)
    pure (t.env, all.done, errors)

/-- Whether the problem can be judged; elaborated anew, since its commands are asked for. -/
def item (cache : IO.Ref Cache) (request : Json) : IO Reply := do
  let header ← field request "header"
  let statement ← field request "statement"
  match ← (cleanFor cache header [] true).toBaseIO with
  | .error e =>
    -- such as a module that is not here
    return [("statement_errors", Json.arr #[jsonMessage "error" ("the header cannot be used: " ++ toString e) { line := 1, column := 0 } none])]
  | .ok _ =>
    cache.modify (fun c => { c with trusted := without header statement c.trusted })
    let (env, done, errors) ← trustedFor cache header statement
    itemReply env done errors (← field request "target").toName
where
  without (header statement : String) : List Trusted → List Trusted
    | [] => []
    | t :: rest => if t.statement == statement && t.header == header then without header statement rest else t :: without header statement rest

def judge (cache : IO.Ref Cache) (request : Json) : IO Reply := do
  let header ← field request "header"
  let (env, _, errors) ← trustedFor cache header (← field request "statement")
  if anyList errors (fun _ => true) then throw (IO.userError "the statement has errors")
  let clean ← cleanFor cache header [] true
  let with_ : List Name → IO (Option Clean) := fun modules => do
    let own ← cleanFor cache header modules true
    pure (some own)
  judgeReply clean with_ env (← field request "target").toName request

def answer (cache : IO.Ref Cache) (request : Json) : IO Reply := do
  match ← field request "op" with
  | "elaborate" =>
    let header ← field request "header"
    let with_ : List Name → IO (Option Clean) := fun modules => do
      let own ← cleanFor cache header modules false
      pure (some own)
    elaborate (← cleanFor cache header [] false) with_ request
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
