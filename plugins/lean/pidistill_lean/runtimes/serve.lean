/-! The transport of the WebAssembly runtime: a request a line on standard input, replies framed by the request's nonce.

`main` is the program; `build.lean` compiles it.
-/

namespace Pidistill
open Lean Elab

structure Trusted where
  header : String
  statement : String
  env : Environment
  errors : List Message

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

def nonempty {α : Type} : List α → Bool
  | [] => false
  | _ => true

def say (nonce : String) (fields : List (String × Json)) : IO Unit := do
  let out ← IO.getStdout
  out.putStrLn ("@@" ++ nonce ++ " " ++ (Json.mkObj fields).compress)
  out.flush

def field (request : Json) (name : String) : IO String :=
  match request.getObjVal? name with
  | .ok (.str s) => pure s
  | _ => throw (IO.userError ("the request has no field " ++ name))

def cleanFor (cache : IO.Ref Cache) (nonce header : String) (extra : List Name) : IO Clean := do
  let key := header ++ "\u0000" ++ joinNames extra
  let c ← cache.get
  match findClean key c.cleans with
  | some clean => pure clean
  | none =>
    say nonce [("event", "loading")]
    let clean ← makeClean header extra
    cache.modify (fun c => { c with cleans := (key, clean) :: firstFew 3 c.cleans })
    say nonce [("event", "loaded")]
    pure clean

def onlyErrors : List Message → List Message
  | [] => []
  | m :: rest => if isError m then m :: onlyErrors rest else onlyErrors rest

def trustedFor (cache : IO.Ref Cache) (clean : Clean) (header statement : String) : IO Trusted := do
  let c ← cache.get
  match findTrusted header statement c.trusted with
  | some t => pure t
  | none =>
    let ictx := inputContext statement "statement"
    let (st, _) ← elabCommands ictx false {} clean.state
    let t : Trusted := { header := header, statement := statement, env := st.env, errors := onlyErrors st.messages.toList }
    cache.modify (fun c => { c with trusted := t :: firstFew 15 c.trusted })
    pure t

def sayStatementErrors (nonce : String) (errors : Json) (unknown : Bool) : IO Unit :=
  say nonce [("event", "done"), ("statement_errors", errors), ("target_unknown", Json.bool unknown)]

def judgeFrom (nonce : String) (target : Name) (trusted : Trusted) (clean own : Clean) (ictx : Parser.InputContext)
    (ps : Parser.ModuleParserState) (log : MessageLog) : IO Unit := do
  let (st, refused) ← elabCommands ictx true ps { own.state with messages := log }
  let messages ← jsonLog st.messages.toList
  let found ← facts clean.state.env trusted.env own.state.env st.env target
  let refusal := match refused with
    | some r => jsonMessage "error" r.text r.pos none
    | none => Json.null
  say nonce (join [("event", Json.str "done"), ("messages", messages), ("refused", refusal)] found)

def checkFrom (cache : IO.Ref Cache) (nonce header statement submission : String) (target : Name) (clean : Clean) : IO Unit := do
  let trusted ← trustedFor cache clean header statement
  let unknown := !(trusted.env.toKernelEnv.find? target).isSome
  let errors := join (onlyErrors clean.errors) trusted.errors
  if nonempty errors || unknown then
    sayStatementErrors nonce (← jsonLog errors) unknown
  else
    let ictx := inputContext submission "submission"
    let (head, ps, log) ← Parser.parseHeader ictx
    match ← importsOf clean.state.env head with
    | .unavailable modules => say nonce [("event", "done"), ("unavailable", ← jsonNames modules)]
    | .plain => judgeFrom nonce target trusted clean clean ictx ps log
    | .more modules =>
      let own ← cleanFor cache nonce header modules
      judgeFrom nonce target trusted clean own ictx ps log

def check (cache : IO.Ref Cache) (nonce : String) (request : Json) : IO Unit := do
  let header ← field request "header"
  let statement ← field request "statement"
  let submission ← field request "submission"
  let target := (← field request "target").toName
  match ← (cleanFor cache nonce header []).toBaseIO with
  | .ok clean => checkFrom cache nonce header statement submission target clean
  | .error e =>
    -- such as a module that is not here
    let text := "the header cannot be used: " ++ toString e
    sayStatementErrors nonce (Json.arr #[jsonMessage "error" text { line := 1, column := 0 } none]) false

partial def serve (cache : IO.Ref Cache) (input : IO.FS.Stream) : IO Unit := do
  let line ← input.getLine
  if line == "" then return ()
  match Json.parse line with
  | .error e => say "?" [("event", "trouble"), ("text", Json.str e)]
  | .ok request =>
    let nonce ← field request "nonce"
    let op ← field request "op"
    try
      if op == "check" then check cache nonce request
      else if op == "outline" then
        let source ← field request "source"
        let clean ← cleanFor cache nonce "" []
        let found ← outline clean.state.env source
        say nonce (("event", Json.str "done") :: found)
      else if op == "hello" then
        let _ ← cleanFor cache nonce "" []
        say nonce [("event", "done"), ("version", Json.str Lean.versionString)]
      else say nonce [("event", "trouble"), ("text", Json.str ("unknown operation " ++ op))]
    catch e => say nonce [("event", "trouble"), ("text", Json.str (toString e))]
  serve cache input

end Pidistill

def main : IO Unit := do
  let cache ← IO.mkRef ({ cleans := [], trusted := [] } : Pidistill.Cache)
  Pidistill.serve cache (← IO.getStdin)
